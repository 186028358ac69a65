"""What direction of arrival is here: its settings, one reading, and both places it can mean.

The array's angle is 0 at its left end, pi/2 in front or behind, pi at its right end, in the
head's frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from firmware_bridge.senses import DoaSense
from firmware_bridge.sensors.reader import HeadPose, within, wrap_angle

ANGLE_MARGIN_RAD: Final = 1e-3
"""A float32 pi may come out a little over pi."""


@dataclass(frozen=True, slots=True)
class DoaSettings:
    """The microphone array that hears where a sound comes from."""

    enabled: bool = True
    """False on a robot without one."""
    rate_hz: float = 20.0
    half_energy: float = 1e6
    """Raw speech energy that becomes 0.5. Near speech reads about 2e6; 0 is no speech."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` naming the field that is out of range."""
        within("rate_hz", self.rate_hz, 1.0, 50.0)
        within("half_energy", self.half_energy, 1.0, 1e12)


@dataclass(frozen=True, slots=True)
class DoaSample:
    """One reading, in the array's own angle."""

    t_mono_ns: int
    angle_rad: float
    speech: bool
    energy: float
    """0 to 1."""


def energy_share(raw: float, half_energy: float) -> float:
    """Raw speech energy, 0 to infinity, to 0..1: ``raw / (raw + half_energy)``."""
    return raw / (raw + half_energy) if 0.0 < raw < math.inf else 0.0


def doa_in_base_frame(sample: DoaSample, head: HeadPose, interval_ns: int) -> DoaSense:
    """Both hypotheses of the array's angle, turned by the head's yaw at the capture."""
    yaw_rad = math.pi / 2 - sample.angle_rad
    sound = -ANGLE_MARGIN_RAD <= sample.angle_rad <= math.pi + ANGLE_MARGIN_RAD
    if not sound:
        yaw_rad = 0.0
    return DoaSense(
        t_mono_ns=sample.t_mono_ns,
        interval_ns=interval_ns,
        valid=sound and head.known,
        azimuth_rad=wrap_angle(head.yaw_rad + yaw_rad),
        mirror_rad=wrap_angle(head.yaw_rad + math.pi - yaw_rad),
        speech=sample.speech,
        energy=sample.energy,
        head_yaw_rad=head.yaw_rad,
    )
