"""What the readings of one day come to: episodes, sums, and what stays of each file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import pairwise

from hippocampus.night import salience
from hippocampus.night.calendar import DayFile
from hippocampus.night.episode import Episode, LogFile
from hippocampus.night.hours import with_labels
from hippocampus.night.label import Label
from hippocampus.night.reading import FileFacts, LegReading, gap_between
from hippocampus.night.runs import joined
from hippocampus.night.sorting import Sortable, Sorted, fate_of, sort_files, worth
from hippocampus.night.store import NightFindings
from hippocampus.night.totals import merged_hours


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a day's."""

    raw_bytes: int
    thinned_bytes: int
    thin_every: int | None
    """Where no thinned copies are made: one tick of how many they would have."""


def findings_of(
    date: str,
    readings: Sequence[LegReading],
    files: Mapping[str, DayFile],
    budget: Budget,
    seen: Counter[salience.NovelKind],
    zone: tzinfo | None,
) -> NightFindings:
    """What the legs of ``date`` come to; ``seen`` counts on, for what is new later.

    ``files``: what the calendar has of each file that was read, by name.
    """
    episodes: list[Episode] = []
    background: list[Label] = []
    for session in dict.fromkeys(reading.leg.session for reading in readings):
        legs = [reading for reading in readings if reading.leg.session == session]
        facts = [file for reading in legs for file in reading.files]
        gaps = [gap for pair in pairwise(facts) if (gap := gap_between(*pair)) is not None]
        labels = joined([*gaps, *(label for reading in legs for label in reading.labels)])
        cut, rest = salience.cut(labels)
        episodes += [salience.scored(part, facts, seen) for part in cut]
        background += rest
    facts = [file for reading in readings for file in reading.files]
    fates = _fates(facts, episodes, files, budget)
    kept = {fate.name: fate.kept for fate in fates}
    episodes = [replace(episode, kept=fate_of(episode, kept)) for episode in episodes]
    labels = [*background, *(label for episode in episodes for label in episode.labels)]
    hours = merged_hours(hour for reading in readings for hour in reading.hours)
    salient = worth(facts, episodes)
    most = [r.surprise_max for r in readings if r.surprise_max is not None]
    return NightFindings(
        date=date,
        episodes=tuple(episodes),
        background=tuple(background),
        hours=tuple(with_labels(hours, labels, zone)),
        surprise_max=max(most, default=None),
        files=tuple(
            _log_file(file, salient[file.name], fate)
            for file, fate in zip(facts, fates, strict=True)
        ),
        starts_ns=tuple(file.start_ns for file in facts),
        looks=tuple(look for reading in readings for look in reading.looks),
        reaches=tuple(reach for reading in readings for reach in reading.reaches),
    )


def _fates(
    facts: Sequence[FileFacts],
    episodes: Sequence[Episode],
    files: Mapping[str, DayFile],
    budget: Budget,
) -> tuple[Sorted, ...]:
    salient = worth(facts, episodes)
    sortable = [
        Sortable(
            file.name,
            file.bytes,
            file.thin_bytes if budget.thin_every is None else file.bytes // budget.thin_every,
            salient[file.name],
            files[file.name].kept or bool(file.damage) or not file.ticks,
        )
        for file in facts
    ]
    return sort_files(sortable, budget.raw_bytes, budget.thinned_bytes)


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
