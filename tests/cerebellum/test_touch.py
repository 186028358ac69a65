"""The skin: where, what, when it is over; and that noise is no touch."""

import numpy as np
import pytest

from cerebellum.felt import FeltEvent, Kind, Phase, Place
from cerebellum.forward_model import PULSE_RAD, Surprise
from cerebellum.touch import Touch

PERIOD_S = 0.1


def surprise(tick: int, score: np.ndarray, *, imu: bool = True) -> Surprise:
    deviation = np.concatenate(
        [np.full(9, 0.5 * PULSE_RAD), np.full(9, 2e-3), np.full(3, 1.3e-3), np.full(3, 9e-3)]
    )
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
        electrical_a=np.zeros(9),
        step_rad=np.zeros(9),
    )


def felt(shape: dict[int, float], ticks: list[float], *, imu: bool = True) -> list[FeltEvent]:
    """Feed a pattern of channels, times a size for each tick, amid noise; then quiet."""
    generator = np.random.default_rng(1)
    touch, events = Touch(PERIOD_S), []
    for tick, size in enumerate([0.0] * 10 + ticks + [0.0] * 60):
        score = 0.5 * generator.standard_normal(24)
        for channel, share in shape.items():
            score[channel] += share * size
        events += touch.step(surprise(tick, score, imu=imu))
    assert touch.untouched().all()
    return events


@pytest.mark.parametrize(
    ("shape", "place"),
    [
        ({8: 1.0, 2: 0.5, 3: -0.4}, Place.LEFT_ANTENNA),
        ({7: -1.0, 5: 0.5}, Place.RIGHT_ANTENNA),
        ({1: 1.0, 3: -0.8, 5: 0.6, 18: 0.1}, Place.HEAD),
        ({0: 1.0, 18: 0.2}, Place.BODY),
    ],
)
@pytest.mark.parametrize("imu", [True, False])
def test_places(shape: dict[int, float], place: Place, imu: bool):
    events = felt(shape, [60.0, -60.0], imu=imu)
    assert events[0].phase is Phase.BEGAN
    assert events[0].t_mono_ns == 11 * 100_000_000
    assert {event.place for event in events} == {place}
    assert events[-1].phase is Phase.OVER
    assert events[-1].kind is Kind.TAP


def test_without_an_imu_it_is_less_sure():
    seeing = felt({8: 1.0}, [40.0, -40.0])[0]
    blind = felt({8: 1.0}, [40.0, -40.0], imu=False)[0]
    assert blind.confidence < seeing.confidence


def test_a_push_lasts_until_the_hand_has_left():
    events = felt({1: 1.0, 3: -0.8, 5: 0.6}, [60.0] + [0.0] * 14 + [-60.0])
    assert {event.number for event in events} == {1}
    assert events[-1].kind is Kind.PUSH
    assert events[-1].t_mono_ns > 25 * 100_000_000


def test_a_harder_push_is_felt_as_stronger():
    weak, strong = (felt({1: 1.0, 3: -0.8}, [size, -size])[-1] for size in (45.0, 220.0))
    assert strong.force_n > 3.0 * weak.force_n


def test_tilted_and_set_down():
    events = felt({18: 1.0}, [100.0, 300.0, 400.0, 200.0, *([60.0, -60.0] * 5)])
    kinds = [event.kind for event in events]
    assert events[0].place is Place.ROBOT
    assert Kind.TILT in kinds
    assert kinds[-1] is Kind.SET_DOWN


def test_a_knock_on_the_table_fades():
    ring = {21: 0.6, 22: -0.8, 23: 1.0, 18: 0.5}
    events = felt(ring, [90.0, -50.0, 30.0, -18.0, 11.0, -6.0, 4.0])
    assert events[0].place is Place.ROBOT
    assert events[-1].kind is Kind.BUMP


def test_an_hour_of_noise_is_no_touch():
    generator = np.random.default_rng(2)
    touch = Touch(PERIOD_S)
    events: list[FeltEvent] = []
    for tick in range(36_000):
        events += touch.step(surprise(tick, generator.standard_normal(24)))
    assert not events


def test_a_tick_that_nothing_is_known_of_says_nothing():
    touch = Touch(PERIOD_S)
    quiet = surprise(0, np.zeros(24))
    unknown = Surprise(
        quiet.t_mono_ns, 5.0, quiet.predicted, quiet.measured, quiet.deviation,
        np.full(24, 99.0), np.zeros(24, dtype=np.bool_), quiet.electrical_a, quiet.step_rad,
    )  # fmt: skip
    assert touch.step(unknown) == ()
    assert not touch.untouched().any()
