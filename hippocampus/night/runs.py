"""Runs of ticks in which something holds, and labels of them across the ends of files.

A pause of up to ``RULES[kind].join_s`` is passed over. A run that goes on in the next stretch is
joined to it by ``joined``; only then is what stayed too short left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hippocampus.night.label import Label, LabelKind
from hippocampus.night.stretch import Flags, Floats, Ints

_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """How runs of one kind are made."""

    join_s: float
    """A pause that is passed over."""
    least_s: float
    """A shorter run is left out."""
    fold: Callable[[float, float], float] = max
    """Of two amounts, where runs are joined."""


def _sum(a: float, b: float) -> float:
    return a + b


RULES: Final[dict[LabelKind, Rule]] = {
    LabelKind.VOICE: Rule(1.0, 0.25, _sum),
    LabelKind.PERSON: Rule(2.0, 0.5, _sum),
    LabelKind.FOLLOWED: Rule(0.0, 0.5),
    LabelKind.OWN_MOVEMENT: Rule(2.0, 1.0, _sum),
    LabelKind.PUSHED: Rule(0.5, 0.15),
    LabelKind.BLOCKED: Rule(0.5, 0.15),
    LabelKind.TORQUE_LOST: Rule(1.0, 0.0),
    LabelKind.FAULT: Rule(1.0, 0.0),
    LabelKind.HOT: Rule(10.0, 0.0),
    LabelKind.LOW_VOLTAGE: Rule(10.0, 0.0, min),
    LabelKind.SLEEP: Rule(1.0, 1.0, _sum),
    LabelKind.STARTLED: Rule(1.0, 0.0),
}
"""A kind that is not here is no run and is never joined."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of ticks: ``first`` and ``last`` rows [runs], and the rows in which it held."""

    first: Ints
    last: Ints
    rows: Ints
    begins: Ints
    """Where the rows of each run begin."""

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self.first.tolist(), self.last.tolist(), strict=True))

    def __len__(self) -> int:
        return self.first.size

    def fold(self, of: np.ufunc, values: NDArray[np.float64]) -> list[float]:
        """``of`` over what ``values`` [n] are in the rows of each run."""
        if not len(self):
            return []
        folded: list[float] = of.reduceat(values[self.rows], self.begins).tolist()
        return folded

    def bearing(self, angles: Floats, weight: Floats) -> list[float]:
        """Weighted circular mean of each run, rad."""
        ahead = self.fold(np.add, weight * np.cos(angles))
        left = self.fold(np.add, weight * np.sin(angles))
        return [math.atan2(y, x) for y, x in zip(left, ahead, strict=True)]


def runs(holds: Flags, mono_ns: Ints, join_s: float) -> Runs:
    """Runs of ticks in which something holds, pauses of up to ``join_s`` and a tick passed over."""
    rows = np.flatnonzero(holds)
    if not rows.size:
        return Runs(rows, rows, rows, rows)
    apart = (np.diff(mono_ns[rows]) > join_s * _SECOND_NS) & (np.diff(rows) > 1)
    begins = np.concatenate(([0], np.flatnonzero(apart) + 1))
    ends = np.append(begins[1:], rows.size) - 1
    return Runs(rows[begins], rows[ends], rows, begins)


def joined(labels: Iterable[Label]) -> list[Label]:
    """Runs that were cut by the end of a stretch as one, those too short left out.

    ``labels`` are those of one session.
    """
    whole: list[Label] = []
    last: dict[tuple[object, ...], int] = {}
    for label in sorted(labels, key=order):
        rule = RULES.get(label.kind)
        if rule is None:
            whole.append(label)
            continue
        of = (label.kind, label.place, label.text)
        at = last.get(of)
        if at is not None and _goes_on(whole[at], label, rule):
            whole[at] = _one(whole[at], label, rule)
        else:
            last[of] = len(whole)
            whole.append(label)
    return sorted((one for one in whole if one.span.seconds >= _least_s(one)), key=order)


def _least_s(label: Label) -> float:
    rule = RULES.get(label.kind)
    return rule.least_s if rule is not None else 0.0


def _goes_on(before: Label, after: Label, rule: Rule) -> bool:
    adjacent = after.span.first_tick - before.span.last_tick <= 1
    pause_s = (after.span.start_ns - before.span.end_ns) / _SECOND_NS
    return adjacent or pause_s <= rule.join_s


def _one(a: Label, b: Label, rule: Rule) -> Label:
    weight = [label.span.seconds + 1e-3 for label in (a, b)]
    share = weight[0] / sum(weight)
    return replace(
        a,
        span=replace(a.span, last_tick=b.span.last_tick, end_ns=b.span.end_ns),
        bearing_rad=_between(a.bearing_rad, b.bearing_rad, share),
        strength=_folded(max, a.strength, b.strength),
        amount=_folded(rule.fold, a.amount, b.amount),
        confidence=share * a.confidence + (1.0 - share) * b.confidence,
    )


def _folded(
    fold: Callable[[float, float], float], a: float | None, b: float | None
) -> float | None:
    return fold(a, b) if a is not None and b is not None else (b if a is None else a)


def _between(a: float | None, b: float | None, share: float) -> float | None:
    if a is None or b is None:
        return b if a is None else a
    return math.remainder(a + (1.0 - share) * math.remainder(b - a, math.tau), math.tau)


def order(label: Label) -> tuple[int, int, str, str, str]:
    """By beginning; of equal ones by kind, so that the same log gives the same order."""
    span = label.span
    return (span.first_tick, span.last_tick, label.kind, label.place or "", label.text or "")
