"""A night, whole: the day's closed files are read once, and what follows from them holds at once.

    read (labels, sums, thinner copies) -> episodes -> what stays -> memories -> tables -> diary
    everything staged, one commit (``hippocampus.transaction``)

What is read once is known by name, so a night that is repeated finds nothing to do. A night that
was cut off before its commit changed nothing, and goes on with the first leg that it had not read.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import tzinfo
from typing import Final

from hippocampus.memory.records import Moment
from hippocampus.memory.store import HEAD_FILE, MemoryStore
from hippocampus.night import store
from hippocampus.night.calendar import DayFile, legs_of, unread
from hippocampus.night.collaborators import Collaborators, Experience, NamedFile
from hippocampus.night.episode import DAY_FILE, Day, Kept, day_bytes
from hippocampus.night.findings import Budget, findings_of
from hippocampus.night.reading import LegReading
from hippocampus.night.remember import moments
from hippocampus.night.report import DayReport, NightReport, day_report
from hippocampus.night.room import make_room
from hippocampus.night.salience import NovelKind
from hippocampus.night.settings import SleepSettings
from hippocampus.night.store import EpisodeStore, NightFindings
from hippocampus.transaction.change import Change
from hippocampus.transaction.journal import NIGHTS, Roots, work_folder
from hippocampus.transaction.lock import held
from hippocampus.transaction.settle import settle

LOGS: Final = "logs"
MEMORY: Final = "memory"
STATE: Final = "state"
ACTION: Final = "sleep"
"""What made a version of the memory."""


def sleep(
    roots: Roots,
    settings: SleepSettings,
    wanted: Callable[[str], bool],
    others: Collaborators,
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
        night = _Night(roots, settings, others, files, zone, t_wall_ns, dry=dry)
        return night.run()


class _Night:
    """One night's work on the files that it found."""

    def __init__(
        self,
        roots: Roots,
        settings: SleepSettings,
        others: Collaborators,
        files: Sequence[DayFile],
        zone: tzinfo | None,
        t_wall_ns: int,
        *,
        dry: bool,
    ) -> None:
        self._roots = roots
        self._settings = settings
        self._others = others
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
            return NightReport(tuple(day_report(f, 0, ()) for f in found), (), (), True)  # noqa: FBT003
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
            self._told.append(day_report(findings, remembered[findings.date], written))
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
        reader = self._others.read(None if self._dry else self._change)
        readings = []
        self._others.progress("reading", 0, len(legs))
        for reading in reader(legs, over and not self._dry):
            readings.append(reading)
            self._others.progress("reading", len(readings), len(legs))
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
        self, date: str, readings: Sequence[LegReading], seen: Counter[NovelKind]
    ) -> NightFindings:
        mine = [one for one in readings if self._files[one.leg.files[0]].date == date]
        budget = Budget(
            self._raw_left(date),
            self._settings.thinned_bytes - self._kept_before(date, Kept.THINNED),
            self._settings.thin_every if self._dry else None,
        )
        return findings_of(date, mine, self._files, budget, seen, self._zone)

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
        book = self._others.book_of(memories)
        added = book.add(told)
        gone = tuple(memory.number for memory in added.evicted)
        planned = memories.planned(book.state(), ACTION, (*added.numbers, *gone), self._now_ns)
        name = memories.path(planned.version.number).name
        self._change.put(MEMORY, name, planned.content)
        self._change.put(MEMORY, HEAD_FILE, planned.head)
        for number in planned.gone:
            self._change.drop(MEMORY, memories.path(number).name)

    def _consolidate(self, found: Sequence[NightFindings]) -> tuple[str, ...]:
        if self._others.consolidate is None:
            return ()
        self._others.progress("tables", 0, 1)
        experience = Experience(
            tuple(look for findings in found for look in findings.looks),
            tuple(reach for findings in found for reach in findings.reaches),
            self._store.looks(),
            self._store.reaches(),
        )
        made = self._others.consolidate(experience)
        for file in made.files:
            self._change.put(STATE, file.name, file.data)
        self._others.progress("tables", 1, 1)
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
        self._others.progress("diary", 0, 1)
        written = () if self._others.diary is None else self._others.diary(day)
        for file in (NamedFile(DAY_FILE, day_bytes(day)), *written):
            self._change.put(NIGHTS, f"{day.date}/{file.name}", file.data)
        self._others.progress("diary", 1, 1)
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
