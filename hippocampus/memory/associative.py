"""An associative memory: keys in, the memories most like a cue out, and what followed them.

    memory = AssociativeMemory(width=384, seed=0)
    numbers = memory.learn(keys)                   # [n, 384] -> n numbers, never used again
    memory.associate(numbers[:-1], numbers[1:])
    found = memory.recall(cue)                     # best first
    for step in memory.chain(found, hops=6): ...

A recall has two stages: codes that share most active units with the cue's (``postings``), then a
softmax settle among them (``settle``). A cue that is like no memory shares units by chance only;
then every key is compared, as in a small memory: that is plain nearest neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hippocampus.memory.codes import (
    ACTIVE,
    Codes,
    KeyWidthError,
    PatternSeparator,
    RoundedKeys,
    rounded,
)
from hippocampus.memory.links import Links, Strengths
from hippocampus.memory.postings import PostingIndex, Rows
from hippocampus.memory.settle import BETA, Floats, settle, softmax

CANDIDATE_NUMBERS: Final = 36_864
"""Numbers of all the keys that a cue settles among: 96 sentences, 512 feelings."""
SMALL_NUMBERS: Final = 1 << 18
"""A memory whose keys are no more numbers than this is compared whole: that takes no longer than
its lists do, and misses nothing."""
SURE_OVERLAP: Final = 10
"""Of 50: what keys at a cosine of 0.7 share. Below it the right one may not be among those that
share most, so all are compared."""
RELATIVE_FLOOR: Final = 4
"""A candidate shares at least a quarter of what the best shares."""
SCAN_ROWS: Final = 512
"""Keys that are compared at a time; as floats they stay in a core's second cache."""
DEAD_SHARE: Final = 8
"""The rows of the forgotten are closed up when more than one in eight is."""
SPREAD: Final = 8
"""Memories that stay active from one hop of a chain to the next."""
_FIRST_ROOM: Final = 256
_ROOM_SHARE: Final = 32
"""Arrays grow by this part: keys are copied a few times more, and little room lies empty."""

Numbers = NDArray[np.int64]


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


@dataclass(frozen=True, slots=True)
class AssociativeState:
    """Everything that a memory must keep to be the same one again."""

    seed: int
    next_number: int
    numbers: Numbers
    keys: RoundedKeys
    """[rows, width]."""
    sources: NDArray[np.int32]
    """[links] rows, as are the targets."""
    targets: NDArray[np.int32]
    strengths: Strengths
    counts: NDArray[np.int32]
    """[16,384] length of each unit's list."""
    members: NDArray[np.uint32]
    """The lists, behind each other."""


