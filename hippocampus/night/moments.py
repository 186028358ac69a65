"""Moments kept one by one: what tables learn from again, and how the beginning of a label felt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hippocampus.codec import decode
from hippocampus.memory.body_key import feeling_at
from hippocampus.night.label import TOUCHES, Label, LabelKind
from hippocampus.night.stretch import Stretch
from hippocampus.tick_record import TickRecord

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
_SECOND_NS: Final = 1_000_000_000


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


def looks_of(session: str, stretch: Stretch) -> tuple[HeardLook, ...]:
    """Every look that was judged, in order; one whose numbers are not finite is left out."""
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


def reaches_of(session: str, stretch: Stretch) -> tuple[MadeReach, ...]:
    """Every movement of the body that was judged, in order, as ``looks_of``."""
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


def felt_of(
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
