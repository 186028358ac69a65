"""Which files of the log belong to which day, and which of them a night has still to read.

A day is a calendar day of the robot's zone. A file belongs to the day in which it began, by its
header. Files that are being written, or were left open by a crash and are not yet mended, wait.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Final

from hippocampus.export.bulk import first_header
from hippocampus.export.plan import LEG_BYTES
from hippocampus.night.reading import NightLeg
from hippocampus.retention import stored_segments

_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class DayFile:
    """A closed file of the log."""

    name: str
    """Under the folder of the logs, with "/"."""
    bytes: int
    kept: bool
    """Somebody has marked it to be kept for good."""
    begins_session: bool
    date: str


def unread(
    logs: Path, known: Collection[str], wanted: Callable[[str], bool], zone: tzinfo | None
) -> list[DayFile]:
    """Closed files that no night has read, of the wanted days, in the order of their names.

    Raises ``OSError``.
    """
    if not logs.is_dir():
        return []
    found = []
    firsts: dict[Path, Path] = {}
    for stored in stored_segments(logs):
        first = firsts.setdefault(stored.path.parent, stored.path)
        name = stored.path.relative_to(logs).as_posix()
        if not stored.sealed or name in known:
            continue
        try:
            header = first_header(stored.path)
        except FileNotFoundError:
            continue  # Retention was faster.
        begun_ns = stored.path.stat().st_mtime_ns if header is None else header.t_wall_ns
        day = local_date(begun_ns, zone)
        if wanted(day):
            begins = stored.path == first
            found.append(DayFile(name, stored.size_bytes, stored.kept, begins, day))
    return found


def local_date(wall_ns: int, zone: tzinfo | None) -> str:
    """The calendar day of a moment, YYYY-MM-DD."""
    return datetime.fromtimestamp(wall_ns / _SECOND_NS, UTC).astimezone(zone).date().isoformat()


def day_before(wall_ns: int, zone: tzinfo | None) -> str:
    """The calendar day before that of a moment."""
    today = date.fromisoformat(local_date(wall_ns, zone))
    return date.fromordinal(today.toordinal() - 1).isoformat()


def legs_of(files: Sequence[DayFile]) -> list[NightLeg]:
    """Neighbouring files of one session and one day, few enough to be held whole."""
    legs: list[NightLeg] = []
    run: list[DayFile] = []
    for file in files:
        if run and not _together(run, file):
            legs.append(_leg(run))
            run = []
        run.append(file)
    return [*legs, _leg(run)] if run else legs


def _together(run: Sequence[DayFile], file: DayFile) -> bool:
    same = (_session(run[-1]), run[-1].date) == (_session(file), file.date)
    return same and sum(one.bytes for one in run) + file.bytes <= LEG_BYTES


def _session(file: DayFile) -> str:
    return file.name.rpartition("/")[0]


def _leg(run: Sequence[DayFile]) -> NightLeg:
    names, sizes = tuple(file.name for file in run), tuple(file.bytes for file in run)
    return NightLeg(names, sizes, run[0].begins_session)
