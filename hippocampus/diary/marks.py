"""A sentence's words as marks: phrases by their meaning, numbers and times as what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from hippocampus.diary.lexicon import LONGEST, MEANINGS
from hippocampus.diary.roles import Meaning, Role

MAX_LETTERS: Final = 400
_WORD: Final = re.compile(
    r"[-–−+]\d\S*|\d{1,2}:\d{2}(?!\d)|\d+(?:\.\d+)?(?![\d:])|°c\b|[^\W\d_]+(?:[’'_-][^\W\d_]+)*|[,;°–-]|\S",
    re.IGNORECASE,
)
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
_DIGITS: Final = re.compile(r"\d+(?:\.\d+)?")
_LAST_HOUR: Final = 24
_DAY: Final = 1440.0
_ABOUT_MINUTES: Final = 15.0
_SHORTLY_MINUTES: Final = 20.0
_ABOUT_SHARE: Final = 0.15


class UnsaidError(Exception):
    """The sentence cannot be followed, so nothing shows that it is true. The message says why."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A phrase and its role. After ``measured`` numbers have become what they count."""

    role: Role | str
    value: Any
    words: str


def marks_of(sentence: str, names: frozenset[str], faults: frozenset[str]) -> list[Mark]:
    """Every word with its role. Raises ``UnsaidError`` for one that is not known."""
    if len(sentence) > MAX_LETTERS:
        raise UnsaidError(f"longer than {MAX_LETTERS} letters")
    words = _WORD.findall(sentence.strip().rstrip(".!").lower())
    known = {tuple(name.lower().split()): Meaning(Role.NAME, name) for name in names}
    for fault in faults:
        meaning = Meaning(Role.FAULT_NAME, fault.lower())
        known[(fault.lower(),)] = meaning
        known[tuple(fault.lower().split("_"))] = meaning
    longest = max([LONGEST, *map(len, known)])
    marks: list[Mark] = []
    at = 0
    while at < len(words):
        for length in range(min(longest, len(words) - at), 0, -1):
            phrase = tuple(words[at : at + length])
            found = known.get(phrase) or MEANINGS.get(phrase)
            if found is not None:
                marks.append(Mark(found.role, found.value, " ".join(phrase)))
                at += length
                break
        else:
            marks.append(_number(words[at]))
            at += 1
    return marks


def _number(word: str) -> Mark:
    clock = _CLOCK.fullmatch(word)
    if clock is not None:
        hour, minute = int(clock[1]), int(clock[2])
        if hour >= _LAST_HOUR or minute >= 60:
            raise UnsaidError(f"{word!r} is no time of a day")
        return Mark(Role.CLOCK, hour * 60.0 + minute, word)
    if _DIGITS.fullmatch(word):
        return Mark(Role.NUMBER, float(word), word)
    raise UnsaidError(f"{word!r} is nothing that a label shows")


WINDOW: Final = "window"
STARTS: Final = "starts"
ENDS: Final = "ends"
SECONDS: Final = "seconds"
GAP: Final = "gap"
COUNT: Final = "count"
AMOUNT: Final = "amount"


def measured(marks: list[Mark]) -> list[Mark]:
    """Numbers, times and their prepositions joined into windows, durations, counts, amounts."""
    return _bounded(_clocked(_joined(marks)))


def _joined(marks: list[Mark]) -> list[Mark]:
    """Numbers with what they count: "3 minutes", "9 pm", "two times"."""
    out: list[Mark] = []
    at = 0
    while at < len(marks):
        mark = marks[at]
        after = marks[at + 1] if at + 1 < len(marks) else None
        if mark.role is Role.NUMBER and after is not None:
            joined = _with_unit(mark, after, out)
            if joined is not None:
                out.append(joined)
                at += 2
                continue
        if mark.role is Role.CLOCK and after is not None and after.role is Role.HALF_DAY:
            out.append(
                Mark(Role.CLOCK, _half_day(mark.value, after), f"{mark.words} {after.words}")
            )
            at += 2
            continue
        if mark.role is Role.DAYPART:
            mark = Mark(WINDOW, mark.value, mark.words)
        if mark.role in (Role.SECONDS, Role.COUNT):
            mark = Mark(SECONDS if mark.role is Role.SECONDS else COUNT, mark.value, mark.words)
            if mark.role == SECONDS:
                middle, half = mark.value
                mark = Mark(SECONDS, (middle - half, middle + half), mark.words)
        out.append(mark)
        at += 1
    return out


def _with_unit(number: Mark, after: Mark, out: list[Mark]) -> Mark | None:
    words = f"{number.words} {after.words}"
    value: float = number.value
    if after.role is Role.TIMES:
        return Mark(COUNT, _whole(number), words)
    if after.role is Role.HALF_DAY:
        return Mark(Role.CLOCK, _half_day(value * 60.0, after), words)
    if after.role is Role.AMOUNT_UNIT:
        half = 0.05 if "." in number.words else 0.5
        return Mark(AMOUNT, (after.value, value - half, value + half), words)
    if after.role is not Role.UNIT:
        return None
    unit: float = after.value
    low, high = (value - 0.5) * unit, (value + 0.5) * unit
    if "." in number.words:
        low, high = (value - 0.05) * unit, (value + 0.05) * unit
    more = len(out) >= 2 and out[-1].role is Role.AND and out[-2].role == SECONDS
    if more:  # "2 hours and 5 minutes": the first one is then exact.
        _, first = out.pop(), out.pop()
        middle = (first.value[0] + first.value[1]) / 2
        return Mark(SECONDS, (middle + low, middle + high), f"{first.words} and {words}")
    return Mark(SECONDS, (max(0.0, low), high), words)


