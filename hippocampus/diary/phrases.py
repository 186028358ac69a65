"""Small pieces of the template's sentences: numbers, times, places and sides as one says them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from hippocampus.diary.facts import Facts, side_of
from hippocampus.diary.lexicon import NUMBERS
from hippocampus.diary.support import beside, is_gentle
from hippocampus.night.label import Label

_WORDED: Final = 12
"""Numbers up to this one are words."""
_PLACES: Final = {
    "head": "head",
    "left_antenna": "left antenna",
    "right_antenna": "right antenna",
    "body": "body",
    "body_yaw": "body",
    **{f"stewart_{number}": f"leg {number}" for number in range(1, 7)},
}
WHOLE: Final = (None, "robot")
"""Places that are all of it."""
_SIDES: Final = {
    "left": " on my left",
    "right": " on my right",
    "ahead": " in front of me",
    "behind": " behind me",
}
_MOST: Final = 0.5


def an_amount(count: int) -> str:
    """As in "three" or "41"."""
    return NUMBERS[count] if count <= _WORDED else str(count)


def times(count: int) -> str:
    """As in "once", "twice", "three times"."""
    return {1: "once", 2: "twice"}.get(count, f"{an_amount(count)} times")


def went_on_for(seconds: float) -> str:
    """A duration to the second, the minute, or hours and minutes."""
    if seconds < 59.5:
        return _of(max(1, round(seconds)), "second")
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return _of(minutes, "minute")
    hours, minutes = divmod(minutes, 60)
    exactly = f"{hours} hours" if hours > 1 else "1 hour"
    return f"{exactly} and {_of(minutes, 'minute')}" if minutes else exactly


def _of(count: int, unit: str) -> str:
    return f"{an_amount(count)} {unit}{'' if count == 1 else 's'}"


def time_of(label: Label, facts: Facts) -> str:
    """When it began, as in 9:05."""
    return facts.clock(label.span.start_ns)


def place_of(label: Label) -> str | None:
    """The part as one says it; None for the whole robot and for what is not known."""
    return _PLACES.get(label.place or "")


def on_side(labels: Sequence[Label]) -> str:
    """Where most of them were: " on my left"; "" where there is no such side."""
    sides = Counter(side for label in labels if (side := side_of(label)) is not None)
    if not sides:
        return ""
    side, _ = sides.most_common(1)[0]
    there = sum(1 for label in labels if beside(label, side))
    return _SIDES[side] if there > _MOST * len(labels) else ""


def gently(labels: Sequence[Label]) -> str:
    """Say "gently" where all of them were."""
    return "gently " if all(map(is_gentle, labels)) else ""


def joined(clauses: Sequence[str]) -> str:
    """As in "a and b" or "a, b and c"."""
    return " and ".join(filter(None, (", ".join(clauses[:-1]), clauses[-1])))
