from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ember_embodied.arming import ArmingSettings
from ember_embodied.bodies import BodyRequest, embody
from ember_embodied.change_detector import (
    LONGEST_GAP_S,
    ONCE_S,
    ONSETS,
    WATCHED,
    Onset,
    Watched,
    thin,
)
from ember_embodied.config import Config
from ember_embodied.event_driven import EventDriven
from ember_embodied.life import Life
from ember_embodied.loop import Mind
from ember_embodied.replay import replay
from ember_embodied.runtime import State, Step
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT, SENSES, STREAMS
from firmware_bridge.clock import SystemClock
from hippocampus.reader import Log
from hippocampus.tick_record import SnapshotRecord, TickRecord

PERIOD_S = 0.1
PERIOD_NS = 100_000_000
HOLD_TICKS = round(ONCE_S / PERIOD_S)
GAP_TICKS = round(LONGEST_GAP_S / PERIOD_S)


class Spy:
    """A policy that notes what it is given and asks for what it is told to."""

    def __init__(self) -> None:
        self.dt_s: list[float] = []
        self.command = np.zeros(5, dtype=np.float32)

    def initial_state(self) -> State:
        return (np.zeros((1, 1), dtype=np.float32),)

    def step(self, senses: Any, mask: Any, dt_s: float, state: State) -> Step:
        self.dt_s.append(dt_s)
        nothing = np.zeros(0, dtype=np.float32)
        return Step(self.command.copy(), nothing, 0.5, nothing, (state[0] + 1,))


class Quiet:
    """A robot to which nothing happens, tick by tick."""

    def __init__(self) -> None:
        self.spy = Spy()
        self.policy = EventDriven(self.spy)
        self.state = self.policy.initial_state()
        self.senses = np.full(SENSE_COUNT, 0.25, dtype=np.float32)
        self.mask = np.ones(MASK_COUNT, dtype=np.float32)

    def tick(self, dt_s: float = PERIOD_S) -> Step:
        step = self.policy.step(self.senses, self.mask, dt_s, self.state)
        self.state = step.state
        return step

    def settle(self) -> None:
        """Until the next step is a whole gap away."""
        while True:
            before = len(self.spy.dt_s)
            if self.tick().stepped and self.spy.dt_s[before] > PERIOD_S * 1.5:
                return


@pytest.fixture
def quiet() -> Quiet:
    robot = Quiet()
    robot.settle()
    return robot


def test_nothing_happens_and_the_network_steps_at_the_longest_gap(quiet: Quiet) -> None:
    steps = [quiet.tick().stepped for _ in range(4 * GAP_TICKS)]
    assert steps == ([False] * (GAP_TICKS - 1) + [True]) * 4
    assert quiet.spy.dt_s[-4:] == pytest.approx([LONGEST_GAP_S] * 4)


def test_the_first_tick_steps_with_its_own_time() -> None:
    robot = Quiet()
    assert robot.tick().stepped
    assert robot.spy.dt_s == pytest.approx([PERIOD_S])


@pytest.mark.parametrize("row", WATCHED, ids=lambda row: row.name)
@pytest.mark.parametrize("share", [-1.1, -0.9, 0.9, 1.1])
def test_each_watched_input_makes_an_event_beyond_its_delta(
    quiet: Quiet, row: Watched, share: float
) -> None:
    if row.while_:
        quiet.senses[INDEX[row.while_]] = 1.0
        quiet.settle()
    quiet.senses[INDEX[row.name]] += share * row.delta / SENSES[INDEX[row.name]].scale
    quiet.tick()
    assert quiet.tick().stepped is (abs(share) > 1.0), "the noise of a sensor is no event"


@pytest.mark.parametrize("row", [row for row in WATCHED if row.less], ids=lambda row: row.name)
def test_what_own_movement_explains_is_no_event(quiet: Quiet, row: Watched) -> None:
    speed = 5.0 * row.delta / row.times
    quiet.senses[INDEX[row.less]] += speed / SENSES[INDEX[row.less]].scale
    quiet.senses[INDEX[row.name]] += speed * row.times / SENSES[INDEX[row.name]].scale
    assert not quiet.tick().stepped


