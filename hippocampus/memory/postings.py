"""Who shares a unit: for every unit of the code, the list of the memories that have it active.

Hebb's matrix between codes and memories would be dense and is never built: what it says to a cue
is the sum, over the cue's active units, of the memories in their lists. Lists lie behind each
other in one array, sorted by unit; the newest codes wait in a small table that is looked through
whole, and are merged in when it is full, so that learning one costs about as much as one of many.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hippocampus.memory.codes import ACTIVE, UNITS, Codes

YOUNG: Final = 1024
"""Codes that may wait: looking through them costs a recall some tens of microseconds."""

Rows = NDArray[np.int64]


class PostingIndex:
    """Codes by row, 0 to ``len - 1``, in the order in which they were added."""

    def __init__(self) -> None:
        self._starts = np.zeros(UNITS + 1, dtype=np.int64)
        self._members = np.empty(0, dtype=np.uint32)
        self._sealed = 0
        self._young = np.empty((ACTIVE, YOUNG), dtype=np.uint16)
        self._waiting = 0
        self._lit = np.zeros(UNITS, dtype=np.uint8)

    def __len__(self) -> int:
        return self._sealed + self._waiting

    @property
    def bytes_held(self) -> int:
        """Bytes of all arrays."""
        arrays = (self._starts, self._members, self._young, self._lit)
        return sum(array.nbytes for array in arrays)

    def add(self, codes: Codes) -> None:
        """Append codes [n, 50] as the next n rows."""
        count = len(codes)
        if self._waiting + count > YOUNG:
            self._seal(codes)
            return
        self._young[:, self._waiting : self._waiting + count] = codes.T
        self._waiting += count

    def sharing(self, code: Codes, share: int, without: Collection[int]) -> tuple[Rows, Rows]:
        """Rows that share at least 1 / ``share`` of what the best shares, and how much; ascending.

        Only rows that share anything are looked at, and rows ``without`` have no part in it.
        """
        bounds = self._starts[code].tolist(), self._starts[code.astype(np.int64) + 1].tolist()
        lists = [self._members[start:stop] for start, stop in zip(*bounds, strict=True)]
        members = np.concatenate(lists)
        counts, young = np.bincount(members), self._young_overlaps(code)
        if without:
            gone = np.fromiter(without, dtype=np.int64)
            counts[gone[gone < len(counts)]] = 0
            young[gone[gone >= self._sealed] - self._sealed] = 0
        own = counts[members]
        best = max(int(own.max(initial=0)), int(young.max(initial=0)))
        floor = max(best // share, 1)
        near = np.sort(members[own >= floor])
        rows = near[np.diff(near, prepend=-1) != 0].astype(np.int64)
        late = np.flatnonzero(young >= floor)
        shared = np.concatenate([counts[rows], young[late]]) if len(counts) else young[late]
        return np.concatenate([rows, late + self._sealed]), shared.astype(np.int64)

    def lists(self) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
        """The length of each unit's list [16,384], and the lists behind each other."""
        if self._waiting:
            self._seal(np.empty((0, ACTIVE), dtype=np.uint16))
        return np.diff(self._starts).astype(np.int32), self._members

    @classmethod
    def from_lists(
        cls, counts: NDArray[np.int32], members: NDArray[np.uint32], rows: int
    ) -> PostingIndex:
        """The same index again. Raises ``ValueError`` where the lists are not those of ``rows``."""
        fits = len(counts) == UNITS and counts.min() >= 0 and int(counts.sum()) == len(members)
        if not fits or len(members) != rows * ACTIVE or (rows and int(members.max()) >= rows):
            raise ValueError(f"these are not the lists of {rows} codes")
        index = cls()
        index._starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        index._members, index._sealed = members, rows
        return index

    def _young_overlaps(self, code: Codes) -> NDArray[np.uint8]:
        """How much each waiting row shares [waiting]."""
        if not self._waiting:
            return np.empty(0, dtype=np.uint8)
        self._lit[code] = 1
        young = self._lit[self._young[:, : self._waiting]]
        self._lit[code] = 0
        found: NDArray[np.uint8] = np.add.reduce(young, axis=0, dtype=np.uint8)
        return found

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Drop the rows that are False in ``kept`` [rows] and close the gaps."""
        self._seal(np.empty((0, ACTIVE), dtype=np.uint16))
        stay = kept[self._members]
        row = np.cumsum(kept, dtype=np.int64) - 1
        before = np.concatenate([[0], np.cumsum(stay, dtype=np.int64)])
        self._starts = before[self._starts]
        self._members = row[self._members[stay]].astype(np.uint32)
        self._sealed = int(kept.sum())

    def _seal(self, codes: Codes) -> None:
        """Merge what waits, and ``codes``, into the lists."""
        fresh = np.concatenate([self._young[:, : self._waiting].T, codes])
        units = fresh.reshape(-1)
        order = np.argsort(units, kind="stable")
        old, new = np.diff(self._starts), np.bincount(units, minlength=UNITS)
        starts = np.concatenate([[0], np.cumsum(old + new)])
        members = np.empty(starts[-1], dtype=np.uint32)
        members[_places(starts[:-1], old)] = self._members
        members[_places(starts[:-1] + old, new)] = order // ACTIVE + self._sealed
        self._starts, self._members = starts, members
        self._sealed += len(fresh)
        self._waiting = 0


def _places(starts: Rows, counts: Rows) -> Rows:
    """The places of lists that begin at ``starts`` and have ``counts`` entries, one by one."""
    shift = starts - (np.cumsum(counts) - counts)
    places: Rows = np.arange(int(counts.sum())) + np.repeat(shift, counts)
    return places
