"""``ember forget``: asked, shown, erased everywhere, told once."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ember_embodied.bench import synthetic_life
from ember_embodied.bench.hippocampus.planted import holding
from hippocampus.transaction import settle
from hippocampus.transaction.change import Change
from hippocampus.transaction.journal import NIGHTS, Kind

ANNA = "Anna spoke to my left"
STRETCH = ("--from", "2026-01-01T00:00:03", "--to", "2026-01-01T00:00:05")


def of(root) -> list[object]:
    """The options that name a robot's folders."""
    kinds = {"log": "logs", "state": "state", "memory": "memory", "nights": "nights"}
    return [part for kind, name in kinds.items() for part in (f"--{kind}", root / name)]


@pytest.fixture
def robot(ember, tmp_path):
    """Twelve seconds of a life, two memories of it and a dataset."""
    life = synthetic_life.ticks(np.random.default_rng(3), 120)
    log = synthetic_life.record(tmp_path / "logs", life, ticks_a_segment=30)
    for at, text, who in ((4.0, ANNA, "Anna"), (9.0, "quiet", "Ben")):
        place, folder = f"{log}@{at}", tmp_path / "memory"
        code, _, _ = ember("memory", "add", text, "--at", place, "--who", who, "--memory", folder)
        assert code == 0
    return tmp_path


def test_a_stretch_is_erased_everywhere_and_listed_without_content(ember, robot):
    assert ember("export", robot / "logs", "--out", robot / "dataset")[0] == 0
    code, out, err = ember("forget", *STRETCH, *of(robot), "--dry-run")
    assert (code, err) == (0, "")
    assert "would be erased" in out
    assert holding(robot / "memory", [ANNA.encode()])

    code, out, _ = ember("forget", *STRETCH, *of(robot))
    assert code == 2, "nothing is erased without a yes"
    assert holding(robot / "memory", [ANNA.encode()])

    code, out, _ = ember("forget", *STRETCH, *of(robot), "--yes", "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["memories"]["memories"] == 1
    assert [one["folder"] for one in facts["stale"]] == [str(robot / "dataset")]
    assert holding(robot, [ANNA.encode()]) == []
    assert ember("memory", "undo", "--memory", robot / "memory")[0] == 2
    assert ember("log", "verify", robot / "logs")[0] == 0
    code, out, _ = ember("dataset", "check", robot / "dataset")
    assert code == 1
    assert "stale.json" in out
    (receipt,) = map(json.loads, (robot / "forgotten.jsonl").read_text().splitlines())
    assert receipt["asked"] == "time"
    assert "Anna" not in json.dumps(receipt)

    code, out, _ = ember("forget", *STRETCH, *of(robot), "--yes")
    assert (code, "nothing of it is kept" in out) == (0, True)


def test_a_person_goes_with_the_stay_around_the_memory(ember, robot):
    code, out, _ = ember("forget", "--person", "anna", *of(robot), "--yes", "--json")
    assert code == 0
    assert holding(robot, [ANNA.encode(), b"Anna"]) == []
    # A face was in sight all the time: the stay is the whole of this short life.
    (stay,) = json.loads(out)["stretches"]
    assert stay["end_ns"] - stay["start_ns"] > 12e9
    assert list((robot / "logs").iterdir()) == []
    assert "Anna" not in (robot / "forgotten.jsonl").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "say what to forget"),
        (("--person", "Anna", "--from", "2026-01-01"), "either --person"),
        (("--from", "noon", "--to", "2026-01-01"), "no time"),
        (("--from", "2026-01-02", "--to", "2026-01-01"), "ends before"),
        (("--person", "-"), "no name"),
    ],
)
def test_what_cannot_be_meant_is_refused(ember, robot, arguments, told):
    code, _, err = ember("forget", *arguments, *of(robot))
    assert code == 2
    assert told in err


def test_a_folder_that_is_no_robots_is_refused(ember, tmp_path):
    code, _, err = ember("forget", "--person", "Anna", *of(tmp_path))
    assert code == 2
    assert "nothing to forget" in err


def test_the_next_start_finishes_what_was_cut_off(ember, robot, monkeypatch):
    (robot / "nights").mkdir()
    change = Change({"logs": robot / "logs", NIGHTS: robot / "nights"})
    change.put("logs", "synthetic/note", b"new")
    with monkeypatch.context() as patch:
        patch.setattr(settle, "_go_on", _power_cut)
        with pytest.raises(KeyboardInterrupt):
            change.commit("the forgetting of a time", Kind.FOR_GOOD)
    code, _, err = ember(
        "run", "--seconds", "0.1", "--speed", "max", "--no-view", "--log", robot / "logs"
    )
    assert code == 0
    assert "the forgetting of a time was cut off, and is finished now" in err
    assert (robot / "logs" / "synthetic" / "note").read_bytes() == b"new"


def _power_cut(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_an_earlier_version_left_is_refused(ember, robot):
    (robot / ".forgetting").mkdir()
    code, _, err = ember("forget", "--person", "Anna", *of(robot))
    assert (code, "earlier version" in err) == (2, True)