class AssociativeMemory:
    """Keys of one width, all from one separator. Not for two threads at once."""

    def __init__(self, width: int, seed: int) -> None:
        self.width: Final = width
        self.seed: Final = seed
        self._separator = PatternSeparator(seed)
        self._candidates = max(1, CANDIDATE_NUMBERS // width)
        self._index = PostingIndex()
        self._links = Links()
        self._keys: RoundedKeys = np.empty((_FIRST_ROOM, width), dtype=np.int8)
        self._lengths: Floats = np.empty(_FIRST_ROOM, dtype=np.float32)
        self._numbers: Numbers = np.empty(_FIRST_ROOM, dtype=np.int64)
        self._next_number = 0
        self._rows = 0
        self._dead: set[int] = set()

    def __len__(self) -> int:
        return self._rows - len(self._dead)

    @property
    def bytes_held(self) -> int:
        """Bytes of all arrays: keys, lists, links."""
        own = self._keys.nbytes + self._lengths.nbytes + self._numbers.nbytes
        return own + self._index.bytes_held + self._links.bytes_held

    @property
    def next_number(self) -> int:
        """The next key gets this number or a higher one."""
        return self._next_number

    @property
    def numbers(self) -> Numbers:
        """Numbers of all memories, oldest first."""
        return self._numbers[: self._rows][self._alive()]

    def learn(self, keys: NDArray[np.floating], numbers: Numbers | None = None) -> Numbers:
        """Learn keys [n, width] under ``numbers`` [n], or the next ones; returns the numbers.

        Given numbers ascend and are above all that were. Raises ``KeyWidthError``, and
        ``ValueError`` for numbers that do not ascend.
        """
        if keys.ndim != 2 or keys.shape[1] != self.width:
            raise KeyWidthError(f"keys are [n, {self.width}], not {list(keys.shape)}")
        first = self._next_number
        if numbers is None:
            numbers = np.arange(first, first + len(keys))
        elif (np.diff(numbers, prepend=first - 1) <= 0).any():
            raise ValueError(f"numbers must ascend from {first}")
        if len(keys):
            self._append(rounded(keys), numbers)
            self._next_number = int(numbers[-1]) + 1
        return numbers

    def forget(self, numbers: Numbers) -> int:
        """Forget memories and every link from and to them; returns how many there were."""
        rows = self._rows_of(numbers)
        self._dead.update(rows.tolist())
        self._keys[rows] = 0
        if len(self._dead) * DEAD_SHARE > self._rows:
            self._close_up()
        return len(rows)

    def associate(
        self, sources: Numbers, targets: Numbers, strengths: Strengths | None = None
    ) -> None:
        """Let sources [n] lead to targets [n], with strengths above 0 (1 where None).

        Raises ``KeyError`` for a number that is not in the memory.
        """
        given = np.ones(len(sources), dtype=np.float32) if strengths is None else strengths
        self._links.learn(self._rows_known(sources), self._rows_known(targets), given)

    def key(self, number: int) -> RoundedKeys:
        """The rounded key [width] of a memory. Raises ``KeyError``."""
        found: RoundedKeys = self._keys[self._row(number)].copy()
        return found

    def code(self, number: int) -> Codes:
        """The active units [50] of a memory. Raises ``KeyError``."""
        row = self._row(number)
        found: Codes = self._separator.codes(self._keys[row : row + 1])[0]
        return found

    def recall(
        self,
        cue: NDArray[np.floating],
        count: int = 10,
        known: NDArray[np.bool_] | None = None,
        *,
        fill: bool = False,
    ) -> Recall:
        """The memories most like a cue [width], ``count`` at most.

        ``known`` [width] marks the numbers of the cue that are known; the others have no say.
        ``fill``: compare all rather than come back with fewer than ``count``. Raises
        ``KeyWidthError``.
        """
        if cue.shape != (self.width,):
            raise KeyWidthError(f"a cue is [{self.width}], not {list(cue.shape)}")
        if known is not None:
            cue = np.where(known, cue, 0.0)
        row = rounded(cue[None])
        direction = cue.astype(np.float32) / np.float32(np.sqrt(cue @ cue))
        if not len(self):
            return _NOTHING
        candidates = _NONE
        if self._rows * self.width > SMALL_NUMBERS:
            shared = self._shared(self._separator.codes(row)[0])
            if int(shared.max()) >= SURE_OVERLAP:
                candidates = _most(shared, self._candidates)
        if len(candidates) >= (min(count, len(self)) if fill else 1):
            return self._settled(direction, candidates, count, known, compared_all=False)
        similarity = self._similarity(direction, known)
        candidates = _largest(similarity, min(max(self._candidates, count), len(self)))
        return self._settled(direction, candidates, count, known, compared_all=True)

    def recall_code(self, code: Codes, count: int = 10) -> Recall:
        """The memories whose codes share most with ``code`` [k], ascending units."""
        if not len(self):
            return _NOTHING
        shared = self._shared(code)
        rows = _most(shared, self._candidates)
        if not len(rows):
            return _NOTHING
        similarity = (shared[rows] / ACTIVE).astype(np.float32)
        return self._ordered(rows, softmax(BETA * similarity), similarity, count, all_of=False)

    def just(self, number: int) -> Recall:
        """A memory as if a cue had brought back it alone. Raises ``KeyError``."""
        whole = np.ones(1, dtype=np.float32)
        row = self._row(number)
        return Recall(self._numbers[row : row + 1].copy(), whole, whole, compared_all=False)

    def similarity(self, cue: NDArray[np.floating]) -> tuple[Numbers, Floats]:
        """Numbers [n] and cosines [n] of every memory with a cue [width] that is not zero."""
        direction = cue.astype(np.float32) / np.float32(np.sqrt(cue @ cue))
        alive = self._alive()
        return self.numbers, self._similarity(direction, None)[alive]

    def chain(self, first: Recall, hops: int) -> list[Recall]:
        """What followed, hop by hop, from what a cue brought back.

        Each hop sends the weights along the links; where they part, both ways stay open with
        their share, ``SPREAD`` at most. It ends early where nothing followed.
        """
        active = dict(zip(first.numbers.tolist(), first.weights.tolist(), strict=True))
        steps: list[Recall] = []
        for _ in range(hops):
            active = self._followed(active)
            if not active:
                break
            numbers = np.fromiter(active, dtype=np.int64)
            weights = np.fromiter(active.values(), dtype=np.float32)
            steps.append(Recall(numbers, weights, weights, compared_all=False))
        return steps

    def links(self) -> tuple[Numbers, Numbers, Strengths]:
        """Sources, targets (as numbers) and strengths of all links between memories alive."""
        sources, targets, strengths = self._links.arrays()
        alive = self._alive()
        stay = alive[sources] & alive[targets]
        of = self._numbers
        return of[sources[stay]], of[targets[stay]], strengths[stay]

    def state(self) -> AssociativeState:
        """Everything to keep, without the forgotten."""
        self._close_up()
        sources, targets, strengths = self._links.arrays()
        return AssociativeState(
            self.seed,
            self._next_number,
            self._numbers[: self._rows],
            self._keys[: self._rows],
            sources,
            targets,
            strengths,
            *self._index.lists(),
        )

    @classmethod
    def from_state(cls, state: AssociativeState) -> AssociativeMemory:
        """The same memory again. Raises ``ValueError`` where its parts do not fit together."""
        memory = cls(state.keys.shape[1], state.seed)
        rows = len(state.keys)
        ends = (state.sources, state.targets)
        if len(state.numbers) != rows or any(end.size and end.max() >= rows for end in ends):
            raise ValueError("numbers, keys and links do not fit together")
        memory._index = PostingIndex.from_lists(state.counts, state.members, rows)
        memory._place(state.keys, state.numbers)
        memory._next_number = state.next_number
        memory._links.learn(
            state.sources.astype(np.int64), state.targets.astype(np.int64), state.strengths
        )
        return memory

    def _append(self, keys: RoundedKeys, numbers: Numbers) -> None:
        self._index.add(self._separator.codes(keys))
        self._place(keys, numbers)

    def _place(self, keys: RoundedKeys, numbers: Numbers) -> None:
        end = self._rows + len(keys)
        if end > len(self._keys):
            self._grow(max(end, len(self._keys) + max(_FIRST_ROOM, len(self._keys) // _ROOM_SHARE)))
        here = slice(self._rows, end)
        self._keys[here] = keys
        self._lengths[here] = np.sqrt(np.square(keys, dtype=np.float32).sum(axis=1))
        self._numbers[here] = numbers
        self._rows = end

    def _grow(self, room: int) -> None:
        more = room - len(self._keys)
        self._keys = np.concatenate([self._keys, np.empty((more, self.width), dtype=np.int8)])
        self._lengths = np.concatenate([self._lengths, np.empty(more, dtype=np.float32)])
        self._numbers = np.concatenate([self._numbers, np.empty(more, dtype=np.int64)])

    def _alive(self) -> NDArray[np.bool_]:
        alive = np.ones(self._rows, dtype=np.bool_)
        alive[list(self._dead)] = False
        return alive

    def _close_up(self) -> None:
        """Give the rows of the forgotten to the others; numbers stay."""
        if not self._dead:
            return
        alive = self._alive()
        kept = int(alive.sum())
        for array in (self._keys, self._lengths, self._numbers):
            array[:kept] = array[: self._rows][alive]
        self._keys[kept : self._rows] = 0
        self._index.keep(alive)
        self._links = self._links.kept(alive)
        self._rows = kept
        self._dead.clear()

    def _row(self, number: int) -> int:
        row = int(np.searchsorted(self._numbers[: self._rows], number))
        if row == self._rows or self._numbers[row] != number or row in self._dead:
            raise KeyError(number)
        return row

    def _rows_known(self, numbers: Numbers) -> Rows:
        """Rows of ``numbers``. Raises ``KeyError`` for one that is not in the memory."""
        rows = np.searchsorted(self._numbers[: self._rows], numbers)
        there = rows < self._rows
        there[there] = self._numbers[rows[there]] == numbers[there]
        if self._dead:
            there &= ~np.isin(rows, list(self._dead))
        if not there.all():
            raise KeyError(int(numbers[~there][0]))
        return rows

    def _rows_of(self, numbers: Numbers) -> Rows:
        """Rows of those of ``numbers`` that are in the memory."""
        found = np.flatnonzero(np.isin(self._numbers[: self._rows], numbers))
        return found[[row not in self._dead for row in found.tolist()]]

    def _shared(self, code: Codes) -> Rows:
        shared = self._index.overlaps(code)
        if self._dead:
            shared[list(self._dead)] = 0
        return shared

    def _similarity(self, direction: Floats, known: NDArray[np.bool_] | None) -> Floats:
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
        found[list(self._dead)] = -1.0
        return found

    def _settled(
        self,
        direction: Floats,
        rows: Rows,
        count: int,
        known: NDArray[np.bool_] | None,
        *,
        compared_all: bool,
    ) -> Recall:
        patterns = self._keys[rows].astype(np.float32)
        if known is None:
            lengths = self._lengths[rows]
        else:
            patterns *= known
            lengths = _lengths(patterns, known)
        patterns /= np.maximum(lengths, 1.0)[:, None]
        weights = settle(patterns, direction)
        return self._ordered(rows, weights, patterns @ direction, count, all_of=compared_all)

    def _ordered(
        self, rows: Rows, weights: Floats, similarity: Floats, count: int, *, all_of: bool
    ) -> Recall:
        order = np.argsort(-similarity, kind="stable")[:count]
        return Recall(self._numbers[rows[order]], weights[order], similarity[order], all_of)

    def _followed(self, active: dict[int, float]) -> dict[int, float]:
        """Weights after one hop, best first."""
        reached: dict[int, float] = {}
        for number, weight in active.items():
            if not weight:
                continue
            ways = [
                (row, strength)
                for row, strength in self._links.after(self._row(number))
                if row not in self._dead
            ]
            total = sum(strength for _, strength in ways)
            for row, strength in ways:
                reached[row] = reached.get(row, 0.0) + weight * strength / total
        best = sorted(reached.items(), key=lambda item: -item[1])[:SPREAD]
        whole = sum(weight for _, weight in best)
        return {int(self._numbers[row]): weight / whole for row, weight in best}


_NONE: Final[Rows] = np.empty(0, dtype=np.int64)
_NOTHING: Final = Recall(
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.float32),
    np.empty(0, dtype=np.float32),
    compared_all=False,
)


def _lengths(patterns: Floats, known: NDArray[np.bool_]) -> Floats:
    """Lengths [n] of patterns [n, width] in the numbers that are known."""
    lengths: Floats = np.sqrt(np.square(patterns) @ known.astype(np.float32))
    return lengths


def _most(shared: Rows, count: int) -> Rows:
    """The rows that share most, ``count`` at most, in the order of the rows."""
    floor = max(int(shared.max()) // RELATIVE_FLOOR, 1)
    rows = np.flatnonzero(shared >= floor)
    return rows if len(rows) <= count else rows[_largest(shared[rows], count)]


def _largest(values: NDArray[np.floating] | Rows, count: int) -> Rows:
    """Places of the ``count`` largest values, ascending; of equals at the edge, any."""
    if len(values) <= count:
        return np.arange(len(values))
    return np.sort(np.argpartition(values, len(values) - count)[-count:])
