"""The gate by example: every cut once, with the number that must come out.

Limits that the numbers come from: legs 5 rad/s and 80 rad/s2, body 3.5 and 25, antennas 12 and
200; lag 0.6, 0.8 and 1.5 rad. Fast on purpose: the mutation test runs this file hundreds of times.
"""

from __future__ import annotations

from itertools import pairwise
from math import inf, nan

import pytest

from firmware_bridge.command import Clip, GateResult, GateState, JointTargets
from firmware_bridge.gate import gate, pin
from firmware_bridge.joints import JOINTS, REST_POSE_RAD

ZERO = (0.0,) * 9
LOWER = tuple(joint.lower_rad for joint in JOINTS)
UPPER = tuple(joint.upper_rad for joint in JOINTS)
BODY, LEG_1, LEG_2, LEG_6, RIGHT, LEFT = 0, 1, 2, 6, 7, 8
LEGS = slice(1, 7)
NONE, VELOCITY, ACCELERATION = Clip.NONE, Clip.VELOCITY, Clip.ACCELERATION


def nine(**joints: float) -> tuple[float, ...]:
    """Nine zeros but for the joints named: ``nine(leg_2=0.1)``."""
    names = ["body", *(f"leg_{n}" for n in range(1, 7)), "right", "left"]
    assert set(joints) <= set(names)
    return tuple(joints.get(name, 0.0) for name in names)


def step(
    goal: tuple[float, ...],
    position: tuple[float, ...] = ZERO,
    velocity: tuple[float, ...] = ZERO,
    measured: tuple[float, ...] | None = None,
    dt: float = 0.1,
    scale: float = 1.0,
) -> GateResult:
    targets = JointTargets(goal, torque_enabled=True, duration_s=0.05)
    return gate(targets, GateState(position, velocity), measured, dt, scale)


def near(*numbers: float) -> object:
    return pytest.approx(numbers, abs=1e-12)


def run(
    goal: tuple[float, ...], state: GateState, steps: int, dt: float, scale: float = 1.0
) -> list[GateResult]:
    targets = JointTargets(goal, torque_enabled=True, duration_s=dt)
    results = []
    for _ in range(steps):
        results.append(gate(targets, state, None, dt, scale))
        state = results[-1].state
    return results


def test_a_goal_within_all_limits_passes_untouched():
    goal = nine(body=0.02, leg_1=0.3, leg_6=-0.4, right=0.5, left=-1.1)
    result = step(goal, measured=ZERO)
    assert result.targets == JointTargets(goal, torque_enabled=True, duration_s=0.05)
    assert result.state.position_rad == goal
    assert result.state.velocity_rad_s == near(0.2, 3.0, 0.0, 0.0, 0.0, 0.0, -4.0, 5.0, -11.0)
    assert result.clips is Clip.NONE


def test_arrived_is_still():
    goal = nine(body=0.3, leg_1=-0.4, right=1.0)
    result = step(goal, position=goal, measured=goal)
    assert result.state == GateState(goal, ZERO)
    assert result.clips is Clip.NONE


def test_arriving_ends_in_rest():
    result = step(ZERO, velocity=nine(body=2.5, leg_3=-5.0, left=12.0))
    assert result.state == GateState(ZERO, ZERO)
    assert result.clips is Clip.NONE


@pytest.mark.parametrize(
    ("joint", "first", "second", "third"),
    [
        ("body", 2.5, 3.5, 3.5),
        ("leg_4", 5.0, 5.0, 5.0),
        ("right", 12.0, 12.0, 12.0),
        ("left", 12.0, 12.0, 12.0),
    ],
)
def test_speed_grows_by_the_acceleration_up_to_the_velocity(
    joint: str, first: float, second: float, third: float
):
    goal = nine(**{joint: {"body": 1.9, "leg_4": 0.8}.get(joint, 2.9)})
    start = GateState(nine(**{joint: {"body": -1.9, "leg_4": -1.3}.get(joint, -2.9)}), ZERO)
    results = run(goal, start, 3, 0.1)
    index = nine(**{joint: 1.0}).index(1.0)
    speeds = [result.state.velocity_rad_s[index] for result in results]
    assert speeds == near(first, second, third)
    assert all(result.clips & VELOCITY for result in results)


