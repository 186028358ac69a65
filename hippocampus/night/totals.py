"""The sums of a day, from its hours and its labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any

from hippocampus.night.episode import Count, DayTotals, Episode, Hour
from hippocampus.night.label import TOUCHES, Label, LabelKind


def merged_hours(hours: Iterable[Hour]) -> tuple[Hour, ...]:
    """One for each hour, in order: sums added, extremes taken."""
    found: dict[int, Hour] = {}
    for hour in hours:
        before = found.get(hour.hour)
        found[hour.hour] = hour if before is None else _both(before, hour)
    return tuple(found[number] for number in sorted(found))


def day_totals(
    episodes: Sequence[Episode],
    background: Sequence[Label],
    hours: Iterable[Hour],
    surprise_max: float | None,
) -> DayTotals:
    """The sums of a day."""
    by_hour = merged_hours(hours)
    labels = [*background, *(label for episode in episodes for label in episode.labels)]
    kinds = Counter(label.kind.value for label in labels)
    faults = Counter(label.text for label in labels if label.kind in _BY_FAULT and label.text)
    turned = [label for label in labels if label.kind is LabelKind.TURNED]
    rewarded = sum(hour.rewarded for hour in by_hour)
    surprised = sum(hour.surprise_ticks for hour in by_hour)
    return DayTotals(
        ticks=sum(hour.ticks for hour in by_hour),
        lived_s=sum(hour.lived_s for hour in by_hour),
        awake_s=sum(hour.awake_s for hour in by_hour),
        moving_s=sum(hour.moving_s for hour in by_hour),
        energy_j=sum(hour.energy_j for hour in by_hour),
        max_temperature_c=_extreme(max, [hour.max_temperature_c for hour in by_hour]),
        min_voltage_v=_extreme(min, [hour.min_voltage_v for hour in by_hour]),
        touches=sum(label.kind in TOUCHES for label in labels),
        voices=kinds[LabelKind.VOICE],
        people_s=sum(hour.people_s for hour in by_hour),
        looks=len(turned),
        looks_found=sum(bool(label.found) for label in turned),
        reward_mean=sum(h.reward_sum for h in by_hour) / rewarded if rewarded else None,
        surprise_mean=sum(h.surprise_sum for h in by_hour) / surprised if surprised else None,
        surprise_max=surprise_max,
        counts=_counts(kinds),
        faults=_counts(faults),
        hours=by_hour,
    )


_BY_FAULT = (LabelKind.FAULT, LabelKind.HOT, LabelKind.LOW_VOLTAGE, LabelKind.TORQUE_LOST)


def _counts(counted: Counter[str]) -> tuple[Count, ...]:
    return tuple(Count(name, counted[name]) for name in sorted(counted))


def _both(a: Hour, b: Hour) -> Hour:
    folds: dict[str, Callable[[Any, Any], Any]] = {
        "hour": lambda x, _: x,
        "max_temperature_c": lambda x, y: _extreme(max, [x, y]),
        "min_voltage_v": lambda x, y: _extreme(min, [x, y]),
    }
    return Hour(
        **{
            field.name: folds.get(field.name, lambda x, y: x + y)(
                getattr(a, field.name), getattr(b, field.name)
            )
            for field in fields(Hour)
        }
    )


def _extreme(
    of: Callable[[Iterable[float]], float], values: Iterable[float | None]
) -> float | None:
    known = [value for value in values if value is not None]
    return of(known) if known else None
