"""What an IMU is here: its settings, one reading, and the turn into the base frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from firmware_bridge.senses import ImuSense
from firmware_bridge.sensors.orientation import (
    IDENTITY,
    Quaternion,
    Vector,
    conjugate,
    from_roll_pitch_yaw,
    multiply,
    rotate,
)
from firmware_bridge.sensors.reader import HeadPose, PoseHistory, within

MountedOn = Literal["foot", "body", "head"]
"""The part that the chip sits on."""
ACC_RANGES_G: Final = {3: 0, 6: 1, 12: 2, 24: 3}
"""Range in g and its code (BMI088, register 0x41)."""
GYRO_RANGES_DPS: Final = {2000: 0, 1000: 1, 500: 2, 250: 3, 125: 4}
"""Range in deg/s and its code (BMI088, register 0x0F)."""


@dataclass(frozen=True, slots=True)
class ImuSettings:
    """The IMU: where the chip is and how it is mounted.

    ``mounting_rpy_rad`` turns the chip's axes into those of the part that it is mounted on
    (roll, pitch, yaw about fixed axes); ``mounted_on`` names that part. The vendor documents
    neither, so both are found once per robot: turn body and head, and see which moves the gyro.
    """

    enabled: bool = True
    """False on a robot without one."""
    bus: int | str = 4
    """Number of /dev/i2c-N, or a path."""
    accelerometer_address: int = 0x18
    gyroscope_address: int = 0x69
    accelerometer_range_g: int = 6
    gyroscope_range_dps: int = 500
    rate_hz: float = 100.0
    mounting_rpy_rad: tuple[float, float, float] = (0.0, 0.0, 0.0)
    mounted_on: MountedOn = "foot"

    def __post_init__(self) -> None:
        """Raises ``ValueError`` naming the field that is out of range."""
        within("rate_hz", self.rate_hz, 10.0, 400.0)
        if self.accelerometer_range_g not in ACC_RANGES_G:
            raise ValueError(f"accelerometer_range_g must be one of {sorted(ACC_RANGES_G)}")
        if self.gyroscope_range_dps not in GYRO_RANGES_DPS:
            raise ValueError(f"gyroscope_range_dps must be one of {sorted(GYRO_RANGES_DPS)}")


@dataclass(frozen=True, slots=True)
class ImuSample:
    """One reading, in the axes of the part that the chip is mounted on."""

    t_mono_ns: int
    valid: bool
    """False when an axis is at the end of its range."""
    accelerometer_m_s2: Vector
    gyroscope_rad_s: Vector
    orientation: Quaternion
    temperature_c: float


def imu_in_base_frame(
    sample: ImuSample, interval_ns: int, mounted_on: MountedOn, history: PoseHistory
) -> ImuSense:
    """The sample turned from the axes of the part that the chip is on to those of the foot."""
    part, known = IDENTITY, True
    if mounted_on != "foot":
        pose = history.at(sample.t_mono_ns)
        part, known = _attitude(pose, mounted_on), pose.known
    return ImuSense(
        t_mono_ns=sample.t_mono_ns,
        interval_ns=interval_ns,
        valid=sample.valid and known,
        accelerometer_m_s2=rotate(part, sample.accelerometer_m_s2),
        gyroscope_rad_s=rotate(part, sample.gyroscope_rad_s),
        orientation_wxyz=multiply(sample.orientation, conjugate(part)),
        temperature_c=sample.temperature_c,
    )


def _attitude(pose: HeadPose, part: MountedOn) -> Quaternion:
    if part == "body":
        return from_roll_pitch_yaw(0.0, 0.0, pose.body_yaw_rad)
    return from_roll_pitch_yaw(pose.roll_rad, pose.pitch_rad, pose.yaw_rad)
