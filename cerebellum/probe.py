"""The causal contrast: small changes of the own command that nobody else can know of.

Somebody who moves in the same rhythm matches every prediction. But a change that is drawn by
chance has one cause alone, so what follows it is one's own (do-operator; Pearl, Causality, 2009,
ch. 3). A probe is rare, small, slow enough for the gate, and over in less than a second:

- perturbed: the goal of one part goes a little to one side, to the other, and back;
- withheld: in a movement the goal stands still for a moment, then catches up.

``Contrast`` regresses the torque that a part's load takes on that which the probe asked for: a
motor that follows leaves nothing (answer 1); where nothing follows, the load seems to cancel the
probe (answer 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite, pi, sin
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import JOINT_COUNT, JOINTS, STEWART

Array = NDArray[np.float64]


class Part(IntEnum):
    """What is judged as one."""

    BODY = 0
    HEAD = 1
    RIGHT_ANTENNA = 2
    LEFT_ANTENNA = 3


JOINTS_OF: Final = (slice(0, 1), STEWART, slice(7, 8), slice(8, 9))
PARTS: Final = tuple(Part)


class ProbeKind(IntEnum):
    """How a command is altered."""

    PERTURBED = 1
    WITHHELD = 2


PERTURBED_RAD: Final = np.array(
    [0.06, *(0.03 * direction for direction in (-0.7, 0.3, 1.0, -1.0, -0.3, 0.7)), 0.06, 0.06]
)
"""Height of a perturbation: 3.4 degrees of body and antennas; for the head 2.5 degrees of pitch,
its legs as its kinematics has them about the neutral pose."""
PERTURBED_S: Final = 0.6
WITHHELD_S: Final = 0.3
CAUGHT_UP_S: Final = 0.3
EVERY_S: Final = 4.0
"""Mean time between probes beyond the least."""
LEAST_S: Final = 2.0
MOVING_RAD_S: Final = 0.15
"""A goal of a part that goes faster than this is withheld, another perturbed."""
ANSWERED: Final = (0.5, 0.2, 0.75, 0.75)
"""A part that follows less of a probe than this has not followed its command: left alone, antennas
follow 0.9 to 1.1 of one, and the head's legs, with their friction, a third or more."""
ASKED_LEAST: Final = 2.5
"""A probe that asks for less than this many times a joint's friction moves nothing."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One alteration of one part's goal."""

    t_mono_ns: int
    part: Part
    kind: ProbeKind
    sign: float
    """Way of a perturbation that it goes first."""
    held_rad: tuple[float, ...]
    """Nine goals where they stand still; of a withheld one."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return PERTURBED_S if self.kind is ProbeKind.PERTURBED else WITHHELD_S + CAUGHT_UP_S

    def alter(self, goal_rad: Sequence[float], t_mono_ns: int) -> tuple[float, ...]:
        """The nine goals with this probe's change, inside the joints' limits."""
        elapsed_s = (t_mono_ns - self.t_mono_ns) * 1e-9
        altered = list(goal_rad)
        for index in range(*JOINTS_OF[self.part].indices(JOINT_COUNT)):
            if self.kind is ProbeKind.PERTURBED:
                swing = self.sign * sin(2.0 * pi * elapsed_s / PERTURBED_S)
                moved = altered[index] + swing * float(PERTURBED_RAD[index])
            else:
                late = min(1.0, max(0.0, (elapsed_s - WITHHELD_S) / CAUGHT_UP_S))
                held = self.held_rad[index]
                moved = held + late * (altered[index] - held)
            joint = JOINTS[index]
            altered[index] = min(max(moved, joint.lower_rad), joint.upper_rad)
        return tuple(altered)


class Prober:
    """Draws when, what and how to probe; at most one probe at a time."""

    def __init__(self, generator: np.random.Generator, every_s: float = EVERY_S) -> None:
        """``generator`` is the only source of chance. ``every_s``: mean time between probes."""
        self._generator = generator
        self._every_s = every_s
        self._next_ns: int | None = None
        self._asked_ns = [0] * len(PARTS)
        self._last: tuple[int, tuple[float, ...]] | None = None
        self.running: Probe | None = None
        """The probe that is under way, to be logged."""

    def alter(
        self,
        goal_rad: Sequence[float],
        t_mono_ns: int,
        *,
        allowed: bool = True,
        doubt: Sequence[float] = (1.0,) * len(PARTS),
    ) -> tuple[float, ...]:
        """The nine goals of this tick, altered where a probe is under way.

        ``allowed`` False (no torque, a hand on it, another mode than RUN) ends what runs and lets
        none begin. ``doubt``: how much there is to learn about each part, >= 0; the part to probe
        is drawn in proportion to it, and to the time since it was last asked.
        """
        goal = tuple(goal_rad)
        last, self._last = self._last, (t_mono_ns, goal)
        if not allowed or not all(map(isfinite, goal)):
            self.running, self._next_ns = None, None
            return goal
        if self.running is not None:
            if (t_mono_ns - self.running.t_mono_ns) * 1e-9 < self.running.seconds:
                return self.running.alter(goal, t_mono_ns)
            self.running, self._next_ns = None, None
        if self._next_ns is None:
            wait_s = LEAST_S + float(self._generator.uniform(0.0, 2.0 * self._every_s))
            self._next_ns = t_mono_ns + round(wait_s * 1e9)
        if t_mono_ns < self._next_ns or last is None or sum(doubt) <= 0.0:
            return goal
        self.running = self._draw(goal, t_mono_ns, last, doubt)
        return self.running.alter(goal, t_mono_ns)

    def _draw(
        self,
        goal: tuple[float, ...],
        t_mono_ns: int,
        last: tuple[int, tuple[float, ...]],
        doubt: Sequence[float],
    ) -> Probe:
        ages = t_mono_ns + 1.0 - np.array(self._asked_ns)
        shares = np.array(doubt) * ages
        part = Part(int(self._generator.choice(len(PARTS), p=shares / shares.sum())))
        self._asked_ns[part] = t_mono_ns
        sign = 1.0 if self._generator.random() < 0.5 else -1.0
        joints = JOINTS_OF[part]
        dt_s = max(1e-3, (t_mono_ns - last[0]) * 1e-9)
        way = max(abs(a - b) for a, b in zip(goal[joints], last[1][joints], strict=True))
        kind = ProbeKind.WITHHELD if way / dt_s > MOVING_RAD_S else ProbeKind.PERTURBED
        return Probe(t_mono_ns, part, kind, sign, goal)


class Contrast:
    """What one part made of its probes."""

    def __init__(self, part: Part) -> None:
        self._answered = ANSWERED[part]
        self._asked = 0.0
        self._taken = 0.0
        self.running = False
        self._enough = False
        self.unanswered = 0
        """Probes in a row that were not followed."""
        self.rested_s = 0.0
        self.dead = False
        """The part stood still and followed none of its last probes."""
        self.foreign = False
        """The movement that goes on did not follow the last probe."""

    def follow(
        self, asked_n_m: Array, load_n_m: Array, friction_n_m: Array, *, probed: bool
    ) -> float | None:
        """Take in one tick; the answer when a probe is over, else None.

        ``asked_n_m``: torque that the probe asks of the part's joints; ``load_n_m``: what rests on
        them, ``friction_n_m`` how much of it they hide. A probe that friction hides has no answer.
        """
        if probed or asked_n_m.any():
            self.running = True
            self._asked += float(asked_n_m @ asked_n_m)
            self._taken += float(asked_n_m @ load_n_m)
            self._enough |= bool((np.abs(asked_n_m) > ASKED_LEAST * friction_n_m).any())
            return None
        if not self.running:
            return None
        asked, taken, enough = self._asked, self._taken, self._enough
        self._asked, self._taken, self.running, self._enough = 0.0, 0.0, False, False
        if not enough:
            return None
        answer = 1.0 + taken / asked
        self.foreign = answer < self._answered
        self.unanswered = self.unanswered + 1 if self.foreign else 0
        self.dead = self.dead and self.foreign
        return answer