def test_speed_grows_no_faster_than_the_acceleration():
    goal = nine(body=1.0, leg_2=1.0, leg_3=-0.5, right=1.0, left=-1.0)
    first, second = run(goal, GateState(ZERO, ZERO), 2, 0.02)
    assert first.state.velocity_rad_s == near(0.5, 0.0, 1.6, -0.8, 0.0, 0.0, 0.0, 4.0, -4.0)
    assert second.state.velocity_rad_s == near(1.0, 0.0, 3.2, -1.6, 0.0, 0.0, 0.0, 8.0, -8.0)
    assert first.state.position_rad == near(0.01, 0.0, 0.032, -0.016, 0, 0, 0, 0.08, -0.08)
    assert first.clips == VELOCITY | ACCELERATION


def test_braking_is_in_time_and_no_earlier():
    """0.09 rad = 0.01 (1 + 2 + 3 + 2 + 1): up and down by 25 rad/s2 x 0.02 s a step."""
    results = run(nine(body=0.09), GateState(ZERO, ZERO), 6, 0.02)
    speeds = [result.state.velocity_rad_s[BODY] for result in results]
    assert speeds == near(0.5, 1.0, 1.5, 1.0, 0.5, 0.0)
    assert results[4].targets.position_rad[BODY] == pytest.approx(0.09, abs=1e-15)
    assert [result.clips for result in results[:4]] == [ACCELERATION] * 4
    assert results[5].clips is NONE


def test_what_one_step_can_reach_is_reached_in_one_step():
    """Just under a dt^2, from rest; and just the speed that is the limit."""
    goal = nine(body=0.95 * 25.0 * 0.02**2)
    result = step(goal, dt=0.02)
    assert result.state.position_rad == goal
    assert result.clips is Clip.NONE
    result = step(nine(leg_1=0.5), dt=0.1)
    assert result.state.velocity_rad_s[LEG_1] == 5.0
    assert result.clips is Clip.NONE


def test_braking_from_between_two_whole_steps():
    """0.05 rad = 0.01 (1 + 2 + 1.5 + 0.5): the odd half is spread over the steps down."""
    results = run(nine(body=0.05), GateState(ZERO, ZERO), 5, 0.02)
    positions = [result.targets.position_rad[BODY] for result in results]
    assert positions == near(0.01, 0.03, 0.045, 0.05, 0.05)
    speeds = [0.0, *(result.state.velocity_rad_s[BODY] for result in results)]
    assert max(abs(b - a) for a, b in pairwise(speeds)) <= 0.5 + 1e-12


def test_legs_share_one_factor():
    goal = nine(leg_1=0.8, leg_2=-0.4, leg_6=0.1)
    result = step(goal)
    assert result.targets.position_rad == near(0, 0.5, -0.25, 0, 0, 0, 0.0625, 0, 0)
    assert result.clips == VELOCITY | ACCELERATION


def test_a_corner_that_the_acceleration_allows_is_taken_at_the_largest_speed():
    """Leg 1 must lose 4 rad/s, half of what 0.1 s allows; leg 2 may gain 5."""
    result = step(nine(leg_2=0.7), velocity=nine(leg_1=4.0))
    assert result.state.velocity_rad_s == near(*nine(leg_2=5.0))
    result = step(nine(leg_1=-0.7), velocity=nine(leg_1=4.0))
    assert result.state.velocity_rad_s == near(*nine(leg_1=-4.0))
    assert result.clips == VELOCITY | ACCELERATION


def test_a_corner_too_sharp_is_braked_for_on_the_old_way():
    velocity = nine(leg_1=3.0, leg_3=-1.5)
    result = step(nine(leg_2=0.7), velocity=velocity, dt=0.02)
    assert result.state.velocity_rad_s == near(*nine(leg_1=1.4, leg_3=-0.7))
    assert result.state.position_rad == near(*nine(leg_1=0.028, leg_3=-0.014))
    assert result.clips == VELOCITY | ACCELERATION
    result = step(nine(leg_2=0.7), velocity=result.state.velocity_rad_s, dt=0.02)
    assert result.state.velocity_rad_s == near(*nine(leg_2=1.6))


