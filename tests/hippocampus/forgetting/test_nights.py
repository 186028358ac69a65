"""What the nights made of the days, without a stretch or a person."""

from __future__ import annotations

import json
from datetime import datetime

import msgspec
import pytest

from ember_embodied.bench.hippocampus.planted import holding
from hippocampus.diary.record import DIARY_FILE, DIARY_TEXT
from hippocampus.forgetting import nights
from hippocampus.forgetting.erasure import RECEIPTS, Erasure
from hippocampus.forgetting.times import Name, Stretch, Stretches
from hippocampus.night.episode import DAY_FILE, Day, Episode, Hour, Kept, LogFile, Reason
from hippocampus.night.label import Label, LabelKind, Span
from hippocampus.night.moments import HeardLook
from hippocampus.night.store import NAME, EpisodeStore, NightFindings
from hippocampus.transaction.journal import NIGHTS, Journal, remember_last
from hippocampus.transaction.lock import held

DATE = "2026-11-20"
NOON_NS = round(datetime.fromisoformat(f"{DATE}T12:00").timestamp()) * 1_000_000_000
MINUTE_NS = 60_000_000_000


def span(start_min: float, end_min: float) -> Span:
    first, last = round(start_min * 600), round(end_min * 600)
    start_ns, end_ns = NOON_NS + round(start_min * MINUTE_NS), NOON_NS + round(end_min * MINUTE_NS)
    return Span("s/000000.mcap", first, last, start_ns, end_ns)


def label(kind: LabelKind, start: float, end: float, **facts) -> Label:
    return Label(kind, span(start, end), **facts)


def episode(start: float, end: float, *labels: Label) -> Episode:
    key = f"s:{round(start * 600)}-{round(end * 600)}"
    return Episode(key, (span(start, end),), 0.5, (Reason("touch", 1.0),), Kept.RAW, labels)


EPISODES = (
    episode(0, 5, label(LabelKind.TAP, 1, 1.1), label(LabelKind.VOICE, 4, 4.2, text="SECRETMARK")),
    episode(20, 25, label(LabelKind.PERSON, 20, 24, person="Anna", text="SECRETNAME")),
    episode(70, 72, label(LabelKind.STROKE, 71, 71.5)),
)
BACKGROUND = (label(LabelKind.SLEEP, 30, 60), label(LabelKind.OWN_MOVEMENT, 2, 2.1))


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "nights"
    (folder / DATE).mkdir(parents=True)
    looks = tuple(
        HeardLook(
            "s", round(m * 600), NOON_NS + round(m * MINUTE_NS), 0.1, 0.0, 0.2, "LEARNT", 0, 1.0
        )
        for m in (1.0, 4.0, 71.0)
    )
    file = LogFile("s/000000.mcap", 10, "0" * 64, 100, 0, 99, 0.5, Kept.RAW, 10)
    found = NightFindings(
        DATE, EPISODES, BACKGROUND, (Hour(12, ticks=100, touches=2), Hour(13, ticks=50)), 3.0,
        (file,), (NOON_NS,), looks, (),
    )  # fmt: skip
    store = EpisodeStore(folder / NAME)
    store.add([found])
    day = store.day(DATE)
    (folder / DATE / DAY_FILE).write_bytes(msgspec.json.encode(day))
    sentences = [
        {"text": "Somebody said SECRETMARK.", "spans": [msgspec.to_builtins(span(4, 4.2))]},
        {"text": "In the evening I was stroked.", "spans": [msgspec.to_builtins(span(71, 71.5))]},
    ]
    diary = {"date": DATE, "sentences": sentences, "dropped": []}
    (folder / DATE / DIARY_FILE).write_text(json.dumps(diary))
    told = "".join(f"{one['text']}\n" for one in sentences)
    (folder / DATE / DIARY_TEXT).write_text(told)
    for kept in ("old", "new", "work"):  # of the night before, and of one that was cut off
        (folder / ".night" / kept / DATE).mkdir(parents=True)
        (folder / ".night" / kept / DATE / "diary.md").write_text("SECRETMARK SECRETNAME")
    remember_last(folder, Journal(1, "a night", True, {}, (), ()))
    return folder


def erase(folder, stretches=(), name=None, removed=()):
    root = folder.parent
    with held(root / NIGHTS):
        erasure = Erasure({"robot": root, NIGHTS: root / NIGHTS})
        erased = nights.erase(folder, Stretches(stretches), name, removed, erasure)
        erasure.commit("a forgetting", root / RECEIPTS, b"{}")
    return erased


def minutes(first: float, last: float) -> Stretch:
    return Stretch(NOON_NS + round(first * MINUTE_NS), NOON_NS + round(last * MINUTE_NS))


def test_a_stretch_goes_from_day_diary_table_and_what_undo_needs(made):
    (facts,) = erase(made, [minutes(3.9, 4.5)])
    assert (facts.episodes, facts.labels, facts.hours, facts.sentences) == (1, 1, 1, 1)
    assert holding(made.parent, [b"SECRETMARK"]) == []
    day = msgspec.json.decode((made / DATE / DAY_FILE).read_bytes(), type=Day)
    assert [one.key for one in day.episodes] == [one.key for one in EPISODES[1:]]
    assert EPISODES[0].labels[0] in day.background
    assert [hour.hour for hour in day.totals.hours] == [13]
    assert day.totals.ticks == 50
    assert not (made / "last.json").exists()
    assert "stroked" in (made / DATE / DIARY_TEXT).read_text()


def test_table_and_day_stay_the_same(made):
    erase(made, [minutes(3.9, 4.5)])
    day = msgspec.json.decode((made / DATE / DAY_FILE).read_bytes(), type=Day)
    kept = EpisodeStore(made / NAME).day(DATE)
    assert kept.episodes == day.episodes
    assert set(kept.background) == set(day.background)
    assert kept.totals == day.totals
    assert [look.tick for look in EpisodeStore(made / NAME).looks()] == [600, 42600]


def test_a_person_goes_by_name_and_the_rest_stays(made):
    assert nights.moments_with(Name("ANNA"), made) == [minutes(20, 24)]
    (facts,) = erase(made, name=Name("anna"))
    assert (facts.episodes, facts.labels) == (0, 1)
    assert holding(made.parent, [b"Anna", b"SECRETNAME"]) == []
    assert holding(made, [b"SECRETMARK"])


def test_a_file_of_the_log_that_went_whole_is_no_longer_known(made):
    erase(made, [minutes(0, 1)], removed={"s/000000.mcap"})
    assert EpisodeStore(made / NAME).known_files() == {}
    day = msgspec.json.decode((made / DATE / DAY_FILE).read_bytes(), type=Day)
    assert day.logs == ()


def test_a_day_that_cannot_be_read_stops_it_before_anything_changes(made):
    (made / DATE / DAY_FILE).write_text("{")
    with pytest.raises(nights.UnreadableError, match=DATE):
        nights.erase(made, Stretches([minutes(0, 1)]), None, (), None)
