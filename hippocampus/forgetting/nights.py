"""What the nights have made of the days, without what is to be forgotten.

A label that reaches into a stretch goes. An episode that does goes as a whole, and those of its
labels that lie outside stay beside the episodes. Sums are kept by the hour: an hour that a stretch
touches goes, and the day's sums are those of the other hours. A sentence of the diary goes with any
moment that it speaks of.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from hippocampus.diary.record import DIARY_FILE, DIARY_TEXT
from hippocampus.forgetting.erasure import Erasure
from hippocampus.forgetting.judging import LATE_NS
from hippocampus.forgetting.times import Name, Stretch, Stretches
from hippocampus.night.episode import DAY_FILE, Day, Episode, Hour
from hippocampus.night.label import Label, Span
from hippocampus.night.store import NAME
from hippocampus.night.totals import day_totals

_SECOND_NS: Final = 1_000_000_000
_WITHIN: Final = "WHERE start_ns <= ? AND end_ns >= ?"


class UnreadableError(Exception):
    """A file of a night that cannot be read, so nothing can be taken out of it; one line."""


@dataclass(frozen=True, slots=True)
class ErasedDay:
    """What one day loses."""

    date: str
    episodes: int
    labels: int
    hours: int
    sentences: int
    digest: str


def days(nights: Path) -> Iterator[tuple[Path, Day]]:
    """Every day that a night has read, oldest first. Raises ``UnreadableError``, ``OSError``."""
    for path in sorted(nights.glob(f"*/{DAY_FILE}")):
        try:
            yield path, msgspec.json.decode(path.read_bytes(), type=Day)
        except msgspec.DecodeError as error:
            raise UnreadableError(
                f"{path} cannot be read ({error}); 'ember sleep --date {path.parent.name}' makes "
                "it anew"
            ) from error


def moments_with(name: Name, nights: Path) -> list[Stretch]:
    """When a person was there, as labels know it."""
    return [
        Stretch(label.span.start_ns, label.span.end_ns)
        for _, day in days(nights)
        for label in _labels(day)
        if name.is_(label.person)
    ]


def erase(
    nights: Path,
    wanted: Stretches,
    name: Name | None,
    removed: Collection[str],
    erasure: Erasure | None,
) -> list[ErasedDay]:
    """Stage every day without it.

    ``removed``: files of the log that go whole. Raises ``UnreadableError``, ``OSError``.
    """
    erased = []
    for path, day in days(nights):
        after, facts = _without(day, wanted, name)
        sentences, digest = _erase_diary(path.parent, wanted, name, erasure)
        if facts is None and not sentences:
            continue
        erased.append(
            ErasedDay(
                day.date,
                len(day.episodes) - len(after.episodes),
                sum(1 for _ in _labels(day)) - sum(1 for _ in _labels(after)),
                len(day.totals.hours) - len(after.totals.hours),
                sentences,
                (facts or digest).hexdigest(),
            )
        )
        if erasure is not None and facts is not None:
            logs = tuple(one for one in after.logs if one.name not in removed)
            erasure.write(path, msgspec.json.encode(replace(after, logs=logs)))
    if erasure is not None:
        _erase_episodes(nights / NAME, wanted, name, removed, erasure)
    return erased


def _labels(day: Day) -> Iterator[Label]:
    for episode in day.episodes:
        yield from episode.labels
    yield from day.background


def _without(day: Day, wanted: Stretches, name: Name | None) -> tuple[Day, Any]:
    """The day without it, and a digest of what goes; None where nothing does."""
    digest = hashlib.sha256()
    episodes: list[Episode] = []
    beside = list(day.background)
    changed = False
    for episode in day.episodes:
        if any(_within(span, wanted) for span in episode.spans):
            digest.update(msgspec.json.encode(episode))
            beside += episode.labels
            changed = True
        else:
            stay = tuple(one for one in episode.labels if not _goes(one, wanted, name))
            episodes.append(replace(episode, labels=stay))
            changed |= len(stay) != len(episode.labels)
    kept = [one for one in beside if not _goes(one, wanted, name)]
    for label in _labels(day):
        if _goes(label, wanted, name):
            digest.update(msgspec.json.encode(label))
            changed = True
    hours = tuple(one for one in day.totals.hours if not wanted.overlap(*_bounds(day.date, one)))
    changed |= len(hours) != len(day.totals.hours)
    if not changed:
        return day, None
    kept.sort(key=lambda label: label.span.start_ns)
    after = replace(day, episodes=tuple(episodes), background=tuple(kept))
    return replace(after, totals=day_totals(after.episodes, after.background, hours, None)), digest


def _within(span: Span, wanted: Stretches) -> bool:
    return wanted.overlap(span.start_ns, span.end_ns)


def _goes(label: Label, wanted: Stretches, name: Name | None) -> bool:
    if _within(label.span, wanted):
        return True
    if name is None:
        return False
    return name.is_(label.person) or (label.text is not None and name.within(label.text))


def _bounds(date: str, hour: Hour) -> tuple[int, int]:
    """First and last moment of an hour of the local day, Unix ns."""
    start = datetime.fromisoformat(date) + timedelta(hours=hour.hour)
    start_ns = round(start.astimezone().timestamp()) * _SECOND_NS
    return start_ns, start_ns + 3600 * _SECOND_NS - 1


def _erase_diary(
    folder: Path, wanted: Stretches, name: Name | None, erasure: Erasure | None
) -> tuple[int, Any]:
    """Stage the diary without the sentences that go; how many they are, and their digest."""
    path, text = folder / DIARY_FILE, folder / DIARY_TEXT
    digest = hashlib.sha256()
    if not path.exists():
        return 0, digest
    try:
        diary: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        sentences = diary["sentences"]
        gone = [one for one in sentences if _sentence_goes(one, wanted, name)]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise UnreadableError(f"{path} is no diary: {error}") from error
    if not gone:
        return 0, digest
    digest.update(msgspec.json.encode(gone))
    if erasure is not None:
        diary["sentences"] = [one for one in sentences if one not in gone]
        diary["dropped"] = []
        erasure.write(path, msgspec.json.encode(diary))
        if text.exists():
            left = " ".join(one["text"] for one in diary["sentences"])
            erasure.write(text, f"# {folder.name}\n\n{left}\n".encode())
    return len(gone), digest


def _sentence_goes(sentence: dict[str, Any], wanted: Stretches, name: Name | None) -> bool:
    """Whether it names the person, or rests on a moment that goes.

    One that rests on whole files, as "nobody touched me all day" does, speaks of what goes too.
    """
    if name is not None and name.within(sentence["text"]):
        return True
    if not wanted:
        return False
    return any(span is None or wanted.overlap(*span) for span in sentence_spans(sentence))


def sentence_spans(sentence: dict[str, Any]) -> list[tuple[int, int] | None]:
    """From when to when each thing lasted that a sentence of ``diary.json`` rests on, Unix ns.

    None: whole files of the log are meant.
    """
    spans = [
        *sentence.get("spans", ()),
        *sentence.get("stretches", ()),
        *(label["span"] for label in sentence.get("labels", ())),
    ]
    found: list[tuple[int, int] | None] = []
    for span in spans:
        start_ns, end_ns = span.get("start_ns"), span.get("end_ns")
        found.append(None if start_ns is None or end_ns is None else (start_ns, end_ns))
    return found


def _erase_episodes(
    path: Path, wanted: Stretches, name: Name | None, removed: Collection[str], erasure: Erasure
) -> None:
    """Stage the table of all days without what goes; it is never written with it."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as table:
            with closing(
                sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            ) as source:
                source.backup(table)
            before = table.total_changes
            _erase_rows(table, wanted, name, removed)
            if table.total_changes != before:
                table.execute("VACUUM")
                erasure.write(path, table.serialize())
    except sqlite3.DatabaseError as error:
        raise UnreadableError(f"{path}: {error}") from error


