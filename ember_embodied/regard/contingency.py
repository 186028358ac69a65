"""Whose movement is it? Contingency between the own command and what moves.

Two answers to one question:

- matching: how much of a motion the own command explains, at the best delay (the square of the
  multiple correlation). It is taken in by whoever moves alike: a dancer to the same song.
- contrast: how much more the own *departures* from the song explain, given the song itself (the
  square of the partial correlation), which no one else can know. And what is one's own comes when
  the body's own movement is felt, not a reaction time later: perfect contingency marks the self,
  imperfect contingency the social other (Watson 1972; Bahrick and Watson 1985; Gergely and Watson
  1999; van der Meer 1997 for hands that are watched; Bongard et al. 2006 for robots).

The mutual information of Gaussian signals is -ln(1 - r^2) / 2 nats, r^2 the (partial) correlation's
square. Chance is what the same sums give for departures shifted in time, at the least by an eighth
of all that was seen (surrogates).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

LAGS: Final = 13
"""Delays of 0 to 12 ticks."""
SURROGATES: Final = 99
CHANCE: Final = 0.01
TOGETHER_TICKS: Final = 1
"""Seen and felt come at the same delay, to this many ticks."""
LEAST_MOTION: Final = 1e-12
EXPLAINED_LEAST: Final = 0.02
"""Less than this of a motion is not worth owning: a lamp that seems to move as the head does."""


@dataclass(frozen=True, slots=True)
class Contingency:
    """What the own command has to do with one motion."""

    name: str
    matching: float
    """Square of the multiple correlation with the command at the best delay, 0 to 1."""
    matching_lag: int
    matching_chance: float
    """How likely that is by chance, whatever the delay."""
    contrast: float
    """Square of the partial correlation with the departures, given the song, at the best delay."""
    contrast_lag: int
    contrast_chance: float
    contrast_by_lag: tuple[float, ...]

    @property
    def information_nats(self) -> float:
        """Mutual information of motion and departures, given the song."""
        return float(-0.5 * np.log(1.0 - min(self.contrast, 1.0 - 1e-9)))

    @property
    def matches(self) -> bool:
        """Own, by matching alone."""
        return self.matching_chance <= CHANCE and self.matching > EXPLAINED_LEAST

    def heeds(self) -> bool:
        """Follows what nobody else can know: oneself, or somebody who watches."""
        return self.contrast_chance <= CHANCE and self.contrast > EXPLAINED_LEAST

    def own(self, felt_lag: int) -> bool:
        """Own: heeds, and at the delay at which own movement is felt."""
        return self.heeds() and abs(self.contrast_lag - felt_lag) <= TOGETHER_TICKS


def contingency(
    name: str,
    motion: Array,
    usable: Bools,
    song: Array,
    departures: Array,
    carried: Array,
    generator: np.random.Generator,
) -> Contingency:
    """Relate a motion [T, D] (``usable`` [T]) to the song's and the departures' rates [T, C].

    ``carried`` [T, G]: what moves everything alike at the same moment, to be taken out first: the
    eye's own motion, for what is seen. G may be 0.
    """
    matching = np.zeros(LAGS)
    contrast = np.zeros(LAGS)
    for lag in range(LAGS):
        target, same, told, own = _delayed(lag, usable, motion, carried, song, departures)
        matching[lag] = _partial(target, same, told + own)
        contrast[lag] = _partial(target, np.hstack((same, told)), own)
    best, at = int(np.argmax(matching)), int(np.argmax(contrast))
    shifts = generator.integers(len(motion) // 8, len(motion) - len(motion) // 8, SURROGATES)
    by_chance = np.zeros((2, SURROGATES))
    for number, shift in enumerate(shifts.tolist()):
        moved = np.roll(departures, shift, axis=0)
        target, same, told, own = _delayed(at, usable, motion, carried, song, moved)
        by_chance[1, number] = _partial(target, np.hstack((same, told)), own)
        moved = np.roll(song + departures, shift, axis=0)
        target, same, told, own = _delayed(best, usable, motion, carried, moved, moved)
        by_chance[0, number] = _partial(target, same, own)
    chances = [
        _chance(value, sums)
        for value, sums in zip((matching[best], contrast[at]), by_chance, strict=True)
    ]
    return Contingency(
        name,
        float(matching[best]),
        best,
        chances[0],
        float(contrast[at]),
        at,
        chances[1],
        tuple(contrast.tolist()),
    )


def _chance(value: float, by_chance: Array) -> float:
    """How likely so large a value is by chance at any of the delays (Bonferroni).

    The surrogates' values are taken for a scaled chi-square with their mean and variance, and that
    for normal by its cube root (Wilson and Hilferty 1931).
    """
    mean, variance = float(by_chance.mean()), float(by_chance.var())
    if mean <= 0.0 or variance <= 0.0:
        return 1.0
    spread = variance / (9.0 * mean * mean)
    deviations = ((value / mean) ** (1.0 / 3.0) - (1.0 - spread)) / sqrt(spread)
    return min(1.0, LAGS * 0.5 * erfc(deviations / sqrt(2.0)))


def _delayed(
    lag: int, usable: Bools, motion: Array, carried: Array, song: Array, departures: Array
) -> tuple[Array, Array, Array, Array]:
    """The usable rows, causes ``lag`` ticks before the motion."""
    kept = usable[lag:]
    told, own = (rates[: len(rates) - lag][kept] for rates in (song, departures))
    return motion[lag:][kept], carried[lag:][kept], told, own


def explained(target: Array, causes: Array) -> float:
    """Share of the target's variance [T, D] that the causes [T, C] explain, columns together."""
    target = target - target.mean(axis=0)
    total = float((target**2).sum())
    if total < LEAST_MOTION:
        return 0.0
    left = target - _fit(target, causes)
    return max(0.0, 1.0 - float((left**2).sum()) / total)


def _partial(target: Array, given: Array, causes: Array) -> float:
    """Of what ``given`` leaves of the target, the share that the causes explain."""
    centred = target - target.mean(axis=0)
    left = centred - _fit(centred, given)
    return explained(left, causes - _fit(causes - causes.mean(axis=0), given))


def _fit(target: Array, causes: Array) -> Array:
    if causes.shape[1] == 0:
        return np.zeros_like(target)
    centred = causes - causes.mean(axis=0)
    gram = centred.T @ centred + 1e-9 * np.eye(centred.shape[1])
    fitted: Array = centred @ np.linalg.solve(gram, centred.T @ target)
    return fitted
