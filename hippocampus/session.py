"""The disk's side of a recording: one session folder, segment after segment.

Nothing here raises for a disk that is full, gone or read-only: the session then is STOPPED, says
why, and asks for a fresh start at a bounded pace. It resumes only with a snapshot, so that every
file replays alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from enum import Enum
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import Final

from firmware_bridge.clock import Clock
from hippocampus.recovery import mend
from hippocampus.retention import Pruned, free_bytes, prune
from hippocampus.segment import (
    SEGMENT_SUFFIX,
    DiskFile,
    OpenMarker,
    Segment,
    SegmentFile,
    sync_folder,
)
from hippocampus.tick_record import (
    EventRecord,
    HeaderRecord,
    Record,
    SnapshotRecord,
    TickRecord,
)

_SECOND_NS: Final = 1_000_000_000
_ERROR_LEVEL: Final = 4
_INFO_LEVEL: Final = 2
GAP_EVENT: Final = "log_gap"
PRUNED_EVENT: Final = "log_pruned"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Where and how a session is recorded."""

    folder: Path = Path("logs")
    """Holds one folder for each session."""
    segment_s: float = 60.0
    """Length of a file in the time of the ticks: 60 to 300 is sensible."""
    sync_s: float = 0.8
    """Longest time that a record waits to be written. Under a second, so that with the look into
    the queue and the write itself a kill loses at most one second."""
    queue_records: int = 1024
    """Records between the loop and the writer: how long a slow disk may take."""
    blocking: bool = False
    """True: a full queue makes the loop wait. For simulations that run faster than real time."""
    retry_s: float = 5.0
    """Pause before a stopped log tries again."""
    resume_free_bytes: int = 8_000_000
    """A stopped log does not try again while less is free."""
    quota_bytes: int = 8_000_000_000
    """All sessions together; the oldest segments that are not kept make room."""
    min_free_bytes: int = 200_000_000
    """Free space that old segments make room for."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a setting that cannot work."""
        for name in ("segment_s", "sync_s", "queue_records", "retry_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0, got {getattr(self, name)}")
        for name in ("resume_free_bytes", "quota_bytes", "min_free_bytes"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")


class Phase(Enum):
    """What the recording does."""

    RECORDING = "recording"
    STOPPED = "stopped"
    """The disk refused a write. Tried again every ``retry_s``."""
    FAILED = "failed"
    """The writer thread died of a defect, which stderr has told."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RecorderState:
    """How the recording is."""

    phase: Phase
    reason: str
    """One line for a person, "" while all is well."""
    segment: Path | None
    """The file being written."""
    lost_records: int
    """Records that a refusing disk has cost since start."""


class Session:
    """Writes records into the segments of one session. Not thread-safe; raises no ``OSError``."""

    def __init__(
        self,
        settings: LogSettings,
        header: HeaderRecord,
        clock: Clock,
        create: Callable[[Path], SegmentFile] = DiskFile,
    ) -> None:
        """``clock`` paces syncs and retries; it must be real where the disk is."""
        self.folder: Final = settings.folder / header.session_id
        self._settings = settings
        self._header = header
        self._clock = clock
        self._create = create
        self._segment: Segment | None = None
        self._marker: OpenMarker | None = None
        self._number = 0
        self._headed = False
        self._wall_offset_ns = header.t_wall_ns - header.t_mono_ns
        self._due_ns = clock.mono_ns()
        self._lost_since_stop = 0
        self._pruned = Pruned((), 0, 0)
        self.resume_requests = 0
        """Rises by one each time that a stopped session wants a snapshot to start again."""
        self.state = RecorderState(Phase.RECORDING, "", None, 0)

    def mend(self) -> None:
        """Mend what earlier sessions have left open."""
        mend(self._settings.folder)

    def write(self, record: Record) -> None:
        """Append a record; a snapshot begins a new segment."""
        try:
            if isinstance(record, SnapshotRecord):
                self._turn(record)
            elif self._segment is None and self.state.phase is Phase.RECORDING:
                self._open(self._header)
            if self._segment is None:
                self._lose(1)
                return
            self._segment.add(record)
        except OSError as refusal:
            self._stop(refusal, 1)
        self._headed |= isinstance(record, TickRecord | SnapshotRecord)
        if isinstance(record, TickRecord):
            self._wall_offset_ns = record.sense.t_wall_ns - record.sense.t_mono_ns

    def due_in_s(self) -> float:
        """Seconds until ``poll`` has something to do."""
        return max(0.0, (self._due_ns - self._clock.mono_ns()) / _SECOND_NS)

    def poll(self) -> None:
        """Sync, or ask for a new start, when it is time."""
        now_ns = self._clock.mono_ns()
        if now_ns < self._due_ns:
            return
        try:
            if self._segment is not None:
                self._due_ns = now_ns + round(self._settings.sync_s * _SECOND_NS)
                if self._segment.unsynced:
                    self._segment.sync()
            elif self.state.phase is Phase.STOPPED:
                self._due_ns = now_ns + round(self._settings.retry_s * _SECOND_NS)
                if self._has_room():
                    self.resume_requests += 1
            else:
                self._due_ns = now_ns + round(self._settings.sync_s * _SECOND_NS)
        except OSError as refusal:
            self._stop(refusal, 0)

    def close(self) -> None:
        """Seal the last segment."""
        self._seal()
        self.state = replace(self.state, phase=Phase.CLOSED, segment=None)

    def _turn(self, snapshot: SnapshotRecord) -> None:
        """Begin the segment that ``snapshot`` heads; the first one may hold early events."""
        if self._segment is not None and not self._headed:
            return
        self._seal()
        self._open(
            replace(
                self._header,
                t_mono_ns=snapshot.t_mono_ns,
                t_wall_ns=snapshot.t_mono_ns + self._wall_offset_ns,
            )
        )
        if self._segment is not None and self._lost_since_stop:
            text = f"{self._lost_since_stop} records before this tick were lost: the disk refused"
            self._segment.add(self._event(snapshot, _ERROR_LEVEL, GAP_EVENT, text))
            self._lost_since_stop = 0
        if self._segment is not None and self._pruned.deleted:
            text = f"{len(self._pruned.deleted)} old files were deleted to make room"
            self._segment.add(self._event(snapshot, _INFO_LEVEL, PRUNED_EVENT, text))

    def _open(self, header: HeaderRecord) -> None:
        began_ns = self._clock.mono_ns()
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True)
            sync_folder(self.folder.parent)
        while (path := self.folder / f"{self._number:06d}{SEGMENT_SUFFIX}").exists():
            self._number += 1
        with ExitStack() as undo:
            marker = OpenMarker(path)
            undo.callback(marker.remove)
            undo.callback(path.unlink, missing_ok=True)
            file = self._create(path)
            undo.callback(file.close)
            self._segment = Segment(file, replace(header, segment=self._number))
            undo.callback(self._forget)
            sync_folder(self.folder)
            undo.pop_all()
        self._marker = marker
        self._number += 1
        self._headed = False
        self._due_ns = began_ns + round(self._settings.sync_s * _SECOND_NS)
        self.state = replace(self.state, phase=Phase.RECORDING, reason="", segment=path)
        self._pruned = self._prune()

    def _seal(self) -> None:
        if self._segment is None or self._marker is None:
            return
        try:
            self._segment.sync()
            self._segment.seal()
            self._marker.remove()
        except OSError as refusal:
            self._stop(refusal, 0)
            return
        self._forget()

    def _forget(self) -> None:
        self._segment = self._marker = None

    def _stop(self, refusal: OSError, lost: int) -> None:
        """Let go of the file as it is: what was synced is whole, the marker asks for mending."""
        if self._segment is not None:
            lost += self._segment.unsynced
            with suppress(OSError):
                self._segment.abandon()
        if self._marker is not None:
            self._marker.abandon()
        self._forget()
        self._lose(lost)
        remedy = "; free some space" if refusal.errno in (ENOSPC, EDQUOT) else ""
        reason = f"log stopped: {refusal.strerror} ({self.folder}){remedy}"
        self.state = replace(self.state, phase=Phase.STOPPED, reason=reason, segment=None)
        self._due_ns = self._clock.mono_ns() + round(self._settings.retry_s * _SECOND_NS)

    def _lose(self, count: int) -> None:
        self._lost_since_stop += count
        self.state = replace(self.state, lost_records=self.state.lost_records + count)

    def _has_room(self) -> bool:
        self._prune()
        return free_bytes(self._settings.folder) >= self._settings.resume_free_bytes

    def _prune(self) -> Pruned:
        settings = self._settings
        try:
            return prune(settings.folder, settings.quota_bytes, settings.min_free_bytes)
        except OSError:
            # An old folder that cannot be looked into is no reason to stop a new log.
            return Pruned((), 0, 0)

    def _event(self, at: SnapshotRecord, level: int, name: str, text: str) -> EventRecord:
        wall_ns = at.t_mono_ns + self._wall_offset_ns
        return EventRecord(at.t_mono_ns, wall_ns, at.tick, level, name, text)
