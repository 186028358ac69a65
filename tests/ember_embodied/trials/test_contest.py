"""Real lives: the same with any number of jobs, kept and read again, judged without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ember_embodied.training.rollouts import RolloutSettings, live
from ember_embodied.trials import contest
from ember_embodied.trials.contest import judge, suite_digest
from ember_embodied.trials.policies import policy
from ember_embodied.trials.trace import Trace
from firmware_bridge.simulation.scenario import Hand, Intent, Person, Scenario, Speech

SHORT = RolloutSettings(seconds=6.0, suite="standard")
SCENE = Scenario(
    people=(Person(name="ada", bearing_deg=50.0), Person(name="bob", bearing_deg=-40.0)),
    speech=(Speech(who="ada", at_s=6.0, seconds=1.0), Speech(who="ada", at_s=7.3, seconds=1.0)),
    hands=(
        Hand(at_s=6.5, seconds=0.15, kind="tap", place="left_antenna", force_n=0.5),
        Hand(at_s=8.0, seconds=1.0, kind="turn", angle_deg=30.0),
    ),
    intents=(Intent(at_s=9.0, seconds=0.5, gaze_yaw_deg=20.0, gaze_weight=1.0),),
)


def silent(_what: str, _done: int, _whole: int) -> None:
    """Nobody is told."""


@pytest.fixture(scope="module")
def trace() -> Trace:
    settings = RolloutSettings(seconds=10.0, noise_share=0.0)
    return live(1, settings, policy("live@event-driven"), SCENE)[1]


def test_a_witness_writes_down_what_was_true(trace: Trace) -> None:
    assert len(trace.t_s) == 100
    assert trace.names == ("ada", "bob")
    assert trace.people_rad[70, 0, 0] == pytest.approx(0.873, abs=0.01)
    (voice,) = trace.speech  # two words are one voice
    assert (voice.who, voice.t_s) == ("ada", pytest.approx(6.0, abs=0.15))
    assert voice.until_s == pytest.approx(8.3, abs=0.15)
    assert [(hand.who, hand.kind) for hand in trace.hands] == [
        ("antenna_left", "tap"),
        ("foot", "turn"),
    ]
    assert trace.intents[0].yaw_rad == pytest.approx(0.349, abs=1e-3)
    assert trace.base_yaw_rad[-1] == pytest.approx(0.52, abs=0.05)
    assert trace.energy_j[-1] > trace.energy_j[50] > 0.0
    assert 0 < trace.stepped.sum() < 100


def test_two_jobs_judge_like_one_and_what_was_lived_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int, int]] = []
    one = judge("stock", (1, 2), SHORT, 1, silent, tmp_path)
    assert judge("stock", (1, 2), SHORT, 2, silent) == one
    monkeypatch.setattr(contest, "live", None)  # whoever lives again fails
    assert judge("stock", (2,), SHORT, 1, lambda *all_: told.append(all_), tmp_path) == one[1:]
    assert told == [("stock", 1, 1)]
    with pytest.raises(TypeError):
        judge("idle", (2,), SHORT, 1, silent, tmp_path)


def test_a_suite_is_known_by_what_it_says(tmp_path: Path) -> None:
    named = tmp_path / "mine.toml"
    named.write_text('atlas = "standard"\nseconds = 8\n# a word\n')
    again = tmp_path / "again.toml"
    again.write_text('seconds = 8.0\natlas = "standard"\n')
    assert suite_digest(str(named)) == suite_digest(str(again)) != suite_digest("standard")


def test_judging_needs_no_torch() -> None:
    code = "import sys, ember_embodied.bench.embodied; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
