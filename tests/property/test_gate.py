"""What must hold of the gate for any goal, any state and any time step."""

from __future__ import annotations

from math import ceil, isfinite

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.command import Clip, GateResult, GateState, JointTargets, MotorCommand
from firmware_bridge.gate import DT_MAX_S, DT_MIN_S, gate, pin
from firmware_bridge.joints import JOINTS, REST_POSE_RAD
from firmware_bridge.kinematics import (
    command_of_joints,
    head_of_legs,
    joints_of_command,
    stiffness_of_head,
)

GROUPS = (slice(0, 1), slice(1, 7), slice(7, 8), slice(8, 9))
ZERO = (0.0,) * 9
ANY = st.floats()
NINE = st.tuples(*[ANY] * 9)
INSIDE = st.tuples(*(st.floats(joint.lower_rad, joint.upper_rad) for joint in JOINTS))
AROUND = st.tuples(*[st.floats(-4.0, 4.0)] * 9)
STEPS = st.sampled_from([0.005, 0.01, 0.02, 0.05, 0.1, 0.2])
SCALES = st.sampled_from([1.0, 0.5, 0.3])
LIMITS = [
    (JOINTS[group][0].max_velocity_rad_s, JOINTS[group][0].max_acceleration_rad_s2)
    for group in GROUPS
]
NEAR = 1e-9


def step(
    goal: tuple[float, ...],
    state: GateState,
    dt: float,
    scale: float = 1.0,
    measured: tuple[float, ...] | None = None,
) -> GateResult:
    targets = JointTargets(goal, torque_enabled=True, duration_s=dt)
    return gate(targets, state, measured, dt, scale)


def largest(values: tuple[float, ...]) -> float:
    return max(map(abs, values))


@given(NINE, NINE, NINE, NINE | st.none(), ANY, ANY, ANY, st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_floats_at_all_give_finite_targets_within_the_limits(
    goal: tuple[float, ...],
    position: tuple[float, ...],
    velocity: tuple[float, ...],
    measured: tuple[float, ...] | None,
    dt: float,
    scale: float,
    duration: float,
    torque: bool,
):
    result = gate(
        JointTargets(goal, torque, duration), GateState(position, velocity), measured, dt, scale
    )
    for joint, target in zip(JOINTS, result.targets.position_rad, strict=True):
        assert joint.lower_rad <= target <= joint.upper_rad
    assert all(map(isfinite, result.state.velocity_rad_s))
    assert DT_MIN_S <= result.targets.duration_s <= DT_MAX_S
    assert result.targets.torque_enabled is torque
    assert result.state.position_rad == result.targets.position_rad


@given(INSIDE, st.lists(AROUND, min_size=1, max_size=25), STEPS, SCALES)
@settings(max_examples=150, deadline=None)
def test_velocity_and_acceleration_keep_their_bounds_and_ways_are_straight(
    start: tuple[float, ...], goals: list[tuple[float, ...]], dt: float, scale: float
):
    state = pin(start)
    for goal in goals:
        before, result = state, step(goal, state, dt, scale)
        state = result.state
        for group, (top, push) in zip(GROUPS, LIMITS, strict=True):
            now, then = state.velocity_rad_s[group], before.velocity_rad_s[group]
            way = [g - s for g, s in zip(goal[group], before.position_rad[group], strict=True)]
            assert largest(now) <= top * scale + NEAR
            if not result.clips & Clip.POSITION:
                change = tuple(a - b for a, b in zip(now, then, strict=True))
                assert largest(change) <= push * scale * dt + NEAR
            assert parallel(now, then) or parallel(now, way)


def parallel(one: tuple[float, ...], other: tuple[float, ...] | list[float]) -> bool:
    """True when the first is the second times a number that is not negative (within rounding)."""
    longest = max(range(len(one)), key=lambda i: abs(other[i]))
    if other[longest] == 0.0:
        return largest(one) < 1e-6
    factor = one[longest] / other[longest]
    return factor >= -1e-9 and all(
        abs(a - factor * b) < 1e-6 for a, b in zip(one, other, strict=True)
    )


@given(INSIDE, INSIDE, STEPS, SCALES)
@settings(max_examples=150, deadline=None)
def test_from_rest_the_goal_is_reached_without_overshoot_and_then_kept(
    start: tuple[float, ...], goal: tuple[float, ...], dt: float, scale: float
):
    state = pin(start)
    longest_s = max(
        abs(joint.upper_rad - joint.lower_rad) / (scale * joint.max_velocity_rad_s)
        + joint.max_velocity_rad_s / joint.max_acceleration_rad_s2
        for joint in JOINTS
    )
    left = [abs(g - s) for g, s in zip(goal, start, strict=True)]
    for _ in range(ceil(longest_s / dt) + 8):
        state = step(goal, state, dt, scale).state
        now = [abs(g - s) for g, s in zip(goal, state.position_rad, strict=True)]
        assert all(a <= b + 1e-12 for a, b in zip(now, left, strict=True))
        left = now
    assert state == GateState(goal, ZERO)
    settled = step(goal, state, dt, scale)
    assert settled.state == state
    assert settled.clips is Clip.NONE


@given(INSIDE, INSIDE, INSIDE, st.integers(1, 30), STEPS)
@settings(max_examples=100, deadline=None)
def test_a_goal_that_changes_on_the_way_is_reached_too(
    start: tuple[float, ...],
    first: tuple[float, ...],
    second: tuple[float, ...],
    steps: int,
    dt: float,
):
    state = pin(start)
    for _ in range(steps):
        state = step(first, state, dt).state
    for _ in range(ceil(2.5 / dt) + 8):
        state = step(second, state, dt).state
    assert state == GateState(second, ZERO)


@given(INSIDE, AROUND, NINE | AROUND, STEPS)
@settings(max_examples=200, deadline=None)
def test_no_measured_group_is_left_further_behind_than_its_lag(
    start: tuple[float, ...], goal: tuple[float, ...], measured: tuple[float, ...], dt: float
):
    result = step(goal, pin(start), dt, measured=measured)
    for group in GROUPS:
        if not all(map(isfinite, measured[group])):
            continue
        for joint, target, seen in zip(
            JOINTS[group], result.targets.position_rad[group], measured[group], strict=True
        ):
            edge = min(joint.upper_rad, max(joint.lower_rad, seen))
            assert abs(target - edge) <= joint.max_lag_rad + NEAR


COMMANDS = st.builds(
    lambda yaw, pitch: joints_of_command(MotorCommand(yaw, pitch, 0.0, 0.0, 0.0))[0],
    st.floats(-1.6, 1.6),
    st.floats(-1.6, 1.6),
)


@given(
    st.lists(st.tuples(COMMANDS | st.just(REST_POSE_RAD), st.integers(1, 12)), max_size=8),
    st.sampled_from([0.02, 0.05, 0.1]),
    SCALES,
)
@settings(max_examples=100, deadline=None)
def test_on_the_way_between_any_commands_the_head_stays_stiff(
    goals: list[tuple[tuple[float, ...], int]], dt: float, scale: float
):
    """Whenever the goal jumps, also in the middle of a turn: no target is beyond the mechanism."""
    state = pin(REST_POSE_RAD)
    pose = command_of_joints(REST_POSE_RAD).relative
    for goal, ticks in goals:
        for _ in range(ticks):
            state = step(goal, state, dt, scale).state
            found = head_of_legs(state.position_rad[1:7], pose)
            assert found is not None
            assert stiffness_of_head(found) > 0.3
            pose = found
