"""The night's important episodes as memories: a line of words, and how they felt."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

import numpy as np

from hippocampus.memory.body_key import FEATURES, Feeling
from hippocampus.memory.records import LogSpan, Moment
from hippocampus.night.episode import Episode
from hippocampus.night.label import TOUCHES, Label, LabelKind
from hippocampus.night.moments import Felt
from hippocampus.night.reading import FileFacts

MOST_WORDS: Final = 10
"""Things that one sentence tells at most; those that happened most often."""
_SECOND_NS: Final = 1_000_000_000
_AHEAD_RAD: Final = math.radians(20.0)
_BESIDE_RAD: Final = math.radians(60.0)
_BEHIND_RAD: Final = math.radians(120.0)
_TOUCHED: Final[dict[LabelKind, str]] = {
    LabelKind.TOUCH: "touched",
    LabelKind.TAP: "tapped",
    LabelKind.STROKE: "stroked",
    LabelKind.HOLD: "held",
    LabelKind.PUSH: "pushed",
    LabelKind.MOVED: "moved",
    LabelKind.LIFT: "lifted",
    LabelKind.TILT: "tilted",
    LabelKind.TURN: "turned round",
    LabelKind.BUMP: "bumped",
    LabelKind.SET_DOWN: "set down",
}
FeltAt = Mapping[tuple[str, int], Felt]
"""By session and tick."""


def moments(
    episodes: Sequence[Episode],
    felt: FeltAt,
    files: Mapping[str, FileFacts],
    sessions: Mapping[str, str],
    zone: tzinfo | None,
) -> list[Moment]:
    """What is remembered of episodes, in their order.

    ``files`` are those of the night by name, ``sessions`` the id of each session's folder.
    """
    found = []
    for episode in sorted(episodes, key=lambda episode: episode.start_ns):
        session = episode.spans[0].session
        offset_ns = files[episode.spans[0].log].mono_offset_ns
        begin, end = episode.start_ns - offset_ns, episode.end_ns - offset_ns
        found.append(
            Moment(
                text=sentence(episode, zone),
                t_wall_ns=episode.start_ns,
                salience=episode.salience,
                span=LogSpan(sessions[session], begin, end),
                people=tuple(sorted({x.person for x in episode.labels if x.person is not None})),
                felt=_feeling(episode, session, felt),
            )
        )
    return found


def sentence(episode: Episode, zone: tzinfo | None) -> str:
    """An episode in a line of words, for the key of its text: only what its labels say."""
    when = datetime.fromtimestamp(episode.start_ns / _SECOND_NS, UTC).astimezone(zone)
    told = Counter(word for label in episode.labels for word in _words(label))
    most = {word for word, _ in told.most_common(MOST_WORDS)}
    words = [word for word in told if word in most]
    return f"{when:%A %Y-%m-%d %H:%M}: {'; '.join(words) or 'something happened'}"


def _feeling(episode: Episode, session: str, felt: FeltAt) -> Feeling | None:
    """That of the first label of the episode that was felt."""
    for label in episode.labels:
        found = felt.get((session, label.span.first_tick))
        if found is not None and len(found.values) == len(FEATURES):
            return Feeling(np.array(found.values, dtype=np.float32), np.array(found.known))
    return None


def _words(label: Label) -> Iterator[str]:
    if label.kind in TOUCHES:
        place = f" on the {label.place.replace('_', ' ')}" if label.place else ""
        strength = f", {label.text}" if label.text else ""
        yield f"{_TOUCHED[label.kind]}{place}{strength}"
    elif label.kind in _SAID:
        yield from _SAID[label.kind](label)


def _voice(label: Label) -> Iterator[str]:
    yield f"a voice{side(label.bearing_rad)}"


def _person(label: Label) -> Iterator[str]:
    yield f"a face{side(label.bearing_rad)}"


def _turned(label: Label) -> Iterator[str]:
    yield "looked and found a face" if label.found else "looked and found nobody"


def _followed(_: Label) -> Iterator[str]:
    yield "followed a face"


def _pushed(label: Label) -> Iterator[str]:
    yield f"somebody moved the {_part(label)}"


def _blocked(label: Label) -> Iterator[str]:
    yield f"something held the {_part(label)}"


def _fault(label: Label) -> Iterator[str]:
    yield f"trouble: {(label.text or label.kind.value).replace('_', ' ').lower()}"


def _startled(_: Label) -> Iterator[str]:
    yield "startled"


_SAID: Final[dict[LabelKind, Callable[[Label], Iterator[str]]]] = {
    LabelKind.VOICE: _voice,
    LabelKind.PERSON: _person,
    LabelKind.TURNED: _turned,
    LabelKind.FOLLOWED: _followed,
    LabelKind.PUSHED: _pushed,
    LabelKind.BLOCKED: _blocked,
    LabelKind.FAULT: _fault,
    LabelKind.HOT: _fault,
    LabelKind.LOW_VOLTAGE: _fault,
    LabelKind.TORQUE_LOST: _fault,
    LabelKind.STARTLED: _startled,
}


def side(bearing_rad: float | None) -> str:
    """Where in words: ahead, left or right, or behind."""
    if bearing_rad is None:
        return ""
    angle = math.remainder(bearing_rad, math.tau)
    hand = "left" if angle > 0.0 else "right"
    if abs(angle) <= _AHEAD_RAD:
        return " ahead"
    if abs(angle) <= _BESIDE_RAD:
        return f" ahead to the {hand}"
    return f" from the {hand}" if abs(angle) <= _BEHIND_RAD else " from behind"


def _part(label: Label) -> str:
    return (label.place or "robot").replace("_", " ")
