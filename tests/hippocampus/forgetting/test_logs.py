"""Logs without a stretch: what stays is as it was, what goes is nowhere, the gap is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ember_embodied.bench import synthetic_life
from ember_embodied.bench.hippocampus.planted import holding, number_mark
from hippocampus.forgetting import logs
from hippocampus.forgetting.erasure import RECEIPTS, Erasure
from hippocampus.forgetting.judging import Wanted
from hippocampus.forgetting.times import Name, Stretch, Stretches
from hippocampus.reader import Log
from hippocampus.survey import survey
from hippocampus.tick_record import EventRecord, TickRecord
from hippocampus.transaction.journal import NIGHTS
from hippocampus.transaction.lock import held

MARK = 0.123456789123
COUNT, A_SEGMENT = 120, 30


def life(planted: range = range(0)):
    """Ticks, some of which have the mark as where a face was seen."""
    for tick in synthetic_life.ticks(np.random.default_rng(5), COUNT):
        camera = tick.sense.camera
        if tick.tick in planted and camera is not None:
            camera = replace(camera, face_yaw_rad=MARK)
            tick = replace(tick, sense=replace(tick.sense, camera=camera))
        yield tick


@pytest.fixture
def ticks() -> list[TickRecord]:
    return list(life())


def recorded(root, planted=range(0)):
    return synthetic_life.record(root, life(planted), ticks_a_segment=A_SEGMENT)


def stretch(ticks, first: int, last: int) -> Stretch:
    return Stretch(ticks[first].sense.t_wall_ns, ticks[last].sense.t_wall_ns)


def erase(root, wanted: Wanted):
    with held(root / NIGHTS):
        erasure = Erasure({"robot": root, NIGHTS: root / NIGHTS})
        erased = list(logs.erase(root, wanted, erasure, lambda *_: None))
        erasure.commit("a forgetting", root / RECEIPTS, b"{}")
    return erased


def taken_within(tick: TickRecord, one: Stretch) -> bool:
    """Lived in the stretch, or with a reading that was taken in it."""
    sense = tick.sense
    streams = (sense.joints, sense.imu, sense.doa, sense.camera, sense.intent)
    ages = [sense.t_mono_ns - s.t_mono_ns for s in streams if s is not None]
    return any(one.start_ns <= sense.t_wall_ns - age <= one.end_ns for age in (0, *ages))


@pytest.mark.parametrize(
    ("first", "last", "files"),
    [(40, 50, 1), (20, 70, 2), (0, 10, 1), (100, 119, 1), (30, 55, 0), (29, 55, 1)],
)
def test_what_stays_is_byte_for_byte_and_the_gap_is_told(tmp_path, ticks, first, last, files):
    gone = [t.tick for t in ticks if taken_within(t, stretch(ticks, first, last))]
    assert gone == list(range(first, gone[-1] + 1))
    last_gone = gone[-1]
    folder = recorded(tmp_path, range(first, last + 1))
    before = {m.data for m in Log(folder).messages("/tick", "/timing")}
    assert holding(tmp_path, [number_mark(MARK)])
    erased = erase(tmp_path, Wanted(Stretches([stretch(ticks, first, last)])))
    log = Log(folder)
    assert [t.tick for t in log.ticks()] == [*range(first), *range(last_gone + 1, COUNT)]
    assert {m.data for m in log.messages("/tick", "/timing")} < before
    assert holding(tmp_path, [number_mark(MARK)]) == []
    assert sum(one.ticks for one in erased) == len(gone)
    assert sum(one.ticks > 0 and not one.removed for one in erased) == files
    found = survey(log)
    assert found.whole
    if first > 0 and last < COUNT - 1:
        assert [(gap.first, gap.last) for gap in found.forgotten] == [(first, last_gone)]
    told = [e for e in log.events() if e.name == "forgotten"]
    assert told
    assert all(f"{len(gone)} of them" in event.text for event in told)


def test_a_gap_that_nobody_asked_for_is_still_damage(tmp_path, ticks):
    folder = recorded(tmp_path)
    erase(tmp_path, Wanted(Stretches([stretch(ticks, 40, 50)])))
    (folder / "000002.mcap").unlink()
    found = survey(Log(folder))
    assert not found.whole
    assert [(gap.first, gap.last) for gap in found.gaps] == [(60, 89)]


def test_an_old_reading_from_the_stretch_goes_too(tmp_path, ticks):
    """A camera that died in the stretch: its last picture is in every later tick."""
    dead = ticks[20].sense.camera
    after = [
        replace(t, sense=replace(t.sense, camera=replace(dead, face_yaw_rad=MARK)))
        if t.tick >= 20
        else t
        for t in ticks
    ]
    folder = synthetic_life.record(tmp_path, after, ticks_a_segment=A_SEGMENT)
    erase(tmp_path, Wanted(Stretches([stretch(ticks, 18, 22)])))
    left = list(Log(folder).ticks())
    assert holding(tmp_path, [number_mark(MARK)]) == []
    assert left[-1].sense.camera is None
    assert left[-1].sense.doa == ticks[-1].sense.doa


def test_a_torn_file_keeps_what_was_whole_before_the_tear(tmp_path, ticks):
    folder = recorded(tmp_path)
    torn = folder / "000003.mcap"
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    whole = [t.tick for t in Log(folder).ticks()]
    erase(tmp_path, Wanted(Stretches([stretch(ticks, 95, 97)])))
    left = [t.tick for t in Log(folder).ticks()]
    assert left == [n for n in whole if not taken_within(ticks[n], stretch(ticks, 95, 97))]
    assert survey(Log(folder)).damage == ()


def test_events_that_name_a_person_go_without_a_stretch(tmp_path):
    folder = recorded(tmp_path)
    some = next(Log(folder).ticks())
    session = folder / "000009.mcap"
    segment = logs.Segment(logs.DiskFile(session), None)
    for text in ("Anna laughed", "Annabel laughed"):
        event = EventRecord(some.sense.t_mono_ns, some.sense.t_wall_ns, 0, 2, "told", text)
        segment.add(event)
    segment.seal()
    erase(tmp_path, Wanted(Stretches(), Name("anna")))
    assert holding(tmp_path, [b"Anna laughed"]) == []
    assert holding(tmp_path, [b"Annabel laughed"]) == [session]


def test_a_dry_run_counts_the_same_and_changes_nothing(tmp_path, ticks):
    recorded(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.mcap")}
    wanted = Wanted(Stretches([stretch(ticks, 20, 70)]))
    dry = list(logs.erase(tmp_path, wanted, None, lambda *_: None))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.mcap")} == before
    assert erase(tmp_path, wanted) == dry
