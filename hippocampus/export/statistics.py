"""Statistics of features: of each episode, and merged from those of all.

Minimum, maximum, mean and standard deviation (of the population) are over every frame. Quantiles
are those of evenly spaced frames, of all when there are few: what they need is kept for all legs
together within ``SAMPLED_FRAMES`` rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLED_FRAMES: Final = 32_768
FEWEST_OF_A_LEG: Final = 16
GOLDEN: Final = 0.6180339887498949
QUANTILES: Final = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
MOMENTS: Final = ("min", "max", "mean", "std", "count")


@dataclass(frozen=True, slots=True)
class Moments:
    """Of groups of frames: each array [groups, entries], ``count`` [groups]."""

    min: NDArray[np.float64]
    max: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    count: NDArray[np.int64]


def group_moments(values: NDArray[Any], begins: NDArray[np.int64]) -> Moments:
    """Of frames [frames, entries], groups beginning at ``begins`` (rising, the first one 0)."""
    numbers = values.astype(np.float64)
    count = np.diff(np.append(begins, len(numbers)))
    mean = np.add.reduceat(numbers, begins, axis=0) / count[:, None]
    low = np.minimum.reduceat(numbers, begins, axis=0)
    high = np.maximum.reduceat(numbers, begins, axis=0)
    mean = np.clip(mean, low, high)
    numbers -= np.repeat(mean, count, axis=0)
    np.square(numbers, out=numbers)
    variance = np.add.reduceat(numbers, begins, axis=0) / count[:, None]
    return Moments(low, high, mean, np.sqrt(variance), count)


def merged(moments: Moments) -> Moments:
    """All groups as one (Chan, Golub and LeVeque, 1979, eq. 2.1)."""
    weight = moments.count[:, None]
    total = moments.count.sum()
    mean = (moments.mean * weight).sum(axis=0) / total
    spread = (np.square(moments.std) + np.square(moments.mean - mean)) * weight
    return Moments(
        moments.min.min(axis=0, keepdims=True),
        moments.max.max(axis=0, keepdims=True),
        mean[None],
        np.sqrt(spread.sum(axis=0) / total)[None],
        np.array([total]),
    )


def side_by_side(moments: dict[str, Moments]) -> NDArray[np.float64]:
    """All groups as one, the entries of all features side by side: [4, entries]."""
    if not moments:
        return np.zeros((len(MOMENTS) - 1, 0))
    whole = [merged(found) for found in moments.values()]
    return np.stack(
        [np.concatenate([getattr(found, kind)[0] for found in whole]) for kind in MOMENTS[:-1]]
    )


def joined(parts: list[Moments]) -> Moments:
    """Groups of several one after the other."""
    return Moments(*(np.concatenate([getattr(part, name) for part in parts]) for name in MOMENTS))


def sampled_rows(frames: int, legs: int, first: int) -> NDArray[np.int64]:
    """Evenly spaced frames of a leg, few enough that those of all legs fit.

    Where they begin follows from ``first``, the leg's first index, by the golden ratio: legs that
    are alike, as those of a habit are, then show different frames of it.
    """
    most = max(FEWEST_OF_A_LEG, SAMPLED_FRAMES // legs)
    step = max(1, -(-frames // most))
    return np.arange(int(step * (first * GOLDEN % 1.0)), frames, step)


Sample: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Frames [rows, entries], and how many frames each one stands for."""


def thinned(sample: Sample) -> Sample:
    """Every other frame left out, for as long as there are too many."""
    rows, weight = sample
    while len(rows) > 2 * SAMPLED_FRAMES:
        rows, weight = rows[::2], 2.0 * weight[::2]
    return rows, weight


def sample_quantiles(sample: Sample) -> dict[str, NDArray[np.float64]]:
    """The smallest value below which at least that share of the weight lies; each [entries]."""
    rows, weight = sample
    out = {name: np.empty(rows.shape[1]) for name in QUANTILES}
    shares = np.array(list(QUANTILES.values()))
    for entry in range(rows.shape[1]):
        order = np.argsort(rows[:, entry], kind="stable")
        reached = np.cumsum(weight[order])
        at = np.minimum(np.searchsorted(reached, shares * reached[-1]), len(order) - 1)
        for name, row in zip(QUANTILES, order[at], strict=True):
            out[name][entry] = rows[row, entry]
    return out
