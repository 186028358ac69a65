"""The joint table against the robot's registers."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from math import degrees, pi

import pytest

from firmware_bridge.joints import (
    BODY_YAW,
    JOINT_COUNT,
    JOINTS,
    LEFT_ANTENNA,
    REST_POSE_RAD,
    RIGHT_ANTENNA,
    STEWART,
    ServoModel,
    rad_to_raw,
    raw_to_rad,
)


def test_nine_joints_in_the_order_of_the_servo_ids():
    assert [joint.servo_id for joint in JOINTS] == list(range(10, 19))
    assert JOINT_COUNT == 9
    assert [joint.name for joint in JOINTS[STEWART]] == [f"stewart_{n}" for n in range(1, 7)]
    assert JOINTS[BODY_YAW].name == "body_yaw"
    assert JOINTS[RIGHT_ANTENNA].name == "right_antenna"
    assert JOINTS[LEFT_ANTENNA].name == "left_antenna"


def test_the_limits_in_degrees_are_the_ones_that_the_robot_ships_with():
    shipped = [(-48, 80), (-80, 70), (-48, 80), (-80, 48), (-70, 80), (-80, 48)]
    for joint, limits in zip(JOINTS[STEWART], shipped, strict=True):
        assert (round(degrees(joint.lower_rad)), round(degrees(joint.upper_rad))) == limits


@pytest.mark.parametrize("joint", JOINTS, ids=lambda joint: joint.name)
def test_every_joint_is_sound_in_itself(joint):
    assert joint.lower_rad < joint.rest_rad < joint.upper_rad
    assert raw_to_rad(joint.min_raw) <= joint.lower_rad
    assert joint.upper_rad <= raw_to_rad(joint.max_raw)
    assert joint.min_raw <= rad_to_raw(joint.lower_rad)
    assert rad_to_raw(joint.upper_rad) <= joint.max_raw
    assert 0.0 < joint.max_lag_rad < joint.upper_rad - joint.lower_rad
    assert joint.max_velocity_rad_s > 0.0
    assert joint.max_acceleration_rad_s2 > 0.0


def test_the_rest_pose_is_the_sleeping_robot():
    assert REST_POSE_RAD == (0.0, -0.171, 0.837, -0.123, 0.088, -0.812, 0.179, -3.05, 3.05)


def test_the_six_legs_are_alike_but_for_their_limits():
    """The gate moves them as one: they must have one velocity, acceleration and lag."""
    alike = {
        (j.model, j.max_velocity_rad_s, j.max_acceleration_rad_s2, j.max_lag_rad, j.p_gain)
        for j in JOINTS[STEWART]
    }
    assert alike == {(ServoModel.XL330_M288, 5.0, 80.0, 0.6, 300)}


def test_pulses_and_radians():
    assert raw_to_rad(2048) == 0.0
    assert raw_to_rad(0) == -pi
    assert raw_to_rad(3072) == pytest.approx(pi / 2)
    assert rad_to_raw(0.0) == 2048
    assert all(rad_to_raw(raw_to_rad(raw)) == raw for raw in range(4096))
    half = 0.5 * 2 * pi / 4096
    assert rad_to_raw(half * 0.99) == 2048
    assert rad_to_raw(half * 1.01) == 2049


def test_the_table_cannot_be_written():
    with pytest.raises(FrozenInstanceError):
        JOINTS[0].upper_rad = 9.0
