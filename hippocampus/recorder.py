"""The loop's side of a recording: put records, never wait for a disk.

``put`` appends to a bounded queue and wakes nobody, which would cost more than all the rest; a
thread looks into the queue every ``LOOK_S``, encodes, compresses and writes. Segments are cut on
the loop's side, by the time of the ticks, so that the same life is cut at the same ticks however
slow the disk was::

    if recorder.wants_snapshot(sense.t_mono_ns):
        recorder.put(SnapshotRecord(tick, sense.t_mono_ns, state_before_this_tick))
    ...
    recorder.put(tick_record)

A snapshot begins a segment.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from firmware_bridge.clock import Clock
from hippocampus.segment import DiskFile, SegmentFile
from hippocampus.session import LogSettings, Phase, RecorderState, Session
from hippocampus.tick_record import (
    HeaderRecord,
    Record,
    SnapshotRecord,
    TickRecord,
    TimingRecord,
)

TIMING_SHARE: Final = 0.5
"""Share of the queue above which timings are dropped."""
ASIDE_SHARE: Final = 0.75
"""Share of the queue above which events and changes of the world are dropped; ticks come last."""
LOOK_S: Final = 0.05
"""Pause of the writer between two looks into the queue."""
_SECOND_NS: Final = 1_000_000_000


class Recorder:
    """Records one session. ``put`` and ``wants_snapshot`` belong to one thread, the loop's."""

    def __init__(
        self,
        settings: LogSettings,
        header: HeaderRecord,
        clock: Clock,
        create: Callable[[Path], SegmentFile] = DiskFile,
    ) -> None:
        """Start the writer thread.

        ``header`` is the template of every file's header: segment number and clock anchor are
        filled in. ``clock`` is the clock of the disk, a ``SystemClock`` even when the robot lives
        in virtual time.
        """
        self._settings = settings
        self._session = Session(settings, header, clock, create)
        self._queue: deque[Record] = deque()
        self._limits: Final = {
            TimingRecord: int(settings.queue_records * TIMING_SHARE),
            TickRecord: settings.queue_records,
            SnapshotRecord: settings.queue_records,
        }
        self._aside_limit = int(settings.queue_records * ASIDE_SHARE)
        self._segment_ns = round(settings.segment_s * _SECOND_NS)
        self._next_segment_ns: int | None = None
        self._served_requests = 0
        self._gap = False
        self._look = threading.Event()
        self._drained = threading.Event()
        self._closing = False
        self.dropped: int = 0
        """Records that the full queue has cost since start."""
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    @property
    def folder(self) -> Path:
        """The folder of this session."""
        return self._session.folder

    @property
    def state(self) -> RecorderState:
        """How the recording is, as of the last write."""
        state = self._session.state
        if not self._thread.is_alive() and state.phase is not Phase.CLOSED:
            return replace(state, phase=Phase.FAILED, reason="log stopped: the writer has died")
        return state

    def wants_snapshot(self, t_mono_ns: int) -> bool:
        """True when the tick sensed at ``t_mono_ns`` shall begin a segment.

        At the first tick, every ``segment_s`` of tick time, after a gap in the ticks, and when a
        stopped log can go on.
        """
        return (
            self._next_segment_ns is None
            or t_mono_ns >= self._next_segment_ns
            or self._gap
            or self._session.resume_requests != self._served_requests
        )

    def put(self, record: Record) -> None:
        """Hand a record to the writer; drop and count it when the queue is full.

        With ``LogSettings.blocking`` it waits for room instead.
        """
        limit = self._limits.get(type(record), self._aside_limit)
        if len(self._queue) >= limit and not self._make_room(limit):
            self.dropped += 1
            self._gap |= isinstance(record, TickRecord)
            return
        if isinstance(record, SnapshotRecord):
            self._next_segment_ns = record.t_mono_ns + self._segment_ns
            self._served_requests = self._session.resume_requests
            self._gap = False
        self._queue.append(record)

    def close(self) -> RecorderState:
        """Write what is queued, seal the last file, return how it ended."""
        self._closing = True
        self._look.set()
        self._thread.join()
        return self.state

    def _make_room(self, limit: int) -> bool:
        """Wait until the queue is shorter than ``limit``; False where the loop must not wait."""
        while self._settings.blocking and self._thread.is_alive():
            self._drained.clear()
            if len(self._queue) < limit:
                return True
            self._look.set()
            self._drained.wait(LOOK_S)
        return False

    def _write(self) -> None:
        """The writer thread. A defect ends it, is told on stderr, and shows as FAILED."""
        self._session.mend()
        while not self._closing:
            self._drain()
            self._look.wait(min(LOOK_S, self._session.due_in_s()))
            self._look.clear()
        self._drain()
        self._session.close()

    def _drain(self) -> None:
        while self._queue:
            self._session.write(self._queue.popleft())
            self._session.poll()
            if len(self._queue) <= self._aside_limit // 2:
                self._drained.set()
        self._session.poll()