def test_an_oblique_corner_waits_for_the_leg_that_must_slow_down():
    """Leg 2 must turn round from 2 rad/s and may change by 1.6: no rate fits, so both brake."""
    velocity = nine(leg_1=1.0, leg_2=2.0)
    result = step(nine(leg_1=0.5, leg_2=-0.5), velocity=velocity, dt=0.02)
    assert result.state.velocity_rad_s == near(*nine(leg_1=0.2, leg_2=0.4))
    result = step(nine(leg_1=0.5, leg_2=-0.5), velocity=nine(leg_1=1.0, leg_2=1.0), dt=0.02)
    assert result.state.velocity_rad_s == near(*nine(leg_1=0.6, leg_2=-0.6))
    result = step(nine(leg_1=-0.5, leg_2=0.5), velocity=nine(leg_1=-1.0, leg_2=2.0), dt=0.02)
    assert result.state.velocity_rad_s == near(*nine(leg_1=-2.6, leg_2=2.6))


def test_a_goal_passed_too_fast_is_overshot_by_as_little_as_can_be():
    result = step(nine(leg_1=0.01), velocity=nine(leg_1=4.0), dt=0.02)
    assert result.state.velocity_rad_s == near(*nine(leg_1=2.4))
    assert result.clips == ACCELERATION


def test_a_leg_that_needs_not_move_may_lose_what_the_acceleration_allows():
    still = step(nine(leg_2=0.5), velocity=nine(leg_1=1.6), dt=0.02)
    assert still.state.velocity_rad_s == near(*nine(leg_2=1.6))
    fast = step(nine(leg_2=0.5), velocity=nine(leg_1=-1.7), dt=0.02)
    assert fast.state.velocity_rad_s == near(*nine(leg_1=-0.1))


def test_groups_do_not_wait_for_each_other():
    result = step(nine(leg_2=0.3, left=0.3), velocity=nine(body=3.5, leg_1=4.0), dt=0.02)
    assert result.state.velocity_rad_s == near(*nine(body=3.0, leg_1=2.4, left=4.0))


@pytest.mark.parametrize("scale", [0.5, 0.3])
def test_scale_takes_velocity_and_acceleration_down(scale: float):
    goal = nine(body=1.5, leg_1=0.8, right=-2.0)
    first = run(goal, GateState(ZERO, ZERO), 1, 0.02, scale)[0]
    assert first.state.velocity_rad_s == near(
        *nine(body=0.5 * scale, leg_1=1.6 * scale, right=-4.0 * scale)
    )
    later = run(goal, GateState(ZERO, ZERO), 8, 0.02, scale)[-1]
    assert later.state.velocity_rad_s[LEG_1] == pytest.approx(5.0 * scale)


def test_velocity_goes_before_acceleration_when_the_scale_drops():
    velocity = nine(body=3.5, leg_1=4.0, leg_2=2.0)
    result = step(nine(body=1.9, leg_1=0.9, leg_2=0.45), velocity=velocity, dt=0.02, scale=0.3)
    assert result.state.velocity_rad_s == near(*nine(body=1.05, leg_1=1.5, leg_2=0.75))
    assert result.clips == VELOCITY | ACCELERATION
    result = step(nine(body=-0.5), velocity=nine(body=3.5), dt=0.001, scale=0.3)
    assert result.clips == VELOCITY | ACCELERATION
    assert result.state.velocity_rad_s == near(*nine(body=1.05))
    result = step(ZERO, velocity=nine(leg_1=2.0), dt=0.1, scale=0.3)
    assert result.state.velocity_rad_s == ZERO
    assert result.clips == VELOCITY


