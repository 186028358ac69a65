"""``ember diary``: shown, written anew, proven."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from ember_embodied.bench.hippocampus.diary_day import DATE, known_day
from hippocampus.night.episode import DAY_FILE, day_bytes


@dataclass
class Shown:
    code: int
    out: str
    err: str


@pytest.fixture
def diary(ember, nights):
    def run(*words: str) -> Shown:
        return Shown(*ember("diary", "--nights", nights, *words))

    return run


@pytest.fixture
def nights(tmp_path) -> Path:
    folder = tmp_path / "nights" / DATE
    folder.mkdir(parents=True)
    (folder / DAY_FILE).write_bytes(day_bytes(known_day()))
    return tmp_path / "nights"


def test_a_diary_is_written_once_and_then_shown(diary, nights) -> None:
    first = diary()
    assert first.code == 0, first.err
    written = (nights / DATE / "diary.json").read_bytes()
    assert (nights / DATE / "diary.md").read_text().startswith(f"# {DATE}")
    again = diary("--date", DATE)
    assert again.out == first.out
    assert (nights / DATE / "diary.json").read_bytes() == written
    assert sorted(p.name for p in (nights / DATE).iterdir()) == [
        DAY_FILE,
        "diary.json",
        "diary.md",
    ]


def test_each_sentence_is_followed_by_its_proof(diary) -> None:
    shown = diary("--prove")
    lines = shown.out.splitlines()
    sentences = [line for line in lines if not line.startswith(" ")]
    told = json.loads(diary("--json").out)
    assert sentences == [one["text"] for one in told["sentences"]]
    assert all(
        after.startswith("    ") for line, after in pairwise(lines) if not line.startswith(" ")
    )
    assert "20261122T080000/000000.mcap  ticks" in shown.out


def test_a_backend_that_is_not_there_is_told(diary) -> None:
    shown = diary("--backend", "llama_cpp", "--model", "/no/model.gguf")
    assert shown.code == 0
    assert "the template wrote it: llama.cpp model.gguf: down" in shown.err


def test_what_is_wrong_is_named(diary, nights, ember, tmp_path) -> None:
    assert "did you mean 'ollama'" in diary("--backend", "olama").err
    assert "ember sleep" in ember("diary", "--nights", tmp_path / "none")[2]
    assert "2026-11-22" in diary("--date", "2026-11-21").err
    (nights / DATE / "diary.json").write_text("{")
    broken = diary()
    assert broken.code == 2
    assert "--rewrite" in broken.err
    assert diary("--rewrite").code == 0
