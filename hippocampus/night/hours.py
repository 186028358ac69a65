"""Sums of a day's hours: time awake and moving, energy, people, rewards, and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Final

import numpy as np

from hippocampus.night.episode import Hour
from hippocampus.night.label import TOUCHES, Label, LabelKind
from hippocampus.night.labelling import own_movement
from hippocampus.night.stretch import Floats, Stretch

FAULTS: Final = (
    LabelKind.FAULT,
    LabelKind.HOT,
    LabelKind.LOW_VOLTAGE,
    LabelKind.TORQUE_LOST,
)
_SECOND_NS: Final = 1_000_000_000
_HOUR_S: Final = 3600


def hours_of(s: Stretch, zone: tzinfo | None) -> tuple[Hour, ...]:
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
