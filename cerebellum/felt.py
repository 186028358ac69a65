"""What the skin says: one record for touches and for what happens to the whole robot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where: a part of the robot, or all of it by its foot or its table."""

    HEAD = "head"
    LEFT_ANTENNA = "left_antenna"
    RIGHT_ANTENNA = "right_antenna"
    BODY = "body"
    ROBOT = "robot"


class Kind(StrEnum):
    """What: ``TOUCH`` and ``MOVED`` until it is known, then one of the others."""

    TOUCH = "touch"
    TAP = "tap"
    STROKE = "stroke"
    HOLD = "hold"
    PUSH = "push"
    MOVED = "moved"
    LIFT = "lift"
    TILT = "tilt"
    TURN = "turn"
    BUMP = "bump"
    SET_DOWN = "set_down"


class Strength(StrEnum):
    """How hard a part is touched."""

    GENTLE = "gentle"
    NOTICE = "notice"
    STRONG = "strong"


class Phase(StrEnum):
    """Of one touch: it began, it is now better known, it is over."""

    BEGAN = "began"
    KNOWN = "known"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class FeltEvent:
    """One answer of the skin. Those with the same ``number`` are about the same touch."""

    number: int
    t_mono_ns: int
    """When it is said."""
    since_ns: int
    """When the touch began, as far as that can be told."""
    phase: Phase
    place: Place
    kind: Kind
    strength: Strength
    force_n: float
    """Rough, from lags and the stiffness of the servos; for the body, from the IMU."""
    confidence: float
    """0 to 1; lower without an IMU, which is then missing as a witness."""