@pytest.mark.parametrize(("dt", "used"), [(5.0, 0.2), (inf, 0.2), (0.0, 0.001), (-3.0, 0.001)])
def test_a_step_of_time_out_of_range_is_cut(dt: float, used: float):
    goal = nine(leg_1=0.8)
    cut, plain = step(goal, dt=dt), step(goal, dt=used)
    assert cut.state == plain.state
    assert cut.clips == plain.clips | Clip.DT
    assert Clip.DT not in plain.clips
    assert step(goal, dt=nan).state == step(goal, dt=0.001).state


@pytest.mark.parametrize(("scale", "used"), [(2.0, 1.0), (0.0, 0.01), (-1.0, 0.01), (nan, 0.01)])
def test_a_scale_out_of_range_is_cut(scale: float, used: float):
    goal = nine(leg_1=0.8)
    cut, plain = step(goal, scale=scale), step(goal, scale=used)
    assert cut.state == plain.state
    assert cut.clips == plain.clips | Clip.DT
    assert Clip.DT not in plain.clips


@pytest.mark.parametrize(
    ("duration", "used"),
    [(1.0, 0.2), (0.2, 0.2), (0.001, 0.001), (0.0, 0.001), (nan, 0.001), (inf, 0.2)],
)
def test_a_duration_out_of_range_is_cut(duration: float, used: float):
    result = gate(JointTargets(ZERO, True, duration), GateState(ZERO, ZERO), ZERO, 0.1, 1.0)
    assert result.targets.duration_s == used
    assert result.clips == (Clip.NONE if duration == used else Clip.DT)
    off = gate(JointTargets(ZERO, False, duration), GateState(ZERO, ZERO), ZERO, 0.1, 1.0)
    assert off.targets.duration_s == used
    assert off.clips == result.clips


@pytest.mark.parametrize("wrong", [nan, inf, -inf])
def test_a_goal_that_is_not_finite_stops_its_group_and_no_other(wrong: float):
    goal = nine(body=0.02, leg_1=0.1, leg_2=wrong, right=0.2)
    result = step(goal)
    assert result.targets.position_rad == near(*nine(body=0.02, right=0.2))
    assert result.clips == Clip.NOT_FINITE
    goal = nine(body=wrong, leg_1=0.1, right=0.2, left=wrong)
    result = step(goal, velocity=nine(body=3.0, leg_1=1.0, left=1.0))
    assert result.targets.position_rad == near(*nine(body=0.05, leg_1=0.1, right=0.2))
    assert result.clips == Clip.NOT_FINITE | ACCELERATION


def test_a_single_joint_goes_to_the_edge_of_the_box():
    result = step(nine(body=3.0, right=-9.0), position=nine(body=2.0, right=-3.0))
    assert result.targets.position_rad[BODY] == UPPER[BODY]
    assert result.targets.position_rad[RIGHT] == LOWER[RIGHT]
    assert result.clips == Clip.POSITION


def test_legs_go_to_where_the_straight_way_leaves_the_box():
    """Leg 1 may go 0.1 of its 0.4, so leg 2 goes a quarter of its way as well."""
    position = nine(leg_1=UPPER[LEG_1] - 0.1, left=0.5)
    goal = nine(leg_1=UPPER[LEG_1] + 0.3, leg_2=-0.2, left=0.6)
    result = step(goal, position=position)
    assert result.targets.position_rad == near(*nine(leg_1=UPPER[LEG_1], leg_2=-0.05, left=0.6))
    assert result.clips == Clip.POSITION
    again = step(goal, position=result.state.position_rad)
    assert again.targets.position_rad == near(*result.targets.position_rad)


