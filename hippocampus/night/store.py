"""Every day in one SQLite file: files, episodes, labels, sums, and what tables can learn again.

The file is opened for reading where it lies; a night changes a copy, which then takes its place.
Times are Unix ns, angles rad. What is a list or a record is JSON in one column.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import Any, Final

import msgspec

from hippocampus.night.episode import Day, Episode, Hour, Kept, LogFile, Reason
from hippocampus.night.label import Label, LabelKind, Span
from hippocampus.night.moments import HeardLook, MadeReach
from hippocampus.night.salience import NovelKind
from hippocampus.night.totals import day_totals

NAME: Final = "episodes.sqlite"
LAYOUT: Final = 1
_TABLES: Final = """
CREATE TABLE files (
    name TEXT PRIMARY KEY, date TEXT NOT NULL, start_ns INTEGER NOT NULL, facts TEXT NOT NULL);
CREATE TABLE episodes (
    key TEXT PRIMARY KEY, date TEXT NOT NULL, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
    salience REAL NOT NULL, kept TEXT NOT NULL, reasons TEXT NOT NULL, spans TEXT NOT NULL);
CREATE TABLE labels (
    date TEXT NOT NULL, episode TEXT, kind TEXT NOT NULL, log TEXT NOT NULL,
    first_tick INTEGER NOT NULL, last_tick INTEGER NOT NULL,
    start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
    place TEXT, bearing_rad REAL, strength REAL, amount REAL, confidence REAL NOT NULL,
    person TEXT, text TEXT, found INTEGER);
