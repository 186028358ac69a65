"""From the daemon's messages to samples: when they came, how far apart, and what they mean."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from firmware_bridge.daemon.messages import ImuMessage, JointMessage, JointsSample
from firmware_bridge.sensors.imu import ImuSample
from firmware_bridge.sensors.orientation import (
    OrientationFilter,
    Vector,
    from_roll_pitch_yaw,
    rotate,
)

WINDOW: Final = 6
"""Messages over which spacing and joint velocity are taken: 0.1 s at 50 Hz."""
TEMPERATURE_WRAP_C: Final = 256.0
HOTTEST_C: Final = 100.0
"""The daemon's IMU library leaves a sign out: below 23 degrees it reads 256 too many."""


class Spacing:
    """Mean spacing of the last messages of one kind."""

    def __init__(self) -> None:
        self._times: deque[int] = deque(maxlen=WINDOW)

    @property
    def last_ns(self) -> int | None:
        """When the last message came."""
        return self._times[-1] if self._times else None

    def add(self, now_ns: int) -> int:
        """A message came; the spacing, ns, 0 for the first."""
        self._times.append(now_ns)
        return (now_ns - self._times[0]) // max(1, len(self._times) - 1)


class JointStream:
    """Positions with the time that they came and a velocity over the last tenth of a second."""

    def __init__(self) -> None:
        self._positions: deque[tuple[int, tuple[float, ...]]] = deque(maxlen=WINDOW)

    def take(self, now_ns: int, message: JointMessage) -> JointsSample | None:
        """The sample of a message; None when a position is not finite."""
        position = (*message.head_joint_positions, *message.antennas_joint_positions)
        if not all(map(math.isfinite, position)):
            return None
        self._positions.append((now_ns, position))
        first_ns, first = self._positions[0]
        span_s = (now_ns - first_ns) * 1e-9
        per_s = 1.0 / span_s if span_s > 0.0 else 0.0
        return JointsSample(
            t_mono_ns=now_ns,
            interval_ns=(now_ns - first_ns) // max(1, len(self._positions) - 1),
            position_rad=position,
            velocity_rad_s=tuple(
                (new - old) * per_s for new, old in zip(position, first, strict=True)
            ),
        )


class ImuStream:
    """IMU messages through our own orientation filter, with the time that really passed."""

    def __init__(self, mounting_rpy_rad: Vector) -> None:
        """``mounting_rpy_rad`` turns the chip's axes into those of the part it is on."""
        self._mounting = from_roll_pitch_yaw(*mounting_rpy_rad)
        self._filter = OrientationFilter()
        self._spacing = Spacing()

    def take(self, now_ns: int, message: ImuMessage) -> tuple[ImuSample, int]:
        """The sample of a message, and the spacing of the last ones, ns."""
        last_ns = self._spacing.last_ns
        force = rotate(self._mounting, message.accelerometer)
        rate = rotate(self._mounting, message.gyroscope)
        dt_s = math.inf if last_ns is None else (now_ns - last_ns) * 1e-9
        wrapped = message.temperature > HOTTEST_C
        sample = ImuSample(
            t_mono_ns=now_ns,
            valid=True,
            accelerometer_m_s2=force,
            gyroscope_rad_s=rate,
            orientation=self._filter.update(rate, force, dt_s),
            temperature_c=message.temperature - (TEMPERATURE_WRAP_C if wrapped else 0.0),
        )
        return sample, self._spacing.add(now_ns)
