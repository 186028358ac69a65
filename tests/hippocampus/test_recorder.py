"""The loop's side never waits, drops in the right order, and cuts segments by the ticks alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ember_embodied.bench import synthetic_life
from firmware_bridge.clock import SystemClock
from hippocampus.reader import Log
from hippocampus.recorder import Recorder
from hippocampus.segment import DiskFile
from hippocampus.session import LogSettings, Phase
from hippocampus.survey import survey
from hippocampus.tick_record import SnapshotRecord, TickRecord

LIFE = list(synthetic_life.ticks(np.random.default_rng(2), 200))
TIMINGS = [synthetic_life.timing(np.random.default_rng(4), tick) for tick in LIFE]
HEADER = synthetic_life.header("s")


class Gate:
    """A disk whose files wait at every sync while the gate is shut."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.waiting = threading.Event()

    def create(self, path: Path) -> DiskFile:
        gate = self

        class GatedFile(DiskFile):
            def sync(self) -> None:
                gate.waiting.set()
                assert gate.open.wait(20.0)
                super().sync()

        return GatedFile(path)


def live(recorder: Recorder, ticks: list[TickRecord]) -> list[int]:
    """Put ticks as the loop does; returns those at which a segment began."""
    heads = []
    for tick in ticks:
        now_ns = tick.sense.t_mono_ns
        if recorder.wants_snapshot(now_ns):
            recorder.put(SnapshotRecord(tick.tick, now_ns, b"state"))
            heads.append(tick.tick)
        recorder.put(tick)
        recorder.put(TIMINGS[tick.tick])
    return heads


def test_a_life_is_recorded_whole(tmp_path):
    recorder = Recorder(LogSettings(tmp_path, segment_s=5.0), HEADER, SystemClock())
    heads = live(recorder, LIFE)
    assert recorder.folder == tmp_path / "s"
    state = recorder.close()
    assert (state.phase, state.lost_records, recorder.dropped) == (Phase.CLOSED, 0, 0)
    log = Log(recorder.folder)
    assert list(log.ticks()) == LIFE
    assert list(log.timings()) == TIMINGS
    assert [snapshot.tick for snapshot in log.snapshots()] == heads
    assert len(log.segments) == len(heads) == 4
    assert survey(log).whole


def test_segments_are_cut_by_the_time_of_the_ticks_however_slow_the_disk(tmp_path):
    gate = Gate()
    fast = Recorder(LogSettings(tmp_path / "fast", segment_s=3.0), HEADER, SystemClock())
    config = LogSettings(tmp_path / "slow", segment_s=3.0)
    slow = Recorder(config, HEADER, SystemClock(), gate.create)
    heads = live(fast, LIFE)
    assert live(slow, LIFE) == heads
    gate.open.set()
    fast.close()
    slow.close()
    assert [s.tick for s in Log(slow.folder).snapshots()] == heads
    for one, other in zip(Log(fast.folder).segments, Log(slow.folder).segments, strict=True):
        assert Log(one).ticks_digest == Log(other).ticks_digest


def test_a_full_queue_drops_timings_first_then_asides_then_ticks_and_counts(tmp_path):
    gate = Gate()
    config = LogSettings(tmp_path, queue_records=40)
    recorder = Recorder(config, HEADER, SystemClock(), gate.create)
    recorder.put(SnapshotRecord(0, LIFE[0].sense.t_mono_ns, b""))
    assert gate.waiting.wait(20.0), "the writer is in the disk and takes nothing more"
    for tick in LIFE[:20]:
        recorder.put(tick)
    assert recorder.dropped == 0
    recorder.put(TIMINGS[0])
    assert recorder.dropped == 1, "timings go at half"
    recorder.put(synthetic_life.event(LIFE[0], "kept"))
    for tick in LIFE[20:30]:
        recorder.put(tick)
    recorder.put(synthetic_life.event(LIFE[0], "dropped"))
    assert recorder.dropped == 2, "events go at three quarters"
    for tick in LIFE[30:45]:
        recorder.put(tick)
    assert recorder.dropped == 8, "ticks go when the queue is full"
    assert recorder.wants_snapshot(LIFE[45].sense.t_mono_ns), "a gap begins a new segment"
    gate.open.set()
    while recorder._queue:
        time.sleep(0.005)
    assert live(recorder, LIFE[45:50]) == [45]
    recorder.close()
    log = Log(tmp_path)
    assert len(log.segments) == 2
    assert [tick.tick for tick in log.ticks()] == [*range(39), *range(45, 50)]
    assert [event.name for event in log.events()] == ["kept"]
    assert list(log.timings()) == TIMINGS[45:50]


def test_a_stopped_log_asks_once_for_each_new_start(tmp_path):
    recorder = Recorder(LogSettings(tmp_path), HEADER, SystemClock())
    assert live(recorder, LIFE[:5]) == [0]
    recorder._session.resume_requests += 1
    assert live(recorder, LIFE[5:10]) == [5]
    recorder.close()


def test_a_simulation_waits_for_its_disk_and_drops_nothing(tmp_path):
    config = LogSettings(tmp_path, queue_records=16, blocking=True)
    recorder = Recorder(config, HEADER, SystemClock())
    live(recorder, LIFE)
    assert recorder.close().phase is Phase.CLOSED
    assert recorder.dropped == 0
    assert list(Log(tmp_path).ticks()) == LIFE
    assert list(Log(tmp_path).timings()) == TIMINGS


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_in_the_writer_shows_and_blocks_nobody(tmp_path):
    def broken(path: Path) -> DiskFile:
        raise LookupError("a defect")

    config = LogSettings(tmp_path, queue_records=4, blocking=True)
    recorder = Recorder(config, HEADER, SystemClock(), broken)
    for tick in LIFE[:20]:
        recorder.put(tick)
    state = recorder.close()
    assert state.phase is Phase.FAILED
    assert "writer has died" in state.reason
