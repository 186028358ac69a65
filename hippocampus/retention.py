"""How old logs make room for new ones: a quota, a reserve of free space, oldest first.

The decision is a pure function; ``prune`` looks, decides and deletes. Never deleted: a segment
with a ``<segment>.keep`` beside it, every segment of a session folder that holds ``.keep``, and a
segment with an open marker (being written, or torn and not yet mended).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hippocampus.segment import OPEN_SUFFIX, SEGMENT_SUFFIX

KEEP_SUFFIX: Final = ".keep"
SESSION_KEEP: Final = ".keep"
_SEGMENT_NAME: Final = re.compile(r"\d{6,}" + re.escape(SEGMENT_SUFFIX))


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment on the disk, as retention sees it."""

    path: Path
    size_bytes: int
    kept: bool
    sealed: bool


@dataclass(frozen=True, slots=True)
class Pruned:
    """What ``prune`` has done."""

    deleted: tuple[Path, ...]
    freed_bytes: int
    short_bytes: int
    """Bytes over the quota or under the reserve that nothing deletable was left for."""


def surplus(
    segments: Sequence[StoredSegment], quota_bytes: int, free_bytes: int, min_free_bytes: int
) -> tuple[tuple[StoredSegment, ...], int]:
    """Which segments to delete, oldest first, and how many bytes are missing even then.

    Age is the order of the paths: session folders and segments are named so that they sort by
    time. Deletes no segment more than needed.
    """
    total_bytes = sum(segment.size_bytes for segment in segments)
    needed_bytes = max(total_bytes - quota_bytes, min_free_bytes - free_bytes)
    if needed_bytes <= 0:
        return (), 0
    chosen = []
    for segment in sorted(segments, key=lambda segment: segment.path):
        if needed_bytes <= 0:
            break
        if segment.sealed and not segment.kept:
            chosen.append(segment)
            needed_bytes -= segment.size_bytes
    return tuple(chosen), max(0, needed_bytes)


def stored_segments(root: Path) -> tuple[StoredSegment, ...]:
    """Every segment in the session folders under ``root``; files with other names are not ours."""
    found = []
    for session in sorted(path for path in root.iterdir() if path.is_dir()):
        sizes = {entry.name: entry.stat().st_size for entry in os.scandir(session)}
        for name in sorted(filter(_SEGMENT_NAME.fullmatch, sizes)):
            stem = name.removesuffix(SEGMENT_SUFFIX)
            kept = SESSION_KEEP in sizes or stem + KEEP_SUFFIX in sizes
            sealed = stem + OPEN_SUFFIX not in sizes
            found.append(StoredSegment(session / name, sizes[name], kept, sealed))
    return tuple(found)


def prune(root: Path, quota_bytes: int, min_free_bytes: int) -> Pruned:
    """Delete what is surplus under ``root``; a file that cannot be deleted is passed over.

    Raises ``OSError`` when a folder cannot be read.
    """
    chosen, short_bytes = surplus(
        stored_segments(root), quota_bytes, free_bytes(root), min_free_bytes
    )
    deleted = []
    for segment in chosen:
        try:
            segment.path.unlink(missing_ok=True)
            deleted.append(segment)
        except OSError:
            short_bytes += segment.size_bytes
        with suppress(OSError):
            # Only an empty folder goes; any other is refused by the system.
            segment.path.parent.rmdir()
    return Pruned(
        tuple(segment.path for segment in deleted),
        sum(segment.size_bytes for segment in deleted),
        short_bytes,
    )


def free_bytes(root: Path) -> int:
    """Bytes that this user may still write under ``root``. Raises ``OSError``."""
    disk = os.statvfs(root)
    return disk.f_bavail * disk.f_frsize


def keep(path: Path) -> None:
    """Mark a segment, or a whole session's folder, as kept for good. Raises ``OSError``."""
    _keep_marker(path).touch()


def release(path: Path) -> None:
    """Undo ``keep``. Raises ``OSError``."""
    _keep_marker(path).unlink(missing_ok=True)


def _keep_marker(path: Path) -> Path:
    return path / SESSION_KEEP if path.is_dir() else path.with_suffix(KEEP_SUFFIX)
