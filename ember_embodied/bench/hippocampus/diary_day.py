"""One day that is known to the last tap, and what can and cannot be said of it.

The sentences about it are in ``diary_sentences``: true paraphrases as language models write them,
and lies, most of them one word away from the truth.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import radians
from typing import Any, Final

from hippocampus.diary.facts import AWAKE, COMPANY, WARMTH, Line
from hippocampus.night.episode import Day, DayTotals, Episode, Kept, LogFile
from hippocampus.night.label import Label, LabelKind, Span

DATE: Final = "2026-11-22"
_LOG: Final = "20261122T080000/000000.mcap"
_MIDNIGHT_NS: Final = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1_000_000_000
_TICK_NS: Final = 100_000_000


def _at(clock: str, kind: LabelKind, seconds: float = 1.0, **told: Any) -> Label:
    hours, minutes, *more = map(int, clock.split(":"))
    start = ((hours * 60 + minutes) * 60 + sum(more)) * 10
    end = start + int(seconds * 10)
    ns = (_MIDNIGHT_NS + start * _TICK_NS, _MIDNIGHT_NS + end * _TICK_NS)
    return Label(kind, Span(_LOG, start, end, *ns), **told)


def _each(clocks: str, kind: LabelKind, seconds: float = 1.0, **told: Any) -> tuple[Label, ...]:
    return tuple(_at(clock, kind, seconds, **told) for clock in clocks.split())


_GENTLE: Final = {"strength": 1 / 3}
_LEFT: Final = {"bearing_rad": radians(90)}
LABELS: Final[dict[str, tuple[Label, ...]]] = {
    "L1": _each("9:14 9:20 11:50", LabelKind.STROKE, 2, place="left_antenna", **_GENTLE),
    "L2": _each("10:30", LabelKind.TAP, place="head", strength=2 / 3),
    "L3": _each("15:05 15:06", LabelKind.TAP, place="right_antenna", strength=2 / 3),
    "L4": _each("10:02:00", LabelKind.LIFT, 3, place="robot", strength=2 / 3),
    "L5": _each("10:02:30", LabelKind.SET_DOWN, place="robot", strength=2 / 3),
    "L6": _each("9:12 14:10 14:40", LabelKind.VOICE, 4, amount=4.0, **_LEFT),
    "L7": _each("16:20", LabelKind.VOICE, 3, amount=3.0, bearing_rad=radians(-60)),
    "L8": _each("9:12:02 14:10:02", LabelKind.TURNED, 2, found=True, **_LEFT),
    "L9": _each("14:40:02", LabelKind.TURNED, 2, found=False, **_LEFT),
    "L10": _each("9:13", LabelKind.PERSON, 720, amount=720.0, person="Anna", **_LEFT),
    "L11": _each("14:11", LabelKind.PERSON, 60, amount=60.0, bearing_rad=radians(40)),
    "L12": _each("9:15", LabelKind.FOLLOWED, 20, amount=0.9),
    "L13": _each("15:30", LabelKind.HOT, 90, place="left_antenna", amount=62.3),
    "L14": _each("15:31", LabelKind.FAULT, text="SERVO_SILENT"),
    "L15": _each("13:00", LabelKind.SLEEP, 3600, amount=3600.0),
    "L16": _each("16:00", LabelKind.STARTLED, amount=6.0),
    "L17": _each("9:24", LabelKind.HOLD, 4, place="head", strength=1.0, person="Anna"),
    "L18": _each("8:01", LabelKind.RESTART),
}


def known_day() -> Day:
    """The day; times are told in UTC."""
    labels = sorted(
        (label for group in LABELS.values() for label in group), key=lambda x: x.span.start_ns
    )
    apart = (LabelKind.SLEEP, LabelKind.RESTART)
    events = tuple(label for label in labels if label.kind not in apart)
    totals = DayTotals(
        ticks=324_000,
        lived_s=32_400.0,
        awake_s=28_800.0,
        moving_s=1_500.0,
        energy_j=60_000.0,
        max_temperature_c=62.3,
        min_voltage_v=6.9,
        touches=9,
        voices=4,
        people_s=780.0,
        looks=3,
        looks_found=2,
        reward_mean=0.6,
        surprise_mean=1.0,
        surprise_max=6.0,
        counts=(),
        faults=(),
        hours=(),
    )
    key = f"{_LOG.partition('/')[0]}:{events[0].span.first_tick}-{events[-1].span.last_tick}"
    episode = Episode(key, (replace(events[0].span),), 0.7, (), Kept.RAW, events)
    file = LogFile(_LOG, 1, "0" * 64, 324_000, 288_000, 612_000, 0.7, Kept.RAW, 1)
    background = tuple(label for label in labels if label.kind in apart)
    return Day(DATE, (episode,), background, totals, (file,))


def known_lines() -> dict[str, Line]:
    """What the sentences cite."""
    lines = {name: Line(str(group[0].kind), group) for name, group in LABELS.items()}
    sums = {"D0": Line("day"), "D1": Line(AWAKE), "D2": Line(COMPANY), "D3": Line(WARMTH)}
    return lines | sums
