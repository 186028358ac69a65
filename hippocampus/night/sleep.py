"""A night, whole: the day's closed files are read once, and what follows from them holds at once.

    read (labels, sums, thinner copies) -> episodes -> what stays -> memories -> tables -> diary
    everything staged, one commit (``hippocampus.transaction``)

What is read once is known by name, so a night that is repeated finds nothing to do. A night that
was cut off before its commit changed nothing, and goes on with the first leg that it had not read.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import pairwise
from typing import Final

import msgspec

from hippocampus.memory.book import MemoryBook
from hippocampus.memory.records import Moment
from hippocampus.memory.store import HEAD_FILE, MemoryStore
from hippocampus.night import salience, store
from hippocampus.night.calendar import DayFile, legs_of, unread
from hippocampus.night.episode import Day, Episode, Kept, LogFile
from hippocampus.night.label import Label
from hippocampus.night.reading import (
    FileFacts,
    HeardLook,
    LegReading,
    MadeReach,
    NightLeg,
    gap_between,
    with_labels,
)
from hippocampus.night.remember import moments
from hippocampus.night.room import make_room
from hippocampus.night.runs import joined
from hippocampus.night.settings import SleepSettings
from hippocampus.night.sorting import Sortable, Sorted, fate_of, sort_files, worth
from hippocampus.night.store import EpisodeStore, NightFindings
from hippocampus.night.totals import merged_hours
from hippocampus.transaction.change import Change
from hippocampus.transaction.journal import NIGHTS, Roots, held, work_folder
from hippocampus.transaction.settle import settle

LOGS: Final = "logs"
MEMORY: Final = "memory"
STATE: Final = "state"
DAY_FILE: Final = "day.json"
ACTION: Final = "sleep"
"""What made a version of the memory."""


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file to be written, by others."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Experience:
    """What tables may learn from again: of this night, and of all nights before."""

    looks: tuple[HeardLook, ...]
    reaches: tuple[MadeReach, ...]
    older_looks: tuple[HeardLook, ...]
    older_reaches: tuple[MadeReach, ...]


@dataclass(frozen=True, slots=True)
class Consolidated:
    """What tables became: files under the state's folder, and a line for each table."""

    files: tuple[NamedFile, ...]
    told: tuple[str, ...]


DiaryWriter = Callable[[Day], tuple[NamedFile, ...]]
"""Files beside the day's facts. What fails in it is its own affair: it always comes back."""
Consolidate = Callable[[Experience], Consolidated]
BookOf = Callable[[MemoryStore], MemoryBook]
ReadLegs = Callable[[Sequence[NightLeg], bool], Iterable[LegReading]]
"""Reads legs, in their order; True: with a thinner copy of each file."""
Progress = Callable[[str, int, int], None]
"""Told what is done, how far, and of how much."""


@dataclass(frozen=True, slots=True)
class Helpers:
    """What a night asks others to do."""

    read: Callable[[Change | None], ReadLegs]
    """Makes the reader; thinner copies are staged in the change, none where it is None."""
    book_of: BookOf
    consolidate: Consolidate | None
    """None: tables are left as they are."""
    diary: DiaryWriter | None
    progress: Progress


@dataclass(frozen=True, slots=True)
class DayReport:
    """What a night made of one day."""

    date: str
    ticks: int
    episodes: int
    labels: int
    touches: int
    voices: int
    files: int
    raw_files: int
    thinned_files: int
    forgotten_files: int
    bytes: int
    kept_bytes: int
    remembered: int
    damage: tuple[str, ...]
    diary: tuple[str, ...]
    """Names of its files."""


@dataclass(frozen=True, slots=True)
class NightReport:
    """What a night has done; no days: there was nothing new."""

    days: tuple[DayReport, ...]
    tables: tuple[str, ...]
    left_as_is: tuple[str, ...]
    """Files that somebody else changed meanwhile."""
    dry: bool


