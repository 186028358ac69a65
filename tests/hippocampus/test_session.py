"""A disk that fills, fails and forgets: what was synced is there, in order, whatever happens."""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from mcap.reader import make_reader

from ember_embodied.bench import synthetic_life
from firmware_bridge.clock import VirtualClock
from hippocampus.reader import Log, session_folders
from hippocampus.segment import DiskFile, being_written
from hippocampus.session import GAP_EVENT, PRUNED_EVENT, LogSettings, Phase, Session
from hippocampus.survey import survey
from hippocampus.tick_record import SnapshotRecord, TickRecord

SECOND_NS = 1_000_000_000
LIFE = list(synthetic_life.ticks(np.random.default_rng(1), 400))


class FailingDisk:
    """Creates files that remember what was synced, and that refuse when told."""

    def __init__(self) -> None:
        self.room: int | None = None
        """Bytes until the disk is full; None: plenty."""
        self.sync_fails = False
        self.on_sync = lambda: None
        self.files: dict[Path, ForgetfulFile] = {}

    def create(self, path: Path) -> ForgetfulFile:
        self.files[path] = ForgetfulFile(path, self)
        return self.files[path]


class ForgetfulFile(DiskFile):
    def __init__(self, path: Path, disk: FailingDisk) -> None:
        super().__init__(path)
        self.path, self.disk, self.synced = path, disk, 0

    def write(self, data: bytes, /) -> int:
        room = self.disk.room
        if room is not None and len(data) > room:
            super().write(data[:room])
            self.disk.room = 0
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if room is not None:
            self.disk.room = room - len(data)
        return super().write(data)

    def sync(self) -> None:
        if self.disk.sync_fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.synced = self.tell()
        self.disk.on_sync()

    def lose_power(self, share: float) -> None:
        """Keep what was synced and a share of what was not."""
        kept = self.synced + int(share * (self.tell() - self.synced))
        self.close()
        if self.path.exists():
            os.truncate(self.path, kept)


