"""Reads a log. Opening is recovering: damage is told as a value, whole records come out.

log = Log(path)          # a segment, a session's folder, or a folder of sessions (the newest)
for tick in log.ticks(): ...
for record in log.records(): ...      # everything, in the order of the file
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, cast

from hippocampus import salvage
from hippocampus.codec import RecordT, decode
from hippocampus.salvage import RawMessage
from hippocampus.segment import SEGMENT_SUFFIX
from hippocampus.tick_record import (
    EventRecord,
    HeaderRecord,
    Record,
    SnapshotRecord,
    TickRecord,
    TimingRecord,
    WorldRecord,
)
from hippocampus.topics import KIND_OF, TOPIC_OF

_LENGTH_BYTES: Final = 4


class LogError(Exception):
    """There is no log at a path; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Something lost: in which file, where in it, and what."""

    segment: Path
    offset: int
    text: str
    torn: bool
    """True: only the end is missing, as in a file that is being written."""


class TicksDigest:
    """SHA-256 over the content of ticks.

    Over the canonical bytes of each ``TickRecord``, each after its length (4 bytes, little
    endian): independent of timing, of chunks and of where files were cut.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, tick: bytes) -> None:
        """Add the bytes of the next tick."""
        self._hash.update(len(tick).to_bytes(_LENGTH_BYTES, "little"))
        self._hash.update(tick)

    def hex(self) -> str:
        """The digest of all ticks so far."""
        return self._hash.hexdigest()


def session_folders(root: Path) -> tuple[Path, ...]:
    """The folders under ``root`` that hold segments, oldest first."""
    return tuple(
        sorted(
            folder
            for folder in root.iterdir()
            if folder.is_dir() and any(folder.glob(f"*{SEGMENT_SUFFIX}"))
        )
    )


def is_segment(path: Path) -> bool:
    """Whether the file is an MCAP file, however damaged: begins like one, or holds a message."""
    content = path.read_bytes()
    return salvage.MAGIC.startswith(content[: len(salvage.MAGIC)]) or any(
        isinstance(item, RawMessage) for item in salvage.messages(content)
    )


def find_segments(path: Path) -> tuple[Path, ...]:
    """The segments of a log, oldest first: a file, a session, or the newest of many sessions.

    Raises ``LogError`` when there are none.
    """
    if path.is_file():
        if not is_segment(path):
            raise LogError(f"{path} is not a log: it is no MCAP file")
        return (path,)
    if not path.is_dir():
        raise LogError(f"no log {path}: there is no such file or folder")
    segments = tuple(sorted(path.glob(f"*{SEGMENT_SUFFIX}")))
    if segments:
        return segments
    sessions = session_folders(path)
    if not sessions:
        raise LogError(f"no log in {path}: it holds no *{SEGMENT_SUFFIX} files and no sessions")
    return find_segments(sessions[-1])


class Log:
    """One session, read segment by segment; each iteration reads anew and holds one file."""

    def __init__(self, path: Path) -> None:
        """Raises ``LogError`` when there is no log at ``path``."""
        self.segments: Final = find_segments(path)

    @property
    def folder(self) -> Path:
        """The session's folder."""
        return self.segments[0].parent

    def walk(self, segment: Path) -> Iterator[RawMessage | Damage]:
        """Everything in one file: whole messages as bytes, and what is lost between them."""
        for item in salvage.messages(segment.read_bytes()):
            if isinstance(item, salvage.Damage):
                yield Damage(segment, item.offset, item.text, item.torn)
            else:
                yield item

    def messages(self, *topics: str) -> Iterator[RawMessage]:
        """Every whole message, or those of some topics, as bytes."""
        wanted = frozenset(topics)
        for segment in self.segments:
            for item in self.walk(segment):
                if isinstance(item, RawMessage) and (not wanted or item.topic in wanted):
                    yield item

    def records(self, *kinds: type[RecordT]) -> Iterator[RecordT]:
        """Every record, or those of some kinds, in the order in which they were put."""
        topics = [TOPIC_OF[cast(type[Record], kind)] for kind in kinds] or list(KIND_OF)
        for message in self.messages(*topics):
            record = decode(KIND_OF[message.topic], message.data)
            if record is not None:
                yield cast(RecordT, record)

    def ticks(self) -> Iterator[TickRecord]:
        """Every tick."""
        return self.records(TickRecord)

    def timings(self) -> Iterator[TimingRecord]:
        """The timing of every tick."""
        return self.records(TimingRecord)

    def events(self) -> Iterator[EventRecord]:
        """Every event."""
        return self.records(EventRecord)

    def world(self) -> Iterator[WorldRecord]:
        """Every change of the outer world."""
        return self.records(WorldRecord)

    def snapshots(self) -> Iterator[SnapshotRecord]:
        """The state at the head of each file."""
        return self.records(SnapshotRecord)

    def headers(self) -> Iterator[HeaderRecord]:
        """The header of each file."""
        return self.records(HeaderRecord)

    @cached_property
    def header(self) -> HeaderRecord:
        """The first header that can be read. Raises ``LogError`` when there is none."""
        for header in self.headers():
            return header
        raise LogError(f"{self.folder}: no header can be read; this is not a log of ember")

    @cached_property
    def ticks_digest(self) -> str:
        """The digest over every tick, hex."""
        digest = TicksDigest()
        for message in self.messages(TOPIC_OF[TickRecord]):
            digest.add(message.data)
        return digest.hex()

    @cached_property
    def damage(self) -> tuple[Damage, ...]:
        """Everything that these files have lost."""
        return tuple(
            item
            for segment in self.segments
            for item in self.walk(segment)
            if isinstance(item, Damage)
        )
