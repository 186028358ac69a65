"""What the joints tell in one tick: read once for all who want it, if it can be true."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, isfinite
from operator import attrgetter
from typing import Final

import msgspec

from firmware_bridge.senses import BodySense, JointsSense

MOST_RAD: Final = 7.0
MOST_RAD_S: Final = 100.0
MOST_A: Final = 10.0
MOST_V: Final = 50.0
MOST_OF_IMU: Final = 400.0
"""No joint turns further, no servo of this size is faster or takes more, no chip reads more (its
range is 24 g and 35 rad/s). What lies beyond is damage, NaN too, and the stream is not there."""
_MOST: Final = (MOST_RAD, MOST_RAD_S, MOST_A, MOST_V)
_NUMBERS: Final = attrgetter(
    "position_rad",
    "velocity_rad_s",
    "current_a",
    "voltage_v",
    "t_telemetry_ns",
    "answered",
    "torque_enabled",
)


class Felt(msgspec.Struct, frozen=True):
    """Numbers of nine joints, by kind, in the order of ``joints.JOINTS``."""

    position_rad: tuple[float, ...]
    velocity_rad_s: tuple[float, ...]
    current_a: tuple[float, ...]
    voltage_v: tuple[float, ...]
    told_ns: tuple[int, ...]
    """When each told its current; 0: never yet."""
    finite: bool
    """No number is NaN or infinite."""
    answered: bool
    """All nine answered."""
    holds: tuple[bool, ...]
    """Those that answered and have torque."""
    all_hold: bool


def feel(joints: JointsSense) -> Felt:
    """The numbers of all joints."""
    rows = zip(*map(_NUMBERS, joints.joints), strict=True)
    position, velocity, current, voltage, told_ns, answered, torque = rows
    everything = all(answered)
    all_hold = everything and all(torque)
    return Felt(
        position,
        velocity,
        current,
        voltage,
        told_ns,
        isfinite(sum(position) + sum(velocity) + sum(current) + sum(voltage)),
        everything,
        answered if all_hold else tuple([a and t for a, t in zip(answered, torque, strict=True)]),
        all_hold,
    )


def believable(sense: BodySense) -> tuple[BodySense, Felt | None]:
    """The sense without a stream that holds numbers which no sound sensor gives; and its joints.

    The length of a vector is no less than its largest number, and NaN where one is: where it is
    within the bound all numbers are, and need not be looked at one by one.
    """
    joints, imu = sense.joints, sense.imu
    felt = None
    if joints is not None:
        felt = feel(joints)
        short = (
            hypot(*felt.position_rad) < MOST_RAD
            and hypot(*felt.velocity_rad_s) < MOST_RAD_S
            and hypot(*felt.current_a) < MOST_A
            and hypot(*felt.voltage_v) < MOST_V
        )
        if not (short or _possible(felt)):
            sense, felt = replace(sense, joints=None), None
    if imu is not None:
        numbers = (*imu.gyroscope_rad_s, *imu.accelerometer_m_s2)
        if not (hypot(*numbers) < MOST_OF_IMU or _within(numbers, MOST_OF_IMU)):
            sense = replace(sense, imu=None)
    return sense, felt


def _possible(felt: Felt) -> bool:
    kinds = (felt.position_rad, felt.velocity_rad_s, felt.current_a, felt.voltage_v)
    return all(map(_within, kinds, _MOST))


def _within(numbers: tuple[float, ...], most: float) -> bool:
    """Every number is smaller than ``most``; NaN is not."""
    return all(abs(number) < most for number in numbers)