def _erase_rows(
    table: sqlite3.Connection, wanted: Stretches, name: Name | None, removed: Collection[str]
) -> None:
    dates: set[str] = set()
    for one in wanted:
        within = (one.end_ns, one.start_ns)
        for of in ("labels", "episodes"):
            rows = table.execute(f"SELECT DISTINCT date FROM {of} {_WITHIN}", within)
            dates.update(date for (date,) in rows)
        going = f"SELECT key FROM episodes {_WITHIN}"
        table.execute(f"UPDATE labels SET episode = NULL WHERE episode IN ({going})", within)
        table.execute(f"DELETE FROM labels {_WITHIN}", within)
        table.execute(f"DELETE FROM episodes {_WITHIN}", within)
    if name is not None:
        table.create_function("named", 1, lambda text: text is not None and name.within(text))
        table.execute("DELETE FROM labels WHERE named(person) OR named(text)")
    for date, sums in table.execute("SELECT date, sums FROM hours").fetchall():
        hour = msgspec.json.decode(sums, type=Hour)
        if wanted.overlap(*_bounds(date, hour)):
            dates.add(date)
            table.execute("DELETE FROM hours WHERE date = ? AND hour = ?", (date, hour.hour))
    for of in ("looks", "reaches"):
        for row, facts in table.execute(f"SELECT rowid, facts FROM {of}").fetchall():
            at_ns = msgspec.json.decode(facts)["t_wall_ns"]
            if wanted.overlap(at_ns - LATE_NS, at_ns):
                table.execute(f"DELETE FROM {of} WHERE rowid = ?", (row,))
    table.executemany("UPDATE days SET surprise_max = NULL WHERE date = ?", [(d,) for d in dates])
    table.executemany("DELETE FROM files WHERE name = ?", [(name,) for name in removed])
