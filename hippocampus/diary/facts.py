"""A day as what may be said of it: labels one by one, lines that can be cited, and sums."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import degrees
from typing import Final

from hippocampus.diary.lexicon import MEANINGS
from hippocampus.diary.record import Stretch
from hippocampus.night.episode import Day
from hippocampus.night.label import Label, LabelKind

LEAST_CONFIDENCE: Final = 0.5
"""Below it nothing is told; but neither is it told that there was nothing."""
MINUTES: Final = 1440
_NAME: Final = re.compile(r"[^\W\d_]{1,30}(?:['’-][^\W\d_]{1,30}){0,2}(?: [^\W\d_]{1,30}){0,2}")
_FAULT: Final = re.compile(r"[a-z]{1,20}(?:_[a-z]{1,20}){0,4}")
_AHEAD_DEG: Final = 20.0
_BEHIND_DEG: Final = 160.0

AWAKE: Final = "awake"
MOVING: Final = "moving"
COMPANY: Final = "company"
WARMTH: Final = "warmth"
SUMS: Final = (AWAKE, MOVING, COMPANY, WARMTH)
"""Seconds awake, in motion, with a face in sight; the highest temperature."""


@dataclass(frozen=True, slots=True)
class Line:
    """What can be cited as one: labels of one kind that agree in all but their time, or a sum."""

    kind: str
    labels: tuple[Label, ...] = ()
    """In the order of their beginnings; none for a sum."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that may be said of a day."""

    day: Day
    zone: tzinfo | None
    """None: the machine's."""
    labels: tuple[Label, ...]
    """Those that are sure enough, in the order of their beginnings."""
    unsure: tuple[Label, ...]
    """All, for what is said not to have been."""
    whole: tuple[Stretch, ...]
    """One stretch for each session of the day."""

    def minute(self, t_ns: int) -> float:
        """Local minutes after midnight, 0 to 1,440."""
        local = datetime.fromtimestamp(t_ns * 1e-9, self.zone)
        return local.hour * 60 + local.minute + local.second / 60

    def clock(self, t_ns: int) -> str:
        """Local time, as in 9:05."""
        minute = int(self.minute(t_ns))
        return f"{minute // 60}:{minute % 60:02d}"

    @property
    def names(self) -> frozenset[str]:
        """The people of the day, as far as their names can be told."""
        return frozenset(name for label in self.unsure if (name := tellable(label.person)))

    @property
    def faults(self) -> frozenset[str]:
        """The names of the day's faults."""
        named = (label.text for label in self.unsure if label.kind is LabelKind.FAULT)
        return frozenset(text for text in named if text and _FAULT.fullmatch(text.lower()))


def facts_of(day: Day, zone: tzinfo | None = None) -> Facts:
    """What may be said of ``day``; times are told as in ``zone``."""
    told = (label for episode in day.episodes for label in episode.labels)
    unsure = sorted(
        (*day.background, *told),
        key=lambda label: (label.span.start_ns, label.kind, label.span.end_ns),
    )
    sure = tuple(label for label in unsure if label.confidence >= LEAST_CONFIDENCE)
    return Facts(day, zone, sure, tuple(unsure), _whole(day))


def tellable(name: str | None) -> str | None:
    """``name`` where it is one: a few words of letters that mean nothing else here.

    A name that is a text of its own must not bring words into a sentence, nor orders into a
    prompt; who has one is somebody.
    """
    if name is None or not _NAME.fullmatch(name):
        return None
    words = re.split(r"[ '’-]", name.lower())
    return None if any((word,) in MEANINGS for word in words) else name


def fault_name(label: Label) -> str | None:
    """A fault's name where it is one."""
    text = (label.text or "").lower()
    return text if _FAULT.fullmatch(text) else None


def side_of(label: Label) -> str | None:
    """left, right, ahead or behind; None where it is not known."""
    if label.bearing_rad is not None:
        angle = degrees(label.bearing_rad)
        if abs(angle) <= _AHEAD_DEG:
            return "ahead"
        if abs(angle) >= _BEHIND_DEG:
            return "behind"
        return "left" if angle > 0 else "right"
    if label.place is not None and label.place.startswith(("left_", "right_")):
        return label.place.partition("_")[0]
    return None


def seconds_of(label: Label) -> float:
    """How long it was: what was measured where that is a time, else its stretch of the log."""
    timed = (LabelKind.VOICE, LabelKind.PERSON, LabelKind.SLEEP)
    if label.kind in timed and label.amount is not None:
        return label.amount
    return label.span.seconds


def lines_of(labels: Iterable[Label]) -> list[Line]:
    """Labels that agree in kind, place, side, person and outcome, as one line each."""
    groups: dict[tuple[object, ...], list[Label]] = defaultdict(list)
    for label in labels:
        person = tellable(label.person)
        shared = (label.kind, label.place, side_of(label), person, label.found, fault_name(label))
        groups[shared].append(label)
    return [Line(str(group[0].kind), tuple(group)) for group in groups.values()]


def stretches_of(labels: Iterable[Label]) -> tuple[Stretch, ...]:
    """Where the labels are, each stretch once."""
    spans = sorted(
        {label.span for label in labels}, key=lambda s: (s.start_ns, s.log, s.first_tick)
    )
    return tuple(Stretch(s.log, s.first_tick, s.last_tick, s.start_ns, s.end_ns) for s in spans)


def _whole(day: Day) -> tuple[Stretch, ...]:
    sessions: dict[str, Stretch] = {}
    for file in day.logs:
        session = file.name.rpartition("/")[0]
        known = sessions.get(session)
        sessions[session] = (
            Stretch(file.name, file.first_tick, file.last_tick)
            if known is None
            else Stretch(known.log, known.first_tick, max(known.last_tick, file.last_tick))
        )
    return tuple(sessions.values())
