"""The controller that a good engineer would write: direction of sound, face PID, touch by lag.

A voice that is flagged for a while from one direction, while the robot's own motors are quiet,
is turned to as if it came from the front; if no face is found there, its mirror image behind is
tried. A face that is seen is followed by an incremental PID on the angle between it and the head
(Astrom and Hagglund, PID Controllers, 1995, ch. 3); a voice from where the face is changes
nothing, one from elsewhere draws the gaze away. An antenna that is pushed off its command is
thrown out, a head that is pushed lowers both antennas. An intent is obeyed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import atan2, cos, exp, hypot, sin
from typing import Final

import numpy as np

from ember_embodied.command_space import COMMAND_LIMIT_RAD
from ember_embodied.runtime import State, Step
from ember_embodied.sense_vector import wrap
from ember_embodied.trials.senses import Array, Felt, plain_step
from firmware_bridge.joints import JOINTS

REST_ANTENNA_RAD: Final = 0.17
ANSWER_RAD: Final = 0.9
ANSWER_S: Final = 1.0
AFTER_ANSWER_S: Final = 0.5
"""For so long after an answer the way back does not count as a touch."""
BODY_SHARE: Final = 0.9
"""The body takes this share of the gaze's yaw."""
ARRIVED_RAD: Final = 0.15
ALWAYS_ARRIVED_S: Final = 1.5
OBEYED_WEIGHT: Final = 0.5
STILL_RAD: Final = 0.02
"""A command that moves less than this in a tick lets a push on the head be felt."""
LAG_RATE_HZ: Final = 0.5
"""How fast the usual droop of the head is learned, against which a push stands out."""
TRACKING, FRONT, MIRROR = 0.0, 1.0, 2.0


@dataclass(frozen=True, slots=True)
class PidSettings:
    """What was tuned."""

    hold_s: float = 0.3
    """A voice is turned to when it has been flagged for so long."""
    forget: float = 1.0
    """Seconds of evidence that a second of silence takes away."""
    quiet_rad_s: float = 1.5
    """Above this sum of the nine joints' speeds sound is not listened to."""
    same_rad: float = 0.5
    """Readings closer than this are one voice; a face closer than this is its speaker."""
    look_s: float = 0.5
    """How long a face is looked for before the mirror image is tried."""
    patience_s: float = 4.0
    """Without a face or a voice for so long the gaze goes home."""
    dead_zone_rad: float = 0.03
    proportional: float = 0.5
    integral_hz: float = 2.0
    derivative_s: float = 0.0
    turn_rate_hz: float = 6.0
    """First-order rate at which the command goes to a voice, an intent or home."""
    antenna_lag_rad: float = 0.06
    head_lag_rad: float = 0.05


@dataclass(frozen=True, slots=True)
class Memory:
    """What it remembers from tick to tick; angles in the base frame."""

    yaw: float = 0.0
    pitch: float = 0.0
    """The command's gaze."""
    goal_yaw: float = 0.0
    goal_pitch: float = 0.0
    error_yaw: float = 0.0
    error_pitch: float = 0.0
    older_yaw: float = 0.0
    older_pitch: float = 0.0
    """Errors of the last tick and of the one before it."""
    heard_s: float = 0.0
    front: float = 0.0
    mirror: float = 0.0
    """Evidence for a voice, and its two directions."""
    phase: float = TRACKING
    phase_s: float = 0.0
    looked_s: float = 0.0
    """How long it has been on its way, and has looked where it arrived."""
    other: float = 0.0
    """Where the mirror image is that is tried next."""
    unseen_s: float = 0.0
    left_s: float = -AFTER_ANSWER_S
    right_s: float = -AFTER_ANSWER_S
    """What is left of each antenna's answer."""
    droop_yaw: float = 0.0
    droop_pitch: float = 0.0


