"""Makes whole files of torn ones: every readable message, byte for byte, in a new file.

``mend`` is what a recording does first: segments that a crash has left open are rewritten, so
that any viewer opens them. A segment whose writer lives is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hippocampus import salvage
from hippocampus.segment import (
    OPEN_SUFFIX,
    SEGMENT_SUFFIX,
    DiskFile,
    OpenMarker,
    Segment,
    SegmentFile,
    sync_folder,
)
from hippocampus.topics import CHANNEL_IDS

PART_SUFFIX: Final = ".part"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came of one file."""

    messages: int
    damage: tuple[salvage.Damage, ...]
    """What could not be brought over. Empty: the file was whole."""


def recover(
    source: Path, destination: Path, create: Callable[[Path], SegmentFile] = DiskFile
) -> Recovered:
    """Write what can be read of ``source`` to ``destination``, which appears whole or not at all.

    The two may be the same. Raises ``OSError``.
    """
    part = destination.with_suffix(PART_SUFFIX)
    part.unlink(missing_ok=True)
    damage = []
    count = 0
    segment = Segment(create(part), None)
    try:
        for item in salvage.messages(source.read_bytes()):
            if isinstance(item, salvage.Damage):
                damage.append(item)
            elif item.topic in CHANNEL_IDS:
                segment.add_raw(item.topic, item.log_time_ns, item.data, item.sequence)
                count += 1
        segment.seal()
    except OSError:
        segment.abandon()
        part.unlink(missing_ok=True)
        raise
    os.replace(part, destination)
    sync_folder(destination.parent)
    return Recovered(count, tuple(damage))


def mend(root: Path) -> tuple[Path, ...]:
    """Mend every segment under ``root`` whose writer has died; returns their paths.

    What the disk refuses now is left for the next time.
    """
    mended = []
    for marker in sorted(root.glob(f"*/*{OPEN_SUFFIX}")):
        segment = marker.with_suffix(SEGMENT_SUFFIX)
        with suppress(OSError):
            # Taking the lock fails, and the segment is left alone, while its writer lives.
            lock = OpenMarker(segment)
            try:
                if segment.exists() and not salvage.sealed(segment.read_bytes()):
                    recover(segment, segment)
                    mended.append(segment)
                lock.remove()
            except OSError:
                lock.abandon()
    return tuple(mended)