class Recording(RuleBasedStateMachine):
    """Ticks go in; the disk fills, fails and loses power; the process is killed and comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.clock = VirtualClock()
        self.disk = FailingDisk()
        self.disk.on_sync = self.synced
        self.next_tick = 0
        self.sessions = 0
        self.pending: list[int] = []
        self.durable: list[int] = []
        self.start()

    def start(self) -> None:
        self.sessions += 1
        header = synthetic_life.header(f"session-{self.sessions:03d}")
        config = LogSettings(self.root, resume_free_bytes=0, min_free_bytes=0, retry_s=2.0)
        self.session = Session(config, header, self.clock, self.disk.create)
        self.session.mend()
        self.served = -1
        self.since_snapshot = 0

    def synced(self) -> None:
        self.durable += self.pending
        self.pending.clear()

    def settle(self) -> None:
        if self.session.state.phase is Phase.STOPPED:
            self.pending.clear()

    @precondition(lambda self: self.next_tick < len(LIFE) - 9)
    @rule(count=st.integers(1, 8))
    def live(self, count: int) -> None:
        for _ in range(count):
            tick = LIFE[self.next_tick]
            if self.served != self.session.resume_requests or self.since_snapshot >= 12:
                self.served, self.since_snapshot = self.session.resume_requests, 0
                self.session.write(SnapshotRecord(tick.tick, tick.sense.t_mono_ns, b"s"))
                self.settle()
            self.session.write(tick)
            if self.session.state.phase is Phase.RECORDING:
                self.pending.append(tick.tick)
            self.settle()
            self.next_tick += 1
            self.since_snapshot += 1

    @rule(seconds=st.floats(0.1, 3.0))
    def wait(self, seconds: float) -> None:
        self.clock.sleep_until_ns(self.clock.mono_ns() + int(seconds * SECOND_NS))
        self.session.poll()
        self.settle()
        assert seconds < 1.0 or not self.pending, "a second has passed and nothing was synced"

    @rule(room=st.integers(0, 20_000))
    def fill(self, room: int) -> None:
        self.disk.room = room

    @rule()
    def free(self) -> None:
        self.disk.room = None

    @rule(fails=st.booleans())
    def break_sync(self, fails: bool) -> None:
        self.disk.sync_fails = fails

    @rule(share=st.floats(0.0, 1.0))
    def lose_power(self, share: float) -> None:
        marker = self.session._marker
        if marker is not None:
            marker.abandon()
        for file in self.disk.files.values():
            file.lose_power(share)
        self.disk.files.clear()
        self.pending.clear()
        self.disk.sync_fails, self.disk.room = False, None
        self.check()
        self.start()
        self.check_mended()

    @rule()
    def end(self) -> None:
        self.session.close()
        self.pending.clear()
        self.disk.files.clear()
        assert self.session.state.phase is Phase.CLOSED
        self.check()
        self.start()

    @invariant()
    def synced_ticks_are_there(self) -> None:
        self.check()

    def check(self) -> None:
        found: list[int] = []
        for folder in session_folders(self.root):
            for tick in Log(folder).ticks():
                assert tick == LIFE[tick.tick]
                found.append(tick.tick)
        assert found == sorted(set(found))
        assert set(self.durable) <= set(found)

    def check_mended(self) -> None:
        for folder in session_folders(self.root)[: self.sessions - 1]:
            for segment in folder.glob("*.mcap"):
                with segment.open("rb") as file:
                    assert make_reader(file, validate_crcs=True).get_summary() is not None
            assert not list(folder.glob("*.open"))

    def teardown(self) -> None:
        self.session.close()
        self.folder.cleanup()


Recording.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestRecording = Recording.TestCase


def write_ticks(session: Session, ticks: list[TickRecord]) -> None:
    for tick in ticks:
        session.write(tick)


def test_a_second_later_everything_is_on_the_disk(tmp_path):
    disk, clock = FailingDisk(), VirtualClock()
    session = Session(LogSettings(tmp_path), synthetic_life.header("s"), clock, disk.create)
    session.write(SnapshotRecord(0, LIFE[0].sense.t_mono_ns, b"0"))
    [file] = disk.files.values()
    assert file.synced == file.tell() > 0, "header and schemas are synced at once"
    write_ticks(session, LIFE[:10])
    assert len(list(Log(file.path).ticks())) == 0
    assert session.due_in_s() <= 1.0
    clock.sleep_until_ns(SECOND_NS)
    session.poll()
    assert file.synced == file.tell()
    assert list(Log(file.path).ticks()) == LIFE[:10]
    session.close()


def test_a_full_disk_stops_the_log_which_says_so_and_goes_on_with_a_snapshot(tmp_path):
    disk, clock = FailingDisk(), VirtualClock()
    config = LogSettings(tmp_path, retry_s=2.0, resume_free_bytes=0, min_free_bytes=0)
    session = Session(config, synthetic_life.header("s"), clock, disk.create)
    session.write(SnapshotRecord(0, LIFE[0].sense.t_mono_ns, b"0"))
    write_ticks(session, LIFE[:10])
    disk.room = 100
    clock.sleep_until_ns(SECOND_NS)
    session.poll()
    assert session.state.phase is Phase.STOPPED
    assert "No space left on device" in session.state.reason
    assert session.state.lost_records == 11
    write_ticks(session, LIFE[10:15])
    assert session.state.lost_records == 16
    assert session.resume_requests == 0
    clock.sleep_until_ns(3 * SECOND_NS)
    session.poll()
    session.poll()
    assert session.resume_requests == 1, "asked once, then again only after the pause"
    disk.room = None
    session.write(SnapshotRecord(15, LIFE[15].sense.t_mono_ns, b"15"))
    assert session.state.phase is Phase.RECORDING
    assert session.state.reason == ""
    write_ticks(session, LIFE[15:20])
    session.close()
    log = Log(session.folder)
    assert [tick.tick for tick in log.ticks()] == list(range(15, 20))
    [gap] = log.events()
    assert (gap.name, gap.tick) == (GAP_EVENT, 15)
    assert "16 records" in gap.text
    assert (tmp_path / "s" / "000000.open").exists(), "the torn file waits to be mended"


def test_a_segment_is_marked_while_it_is_written(tmp_path):
    session = Session(LogSettings(tmp_path), synthetic_life.header("s"), VirtualClock())
    session.write(SnapshotRecord(0, LIFE[0].sense.t_mono_ns, b"0"))
    segment = session.state.segment
    assert segment == tmp_path / "s" / "000000.mcap"
    assert being_written(segment)
    write_ticks(session, LIFE[:5])
    assert survey(Log(segment)).whole, "a log that is being written has no end, and that is no loss"
    session.mend()
    assert segment.with_suffix(".open").exists(), "a living writer's segment is left alone"
    session.close()
    assert not being_written(segment)
    assert [path.name for path in segment.parent.iterdir()] == ["000000.mcap"]
    assert survey(Log(segment)).whole


def test_a_disk_that_stays_full_costs_no_descriptor_and_leaves_no_litter(tmp_path):
    disk, clock = FailingDisk(), VirtualClock()
    disk.room = 100
    config = LogSettings(tmp_path, retry_s=1.0, resume_free_bytes=0, min_free_bytes=0)
    session = Session(config, synthetic_life.header("s"), clock, disk.create)
    before = len(os.listdir("/proc/self/fd"))
    for number in range(20):
        session.write(SnapshotRecord(number, LIFE[number].sense.t_mono_ns, b"s"))
        assert session.state.phase is Phase.STOPPED
        assert list(session.folder.iterdir()) == []
        clock.sleep_until_ns(clock.mono_ns() + 2 * SECOND_NS)
        session.poll()
    assert len(os.listdir("/proc/self/fd")) == before
    assert session.resume_requests == 20
    assert session.state.lost_records == 20


def test_files_that_are_there_already_are_never_written_over(tmp_path):
    folder = synthetic_life.record(tmp_path, LIFE[:20], session_id="s")
    first = (folder / "000000.mcap").read_bytes()
    synthetic_life.record(tmp_path, LIFE[20:40], session_id="s")
    assert (folder / "000000.mcap").read_bytes() == first
    log = Log(folder)
    assert [header.segment for header in log.headers()] == [0, 1]
    assert [tick.tick for tick in log.ticks()] == list(range(40))


def test_old_sessions_make_room_and_the_log_says_so(tmp_path):
    old = synthetic_life.record(tmp_path, LIFE[:60], session_id="a", ticks_a_segment=20)
    size = sum(path.stat().st_size for path in old.iterdir())
    session = Session(
        LogSettings(tmp_path, quota_bytes=size), synthetic_life.header("b"), VirtualClock()
    )
    session.write(SnapshotRecord(0, LIFE[0].sense.t_mono_ns, b"0"))
    write_ticks(session, LIFE[:5])
    session.close()
    assert [path.name for path in sorted(old.iterdir())] == ["000001.mcap", "000002.mcap"]
    [event] = Log(session.folder).events()
    assert (event.name, event.text) == (PRUNED_EVENT, "1 old files were deleted to make room")


def test_a_chunk_holds_at_most_a_second_of_any_life(tmp_path):
    clock = VirtualClock()
    session = Session(LogSettings(tmp_path), synthetic_life.header("s"), clock)
    session.write(SnapshotRecord(0, LIFE[0].sense.t_mono_ns, b"0"))
    write_ticks(session, LIFE[:100])
    [segment] = session.folder.glob("*.mcap")
    found = [tick.tick for tick in Log(segment).ticks()]
    assert 89 <= found[-1] <= 99, "no time has passed for the disk, nine seconds for the robot"
    session.close()


def test_a_step_of_the_wall_clock_moves_the_next_file_and_not_this_one(tmp_path):
    step_ns = 3600 * SECOND_NS
    session = Session(LogSettings(tmp_path), synthetic_life.header("s"), VirtualClock())
    for tick in LIFE[:20]:
        if tick.tick % 10 == 0:
            session.write(SnapshotRecord(tick.tick, tick.sense.t_mono_ns, b"s"))
        wall_ns = tick.sense.t_wall_ns + (step_ns if tick.tick >= 5 else 0)
        session.write(replace(tick, sense=replace(tick.sense, t_wall_ns=wall_ns)))
    session.close()
    times = [message.log_time_ns for message in Log(session.folder).messages("/tick")]
    before = [tick.sense.t_wall_ns for tick in LIFE[:20]]
    assert times == before[:10] + [wall_ns + step_ns for wall_ns in before[10:]]


def test_events_before_the_first_tick_are_in_the_first_file(tmp_path):
    session = Session(LogSettings(tmp_path), synthetic_life.header("s"), VirtualClock())
    event = synthetic_life.event(LIFE[0], "armed")
    session.write(event)
    session.write(SnapshotRecord(0, LIFE[0].sense.t_mono_ns, b"0"))
    write_ticks(session, LIFE[:3])
    session.close()
    log = Log(session.folder)
    assert len(log.segments) == 1
    assert list(log.events()) == [event]
    assert survey(log).whole


@pytest.mark.parametrize("name", ["segment_s", "sync_s", "queue_records", "retry_s"])
def test_settings_that_cannot_work_are_refused_by_name(name):
    with pytest.raises(ValueError, match=name):
        LogSettings(**{name: 0})