CREATE TABLE hours (date TEXT NOT NULL, hour INTEGER NOT NULL, sums TEXT NOT NULL);
CREATE TABLE days (date TEXT NOT NULL, surprise_max REAL);
CREATE TABLE looks (date TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE reaches (date TEXT NOT NULL, facts TEXT NOT NULL);
CREATE INDEX files_of ON files (date, start_ns);
CREATE INDEX episodes_of ON episodes (date, start_ns);
CREATE INDEX labels_of ON labels (date, start_ns);
CREATE INDEX labels_in ON labels (episode);
CREATE INDEX labels_like ON labels (kind, place);
"""
_FACTS: Final = ("place", "bearing_rad", "strength", "amount", "confidence", "person", "text")
_SPAN: Final = ("log", "first_tick", "last_tick", "start_ns", "end_ns")
_LABEL_COLUMNS: Final = ", ".join(("kind", *_SPAN, *_FACTS, "found"))


class EpisodesError(Exception):
    """The file of episodes cannot be read; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class NightFindings:
    """What a night has found of one date, to be added to what is known of it."""

    date: str
    episodes: tuple[Episode, ...]
    background: tuple[Label, ...]
    hours: tuple[Hour, ...]
    surprise_max: float | None
    files: tuple[LogFile, ...]
    starts_ns: tuple[int, ...]
    """Of the files."""
    looks: tuple[HeardLook, ...]
    reaches: tuple[MadeReach, ...]


class EpisodeStore:
    """One file; a file that is not there yet is as one that holds nothing.

    Every method raises ``EpisodesError`` where the file is no such file, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    def dates(self) -> tuple[str, ...]:
        """Every day that is known, oldest first."""
        return tuple(row[0] for row in self._rows("SELECT DISTINCT date FROM files ORDER BY date"))

    def known_files(self) -> dict[str, LogFile]:
        """Every file that a night has read, by name."""
        rows = self._rows("SELECT facts FROM files")
        files = (msgspec.json.decode(facts, type=LogFile) for (facts,) in rows)
        return {file.name: file for file in files}

    def seen(self) -> Counter[NovelKind]:
        """How often each kind of label was there."""
        rows = self._rows(
            "SELECT kind, coalesce(place, text, ''), count(*) FROM labels GROUP BY 1, 2"
        )
        return Counter({(kind, place): count for kind, place, count in rows})

    def day(self, date: str) -> Day | None:
        """All that is known of a day; None where nothing is."""
        files = tuple(
            msgspec.json.decode(facts, type=LogFile)
            for (facts,) in self._rows(
                "SELECT facts FROM files WHERE date = ? ORDER BY start_ns, name", date
            )
        )
        if not files:
            return None
        episodes = tuple(self._episodes("WHERE date = ?", date))
        background = tuple(self._labels("date = ? AND episode IS NULL", date))
        hours = [
            msgspec.json.decode(sums, type=Hour)
            for (sums,) in self._rows("SELECT sums FROM hours WHERE date = ? ORDER BY hour", date)
        ]
        ((most,),) = self._rows("SELECT max(surprise_max) FROM days WHERE date = ?", date)
        totals = day_totals(episodes, background, hours, most)
        return Day(date, episodes, background, totals, files)

    def looks(self) -> tuple[HeardLook, ...]:
        """Every look, oldest first."""
        rows = self._rows("SELECT facts FROM looks ORDER BY rowid")
        return tuple(msgspec.json.decode(facts, type=HeardLook) for (facts,) in rows)

    def reaches(self) -> tuple[MadeReach, ...]:
        """Every movement of the body, oldest first."""
        rows = self._rows("SELECT facts FROM reaches ORDER BY rowid")
        return tuple(msgspec.json.decode(facts, type=MadeReach) for (facts,) in rows)

    def add(self, found: Iterable[NightFindings]) -> None:
        """Add what a night has found, all of it or nothing. Raises ``OSError`` as the disk does."""
        with self._open(writing=True) as database:
            for findings in found:
                _add(database, findings)

    def _episodes(self, where: str, *values: object) -> Iterator[Episode]:
        rows = self._rows(
            f"SELECT key, salience, kept, reasons, spans FROM episodes {where} "
            "ORDER BY start_ns, key",
            *values,
        )
        for key, salience, kept, reasons, spans in rows:
            yield Episode(
                key,
                msgspec.json.decode(spans, type=tuple[Span, ...]),
                salience,
                msgspec.json.decode(reasons, type=tuple[Reason, ...]),
                Kept(kept),
                tuple(self._labels("episode = ?", key)),
            )

    def _labels(self, where: str, *values: object) -> Iterator[Label]:
        rows = self._rows(
            f"SELECT {_LABEL_COLUMNS} FROM labels WHERE {where} ORDER BY rowid", *values
        )
        for kind, log, first, last, start, end, *facts, found in rows:
            span = Span(log, first, last, start, end)
            known = None if found is None else bool(found)
            named = dict(zip(_FACTS, facts, strict=True))
            yield Label(LabelKind(kind), span, **named, found=known)

    def _rows(self, query: str, *values: object) -> list[Any]:
        if not self.path.exists():
            return [(None,)] if query.startswith("SELECT max(") else []
        with self._open(writing=False) as database:
            return database.execute(query, values).fetchall()

    @contextmanager
    def _open(self, *, writing: bool) -> Iterator[sqlite3.Connection]:
        mode = "rwc" if writing else "ro"
        try:
            uri = f"{self.path.absolute().as_uri()}?mode={mode}"
            with closing(sqlite3.connect(uri, uri=True)) as made:
                if writing:
                    # The file is a copy that nobody else sees, thrown away when this fails.
                    made.execute("PRAGMA journal_mode = OFF")
                    made.execute("PRAGMA synchronous = OFF")
                (layout,) = made.execute("PRAGMA user_version").fetchone()
                if layout == 0 and writing:
                    made.executescript(_TABLES)
                    made.execute(f"PRAGMA user_version = {LAYOUT}")
                elif layout != LAYOUT:
                    raise EpisodesError(
                        f"{self.path}: its layout is {layout}, this program reads {LAYOUT}"
                    )
                yield made
                made.commit()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
                raise OSError(ENOSPC, "the disk is full", str(self.path)) from error
            raise EpisodesError(f"{self.path}: {error}") from error
        except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
            raise EpisodesError(f"{self.path}: {error}") from error


def _add(database: sqlite3.Connection, found: NightFindings) -> None:
    date = found.date
    starts = zip(found.files, found.starts_ns, strict=True)
    database.executemany(
        "INSERT INTO files VALUES (?, ?, ?, ?)",
        [(file.name, date, start_ns, _json(file)) for file, start_ns in starts],
    )
    database.executemany(
        "INSERT INTO episodes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                episode.key,
                date,
                episode.start_ns,
                episode.end_ns,
                episode.salience,
                episode.kept.value,
                _json(episode.reasons),
                _json(episode.spans),
            )
            for episode in found.episodes
        ],
    )
    for key, labels in ((None, found.background), *((e.key, e.labels) for e in found.episodes)):
        database.executemany(
            f"INSERT INTO labels (date, episode, {_LABEL_COLUMNS}) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(date, key, *_columns(label)) for label in labels],
        )
    for table, facts in (("looks", found.looks), ("reaches", found.reaches)):
        database.executemany(
            f"INSERT INTO {table} VALUES (?, ?)", [(date, _json(fact)) for fact in facts]
        )
    hours = [(date, hour.hour, _json(hour)) for hour in found.hours]
    database.executemany("INSERT INTO hours VALUES (?, ?, ?)", hours)
    database.execute("INSERT INTO days VALUES (?, ?)", (date, found.surprise_max))


def _columns(label: Label) -> Sequence[object]:
    return (
        label.kind.value,
        *(getattr(label.span, name) for name in _SPAN),
        *(getattr(label, name) for name in _FACTS),
        label.found,
    )


def _json(record: object) -> str:
    return msgspec.json.encode(record).decode()
