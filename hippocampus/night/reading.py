"""The day's files, read once: labels, sums, and whatever else is to be made in the same pass.

A leg is a few neighbouring files of one session, small enough to be held whole. What a leg gives
depends on nothing but its files, so legs can be read in any order and by several processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final

import numpy as np

from hippocampus import ember_pb2 as pb
from hippocampus.codec import decode
from hippocampus.export.bulk import BulkSegment, cut_segment
from hippocampus.export.leg import LegContent
from hippocampus.export.wire_columns import decode_columns
from hippocampus.memory.body_key import feeling_at
from hippocampus.night.episode import Hour
from hippocampus.night.label import TOUCHES, Label, LabelKind, Span
from hippocampus.night.labelling import Labeller, own_movement
from hippocampus.night.runs import order
from hippocampus.night.stretch import Floats, Ints, Stretch, stretch_of
from hippocampus.salvage import RawMessage
from hippocampus.session import GAP_EVENT
from hippocampus.tick_record import HeaderRecord, TickRecord
from hippocampus.topics import TOPIC_OF

FELT: Final = TOUCHES | {
    LabelKind.TURNED,
    LabelKind.PERSON,
    LabelKind.STARTLED,
    LabelKind.PUSHED,
    LabelKind.BLOCKED,
}
"""Labels whose moment is kept as it felt."""
FELT_AFTER_NS: Final = 10_000_000_000
"""A label after so long a quiet time may begin an episode, and is felt."""
FELT_EVERY_NS: Final = 60_000_000_000
"""In a time that is never quiet so often."""
FELT_TICKS: Final = 30
"""Ticks on each side of a moment that are looked at: half a second at the fastest rate."""
USUAL_RATE_HZ: Final = 10.0
"""Of a log that has lost every header."""
_SECOND_NS: Final = 1_000_000_000
_HOUR_S: Final = 3600


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
class HeardLook:
    """A look that tables can learn from again. Angles in rad."""

    session: str
    tick: int
    t_wall_ns: int
    heard_rad: float
    head_rad: float
    seen_rad: float
    verdict: str
    room: int
    sure: float


@dataclass(frozen=True, slots=True)
class MadeReach:
    """A movement of the body that tables can learn from again, rad."""

    session: str
    tick: int
    t_wall_ns: int
    start_rad: float
    commanded_rad: float
    measured_rad: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Felt:
    """How a moment felt (``hippocampus.memory.body_key``)."""

    session: str
    tick: int
    values: tuple[float, ...]
    known: tuple[bool, ...]


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
        hours=_hours(stretch, zone),
        surprise_max=float(stretch.surprise.max()) if stretch.learnt.any() else None,
        looks=_looks(leg.session, stretch),
        reaches=_reaches(leg.session, stretch),
        felt=_felt(leg.session, stretch, rows, labels),
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


def _hours(s: Stretch, zone: tzinfo | None) -> tuple[Hour, ...]:
    """Sums of every hour; labels are counted later."""
    if not len(s):
        return ()
    begin = datetime.fromtimestamp(s.wall_ns[0] / _SECOND_NS, UTC).astimezone(zone)
    shift = begin.utcoffset()
    offset_s = 0.0 if shift is None else shift.total_seconds()
    hour = ((s.wall_ns // _SECOND_NS + round(offset_s)) // _HOUR_S) % 24
    rewards = [(record.tick, record.look.reward) for record in s.told if record.look is not None]
    looked = np.searchsorted(s.tick, [tick for tick, _ in rewards])
    moving = own_movement(s)

    def sums(of: Floats) -> Floats:
        return np.bincount(hour, weights=of, minlength=24).astype(np.float64)

    lived, awake = sums(s.lived_s), sums(s.lived_s * s.awake)
    moved, seen = sums(s.lived_s * moving), sums(s.lived_s * s.face)
    energy = sums(s.lived_s * s.power_w)
    surprise, learnt = sums(s.surprise * s.learnt), sums(s.learnt.astype(np.float64))
    found = []
    for number in np.unique(hour).tolist():
        here = hour == number
        hot, low = float(s.hot_c[here].max()), float(s.volt[here].min())
        reward = [r for (_, r), row in zip(rewards, looked.tolist(), strict=True) if here[row]]
        found.append(
            Hour(
                hour=number,
                ticks=int(here.sum()),
                lived_s=float(lived[number]),
                awake_s=float(awake[number]),
                moving_s=float(moved[number]),
                energy_j=float(energy[number]),
                max_temperature_c=hot if hot > 0.0 else None,
                min_voltage_v=low if np.isfinite(low) else None,
                people_s=float(seen[number]),
                rewarded=len(reward),
                reward_sum=float(np.sum(reward)),
                surprise_sum=float(surprise[number]),
                surprise_ticks=int(learnt[number]),
            )
        )
    return tuple(found)


def _looks(session: str, stretch: Stretch) -> tuple[HeardLook, ...]:
    found = []
    for record in stretch.told:
        look = record.look
        if look is not None:
            wall = _wall(stretch, record.tick)
            angles = (look.heard_rad, look.head_rad, look.seen_rad)
            if np.isfinite(angles).all() and np.isfinite(look.sure):
                facts = (*angles, look.verdict, look.room, look.sure)
                found.append(HeardLook(session, record.tick, wall, *facts))
    return tuple(found)


def _reaches(session: str, stretch: Stretch) -> tuple[MadeReach, ...]:
    found = []
    for record in stretch.told:
        reach = record.reach
        if reach is not None:
            angles = (reach.start_rad, reach.commanded_rad, reach.measured_rad)
            if np.isfinite(angles).all():
                wall = _wall(stretch, record.tick)
                found.append(MadeReach(session, record.tick, wall, *angles, reach.verdict))
    return tuple(found)


def _wall(stretch: Stretch, tick: int) -> int:
    row = min(int(np.searchsorted(stretch.tick, tick)), len(stretch) - 1)
    return int(stretch.wall_ns[row])


def _felt(
    session: str, stretch: Stretch, rows: list[bytes], labels: Sequence[Label]
) -> tuple[Felt, ...]:
    """How labels felt that may begin an episode, at their beginning."""
    found = []
    felt_ns: int | None = None
    quiet_ns = 0
    for label in labels:
        if label.kind not in FELT:
            continue
        row = int(np.searchsorted(stretch.tick, label.span.first_tick))
        now_ns, start_ns = int(stretch.mono_ns[row]), label.span.start_ns
        after_quiet = start_ns - quiet_ns >= FELT_AFTER_NS
        quiet_ns = max(quiet_ns, label.span.end_ns)
        if felt_ns is not None and not after_quiet and now_ns - felt_ns < FELT_EVERY_NS:
            continue
        near = rows[max(0, row - FELT_TICKS) : row + FELT_TICKS + 1]
        times = stretch.mono_ns[max(0, row - FELT_TICKS) : row + FELT_TICKS + 1]
        close = np.flatnonzero(np.abs(times - now_ns) <= _SECOND_NS // 2)
        ticks = [decode(TickRecord, near[at]) for at in close.tolist()]
        felt = feeling_at([tick for tick in ticks if tick is not None], now_ns)
        if felt is not None:
            felt_ns = now_ns
            values = tuple(map(float, felt.values))
            found.append(Felt(session, label.span.first_tick, values, tuple(map(bool, felt.known))))
    return tuple(found)


def with_labels(hours: Sequence[Hour], labels: Sequence[Label], zone: tzinfo | None) -> list[Hour]:
    """Sums of hours with the labels that began in them."""
    by_hour = {hour.hour: hour for hour in hours}
    for label in labels:
        number = datetime.fromtimestamp(label.span.start_ns / _SECOND_NS, UTC).astimezone(zone).hour
        hour = by_hour.setdefault(number, Hour(number))
        by_hour[number] = replace(
            hour,
            touches=hour.touches + (label.kind in TOUCHES),
            voices=hour.voices + (label.kind is LabelKind.VOICE),
            looks=hour.looks + (label.kind is LabelKind.TURNED),
            faults=hour.faults + (label.kind in FAULTS),
        )
    return [by_hour[number] for number in sorted(by_hour)]


FAULTS: Final = (
    LabelKind.FAULT,
    LabelKind.HOT,
    LabelKind.LOW_VOLTAGE,
    LabelKind.TORQUE_LOST,
)
