"""``ember bench embodied``: a comparison as JSON and as a table, refusals in one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ember_embodied import bundle as bundles
from ember_embodied.cli.main import main

TINY = """
seconds = 9
atlas = "standard"
[people]
count_weights = [0, 1]
[talk]
share = [0.9, 0.9]
"""


def ember(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ember", "bench", "embodied", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_same_lives_as_json_and_as_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    suite = tmp_path / "tiny.toml"
    suite.write_text(TINY)
    asked = ("--suite", str(suite), "--seeds", "1:3", "--policy", "stock", "--policy", "pid")
    asked += ("--work", str(tmp_path / "work"))
    assert ember(monkeypatch, *asked, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert [result["policy"] for result in facts["results"]] == ["stock", "pid", "idle", "teacher"]
    values = {r["policy"]: r["composite"]["value"] for r in facts["results"]}
    assert (values["idle"], values["teacher"]) == (0.0, 1.0)
    assert [(d["policy"], d["other"]) for d in facts["differences"]] == [("stock", "pid")]
    names = {figure["name"] for figure in facts["results"][0]["figures"]}
    assert {"orienting_error_median", "false_turns", "effort", "jerk", "skipped_share"} <= names
    assert ember(monkeypatch, *asked) == 0
    shown = capsys.readouterr().out
    assert f"{values['stock']:.3f}" in shown
    assert "composite of stock less that of pid" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--policy", "nobody"), "no policy 'nobody'"),
        (("--policy", "pit"), "did you mean 'pid'"),
        (("--seeds", "3:3"), "not A:B"),
        (("--suite", "standart"), "standart"),
        (("--suite", "training", "--seeds", "{learned}", "--policy", "live"), "learned from"),
        (("--jobs", "0"), "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    arguments: tuple[str, ...],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    learned = bundles.load().manifest.seeds["training"]
    words = [word.format(learned=learned) for word in arguments]
    assert ember(monkeypatch, *words, "--work", str(tmp_path / "work")) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ember: ")
    assert captured.err.count("\n") == 1
    assert told in captured.err
    assert not (tmp_path / "work").exists()
