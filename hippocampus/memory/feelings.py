"""The feelings of memories, and which of them were most like another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hippocampus.memory.associative import AssociativeMemory
from hippocampus.memory.body_key import FEATURES, Feeling, Known, Scaling, scaling
from hippocampus.memory.recall import Numbers
from hippocampus.memory.settle import Floats

REFIT_GROWTH: Final = 1.5
"""Feelings are centred anew when there are this many times as many."""


class Feelings:
    """Of memories, by their numbers. Not for two threads at once."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._felt: dict[int, Feeling] = {}
        self._recalled: tuple[AssociativeMemory, Scaling] | None = None

    def __len__(self) -> int:
        return len(self._felt)

    def __iter__(self) -> Iterator[int]:
        return iter(self._felt)

    def add(self, number: int, felt: Feeling) -> None:
        """How a memory felt; numbers only grow."""
        self._felt[number] = felt

    def forget(self, numbers: Iterable[int]) -> None:
        """Forget those of some memories."""
        for number in numbers:
            self._felt.pop(number, None)
        self._recalled = None

    def like(self, felt: Feeling, count: int) -> list[tuple[int, float]]:
        """Numbers of the memories that felt most like this, and their cosines, best first.

        What is unknown of ``felt`` has no say.
        """
        if not self._felt:
            return []
        memory, scaled = self._memory()
        cue = scaled.key(felt)
        if not cue.any():
            return []
        found = memory.recall(cue, count, felt.known, fill=True)
        return list(zip(found.numbers.tolist(), found.similarity.tolist(), strict=True))

    def arrays(self) -> tuple[Numbers, Floats, NDArray[np.bool_]]:
        """Everything to keep: numbers [n], values and what of them is known [n, FEATURES]."""
        felt = list(self._felt.values())
        shape = (len(felt), len(FEATURES))
        return (
            np.fromiter(self._felt, dtype=np.int64, count=len(felt)),
            np.array([one.values for one in felt], dtype=np.float32).reshape(shape),
            np.array([one.known for one in felt], dtype=np.bool_).reshape(shape),
        )

    def restore(self, numbers: Numbers, values: Floats, known: NDArray[np.bool_]) -> None:
        """Take back what ``arrays`` gave."""
        rows = zip(numbers.tolist(), values, known, strict=True)
        self._felt = {number: Feeling(one, of_it) for number, one, of_it in rows}

    def _memory(self) -> tuple[AssociativeMemory, Scaling]:
        """The memory of feelings; centred anew once there are half as many more."""
        if self._recalled is not None and len(self._felt) <= len(self._recalled[0]) * REFIT_GROWTH:
            memory, scaled = self._recalled
            missing = [n for n in self._felt if n >= memory.next_number]
        else:
            scaled = _scaling_of(self._felt.values())
            memory, missing = AssociativeMemory(len(FEATURES), self._seed), list(self._felt)
        told = [(number, scaled.key(self._felt[number])) for number in missing]
        told = [(number, key) for number, key in told if key.any()]
        if told:
            memory.learn(
                np.stack([key for _, key in told]), np.array([n for n, _ in told], dtype=np.int64)
            )
        self._recalled = (memory, scaled)
        return self._recalled


def _scaling_of(felt: Iterable[Feeling]) -> Scaling:
    rows = list(felt)
    known: Known = np.array([row.known for row in rows])
    return scaling(np.array([row.values for row in rows]), known)
