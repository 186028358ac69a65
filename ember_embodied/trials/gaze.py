"""Where the head points beside where it should: voices, faces, and a base that is turned by hand.

What the robot cannot reach is no error: a face beyond the stops counts from the nearest direction
that a command may ask for. The first seconds, in which the robot rises, and the times in which
it is lifted, tilted or bumped, or an intent says where to look, are not judged. All of this
follows from the world's own events, so the same voices and faces are judged whoever drives.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, pi, radians
from typing import Final

import numpy as np

from ember_embodied.command_space import COMMAND_LIMIT_RAD
from ember_embodied.trials.trace import Bools, Floats, Onset, Trace, wrap_all
from firmware_bridge.kinematics import PITCH_DOWN_LIMIT_RAD, PITCH_UP_LIMIT_RAD

RISE_S: Final = 5.0
"""The robot rises from its rest pose; nothing is judged before."""
AFTER_GRIP_S: Final = 1.0
AFTER_INTENT_S: Final = 2.0
"""What a hand on the foot or an intent leaves to be undone is not judged either."""
ORIENT_AFTER_S: Final = 1.5
BEFORE_ONSET_S: Final = 0.5
"""Two voices that begin closer than this are one event, and nobody could say whose."""
BEHIND_RAD: Final = pi / 2.0
FACE_WITHIN_S: Final = 4.0
"""A voice that is not faced by then never was: it counts as this long."""
FACED_RAD: Final = radians(10.0)
FACED_FOR_S: Final = 0.5
SETTLED_S: Final = 1.5
ATTENDED_FOR_S: Final = 5.0
"""Who has spoken is attended for so long after the last word, if nobody else speaks."""
TURN_HELD_AFTER_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Gaze:
    """What a life tells of the gaze; sums over ticks, one entry a voice or a turn of the base."""

    orienting_rad: tuple[float, ...]
    behind: tuple[bool, ...]
    """Whether that voice began more than 90 degrees from where a listener looked."""
    facing_s: tuple[float, ...]
    following_rad: float
    following_ticks: int
    held_rad: float
    held_ticks: int
    held_turns: int


def judge_gaze(trace: Trace) -> Gaze:
    """All measures of the gaze of one life."""
    excused = excuses(trace)
    attended = attention(trace)
    voices = _judged_voices(trace, excused)
    following_rad, following_ticks = _following(trace, attended, excused)
    held_rad, held_ticks, held_turns = _held(trace, attended)
    return Gaze(
        orienting_rad=tuple(_orienting(trace, voice) for voice in voices),
        behind=tuple(_behind(trace, voice, attended) for voice in voices),
        facing_s=tuple(_facing(trace, voice) for voice in voices),
        following_rad=following_rad,
        following_ticks=following_ticks,
        held_rad=held_rad,
        held_ticks=held_ticks,
        held_turns=held_turns,
    )


def excuses(trace: Trace) -> Bools:
    """[T] ticks in which nobody could be asked to look anywhere."""
    grips = [hand for hand in trace.hands if hand.who == "foot"]
    rising: Bools = trace.t_s < trace.t_s[0] + RISE_S
    told = trace.during(trace.intents, after_s=AFTER_INTENT_S)
    return rising | trace.during(grips, after_s=AFTER_GRIP_S) | told


def yaw_error(bearing_rad: Floats, yaw_rad: Floats) -> Floats:
    """Angle in yaw between the head and a bearing, less what lies beyond the head's reach."""
    beyond = np.maximum(0.0, np.abs(bearing_rad) - COMMAND_LIMIT_RAD[0])
    error: Floats = np.maximum(0.0, np.abs(wrap_all(bearing_rad - yaw_rad)) - beyond)
    return error


def face_error(face_rad: Floats, head_rad: Floats) -> Floats:
    """Angle between the head's axis and a face, [..., 2] yaw and pitch each, rad, reach undone."""
    limit = COMMAND_LIMIT_RAD[1]
    highest, lowest = -min(limit, PITCH_UP_LIMIT_RAD), min(limit, PITCH_DOWN_LIMIT_RAD)
    pitch, head = np.clip(face_rad[..., 1], highest, lowest), head_rad[..., 1]
    yaw = yaw_error(face_rad[..., 0], head_rad[..., 0])
    cosine = np.sin(pitch) * np.sin(head) + np.cos(pitch) * np.cos(head) * np.cos(yaw)
    error: Floats = np.arccos(np.clip(cosine, -1.0, 1.0))
    return error


def attention(trace: Trace) -> list[int | None]:
    """Whom a listener attends, tick by tick: a person's column, None for nobody.

    Of those who speak the one who began last, else the one who stopped last, for
    ``ATTENDED_FOR_S``; nobody who has left.
    """
    attended: list[int | None] = []
    for tick, now_s in enumerate(trace.t_s.tolist()):
        begun = [voice for voice in trace.speech if voice.t_s <= now_s]
        speaking = [voice for voice in begun if now_s <= voice.until_s]
        who = None
        if speaking:
            who = max(speaking, key=lambda voice: voice.t_s).who
        elif begun:
            last = max(begun, key=lambda voice: voice.until_s)
            who = last.who if now_s - last.until_s <= ATTENDED_FOR_S else None
        column = None if who is None else trace.person(who)
        attended.append(column if column is not None and trace.present[tick, column] else None)
    return attended


