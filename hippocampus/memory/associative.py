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
from hippocampus.memory.links import NONE, Links, Strengths
from hippocampus.memory.postings import PostingIndex
from hippocampus.memory.recall import NO_ROWS, NOTHING, Numbers, Recall, Rows, largest, ordered
from hippocampus.memory.rows import KeyRows
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
SPREAD: Final = 8
"""Memories that stay active from one hop of a chain to the next."""


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
        self._rows = KeyRows(width)
        self._next_number = 0

    def __len__(self) -> int:
        return self._rows.alive_count

    @property
    def bytes_held(self) -> int:
        """Bytes of all arrays: keys, lists, links."""
        return self._rows.bytes_held + self._index.bytes_held + self._links.bytes_held

    @property
    def next_number(self) -> int:
        """The next key gets this number or a higher one."""
        return self._next_number

    @property
    def numbers(self) -> Numbers:
        """Numbers of all memories, oldest first."""
        return self._rows.numbers[self._rows.alive()]

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
            whole = rounded(keys)
            self._index.add(self._separator.codes(whole))
            self._rows.append(whole, numbers)
            self._next_number = int(numbers[-1]) + 1
        return numbers

    def forget(self, numbers: Numbers) -> int:
        """Forget memories and every link from and to them; returns how many there were."""
        rows = self._rows.rows_of(numbers)
        if self._rows.forget(rows):
            self._close_up()
        return len(rows)

    def associate(
        self, sources: Numbers, targets: Numbers, strengths: Strengths | None = None
    ) -> None:
        """Let sources [n] lead to targets [n], with strengths above 0 (1 where None).

        Links that follow each other, here or from the last call to this one, are one way: it goes
        on as it was learned where it crosses others. Raises ``KeyError`` for a number that is not
        in the memory.
        """
        given = np.ones(len(sources), dtype=np.float32) if strengths is None else strengths
        known = self._rows.rows_known
        self._links.learn(known(sources), known(targets), given)

    def key(self, number: int) -> RoundedKeys:
        """The rounded key [width] of a memory. Raises ``KeyError``."""
        found: RoundedKeys = self._rows.keys[self._rows.row(number)].copy()
        return found

    def code(self, number: int) -> Codes:
        """The active units [50] of a memory. Raises ``KeyError``."""
        row = self._rows.row(number)
        found: Codes = self._separator.codes(self._rows.keys[row : row + 1])[0]
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
            return NOTHING
        candidates = NO_ROWS
        if len(self._rows) * self.width > SMALL_NUMBERS:
            rows, shared = self._sharing(self._separator.codes(row)[0])
            if len(shared) and int(shared.max()) >= SURE_OVERLAP:
                candidates = rows
        if len(candidates) >= (min(count, len(self)) if fill else 1):
            return self._settled(direction, candidates, count, known, compared_all=False)
        similarity = self._rows.similarity(direction, known)
        candidates = largest(similarity, min(max(self._candidates, count), len(self)))
        return self._settled(direction, candidates, count, known, compared_all=True)

    def recall_code(self, code: Codes, count: int = 10) -> Recall:
        """The memories whose codes share most with ``code`` [k], ascending units."""
        if not len(self):
            return NOTHING
        rows, shared = self._sharing(code)
        if not len(rows):
            return NOTHING
        similarity = (shared / ACTIVE).astype(np.float32)
        weights = softmax(BETA * similarity)
        return ordered(self._rows.numbers[rows], weights, similarity, count, compared_all=False)

    def just(self, number: int) -> Recall:
        """A memory as if a cue had brought back it alone. Raises ``KeyError``."""
        whole = np.ones(1, dtype=np.float32)
        row = self._rows.row(number)
        return Recall(self._rows.numbers[row : row + 1].copy(), whole, whole, compared_all=False)

    def similarity(self, cue: NDArray[np.floating]) -> tuple[Numbers, Floats]:
        """Numbers [n] and cosines [n] of every memory with a cue [width] that is not zero."""
        direction = cue.astype(np.float32) / np.float32(np.sqrt(cue @ cue))
        return self.numbers, self._rows.similarity(direction, None)[self._rows.alive()]

    def chain(self, first: Recall, hops: int) -> list[Recall]:
        """What followed, hop by hop, from what a cue brought back.

        Each hop sends the weights along the links; where they part, both ways stay open with
        their share, ``SPREAD`` at most. A way that was entered goes on as it was learned, also
        through memories that other ways pass. It ends early where nothing followed.
        """
        row, numbers = self._rows.row, self._rows.numbers
        found = zip(first.numbers.tolist(), first.weights.tolist(), strict=True)
        active = {(row(number), NONE): weight for number, weight in found if weight}
        steps: list[Recall] = []
        for _ in range(hops):
            active = self._followed(active)
            if not active:
                break
            reached: dict[int, float] = {}
            for (to, _through), weight in active.items():
                reached[to] = reached.get(to, 0.0) + weight
            best = sorted(reached.items(), key=lambda item: -item[1])
            weights = np.array([weight for _, weight in best], dtype=np.float32)
            rows = np.array([to for to, _ in best], dtype=np.int64)
            steps.append(Recall(numbers[rows], weights, weights, compared_all=False))
        return steps

    def links(self) -> tuple[Numbers, Numbers, Strengths]:
        """Sources, targets (as numbers) and strengths of all links between memories alive."""
        sources, targets, strengths = self._links.arrays()
        alive = self._rows.alive()
        stay = alive[sources] & alive[targets]
        of = self._rows.numbers
        return of[sources[stay]], of[targets[stay]], strengths[stay]

    def state(self) -> AssociativeState:
        """Everything to keep, without the forgotten."""
        self._close_up()
        return AssociativeState(
            self.seed,
            self._next_number,
            self._rows.numbers,
            self._rows.keys,
            *self._links.arrays(),
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
        memory._rows.append(state.keys, state.numbers)
        memory._next_number = state.next_number
        memory._links.learn(
            state.sources.astype(np.int64), state.targets.astype(np.int64), state.strengths
        )
        return memory

    def _close_up(self) -> None:
        """Give the rows of the forgotten to the others; numbers stay."""
        if not self._rows.dead:
            return
        alive = self._rows.close_up()
        self._index.keep(alive)
        self._links = self._links.kept(alive)

    def _sharing(self, code: Codes) -> tuple[Rows, Rows]:
        """Rows whose codes share most with ``code``, and how much; those of the forgotten not."""
        rows, shared = self._index.sharing(code, RELATIVE_FLOOR, self._rows.dead)
        if len(rows) > self._candidates:
            best = largest(shared, self._candidates)
            rows, shared = rows[best], shared[best]
        return rows, shared

    def _settled(
        self,
        direction: Floats,
        rows: Rows,
        count: int,
        known: NDArray[np.bool_] | None,
        *,
        compared_all: bool,
    ) -> Recall:
        patterns = self._rows.directions(rows, known)
        similarity = patterns @ direction
        weights = settle(patterns, direction) if len(rows) > 1 else np.ones_like(similarity)
        of = self._rows.numbers[rows]
        return ordered(of, weights, similarity, count, compared_all=compared_all)

    def _followed(self, active: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
        """Weights of (row, link that led to it) after one hop, best first."""
        dead = self._rows.dead
        reached: dict[tuple[int, int], float] = {}
        for (row, through), weight in active.items():
            ways = [way for way in self._links.after(row, through) if way[1] not in dead]
            total = sum(strength for _, _, strength in ways)
            for link, to, strength in ways:
                reached[to, link] = reached.get((to, link), 0.0) + weight * strength / total
        best = sorted(reached.items(), key=lambda item: -item[1])[:SPREAD]
        whole = sum(weight for _, weight in best)
        return {key: weight / whole for key, weight in best}
