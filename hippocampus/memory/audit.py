"""Whether the memory on the disk is whole, and whether what it says can still be looked up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from hippocampus.memory.book import SEED, BookState
from hippocampus.memory.codes import ACTIVE, UNITS, PatternSeparator
from hippocampus.memory.records import LogSpan
from hippocampus.memory.store import MemoryStore, StoreError
from hippocampus.reader import Log, LogError, session_folders

CODES_CHECKED: Final = 2048
"""Codes that are made again from their keys; the newest ones."""


@dataclass(frozen=True, slots=True)
class VersionFinding:
    """One version: what is told of it, or why it cannot be read."""

    number: int
    holds: bool
    memories: int
    action: str
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What an audit found. ``troubles`` are lines for a person; empty where all is well."""

    versions: tuple[VersionFinding, ...]
    troubles: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Nothing is wrong, in what holds and in what is kept."""
        return not self.troubles and all(one.trouble is None for one in self.versions)


def audit(store: MemoryStore, logs: Path | None) -> Finding:
    """Read every version; check what holds; with ``logs`` also that its spans are recorded there.

    Raises ``OSError`` as the disk does.
    """
    head = store.head()
    versions = tuple(_version(store, number, holds=number == head) for number in store.numbers())
    if not versions:
        return Finding((), ())
    troubles = [] if head is not None else ["which version holds is not known: no head"]
    try:
        loaded = store.load()
    except StoreError as error:
        return Finding(versions, (*troubles, str(error)))
    if loaded is not None:
        troubles += _book(loaded.book)
        if logs is not None:
            troubles += _spans(loaded.book, logs)
    return Finding(versions, tuple(troubles))


def _version(store: MemoryStore, number: int, *, holds: bool) -> VersionFinding:
    try:
        version = store.version(number)
    except StoreError as error:
        return VersionFinding(number, holds, 0, "", str(error))
    return VersionFinding(number, holds, version.memories, version.action, None)


def _book(book: BookState) -> list[str]:
    """Memories, keys, lists and links must be about the same memories."""
    troubles = []
    numbers = [memory.number for memory in book.memories]
    if numbers != book.text.numbers.tolist() or len(numbers) != len(book.text.keys):
        troubles.append("the memories and their keys are not the same ones")
    if not set(book.felt_numbers.tolist()) <= set(numbers):
        troubles.append("a feeling belongs to no memory")
    for ends in (book.text.sources, book.text.targets):
        if len(ends) and not 0 <= int(ends.min()) <= int(ends.max()) < len(numbers):
            troubles.append("a link leads to no memory")
    return troubles or _codes(book)


def _codes(book: BookState) -> list[str]:
    """The lists must hold the codes that the keys give."""
    text = book.text
    rows = len(text.keys)
    if book.text.seed != SEED or len(text.counts) != UNITS or len(text.members) != rows * ACTIVE:
        return ["the lists of the codes are not those of this program"]
    first = max(0, rows - CODES_CHECKED)
    units = np.repeat(np.arange(UNITS), text.counts)
    chosen = text.members >= first
    stored = np.sort(text.members[chosen].astype(np.int64) * UNITS + units[chosen])
    again = PatternSeparator(text.seed).codes(text.keys[first:]).astype(np.int64)
    wanted = np.sort((again + np.arange(first, rows)[:, None] * UNITS).reshape(-1))
    return [] if np.array_equal(stored, wanted) else ["codes are not those of their keys"]


def _spans(book: BookState, logs: Path) -> list[str]:
    """Spans must lie in a session that is there, within what it recorded."""
    if not logs.is_dir():
        return [f"no folder of sessions {logs}"]
    recorded: dict[str, tuple[int, int]] = {}
    for folder in (*session_folders(logs), logs):
        try:
            log = Log(folder)
            times = [tick.sense.t_mono_ns for tick in log.ticks()]
            if times:
                recorded[log.header.session_id] = (times[0], times[-1])
        except LogError:
            continue
    return [
        f"memory {memory.number}: its log is not there ({memory.span.session_id})"
        for memory in book.memories
        if memory.span is not None and not _is_there(memory.span, recorded)
    ]


def _is_there(span: LogSpan, recorded: dict[str, tuple[int, int]]) -> bool:
    if span.session_id not in recorded:
        return False
    first, last = recorded[span.session_id]
    return span.start_ns <= last and span.end_ns >= first
