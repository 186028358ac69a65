"""The mechanism against what was measured on the robot's own kinematics."""

from __future__ import annotations

from math import cos, degrees, hypot, inf, nan, radians, sin

import numpy as np
import pytest

from firmware_bridge.command import MotorCommand
from firmware_bridge.geometry import ARM_M, HEAD_HEIGHT_M, LEGS, ROD_M
from firmware_bridge.joints import JOINTS, REST_POSE_RAD, STEWART
from firmware_bridge.kinematics import (
    HEAD_TO_BODY_LIMIT_RAD,
    NEUTRAL,
    PITCH_DOWN_LIMIT_RAD,
    PITCH_UP_LIMIT_RAD,
    HeadPose,
    command_of_joints,
    head_of_legs,
    joints_of_command,
    legs_of_head,
    stiffness_of_head,
    within_limits,
)

NEUTRAL_LEG = radians(35.9)


def pose_numbers(pose: HeadPose | None) -> tuple[float, ...]:
    assert pose is not None
    return (pose.yaw_rad, pose.pitch_rad, pose.roll_rad, pose.x_m, pose.y_m, pose.z_m)


def test_neutral_pose_is_the_measured_one():
    legs = legs_of_head(0.0, 0.0)
    assert legs == pytest.approx([NEUTRAL_LEG, -NEUTRAL_LEG] * 3, abs=radians(0.05))
    assert legs[0] == pytest.approx(0.6265, abs=1e-4)


def test_all_legs_at_zero_lower_the_head_by_27_millimetres():
    pose = head_of_legs((0.0,) * 6)
    assert pose_numbers(pose)[:5] == pytest.approx([0.0] * 5, abs=1e-4)
    assert pose.z_m + HEAD_HEIGHT_M == pytest.approx(0.1496, abs=1e-4)


@pytest.mark.parametrize(
    ("axis", "slopes"),
    [
        ("yaw_rad", (0.295, 0.295, 0.295, 0.295, 0.295, 0.295)),
        ("pitch_rad", (-0.475, 0.198, 0.677, -0.677, -0.198, 0.475)),
        ("roll_rad", (0.504, -0.669, 0.163, 0.161, -0.662, 0.504)),
    ],
)
def test_slopes_at_neutral_are_the_measured_ones(axis: str, slopes: tuple[float, ...]):
    step = radians(0.01)
    moved = legs_of_head(**{"yaw_rad": 0.0, "pitch_rad": 0.0, axis: step})
    neutral = legs_of_head(0.0, 0.0)
    found = [(a - b) / step for a, b in zip(moved, neutral, strict=True)]
    assert found == pytest.approx(slopes, abs=0.006)


@pytest.mark.parametrize(
    ("axis", "unit", "last_inside"),
    [
        ("roll_rad", radians(1.0), 47.5),
        ("roll_rad", radians(-1.0), 47.5),
        ("pitch_rad", radians(1.0), 48.0),
        ("pitch_rad", radians(-1.0), 72.0),
        ("z_m", 1e-3, 23.0),
        ("z_m", -1e-3, 50.5),
        ("x_m", 1e-3, 50.5),
        ("x_m", -1e-3, 46.5),
        ("y_m", 1e-3, 47.5),
        ("y_m", -1e-3, 47.5),
    ],
)
def test_a_leg_leaves_its_limits_where_it_was_measured(axis: str, unit: float, last_inside: float):
    def legs(amount: float) -> tuple[float, ...]:
        return legs_of_head(**{"yaw_rad": 0.0, "pitch_rad": 0.0, axis: amount * unit})

    assert within_limits(legs(last_inside))
    assert not within_limits(legs(last_inside + 0.8))


def test_rest_pose_is_the_sleeping_head():
    legs = REST_POSE_RAD[STEWART]
    assert within_limits(legs)
    pose = head_of_legs(legs)
    assert degrees(pose.pitch_rad) == pytest.approx(24.0, abs=0.6)
    assert (pose.x_m, pose.y_m, pose.z_m) == pytest.approx((-0.021, 0.0, -0.044), abs=1e-3)
    assert (pose.yaw_rad, pose.roll_rad) == pytest.approx((0.0, 0.0), abs=0.01)
    assert stiffness_of_head(pose) > 0.5


def test_a_pose_out_of_reach_has_no_legs():
    assert legs_of_head(0.0, radians(52.0)) is None
    assert legs_of_head(0.0, 0.0, radians(53.0)) is None
    assert legs_of_head(0.0, 0.0, 0.0, 1e200, -1e200, 1e200) is None


def test_the_forward_way_agrees_with_the_rods_themselves():
    """Independent of the closed form: the rods of the found pose have the length of a rod."""
    angles = (0.9, -0.4, 0.55, -0.8, 0.62, -0.71)
    pose = head_of_legs(angles)
    cy, sy, cp, sp = (f(a) for a in (pose.yaw_rad, pose.pitch_rad) for f in (np.cos, np.sin))
    cr, sr = np.cos(pose.roll_rad), np.sin(pose.roll_rad)
    rotation = (
        np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
        @ np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
        @ np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    )
    centre = np.array([pose.x_m, pose.y_m, pose.z_m + HEAD_HEIGHT_M])
    for leg, angle in zip(LEGS, angles, strict=True):
        arm = np.cos(angle) * np.array(leg.along) + np.sin(angle) * np.array(leg.across)
        rod = rotation @ np.array(leg.plate_m) + centre - np.array(leg.shaft_m) - ARM_M * arm
        assert np.linalg.norm(rod) == pytest.approx(ROD_M, abs=1e-12)


