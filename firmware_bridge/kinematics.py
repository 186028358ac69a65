"""Five numbers <-> nine joints: the head's pose is scaled back whole when a leg would not follow.

The mechanism itself is in ``stewart``; its pose and its two directions are offered here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, radians
from typing import Final

from firmware_bridge.command import MotorCommand
from firmware_bridge.joints import BODY_YAW, JOINTS, LEFT_ANTENNA, RIGHT_ANTENNA, STEWART
from firmware_bridge.senses import HeadSense
from firmware_bridge.stewart import (
    NEUTRAL,
    NEUTRAL_LEGS,
    HeadPose,
    head_of_legs,
    legs_of_head,
    stiffness_of_head,
    within_limits,
)

__all__ = [
    "HEAD_TO_BODY_LIMIT_RAD",
    "NEUTRAL",
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

HEAD_TO_BODY_LIMIT_RAD: Final = radians(65.0)
"""Largest yaw of the head against the body (the robot's documentation)."""
PITCH_UP_LIMIT_RAD: Final = radians(60.0)
"""The platform is singular at 67 degrees; here at least 7 % of its stiffness is left."""
_PITCH_DOWN_BOUND_RAD: Final = pi / 2.0
"""Past a quarter turn the sine comes round, and a pose far out of reach would look reachable."""
_BISECTIONS: Final = 14
"""Halvings of the scale: 1/16384 of a pose is a twentieth of a servo's pulse."""


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

    Body and antennas are cut at their limits, the head's yaw at 65 degrees from the body. When a
    leg would still leave its limits, or the platform come near its singularity, the head pose
    (yaw, pitch) is scaled back whole towards neutral: by the largest reachable scale in [0, 1],
    1.0 when nothing was cut. Reachable poses are star-shaped around neutral, so bisection finds
    it. Total for finite commands. The body's joint is positive to the left, as its command is.
    """
    body = _cut(command.body_yaw_rad, BODY_YAW)
    yaw = command.head_yaw_rad - body
    yaw = min(max(yaw, -HEAD_TO_BODY_LIMIT_RAD), HEAD_TO_BODY_LIMIT_RAD)
    pitch = command.head_pitch_rad
    bound = PITCH_UP_LIMIT_RAD if pitch < 0.0 else _PITCH_DOWN_BOUND_RAD
    scale = high = bound / abs(pitch) if abs(pitch) > bound else 1.0
    legs = _legs(high * yaw, high * pitch)
    if legs is None:
        scale, legs = 0.0, NEUTRAL_LEGS
        for _ in range(_BISECTIONS):
            middle = 0.5 * (scale + high)
            found = _legs(middle * yaw, middle * pitch)
            if found is None:
                high = middle
            else:
                scale, legs = middle, found
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


def _legs(yaw: float, pitch: float) -> tuple[float, ...] | None:
    legs = legs_of_head(yaw, pitch)
    return legs if legs is not None and within_limits(legs) else None
