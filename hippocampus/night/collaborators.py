"""What a night asks others to do, as plain callables and records: it knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hippocampus.memory.book import MemoryBook
from hippocampus.memory.store import MemoryStore
from hippocampus.night.episode import Day
from hippocampus.night.moments import HeardLook, MadeReach
from hippocampus.night.reading import LegReading, NightLeg
from hippocampus.transaction.change import Change


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file to be written, by others."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Experience:
    """What tables may learn from again: of this night, and of all nights before."""

    looks: tuple[HeardLook, ...]
    reaches: tuple[MadeReach, ...]
    older_looks: tuple[HeardLook, ...]
    older_reaches: tuple[MadeReach, ...]


@dataclass(frozen=True, slots=True)
class Consolidated:
    """What tables became: files under the state's folder, and a line for each table."""

    files: tuple[NamedFile, ...]
    told: tuple[str, ...]


DiaryWriter = Callable[[Day], tuple[NamedFile, ...]]
"""Files beside the day's facts. What fails in it is its own affair: it always comes back."""
Consolidate = Callable[[Experience], Consolidated]
BookOf = Callable[[MemoryStore], MemoryBook]
ReadLegs = Callable[[Sequence[NightLeg], bool], Iterable[LegReading]]
"""Reads legs, in their order; True: with a thinner copy of each file."""
Progress = Callable[[str, int, int], None]
"""Told what is done, how far, and of how much."""


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What a night asks others to do."""

    read: Callable[[Change | None], ReadLegs]
    """Makes the reader; thinner copies are staged in the change, none where it is None."""
    book_of: BookOf
    consolidate: Consolidate | None
    """None: tables are left as they are."""
    diary: DiaryWriter | None
    progress: Progress