def _judged_voices(trace: Trace, excused: Bools) -> list[Onset]:
    """Voices that last until they are judged, with no other one beginning meanwhile."""
    judged = []
    for voice in trace.speech:
        due_s = voice.t_s + ORIENT_AFTER_S
        others = (other.t_s for other in trace.speech if other.who != voice.who)
        disturbed = any(voice.t_s - BEFORE_ONSET_S < t_s <= due_s for t_s in others)
        start, end = trace.tick_at(voice.t_s), trace.tick_at(due_s)
        over = voice.until_s + trace.t_s[1] - trace.t_s[0] < due_s or due_s > trace.t_s[-1]
        if not (disturbed or over or excused[start : end + 1].any()):
            judged.append(voice)
    return judged


def _orienting(trace: Trace, voice: Onset) -> float:
    """Orienting error: head to speaker in yaw, ``ORIENT_AFTER_S`` after the voice began."""
    tick, column = trace.tick_at(voice.t_s + ORIENT_AFTER_S), trace.person(voice.who)
    return float(yaw_error(trace.people_rad[tick, column, 0], trace.head_rad[tick, 0]))


def _behind(trace: Trace, voice: Onset, attended: list[int | None]) -> bool:
    """Whether a voice is behind one who looks at whom they attended until then, else ahead.

    A linear array cannot tell these from their mirror image. Where the policy itself looks does
    not matter, so the same voices count for everyone.
    """
    tick, column = trace.tick_at(voice.t_s), trace.person(voice.who)
    before = attended[tick - 1] if tick else None
    ahead = 0.0 if before is None else float(trace.people_rad[tick, before, 0])
    return abs(float(wrap_all(trace.people_rad[tick, column, 0] - ahead))) > BEHIND_RAD


def _facing(trace: Trace, voice: Onset) -> float:
    """Time to face: until the head is within 10 degrees of the face and stays there for 0.5 s.

    Both yaw and pitch count. ``FACE_WITHIN_S`` where that does not come to pass while the speaker
    is the latest one.
    """
    column = trace.person(voice.who)
    others = [o.t_s for o in trace.speech if o.who != voice.who and o.t_s > voice.t_s]
    last_s = min([voice.t_s + FACE_WITHIN_S, *others])
    start, end = trace.tick_at(voice.t_s), trace.tick_at(last_s + FACED_FOR_S)
    error = face_error(trace.people_rad[start : end + 1, column], trace.head_rad[start : end + 1])
    since_s = inf
    for t_s, near in zip(trace.t_s[start : end + 1].tolist(), error < FACED_RAD, strict=True):
        since_s = min(since_s, t_s) if near else inf
        if t_s - since_s >= FACED_FOR_S - 1e-6:
            return float(since_s - trace.t_s[start])
    return FACE_WITHIN_S


def _following(trace: Trace, attended: list[int | None], excused: Bools) -> tuple[float, int]:
    """Following error: head to the attended face once settled; the sum, rad, and its ticks."""
    total, ticks, since_s = 0.0, 0, float(trace.t_s[0])
    previous: int | None = None
    for tick, column in enumerate(attended):
        now_s = float(trace.t_s[tick])
        if column != previous or excused[tick]:
            since_s, previous = now_s, column
        if column is not None and now_s - since_s >= SETTLED_S:
            total += float(face_error(trace.people_rad[tick, column], trace.head_rad[tick]))
            ticks += 1
    return total, ticks


def _held(trace: Trace, attended: list[int | None]) -> tuple[float, int, int]:
    """Gaze held: while the base is turned by hand with somebody attended, and 1 s after.

    The error is how far the direction of gaze in the world has left where it was as the turn
    began, or how far it is from the attended person, whichever is less: who looks back at the
    speaker meanwhile loses nothing. Returns the sum over ticks, rad, the ticks and the turns.
    """
    total, ticks, turns = 0.0, 0, 0
    told = trace.during(trace.intents, after_s=AFTER_INTENT_S)
    world_rad = trace.base_yaw_rad + trace.head_rad[:, 0]
    for hand in trace.hands:
        start, end = trace.tick_at(hand.t_s), trace.tick_at(hand.until_s + TURN_HELD_AFTER_S)
        early = hand.t_s < trace.t_s[0] + RISE_S
        late = hand.until_s + TURN_HELD_AFTER_S > trace.t_s[-1]
        if hand.kind != "turn" or early or late or attended[start] is None:
            continue
        if told[start : end + 1].any():
            continue
        strayed = np.abs(wrap_all(world_rad[start : end + 1] - world_rad[start]))
        for tick, away in enumerate(strayed.tolist(), start):
            column = attended[tick]
            if column is not None:
                bearing, yaw = trace.people_rad[tick, column, 0], trace.head_rad[tick, 0]
                away = min(away, float(yaw_error(bearing, yaw)))
            total += away
        ticks, turns = ticks + len(strayed), turns + 1
    return total, ticks, turns
