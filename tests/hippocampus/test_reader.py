"""A log reads as it was written, whatever its chunks and files were."""

from __future__ import annotations

import pytest

from ember_embodied.bench.synthetic_life import record
from hippocampus.reader import Log, LogError
from hippocampus.segment import DiskFile, Segment
from hippocampus.survey import Gap, survey
from hippocampus.tick_record import EventRecord, SnapshotRecord, TickRecord, TimingRecord


def test_ticks_come_back_in_order_over_the_segments(recorded, life):
    log = Log(recorded)
    assert len(log.segments) == 3
    assert list(log.ticks()) == list(life)
    assert log.damage == ()
    assert log.header.session_id == recorded.name
    assert [header.segment for header in log.headers()] == [0, 1, 2]
    assert [snapshot.tick for snapshot in log.snapshots()] == [0, 30, 60]
    assert [timing.tick for timing in log.timings()] == list(range(80))
    assert [event.tick for event in log.events()] == [10, 30, 50, 70]
    kinds = [type(record) for record in Log(log.segments[1]).records()]
    assert kinds[1:4] == [SnapshotRecord, TickRecord, TimingRecord]


def test_each_header_anchors_both_clocks_at_its_first_tick(recorded):
    log = Log(recorded)
    for header, segment in zip(log.headers(), log.segments, strict=True):
        first = next(Log(segment).ticks())
        assert header.t_mono_ns == first.sense.t_mono_ns
        assert header.t_wall_ns - header.t_mono_ns == first.sense.t_wall_ns - first.sense.t_mono_ns
    ticks = log.messages("/tick")
    assert all(m.log_time_ns == t.sense.t_wall_ns for m, t in zip(ticks, log.ticks(), strict=True))


def test_the_digest_depends_on_the_content_of_the_ticks_alone(tmp_path, life):
    one = Log(record(tmp_path / "a", life)).ticks_digest
    for number, how in enumerate(
        [
            {"sync_s": 0.2},
            {"ticks_a_segment": 7},
            {"timings": False},
            {"session_id": "another"},
        ]
    ):
        assert Log(record(tmp_path / str(number), life, **how)).ticks_digest == one
    assert Log(record(tmp_path / "b", life[:-1])).ticks_digest != one
    swapped = [life[1], life[0], *life[2:]]
    assert Log(record(tmp_path / "c", swapped)).ticks_digest != one


def test_a_folder_of_sessions_is_the_newest_of_them(tmp_path, life):
    record(tmp_path, life, session_id="2026-01-02T00-00-00Z")
    newest = record(tmp_path, life[:9], session_id="2026-01-03T00-00-00Z")
    assert Log(tmp_path).folder == newest


@pytest.mark.parametrize("kind", ["missing", "empty", "text"])
def test_what_is_no_log_is_told_in_one_line(tmp_path, kind):
    path = tmp_path / "log"
    if kind == "empty":
        path.mkdir()
    elif kind == "text":
        path.write_text("hello, this is not a log")
    with pytest.raises(LogError, match=str(path)) as raised:
        survey(Log(path))
    assert "\n" not in str(raised.value)


def test_a_survey_of_a_whole_log(recorded, life):
    found = survey(Log(recorded))
    assert found.whole
    assert (found.ticks, found.first_tick, found.last_tick) == (80, 0, 79)
    assert found.ticks_digest == Log(recorded).ticks_digest
    assert found.rate_hz == pytest.approx(10.0, rel=1e-3)
    assert found.stream_shares == dict.fromkeys(("joints", "imu", "doa", "camera", "intent"), 1.0)
    assert found.mode_shares == {"RUN": 1.0}
    assert found.messages["/event"] == found.messages["/log"] == 4
    assert found.size_bytes == sum(path.stat().st_size for path in recorded.glob("*.mcap"))


def test_a_survey_names_missing_ticks_and_time_that_runs_back(tmp_path, life):
    holed = [tick for tick in life if tick.tick not in (5, 6, 40)]
    found = survey(Log(record(tmp_path / "holed", holed)))
    assert found.gaps == (Gap(5, 6), Gap(40, 40))
    assert not found.whole
    twice = survey(Log(record(tmp_path / "twice", [*life[:10], *life[5:20]])))
    assert any("tick 5 comes after tick 9" in fault for fault in twice.faults)
    assert any("time runs back at tick 5" in fault for fault in twice.faults)


def test_a_survey_wants_a_snapshot_at_the_head_of_each_file(tmp_path, life):
    folder = record(tmp_path, life, ticks_a_segment=30)
    (folder / "000000.mcap").unlink()
    assert survey(Log(folder)).whole, "a log that retention has shortened is whole"
    headless = record(tmp_path / "headless", life, ticks_a_segment=1000)
    [segment] = headless.glob("*.mcap")
    copy = Segment(DiskFile(tmp_path / "copy.mcap"), None)
    for message in Log(segment).messages():
        if message.topic != "/snapshot":
            copy.add_raw(message.topic, message.log_time_ns, message.data, message.sequence)
    copy.seal()
    assert survey(Log(tmp_path / "copy.mcap")).faults == (
        "copy.mcap: no snapshot before its first tick",
    )


def test_events_of_a_torn_file_are_still_told(tmp_path, recorded):
    torn = tmp_path / "torn.mcap"
    torn.write_bytes((recorded / "000000.mcap").read_bytes()[:-2000])
    found = survey(Log(torn))
    assert found.ticks > 20
    assert all(damage.torn for damage in found.damage)
    assert any(isinstance(event, EventRecord) for event in Log(torn).events())
