"""The skin: where, what, when it is over; that noise is no touch; and two hands as they are."""

import numpy as np
import pytest

from cerebellum.contact import (
    INPUTS,
    KINDS,
    OUTPUTS,
    PARTS,
    PLACES,
    SUMS_S,
    ContactPrior,
    Memory,
)
from cerebellum.felt import FeltEvent, Kind, Phase, Place
from cerebellum.forward_model import ForwardModel
from cerebellum.forward_state import initial_state
from cerebellum.reafference import FLOOR
from cerebellum.surprise import PULSE_RAD, Surprise
from cerebellum.touch import Touch
from ember_embodied.bench.cerebellum.touched_lives import live
from firmware_bridge.simulation.scenario import Hand, Robot, Scenario

PERIOD_S = 0.1
RISES = 40
"""Ticks after which a robot that has got its torque feels."""
WAKES = 900
"""Ticks after which it asks for no more than the limits."""
SHOWS = 3.0
SHOWS_BLIND = 7.0
"""Log odds at which the readout made by hand begins an episode, with an IMU and without."""


def by_hand() -> ContactPrior:
    """A readout that anybody can follow: the size of a part's last score is the evidence for it."""
    kept = len(PLACES)
    first, bias = np.zeros((3 * kept, INPUTS), np.float32), np.zeros(3 * kept, np.float32)
    for unit, part in enumerate((1, 2, 3, 0, 4)):
        first[2 * kept + unit, part] = 0.1
    bias[kept : 2 * kept] = -40.0  # nothing is kept from tick to tick
    last = np.zeros((OUTPUTS, kept), dtype=np.float32)
    last[1 : 1 + kept] = 20.0 * np.eye(kept)
    last_bias = np.zeros(OUTPUTS, dtype=np.float32)
    last_bias[0] = 8.0
    last_bias[1 + kept + KINDS.index(Kind.PUSH)] = 5.0
    last_bias[1 + kept + KINDS.index(Kind.TILT)] = 5.0
    again, again_bias = np.zeros((3 * kept, kept), np.float32), np.zeros(kept, np.float32)
    return ContactPrior(
        PERIOD_S, first, bias, again, again_bias, last, last_bias, SHOWS, SHOWS_BLIND
    )


def surprise(tick: int, score: np.ndarray, *, imu: bool = True) -> Surprise:
    deviation = np.concatenate([np.full(9, 0.5 * PULSE_RAD), np.full(9, 2e-3), FLOOR])
    known = np.ones(24, dtype=np.bool_)
    known[18:] = imu
    scored = np.where(known, score, 0.0)
    return Surprise(
        t_mono_ns=(tick + 1) * 100_000_000,
        dt_s=PERIOD_S,
        predicted=np.zeros(24),
        measured=scored * deviation,
        deviation=deviation,
        score=scored,
        known=known,
        residual=scored * deviation,
        step_rad=np.zeros(9),
    )


def felt(channel: int, ticks: list[float], *, imu: bool = True) -> list[FeltEvent]:
    """Feed a channel amid noise; then quiet."""
    generator = np.random.default_rng(1)
    touch, events = Touch(PERIOD_S, by_hand()), []
    for tick, size in enumerate([0.0] * WAKES + ticks + [0.0] * 20):
        score = 0.5 * generator.standard_normal(24)
        score[channel] += size
        events += touch.step(surprise(tick, score, imu=imu))
    assert touch.untouched().all()
    return events


@pytest.mark.parametrize(
    ("channel", "place"),
    [
        (8, Place.LEFT_ANTENNA),
        (7, Place.RIGHT_ANTENNA),
        (3, Place.HEAD),
        (0, Place.BODY),
        (18, Place.ROBOT),
    ],
)
def test_begins_where_the_evidence_is_and_is_over_when_it_is_quiet(channel: int, place: Place):
    events = felt(channel, [300.0, -300.0, 300.0])
    assert events[0].phase is Phase.BEGAN
    assert events[0].t_mono_ns == (WAKES + 1) * 100_000_000
    assert {event.place for event in events} == {place}
    assert {event.number for event in events} == {1}
    over = [event for event in events if event.phase is Phase.OVER]
    robot = place is Place.ROBOT
    assert [event.kind for event in over] == ([Kind.TILT, Kind.SET_DOWN] if robot else [Kind.PUSH])
    assert 0.5e9 < over[0].t_mono_ns - WAKES * 100_000_000 < 1.0e9


def test_without_an_imu_it_is_less_sure():
    seeing = felt(8, [300.0, -300.0])[0]
    blind = felt(8, [300.0, -300.0], imu=False)[0]
    assert blind.confidence < seeing.confidence


def test_what_lasts_too_long_becomes_a_new_state_of_the_world():
    events = felt(3, [300.0] * 130)
    assert events[1].phase is not Phase.BEGAN
    first_over = next(event for event in events if event.phase is Phase.OVER)
    assert first_over.t_mono_ns - WAKES * 100_000_000 < 11.5e9


def test_a_harder_push_is_felt_as_stronger():
    weak, strong = (felt(3, [size, -size])[-1] for size in (200.0, 1000.0))
    assert strong.force_n > 3.0 * weak.force_n


