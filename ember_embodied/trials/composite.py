"""The composite: where a policy stands between doing nothing (0) and knowing everything (1).

    composite = (U - U_idle) / (U_teacher - U_idle)

U is the utility over all lives pooled. Policy, idle and teacher live the same lives, and a
resample draws the same ones for all of them, so what is hard about a life cancels out. Below 0 a
policy is worth less than a robot that stands still.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ember_embodied.trials.measures import utility
from ember_embodied.trials.tally import Tally, interval, resamples

COMPOSITE: Final = "composite"
IDLE: Final = "idle"
TEACHER: Final = "teacher"
LEAST_SPAN: Final = 0.05
"""Where idle and teacher are closer than this there is nothing to do in these lives, and no scale
to measure on."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval from resampled lives."""

    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one policy's composite is above another's, life for life."""

    policy: str
    other: str
    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a set of lives says of every policy that lived them."""

    composite: dict[str, Estimate]
    """Empty where the lives leave nothing to do."""
    utility: dict[str, float]
    differences: tuple[Difference, ...]


def standing(lives: Mapping[str, Sequence[Tally]]) -> Standing:
    """Compare policies that lived the same lives, idle and teacher among them.

    Raises ``ValueError`` when one of these two is missing or numbers of lives differ.
    """
    counts = {len(tallies) for tallies in lives.values()}
    if IDLE not in lives or TEACHER not in lives or len(counts) != 1:
        raise ValueError(f"policies {sorted(lives)} with {sorted(counts)} lives do not compare")
    whole = {name: utility(tallies) for name, tallies in lives.items()}
    values = _composites(whole)
    if values is None:
        return Standing({}, whole, ())
    draws = resamples(counts.pop())
    drawn = [
        _composites({name: utility([tallies[i] for i in draw]) for name, tallies in lives.items()})
        for draw in draws
    ]
    sound = [one for one in drawn if one is not None]
    composite = {
        name: Estimate(value, interval([one[name] for one in sound]))
        for name, value in values.items()
    }
    rivals = [name for name in values if name not in (IDLE, TEACHER)]
    differences = tuple(
        Difference(
            one,
            other,
            values[one] - values[other],
            interval([draw[one] - draw[other] for draw in sound]),
        )
        for number, one in enumerate(rivals)
        for other in rivals[number + 1 :]
    )
    return Standing(composite, whole, differences)


def _composites(utilities: Mapping[str, float]) -> dict[str, float] | None:
    """The composites; None where there is no scale."""
    idle, span = utilities[IDLE], utilities[TEACHER] - utilities[IDLE]
    if span < LEAST_SPAN:
        return None
    return {name: (value - idle) / span for name, value in utilities.items()}
