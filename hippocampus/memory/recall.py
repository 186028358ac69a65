"""What a cue brings back: the nearest of the candidates, and their share of the settled state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hippocampus.memory.settle import Floats

Numbers = NDArray[np.int64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recall:
    """What a cue brought back, best first."""

    numbers: Numbers
    """[n] of the memories."""
    weights: Floats
    """[n] their share of the settled state, 0 to 1; equals share."""
    similarity: Floats
    """[n] cosine with the cue; for a cue that is a code, its share of common units."""
    compared_all: bool
    """True: every key was compared with the cue, which was like none, or the memory is small."""


NO_ROWS: Final[Rows] = np.empty(0, dtype=np.int64)
NOTHING: Final = Recall(
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.float32),
    np.empty(0, dtype=np.float32),
    compared_all=False,
)


def ordered(
    numbers: Numbers, weights: Floats, similarity: Floats, count: int, *, compared_all: bool
) -> Recall:
    """The ``count`` most alike, best first; of equals the one that was learned first."""
    order = np.argsort(-similarity, kind="stable")[:count]
    return Recall(numbers[order], weights[order], similarity[order], compared_all)


def largest(values: NDArray[np.floating] | Rows, count: int) -> Rows:
    """Places of the ``count`` largest values, ascending; of equals at the edge, any."""
    if len(values) <= count:
        return np.arange(len(values))
    return np.sort(np.argpartition(values, len(values) - count)[-count:])
