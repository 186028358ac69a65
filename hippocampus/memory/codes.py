"""Pattern separation: a dense key of at most 512 numbers becomes 50 active units of 16,384.

A key is projected by 32 blocks of random signs, each followed by a Hadamard transform of 512
points (Ailon and Chazelle, The Fast Johnson-Lindenstrauss Transform, 2009), and the 50 units that
are excited most stay active, as the dentate gyrus and the fly's mushroom body do it (Dasgupta,
Stevens and Navlakha, A neural algorithm for a fundamental computing problem, Science 2017). Keys
that are alike share units; keys that are not share 0.15 of 50 by chance.

Everything is integer: a key is rounded to int8 first and its code is that of the rounded key. So a
code is the same on every machine, alone or in a batch, and a stored key gives its code again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

UNITS: Final = 16_384
"""D, units of the code."""
ACTIVE: Final = 50
"""k, units of a code that are active."""
WIDTH: Final = 512
"""Points of a transform, and so the longest key."""
BLOCKS: Final = UNITS // WIDTH
LARGEST: Final = 127
"""Of a number of a rounded key."""
LARGEST_SUM: Final = 32_767
"""Of the absolute numbers of a rounded key: no sum of a transform can leave int16 then."""
BATCH: Final = 16
"""Keys that are transformed together: half a MiB, which stays in a core's second cache."""
_ROW: Final = WIDTH * BLOCKS
_COARSE: Final = 16
_FINE: Final = WIDTH // _COARSE
"""A transform of 512 points is one of 16 over one of 32: two small products of matrices, which for
a key alone take half the time of nine passes."""
_UNIT_BITS: Final = 14
_SPANS: Final = tuple(1 << bit for bit in range(9))
_LONG_SPAN: Final = 8
"""Rows this far apart are added as fast as memory is read; nearer ones are rather interleaved."""
_TAIL_SIGMA: Final = 2.55
"""An excitation above this many standard deviations may be among the 50: of 16,384 normal ones 88
are, and fewer than 50 hardly ever; the rare rest is sorted whole."""

RoundedKeys = NDArray[np.int8]
Codes = NDArray[np.uint16]


class KeyWidthError(ValueError):
    """A key that does not fit its memory: wrong length, not finite, or zero throughout."""


def rounded(keys: NDArray[np.floating]) -> RoundedKeys:
    """Keys [n, width] as int8, each scaled so that its largest number is 127 or nearly.

    Raises ``KeyWidthError`` where a key is longer than ``WIDTH``, not finite, or all zero: such a
    key has no direction and so nothing to be found by.
    """
    if keys.ndim != 2 or not 0 < keys.shape[1] <= WIDTH:
        raise KeyWidthError(f"keys are [n, 1..{WIDTH}], not {list(keys.shape)}")
    magnitude = np.abs(keys)
    largest = magnitude.max(axis=1, initial=0.0)
    if not ((largest > 0.0) & (largest < np.inf)).all():  # NaN is neither
        raise KeyWidthError("a key is not finite, or zero throughout")
    scale = np.minimum(LARGEST / largest, (LARGEST_SUM - WIDTH) / magnitude.sum(axis=1))
    whole: RoundedKeys = np.rint(keys * scale[:, None]).astype(np.int8)
    return whole


