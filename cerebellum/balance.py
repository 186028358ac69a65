"""What happens to the whole robot: lifted, tilted, turned, set down, or its table knocked.

A hand that holds the robot trembles at 8 to 10 Hz (Sutton and Sykes 1967), so the gyroscope does
not come to rest before the robot stands again; a table that was knocked rings and fades within a
second. Which way a hand moves the robot is in the sums of the surprises: a turn about a level axis
is a tilt, about the upright one a turn; held without either is a lift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from cerebellum.contact import Evidence
from cerebellum.felt import Kind
from cerebellum.forward_model import GYROSCOPE, Surprise

DECIDE_S: Final = 0.7
"""A knock has faded by then, a hand that holds still trembles."""
RECENT_S: Final = 0.2
HELD: Final = 4.0
"""Evidence of sway, spin or heave that a knock no longer gives after ``DECIDE_S``."""
TILTED_RAD: Final = 0.06
"""More than a trembling hand tilts (0.003), less than anybody means by tilting."""
TURNED_RAD: Final = 0.05
FADING: Final = 0.05
"""Share of the sums that is lost in a second: offsets must not add up."""


@dataclass(slots=True)
class Sway:
    """Sums of the IMU's surprises since an episode began."""

    roll_rad: float = 0.0
    pitch_rad: float = 0.0
    yaw_rad: float = 0.0
    tilt_most_rad: float = 0.0
    yaw_most_rad: float = 0.0
    recent: float = 0.0
    """Strongest evidence of the last ``RECENT_S``."""
    recent_ns: int = 0

    def follow(self, surprise: Surprise, evidence: Evidence) -> None:
        """Add one tick."""
        if not surprise.known[GYROSCOPE.start]:
            return
        dt_s = surprise.dt_s
        off = (surprise.measured - surprise.predicted)[GYROSCOPE]
        roll, pitch, yaw = off.tolist()
        kept = 1.0 - FADING * dt_s
        self.roll_rad = kept * self.roll_rad + roll * dt_s
        self.pitch_rad = kept * self.pitch_rad + pitch * dt_s
        self.yaw_rad = kept * self.yaw_rad + yaw * dt_s
        self.tilt_most_rad = max(self.tilt_most_rad, math.hypot(self.roll_rad, self.pitch_rad))
        self.yaw_most_rad = max(self.yaw_most_rad, abs(self.yaw_rad))
        now = max(evidence.sway, evidence.spin, evidence.heave)
        if now >= self.recent or surprise.t_mono_ns - self.recent_ns > RECENT_S * 1e9:
            self.recent, self.recent_ns = now, surprise.t_mono_ns


def kind_of_robot(sway: Sway, since_s: float) -> Kind:
    """What is done to the robot: ``MOVED`` until ``DECIDE_S`` after it began."""
    tilts = sway.tilt_most_rad > TILTED_RAD and sway.tilt_most_rad > sway.yaw_most_rad
    if since_s < DECIDE_S:
        return Kind.TILT if tilts else Kind.MOVED
    if tilts:
        return Kind.TILT
    if sway.yaw_most_rad > TURNED_RAD:
        return Kind.TURN
    if sway.recent > HELD:
        return Kind.LIFT
    return Kind.BUMP
