"""Statistics of features: of each episode, and merged from those of all.

Minimum, maximum, mean and standard deviation (of the population) are over every frame. Quantiles
are those of evenly spaced frames, of all when there are few: what they need is kept for all legs
together within ``SAMPLED_FRAMES`` rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

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

    def of(self, entries: slice) -> Moments:
        """Those of some entries."""
        low, high, mean, std = (getattr(self, kind)[:, entries] for kind in MOMENTS[:-1])
        return Moments(low, high, mean, std, self.count)


def group_moments(values: NDArray[Any], begins: NDArray[np.int64]) -> Moments:
    """Of frames [frames, entries], groups beginning at ``begins`` (rising, the first one 0)."""
    ends = np.append(begins, len(values))[1:]
    found = np.empty((len(MOMENTS) - 1, begins.size, values.shape[1]))
    for group, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        rows = values[begin:end].astype(np.float64, copy=False)
        least, most, middle, spread = found[:, group]
        rows.min(axis=0, out=least)
        rows.max(axis=0, out=most)
        rows.mean(axis=0, out=middle)
        np.clip(middle, least, most, out=middle)
        np.sqrt(np.square(rows - middle).mean(axis=0), out=spread)
    low, high, mean, std = found
    return Moments(low, high, mean, std, ends - begins)


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


def sample_step(rows: int) -> int:
    """Of so many sampled frames of all legs one is taken, so that they are not too many."""
    step = 1
    while rows > 2 * SAMPLED_FRAMES * step:
        step *= 2
    return step


def sample_quantiles(
    rows: NDArray[np.float64], weight: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """The smallest value below which at least that share of the weight lies; each [entries].

    ``rows`` [entries, frames]; ``weight`` [frames]: how many frames each one stands for.
    """
    out = np.empty((len(QUANTILES), len(rows)))
    shares = np.array(list(QUANTILES.values()))
    for entry, values in enumerate(rows):
        if values.min() == values.max():
            out[:, entry] = values[0]
            continue
        order = np.argsort(values)
        reached = np.cumsum(weight[order])
        at = np.minimum(np.searchsorted(reached, shares * reached[-1]), len(order) - 1)
        out[:, entry] = values[order[at]]
    return dict(zip(QUANTILES, out, strict=True))
