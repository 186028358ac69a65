"""What leaves the loop: five numbers from the network, nine targets for the servos.

A request, what was sent and what was measured are three different facts and three recorded
fields: the first is a ``MotorCommand``, the second a ``JointTargets`` returned by ``Body.act``,
the third is in the next ``BodySense``. ``Clip`` says why the second is not the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag


class Mode(IntEnum):
    """What the body is allowed to do; ordered by severity, so the worst fault wins by ``max``."""

    RUN = 0
    """Full limits, learning on."""
    DEGRADED = 1
    """Half velocity and acceleration, learning frozen."""
    HOLD = 2
    """Keep the pose that was measured on entry."""
    REST = 3
    """Ramp to the rest pose, then let go."""
    OFF = 4
    """Torque off. The mode at start."""
    LIMP = 5
    """Torque off at once: heat and shock only. Left only by the operator."""


@dataclass(frozen=True, slots=True)
class MotorCommand:
    """The network's five numbers, in the robot's base frame (x forward, y left, z up), rad.

    Yaw is positive to the left, pitch positive downwards. ``head_yaw_rad`` is the direction of
    the head in the base frame, not relative to the body. Antennas: 0 is straight up, positive
    turns as the servo does (left antenna: outwards; right antenna: inwards).
    """

    head_yaw_rad: float
    head_pitch_rad: float
    antenna_left_rad: float
    antenna_right_rad: float
    body_yaw_rad: float


@dataclass(frozen=True, slots=True)
class JointTargets:
    """Nine joint positions in the order of ``joints.JOINTS``, and whether the motors hold.

    ``duration_s`` is the time in which the servos shall arrive (their time-based profile): the
    period of the loop, so that a slow command stream still moves smoothly.
    """

    position_rad: tuple[float, ...]
    torque_enabled: bool
    duration_s: float


class Clip(IntFlag):
    """What kept the targets from being the goal at once: the gate's bits, in its order."""

    NONE = 0
    NOT_FINITE = 1
    POSITION = 2
    VELOCITY = 4
    ACCELERATION = 8
    LAG = 16
    DT = 32
    """The time step, the scale or the duration was out of range and was cut."""
    STATE = 64
    """The state was not one that the gate makes; the present pose took its place."""


@dataclass(frozen=True, slots=True)
class GateState:
    """Last targets and their velocity, nine each in the order of ``joints.JOINTS``."""

    position_rad: tuple[float, ...]
    velocity_rad_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GateResult:
    """What may leave, the state for the next call, and what was cut."""

    targets: JointTargets
    state: GateState
    clips: Clip