def test_a_goal_far_beyond_any_number_is_just_a_goal_outside():
    result = step(nine(body=1.7e308, leg_1=-1.7e308, leg_2=1.0), position=nine(body=2.0))
    assert result.targets.position_rad[BODY] == UPPER[BODY]
    assert result.targets.position_rad[LEGS] == near(-0.5, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert result.clips == Clip.POSITION | VELOCITY | ACCELERATION


def test_a_step_that_would_leave_the_box_ends_at_its_edge():
    """Leg 1 comes too fast to brake; its group is cut where leg 1 meets the edge."""
    position = nine(leg_1=UPPER[LEG_1] - 0.01, body=LOWER[BODY] + 0.01)
    velocity = nine(leg_1=5.0, leg_2=-2.5, body=-3.5)
    result = step(position, position=position, velocity=velocity, dt=0.02)
    assert result.targets.position_rad[LEG_1] == UPPER[LEG_1]
    assert result.targets.position_rad[LEG_2] == pytest.approx(-0.005)
    assert result.targets.position_rad[BODY] == LOWER[BODY]
    assert result.state.velocity_rad_s == near(*nine(leg_1=0.5, leg_2=-0.25, body=-0.5))
    assert result.clips == Clip.POSITION | ACCELERATION


def test_a_target_far_from_the_measured_pose_is_pulled_towards_it():
    position = nine(body=1.0, leg_1=0.7, leg_2=-0.35, left=2.0)
    result = step(position, position=position, measured=ZERO)
    assert result.targets.position_rad == near(*nine(body=0.8, leg_1=0.6, leg_2=-0.3, left=1.5))
    assert result.state.position_rad == result.targets.position_rad
    assert result.state.velocity_rad_s == ZERO
    assert result.clips == Clip.LAG


def test_a_pulled_group_starts_again_from_rest_and_the_others_go_on():
    result = step(nine(leg_1=0.9, right=0.5), position=nine(leg_1=0.55), measured=ZERO)
    assert result.targets.position_rad == near(*nine(leg_1=0.6, right=0.5))
    assert result.state.velocity_rad_s == near(*nine(right=5.0))
    assert result.clips == Clip.LAG


def test_the_lag_itself_is_allowed():
    position = nine(body=-0.8, leg_1=0.6, right=-1.5, left=1.5)
    result = step(position, position=position, measured=ZERO)
    assert result.clips is Clip.NONE
    assert result.targets.position_rad == position


def test_a_measured_pose_outside_the_box_counts_as_its_edge():
    measured = nine(body=3.0, leg_1=-1.2, right=3.14)
    goal = nine(body=1.9, leg_1=-0.8, right=3.0)
    result = step(goal, position=goal, measured=measured)
    assert result.clips is Clip.NONE
    measured = nine(leg_1=UPPER[LEG_1] + 1.0)
    result = step(ZERO, measured=measured)
    assert result.targets.position_rad[LEG_1] == pytest.approx(UPPER[LEG_1] - 0.6)


@pytest.mark.parametrize("wrong", [nan, inf, -inf])
def test_a_group_that_was_not_measured_is_not_pulled(wrong: float):
    position = nine(body=1.0, leg_1=0.7, left=2.0)
    result = step(position, position=position, measured=nine(leg_2=wrong, right=wrong))
    assert result.targets.position_rad == near(*nine(body=0.8, leg_1=0.7, left=1.5))
    assert result.clips == Clip.LAG


def test_nothing_measured_pulls_nothing():
    position = nine(body=1.0, leg_1=0.7, left=2.0)
    assert step(position, position=position).targets.position_rad == position


def test_position_goes_before_lag_and_lag_before_velocity():
    result = step(nine(body=9.0), position=nine(body=-2.0), measured=nine(body=2.05), dt=0.02)
    assert result.targets.position_rad[BODY] == pytest.approx(1.25)
    assert result.clips == Clip.POSITION | VELOCITY | ACCELERATION | Clip.LAG


def test_without_torque_the_target_is_the_measured_pose():
    goal = JointTargets(nine(body=1.0), torque_enabled=False, duration_s=0.1)
    state = GateState(nine(body=0.5, leg_1=0.4), nine(body=1.0))
    measured = nine(body=-1.0, leg_1=0.2, left=4.0)
    result = gate(goal, state, measured, 0.1, 1.0)
    at = (*measured[:8], UPPER[LEFT])
    assert result.targets == JointTargets(at, torque_enabled=False, duration_s=0.1)
    assert result.state == GateState(at, ZERO)
    assert result.clips is Clip.NONE
    unseen = gate(goal, state, None, 0.1, 1.0)
    assert unseen.state == GateState(state.position_rad, ZERO)
    partly = gate(goal, state, nine(body=0.1, leg_3=nan), 0.1, 1.0)
    assert partly.state == GateState(nine(body=0.1, leg_1=0.4), ZERO)


@pytest.mark.parametrize(
    "state",
    [
        GateState(nine(leg_2=nan), ZERO),
        GateState(nine(body=2.2), ZERO),
        GateState(nine(left=-3.11), ZERO),
        GateState(ZERO, nine(right=inf)),
        GateState(ZERO, nine(leg_6=nan)),
    ],
)
def test_a_state_of_another_maker_is_pinned_to_the_present_pose(state: GateState):
    goal = JointTargets(REST_POSE_RAD, torque_enabled=True, duration_s=0.1)
    measured = nine(body=0.1, leg_2=0.3, left=2.0)
    result = gate(goal, state, measured, 0.1, 1.0)
    same = gate(goal, GateState(measured, ZERO), measured, 0.1, 1.0)
    assert (result.targets, result.state) == (same.targets, same.state)
    assert result.clips == same.clips | Clip.STATE
    unseen = gate(goal, state, None, 0.1, 1.0)
    assert unseen.state == GateState(REST_POSE_RAD, ZERO)
    assert unseen.clips == Clip.STATE


def test_pin_is_the_measured_pose_at_rest():
    measured = nine(body=0.3, leg_2=0.2, right=-9.0)
    pinned = pin(measured)
    assert pinned == GateState((0.3, *measured[LEGS], LOWER[RIGHT], 0.0), ZERO)
    assert pin(nine(leg_3=nan, body=0.1)).position_rad == (0.1, *REST_POSE_RAD[LEGS], 0.0, 0.0)
    last = nine(leg_1=0.5, left=1.0)
    assert pin(nine(leg_3=nan, left=-inf), last).position_rad == nine(leg_1=0.5, left=1.0)


@pytest.mark.parametrize("length", [8, 10])
def test_a_wrong_number_of_joints_is_a_bug_and_raises(length: int):
    wrong = (0.0,) * length
    with pytest.raises(ValueError, match="zip"):
        step(wrong)
    with pytest.raises(ValueError, match="zip"):
        step(ZERO, measured=wrong)
    with pytest.raises(ValueError, match="zip"):
        step(ZERO, position=wrong)


def test_the_smallest_numbers_do_no_harm():
    tiny = 5e-324
    goal = nine(body=tiny, leg_1=-tiny, leg_2=0.1, left=tiny)
    result = step(goal, velocity=nine(body=tiny, leg_1=tiny, right=-tiny), dt=tiny)
    assert all(abs(position) < 1e-3 for position in result.targets.position_rad)
    huge = nine(body=1.7e308, leg_1=-1.7e308, leg_2=1.0)
    result = step(ZERO, velocity=huge)
    assert result.state.velocity_rad_s[BODY] == pytest.approx(3.5)
    assert result.state.velocity_rad_s[LEG_1] == pytest.approx(-5.0)


def test_every_cut_is_told():
    """What is told later never takes the place of what was told before."""
    goal = nine(body=nan, leg_1=9.0, right=9.0)
    far = nine(body=1.0, leg_1=0.8, right=2.0)
    result = step(goal, position=nine(left=nan), measured=far, dt=nan)
    assert result.clips == Clip(0b1101111)
    at_edge = nine(body=UPPER[BODY] - 0.001, leg_1=UPPER[LEG_1])
    result = step(goal, position=at_edge, velocity=nine(body=3.5, leg_2=9.0), measured=ZERO, dt=9.0)
    assert result.clips == Clip(0b110111)
    goal = nine(body=nan, leg_1=9.0)
    result = step(goal, velocity=nine(leg_1=6.0), dt=0.0)
    assert result.clips == Clip(0b101111)
    at_edge = nine(body=UPPER[BODY])
    result = step(at_edge, position=at_edge, velocity=nine(body=3.5), dt=0.0)
    assert result.clips == Clip.POSITION | ACCELERATION | Clip.DT
