"""The joint table: what each of the nine servos is, where it may go and how fast.

Order everywhere is the order of the servo ids, 10 to 18: body yaw, six legs of the Stewart
platform, right antenna, left antenna. Angles are the servo's own, after its homing offset:
``position_rad = 2 pi raw / 4096 - pi`` (ROBOTIS e-manual, XL330, address 132).

Limits of position are those of the servos' EEPROM, drawn in where the mechanics ask for it
(body: an audited unit reaches +150/-143 degrees, so 120 leaves a margin; antennas hang at 3.05).
Limits of velocity and acceleration are this project's choice: well under the no-load speed
(10.8 rad/s for the legs at 5 V) and above what human-made motions ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

COUNTS_PER_TURN: Final = 4096
PI: Final = 3.141592653589793


class ServoModel(IntEnum):
    """Dynamixel model numbers (control table, address 0)."""

    XL330_M288 = 1200
    XL330_M077 = 1190
    XC330_M288 = 1240


@dataclass(frozen=True, slots=True)
class Joint:
    """One servo: identity, limits, rest pose and the gains that the robot ships with."""

    name: str
    servo_id: int
    model: ServoModel
    homing_offset_raw: int
    min_raw: int
    max_raw: int
    lower_rad: float
    upper_rad: float
    rest_rad: float
    max_velocity_rad_s: float
    max_acceleration_rad_s2: float
    max_lag_rad: float
    """How far a target may stand from the measured position."""
    p_gain: int
    i_gain: int
    d_gain: int


def raw_to_rad(raw: int) -> float:
    """Register 132/116 (pulses, 0 to 4095) to radians."""
    return 2.0 * PI * raw / COUNTS_PER_TURN - PI


def rad_to_raw(position_rad: float) -> int:
    """Radians to pulses, nearest (the vendor truncates; nearest halves the worst error)."""
    return round((position_rad + PI) * COUNTS_PER_TURN / (2.0 * PI))


def _leg(number: int, offset: int, min_raw: int, max_raw: int, rest_rad: float) -> Joint:
    return Joint(
        name=f"stewart_{number}",
        servo_id=10 + number,
        model=ServoModel.XL330_M288,
        homing_offset_raw=offset,
        min_raw=min_raw,
        max_raw=max_raw,
        lower_rad=raw_to_rad(min_raw),
        upper_rad=raw_to_rad(max_raw),
        rest_rad=rest_rad,
        max_velocity_rad_s=5.0,
        max_acceleration_rad_s2=80.0,
        max_lag_rad=0.6,
        p_gain=300,
        i_gain=0,
        d_gain=0,
    )


def _antenna(name: str, servo_id: int, rest_rad: float) -> Joint:
    return Joint(
        name=name,
        servo_id=servo_id,
        model=ServoModel.XL330_M077,
        homing_offset_raw=0,
        min_raw=0,
        max_raw=4095,
        lower_rad=-3.1,
        upper_rad=3.1,
        rest_rad=rest_rad,
        max_velocity_rad_s=12.0,
        max_acceleration_rad_s2=200.0,
        max_lag_rad=1.5,
        p_gain=200,
        i_gain=0,
        d_gain=0,
    )


JOINTS: Final[tuple[Joint, ...]] = (
    Joint(
        name="body_yaw",
        servo_id=10,
        model=ServoModel.XC330_M288,
        homing_offset_raw=0,
        min_raw=0,
        max_raw=4095,
        lower_rad=-2.0943951,
        upper_rad=2.0943951,
        rest_rad=0.0,
        max_velocity_rad_s=3.5,
        max_acceleration_rad_s2=25.0,
        max_lag_rad=0.8,
        p_gain=200,
        i_gain=0,
        d_gain=0,
    ),
    _leg(1, 1024, 1502, 2958, -0.171),
    _leg(2, -1024, 1138, 2844, 0.837),
    _leg(3, 1024, 1502, 2958, -0.123),
    _leg(4, -1024, 1138, 2594, 0.088),
    _leg(5, 1024, 1252, 2958, -0.812),
    _leg(6, -1024, 1138, 2594, 0.179),
    _antenna("right_antenna", 17, -3.05),
    _antenna("left_antenna", 18, 3.05),
)

BODY_YAW: Final = 0
STEWART: Final = slice(1, 7)
RIGHT_ANTENNA: Final = 7
LEFT_ANTENNA: Final = 8
JOINT_COUNT: Final = len(JOINTS)
REST_POSE_RAD: Final[tuple[float, ...]] = tuple(joint.rest_rad for joint in JOINTS)
