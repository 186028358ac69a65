"""``ember doctor`` on real bodies: the simulated one, and a servo port that is not there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ember_embodied.cli.main import main


def doctor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["ember", "doctor", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().out


def test_a_healthy_simulated_robot(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = doctor(monkeypatch, capsys, "--body", "sim", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["fit"] is True
    names = {check["name"] for check in facts["checks"]}
    assert {"configuration", "bundle", "log folder", "wire", "servos answer"} <= names


def test_a_port_that_is_not_there_is_unfit_and_says_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "ember.toml"
    config.write_text('[servos]\nport = "/dev/nonesuch"\n')
    code, out = doctor(monkeypatch, capsys, "--body", "servos", "--config", str(config))
    assert code == 1
    assert "/dev/nonesuch" in out
    assert "-> " in out


def test_a_configuration_that_cannot_be_used_is_a_check_that_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "ember.toml"
    config.write_text("[servo]\n")
    code, out = doctor(monkeypatch, capsys, "--config", str(config), "--json")
    first = json.loads(out)["checks"][0]
    assert (code, first["passed"]) == (1, False)
    assert "did you mean 'servos'" in first["found"]