def sleep(
    roots: Roots,
    settings: SleepSettings,
    wanted: Callable[[str], bool],
    helpers: Helpers,
    *,
    zone: tzinfo | None,
    t_wall_ns: int,
    dry: bool = False,
) -> NightReport:
    """Sleep on every day that is ``wanted`` (by its date) and has files that no night has read.

    ``roots`` names the folders ``logs``, ``state``, ``memory`` and ``nights``. ``dry``: tell what
    would be done and write nothing. Raises ``BusyError``, ``NoRoomError``, ``EpisodesError``, and
    ``OSError`` as the disk does; everything is then as it was, unless it was decided already, and
    then the next night or ``settle`` finishes it.
    """
    nights = roots[NIGHTS]
    alone: AbstractContextManager[None] = nullcontext() if dry else held(nights)
    with alone:
        if not dry:
            settle(nights)
        known = EpisodeStore(nights / store.NAME).known_files()
        files = unread(roots[LOGS], known, wanted, zone)
        if not files:
            return NightReport((), (), (), dry)
        night = _Night(roots, settings, helpers, files, zone, t_wall_ns, dry=dry)
        return night.run()


class _Night:
    """One night's work on the files that it found."""

    def __init__(
        self,
        roots: Roots,
        settings: SleepSettings,
        helpers: Helpers,
        files: Sequence[DayFile],
        zone: tzinfo | None,
        t_wall_ns: int,
        *,
        dry: bool,
    ) -> None:
        self._roots = roots
        self._settings = settings
        self._helpers = helpers
        self._files = {file.name: file for file in files}
        self._zone = zone
        self._now_ns = t_wall_ns
        self._dry = dry
        self._change = Change(roots)
        self._store = EpisodeStore(roots[NIGHTS] / store.NAME)
        self._days = sorted({file.date for file in files})
        self._told: list[DayReport] = []

    def run(self) -> NightReport:
        """Do it, or nothing."""
        if self._dry:
            return self._decided()
        make_room(self._roots, self._settings, list(self._files.values()))
        try:
            return self._decided()
        except OSError:
            shutil.rmtree(work_folder(self._roots[NIGHTS]), ignore_errors=True)
            self._change.abandon()
            raise

    def _decided(self) -> NightReport:
        readings = self._read()
        seen = self._store.seen()
        found = [self._found(date, readings, seen) for date in self._days]
        if self._dry:
            return NightReport(tuple(self._report(f, None, ()) for f in found), (), (), True)  # noqa: FBT003
        memory = MemoryStore(self._roots[MEMORY])
        # Whoever else adds a memory now would be lost, or the night's memories would.
        alone = memory.locked() if memory.folder.is_dir() else nullcontext()
        with alone:
            return self._held(found, readings)

    def _held(self, found: Sequence[NightFindings], readings: Sequence[LegReading]) -> NightReport:
        """Stage all that follows from what was found, and let it hold."""
        remembered = self._remember(found, readings)
        tables = self._consolidate(found)
        staged = self._stage_store(found)
        for findings in found:
            day = staged.day(findings.date)
            assert day is not None
            written = self._stage_day(day)
            self._told.append(self._report(findings, remembered[findings.date], written))
        for findings in found:
            self._stage_logs(findings)
        settled = self._change.commit(f"the night of {', '.join(self._days)}")
        shutil.rmtree(work_folder(self._roots[NIGHTS]), ignore_errors=True)
        return NightReport(tuple(self._told), tables, settled.left, dry=False)

    def _read(self) -> list[LegReading]:
        legs = [
            leg
            for date in self._days
            for leg in legs_of([file for file in self._files.values() if file.date == date])
        ]
        over = any(self._over_budget(date) for date in self._days)
        reader = self._helpers.read(None if self._dry else self._change)
        readings = []
        self._helpers.progress("reading", 0, len(legs))
        for reading in reader(legs, over and not self._dry):
            readings.append(reading)
            self._helpers.progress("reading", len(readings), len(legs))
        return readings

    def _over_budget(self, date: str) -> bool:
        whole = sum(file.bytes for file in self._files.values() if file.date == date)
        return whole > self._raw_left(date)

    def _raw_left(self, date: str) -> int:
        """Of the day's budget, less what earlier nights of the same day have kept."""
        return self._settings.raw_bytes - self._kept_before(date, Kept.RAW)

    def _kept_before(self, date: str, kept: Kept) -> int:
        day = self._store.day(date)
        return sum(f.kept_bytes for f in day.logs if f.kept is kept) if day else 0

    def _found(
        self, date: str, readings: Sequence[LegReading], seen: Counter[salience.NovelKind]
    ) -> NightFindings:
        """Episodes, sums and fates of one day."""
        mine = [r for r in readings if self._files[r.leg.files[0]].date == date]
        episodes: list[Episode] = []
        background: list[Label] = []
        for session in dict.fromkeys(reading.leg.session for reading in mine):
            legs = [reading for reading in mine if reading.leg.session == session]
            facts = [file for reading in legs for file in reading.files]
            gaps = [gap for pair in pairwise(facts) if (gap := gap_between(*pair)) is not None]
            labels = joined([*gaps, *(label for reading in legs for label in reading.labels)])
            cut, rest = salience.cut(labels)
            episodes += [salience.scored(part, facts, seen) for part in cut]
            background += rest
        facts = [file for reading in mine for file in reading.files]
        fates = self._fates(date, facts, episodes)
        kept = {fate.name: fate.kept for fate in fates}
        episodes = [replace(episode, kept=fate_of(episode, kept)) for episode in episodes]
        labels = [*background, *(label for episode in episodes for label in episode.labels)]
        hours = merged_hours(hour for reading in mine for hour in reading.hours)
        salient = worth(facts, episodes)
        most = [r.surprise_max for r in mine if r.surprise_max is not None]
        return NightFindings(
            date=date,
            episodes=tuple(episodes),
            background=tuple(background),
            hours=tuple(with_labels(hours, labels, self._zone)),
            surprise_max=max(most, default=None),
            files=tuple(
                _log_file(file, salient[file.name], fate)
                for file, fate in zip(facts, fates, strict=True)
            ),
            starts_ns=tuple(file.start_ns for file in facts),
            looks=tuple(look for reading in mine for look in reading.looks),
            reaches=tuple(reach for reading in mine for reach in reading.reaches),
        )

    def _fates(
        self, date: str, facts: Sequence[FileFacts], episodes: Sequence[Episode]
    ) -> tuple[Sorted, ...]:
        salient = worth(facts, episodes)
        sortable = [
            Sortable(
                file.name,
                file.bytes,
                self._thin_bytes(file),
                salient[file.name],
                self._files[file.name].kept or bool(file.damage) or not file.ticks,
            )
            for file in facts
        ]
        thin_left = self._settings.thinned_bytes - self._kept_before(date, Kept.THINNED)
        return sort_files(sortable, self._raw_left(date), thin_left)

    def _thin_bytes(self, file: FileFacts) -> int | None:
        """What a thinned copy takes; without one, as in a dry run, about what it would."""
        if not self._dry:
            return file.thin_bytes
        return file.bytes // self._settings.thin_every

    def _remember(
        self, found: Sequence[NightFindings], readings: Sequence[LegReading]
    ) -> dict[str, int]:
        """Stage the memory with the most salient episodes of each day; how many there were."""
        felt = {(one.session, one.tick): one for reading in readings for one in reading.felt}
        files = {file.name: file for reading in readings for file in reading.files}
        sessions = {reading.leg.session: reading.session_id for reading in readings}
        told: list[Moment] = []
        counts = {}
        for findings in found:
            least = self._settings.remember_from
            worthy = [episode for episode in findings.episodes if episode.salience >= least]
            worthy.sort(key=lambda episode: (-episode.salience, episode.key))
            chosen = worthy[: self._settings.remember]
            counts[findings.date] = len(chosen)
            told += moments(chosen, felt, files, sessions, self._zone)
        if told:
            self._stage_memory(told)
        return counts

    def _stage_memory(self, told: Sequence[Moment]) -> None:
        memories = MemoryStore(self._roots[MEMORY])
        book = self._helpers.book_of(memories)
        added = book.add(told)
        gone = tuple(memory.number for memory in added.evicted)
        planned = memories.planned(book.state(), ACTION, (*added.numbers, *gone), self._now_ns)
        name = memories.path(planned.version.number).name
        self._change.put(MEMORY, name, planned.content)
        self._change.put(MEMORY, HEAD_FILE, planned.head)
        for number in planned.gone:
            self._change.drop(MEMORY, memories.path(number).name)

    def _consolidate(self, found: Sequence[NightFindings]) -> tuple[str, ...]:
        if self._helpers.consolidate is None:
            return ()
        self._helpers.progress("tables", 0, 1)
        experience = Experience(
            tuple(look for findings in found for look in findings.looks),
            tuple(reach for findings in found for reach in findings.reaches),
            self._store.looks(),
            self._store.reaches(),
        )
        made = self._helpers.consolidate(experience)
        for file in made.files:
            self._change.put(STATE, file.name, file.data)
        self._helpers.progress("tables", 1, 1)
        return made.told

    def _stage_store(self, found: Sequence[NightFindings]) -> EpisodeStore:
        staged = self._change.new(NIGHTS, store.NAME)
        staged.unlink(missing_ok=True)
        if self._store.path.exists():
            shutil.copyfile(self._store.path, staged)
        new = EpisodeStore(staged)
        new.add(found)
        return new

    def _stage_day(self, day: Day) -> tuple[str, ...]:
        self._helpers.progress("diary", 0, 1)
        written = () if self._helpers.diary is None else self._helpers.diary(day)
        for file in (NamedFile(DAY_FILE, day_bytes(day)), *written):
            self._change.put(NIGHTS, f"{day.date}/{file.name}", file.data)
        self._helpers.progress("diary", 1, 1)
        return tuple(file.name for file in written)

    def _stage_logs(self, findings: NightFindings) -> None:
        """Let thinned copies take the place of their files, and the forgotten go."""
        for file in findings.files:
            if file.kept is not Kept.THINNED:
                self._change.take_back(LOGS, file.name)
            if file.kept is Kept.THINNED:
                self._change.new(LOGS, file.name)
            elif file.kept is Kept.FORGOTTEN:
                self._change.drop(LOGS, file.name)

    def _report(
        self, found: NightFindings, remembered: int | None, written: tuple[str, ...]
    ) -> DayReport:
        fates = Counter(file.kept for file in found.files)
        labels = [label for episode in found.episodes for label in episode.labels]
        return DayReport(
            date=found.date,
            ticks=sum(file.ticks for file in found.files),
            episodes=len(found.episodes),
            labels=len(labels) + len(found.background),
            touches=sum(hour.touches for hour in found.hours),
            voices=sum(hour.voices for hour in found.hours),
            files=len(found.files),
            raw_files=fates[Kept.RAW],
            thinned_files=fates[Kept.THINNED],
            forgotten_files=fates[Kept.FORGOTTEN],
            bytes=sum(file.bytes for file in found.files),
            kept_bytes=sum(file.kept_bytes for file in found.files),
            remembered=remembered or 0,
            damage=tuple(f"{file.name}: {text}" for file in found.files for text in file.damage),
            diary=written,
        )


def day_bytes(day: Day) -> bytes:
    """A day as the file ``day.json``."""
    return msgspec.json.format(msgspec.json.encode(day), indent=1) + b"\n"


def _log_file(file: FileFacts, salient: float, fate: Sorted) -> LogFile:
    return LogFile(
        name=file.name,
        bytes=file.bytes,
        sha256=file.sha256,
        ticks=file.ticks,
        first_tick=file.first_tick,
        last_tick=file.last_tick,
        salience=salient,
        kept=fate.kept,
        kept_bytes=fate.bytes,
        damage=file.damage,
    )
