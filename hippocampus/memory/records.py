"""What a memory is: what was said of a moment, where its log lies, how it felt."""

from __future__ import annotations

from dataclasses import dataclass

from hippocampus.memory.body_key import Feeling


@dataclass(frozen=True, slots=True)
class LogSpan:
    """A part of a log: everything of one session from ``start_ns`` to ``end_ns``."""

    session_id: str
    start_ns: int
    """Monotonic time of the ticks, as is ``end_ns``."""
    end_ns: int


@dataclass(frozen=True, slots=True)
class Memory:
    """One memory. ``number`` is its name for life and is never given again."""

    number: int
    text: str
    """What is told of it; may be empty for a moment that was only felt."""
    t_wall_ns: int
    salience: float
    """0 to 1: the least salient are forgotten first when there is no more room."""
    span: LogSpan | None
    """Where it is recorded; None for what was only told."""
    people: tuple[str, ...] = ()
    """Who was there, so that a person can be forgotten."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is about to become a memory."""

    text: str
    t_wall_ns: int
    salience: float = 0.5
    span: LogSpan | None = None
    people: tuple[str, ...] = ()
    felt: Feeling | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """A memory that came back, and why."""

    memory: Memory
    score: float
    """What it was ordered by; only the order means something."""
    similarity: float
    """Cosine of the keys: of meaning, or of feeling."""
    words: float
    """0 to 1: its share of the best match of words; 0 for a feeling."""
    led_to: float
    """What memories before and after it added to its score."""
