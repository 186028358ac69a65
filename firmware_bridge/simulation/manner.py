"""The manner of a hand, and a table that rings: what makes one touch differ from the next.

No two hands are the same: how fast each comes and goes, trembles, strokes and turns is drawn from
the world's seed. On touch screens a tap took 133 ms (standard deviation 83) and a slide 421 ms
(181) with forces of 0.5 to 1.2 N (Asakawa et al. 2017, 13 people). Hands stroke at 1 to 10 cm/s
(the optimum of C-tactile afferents; Löken et al. 2009). The error of a held force grows with the
force, and has a peak at 8 to 10 Hz that does not depend on it (Sutton and Sykes 1967).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

NS: Final = 1e-9
RISE_S: Final = (0.06, 0.3)
"""A hand comes, and goes, in such a time, or a third of the touch where that is shorter."""
TAP_PEAK: Final = (0.25, 0.5)
"""Part of a tap after which its force is greatest: it hits faster than it leaves."""
GRIP_RISE_S: Final = (0.4, 1.0)
STROKE_LENGTH_M: Final = (0.03, 0.08)
STROKE_SPEED_M_S: Final = (0.03, 0.12)
STROKE_BACK: Final = 0.35
"""Part of a stroke's period in which the hand goes back through the air."""
TREMOR_HZ: Final = (8.0, 10.0)
WAVER_HZ: Final = (0.4, 1.2)
FORCE_TREMOR: Final = (0.01, 0.04)
FORCE_WAVER: Final = (0.03, 0.12)
"""Parts of a held force: its tremor, and its slow waver."""
TREMOR_M: Final = (0.00005, 0.00015)
TREMOR_RAD: Final = (0.001, 0.003)
TURN_STEPS: Final = (1, 3)
"""A base is turned in one to three pushes."""
TABLE_HZ: Final = (9.0, 16.0)
TABLE_DAMPING: Final = (0.04, 0.1)
TABLE_KG: Final = (5.0, 15.0)
TABLE_UP: Final = 0.6
"""A table rings in its lowest mode; this much of the motion is up and down. This project's
estimates for a wooden top on four legs; a knock begins at once and fades."""
RINGS_S: Final = 1.0
"""After this time a knock has died away."""


def smooth(share: float) -> float:
    """Minimum-jerk step from 0 to 1 (Flash and Hogan 1985)."""
    share = min(1.0, max(0.0, share))
    return share**3 * (10.0 - 15.0 * share + 6.0 * share**2)


@dataclass(frozen=True, slots=True)
class Manner:
    """How one hand does what it does."""

    rise_s: float
    fall_s: float
    peak: float
    grip_rise_s: float
    force_tremor: float
    tremor_m: float
    tremor_rad: float
    tremor_rad_s: float
    tremor_phase: float
    waver: float
    waver_rad_s: float
    waver_phase: float
    stroke_m: float
    stroke_s: float
    turns: tuple[float, ...]
    """Shares of the way at which each push of a turn ends; the last is 1."""

    @staticmethod
    def draw(generator: np.random.Generator) -> Manner:
        """Another hand."""

        def between(span: tuple[float, float]) -> float:
            """A number drawn evenly from a span."""
            return float(generator.uniform(*span))

        turn = (0.0, 2.0 * math.pi)
        length_m = between(STROKE_LENGTH_M)
        pushes = int(generator.integers(TURN_STEPS[0], TURN_STEPS[1] + 1))
        parts = np.cumsum(generator.uniform(0.5, 1.5, pushes))
        return Manner(
            rise_s=between(RISE_S),
            fall_s=between(RISE_S),
            peak=between(TAP_PEAK),
            grip_rise_s=between(GRIP_RISE_S),
            force_tremor=between(FORCE_TREMOR),
            tremor_m=between(TREMOR_M),
            tremor_rad=between(TREMOR_RAD),
            tremor_rad_s=2.0 * math.pi * between(TREMOR_HZ),
            tremor_phase=between(turn),
            waver=between(FORCE_WAVER),
            waver_rad_s=2.0 * math.pi * between(WAVER_HZ),
            waver_phase=between(turn),
            stroke_m=length_m,
            stroke_s=length_m / between(STROKE_SPEED_M_S) / (1.0 - STROKE_BACK),
            turns=tuple((parts / parts[-1]).tolist()),
        )

    def strength(self, elapsed_s: float, seconds: float, kind: str) -> float:
        """Part of the full force at this moment."""
        if kind == "tap":
            rise_s = self.peak * seconds
            return smooth(elapsed_s / rise_s) * smooth((seconds - elapsed_s) / (seconds - rise_s))
        rise_s, fall_s = min(self.rise_s, seconds / 3.0), min(self.fall_s, seconds / 3.0)
        level = smooth(elapsed_s / rise_s) * smooth((seconds - elapsed_s) / fall_s)
        tremor = self.force_tremor * self.trembles(elapsed_s)
        waver = self.waver * math.sin(self.waver_rad_s * elapsed_s + self.waver_phase)
        return level * (1.0 + tremor + waver)

    def trembles(self, elapsed_s: float) -> float:
        """The tremor of the hand, -1 to 1."""
        return math.sin(self.tremor_rad_s * elapsed_s + self.tremor_phase)

    def stroke(self, elapsed_s: float) -> tuple[float, float, float]:
        """Place along the way, m, direction of the way (1, or 0 in the air), and pressure."""
        way_s = self.stroke_s * (1.0 - STROKE_BACK)
        now_s = elapsed_s % self.stroke_s
        if now_s >= way_s:
            return 0.0, 0.0, 0.0
        pressure = smooth(now_s / self.rise_s) * smooth((way_s - now_s) / self.fall_s)
        return self.stroke_m * (now_s / way_s - 0.5), 1.0, pressure

    def turned(self, share: float) -> float:
        """Part of the turn that is done after this part of its time: push by push."""
        done = 0.0
        for number, end in enumerate(self.turns):
            done += (end - (self.turns[number - 1] if number else 0.0)) * smooth(
                share * len(self.turns) - number
            )
        return done


@dataclass(slots=True)
class Table:
    """One mode of the table: x'' + 2 d w x' + w^2 x = F / m, rung by knocks."""

    spring_s2: float
    damping_s: float
    mass_kg: float
    place_m: float = 0.0
    speed_m_s: float = 0.0
    t_ns: int = 0

    @staticmethod
    def draw(generator: np.random.Generator) -> Table:
        """Another table."""
        rate = 2.0 * math.pi * float(generator.uniform(*TABLE_HZ))
        damping = 2.0 * rate * float(generator.uniform(*TABLE_DAMPING))
        return Table(rate**2, damping, float(generator.uniform(*TABLE_KG)))

    def rest(self, t_ns: int) -> None:
        """Stand still at ``t_ns``."""
        self.place_m, self.speed_m_s, self.t_ns = 0.0, 0.0, t_ns

    def ring(self, t_ns: int, force_n: float) -> float:
        """Move on to ``t_ns`` under a force; where the table is, m."""
        dt_s = (t_ns - self.t_ns) * NS
        self.t_ns = t_ns
        pull = force_n / self.mass_kg - self.spring_s2 * self.place_m
        self.speed_m_s += dt_s * (pull - self.damping_s * self.speed_m_s)
        self.place_m += dt_s * self.speed_m_s
        return self.place_m