def test_learning_waits_until_a_touch_has_rung_out():
    touch = Touch(PERIOD_S, by_hand())
    score = np.zeros(24)
    score[3] = 300.0
    for tick in range(WAKES):
        touch.step(surprise(tick, np.zeros(24)))
    assert touch.untouched().all()
    touch.step(surprise(WAKES, score))
    assert not touch.untouched().any()
    free = []
    for tick in range(WAKES + 1, WAKES + 15):
        touch.step(surprise(tick, np.zeros(24)))
        free.append(bool(touch.untouched().all()))
    assert not any(free[:8])
    assert free[-1]


def test_while_it_gets_up_it_feels_nothing():
    touch = Touch(PERIOD_S, by_hand())
    score = np.zeros(24)
    score[3] = 300.0
    said = [touch.step(surprise(tick, score)) for tick in range(RISES)]
    assert not any(said[:30])
    assert said[30][0].phase is Phase.BEGAN


def test_what_lasts_is_believed_sooner_than_a_spike():
    faint = 19.5  # a log odds of 2.7 with the readout made by hand
    assert not felt(8, [faint])
    assert felt(8, [faint, -faint] * 5)[0].place is Place.LEFT_ANTENNA
    assert not felt(8, [faint, -faint] * 5, imu=False)


def test_who_does_not_know_its_servos_asks_for_more():
    score = np.zeros(24)
    score[8] = 60.0
    for quiet, feels in ((RISES, False), (WAKES, True)):
        touch = Touch(PERIOD_S, by_hand())
        for tick in range(quiet):
            assert not touch.step(surprise(tick, np.zeros(24)))
        assert bool(touch.step(surprise(quiet, score))) is feels


def test_an_hour_of_noise_is_no_touch():
    generator = np.random.default_rng(2)
    touch = Touch(PERIOD_S)
    events: list[FeltEvent] = []
    for tick in range(9_000):
        events += touch.step(surprise(tick, generator.standard_normal(24)))
    assert not events


def test_a_tick_that_nothing_is_known_of_says_nothing():
    touch = Touch(PERIOD_S)
    quiet = surprise(0, np.zeros(24))
    unknown = Surprise(
        quiet.t_mono_ns, 5.0, quiet.predicted, quiet.measured, quiet.deviation,
        np.full(24, 99.0), np.zeros(24, dtype=np.bool_), quiet.residual, quiet.step_rad,
    )  # fmt: skip
    assert touch.step(unknown) == ()
    assert not touch.untouched().any()


def test_sums_of_one_sign_outgrow_those_of_noise():
    pushed, shaken = Memory(0.02), Memory(0.02)
    for tick in range(50):
        score = np.zeros(24)
        score[3] = 2.0
        pushed.step(surprise(tick, score))
        score[3] = 2.0 if tick % 2 else -2.0
        shaken.step(surprise(tick, score))
    slow = len(SUMS_S) * len(PARTS) + 1
    assert pushed.inputs[slow] > shaken.inputs[slow] + 3.0
    assert pushed.inputs[1] == shaken.inputs[1]


def test_without_an_imu_nothing_of_it_is_told():
    blind, other = Memory(0.1), Memory(0.1)
    loud = np.full(24, 7.0)
    calm = np.where(np.arange(24) < 18, loud, 0.0)
    for tick in range(5):
        told = blind.step(surprise(tick, loud, imu=False))
        assert np.array_equal(told, other.step(surprise(tick, calm, imu=False)))
    assert told[-1] == 0.0


def test_without_an_imu_a_touch_must_be_clearer():
    assert felt(8, [60.0, -60.0])
    assert not felt(8, [60.0, -60.0], imu=False)


@pytest.mark.parametrize(
    ("rate_hz", "force_n"),
    [
        (10.0, 0.8),
        (50.0, 2.0),
        (50.0, 0.8),
    ],
)
def test_hands_on_a_simulated_robot(rate_hz: float, force_n: float):
    hands = (
        Hand(
            at_s=8.0,
            seconds=1.0,
            kind="push",
            place="left_antenna",
            force_n=force_n,
            azimuth_deg=90.0,
        ),
        Hand(at_s=12.0, seconds=2.0, kind="lift", height_m=0.1),
    )
    life = live(Scenario(robot=Robot(imu=True), hands=hands), 700_100, 15.0, rate_hz, (), ("rest",))
    model, touch = ForwardModel(initial_state(1.0 / rate_hz)), Touch(1.0 / rate_hz)
    events: list[FeltEvent] = []
    sent = None
    for sense, after in zip(life.senses, life.sent, strict=True):
        events += touch.step(model.step(sense, sent))
        model.learn(touch.untouched())
        sent = after
    began = [event for event in events if event.phase is Phase.BEGAN]
    assert 8.0e9 <= began[0].t_mono_ns <= 8.4e9
    assert 12.0e9 <= began[-1].t_mono_ns <= 12.6e9
    assert began[-1].place is Place.ROBOT
    assert Place.LEFT_ANTENNA in {event.place for event in events}
