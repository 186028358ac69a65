"""``ember sleep`` as it is typed: once, again, undone, and what is said of a mistake."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ember_embodied.bench import synthetic_life
from ember_embodied.keeper import Lock
from hippocampus.reader import Log


@pytest.fixture
def places(tmp_path):
    """Options for the four folders; three files of a log."""
    life = synthetic_life.ticks(np.random.default_rng(4), 90)
    synthetic_life.record(tmp_path / "logs", life, ticks_a_segment=30)
    options = ((f"--{name}", tmp_path / name) for name in ("state", "memory", "nights"))
    return ("--log", tmp_path / "logs", *(part for option in options for part in option))


def test_once_again_and_undone(ember, places, tmp_path):
    digest = Log(tmp_path / "logs").ticks_digest
    code, out, _ = ember("sleep", *places, "--json")
    (day,) = json.loads(out)["days"]
    assert (code, day["date"], day["ticks"], day["files"]) == (0, "2026-01-01", 90, 3)
    assert (tmp_path / "nights" / "2026-01-01" / "diary.md").is_file()
    code, out, _ = ember("sleep", *places)
    assert (code, out) == (0, "nothing new to sleep on: every closed file is known\n")
    # A diary that is written anew belongs to its night, and does not stand in its way.
    assert ember("diary", "--rewrite", "--nights", tmp_path / "nights")[0] == 0
    code, out, _ = ember("sleep", "undo", "--nights", tmp_path / "nights")
    assert (code, out.startswith("undone: the night of 2026-01-01")) == (0, True)
    assert not (tmp_path / "nights" / "2026-01-01").exists()
    assert not (tmp_path / "memory").exists()
    assert Log(tmp_path / "logs").ticks_digest == digest
    assert ember("sleep", "undo", "--nights", tmp_path / "nights")[0] == 2


def test_a_dataset_in_the_same_pass_is_that_of_export(ember, places, tmp_path):
    code, _, err = ember("sleep", *places, "--export", tmp_path / "one")
    assert (code, err.strip()) == (0, "")
    assert ember("export", tmp_path / "logs", "--out", tmp_path / "two")[0] == 0
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.parquet")}
        for name in ("one", "two")
    )
    assert one == two


def test_days_that_are_meant(ember, places):
    assert "nothing new to sleep on of today" in ember("sleep", *places, "--date", "today")[1]
    assert "nothing new" in ember("sleep", *places, "--date", "2025-12-31")[1]
    assert "90 ticks" in ember("sleep", *places, "--date", "past", "--dry-run")[1]
    code, _, err = ember("sleep", *places, "--date", "tomorrow")
    assert (code, "no day such as" in err) == (2, True)


def test_folders_that_are_one(ember, places, tmp_path):
    code, _, err = ember("sleep", *places, "--memory", tmp_path / "nights")
    assert (code, "must be four folders" in err) == (2, True)
    code, _, err = ember("sleep", *places, "--log", tmp_path / "none")
    assert (code, "name it with --log" in err) == (2, True)


def test_tables_of_a_running_robot_are_left_alone(ember, places, tmp_path):
    lock = Lock(tmp_path / "state")
    code, out, _ = ember("sleep", *places)
    lock.close()
    assert code == 0
    assert "tables      left as they are: a running robot uses" in out
