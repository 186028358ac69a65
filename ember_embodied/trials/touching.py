"""Touches and answers: an antenna that is told to go away from where it mostly is.

It answers a touched antenna when that one goes and the other stays, and a touched head when both
go. Taken from the commands, since a hand moves an antenna too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ember_embodied.command_space import PLACES_TOUCHED
from ember_embodied.trials.gaze import RISE_S
from ember_embodied.trials.trace import HEAD, LEFT, RIGHT, Onset, Trace

ANSWER_WITHIN_S: Final = 1.5
ANSWER_RAD: Final = 0.3
"""An antenna that is farther from its median goal than this is away: three times what breathing
moves it."""
ANSWER_SHOWS_S: Final = 0.4
"""Within this time of its start an answer shows which antennas take part."""
CALM_S: Final = 0.6
"""Antennas that were calm for less are still at their last answer."""
ALONE_S: Final = 2.5
"""A touch is judged when no other hand began, or still lasted, in this time before it."""


@dataclass(frozen=True, slots=True)
class Touching:
    """Touches and answers of one life."""

    latency_s: tuple[float | None, ...]
    """One for each touch of antennas and head; None: not answered."""
    unasked: int
    """Answers with no hand on the robot, nor one that left it just before."""


def judge_touching(trace: Trace) -> Touching:
    """Match the answers of one life with its touches."""
    answers = _answers(trace)
    return Touching(
        latency_s=tuple(_latency(touch, answers) for touch in _alone(trace)),
        unasked=_unasked(trace.hands, answers),
    )


def _answers(trace: Trace) -> list[tuple[float, str]]:
    """When and which antennas left their place: (time, place that is answered)."""
    t_s, found = trace.t_s, list[tuple[float, str]]()
    away = np.abs(trace.command_rad[:, 2:4] - np.median(trace.command_rad[:, 2:4], axis=0))
    calm_since_s = float(t_s[0])
    for i, now_s in enumerate(t_s.tolist()):
        if away[i].max() <= ANSWER_RAD:
            continue
        if now_s - calm_since_s >= CALM_S and now_s - t_s[0] >= RISE_S:
            end = int(np.searchsorted(t_s, now_s + ANSWER_SHOWS_S, side="right"))
            left, right = away[i:end].max(axis=0)
            both = min(left, right) > ANSWER_RAD
            found.append((now_s, HEAD if both else LEFT if left > right else RIGHT))
        calm_since_s = now_s
    return found


def _alone(trace: Trace) -> list[Onset]:
    """The touches that are asked to be answered and whose answer cannot be to another hand."""
    return [
        touch
        for touch in trace.hands
        if touch.who in PLACES_TOUCHED
        and touch.t_s >= trace.t_s[0] + RISE_S
        and touch.t_s + ANSWER_WITHIN_S <= trace.t_s[-1]
        and not any(
            o is not touch and o.t_s <= touch.t_s < o.until_s + ALONE_S for o in trace.hands
        )
    ]


def _latency(touch: Onset, answers: Sequence[tuple[float, str]]) -> float | None:
    for t_s, place in answers:
        if 0.0 <= t_s - touch.t_s <= ANSWER_WITHIN_S and place == touch.who:
            return t_s - touch.t_s
    return None


def _unasked(hands: Sequence[Onset], answers: Sequence[tuple[float, str]]) -> int:
    return sum(
        not any(o.t_s <= t_s <= o.until_s + ANSWER_WITHIN_S for o in hands) for t_s, _ in answers
    )
