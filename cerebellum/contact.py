"""From 24 surprises to eight kinds of evidence that something outside moves the robot.

A touch lasts longer than a tick of a fast loop, so surprises are summed over a short memory, in
which those of one touch have one sign and noise has none. Each kind of evidence is then compared
with its limit, near the top of what an untouched, dancing robot says (``contact_limits`` tells how
it was set). Evidence of 1 is that limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from cerebellum.contact_limits import LIMITS, Limits
from cerebellum.forward_model import Surprise
from firmware_bridge.joints import BODY_YAW

MEMORY_S: Final = 0.06
"""Hands take at least so long to come: one tick of a slow loop, several of a fast one."""
LONGEST_GAP_S: Final = 0.5
SLIPS_S: Final = 0.6
SLIPPING: Final = 0.3
"""For so long after its own step the body's bearing sticks and slips, and counts only this much."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Each in units of its limit, at least 0; ``imu`` says whether the last five mean anything."""

    body: float
    """The body's joint."""
    legs: float
    right: float
    left: float
    """The antennas."""
    sway: float
    """Roll and pitch rates of the foot."""
    spin: float
    """Yaw rate."""
    shake: float
    """Specific force, level."""
    heave: float
    """Specific force, up and down."""
    imu: bool
    known: bool
    """False: nothing can be said of this tick."""

    @property
    def joints(self) -> float:
        """What the joints say together: 1 is about their limit."""
        return math.sqrt(self.body**2 + self.legs**2 + self.right**2 + self.left**2)

    @property
    def shaken(self) -> float:
        """What the IMU says of the foot: its spin is left out, which own turns disturb."""
        return math.sqrt(self.sway**2 + self.shake**2 + self.heave**2)


NOTHING: Final = Evidence(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, imu=False, known=False)


def limits_of(period_s: float) -> Limits:
    """The limits of a loop with a period next to this one."""
    return min(LIMITS, key=lambda limits: abs(math.log(limits.period_s / period_s)))


class Contact:
    """``step`` once a tick."""

    def __init__(self, limits: Limits) -> None:
        """``limits`` of this loop's period, or all 1 to fit them."""
        self._limits = limits
        self._memory = [0.0] * 24
        self._still_s = 0.0

    def step(self, surprise: Surprise) -> Evidence:
        """Evidence of this tick, and of those just before it."""
        dt_s = surprise.dt_s
        if not 0.0 < dt_s < LONGEST_GAP_S or not surprise.known[:9].any():
            self._memory = [0.0] * 24
            return NOTHING
        kept = math.exp(-dt_s / MEMORY_S)
        fresh = math.sqrt(1.0 - kept * kept)
        scores = surprise.score.tolist()
        self._memory = [kept * m + fresh * s for m, s in zip(self._memory, scores, strict=True)]
        m, limits, hypot = self._memory, self._limits, math.hypot
        self._still_s = 0.0 if surprise.step_rad[BODY_YAW] != 0.0 else self._still_s + dt_s
        slips = SLIPPING if self._still_s < SLIPS_S else 1.0
        return Evidence(
            body=slips * abs(m[0]) / limits.body,
            legs=hypot(m[1], m[2], m[3], m[4], m[5], m[6]) / limits.legs,
            right=abs(m[7]) / limits.antenna,
            left=abs(m[8]) / limits.antenna,
            sway=hypot(m[18], m[19]) / limits.sway,
            spin=abs(m[20]) / limits.spin,
            shake=hypot(m[21], m[22]) / limits.shake,
            heave=abs(m[23]) / limits.heave,
            imu=bool(surprise.known[18]),
            known=True,
        )


def strongest(first: Evidence, second: Evidence) -> Evidence:
    """Of each kind the greater one."""
    return Evidence(
        body=max(first.body, second.body),
        legs=max(first.legs, second.legs),
        right=max(first.right, second.right),
        left=max(first.left, second.left),
        sway=max(first.sway, second.sway),
        spin=max(first.spin, second.spin),
        shake=max(first.shake, second.shake),
        heave=max(first.heave, second.heave),
        imu=first.imu or second.imu,
        known=first.known or second.known,
    )
