"""The day's files, read once: labels, sums, and whatever else is to be made in the same pass.

A leg is a few neighbouring files of one session, small enough to be held whole. What a leg gives
depends on nothing but its files, so legs can be read in any order and by several processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Final

import numpy as np

from hippocampus import ember_pb2 as pb
from hippocampus.codec import decode
from hippocampus.export.bulk import BulkSegment, cut_segment
from hippocampus.export.leg import LegContent
from hippocampus.export.wire_columns import decode_columns
from hippocampus.night.episode import Hour
from hippocampus.night.hours import hours_of
from hippocampus.night.label import Label, LabelKind, Span
from hippocampus.night.labelling import Labeller
from hippocampus.night.moments import Felt, HeardLook, MadeReach, felt_of, looks_of, reaches_of
from hippocampus.night.runs import order
from hippocampus.night.stretch import Ints, Stretch, stretch_of
from hippocampus.salvage import RawMessage
from hippocampus.session import GAP_EVENT
from hippocampus.tick_record import HeaderRecord
from hippocampus.topics import TOPIC_OF

USUAL_RATE_HZ: Final = 10.0
"""Of a log that has lost every header."""


@dataclass(frozen=True, slots=True)
class NightLeg:
    """Files that are read together, in their order, under the folder of the logs."""

    files: tuple[str, ...]
    sizes: tuple[int, ...]
    begins_session: bool

    @property
    def session(self) -> str:
        """Their session's folder."""
        return self.files[0].rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file without its ticks."""

    name: str
    bytes: int
    sha256: str
    ticks: int
    first_tick: int
    last_tick: int
    start_ns: int
    end_ns: int
    mono_offset_ns: int
    """Wall time less monotonic time at its first tick."""
    damage: tuple[str, ...]
    thin_bytes: int | None
    """Of the copy with fewer ticks; None where none was made."""


@dataclass(frozen=True, slots=True)
class LegReading:
    """What one leg gives."""

    leg: NightLeg
    session_id: str
    files: tuple[FileFacts, ...]
    labels: tuple[Label, ...]
    """Runs may go on in the next leg (``hippocampus.night.runs.joined``)."""
    hours: tuple[Hour, ...]
    surprise_max: float | None
    looks: tuple[HeardLook, ...]
    reaches: tuple[MadeReach, ...]
    felt: tuple[Felt, ...]


Thinner = Callable[[str, BulkSegment], int | None]
"""Told the name and content of a file; the size of the thinned copy that it made, if it did."""


def read_leg(
    logs: Path, leg: NightLeg, zone: tzinfo | None, thinner: Thinner | None = None
) -> tuple[LegReading, LegContent]:
    """Read the files of a leg. Raises ``OSError``.

    ``zone`` is that of the robot's day, None the system's.
    """
    rows: list[bytes] = []
    beside: list[RawMessage] = []
    found: list[tuple[str, int, str, int, tuple[str, ...], int | None]] = []
    for name in leg.files:
        content = (logs / name).read_bytes()
        segment = cut_segment(content, in_order=thinner is not None)
        damage = tuple(lost.text for lost in segment.damage)
        thin = None if thinner is None or damage else thinner(name, segment)
        segment.whole.clear()
        digest = hashlib.sha256(content).hexdigest()
        found.append((name, len(content), digest, len(segment.ticks), damage, thin))
        rows += segment.ticks
        beside += segment.beside
    columns, readable = decode_columns(pb.TickRecord, rows)
    lost: tuple[str, ...] = ()
    ends = np.cumsum([count for _, _, _, count, _, _ in found])
    if not readable.all():
        ends = np.concatenate(([0], np.cumsum(readable)))[ends]
        rows = [row for row, whole in zip(rows, readable, strict=True) if whole]
        lost = (f"{int((~readable).sum())} ticks that cannot be decoded",)
    header = _header(beside)
    rate_hz = USUAL_RATE_HZ if header is None else header.rate_hz
    stretch = stretch_of(columns, beside, rate_hz)
    begins = np.concatenate(([0], ends[:-1])).astype(np.int64)
    files = tuple(
        _facts(stretch, int(begin), int(end), *facts)
        for begin, end, facts in zip(begins, ends, found, strict=True)
    )
    labels = _labels(leg, stretch, ends)
    reading = LegReading(
        leg=leg,
        session_id=leg.session if header is None else header.session_id,
        files=files,
        labels=tuple(labels),
        hours=hours_of(stretch, zone),
        surprise_max=float(stretch.surprise.max()) if stretch.learnt.any() else None,
        looks=looks_of(leg.session, stretch),
        reaches=reaches_of(leg.session, stretch),
        felt=felt_of(leg.session, stretch, rows, labels),
    )
    damaged = tuple(f"{name}: {text}" for name, _, _, _, texts, _ in found for text in texts)
    return reading, LegContent(rows, columns, beside, (*damaged, *lost))


def _header(beside: Sequence[RawMessage]) -> HeaderRecord | None:
    for item in beside:
        if item.topic == TOPIC_OF[HeaderRecord]:
            header = decode(HeaderRecord, item.data)
            if header is not None:
                return header
    return None


def _facts(
    stretch: Stretch,
    begin: int,
    end: int,
    name: str,
    size: int,
    digest: str,
    ticks: int,
    damage: tuple[str, ...],
    thin: int | None,
) -> FileFacts:
    if end - begin < ticks:
        damage = (*damage, f"{ticks - (end - begin)} ticks that cannot be decoded")
    if begin == end:
        return FileFacts(name, size, digest, 0, 0, 0, 0, 0, 0, damage, thin)
    first, last = begin, end - 1
    wall, tick = stretch.wall_ns, stretch.tick
    return FileFacts(
        name,
        size,
        digest,
        end - begin,
        int(tick[first]),
        int(tick[last]),
        int(wall[first]),
        int(wall[last]),
        int(wall[first] - stretch.mono_ns[first]),
        damage,
        thin,
    )


def _labels(leg: NightLeg, stretch: Stretch, ends: Ints) -> list[Label]:
    if not len(stretch):
        return []
    labeller = Labeller(stretch, lambda row: leg.files[int(np.searchsorted(ends, row, "right"))])
    labels = labeller.labels()
    steps = np.diff(stretch.tick)
    for row in np.flatnonzero(steps > 1).tolist():
        amount = float(steps[row] - 1)
        labels.append(Label(LabelKind.GAP, labeller.span(row, row + 1), amount=amount))
    for event in stretch.events:
        if event.name == GAP_EVENT:
            row = min(int(np.searchsorted(stretch.tick, event.tick)), len(stretch) - 1)
            labels.append(Label(LabelKind.GAP, labeller.span(row, row), text=event.text))
    if leg.begins_session:
        labels.append(Label(LabelKind.RESTART, labeller.span(0, 0)))
    if not stretch.learnt.any():
        labels += _told_touches(stretch, labeller)
    return sorted(labels, key=order)


def _told_touches(stretch: Stretch, labeller: Labeller) -> list[Label]:
    """Touches of a log that has no learning: what the events say."""
    found = []
    for event in stretch.events:
        if event.name == "touch":
            row = min(int(np.searchsorted(stretch.tick, event.tick)), len(stretch) - 1)
            found.append(Label(LabelKind.TOUCH, labeller.span(row, row), text=event.text))
    return found


def gap_between(before: FileFacts, after: FileFacts) -> Label | None:
    """Ticks that are missing between two neighbouring files of a session."""
    missing = after.first_tick - before.last_tick - 1
    if missing <= 0 or not (before.ticks and after.ticks):
        return None
    span = Span(before.name, before.last_tick, after.first_tick, before.end_ns, after.start_ns)
    return Label(LabelKind.GAP, span, amount=float(missing))
