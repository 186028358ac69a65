"""What agency says of a tick: a verdict on each part of the body, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import sqrt
from operator import mul
from typing import Final

import msgspec

from cerebellum.load import Load
from cerebellum.probe import JOINTS_OF, PARTS, Part
from firmware_bridge.senses import Fault

CALM: Final = 0.7
"""A strange load is gone when it is under this part of what makes a verdict."""
ASKED_RAD: Final = 0.03
"""A command that went less far than this says nothing of what is in its way."""
AGAINST: Final = -0.5
"""Cosine between load and command from which on the load is against it."""
HELD: Final = (-0.25, 0.6)
"""Part of the commanded way that a blocked part goes: what is in the way gives in, and an antenna
that is held pushes its own head away."""
Place = tuple[int, Sequence[float], Sequence[float]]
"""Time, ns; where nine trajectories were and where the joints were, rad."""


class Verdict(IntEnum):
    """Who moved, or kept from moving, a part."""

    STILL = 0
    """Nothing was asked of it, and nothing moved it."""
    SELF = 1
    PUSHED = 2
    BLOCKED = 3
    TORQUE_LOST = 4
    UNKNOWN = 5
    """It could not be felt, or torque is off by one's own wish."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One part in one tick. Angles in rad, one number for each joint of the part."""

    t_mono_ns: int
    part: Part
    intent_rad: tuple[float, ...]
    """Where it was wanted, before probe, mode and gate."""
    command_rad: tuple[float, ...]
    """What was sent: the efference copy."""
    predicted_rad: tuple[float, ...]
    """Where it should be now, given what was sent before."""
    measured_rad: tuple[float, ...]
    verdict: Verdict
    strangeness: float
    """Unexplained load in parts of what makes a verdict: 1 is the limit."""
    probed: bool
    """Whether the command differs from the intent for the sake of knowing."""


class AgencyTick(msgspec.Struct, frozen=True):
    """What one tick came to. Angles are nine numbers, one for each joint."""

    t_mono_ns: int
    verdicts: tuple[Verdict, ...]
    """Of the four parts, in order."""
    strangeness: tuple[float, ...]
    """Of the four parts."""
    lost: tuple[int, ...]
    """Indices of servos that hold no torque although told to."""
    fault: Fault
    """``TORQUE_LOST``, or none."""
    answer: tuple[float | None, ...]
    """Of a part whose probe is over in this tick: share of the probe that it followed."""
    intent_rad: Sequence[float]
    command_rad: Sequence[float]
    predicted_rad: Sequence[float]
    measured_rad: Sequence[float]
    probed: tuple[bool, ...]

    @property
    def calm(self) -> bool:
        """Nothing strange rests on any part, and all hold: a time to probe."""
        return max(self.strangeness) < CALM and not self.lost

    @property
    def movements(self) -> tuple[Movement, ...]:
        """Of every part that moved, was asked to move, was moved or has lost its torque."""
        return tuple(self.movement(part) for part in PARTS if self.verdicts[part] in _MOVEMENTS)

    def movement(self, part: Part) -> Movement:
        """The record of one part."""
        joints = JOINTS_OF[part]
        return Movement(
            self.t_mono_ns,
            part,
            tuple(self.intent_rad[joints]),
            tuple(self.command_rad[joints]),
            tuple(self.predicted_rad[joints]),
            tuple(self.measured_rad[joints]),
            self.verdicts[part],
            self.strangeness[part],
            self.probed[part],
        )


_MOVEMENTS: Final = (Verdict.SELF, Verdict.PUSHED, Verdict.BLOCKED, Verdict.TORQUE_LOST)


def disturbed(load: Load, joints: slice, since: Place) -> Verdict:
    """The verdict where something strange has rested on a part ``since`` then."""
    asked = _ways(load.reference_rad[joints], since[1][joints])
    moved = _ways(load.measured_rad[joints], since[2][joints])
    push = load.strange_n_m[joints]
    way = _product(asked, asked)
    if way < ASKED_RAD**2:
        return Verdict.PUSHED
    against = _product(push, asked) / sqrt(way * _product(push, push))
    held = HELD[0] < _product(moved, asked) / way < HELD[1]
    return Verdict.BLOCKED if held and against < AGAINST else Verdict.PUSHED


def _ways(now: Sequence[float], then: Sequence[float]) -> list[float]:
    return [to - start for to, start in zip(now, then, strict=True)]


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two vectors."""
    return float(sum(map(mul, one, other)))