def test_legs_that_fit_no_pose_are_told_apart():
    lower = [joint.lower_rad for joint in JOINTS[STEWART]]
    upper = [joint.upper_rad for joint in JOINTS[STEWART]]
    opposed = (upper[0], upper[1], lower[2], lower[3], upper[4], lower[5])
    assert head_of_legs(opposed) is None
    assert head_of_legs((nan,) * 6) is None
    assert head_of_legs((inf,) * 6) is None
    reading = command_of_joints((0.1, *opposed, 0.2, 0.3), HeadPose(yaw_rad=0.4))
    assert not reading.closed
    assert reading.relative == HeadPose(yaw_rad=0.4)
    assert reading.head.yaw_rad == 0.5


def test_a_bad_guess_is_no_worse_than_none():
    legs = legs_of_head(0.5, -0.3, 0.1)
    found = head_of_legs(legs, HeadPose(2.9, 1.4, -2.0, 0.3, -0.2, 0.4))
    assert pose_numbers(found) == pytest.approx((0.5, -0.3, 0.1, 0.0, 0.0, 0.0), abs=1e-9)


def test_far_legs_are_found_where_the_way_from_neutral_fails():
    pose = HeadPose(1.0621, -0.9476, 0.8515, 0.0304, 0.013, -0.044)
    legs = legs_of_head(*pose_numbers(pose))
    found = head_of_legs(legs)
    assert pose_numbers(found) == pytest.approx(pose_numbers(pose), abs=1e-6)


def test_a_pure_pitch_is_singular_before_a_servo_ends():
    assert within_limits(legs_of_head(0.0, radians(-70.0)))
    assert stiffness_of_head(HeadPose(pitch_rad=radians(-70.0))) < 0.0
    assert stiffness_of_head(NEUTRAL) == 1.0
    assert stiffness_of_head(HeadPose(pitch_rad=radians(60.0))) == 0.0


def test_a_reachable_command_is_kept():
    command = MotorCommand(0.5, -0.2, 0.3, -0.4, 0.2)
    joints, scale = joints_of_command(command)
    assert scale == 1.0
    assert joints == (0.2, *legs_of_head(0.5 - 0.2, -0.2), -0.4, 0.3)
    read = command_of_joints(joints).command
    assert (read.head_yaw_rad, read.head_pitch_rad) == pytest.approx((0.5, -0.2), abs=1e-9)
    assert (read.antenna_left_rad, read.antenna_right_rad) == (0.3, -0.4)
    assert read.body_yaw_rad == 0.2


def test_a_pose_out_of_reach_is_scaled_back_whole():
    joints, scale = joints_of_command(MotorCommand(radians(30.0), radians(45.0), 0.0, 0.0, 0.0))
    pose = head_of_legs(joints[STEWART])
    assert 0.5 < scale < 1.0
    assert pose.yaw_rad == pytest.approx(scale * radians(30.0), abs=1e-6)
    assert pose.pitch_rad == pytest.approx(scale * radians(45.0), abs=1e-6)
    assert hypot(pose.yaw_rad / HEAD_TO_BODY_LIMIT_RAD, pose.pitch_rad / PITCH_DOWN_LIMIT_RAD) == (
        pytest.approx(1.0)
    )


@pytest.mark.parametrize("bearing", range(0, 360, 15))
def test_the_edge_of_the_ellipse_leaves_every_leg_room(bearing: int):
    way = radians(bearing)
    pitch_limit = PITCH_DOWN_LIMIT_RAD if sin(way) > 0 else PITCH_UP_LIMIT_RAD
    yaw, pitch = HEAD_TO_BODY_LIMIT_RAD * cos(way), pitch_limit * sin(way)
    legs = legs_of_head(yaw, pitch)
    assert within_limits([angle * 1.1 for angle in legs])
    assert stiffness_of_head(HeadPose(yaw, pitch)) > 0.45


@pytest.mark.parametrize(
    ("yaw", "pitch"), [(30, 43), (45, 37), (60, 29), (30, -55), (45, -46), (60, -35)]
)
def test_greatest_pitch_beside_a_yaw_is_the_measured_one(yaw: float, pitch: float):
    """The measured table is rounded to a degree."""
    beyond = pitch + (1.1 if pitch > 0 else -1.1)
    before = pitch - (0.6 if pitch > 0 else -0.6)
    assert within_limits(legs_of_head(radians(yaw), radians(before)))
    out = legs_of_head(radians(yaw), radians(beyond))
    assert out is None or not within_limits(out)


def test_the_yaw_of_the_head_is_cut_beside_the_body():
    joints, scale = joints_of_command(MotorCommand(3.0, 0.0, 0.0, 0.0, 0.5))
    assert scale == 1.0
    assert command_of_joints(joints).head.yaw_rad == pytest.approx(0.5 + HEAD_TO_BODY_LIMIT_RAD)


def test_looking_up_stops_where_the_head_is_held():
    joints, scale = joints_of_command(MotorCommand(0.0, -10.0, 0.0, 0.0, 0.0))
    assert scale == pytest.approx(PITCH_UP_LIMIT_RAD / 10.0)
    assert head_of_legs(joints[STEWART]).pitch_rad == pytest.approx(-PITCH_UP_LIMIT_RAD)


def test_a_whole_turn_of_pitch_is_not_taken_for_neutral():
    joints, scale = joints_of_command(MotorCommand(0.4, 2.0 * np.pi, 0.0, 0.0, 0.0))
    assert scale < 0.2
    assert head_of_legs(joints[STEWART]).pitch_rad > radians(29.0)
