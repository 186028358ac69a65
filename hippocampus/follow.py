"""Follows a log that is being written: what has come to the disk since the last look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hippocampus import salvage
from hippocampus.codec import decode
from hippocampus.salvage import MAGIC, RawMessage
from hippocampus.segment import SEGMENT_SUFFIX, being_written
from hippocampus.tick_record import Record
from hippocampus.topics import KIND_OF


class Follower:
    """Reads a session from one of its segments on, each byte once."""

    def __init__(self, segment: Path) -> None:
        """Start at the beginning of ``segment``."""
        self._segment = segment
        self._offset = len(MAGIC)

    def read(self) -> Iterator[Record]:
        """Every record that is new since the last call, on through the segments that follow."""
        while True:
            # Looked for first: what the segment holds once a later one is there, is all of it.
            following = self._following()
            yield from self._new_records()
            if following is None:
                return
            self._segment = following
            self._offset = len(MAGIC)

    @property
    def ended(self) -> bool:
        """True when nobody writes any more."""
        return not being_written(self._segment) and self._following() is None

    def _following(self) -> Path | None:
        later = (p for p in self._segment.parent.glob(f"*{SEGMENT_SUFFIX}") if p > self._segment)
        return min(later, default=None)

    def _new_records(self) -> Iterator[Record]:
        with self._segment.open("rb") as file:
            file.seek(self._offset)
            content = MAGIC + file.read()
        end = salvage.whole_end(content)
        self._offset += end - len(MAGIC)
        for item in salvage.messages(content[:end]):
            if isinstance(item, RawMessage) and item.topic in KIND_OF:
                record = decode(KIND_OF[item.topic], item.data)
                if record is not None:
                    yield record
