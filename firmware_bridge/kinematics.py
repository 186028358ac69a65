"""Five numbers <-> nine joints: a head pose that the legs cannot hold is scaled back whole.

The mechanism itself is in ``stewart``; its pose and its two directions are offered here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, radians
from typing import Final

from firmware_bridge.command import MotorCommand
from firmware_bridge.joints import BODY_YAW, JOINTS, LEFT_ANTENNA, RIGHT_ANTENNA, STEWART
from firmware_bridge.senses import HeadSense
from firmware_bridge.stewart import (
    NEUTRAL,
    HeadPose,
    head_of_legs,
    legs_of_head,
    stiffness_of_head,
    within_limits,
)

__all__ = [
    "HEAD_TO_BODY_LIMIT_RAD",
    "NEUTRAL",
    "PITCH_DOWN_LIMIT_RAD",
    "PITCH_UP_LIMIT_RAD",
    "HeadPose",
    "PostureReading",
    "command_of_joints",
    "head_of_legs",
    "joints_of_command",
    "legs_of_head",
    "stiffness_of_head",
    "within_limits",
]

HEAD_TO_BODY_LIMIT_RAD: Final = radians(40.0)
"""Largest yaw of the head against the body."""
PITCH_UP_LIMIT_RAD: Final = radians(22.0)
PITCH_DOWN_LIMIT_RAD: Final = radians(30.0)
"""Where a servo ends or the platform is singular is far beyond (48 and 67 degrees). But with the
gains that the robot ships with, its weight pulls a far-turned head further, past the singularity,
where it falls onto the body and the legs cannot lift it. The ellipse of these three is what the
platform holds, with any servo unit, over swings from edge to edge (``ember bench neck``)."""


@dataclass(frozen=True, slots=True)
class PostureReading:
    """What nine joint positions amount to: ``joints_of_command`` the other way."""

    command: MotorCommand
    """The five numbers that the measured joints stand for."""
    head: HeadSense
    relative: HeadPose
    """Head against body; the guess for the next reading."""
    closed: bool
    """False: no pose fits these legs, and the head's numbers are those of the guess."""


def joints_of_command(command: MotorCommand) -> tuple[tuple[float, ...], float]:
    """Nine joint goals in table order, always within limits, and the scale of the head pose.

    Body and antennas are cut at their limits, the head's yaw at 40 degrees from the body. A head
    pose (yaw, pitch) outside the ellipse in which every leg is within its limits and holds the
    head is scaled back whole onto its edge; the scale is 1.0 when nothing was cut. Total for
    finite commands. The body's joint is positive to the left, as its command is.
    """
    body = _cut(command.body_yaw_rad, BODY_YAW)
    yaw = command.head_yaw_rad - body
    yaw = min(max(yaw, -HEAD_TO_BODY_LIMIT_RAD), HEAD_TO_BODY_LIMIT_RAD)
    pitch = command.head_pitch_rad
    pitch_limit = PITCH_UP_LIMIT_RAD if pitch < 0.0 else PITCH_DOWN_LIMIT_RAD
    radius = hypot(yaw / HEAD_TO_BODY_LIMIT_RAD, pitch / pitch_limit)
    scale = 1.0 if radius <= 1.0 else 1.0 / radius
    legs = legs_of_head(scale * yaw, scale * pitch)
    assert legs is not None, "the whole ellipse is within reach"
    right = _cut(command.antenna_right_rad, RIGHT_ANTENNA)
    left = _cut(command.antenna_left_rad, LEFT_ANTENNA)
    return (body, *legs, right, left), scale


def command_of_joints(joints: Sequence[float], guess: HeadPose = NEUTRAL) -> PostureReading:
    """Read a posture off nine joint positions, rad, in table order.

    ``guess`` is the relative pose of the last reading. Yaw in the base frame is the body's plus
    the head's own and is not wrapped, so that it never jumps.
    """
    found = head_of_legs(joints[STEWART], guess)
    pose = guess if found is None else found
    body = joints[BODY_YAW]
    yaw = body + pose.yaw_rad
    return PostureReading(
        command=MotorCommand(
            yaw, pose.pitch_rad, joints[LEFT_ANTENNA], joints[RIGHT_ANTENNA], body
        ),
        head=HeadSense(yaw, pose.pitch_rad, pose.roll_rad, pose.z_m),
        relative=pose,
        closed=found is not None,
    )


def _cut(value: float, joint: int) -> float:
    return min(max(value, JOINTS[joint].lower_rad), JOINTS[joint].upper_rad)
