"""Forgetting as one: what there is to erase everywhere, and the erasing of it.

    found = forget(places, Request(Stretches([...])), learned, t_wall_ns, dry_run=True)
    found = forget(places, request, learned, t_wall_ns, dry_run=False)

Logs, nights, memory and what the cerebellum learned change together (``hippocampus.transaction``):
an interruption leaves the old state, or one that ``settle`` finishes. What a robot learned is not
this package's: ``Unlearning`` is handed in.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from hippocampus.forgetting import exports, logs, memories, nights, stays
from hippocampus.forgetting.erasure import RECEIPTS, Erasure
from hippocampus.forgetting.judging import Wanted
from hippocampus.forgetting.times import Name, Stretch, Stretches
from hippocampus.memory.store import MemoryStore
from hippocampus.night.sleep import LOGS, MEMORY, STATE
from hippocampus.transaction.journal import NIGHTS, Roots
from hippocampus.transaction.lock import held
from hippocampus.transaction.settle import Settled, settle

Learned = TypeVar("Learned")
Progress = Callable[[str, int, int], None]
"""Called with what is being looked through, how much of it is done, and all."""
Unlearning = Callable[[Wanted, Erasure | None, Callable[[int, int], None]], Learned | None]


@dataclass(frozen=True, slots=True)
class Places:
    """A robot's folders, and where else something made from its logs may lie."""

    root: Path
    """Where the receipts are kept."""
    folders: Roots
    """``logs``, ``state``, ``memory`` and ``nights``."""
    made: tuple[Path, ...] = ()

    @property
    def logs(self) -> Path:
        """Folder of the sessions."""
        return self.folders[LOGS]

    @property
    def state(self) -> Path:
        """What the robot has learned."""
        return self.folders[STATE]

    @property
    def memory(self) -> Path:
        """The associative memory."""
        return self.folders[MEMORY]

    @property
    def nights(self) -> Path:
        """Episodes, days and diaries."""
        return self.folders[NIGHTS]


@dataclass(frozen=True, slots=True)
class Request:
    """What a person has asked for: a name, or a stretch of time."""

    stretch: Stretch | None = None
    name: Name | None = None

    @property
    def kind(self) -> str:
        """What was asked for, without naming it."""
        return "person" if self.name is not None else "time"


@dataclass(frozen=True, slots=True)
class Forgotten(Generic[Learned]):
    """What was erased, or would be."""

    stretches: tuple[Stretch, ...]
    logs: tuple[logs.ErasedLog, ...]
    days: tuple[nights.ErasedDay, ...]
    memories: memories.ErasedMemories | None
    learned: Learned | None
    stale: tuple[exports.Found, ...]
    settled: Settled | None
    """None after a dry run, and where there was nothing to erase."""

    @property
    def nothing(self) -> bool:
        """There was nothing of it anywhere."""
        changed = bool(self.logs or self.days or self.learned is not None)
        remembered = self.memories is not None and (self.memories.memories or self.memories.older)
        return not (changed or remembered)


def forget(
    places: Places,
    request: Request,
    unlearning: Unlearning[Learned],
    t_wall_ns: int,
    progress: Progress,
    *,
    dry_run: bool,
) -> Forgotten[Learned]:
    """Erase what was asked for everywhere; ``dry_run`` only says what there is.

    The state folder must be locked by the caller. Raises ``BusyError``, ``BeingWrittenError``,
    ``UnreadableError``, ``StoreError``, ``OSError``; nothing has changed then, or ``settle``
    finishes it.
    """
    with _held(places):
        settle(places.nights)
        wanted = Wanted(_stretches(places, request, progress), request.name)
        erasure = None if dry_run else Erasure({"robot": places.root, **places.folders})
        try:
            found = _look(places, wanted, unlearning, erasure, t_wall_ns, progress)
            if erasure is None or found.nothing:
                return found
            receipt_id = secrets.token_hex(8)
            exports.mark(found.stale, t_wall_ns, receipt_id, erasure)
            settled = erasure.commit(
                f"the forgetting of a {request.kind}",
                places.root / RECEIPTS,
                _receipt(receipt_id, t_wall_ns, request, found),
            )
        finally:
            if erasure is not None:
                erasure.abandon()
        return replace(found, settled=settled)


def _stretches(places: Places, request: Request, progress: Progress) -> Stretches:
    if request.stretch is not None:
        return Stretches([request.stretch])
    assert request.name is not None, "a request has a stretch or a name"
    progress("moments", 0, 1)
    loaded = MemoryStore(places.memory).load()
    moments = nights.moments_with(request.name, places.nights)
    if loaded is not None:
        starts = logs.session_starts(places.logs)
        moments += memories.moments_with(request.name, loaded.book.memories, starts)
    found = stays.stays(places.logs, moments, request.name)
    progress("moments", 1, 1)
    return found


def _look(
    places: Places,
    wanted: Wanted,
    unlearning: Unlearning[Learned],
    erasure: Erasure | None,
    t_wall_ns: int,
    progress: Progress,
) -> Forgotten[Learned]:
    # What was learned is read from the logs as they are: before they change.
    starts = logs.session_starts(places.logs)
    learned = unlearning(wanted, erasure, lambda done, all_: progress("learning", done, all_))
    erased = list(
        logs.erase(places.logs, wanted, erasure, lambda done, all_: progress("logs", done, all_))
    )
    stretches, name = wanted.stretches, wanted.name
    return Forgotten(
        stretches=tuple(stretches),
        logs=tuple(erased),
        days=tuple(
            nights.erase(
                places.nights,
                stretches,
                name,
                frozenset(one.name for one in erased if one.removed),
                erasure,
            )
        ),
        memories=memories.erase(places.memory, stretches, name, starts, erasure, t_wall_ns),
        learned=learned,
        stale=tuple(
            exports.find(places.logs, (one.name for one in erased if one.messages), places.made)
        ),
        settled=None,
    )


def _receipt(receipt_id: str, t_wall_ns: int, request: Request, found: Forgotten[Learned]) -> bytes:
    """What is kept of it: what kind, how much, when, digests; no name and no content."""
    return msgspec.json.encode(
        {
            "id": receipt_id,
            "at_ns": t_wall_ns,
            "asked": request.kind,
            "stretches": found.stretches,
            "logs": found.logs,
            "days": found.days,
            "memories": found.memories,
            "learned": found.learned,
            "stale": [str(one.folder) for one in found.stale],
        }
    )


@contextmanager
def _held(places: Places) -> Iterator[None]:
    """Keep nights and changes of the memory away. Raises ``BusyError``, ``OSError``."""
    memory = places.memory
    alone = MemoryStore(memory).locked() if memory.is_dir() else nullcontext()
    with held(places.nights), alone:
        yield
