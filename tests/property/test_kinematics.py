"""What must hold of the kinematics everywhere, not only where somebody measured."""

from __future__ import annotations

from math import radians

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from firmware_bridge.command import MotorCommand
from firmware_bridge.joints import JOINTS, REST_POSE_RAD, STEWART
from firmware_bridge.kinematics import (
    HEAD_TO_BODY_LIMIT_RAD,
    HeadPose,
    command_of_joints,
    head_of_legs,
    joints_of_command,
    legs_of_head,
    stiffness_of_head,
    within_limits,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSES = st.builds(
    HeadPose,
    st.floats(radians(-65.0), radians(65.0)),
    st.floats(radians(-60.0), radians(48.5)),
    st.floats(radians(-48.0), radians(48.0)),
    st.floats(-0.047, 0.051),
    st.floats(-0.048, 0.048),
    st.floats(-0.051, 0.0235),
)
COMMANDS = st.builds(MotorCommand, FINITE, FINITE, FINITE, FINITE, FINITE)
NEAR_COMMANDS = st.builds(MotorCommand, *[st.floats(-2.0, 2.0)] * 5)


def numbers(pose: HeadPose) -> tuple[float, ...]:
    return (pose.yaw_rad, pose.pitch_rad, pose.roll_rad, pose.x_m, pose.y_m, pose.z_m)


@given(POSES)
@settings(max_examples=600, deadline=None)
def test_round_trip_over_the_reachable_space(pose: HeadPose):
    legs = legs_of_head(*numbers(pose))
    assume(legs is not None and within_limits(legs) and stiffness_of_head(pose) > 0.02)
    for guess in (HeadPose(), HeadPose(*(0.9 * number for number in numbers(pose)))):
        found = head_of_legs(legs, guess)
        assert found is not None
        assert all(abs(a - b) < 1e-6 for a, b in zip(numbers(found), numbers(pose), strict=True))


@given(st.tuples(*(st.floats(joint.lower_rad, joint.upper_rad) for joint in JOINTS[STEWART])))
@settings(max_examples=150, deadline=None)
def test_whatever_the_legs_are_the_head_is_none_or_fits_them(legs: tuple[float, ...]):
    pose = head_of_legs(legs)
    if pose is not None:
        back = legs_of_head(*numbers(pose))
        assert back is not None
        assert all(abs(a - b) < 1e-6 for a, b in zip(legs, back, strict=True))
        assert stiffness_of_head(pose) > 0.0


@given(COMMANDS | NEAR_COMMANDS)
@example(MotorCommand(1.7e308, -1.7e308, 1.7e308, -1.7e308, -1.7e308))
@example(MotorCommand(0.0, 5e-324, 0.0, 0.0, 0.0))
@settings(max_examples=500, deadline=None)
def test_any_command_gives_joints_within_limits_and_a_head_that_is_scaled_whole(
    command: MotorCommand,
):
    joints, scale = joints_of_command(command)
    assert 0.0 <= scale <= 1.0
    for joint, goal in zip(JOINTS, joints, strict=True):
        assert joint.lower_rad <= goal <= joint.upper_rad
    reading = command_of_joints(joints)
    assert reading.closed
    yaw = command.head_yaw_rad - joints[0]
    yaw = min(max(yaw, -HEAD_TO_BODY_LIMIT_RAD), HEAD_TO_BODY_LIMIT_RAD)
    assert abs(reading.relative.yaw_rad - scale * yaw) < 1e-6
    assert abs(reading.relative.pitch_rad - scale * command.head_pitch_rad) < 1e-6
    assert stiffness_of_head(reading.relative) > 0.45


@given(NEAR_COMMANDS)
@settings(max_examples=200, deadline=None)
def test_the_scale_is_the_largest_there_is(command: MotorCommand):
    joints, scale = joints_of_command(command)
    if scale < 1.0:
        nearer = MotorCommand(
            joints[0] + (command.head_yaw_rad - joints[0]) * (scale + 2e-4),
            command.head_pitch_rad * (scale + 2e-4),
            0.0,
            0.0,
            joints[0],
        )
        assume(abs(command.head_yaw_rad - joints[0]) < HEAD_TO_BODY_LIMIT_RAD)
        assert joints_of_command(nearer)[1] < 1.0


@given(NEAR_COMMANDS, NEAR_COMMANDS | st.none(), st.floats(0.0, 1.0))
@settings(max_examples=150, deadline=None)
def test_the_straight_way_between_two_postures_stays_stiff(
    start: MotorCommand, end: MotorCommand | None, share: float
):
    """The gate moves the legs on straight lines: no such line may cross the singularity."""
    first = joints_of_command(start)[0]
    last = REST_POSE_RAD if end is None else joints_of_command(end)[0]
    between = [a + share * (b - a) for a, b in zip(first, last, strict=True)]
    pose = head_of_legs(between[STEWART])
    assert pose is not None
    assert stiffness_of_head(pose) > 0.3