def _half_day(minute: float, half: Mark) -> float:
    if half.value is None:
        return minute
    if not 60.0 <= minute < 780.0:
        raise UnsaidError(f"no time of a day: {half.words}")
    return minute % 720.0 + float(half.value)


def _whole(number: Mark) -> tuple[int, int]:
    if number.value != int(number.value):
        raise UnsaidError(f"{number.words!r} times")
    return int(number.value), int(number.value)


_PREPOSITIONS: Final = frozenset(
    {Role.AT, Role.BEFORE, Role.AFTER, Role.FROM, Role.TO, Role.UNTIL, Role.BETWEEN, Role.ABOUT}
)


def _clocked(marks: list[Mark]) -> list[Mark]:
    """Times with their prepositions: "between 9:00 and 10:00", "shortly after 9", "until noon"."""
    marks = _hours(marks)
    out: list[Mark] = []
    at = 0
    while at < len(marks):
        mark = marks[at]
        if mark.role is not Role.CLOCK:
            out.append(mark)
            at += 1
            continue
        about = bool(out) and out[-1].role is Role.ABOUT
        if about:
            out.pop()
        before = out[-1].role if out else None
        second = marks[at + 2] if at + 2 < len(marks) else None
        if before is Role.BETWEEN:
            if marks[at + 1 : at + 2] == [] or second is None or second.role is not Role.CLOCK:
                raise UnsaidError("'between' without two times")
            out[-1] = Mark(WINDOW, _later(mark.value, second.value + 1.0), "between")
            at += 3
            continue
        if before in _PREPOSITIONS:
            out.pop()
        shortly = bool(out) and out[-1].role is Role.SHORTLY and before in (Role.BEFORE, Role.AFTER)
        if shortly:
            out.pop()
        out.append(_window(mark, before, shortly=shortly, about=about))
        at += 1
    return out


def _window(mark: Mark, before: Role | str | None, *, shortly: bool, about: bool) -> Mark:
    minute: float = mark.value
    wide = _SHORTLY_MINUTES if shortly else _DAY
    if before is Role.BEFORE:
        return Mark(WINDOW, (max(0.0, minute - wide), minute), mark.words)
    if before is Role.AFTER:
        return Mark(WINDOW, (minute, min(minute + wide, 2 * _DAY)), mark.words)
    if before is Role.FROM:
        return Mark(STARTS, minute, mark.words)
    if before in (Role.TO, Role.UNTIL):
        return Mark(ENDS, minute, mark.words)
    if about:
        return Mark(WINDOW, (minute - _ABOUT_MINUTES, minute + _ABOUT_MINUTES + 1.0), mark.words)
    return Mark(WINDOW, (minute, minute + 1.0), mark.words)


def _hours(marks: list[Mark]) -> list[Mark]:
    """A bare hour after a preposition of time is a time: "at 9", "between nine and ten"."""
    out = list(marks)
    for at, mark in enumerate(out):
        if mark.role is not Role.NUMBER or not 0 <= mark.value <= _LAST_HOUR:
            continue
        before = out[at - 1].role if at else None
        if before is Role.ABOUT and at > 1:
            before = out[at - 2].role if out[at - 2].role is Role.AT else before
        follows = out[at + 1].role if at + 1 < len(out) else None
        paired = (
            before is Role.AND
            and at > 2
            and out[at - 2].role is Role.CLOCK
            and out[at - 3].role is Role.BETWEEN
        )
        counted = follows in (Role.NOUN, Role.STRENGTH, Role.TIMES)
        if (before in _PREPOSITIONS - {Role.ABOUT} or paired) and not counted:
            out[at] = Mark(Role.CLOCK, mark.value * 60.0 % _DAY, mark.words)
    return out


def _later(first: float, second: float) -> tuple[float, float]:
    return (first, second if second > first else second + _DAY)


def _bounded(marks: list[Mark]) -> list[Mark]:
    """Take "at least", "about" and "later" into what they speak of; bare numbers are counts."""
    out: list[Mark] = []
    for mark in marks:
        if mark.role is Role.NUMBER:
            mark = Mark(COUNT, _whole(mark), mark.words)
        before = out[-1] if out else None
        if mark.role in (COUNT, SECONDS, AMOUNT) and before is not None:
            if before.role is Role.BOUND:
                out.pop()
                mark = _bound(mark, before.value)
            elif before.role is Role.ABOUT:
                out.pop()
                mark = _about(mark)
        if mark.role is Role.LATER and before is not None and before.role == SECONDS:
            out[-1] = Mark(GAP, before.value, before.words)
            continue
        out.append(mark)
    return out


def _bound(mark: Mark, kind: str) -> Mark:
    *unit, low, high = mark.value
    if high is None:
        raise UnsaidError(f"{mark.words!r} is no number")
    if kind == "exactly":
        return mark
    middle = low if mark.role == COUNT else (low + high) / 2
    step = 1 if mark.role == COUNT else 0
    limits = {
        "least": (middle, None),
        "more": (middle + step, None),
        "most": (0, middle),
        "fewer": (0, middle - step),
    }
    return Mark(mark.role, (*unit, *limits[kind]), mark.words)


def _about(mark: Mark) -> Mark:
    *unit, low, high = mark.value
    if high is None:
        raise UnsaidError(f"{mark.words!r} is no number")
    middle = (low + high) / 2
    slack = _ABOUT_SHARE * abs(middle)
    low, high = min(low, middle - slack), max(high, middle + slack)
    if mark.role == COUNT:
        low, high = round(low), round(high)
    return Mark(mark.role, (*unit, low, high), mark.words)
