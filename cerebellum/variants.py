"""Ways to apply what the yaw table says: the variants that the selector chooses among.

A table knows how wrong a look at some angle will be, with a confidence, and since when. How much
of that to correct is another question: all of it is right for a table that is right, little of it
for one that is new or old. Each way is a gain in [0, 1], so no variant ever corrects more than the
table says, nor into the other direction:

    blend    g                                            a fixed share: shrinkage
    cosine   (1 - cos(pi min(1, confidence / full))) / 2  smooth from nothing to all (raised cosine)
    decay    2^(-age / half-life)                         what has not been seen for long fades
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

WORST_ERROR_RAD: Final = math.radians(30.0)
"""A pointing error from which on a look is worth nothing."""
BLENDS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares; the first corrects nothing, the last everything: the ends of every comparison."""
COSINE_FULLS: Final = (0.25, 0.5, 0.75, 1.0)
"""Confidences from which on everything is corrected."""
DECAY_HALF_LIVES_S: Final = (30.0, 120.0, 600.0, 3600.0)


class Variant(Protocol):
    """One way to correct the yaw."""

    @property
    def name(self) -> str:
        """For the log and for people."""

    def gain(self, confidence: float, age_s: float, /) -> float:
        """The share, in [0, 1], of a correction of that confidence (in [0, 1]) and age (>= 0)."""


@dataclass(frozen=True, slots=True)
class Blend:
    """A fixed share of the correction."""

    share: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise ValueError(f"a share of {self.share} is not in [0, 1]")

    @property
    def name(self) -> str:
        """For example "blend 0.25"."""
        return f"blend {self.share:g}"

    def gain(self, _confidence: float, _age_s: float, /) -> float:
        """The share, whatever the evidence."""
        return self.share


@dataclass(frozen=True, slots=True)
class Cosine:
    """The more sure the table, the more of it, along half a period of a cosine."""

    full: float
    """Confidence, in (0, 1], from which on everything is corrected."""

    def __post_init__(self) -> None:
        if not 0.0 < self.full <= 1.0:
            raise ValueError(f"a full confidence of {self.full} is not in (0, 1]")

    @property
    def name(self) -> str:
        """For example "cosine 0.5"."""
        return f"cosine {self.full:g}"

    def gain(self, confidence: float, _age_s: float, /) -> float:
        """Zero at no confidence, one from ``full`` on."""
        return 0.5 * (1.0 - math.cos(math.pi * min(1.0, confidence / self.full)))


@dataclass(frozen=True, slots=True)
class Decay:
    """The older the evidence, the less of it."""

    half_life_s: float

    def __post_init__(self) -> None:
        if not 0.0 < self.half_life_s < math.inf:
            raise ValueError(f"a half-life of {self.half_life_s} s is not above 0")

    @property
    def name(self) -> str:
        """For example "decay 600 s"."""
        return f"decay {self.half_life_s:g} s"

    def gain(self, _confidence: float, age_s: float, /) -> float:
        """One for what was just seen, a half after ``half_life_s``."""
        return math.exp2(-age_s / self.half_life_s)


CATALOGUE: Final[tuple[Variant, ...]] = (
    *(Blend(share) for share in BLENDS),
    *(Cosine(full) for full in COSINE_FULLS),
    *(Decay(half_life_s) for half_life_s in DECAY_HALF_LIVES_S),
)
"""What the robot chooses among. To add a variant is one line; it gets the next number, so that
numbers in a snapshot keep their meaning."""


def applied(variant: Variant, correction_rad: float, confidence: float, age_s: float) -> float:
    """The correction that is applied, rad: at most ``correction_rad``, of the same sign.

    Args:
        variant: The way to correct.
        correction_rad: What the table says, finite.
        confidence: Of the table at this angle, in [0, 1].
        age_s: Since its evidence was last renewed, >= 0 and finite.

    Raises:
        ValueError: On an argument out of its range, NaN too.
    """
    if not (math.isfinite(correction_rad) and 0.0 <= confidence <= 1.0 and 0.0 <= age_s < math.inf):
        raise ValueError(
            f"correction {correction_rad} rad, confidence {confidence}, age {age_s} s: "
            "one of them is out of its range"
        )
    return variant.gain(confidence, age_s) * correction_rad


def reward(error_rad: float) -> float:
    """What a look is worth that missed by ``error_rad``: 1 at no error, 0 from 30 degrees on.

    It is linear, so that the mean reward of a variant is its mean absolute error. Raises
    ``ValueError`` on an error that is not finite.
    """
    if not math.isfinite(error_rad):
        raise ValueError(f"an error of {error_rad} rad is no evidence")
    return max(0.0, 1.0 - abs(error_rad) / WORST_ERROR_RAD)
