"""Whether labels are as words have them, told apart from ``hippocampus.diary`` and its grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from math import cos, sin
from typing import Final

from hippocampus.night.episode import Day
from hippocampus.night.label import Label, LabelKind

_SURE: Final = 0.5
_NUMBERS: Final = "zero one two three four five six seven eight nine ten eleven twelve"
_WORDS: Final = {word: number for number, word in enumerate(_NUMBERS.split())}
_PARTS: Final = {
    "small hours": (0, 300),
    "morning": (300, 720),
    "afternoon": (720, 1080),
    "evening": (1080, 1320),
    "late evening": (1320, 1440),
}

Said = dict[str, str | None]
"""What a sentence says, by the names of its pattern's groups."""


class Witness:
    """What is in a day, as words have it."""

    def __init__(self, day: Day) -> None:
        told = [label for episode in day.episodes for label in episode.labels]
        self.every: Final = [*day.background, *told]
        self.sure: Final = [label for label in self.every if label.confidence >= _SURE]
        self.totals: Final = day.totals

    def some(self, kinds: set[LabelKind], said: Said) -> list[Label]:
        """Labels of the kinds that are as the sentence has it, in their order."""
        found = [label for label in self.sure if label.kind in kinds and _as_said(label, said)]
        return sorted(found, key=lambda label: label.span.start_ns)


def minute(t_ns: int) -> int:
    """Of the day, UTC."""
    at = datetime.fromtimestamp(t_ns // 1_000_000_000, UTC)
    return at.hour * 60 + at.minute


def said_minute(text: str) -> int:
    """Of the day, as it is told: 9:05."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _as_said(label: Label, said: Said) -> bool:
    at = said.get("at")
    if at is not None and not covers(label, said_minute(at), said_minute(at) + 1):
        return False
    part = said.get("part")
    if part is not None and not covers(label, *_PARTS[part]):
        return False
    place = said.get("p")
    if place is not None and label.place not in _places(place):
        return False
    who = said.get("who")
    if who is not None and who.lower() != "somebody" and label.person != who:
        return False
    if said.get("g") and (label.strength is None or label.strength > 0.5):
        return False
    side = said.get("s")
    return side is None or on(label, side.strip())


def covers(label: Label, first: int, last: int) -> bool:
    """Whether it goes on in some minute from ``first`` to before ``last``."""
    begin_s = label.span.start_ns // 1_000_000_000 % 86_400
    begin = begin_s / 60
    end = begin + (label.span.end_ns - label.span.start_ns) / 60e9
    return (begin < last and end >= first) or (begin < last + 1440 and end >= first + 1440)


def _places(words: str) -> set[str]:
    if words == "body":
        return {"body", "body_yaw"}
    if words.startswith("leg"):
        return {"stewart_" + words[-1]}
    return {words.replace(" ", "_")}


def on(label: Label, side: str) -> bool:
    """By the components of the direction: x forward, y left."""
    if label.bearing_rad is None:
        return False
    forward, left = cos(label.bearing_rad), sin(label.bearing_rad)
    limits = {
        "on my left": left > sin(0.17),
        "on my right": left < -sin(0.17),
        "in front of me": forward > cos(0.53),
        "behind me": forward < -cos(0.53),
    }
    return limits[side]


def number(text: str) -> int:
    """As it is told: once, twice, three times, 41 voices."""
    word = {"once": "one", "twice": "two"}.get(text, text.split(" ")[0])
    return _WORDS[word] if word in _WORDS else int(word)


def often(labels: Iterable[Label]) -> int:
    """Events: a push that two parts of the mind felt at one place and time is one."""
    seen = sorted(labels, key=lambda label: label.span.start_ns)
    count = 0
    for index, label in enumerate(seen):
        last: dict[LabelKind, Label] = {}
        for other in seen[:index]:
            if other.place == label.place:
                last[other.kind] = other
        count += not any(
            kind is not label.kind and other.span.end_ns >= label.span.start_ns
            for kind, other in last.items()
        )
    return count


def lasted(seconds: float, text: str) -> bool:
    """Whether rounding ``seconds`` as finely as it is told gives ``text``."""
    pairs = re.findall(r"(\w+) (second|minute|hour)", text)
    unit = {"second": 1, "minute": 60, "hour": 3600}
    told = sum(number(n) * unit[name] for n, name in pairs)
    return abs(seconds - told) <= unit[pairs[-1][1]] / 2 + 1e-6
