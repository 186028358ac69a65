"""Whether there is room for a night, asked before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hippocampus.memory.store import MemoryStore
from hippocampus.night import store
from hippocampus.night.calendar import DayFile
from hippocampus.night.settings import SleepSettings
from hippocampus.retention import free_bytes
from hippocampus.transaction.journal import NIGHTS, Roots
from hippocampus.transaction.settle import empty_trash

THIN_SHARE: Final = 1.5
"""Of a file's size by ``thin_every``: events and looks stay, and small files pack less well."""
DAY_BYTES: Final = 4_000_000
"""Labels, facts and diary of a very full day."""
MEMORY_BYTES: Final = 2_000_000
"""What the memories of a night add."""


class NoRoomError(Exception):
    """The disk has not enough room for a night; the message is one line for a person."""


def needed_bytes(roots: Roots, settings: SleepSettings, files: Sequence[DayFile]) -> dict[str, int]:
    """What each folder is about to hold besides what it holds now."""
    whole = sum(file.bytes for file in files)
    thin = 0
    if whole > settings.raw_bytes:
        thin = round(whole / settings.thin_every * THIN_SHARE)
    days = len({file.date for file in files})
    kept = MemoryStore(roots["memory"])
    head = kept.head()
    return {
        "logs": thin,
        "memory": _size(kept.path(head)) + MEMORY_BYTES if head is not None else MEMORY_BYTES,
        NIGHTS: _size(roots[NIGHTS] / store.NAME) + days * DAY_BYTES,
    }


def make_room(roots: Roots, settings: SleepSettings, files: Sequence[DayFile]) -> None:
    """Make sure of room, by giving up what undoing the last night needs if it must be.

    Raises ``NoRoomError``, and ``OSError`` where a disk cannot be asked.
    """
    needed = needed_bytes(roots, settings, files)
    if _short(roots, needed):
        empty_trash(roots.values(), roots[NIGHTS])
    short = _short(roots, needed)
    if short:
        folder, missing = short[0]
        raise NoRoomError(
            f"the disk of {folder} has {missing / 1e6:.0f} MB too little for the night; free some "
            "space, or let older logs go with a smaller quota_bytes under [log]"
        )


def _short(roots: Roots, needed: dict[str, int]) -> list[tuple[Path, int]]:
    """Disks with too little room, and how much is missing."""
    by_disk: dict[int, tuple[Path, int]] = {}
    for name, count in needed.items():
        folder = _existing(roots[name])
        disk = folder.stat().st_dev
        place, before = by_disk.get(disk, (folder, 0))
        by_disk[disk] = (place, before + count)
    missing = [(place, count - free_bytes(place)) for place, count in by_disk.values()]
    return [(place, count) for place, count in missing if count > 0]


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
