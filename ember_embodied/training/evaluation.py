"""What a life is worth: numbers taken from the truth of the simulated room, not from the senses.

orienting error    angle between head and speaker 1.5 s after a voice starts, where that voice
                   lasts and no other one starts meanwhile
following error    angle between head and the attended face, once it has been attended for 1.5 s
touch answered     share of touches whose antennas answer within 1.5 s, and how soon
false answers      antenna answers an hour with no touch before them
false turns        times an hour that the gaze leaves its right direction by itself

An answer is an antenna that is told to go ``ANSWER_RAD`` away from where it mostly is. It answers
a touched antenna when that one goes and the other stays, and a touched head when both go. The
first seconds, in which the robot rises, and ticks in which it is in the hand of a person or told
where to look, are not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import degrees, pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.training.teacher import HEAD, LEFT, RIGHT

ORIENT_AFTER_S: Final = 1.5
SETTLED_S: Final = 1.5
ANSWER_WITHIN_S: Final = 1.5
ANSWER_RAD: Final = 0.3
ANSWER_SHOWS_S: Final = 0.4
"""Within this time of its start an answer shows which antennas take part."""
CALM_S: Final = 0.6
"""Antennas that were calm for less are still at their last answer."""
ALONE_S: Final = 2.5
"""A touch is judged when no other one began, or still lasted, in this time before it."""
RISE_S: Final = 5.0
TURN_AWAY_RAD: Final = 0.26
ON_TARGET_RAD: Final = 0.17
STEADY_S: Final = 1.5
BEHIND_RAD: Final = pi / 2.0
ON_SPEAKER_RAD: Final = 0.2618

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Onset:
    """A voice or a touch that began at ``t_s``: by whom or where, and until when."""

    t_s: float
    until_s: float
    who: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One life as it truly was, T ticks; times in s since its start, rising."""

    t_s: Floats
    head_yaw_rad: Floats
    command_rad: Floats
    """[T, 5], what the policy asked for."""
    gaze_yaw_rad: Floats
    """Where the teacher would look."""
    attended: tuple[str | None, ...]
    """Whom the teacher attends, tick by tick."""
    bearing_rad: dict[str, Floats]
    """True bearing of each person from the head, base frame; NaN-free, kept when gone."""
    speech: tuple[Onset, ...]
    touches: tuple[Onset, ...]
    excused: NDArray[np.bool_]
    """Ticks that are not judged."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The raw events of some lives, to be pooled and resampled by life."""

    hours: float
    orienting_rad: tuple[float, ...]
    orienting_behind: tuple[bool, ...]
    following_rad: float
    following_ticks: int
    touch_latency_s: tuple[float | None, ...]
    """One for each touch; None: not answered."""
    false_answers: int
    false_turns: int


def wrap_all(angle: Floats) -> Floats:
    """Angles in [-pi, pi)."""
    wrapped: Floats = (angle + pi) % (2.0 * pi) - pi
    return wrapped


def tally(trace: Trace) -> Tally:
    """Judge one life."""
    orienting, behind = _orienting(trace)
    following, ticks = _following(trace)
    answers = _answers(trace.t_s, trace.command_rad)
    return Tally(
        hours=float(trace.t_s[-1] - trace.t_s[0]) / 3600.0,
        orienting_rad=orienting,
        orienting_behind=behind,
        following_rad=following,
        following_ticks=ticks,
        touch_latency_s=tuple(_latency(touch, answers) for touch in _alone(trace.touches)),
        false_answers=_unasked(trace.touches, answers),
        false_turns=_false_turns(trace),
    )


def _orienting(trace: Trace) -> tuple[tuple[float, ...], tuple[bool, ...]]:
    errors, behind = [], []
    for onset in trace.speech:
        judged_s = onset.t_s + ORIENT_AFTER_S
        others = [o for o in trace.speech if o is not onset and o.who != onset.who]
        disturbed = any(onset.t_s - 0.5 < o.t_s <= judged_s for o in others)
        late = judged_s > trace.t_s[-1]
        if onset.t_s < RISE_S or onset.until_s < judged_s or late or disturbed:
            continue
        start, end = np.searchsorted(trace.t_s, (onset.t_s, judged_s))
        if trace.excused[start : end + 1].any():
            continue
        bearing = trace.bearing_rad[onset.who]
        off = wrap_all(bearing - trace.head_yaw_rad)
        errors.append(abs(float(off[end])))
        behind.append(abs(float(off[start])) > BEHIND_RAD)
    return tuple(errors), tuple(behind)


def _following(trace: Trace) -> tuple[float, int]:
    """Sum of the following error, rad, and the ticks that it was taken over."""
    total, ticks, since_s = 0.0, 0, float(trace.t_s[0])
    previous: str | None = None
    for i, who in enumerate(trace.attended):
        if who != previous or trace.excused[i]:
            since_s, previous = float(trace.t_s[i]), who
        if who is not None and trace.t_s[i] - since_s >= SETTLED_S:
            off = wrap_all(trace.bearing_rad[who][i : i + 1] - trace.head_yaw_rad[i])
            total += abs(float(off[0]))
            ticks += 1
    return total, ticks


