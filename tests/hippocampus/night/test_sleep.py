"""A whole night on a small log: read once, sorted, remembered, repeated without effect, undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ember_embodied.bench import synthetic_life
from firmware_bridge.senses import Fault
from hippocampus.export.bulk import read_segment
from hippocampus.memory.book import MemoryBook
from hippocampus.memory.store import MemoryStore
from hippocampus.memory.text_key import HashingEncoder
from hippocampus.night import reader
from hippocampus.night.collaborators import Collaborators, NamedFile
from hippocampus.night.episode import Day, Kept
from hippocampus.night.label import LabelKind
from hippocampus.night.reader import Reading, read_legs
from hippocampus.night.report import NightReport
from hippocampus.night.room import NoRoomError
from hippocampus.night.settings import SleepSettings
from hippocampus.night.sleep import sleep
from hippocampus.night.store import EpisodesError, EpisodeStore
from hippocampus.reader import Log
from hippocampus.retention import keep
from hippocampus.survey import survey
from hippocampus.tick_record import EventRecord
from hippocampus.transaction.journal import NIGHTS, work_folder
from hippocampus.transaction.undo import undo

DATE = "2026-01-01"
TICKS, A_FILE = 240, 40
NOW_NS = synthetic_life.START_WALL_NS + 86_400_000_000_000


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """Six files; a fault in the fifth."""
    life = [
        replace(tick, fault_bits=Fault.SERVO_OVERLOAD) if 170 <= tick.tick < 180 else tick
        for tick in synthetic_life.ticks(np.random.default_rng(5), TICKS)
    ]
    folder = tmp_path_factory.mktemp("life")
    return synthetic_life.record(folder, life, ticks_a_segment=A_FILE).parent


@pytest.fixture
def roots(recorded, tmp_path) -> dict[str, Path]:
    roots = {name: tmp_path / name for name in ("logs", "state", "memory", NIGHTS)}
    (roots["logs"] / "synthetic").mkdir(parents=True)
    for path in recorded.glob("*/*.mcap"):
        (roots["logs"] / "synthetic" / path.name).write_bytes(path.read_bytes())
    return roots


def book_of(store: MemoryStore) -> MemoryBook:
    loaded = store.load()
    encoder = HashingEncoder()
    return MemoryBook(encoder) if loaded is None else MemoryBook.from_state(loaded.book, encoder)


def night(roots, *, dry: bool = False, **settings: int) -> NightReport:
    chosen = SleepSettings(**settings)

    def read(change):
        work = None if change is None else work_folder(roots[NIGHTS])
        reading = Reading(roots["logs"], work, chosen.thin_every, None)
        return lambda legs, thinned: read_legs(reading, legs, thinned=thinned)

    def told(day: Day) -> tuple[NamedFile, ...]:
        return (NamedFile("diary.md", f"{len(day.episodes)} episodes".encode()),)

    helpers = Collaborators(read, book_of, None, told, lambda *_: None)
    return sleep(roots, chosen, lambda _: True, helpers, zone=None, t_wall_ns=NOW_NS, dry=dry)


def contents(roots) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for root in roots.values()
        for path in root.rglob("*")
        if path.is_file() and ".night" not in path.parts and path.name != "last.json"
    }


def test_a_dry_night_writes_nothing(roots):
    before = contents(roots)
    report = night(roots, dry=True, raw_bytes=0, thinned_bytes=0)
    assert report.days[0].forgotten_files == 6
    assert contents(roots) == before
    assert not roots[NIGHTS].exists()


def test_labels_episodes_and_memories_of_a_day(roots):
    (day,) = night(roots).days
    assert (day.date, day.ticks, day.files, day.raw_files) == (DATE, TICKS, 6, 6)
    kept = msgspec.json.decode((roots[NIGHTS] / DATE / "day.json").read_bytes(), type=Day)
    assert kept == EpisodeStore(roots[NIGHTS] / "episodes.sqlite").day(DATE)
    labels = [label for episode in kept.episodes for label in episode.labels]
    (fault,) = [label for label in labels if label.kind is LabelKind.FAULT]
    span = fault.span
    assert (span.log, span.first_tick, span.last_tick) == ("synthetic/000004.mcap", 170, 179)
    assert fault.text == "SERVO_OVERLOAD"
    assert kept.totals.ticks == TICKS
    assert kept.totals.lived_s == pytest.approx(24.0, abs=0.1)
    assert [label.kind for label in kept.background] == [LabelKind.RESTART]
    ticks = [n for e in kept.episodes for s in e.spans for n in (s.first_tick, s.last_tick)]
    assert ticks == sorted(ticks)
    loaded = MemoryStore(roots["memory"]).load()
    assert loaded is not None
    book = MemoryBook.from_state(loaded.book, HashingEncoder())
    found = book.recall("trouble: servo overload", 1)
    assert "trouble: servo overload" in found[0].memory.text
    assert book.felt_count > 0
    assert (roots[NIGHTS] / DATE / "diary.md").read_text() == f"{len(kept.episodes)} episodes"


def test_again_is_nothing_and_undone_is_as_before(roots):
    before = contents(roots)
    night(roots, raw_bytes=200_000, thinned_bytes=60_000)
    after = contents(roots)
    assert after != before
    assert night(roots, raw_bytes=0).days == ()
    assert contents(roots) == after
    undo(roots[NIGHTS])
    assert contents(roots) == before
    assert not any(root.exists() for name, root in roots.items() if name in ("memory", "state"))


def test_what_is_thinned_opens_and_is_whole_and_has_every_event(roots, recorded):
    night(roots, raw_bytes=0, thinned_bytes=10_000_000, thin_every=5)
    thin, whole = Log(roots["logs"]), Log(recorded)
    found = survey(thin)
    assert found.whole
    assert len(found.thinned) == 6
    assert found.ticks < TICKS / 3
    assert list(thin.records(EventRecord)) == list(whole.records(EventRecord))
    numbers = {tick.tick for tick in thin.ticks()}
    assert {0, 5, 235, 39, 40, 239} <= numbers
    assert {event.tick for event in whole.events()} <= numbers
    by_number = {tick.tick: tick for tick in whole.ticks()}
    assert all(by_number[tick.tick] == tick for tick in thin.ticks())


def test_a_hole_in_a_thinned_file_is_still_a_gap(roots):
    night(roots, raw_bytes=0, thinned_bytes=10_000_000, thin_every=5)
    (roots["logs"] / "synthetic" / "000002.mcap").unlink()
    found = survey(Log(roots["logs"]))
    assert [(gap.first, gap.last) for gap in found.gaps] == [(80, 119)]


def test_what_is_kept_open_or_damaged_is_never_touched(roots):
    logs = roots["logs"] / "synthetic"
    keep(logs / "000001.mcap")
    (logs / "000002.open").touch()
    torn = (logs / "000003.mcap").read_bytes()
    (logs / "000003.mcap").write_bytes(torn[: len(torn) // 2])
    before = {path: path.read_bytes() for path in logs.iterdir()}
    (day,) = night(roots, raw_bytes=0, thinned_bytes=0).days
    assert day.forgotten_files == 3
    for name in ("000001.mcap", "000002.mcap", "000003.mcap"):
        assert (logs / name).read_bytes() == before[logs / name]
    assert any("000003" in text for text in day.damage)
    (logs / "000002.open").unlink()
    (later,) = night(roots, raw_bytes=10**9).days
    assert (later.files, later.ticks) == (1, A_FILE)
    store = EpisodeStore(roots[NIGHTS] / "episodes.sqlite")
    merged = store.day(DATE)
    assert merged is not None
    assert len(merged.logs) == 6
    assert {file.kept for file in merged.logs} == {Kept.RAW, Kept.FORGOTTEN}


def test_a_night_that_was_cut_off_takes_up_what_it_had_read(roots, monkeypatch):
    real, calls = reader.read_leg, []

    def counted(logs, leg, zone, thinner):
        calls.append(leg)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(logs, leg, zone, thinner)

    monkeypatch.setattr("hippocampus.night.calendar.LEG_BYTES", 1)
    monkeypatch.setattr(reader, "read_leg", counted)
    before = contents(roots)
    with pytest.raises(KeyboardInterrupt):
        night(roots, raw_bytes=0)
    assert contents(roots) == before
    (day,) = night(roots, raw_bytes=0).days
    assert day.ticks == TICKS
    assert [leg.files for leg in calls[2:4]] == [leg.files for leg in calls[2:3] * 2]
    assert len(calls) == 7


def test_a_disk_without_room_is_one_line_and_changes_nothing(roots, monkeypatch):
    before = contents(roots)
    monkeypatch.setattr("hippocampus.night.room.free_bytes", lambda _: 1_000_000)
    with pytest.raises(NoRoomError, match="MB too little for the night"):
        night(roots)
    assert contents(roots) == before


def test_episodes_that_are_no_database_are_one_line(roots):
    night(roots)
    (roots[NIGHTS] / "episodes.sqlite").write_bytes(b"not a database, but long enough" * 200)
    with pytest.raises(EpisodesError, match=r"episodes\.sqlite"):
        night(roots)


def test_bulk_reading_in_order_gives_the_same(recorded):
    path = next(recorded.glob("*/*.mcap"))
    from hippocampus.export.bulk import cut_segment

    plain, ordered = read_segment(path), cut_segment(path.read_bytes(), in_order=True)
    assert (plain.ticks, plain.beside) == (ordered.ticks, ordered.beside)
    assert [m.data for m in ordered.whole if m.topic == "/tick"] == plain.ticks
    assert {"/tf", "/log"} <= {m.topic for m in ordered.whole}
