"""The keys themselves, row by row: rounded, with their lengths and the numbers of their memories.

A forgotten row is cleared at once and its place is closed up when enough have gathered; numbers
stay, rows move.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hippocampus.memory.codes import RoundedKeys
from hippocampus.memory.recall import Numbers, Rows
from hippocampus.memory.settle import Floats

SCAN_ROWS: Final = 512
"""Keys that are compared at a time; as floats they stay in a core's second cache."""
DEAD_SHARE: Final = 8
"""The rows of the forgotten are closed up when more than one in eight is."""
_FIRST_ROOM: Final = 256
_ROOM_SHARE: Final = 32
"""Arrays grow by this part: keys are copied a few times more, and little room lies empty."""


class KeyRows:
    """Rounded keys of one width, in the order in which they were learned."""

    def __init__(self, width: int) -> None:
        self.width: Final = width
        self._keys: RoundedKeys = np.empty((_FIRST_ROOM, width), dtype=np.int8)
        self._lengths: Floats = np.empty(_FIRST_ROOM, dtype=np.float32)
        self._numbers: Numbers = np.empty(_FIRST_ROOM, dtype=np.int64)
        self._rows = 0
        self.dead: set[int] = set()
        """Rows of the forgotten, until they are closed up."""

    def __len__(self) -> int:
        """Rows, those of the forgotten too."""
        return self._rows

    @property
    def alive_count(self) -> int:
        """Memories that there are."""
        return self._rows - len(self.dead)

    @property
    def bytes_held(self) -> int:
        """Bytes of all arrays."""
        return self._keys.nbytes + self._lengths.nbytes + self._numbers.nbytes

    @property
    def keys(self) -> RoundedKeys:
        """All of them [rows, width], zero where forgotten."""
        return self._keys[: self._rows]

    @property
    def numbers(self) -> Numbers:
        """[rows] of the memories; of the forgotten too."""
        return self._numbers[: self._rows]

    def alive(self) -> NDArray[np.bool_]:
        """[rows] whether each is still remembered."""
        alive = np.ones(self._rows, dtype=np.bool_)
        alive[list(self.dead)] = False
        return alive

    def append(self, keys: RoundedKeys, numbers: Numbers) -> None:
        """Add keys [n, width] as the next rows."""
        end = self._rows + len(keys)
        if end > len(self._keys):
            self._grow(max(end, len(self._keys) + max(_FIRST_ROOM, len(self._keys) // _ROOM_SHARE)))
        here = slice(self._rows, end)
        self._keys[here] = keys
        self._lengths[here] = np.sqrt(np.square(keys, dtype=np.float32).sum(axis=1))
        self._numbers[here] = numbers
        self._rows = end

    def forget(self, rows: Rows) -> bool:
        """Clear rows; True where it is time to close up."""
        self.dead.update(rows.tolist())
        self._keys[rows] = 0
        return len(self.dead) * DEAD_SHARE > self._rows

    def close_up(self) -> NDArray[np.bool_]:
        """Give the rows of the forgotten to the others; which of the old rows stayed [rows]."""
        alive = self.alive()
        kept = int(alive.sum())
        for array in (self._keys, self._lengths, self._numbers):
            array[:kept] = array[: self._rows][alive]
        self._keys[kept : self._rows] = 0
        self._rows = kept
        self.dead.clear()
        return alive

    def row(self, number: int) -> int:
        """The row of a memory. Raises ``KeyError``."""
        row = int(np.searchsorted(self._numbers[: self._rows], number))
        if row == self._rows or self._numbers[row] != number or row in self.dead:
            raise KeyError(number)
        return row

    def rows_known(self, numbers: Numbers) -> Rows:
        """Rows of ``numbers``. Raises ``KeyError`` for one that is not in the memory."""
        rows = np.searchsorted(self._numbers[: self._rows], numbers)
        there = rows < self._rows
        there[there] = self._numbers[rows[there]] == numbers[there]
        if self.dead:
            there &= ~np.isin(rows, list(self.dead))
        if not there.all():
            raise KeyError(int(numbers[~there][0]))
        return rows

    def rows_of(self, numbers: Numbers) -> Rows:
        """Rows of those of ``numbers`` that are in the memory."""
        found = np.flatnonzero(np.isin(self._numbers[: self._rows], numbers))
        return found[[row not in self.dead for row in found.tolist()]]

    def similarity(self, direction: Floats, known: NDArray[np.bool_] | None) -> Floats:
        """Cosine [rows] of every key with a direction [width]; the forgotten are at -1."""
        found = np.empty(self._rows, dtype=np.float32)
        for start in range(0, self._rows, SCAN_ROWS):
            rows = slice(start, min(start + SCAN_ROWS, self._rows))
            patterns = self._keys[rows].astype(np.float32)
            found[rows] = patterns @ direction
            if known is not None:
                found[rows] /= np.maximum(_lengths(patterns, known), 1.0)
        if known is None:
            found /= np.maximum(self._lengths[: self._rows], 1.0)
        found[list(self.dead)] = -1.0
        return found

    def directions(self, rows: Rows, known: NDArray[np.bool_] | None) -> Floats:
        """Keys [n, width] of some rows, of length 1 in the numbers that are known."""
        patterns = self._keys[rows].astype(np.float32)
        if known is None:
            lengths = self._lengths[rows]
        else:
            patterns *= known
            lengths = _lengths(patterns, known)
        patterns /= np.maximum(lengths, 1.0)[:, None]
        return patterns

    def _grow(self, room: int) -> None:
        more = room - len(self._keys)
        self._keys = np.concatenate([self._keys, np.empty((more, self.width), dtype=np.int8)])
        self._lengths = np.concatenate([self._lengths, np.empty(more, dtype=np.float32)])
        self._numbers = np.concatenate([self._numbers, np.empty(more, dtype=np.int64)])


def _lengths(patterns: Floats, known: NDArray[np.bool_]) -> Floats:
    """Lengths [n] of patterns [n, width] in the numbers that are known."""
    lengths: Floats = np.sqrt(np.square(patterns) @ known.astype(np.float32))
    return lengths