class Pid:
    """The controller; state [1, fields of ``Memory``]."""

    def __init__(self, settings: PidSettings | None = None) -> None:
        self.settings = settings or PidSettings()

    def initial_state(self) -> State:
        """Ahead, nothing heard, nothing seen."""
        return _pack(Memory())

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:
        """One tick of the rules."""
        felt = Felt(senses, mask)
        before = Memory(*map(float, state[0][0]))
        memory = self._listen(felt, before, dt_s)
        memory = self._gaze(felt, memory, dt_s)
        memory = self._touch(felt, memory, before, dt_s)
        left, right = (
            ANSWER_RAD if rest_s > 0.0 else REST_ANTENNA_RAD
            for rest_s in (memory.left_s, memory.right_s)
        )
        body = BODY_SHARE * memory.yaw
        command = np.array([memory.yaw, memory.pitch, left, -right, body], dtype=np.float32)
        limit = np.array(COMMAND_LIMIT_RAD, dtype=np.float32)
        return plain_step(np.clip(command, -limit, limit), _pack(memory))

    def _listen(self, felt: Felt, memory: Memory, dt_s: float) -> Memory:
        """Gather evidence for one voice; another direction starts anew."""
        speed = sum(abs(felt[f"joints.{joint.name}.velocity"]) for joint in JOINTS)
        loud = speed > self.settings.quiet_rad_s
        if not felt.there("doa") or loud or felt["doa.speech"] <= 0.0:
            return replace(memory, heard_s=max(0.0, memory.heard_s - self.settings.forget * dt_s))
        front, mirror = felt["doa.front"], felt["doa.mirror"]
        if memory.heard_s <= 0.0 or abs(wrap(front - memory.front)) > self.settings.same_rad:
            return replace(memory, heard_s=dt_s, front=front, mirror=mirror)
        share = dt_s / (memory.heard_s + dt_s)
        return replace(
            memory,
            heard_s=min(memory.heard_s + dt_s, 2.0 * self.settings.hold_s),
            front=_between(memory.front, front, share),
            mirror=_between(memory.mirror, mirror, share),
        )

    def _gaze(self, felt: Felt, memory: Memory, dt_s: float) -> Memory:
        """Choose what to look at, and move the command there."""
        seen = felt.there("camera") and felt["camera.confidence"] > 0.0
        memory = replace(
            memory,
            phase_s=memory.phase_s + dt_s,
            unseen_s=0.0 if seen else memory.unseen_s + dt_s,
        )
        if felt.there("intent") and felt["intent.weight"] > OBEYED_WEIGHT:
            goal = (felt["intent.yaw"], felt["intent.pitch"])
            return self._toward(replace(memory, phase=TRACKING, unseen_s=0.0), goal, dt_s)
        heard = memory.heard_s >= self.settings.hold_s
        elsewhere = abs(wrap(memory.front - felt["head.yaw"])) > self.settings.same_rad
        at_face = seen and abs(wrap(memory.front - felt["camera.yaw"])) < self.settings.same_rad
        if heard and elsewhere and not at_face and memory.phase == TRACKING:
            memory = replace(
                memory, phase=FRONT, phase_s=0.0, looked_s=0.0, heard_s=0.0,
                goal_yaw=memory.front, goal_pitch=0.0, other=memory.mirror,
            )  # fmt: skip
        if memory.phase != TRACKING:
            memory = self._search(felt, memory, dt_s, seen=seen)
        if memory.phase == TRACKING and seen:
            return self._follow(felt, memory, dt_s)
        if memory.phase == TRACKING and memory.unseen_s > self.settings.patience_s:
            memory = replace(memory, goal_yaw=0.0, goal_pitch=0.0)
        return self._toward(memory, (memory.goal_yaw, memory.goal_pitch), dt_s)

    def _search(self, felt: Felt, memory: Memory, dt_s: float, *, seen: bool) -> Memory:
        """Arrive, look for a face, try the mirror image, give up."""
        arrived = abs(wrap(memory.goal_yaw - felt["head.yaw"])) < ARRIVED_RAD
        near = seen and abs(wrap(memory.goal_yaw - felt["camera.yaw"])) < self.settings.same_rad
        if near:
            return replace(memory, phase=TRACKING, phase_s=0.0)
        if not (arrived or memory.phase_s > ALWAYS_ARRIVED_S):
            return memory
        if memory.looked_s < self.settings.look_s:
            return replace(memory, looked_s=memory.looked_s + dt_s)
        if memory.phase == FRONT:
            other = memory.other
            return replace(memory, phase=MIRROR, phase_s=0.0, looked_s=0.0, goal_yaw=other)
        return replace(memory, phase=TRACKING, phase_s=0.0)

    def _follow(self, felt: Felt, memory: Memory, dt_s: float) -> Memory:
        """Incremental PID on the angle between face and head."""
        set_to, moves, errors = self.settings, [], []
        for error, last, older in (
            (felt["camera.yaw_from_head"], memory.error_yaw, memory.older_yaw),
            (felt["camera.pitch_from_head"], memory.error_pitch, memory.older_pitch),
        ):
            inside = abs(error) < set_to.dead_zone_rad
            error = 0.0 if inside else error
            moves.append(
                set_to.proportional * (error - last)
                + set_to.integral_hz * error * dt_s
                + set_to.derivative_s * (error - 2.0 * last + older) / dt_s
            )
            errors.append(error)
        yaw, pitch = _within(memory.yaw + moves[0], memory.pitch + moves[1])
        return replace(
            memory, yaw=yaw, pitch=pitch, goal_yaw=yaw, goal_pitch=pitch,
            error_yaw=errors[0], error_pitch=errors[1],
            older_yaw=memory.error_yaw, older_pitch=memory.error_pitch,
        )  # fmt: skip

    def _toward(self, memory: Memory, goal: tuple[float, float], dt_s: float) -> Memory:
        """A step of the command to a goal, the PID at rest."""
        share = 1.0 - exp(-self.settings.turn_rate_hz * dt_s)
        goal = _within(*goal)
        return replace(
            memory,
            yaw=memory.yaw + share * (goal[0] - memory.yaw),
            pitch=memory.pitch + share * (goal[1] - memory.pitch),
            goal_yaw=goal[0], goal_pitch=goal[1],
            error_yaw=0.0, error_pitch=0.0, older_yaw=0.0, older_pitch=0.0,
        )  # fmt: skip

    def _touch(self, felt: Felt, memory: Memory, before: Memory, dt_s: float) -> Memory:
        """Answer a push: an antenna's on its own side, the head's with both."""
        lags = (felt["command.head_yaw_lag"], felt["command.head_pitch_lag"])
        moved = hypot(memory.yaw - before.yaw, memory.pitch - before.pitch)
        pushed = hypot(lags[0] - memory.droop_yaw, lags[1] - memory.droop_pitch)
        head = moved < STILL_RAD and pushed > self.settings.head_lag_rad
        rests = []
        for side, rest_s in (("left", memory.left_s), ("right", memory.right_s)):
            lag = abs(felt[f"command.antenna_{side}_lag"])
            begins = rest_s <= -AFTER_ANSWER_S and (head or lag > self.settings.antenna_lag_rad)
            rests.append(ANSWER_S if begins else max(rest_s - dt_s, -AFTER_ANSWER_S))
        share = 1.0 - exp(-LAG_RATE_HZ * dt_s)
        return replace(
            memory,
            left_s=rests[0],
            right_s=rests[1],
            droop_yaw=memory.droop_yaw + share * (lags[0] - memory.droop_yaw),
            droop_pitch=memory.droop_pitch + share * (lags[1] - memory.droop_pitch),
        )


def _pack(memory: Memory) -> State:
    values = [getattr(memory, field.name) for field in fields(Memory)]
    return (np.array([values], dtype=np.float32),)


def _between(old: float, new: float, share: float) -> float:
    """The direction so far on the way from one angle to another."""
    x, y = cos(old) + share * (cos(new) - cos(old)), sin(old) + share * (sin(new) - sin(old))
    return atan2(y, x)


def _within(yaw: float, pitch: float) -> tuple[float, float]:
    """The nearest direction that a command may ask for."""
    yaw_limit, pitch_limit = COMMAND_LIMIT_RAD[:2]
    return (
        min(max(wrap(yaw), -yaw_limit), yaw_limit),
        min(max(pitch, -pitch_limit), pitch_limit),
    )
