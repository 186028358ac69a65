"""The book of memories: what they are, and two ways to find them, by text and by feeling.

    book = MemoryBook(encoder)
    book.add([Moment("Anna came in and laughed.", t_wall_ns, span=..., felt=...)])
    book.recall("who laughed?", 5)
    book.feels(feeling, 5)

Moments that are added together, or follow each other in a session, are linked in their order, so
that one leads to the next. There is room for ``capacity``; beyond it the least salient go, the
older of equals first, and ``add`` says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hippocampus.memory import text_key
from hippocampus.memory.associative import AssociativeMemory, AssociativeState
from hippocampus.memory.body_key import Feeling
from hippocampus.memory.feelings import Feelings
from hippocampus.memory.recall import Numbers
from hippocampus.memory.records import Memory, Moment, Remembered
from hippocampus.memory.settle import Floats
from hippocampus.memory.text_key import TextEncoder
from hippocampus.memory.words import WordIndex

CAPACITY: Final = 100_000
SEED: Final = 16_384
"""Draws the signs of every separator; part of what a stored code means."""
FOLLOWS_WITHIN_NS: Final = 300_000_000_000
"""Moments of a session that are at most five minutes apart lead from one to the next."""
WORDS_WEIGHT: Final = 0.4
"""What the best match of words is worth, in cosines of meaning. Like the shares below and the
threshold it was set on two long conversations between people and looked at on two others."""
NEXT_SHARE: Final = 0.4
"""Of what a memory has above the threshold, for the one that followed it."""
BEFORE_SHARE: Final = 0.2
"""The same for the one that led to it."""
SPREADING_QUANTILE: Final = 0.97
"""Only the thirtieth that has most passes anything on."""


class FullError(ValueError):
    """More moments at once than there is room for."""


class EncoderMismatchError(ValueError):
    """A book whose keys were made by another encoder; one line for a person."""


@dataclass(frozen=True, slots=True)
class Added:
    """What came in, and what had to go for it."""

    numbers: tuple[int, ...]
    evicted: tuple[Memory, ...]


@dataclass(frozen=True, slots=True)
class BookState:
    """Everything to keep of a book."""

    encoder: str
    capacity: int
    next_number: int
    memories: tuple[Memory, ...]
    text: AssociativeState
    felt_numbers: Numbers
    felt_values: Floats
    """[felt, FEATURES]"""
    felt_known: NDArray[np.bool_]


class MemoryBook:
    """All memories. Not for two threads at once."""

    def __init__(self, encoder: TextEncoder, capacity: int = CAPACITY) -> None:
        self.capacity: Final = capacity
        self._encoder = encoder
        self._memories: dict[int, Memory] = {}
        self._next_number = 0
        self._text = AssociativeMemory(text_key.WIDTH, SEED)
        self._words: WordIndex | None = WordIndex()
        self._felt = Feelings(SEED)

    def __len__(self) -> int:
        return len(self._memories)

    def __iter__(self) -> Iterator[Memory]:
        return iter(self._memories.values())

    @property
    def encoder_name(self) -> str:
        """Who makes the keys of its texts."""
        return self._encoder.name

    @property
    def felt_count(self) -> int:
        """Memories that know how they felt."""
        return len(self._felt)

    def get(self, number: int) -> Memory | None:
        """A memory by its number; None where there is none."""
        return self._memories.get(number)

    def led_to(self, number: int, hops: int) -> list[Memory]:
        """What followed a memory, hop by hop, the strongest way; ends where nothing followed.

        Raises ``KeyError`` where there is no such memory.
        """
        return [
            self._memories[int(step.numbers[0])]
            for step in self._text.chain(self._text.just(number), hops)
        ]

    def add(self, moments: Sequence[Moment]) -> Added:
        """Add moments in their order. Raises ``FullError`` for more than there is room for."""
        if len(moments) > self.capacity:
            raise FullError(f"{len(moments)} moments at once; there is room for {self.capacity}")
        if not moments:
            return Added((), ())
        last = next(reversed(self._memories.values()), None)
        numbers = range(self._next_number, self._next_number + len(moments))
        fresh = [
            Memory(number, m.text, m.t_wall_ns, m.salience, m.span, m.people)
            for number, m in zip(numbers, moments, strict=True)
        ]
        keys = self._encoder.keys([moment.text for moment in moments])
        self._text.learn(keys, np.array(numbers, dtype=np.int64))
        self._next_number = numbers.stop
        self._memories.update((memory.number, memory) for memory in fresh)
        for number, moment in zip(numbers, moments, strict=True):
            if moment.felt is not None:
                self._felt.add(number, moment.felt)
        if self._words is not None:
            for memory in fresh:
                self._words.add(memory.text)
        self._link([last, *fresh] if last is not None else fresh)
        return Added(tuple(numbers), self._make_room())

    def recall(self, text: str, count: int = 10) -> list[Remembered]:
        """The memories that ``text`` brings back, best first.

        By meaning (cosine), by words (BM25 as a share of the best) and by what they follow and
        lead to: what a memory has above a threshold is passed on along its links.
        """
        if not self._memories:
            return []
        numbers, meaning = self._text.similarity(self._encoder.keys([text])[0])
        words = self._word_index().scores(text)
        best = float(words.max(initial=0.0))
        shares = words / best if best > 0.0 else words
        score = meaning + WORDS_WEIGHT * shares
        passed = self._passed_on(numbers, score)
        total = score + passed
        order = np.argsort(-total, kind="stable")[:count].tolist()
        return [
            Remembered(
                self._memories[int(numbers[at])],
                float(total[at]),
                float(meaning[at]),
                float(shares[at]),
                float(passed[at]),
            )
            for at in order
        ]

    def feels(self, felt: Feeling, count: int = 10) -> list[Remembered]:
        """The memories that felt most like this; what is unknown of it has no say."""
        return [
            Remembered(self._memories[number], cosine, cosine, 0.0, 0.0)
            for number, cosine in self._felt.like(felt, count)
        ]

    def forget(self, numbers: Iterable[int]) -> tuple[Memory, ...]:
        """Forget memories, their keys and links; returns those that there were."""
        gone = tuple(self._memories[n] for n in dict.fromkeys(numbers) if n in self._memories)
        for memory in gone:
            del self._memories[memory.number]
        if gone:
            self._text.forget(np.array([memory.number for memory in gone], dtype=np.int64))
            self._felt.forget(memory.number for memory in gone)
            self._words = None
        return gone

    def state(self) -> BookState:
        """Everything to keep."""
        return BookState(
            self._encoder.name,
            self.capacity,
            self._next_number,
            tuple(self._memories.values()),
            self._text.state(),
            *self._felt.arrays(),
        )

    @classmethod
    def from_state(cls, state: BookState, encoder: TextEncoder) -> MemoryBook:
        """The same book again.

        Raises ``EncoderMismatchError`` where ``encoder`` is not the one that made the keys, and
        ``ValueError`` where the parts do not fit together.
        """
        if encoder.name != state.encoder:
            raise EncoderMismatchError(
                f"these memories were made with the text encoder {state.encoder}, not "
                f"{encoder.name}"
            )
        book = cls(encoder, state.capacity)
        book._next_number = state.next_number
        book._memories = {memory.number: memory for memory in state.memories}
        book._text = AssociativeMemory.from_state(state.text)
        if book._text.numbers.tolist() != list(book._memories):
            raise ValueError("the memories and their keys are not the same ones")
        book._felt.restore(state.felt_numbers, state.felt_values, state.felt_known)
        if not set(book._felt) <= book._memories.keys():
            raise ValueError("a feeling belongs to no memory")
        book._words = None
        return book

    def _link(self, run: Sequence[Memory]) -> None:
        pairs = [
            (before.number, after.number)
            for before, after in pairwise(run)
            if _leads_to(before, after)
        ]
        if pairs:
            ends = np.array(pairs, dtype=np.int64).T
            self._text.associate(ends[0], ends[1])

    def _make_room(self) -> tuple[Memory, ...]:
        excess = len(self._memories) - self.capacity
        if excess <= 0:
            return ()
        by_worth = sorted(self._memories.values(), key=lambda m: (m.salience, m.number))
        return self.forget([memory.number for memory in by_worth[:excess]])

    def _word_index(self) -> WordIndex:
        """The words of all texts, in the order of the memories."""
        if self._words is None:
            self._words = WordIndex()
            for memory in self._memories.values():
                self._words.add(memory.text)
        return self._words

    def _passed_on(self, numbers: Numbers, score: Floats) -> Floats:
        """What links add to each score [n]."""
        above = np.maximum(score - np.quantile(score, SPREADING_QUANTILE), 0.0)
        sources, targets, strengths = self._text.links()
        passed = np.zeros(len(score))
        source, target = np.searchsorted(numbers, sources), np.searchsorted(numbers, targets)
        np.add.at(passed, target, NEXT_SHARE * strengths * above[source])
        np.add.at(passed, source, BEFORE_SHARE * strengths * above[target])
        return passed.astype(np.float32)


def without(state: BookState, numbers: Iterable[int]) -> BookState:
    """A state without some memories, their keys, links and feelings; no encoder is needed."""
    gone = np.array(sorted(set(numbers)), dtype=np.int64)
    text = AssociativeMemory.from_state(state.text)
    text.forget(gone)
    stays = ~np.isin(state.felt_numbers, gone)
    dropped = frozenset(gone.tolist())
    return replace(
        state,
        memories=tuple(one for one in state.memories if one.number not in dropped),
        text=text.state(),
        felt_numbers=state.felt_numbers[stays],
        felt_values=state.felt_values[stays],
        felt_known=state.felt_known[stays],
    )


def _leads_to(before: Memory, after: Memory) -> bool:
    """Whether one moment follows the other in a session, or in what was told without one."""
    if (before.span is None) != (after.span is None):
        return False
    if before.span is None or after.span is None:
        return 0 <= after.t_wall_ns - before.t_wall_ns <= FOLLOWS_WITHIN_NS
    same = before.span.session_id == after.span.session_id
    return same and after.span.start_ns - before.span.end_ns <= FOLLOWS_WITHIN_NS
