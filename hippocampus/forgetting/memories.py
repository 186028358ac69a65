"""The associative memory without what is to be forgotten, and without every older version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hippocampus.forgetting.erasure import Erasure
from hippocampus.forgetting.times import Name, Stretch, Stretches
from hippocampus.memory.book import BookState, without
from hippocampus.memory.records import Memory
from hippocampus.memory.store import HEAD_FILE, MemoryStore, StoreError, version_bytes


@dataclass(frozen=True, slots=True)
class ErasedMemories:
    """What the memory loses."""

    memories: int
    older: int
    """Older versions that hold one of them, or cannot be read."""
    versions: int
    """Older ones that go, damaged ones too."""
    digest: str


def moments_with(name: Name, memories: Iterable[Memory], starts: dict[str, int]) -> list[Stretch]:
    """When a person was there, as the memory knows it: the spans of memories that name them.

    ``starts``: for each session what to add to its monotonic times to have Unix times, ns.
    """
    return [_when(memory, starts) for memory in memories if _names(memory, name)]


def erase(
    folder: Path,
    stretches: Stretches,
    name: Name | None,
    starts: dict[str, int],
    erasure: Erasure | None,
    t_wall_ns: int,
) -> ErasedMemories | None:
    """Stage a first version without them; None where there is no memory, or nothing to forget.

    Raises ``StoreError`` where no version can be read, ``OSError``. Older versions go even where
    the present one has nothing to forget: one of them might.
    """
    store = MemoryStore(folder)
    loaded = store.load()
    if loaded is None:
        return None

    def goes(memory: Memory) -> bool:
        if stretches.overlap(*_bounds(_when(memory, starts))):
            return True
        return name is not None and _names(memory, name)

    gone = [memory for memory in loaded.book.memories if goes(memory)]
    others = [path for path in store.files() if path != store.path(loaded.version.number)]
    if not gone and not others:
        return None
    digest = hashlib.sha256(msgspec.msgpack.encode([msgspec.to_builtins(m) for m in gone]))
    if erasure is not None:
        _stage(store, loaded.book, [memory.number for memory in gone], erasure, t_wall_ns)
    older = sum(
        memories is None or any(map(goes, memories))
        for number in store.numbers()
        if number != loaded.version.number
        for memories in (_readable(store, number),)
    )
    return ErasedMemories(len(gone), older, len(others), digest.hexdigest())


def _stage(
    store: MemoryStore, book: BookState, gone: list[int], erasure: Erasure, t_wall_ns: int
) -> None:
    number = max([*store.numbers(), store.head() or 0]) + 1
    for path in store.files():
        erasure.remove(path)
    data = version_bytes(without(book, gone), number, "forget for good", (), t_wall_ns)
    erasure.write(store.path(number), data)
    erasure.write(store.folder / HEAD_FILE, f"{number}\n".encode())


def _readable(store: MemoryStore, number: int) -> tuple[Memory, ...] | None:
    try:
        return store.book(number).memories
    except StoreError:
        return None


def _names(memory: Memory, name: Name) -> bool:
    return any(map(name.is_, memory.people)) or name.within(memory.text)


def _when(memory: Memory, starts: dict[str, int]) -> Stretch:
    """When it was: its span where the session's clock is known, else its moment."""
    span = memory.span
    if span is None:
        return Stretch(memory.t_wall_ns, memory.t_wall_ns)
    offset_ns = starts.get(span.session_id)
    if offset_ns is None:
        half_ns = max(0, span.end_ns - span.start_ns) // 2
        return Stretch(memory.t_wall_ns - half_ns, memory.t_wall_ns + half_ns)
    first_ns, last_ns = span.start_ns + offset_ns, span.end_ns + offset_ns
    return Stretch(min(first_ns, memory.t_wall_ns), max(last_ns, memory.t_wall_ns))


def _bounds(stretch: Stretch) -> tuple[int, int]:
    return stretch.start_ns, stretch.end_ns