class PatternSeparator:
    """The projection and the competition; ``seed`` draws the signs and is part of every code."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed).integers(0, 2, size=(WIDTH, 1, BLOCKS))
        self._signs = (2 * draw - 1).astype(np.int16)
        self._here = np.empty(WIDTH * BATCH * BLOCKS, dtype=np.int16)
        self._there = np.empty_like(self._here)
        self._above = np.empty(self._here.shape, dtype=np.bool_)
        self._passes: dict[int, list[tuple[NDArray[np.int16], ...]]] = {}
        apart = self._signs[:, 0].reshape(_COARSE, _FINE, BLOCKS)
        self._signs_alone = np.ascontiguousarray(apart.transpose(0, 2, 1), dtype=np.float32)
        self._alone = tuple(np.zeros((_COARSE, _ROW // _COARSE), dtype=np.float32) for _ in "123")
        self._padded = np.zeros(WIDTH, dtype=np.float32)

    def codes(self, keys: RoundedKeys) -> Codes:
        """Active units [n, 50] of keys [n, width], ascending in each row.

        Where two units are excited alike at the edge, the one with the lower number wins.
        """
        found = np.empty((len(keys), ACTIVE), dtype=np.uint16)
        if len(keys) == 1:
            found[0] = self._code_alone(keys[0])
            return found
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            found[start : start + BATCH] = self._winners(self._excitation(batch), batch)
        return found

    def _code_alone(self, key: RoundedKeys) -> Codes:
        """The code [50] of one key [width], as ``codes`` of many have it.

        Sums of at most 32,767 are exact in float32, in whatever order they are added.
        """
        signed, halfway, flat = self._alone
        self._padded[: len(key)] = key
        self._padded[len(key) :] = 0.0
        points = self._padded.reshape(_COARSE, 1, _FINE)
        np.multiply(points, self._signs_alone, out=signed.reshape(_COARSE, BLOCKS, _FINE))
        np.matmul(signed.reshape(-1, _FINE), _HADAMARD_FINE, out=halfway.reshape(-1, _FINE))
        np.matmul(_HADAMARD_COARSE, halfway, out=flat)
        excitation = flat.reshape(-1)
        edge = np.float32(int(_TAIL_SIGMA * np.sqrt(np.square(key, dtype=np.float32).sum())))
        place = np.flatnonzero(excitation > edge)
        strength, units = excitation[place].astype(np.int32), _UNIT_ALONE[place]
        if len(place) < ACTIVE:
            whole = np.empty(UNITS, dtype=np.int32)
            whole[_UNIT_ALONE] = excitation
            return _sorted_whole(whole.astype(np.int16).reshape(WIDTH, BLOCKS))
        rank = (strength << _UNIT_BITS) | (UNITS - 1 - units)
        best = np.partition(rank, len(rank) - ACTIVE)[-ACTIVE:]
        found = (UNITS - 1 - (best & (UNITS - 1))).astype(np.uint16)
        found.sort()
        return found

    def _excitation(self, keys: RoundedKeys) -> NDArray[np.int16]:
        """Excitation [512, n, 32] of every unit: a butterfly of sums and differences a bit.

        It lies in memory of the separator's own: touching fresh pages costs more than the sums.
        """
        count, width = keys.shape
        if count not in self._passes:
            self._passes[count] = self._views(count)
        passes = self._passes[count]
        start = self._here[: _ROW * count].reshape(WIDTH, count, BLOCKS)
        columns = np.ascontiguousarray(keys.T, dtype=np.int16)
        np.multiply(columns[:, :, None], self._signs[:width], out=start[:width])
        start[width:] = 0
        for first, second, sums, differences in passes:
            np.add(first, second, out=sums)
            np.subtract(first, second, out=differences)
        return self._there[: _ROW * count].reshape(WIDTH, count, BLOCKS)

    def _views(self, count: int) -> list[tuple[NDArray[np.int16], ...]]:
        """What each pass over ``count`` keys adds and where to, back and forth between buffers."""
        here, there = self._here[: _ROW * count], self._there[: _ROW * count]
        views: list[tuple[NDArray[np.int16], ...]] = []
        for span in _SPANS:
            if span < _LONG_SPAN:  # halves in, neighbours out: the bits move round by one
                first, second = here.reshape(2, WIDTH // 2, -1)
                after = there.reshape(WIDTH // 2, 2, -1)
            else:
                before = here.reshape(WIDTH // (2 * span), 2, -1)
                first, second = before[:, 0], before[:, 1]
                after = there.reshape(before.shape)
            views.append((first, second, after[:, 0], after[:, 1]))
            here, there = there, here
        return views

    def _winners(self, excitation: NDArray[np.int16], keys: RoundedKeys) -> Codes:
        """The 50 most excited units of each key of a batch; [512, n, 32] -> [n, 50]."""
        count = len(keys)
        sigma = np.sqrt(np.square(keys, dtype=np.float32).sum(axis=1))
        edge = np.repeat((_TAIL_SIGMA * sigma).astype(np.int16), BLOCKS)
        flat = excitation.reshape(WIDTH, count * BLOCKS)
        above = self._above[: flat.size].reshape(flat.shape)
        place = np.flatnonzero(np.greater(flat, edge, out=above))
        strength = flat.reshape(-1)[place].astype(np.int32) << _UNIT_BITS
        row, column = np.divmod(place, count * BLOCKS)
        which, block = np.divmod(column, BLOCKS)
        rank = strength | (UNITS - 1 - (row * BLOCKS + block).astype(np.int32))
        many = np.bincount(which, minlength=count)
        fewest = int(many.min())
        table = np.full((count, many.max()), -1, dtype=np.int32)
        order = np.argsort(which.astype(np.uint8), kind="stable")  # bytes are sorted fastest
        table[np.arange(many.max()) < many[:, None]] = rank[order]
        if fewest < ACTIVE:
            return np.stack([_sorted_whole(excitation[:, key]) for key in range(count)])
        best = np.partition(table, table.shape[1] - ACTIVE, axis=1)[:, -ACTIVE:]
        units = (UNITS - 1 - (best & (UNITS - 1))).astype(np.uint16)
        units.sort(axis=1)
        return units


def _sorted_whole(excitation: NDArray[np.int16]) -> Codes:
    """The winners of one key [512, 32] where few stand out, as in a key of few numbers."""
    strength = excitation.reshape(-1).astype(np.int32)
    rank = (strength << _UNIT_BITS) + (UNITS - 1 - np.arange(UNITS, dtype=np.int32))
    best = np.argpartition(rank, UNITS - ACTIVE)[-ACTIVE:]
    return np.sort(best).astype(np.uint16)


def _hadamard(size: int) -> NDArray[np.float32]:
    """Sylvester's matrix [size, size]; ``size`` is a power of two."""
    whole = np.ones((1, 1), dtype=np.float32)
    while len(whole) < size:
        whole = np.kron(np.array([[1, 1], [1, -1]], dtype=np.float32), whole)
    return np.ascontiguousarray(whole)


def _units_alone() -> NDArray[np.int32]:
    """[16,384] the unit at each place of a key alone, [16, blocks, 32].

    The first passes each turn the bits of a row round by one, so that a unit's row is not the row
    of Sylvester's transform.
    """
    turns = sum(span < _LONG_SPAN for span in _SPANS)
    row = np.arange(WIDTH)
    passed = ((row << turns) | (row >> (len(_SPANS) - turns))) & (WIDTH - 1)
    apart = passed.reshape(_COARSE, 1, _FINE) * BLOCKS + np.arange(BLOCKS)[None, :, None]
    return np.ascontiguousarray(apart.reshape(-1), dtype=np.int32)


_HADAMARD_COARSE: Final = _hadamard(_COARSE)
_HADAMARD_FINE: Final = _hadamard(_FINE)
_UNIT_ALONE: Final = _units_alone()
