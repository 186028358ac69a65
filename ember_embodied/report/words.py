"""How the page says things: times, lengths, kinds of labels."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from html import escape
from typing import Final

from hippocampus.night.episode import Day, Kept
from hippocampus.night.label import TOUCHES, Label, LabelKind

SECOND_NS: Final = 1_000_000_000
_MINUTE: Final = 60
_HOUR: Final = 3600
KEPT: Final = {
    Kept.RAW: "kept whole",
    Kept.THINNED: "thinned",
    Kept.FORGOTTEN: "labels only",
}
_STRENGTHS: Final = {"notice": "clear"}
_PHRASES: Final = {
    LabelKind.TURNED: "turned to a voice",
    LabelKind.PERSON: "a face",
    LabelKind.VOICE: "a voice",
    LabelKind.LIFT: "lifted",
    LabelKind.TILT: "tilted",
    LabelKind.TURN: "turned by somebody",
}
_DONE: Final = (
    LabelKind.LIFT, LabelKind.TILT, LabelKind.TURN, LabelKind.SET_DOWN, LabelKind.MOVED,
)  # fmt: skip
_SAYS_WHICH: Final = (LabelKind.FAULT,)
_TROUBLE: Final = (
    LabelKind.FAULT,
    LabelKind.HOT,
    LabelKind.LOW_VOLTAGE,
    LabelKind.TORQUE_LOST,
    LabelKind.BLOCKED,
    LabelKind.GAP,
)


def seconds(t_ns: int) -> float:
    """Unix seconds."""
    return t_ns / SECOND_NS


def utc_offset_s(day: Day) -> float:
    """Local time less UTC at noon of the day, s."""
    noon = datetime.fromisoformat(f"{day.date}T12:00").astimezone()
    offset = noon.utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def clock(t_ns: int) -> str:
    """HH:MM:SS, local."""
    return f"{datetime.fromtimestamp(t_ns / SECOND_NS, UTC).astimezone():%H:%M:%S}"


def long_date(date: str) -> str:
    """Thursday, 1 January 2026."""
    found = datetime.fromisoformat(date)
    return f"{found:%A}, {found.day} {found:%B %Y}"


def length(span_s: float) -> str:
    """A length of time as a person says it."""
    whole = round(span_s)
    if whole < _MINUTE:
        return f"{span_s:.1f} s" if span_s < _MINUTE / 6 else f"{whole} s"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes} min" + (f" {rest} s" if rest and minutes < _MINUTE / 6 else "")
    hours, rest = divmod(whole, _HOUR)
    return f"{hours} h {rest // _MINUTE} min"


def count(number: int, name: str) -> str:
    """3 touches; 1 touch."""
    plural = "es" if name.endswith("ch") else "s"
    return f"{number:,} {name}{'' if number == 1 else plural}"


def energy(joules: float) -> str:
    """Energy in the unit that reads best."""
    if joules >= _HOUR:
        return f"{joules / _HOUR:.1f} Wh"
    return f"{joules:.0f} J"


def named(kind: LabelKind) -> str:
    """A kind in words."""
    return kind.value.replace("_", " ")


def label_text(label: Label) -> str:
    """A label in a few words: a strong push on the head; turned to a voice 20° left, found."""
    what = _PHRASES.get(label.kind, named(label.kind))
    if label.kind in TOUCHES and label.text:
        strength = _STRENGTHS.get(label.text, label.text)
        what = f"{what}, {strength}" if label.kind in _DONE else f"{strength} {what}"
    elif label.kind in _SAYS_WHICH and label.text:
        what = f"{what} {label.text.lower().replace('_', ' ')}"
    parts = [what]
    if label.place and label.place != "robot":
        parts.append(f"on the {label.place.replace('_', ' ')}")
    if label.person:
        parts.append(f"({label.person})")
    if label.bearing_rad is not None:
        parts.append(bearing(label.bearing_rad))
    text = " ".join(parts)
    if label.found is not None:
        text += ", found" if label.found else ", nobody there"
    return text


def bearing(rad: float) -> str:
    """A direction as a person says it."""
    degrees = round(math.degrees(rad))
    if abs(degrees) < 5:
        return "straight ahead"
    return f"{abs(degrees)}° {'left' if degrees > 0 else 'right'}"


def colour(label: Label) -> str:
    """The page's colour for a label."""
    if label.kind in TOUCHES or label.kind is LabelKind.PUSHED:
        return "var(--touch)"
    if label.kind in _TROUBLE:
        return "var(--fault)"
    return {
        LabelKind.VOICE: "var(--voice)",
        LabelKind.PERSON: "var(--person)",
        LabelKind.FOLLOWED: "var(--person)",
        LabelKind.TURNED: "var(--look)",
        LabelKind.OWN_MOVEMENT: "var(--move)",
        LabelKind.STARTLED: "var(--ember)",
    }.get(label.kind, "var(--sleep)")


def is_trouble(label: Label) -> bool:
    """Whether a label is of something that went wrong."""
    return label.kind in _TROUBLE


def chip(label: Label, times: int = 1) -> str:
    """A label as a small sign."""
    more = f" ×{times}" if times > 1 else ""
    return (
        f'<span class="chip" style="color:{colour(label)}">{escape(label_text(label))}{more}</span>'
    )


def missing(text: str) -> str:
    """What stands where a part is not there."""
    return f'<p class="missing">{escape(text)}</p>'
