"""Hetero-association: which memory led to which, as lists behind each memory.

In Hebb's rule a transition from code A to code B adds the outer product of the two to a matrix
(Willshaw, Buneman and Longuet-Higgins, 1969). Its answer to a cue q is ``sum_m overlap(q, A_m)
B_m``, so keeping the pairs by A is enough: no matrix, no crosstalk, and two memories with the same
key keep their own successors.

A link knows the one that was learned just before it where that one led to its source. So a way that
comes through a memory which others pass too goes on as it went, and not as the others did.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

NONE: Final = -1
_FIRST_ROOM: Final = 256

Rows = NDArray[np.int64]
Strengths = NDArray[np.float32]


class Links:
    """Directed links between rows, each with a strength above 0; lists are chained newest first."""

    def __init__(self) -> None:
        self._heads = np.empty(0, dtype=np.int32)
        self._sources = np.empty(_FIRST_ROOM, dtype=np.int32)
        self._targets = np.empty(_FIRST_ROOM, dtype=np.int32)
        self._older = np.empty(_FIRST_ROOM, dtype=np.int32)
        self._strengths = np.empty(_FIRST_ROOM, dtype=np.float32)
        self._goes_on = np.empty(_FIRST_ROOM, dtype=np.bool_)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def bytes_held(self) -> int:
        """Bytes of all arrays."""
        ends = (self._heads, self._sources, self._targets, self._older)
        return sum(array.nbytes for array in (*ends, self._strengths, self._goes_on))

    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Strengths]:
        """Sources, targets and strengths [links], in the order in which they were learned."""
        end = self._count
        return self._sources[:end], self._targets[:end], self._strengths[:end]

    def learn(self, sources: Rows, targets: Rows, strengths: Strengths) -> None:
        """Add links; one that is there already is another one, and both count."""
        end = self._count + len(sources)
        if end > len(self._sources):
            self._grow(end)
        if len(sources):
            self._reach(int(sources.max()))
        here = slice(self._count, end)
        self._sources[here], self._targets[here] = sources, targets
        self._strengths[here] = strengths
        before = self._targets[max(0, here.start - 1) : max(0, end - 1)]
        first = here.start == 0 and end > 0
        self._goes_on[here] = np.concatenate([[NONE], before] if first else [before]) == sources
        for link, source in enumerate(sources.tolist(), self._count):
            self._older[link] = self._heads[source]
            self._heads[source] = link
        self._count = end

    def after(self, row: int, through: int = NONE) -> list[tuple[int, int, float]]:
        """(link, target, strength) of every link from ``row``, newest first.

        ``through`` is the link that led to ``row``: if the one learned right after it went on from
        there, it alone is given.
        """
        following = through + 1
        if through != NONE and following < self._count and self._goes_on[following]:
            return [(following, int(self._targets[following]), float(self._strengths[following]))]
        found = []
        link = int(self._heads[row]) if row < len(self._heads) else NONE
        while link != NONE:
            found.append((link, int(self._targets[link]), float(self._strengths[link])))
            link = int(self._older[link])
        return found

    def kept(self, kept: NDArray[np.bool_]) -> Links:
        """The links between rows that are True in ``kept`` [rows], with the rows' new numbers."""
        sources, targets, strengths = self.arrays()
        stay = kept[sources] & kept[targets]
        row = np.cumsum(kept, dtype=np.int64) - 1
        found = Links()
        found.learn(row[sources[stay]], row[targets[stay]], strengths[stay])
        return found

    def _grow(self, wanted: int) -> None:
        room = max(wanted, len(self._sources) * 3 // 2)
        self._sources, self._targets, self._older = (
            np.concatenate([array, np.empty(room - len(array), dtype=np.int32)])
            for array in (self._sources, self._targets, self._older)
        )
        more = room - len(self._strengths)
        self._strengths = np.concatenate([self._strengths, np.empty(more, dtype=np.float32)])
        self._goes_on = np.concatenate([self._goes_on, np.empty(more, dtype=np.bool_)])

    def _reach(self, row: int) -> None:
        if row >= len(self._heads):
            room = max(row + 1, len(self._heads) * 3 // 2)
            more = np.full(room - len(self._heads), NONE, dtype=np.int32)
            self._heads = np.concatenate([self._heads, more])