@pytest.mark.parametrize("onset", ONSETS, ids=lambda onset: onset.name)
def test_a_voice_or_a_face_is_an_event_after_a_pause_only(quiet: Quiet, onset: Onset) -> None:
    quiet.senses[INDEX[onset.name]] = 1.0
    assert quiet.tick().stepped
    quiet.settle()
    for missed in (1, 2):
        for there in (*[0.0] * missed, 1.0):
            quiet.senses[INDEX[onset.name]] = there
            assert not quiet.tick().stepped
    for there in (0.0, 0.0, 0.0, 1.0):
        quiet.senses[INDEX[onset.name]] = there
        steps = quiet.tick().stepped
    assert steps


def test_the_scatter_of_a_voice_is_no_event_but_another_place_is(quiet: Quiet) -> None:
    speech, sine = INDEX["doa.speech"], INDEX["doa.front_sin"]
    quiet.senses[speech] = 1.0
    quiet.senses[sine] = 0.0
    for _ in range(20):
        quiet.tick()
    rng = np.random.default_rng(0)
    steps = 0
    for _ in range(200):
        quiet.senses[sine] = rng.normal(0.0, np.sin(np.radians(10.0)))
        steps += quiet.tick().stepped
    assert steps < 60  # a wild reading or two, each followed for a second
    quiet.senses[sine] = 0.8
    assert quiet.tick().stepped


@pytest.mark.parametrize("stream", range(MASK_COUNT), ids=STREAMS.__getitem__)
def test_a_stream_that_goes_or_comes_is_an_event(quiet: Quiet, stream: int) -> None:
    for there in (0.0, 1.0):
        quiet.mask[stream] = there
        assert quiet.tick().stepped
        quiet.settle()


@pytest.mark.parametrize("row", [row for row in WATCHED if row.while_], ids=lambda row: row.name)
def test_what_counts_only_at_times_does_not_count_at_others(quiet: Quiet, row: Watched) -> None:
    quiet.senses[INDEX[row.while_]] = 0.0
    quiet.settle()
    quiet.senses[INDEX[row.name]] += 3.0
    assert not quiet.tick().stepped


def test_an_event_is_followed_by_steps_in_which_it_can_be_told(quiet: Quiet) -> None:
    quiet.tick()
    quiet.mask[0] = 0.0
    steps = [quiet.tick().stepped for _ in range(HOLD_TICKS + GAP_TICKS + 1)]
    assert steps == [True] * (1 + HOLD_TICKS) + [False] * (GAP_TICKS - 1) + [True]


def test_a_slow_drift_is_an_event_in_the_end(quiet: Quiet) -> None:
    """Against the last step, not against the last tick: else a slow change is never seen."""
    row = next(row for row in WATCHED if row.name == "command.head_yaw")
    for n in range(4):
        quiet.senses[INDEX[row.name]] += 0.3 * row.delta / SENSES[INDEX[row.name]].scale
        assert quiet.tick().stepped is (n == 3)


def test_the_network_is_told_the_true_time(quiet: Quiet) -> None:
    spans = [0.1, 0.13, 0.07, 0.1, 0.2, 0.1, 0.05, 0.3, 0.1, 0.1, 0.1, 0.2]
    told = len(quiet.spy.dt_s)
    lived = 0.0
    for n, span in enumerate(spans):
        lived += span
        quiet.mask[0] = float(n not in (6, 7))
        if quiet.tick(span).stepped:
            assert sum(quiet.spy.dt_s[told:]) == pytest.approx(lived)
    assert told < len(quiet.spy.dt_s) < told + len(spans)


def test_the_command_of_an_event_is_asked_for_at_once(quiet: Quiet) -> None:
    quiet.spy.command = np.arange(5, dtype=np.float32)
    quiet.mask[0] = 0.0
    assert quiet.tick().command.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    quiet.spy.command[:] = 9.0
    for _ in range(HOLD_TICKS):
        assert quiet.tick().command.tolist() == [9.0] * 5


def test_between_due_steps_the_command_goes_straight_to_the_last_one(quiet: Quiet) -> None:
    for n in range(3):
        quiet.spy.command = np.full(5, 0.05 * (-1) ** n, dtype=np.float32)
        while not (step := quiet.tick()).stepped:
            pass
        way = [step.command[0], *(quiet.tick().command[0] for _ in range(GAP_TICKS - 1))]
        assert way[-1] == pytest.approx(quiet.spy.command[0])
        assert np.ptp(np.diff(way)) < 1e-6, "no jump and no stop on the way"