def _answers(t_s: Floats, command: Floats) -> list[tuple[float, str]]:
    """When and which antennas left their place: (time, place that is answered)."""
    found: list[tuple[float, str]] = []
    away = np.abs(command[:, 2:4] - np.median(command[:, 2:4], axis=0))
    calm_since_s = float(t_s[0])
    for i, now_s in enumerate(t_s):
        if away[i].max() <= ANSWER_RAD:
            continue
        if now_s - calm_since_s >= CALM_S and now_s - t_s[0] >= RISE_S:
            end = int(np.searchsorted(t_s, now_s + ANSWER_SHOWS_S, side="right"))
            left, right = away[i:end].max(axis=0)
            both = min(left, right) > ANSWER_RAD
            found.append((float(now_s), HEAD if both else LEFT if left > right else RIGHT))
        calm_since_s = float(now_s)
    return found


def _alone(touches: Sequence[Onset]) -> list[Onset]:
    """The touches whose answer cannot be that to another one."""
    return [
        touch
        for touch in touches
        if touch.t_s >= RISE_S
        and not any(o is not touch and o.t_s <= touch.t_s < o.until_s + ALONE_S for o in touches)
    ]


def _latency(touch: Onset, answers: Sequence[tuple[float, str]]) -> float | None:
    for t_s, place in answers:
        if 0.0 <= t_s - touch.t_s <= ANSWER_WITHIN_S and place == touch.who:
            return t_s - touch.t_s
    return None


def _unasked(touches: Sequence[Onset], answers: Sequence[tuple[float, str]]) -> int:
    """Answers with no hand on the robot, nor one that left it just before."""
    return sum(
        not any(o.t_s <= t_s <= o.until_s + ANSWER_WITHIN_S for o in touches) for t_s, _ in answers
    )


def _false_turns(trace: Trace) -> int:
    """Times that the head leaves a direction that stays right."""
    error = np.abs(wrap_all(trace.gaze_yaw_rad - trace.head_yaw_rad))
    count, on_target, steady_since_s = 0, False, float(trace.t_s[0])
    for i in range(1, len(trace.t_s)):
        moved = abs(float(trace.gaze_yaw_rad[i] - trace.gaze_yaw_rad[i - 1])) > ON_TARGET_RAD / 2.0
        if moved or trace.excused[i]:
            on_target, steady_since_s = False, float(trace.t_s[i])
        if trace.t_s[i] - steady_since_s < STEADY_S:
            continue
        if error[i] < ON_TARGET_RAD:
            on_target = True
        elif on_target and error[i] > TURN_AWAY_RAD:
            on_target, count = False, count + 1
    return count


@dataclass(frozen=True, slots=True)
class Figure:
    """One number over all lives, with its 95 % interval from resampled lives."""

    name: str
    value: float
    unit: str
    n: int
    interval: tuple[float, float] | None


RESAMPLES: Final = 1000


def figures(tallies: Sequence[Tally]) -> tuple[Figure, ...]:
    """Pool the lives; a figure with no event is left out rather than made up."""
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(tallies), size=len(tallies)) for _ in range(RESAMPLES)]
    result = []
    for name, unit, measure in _MEASURES:
        whole = measure(tallies)
        if whole is None:
            continue
        values = [measure([tallies[i] for i in draw]) for draw in draws]
        known = [value[0] for value in values if value is not None]
        low, high = np.quantile(known, (0.025, 0.975))
        result.append(Figure(name, whole[0], unit, whole[1], (float(low), float(high))))
    return tuple(result)


Measured = tuple[float, int] | None


def _median_orienting(lives: Sequence[Tally]) -> Measured:
    errors = [e for life in lives for e in life.orienting_rad]
    return (degrees(float(np.median(errors))), len(errors)) if errors else None


def _share_on_speaker(lives: Sequence[Tally]) -> Measured:
    errors = [e for life in lives for e in life.orienting_rad]
    return (float(np.mean(np.array(errors) < ON_SPEAKER_RAD)), len(errors)) if errors else None


def _share_on_speaker_behind(lives: Sequence[Tally]) -> Measured:
    errors = [
        error
        for life in lives
        for error, behind in zip(life.orienting_rad, life.orienting_behind, strict=True)
        if behind
    ]
    return (float(np.mean(np.array(errors) < ON_SPEAKER_RAD)), len(errors)) if errors else None


def _mean_following(lives: Sequence[Tally]) -> Measured:
    ticks = sum(life.following_ticks for life in lives)
    total = sum(life.following_rad for life in lives)
    return (degrees(total / ticks), ticks) if ticks else None


def _share_answered(lives: Sequence[Tally]) -> Measured:
    touches = [latency is not None for life in lives for latency in life.touch_latency_s]
    return (float(np.mean(touches)), len(touches)) if touches else None


def _median_latency(lives: Sequence[Tally]) -> Measured:
    known = [s for life in lives for s in life.touch_latency_s if s is not None]
    return (float(np.median(known)), len(known)) if known else None


def _false_answers_an_hour(lives: Sequence[Tally]) -> Measured:
    count = sum(life.false_answers for life in lives)
    return count / sum(life.hours for life in lives), count


def _false_turns_an_hour(lives: Sequence[Tally]) -> Measured:
    count = sum(life.false_turns for life in lives)
    return count / sum(life.hours for life in lives), count


_MEASURES: Final = (
    ("orienting_error_median", "deg", _median_orienting),
    ("on_speaker_share", "1", _share_on_speaker),
    ("on_speaker_behind_share", "1", _share_on_speaker_behind),
    ("following_error_mean", "deg", _mean_following),
    ("touch_answered_share", "1", _share_answered),
    ("touch_latency_median", "s", _median_latency),
    ("false_answers", "1/h", _false_answers_an_hour),
    ("false_turns", "1/h", _false_turns_an_hour),
)
