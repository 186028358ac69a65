"""False turns: the head turns by itself and stops where nobody is.

A fixation is a second in which the head's true yaw stays within 5 degrees of its mean. A turn
leads from one fixation to another one at least 20 degrees away. It is false unless, from 3 s
before it began to the end of the fixation, somebody was within 25 degrees of where it ended, or
it ended ahead (home, within 20 degrees), or the command hardly moved (a hand or a fault moved the
head), or the base was gripped or an intent held shortly before. Radios, doors, mirror images and
the robot's own motor noise are nobody.

Where this is more lenient than "nobody is there now", it is so for everyone alike: a person who
walked on within the last 3 s, spoken or silent, was a good reason to look there. A glance of less
than a second is no turn: with a linear array the head must move to tell front from back, and
swinging about is punished as jerk, as effort and in every measure of the gaze. Glances of half a
second are counted and told beside it, but worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import radians
from typing import Final

import numpy as np

from ember_embodied.trials.gaze import excuses, yaw_error
from ember_embodied.trials.trace import Bools, Trace, wrap_all

FIXATION_S: Final = 1.0
GLANCE_S: Final = 0.5
STILL_RAD: Final = radians(5.0)
TURN_RAD: Final = radians(20.0)
NEAR_RAD: Final = radians(25.0)
HOME_RAD: Final = radians(20.0)
REMEMBERED_S: Final = 3.0
BY_ITSELF_RAD: Final = radians(10.0)


@dataclass(frozen=True, slots=True)
class Turning:
    """Turns of one life, and for how long the head was judged."""

    false_turns: int
    turns: int
    false_glances: int
    """As false turns, but a stop of half a second is enough."""
    judged_s: float


def judge_turning(trace: Trace) -> Turning:
    """Count the turns of one life and the false ones among them."""
    excused = excuses(trace)
    turns, false = _turns(trace, excused, FIXATION_S)
    _, glances = _turns(trace, excused, GLANCE_S)
    step_s = float(np.median(np.diff(trace.t_s)))
    return Turning(false, turns, glances, float((~excused).sum()) * step_s)


def _turns(trace: Trace, excused: Bools, fixation_s: float) -> tuple[int, int]:
    """Turns from one fixation of so long to the next, and how many of them are false."""
    still = _fixations(trace, fixation_s)
    turns = false = 0
    reference: float | None = None
    left_at = 0
    for tick, now in enumerate(trace.head_rad[:, 0].tolist()):
        if excused[tick]:
            reference = None
            continue
        if reference is not None and abs(now - reference) < STILL_RAD:
            left_at = tick
        if not still[tick]:
            continue
        if reference is None:
            reference, left_at = now, tick
        elif abs(now - reference) >= TURN_RAD:
            turns += 1
            false += _is_false(trace, left_at, tick, fixation_s)
            reference, left_at = now, tick
    return turns, false


def _fixations(trace: Trace, fixation_s: float) -> Bools:
    """[T] ticks at which a fixation begins that is whole."""
    yaw = trace.head_rad[:, 0]
    still = np.zeros(len(yaw), dtype=np.bool_)
    for tick, t_s in enumerate(trace.t_s.tolist()):
        end = trace.tick_at(t_s + fixation_s)
        whole = trace.t_s[end] - t_s >= fixation_s - 1e-6
        seen = yaw[tick : end + 1]
        still[tick] = whole and np.abs(seen - seen.mean()).max() <= STILL_RAD
    return still


def _is_false(trace: Trace, start: int, end: int, fixation_s: float) -> bool:
    """Whether the turn that left at tick ``start`` and fixates from ``end`` on is false."""
    last = trace.tick_at(float(trace.t_s[end]) + fixation_s)
    place = float(trace.head_rad[end : last + 1, 0].mean())
    asked = trace.command_rad[:, 0]
    moved = np.abs(wrap_all(asked[start : end + 1] - asked[start])).max()
    if abs(place) <= HOME_RAD or moved < BY_ITSELF_RAD:
        return False
    first = trace.tick_at(float(trace.t_s[start]) - REMEMBERED_S)
    there = yaw_error(trace.people_rad[first : last + 1, :, 0], np.array(place)) <= NEAR_RAD
    return not bool((there & trace.present[first : last + 1]).any())
