"""What a night tells of what it did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hippocampus.night.episode import Kept
from hippocampus.night.store import NightFindings


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


def day_report(found: NightFindings, remembered: int, written: tuple[str, ...]) -> DayReport:
    """Of one day: how many episodes are ``remembered``, which files of a diary were ``written``."""
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
        remembered=remembered,
        damage=tuple(f"{file.name}: {text}" for file in found.files for text in file.damage),
        diary=written,
    )