def test_an_event_does_not_hurry_what_it_does_not_change(quiet: Quiet) -> None:
    quiet.spy.command[2:4] = 0.1
    while not quiet.tick().stepped:
        pass
    before = quiet.tick().command
    quiet.mask[0] = 0.0
    quiet.spy.command[:] = (1.0, 0.0, 0.11, 1.0, 0.0)
    step = quiet.tick()
    assert step.stepped
    assert step.command[[0, 3]].tolist() == [1.0, 1.0], "new: at once"
    assert 0.0 < step.command[2] - before[2] < 0.02, "breathing: on its way"


def test_a_skipped_tick_foretells_nothing_and_keeps_the_network(quiet: Quiet) -> None:
    before = quiet.state
    step = quiet.tick()
    assert not step.stepped
    assert (step.prediction.size, step.gates.size, step.confidence) == (0, 0, 0.5)
    assert step.state[-1] is before[-1]


def test_a_command_that_is_no_number_is_not_held(quiet: Quiet) -> None:
    quiet.spy.command[:] = np.nan
    while not quiet.tick().stepped:
        pass
    quiet.spy.command[:] = 0.3
    step = quiet.tick()
    assert step.stepped
    assert step.command == pytest.approx(0.3)


class Witness:
    """Notes every tick that a policy is given, and whether it stepped."""

    def __init__(self, policy: Any) -> None:
        self.policy = policy
        self.ticks: list[tuple[Any, Any, float]] = []
        self.stepped: list[bool] = []
        self.initial_state = policy.initial_state

    def step(self, senses: Any, mask: Any, dt_s: float, state: State) -> Step:
        step: Step = self.policy.step(senses, mask, dt_s, state)
        self.ticks.append((senses, mask, dt_s))
        self.stepped.append(step.stepped)
        return step


def test_a_recorded_life_is_thinned_as_it_was_lived(mind: Mind) -> None:
    witness = Witness(EventDriven(mind.runtime))
    embodiment = embody("sim", Config(), BodyRequest("default", 3))
    embodiment.body.open()
    life = Life(
        embodiment.body, Mind(witness, PERIOD_NS), ArmingSettings(), stopwatch=SystemClock()
    )
    life.run(250)
    embodiment.body.close()
    senses, mask, dt = zip(*witness.ticks, strict=True)
    times = np.array(dt, dtype=np.float32)[:, np.newaxis]
    keep, since_s = thin(np.stack(senses), np.stack(mask), times)
    assert keep.tolist() == witness.stepped
    assert 0 < keep.sum() < len(keep)
    assert since_s[keep].sum() == pytest.approx(times.sum() - since_s[-1, 0] * (not keep[-1]))


RecordedLife = Callable[..., Log]


@pytest.mark.parametrize("event_driven", [False, True])
def test_a_log_says_where_the_network_stepped_and_replays_bit_for_bit(
    recorded_life: RecordedLife, mind: Mind, event_driven: bool
) -> None:
    thinking = Mind(EventDriven(mind.runtime), mind.period_ns) if event_driven else mind
    log = recorded_life(ticks=120, scenario="quiet", mind_of_life=thinking)
    assert log.header.event_driven is event_driven
    stepped = [tick.stepped for tick in log.ticks()]
    assert all(stepped) is not event_driven
    for whole in (log, *map(Log, log.segments)):
        report = replay(whole.records(TickRecord, SnapshotRecord), thinking)  # type: ignore[type-var, arg-type]
        assert report.holds, report
    for tick in log.ticks():
        assert bool(tick.prediction) is tick.stepped
        assert bool(tick.gates) is tick.stepped


def test_a_wrong_word_on_whether_it_stepped_is_a_difference(
    recorded_life: RecordedLife, mind: Mind
) -> None:
    thinking = Mind(EventDriven(mind.runtime), mind.period_ns)
    log = recorded_life(ticks=60, scenario="quiet", mind_of_life=thinking)
    records = list(log.records(TickRecord, SnapshotRecord))  # type: ignore[type-var]
    wrong = [replace(r, stepped=True) if isinstance(r, TickRecord) else r for r in records]
    found = replay(wrong, thinking).difference  # type: ignore[arg-type]
    assert found is not None
    assert (found.stage, found.field, found.replayed) == ("network", "stepped", "False")
