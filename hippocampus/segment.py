"""One file of a log: MCAP, protobuf messages, zstd chunks, a chunk finished at every sync.

A file is written once, in order. What ``sync`` has returned for is on the disk. A marker beside
it, ``<segment>.open``, locked by the writing process, says that the file is being written: a
marker that nobody holds was left by a crash (see ``hippocampus.recovery``).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO, Final, Protocol, cast

from mcap.writer import Writer

from hippocampus.codec import encode
from hippocampus.tick_record import (
    EventRecord,
    HeaderRecord,
    Record,
    TickRecord,
)
from hippocampus.topics import CHANNEL_IDS, PROTOBUF, TOPIC_OF, TOPICS, schema
from hippocampus.viewer_messages import frames, log_line

SEGMENT_SUFFIX: Final = ".mcap"
OPEN_SUFFIX: Final = ".open"
LIBRARY: Final = "ember-embodied"
_SEQUENCE_MASK: Final = 0xFFFF_FFFF
"""The sequence field of an MCAP message has 32 bits."""
CHUNK_NS: Final = 1_000_000_000
"""Longest time of ticks in a chunk, so that a tear costs at most a second of any life, also of one
that was simulated faster than real time. A little more than the time between two syncs."""


class SegmentFile(Protocol):
    """What a segment is written to. Every method raises ``OSError`` when the disk says no."""

    def write(self, data: bytes, /) -> int:
        """Append all of ``data``."""
        ...

    def tell(self) -> int:
        """Bytes written so far."""
        ...

    def flush(self) -> None:
        """Hand everything to the operating system."""
        ...

    def sync(self) -> None:
        """Return when everything written is on the disk."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class DiskFile:
    """A new file without a buffer of its own: an error comes at the write that caused it."""

    def __init__(self, path: Path) -> None:
        """Create ``path``. Raises ``FileExistsError`` when it exists, ``OSError`` otherwise."""
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._size = 0

    def write(self, data: bytes, /) -> int:
        """Append all of ``data``; a short write is continued until the disk refuses it."""
        rest = memoryview(data)
        while rest:
            written = os.write(self._descriptor, rest)
            self._size += written
            rest = rest[written:]
        return len(data)

    def tell(self) -> int:
        """Bytes written so far."""
        return self._size

    def flush(self) -> None:
        """Nothing is buffered here."""

    def sync(self) -> None:
        """Return when content and length are on the disk."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close the descriptor; a second time does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class OpenMarker:
    """``<segment>.open`` beside a segment that is being written, locked while the writer lives."""

    def __init__(self, segment: Path) -> None:
        """Create and lock the marker. Raises ``OSError``."""
        self._path = marker_path(segment)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise

    def remove(self) -> None:
        """The segment is sealed, or was never begun. Raises ``OSError``."""
        try:
            self._path.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)

    def abandon(self) -> None:
        """Leave the marker to whoever mends the segment."""
        os.close(self._descriptor)


def marker_path(segment: Path) -> Path:
    """Where the marker of a segment stands."""
    return segment.with_suffix(OPEN_SUFFIX)


def being_written(segment: Path) -> bool:
    """True while a living process writes the segment."""
    try:
        descriptor = os.open(marker_path(segment), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def sync_folder(folder: Path) -> None:
    """Return when the folder's entries are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Segment:
    """Writes records to one file. Any method raises ``OSError`` as the file does."""

    def __init__(self, file: SegmentFile, header: HeaderRecord | None) -> None:
        """Declare the topics, write the header as first message, and sync.

        None is for a copy, which gets its messages as they are through ``add_raw``.
        """
        self._file = file
        self._offset_ns = 0 if header is None else header.t_wall_ns - header.t_mono_ns
        self._unsynced = 0
        self._chunk_began_ns: int | None = None
        self._writer = Writer(cast("IO[bytes]", file), enable_data_crcs=True)
        self._writer.start(library=LIBRARY)
        for topic in TOPICS:
            schema_id = self._writer.register_schema(
                topic.message.DESCRIPTOR.full_name, PROTOBUF, schema(topic.message)
            )
            channel_id = self._writer.register_channel(topic.name, PROTOBUF, schema_id)
            assert channel_id == schema_id == CHANNEL_IDS[topic.name]
        if header is not None:
            self.add(header)
            self.sync()

    @property
    def unsynced(self) -> int:
        """Records that the next ``sync`` will bring to the disk."""
        return self._unsynced

    def add(self, record: Record) -> None:
        """Append a record, and beside it what viewers draw of it."""
        self._unsynced += 1
        time_ns = self._log_time_ns(record)
        if isinstance(record, TickRecord):
            self._cut_chunk(time_ns)
        sequence = record.tick if isinstance(record, TickRecord) else 0
        self.add_raw(TOPIC_OF[type(record)], time_ns, encode(record), sequence)
        if isinstance(record, TickRecord):
            self.add_raw("/tf", time_ns, frames(record, time_ns), sequence)
        elif isinstance(record, EventRecord):
            self.add_raw("/log", time_ns, log_line(record, time_ns))

    def add_raw(self, topic: str, log_time_ns: int, data: bytes, sequence: int = 0) -> None:
        """Append a message as it is."""
        self._writer.add_message(
            CHANNEL_IDS[topic], log_time_ns, data, log_time_ns, sequence & _SEQUENCE_MASK
        )

    def sync(self) -> None:
        """Finish the chunk and return when it is on the disk."""
        self._writer.flush()  # type: ignore[no-untyped-call]
        self._file.sync()
        self._unsynced = 0
        self._chunk_began_ns = None

    def seal(self) -> None:
        """Write the index, sync and close: nothing can be added any more."""
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._file.sync()
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is; what was not synced may be lost."""
        self._file.close()

    def _cut_chunk(self, time_ns: int) -> None:
        if self._chunk_began_ns is None:
            self._chunk_began_ns = time_ns
        elif time_ns - self._chunk_began_ns >= CHUNK_NS:
            self._writer.flush()  # type: ignore[no-untyped-call]
            self._chunk_began_ns = time_ns

    def _log_time_ns(self, record: Record) -> int:
        """Unix time of the record by the header's clock anchor: steady while the file lasts."""
        mono_ns = record.sense.t_mono_ns if isinstance(record, TickRecord) else record.t_mono_ns
        return max(0, mono_ns + self._offset_ns)
