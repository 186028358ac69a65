"""``ember bench``: seeds and data reach the benchmark, a claim that fails is said to fail."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ember_embodied.bench import claims
from ember_embodied.bench.claims import Claim, claim
from ember_embodied.cli import bench
from ember_embodied.cli.main import main
from ember_embodied.errors import UserError


def test_every_benchmark_is_in_the_table() -> None:
    folder = Path(claims.__file__).parent
    files = {path.stem: path for path in folder.glob("*.py")}
    files |= {path.parent.name: path for path in folder.glob("*/__init__.py")}
    runs = {name for name, path in files.items() if "\ndef run(" in path.read_text()}
    assert set(bench.BENCHES) == runs


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Two benchmarks stand in for the table's; what they were asked for."""
    seen: list[object] = []

    def numbers(seeds: range) -> list[Claim]:
        seen.append(seeds)
        return [claim("good", 1.0, "ms", "<= 2"), claim("bad", 3.0, "ms", "<= 2")]

    def needs(data: Path | None = None) -> list[Claim]:
        seen.append(data)
        raise UserError("no recordings; name the folder with --data DIR")

    monkeypatch.setattr(bench, "BENCHES", {"numbers": "two", "needs": "data"})
    for name, run in (("numbers", numbers), ("needs", needs)):
        monkeypatch.setitem(sys.modules, f"ember_embodied.bench.{name}", SimpleNamespace(run=run))
    return seen


def ember(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ember", "bench", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_json_has_every_claim_and_what_was_skipped(
    asked: list[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ember(monkeypatch, "--json", "--seeds", "3:6") == 0
    facts = json.loads(capsys.readouterr().out)
    assert set(facts["claims"][0]) == {"name", "value", "unit", "bound", "holds", "n", "interval"}
    assert [line["holds"] for line in facts["claims"]] == [True, False]
    assert "--data" in facts["skipped"]["needs"]
    assert asked == [range(3, 6), None]


def test_a_named_benchmark_that_cannot_run_is_a_mistake(
    asked: list[object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert ember(monkeypatch, "needs", "--data", str(tmp_path)) == 2
    assert asked == [tmp_path]


def test_only_strict_turns_a_broken_claim_into_a_failure(
    asked: list[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ember(monkeypatch, "numbers") == 0
    assert ember(monkeypatch, "numbers", "--strict") == 1
    verdicts = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert ["FAILS", "bad"] in verdicts
    assert ["holds", "good"] in verdicts


@pytest.mark.parametrize("text", ["3", "3:3", "5:2", "-1:2", "a:b", "1:2:3"])
def test_seeds_that_are_no_range_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="not A:B"):
        bench.seed_range(text)
