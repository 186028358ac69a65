"""Profiles arrive when they should, where they should, without a jump on the way."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.simulation.profile import VELOCITY_UNIT_PULSES_S, Profile

ONE = np.ones(1, dtype=np.bool_)


def ints(value: int) -> np.ndarray:
    return np.array([value], dtype=np.int64)


def retarget(profile: Profile, goal: int, velocity: int, acceleration: int, *, timed: bool) -> None:
    profile.retarget(ONE, ints(goal), ints(velocity), ints(acceleration), ONE & timed)


@settings(max_examples=60, deadline=None)
@given(
    goal=st.integers(0, 4095),
    second=st.integers(0, 4095),
    duration=st.integers(20, 1500),
    ramp=st.integers(0, 900),
    interrupt=st.floats(0.05, 0.95),
)
def test_time_based_profile_arrives_on_time_from_any_speed(
    goal: int, second: int, duration: int, ramp: int, interrupt: float
) -> None:
    profile = Profile(np.array([2048.0]))
    retarget(profile, goal, duration, ramp, timed=True)
    profile.advance(interrupt * duration * 1e-3)
    before_position, before_velocity = profile.position.copy(), profile.velocity.copy()
    retarget(profile, second, duration, ramp, timed=True)
    profile.advance(1e-6)
    assert abs(profile.position - before_position) < 0.5  # no jump of position
    if min(ramp, duration // 2) > 0:
        # ... and none of speed when there is a ramp: a millionth of a second changes little
        assert abs(profile.velocity - before_velocity) < 1e-3 * 2e6
    profile.advance(duration * 1e-3 - 2e-6)
    assert abs(profile.position - second) < 1.0
    profile.advance(2e-6)
    assert profile.position[0] == second
    assert profile.velocity[0] == 0.0


def test_trapezoid_moves_at_its_cruise_speed_in_the_middle() -> None:
    profile = Profile(np.zeros(1))
    retarget(profile, 1000, 1000, 250, timed=True)
    profile.advance(0.5)
    assert profile.position[0] == 500.0
    np.testing.assert_allclose(profile.velocity, 1000 / 0.75)


def test_velocity_based_profile_keeps_its_speed() -> None:
    profile = Profile(np.zeros(1))
    retarget(profile, 2000, 100, 0, timed=False)
    profile.advance(0.1)
    np.testing.assert_allclose(profile.velocity, 100 * VELOCITY_UNIT_PULSES_S)
    np.testing.assert_allclose(profile.position, 10 * VELOCITY_UNIT_PULSES_S)


def test_profile_velocity_zero_is_a_step() -> None:
    profile = Profile(np.zeros(1))
    retarget(profile, 700, 0, 0, timed=True)
    profile.advance(1e-3)
    assert profile.position[0] == 700.0


def test_hold_stands_still() -> None:
    profile = Profile(np.zeros(1))
    retarget(profile, 700, 1000, 100, timed=True)
    profile.advance(0.3)
    profile.hold(ONE, np.array([55.0]))
    profile.advance(0.3)
    assert profile.position[0] == 55.0
    assert profile.velocity[0] == 0.0
