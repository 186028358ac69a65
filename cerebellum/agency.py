"""What of a movement was one's own: intent, command, prediction, measurement, and a verdict.

Four verdicts on each part of the body (body, head, right and left antenna), by what its servos'
own equations leave unexplained (``load``):

- self: it moves as the command asks, and nothing strange rests on it;
- pushed: a strange load moves it across, against or beyond the command, or bends it at rest;
- blocked: a strange load stands against the command, and the part does not follow it;
- torque lost: a servo's error asks for a current, and none flows. Its current is compared under
  two hypotheses, a motor that obeys and one that is off, and the likelihood ratio is summed
  (Wald's sequential test). A register that says so is believed at once.

All of that is matching, and matching proves nothing where somebody else moves the part in the same
rhythm, or where nothing is asked of a servo for long. So ``probe`` alters the command now and then,
and ``Contrast`` compares what that should have changed with what it changed: an effect follows its
own cause, whoever else moves (von Holst and Mittelstaedt 1950; Pearl, Causality, 2009, ch. 1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite, log, sqrt
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.load import Load, LoadObserver, LoadState
from cerebellum.probe import JOINTS_OF, PARTS, Contrast, Part
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import JOINT_COUNT
from firmware_bridge.senses import (
    JOINTS_STREAM,
    BodySense,
    Fault,
    JointSense,
    JointsSense,
    usable,
)

Array = NDArray[np.float64]


class Verdict(IntEnum):
    """Who moved, or kept from moving, a part."""

    STILL = 0
    """Nothing was asked of it, and nothing moved it."""
    SELF = 1
    PUSHED = 2
    BLOCKED = 3
    TORQUE_LOST = 4
    UNKNOWN = 5
    """It could not be felt, or torque is off by one's own wish."""


STRANGE: Final = (2.8, 7.5, 8.0, 8.0)
"""How many times its usual size the unexplained load of each part must be. The body's is a narrow
one, mostly friction; legs pull at each other, and antennas swing, so theirs have longer tails: one
tick in a thousand is beyond."""
RELEASED: Final = 0.7
"""A load is gone when it is under this part of that limit."""
MOVED_RAD: Final = 0.015
"""Less than this within ``WINDOW_S`` is no movement: more than a pulse, less than one sees."""
WINDOW_S: Final = 0.3
ASKED_RAD: Final = 0.03
"""A command that went less far than this says nothing of what is in its way."""
AGAINST: Final = -0.5
"""Cosine between load and command from which on the load is against it."""
HELD: Final = (-0.25, 0.6)
"""Part of the commanded way that a blocked part goes: what is in the way gives in, and an antenna
that is held pushes its own head away."""
EVIDENCE: Final = log(3000.0)
"""Odds at which torque counts as lost."""
EVIDENCE_LEAST: Final = -1.0
"""What a motor that was seen to obey has to lose first."""
EVIDENCE_STEP: Final = 6.0
"""Most that one reading may say, so that no single one can convict."""
READING_S: Final = 0.1
"""Errors of the current's equation last about so long: faster readings count for less each."""
CURRENT_NOISE_A: Final = (0.002, 0.015)
"""Noise of a current: the least and the most that is believed. It is learned between them."""
CURRENT_SHARE: Final = 0.2
"""Error of the equation itself: winding resistance by temperature and unit."""
CURRENT_LEARN_S: Final = 20.0
UNANSWERED: Final = 2
"""So many probes in a row that a part at rest did not follow, and its torque counts as lost."""
RESTED_S: Final = 1.0
"""So long a part stands still until a movement is over: a sway stands at each of its ends."""
DOUBT_LEAST: Final = 0.1
DOUBT_MOVING: Final = 0.5
"""A part that claims a movement for its own is to be asked: matching proves nothing."""
CONFIRMED_S: Final = 5.0
"""What a motor has shown fades in about so long."""
EVIDENCE_MOST: Final = 1.5 * EVIDENCE
TOLD_NS: Final = 300_000_000
"""An older current says nothing: a daemon gives them one servo at a time."""
WINDOW_NS: Final = round(WINDOW_S * 1e9)
FEWEST: Final = 2
"""Ticks in the window at least, however slow the loop is."""
_WIDTHS: Final = tuple(joints.stop - joints.start for joints in JOINTS_OF)
_NO_ANSWER: Final = (None,) * len(PARTS)
_NOBODY: Final = np.zeros(JOINT_COUNT)
_ALL: Final = np.ones(JOINT_COUNT, dtype=np.bool_)
_STARTS: Final = [joints.start for joints in JOINTS_OF]
_UNPROBED: Final = (False,) * len(PARTS)


@dataclass(frozen=True, slots=True)
class Movement:
    """One part in one tick. Angles in rad, one number for each joint of the part."""

    t_mono_ns: int
    part: Part
    intent_rad: tuple[float, ...]
    """Where it was wanted, before probe, mode and gate."""
    command_rad: tuple[float, ...]
    """What was sent: the efference copy."""
    predicted_rad: tuple[float, ...]
    """Where it should be now, given what was sent before."""
    measured_rad: tuple[float, ...]
    verdict: Verdict
    strangeness: float
    """Unexplained load in parts of what makes a verdict: 1 is the limit."""
    probed: bool
    """Whether the command differs from the intent for the sake of knowing."""


@dataclass(frozen=True, slots=True)
class AgencyTick:
    """What one tick came to. The arrays have nine numbers, one for each joint."""

    t_mono_ns: int
    verdicts: tuple[Verdict, ...]
    """Of the four parts, in order."""
    strangeness: tuple[float, ...]
    """Of the four parts."""
    lost: tuple[int, ...]
    """Indices of servos that hold no torque although told to."""
    fault: Fault
    """``TORQUE_LOST``, or none."""
    answer: tuple[float | None, ...]
    """Of a part whose probe is over in this tick: share of the probe that it followed."""
    intent_rad: Array
    command_rad: Array
    predicted_rad: Array
    measured_rad: Array
    probed: tuple[bool, ...]

    @property
    def calm(self) -> bool:
        """Nothing strange rests on any part, and all hold: a time to probe."""
        return max(self.strangeness) < RELEASED and not self.lost

    @property
    def movements(self) -> tuple[Movement, ...]:
        """Of every part that moved, was asked to move, was moved or has lost its torque."""
        return tuple(self.movement(part) for part in PARTS if self.verdicts[part] in _MOVEMENTS)

    def movement(self, part: Part) -> Movement:
        """The record of one part."""
        joints = JOINTS_OF[part]
        return Movement(
            self.t_mono_ns,
            part,
            tuple(self.intent_rad[joints].tolist()),
            tuple(self.command_rad[joints].tolist()),
            tuple(self.predicted_rad[joints].tolist()),
            tuple(self.measured_rad[joints].tolist()),
            self.verdicts[part],
            self.strangeness[part],
            self.probed[part],
        )


_MOVEMENTS: Final = (Verdict.SELF, Verdict.PUSHED, Verdict.BLOCKED, Verdict.TORQUE_LOST)


@dataclass(frozen=True)
class AgencyState:
    """What is kept over nights."""

    KIND: ClassVar[str] = "agency"
    VERSION: ClassVar[int] = 1

    load: LoadState
    current_noise_a: Array
    """[9] noise of the currents' equation."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """What the last tick sent, and why."""

    intent_rad: Array
    command_rad: Array
    displaced_rad: Array
    """What a probe added to the intent; zero where there is none."""
    probed: tuple[bool, ...]


class Agency:
    """Judges every tick. Deterministic; draws nothing and reads no clock."""

    def __init__(self, state: AgencyState | None = None) -> None:
        self._observer = LoadObserver(None if state is None else state.load)
        self._noise = np.full(JOINT_COUNT, CURRENT_NOISE_A[1])
        if state is not None:
            self._noise = state.current_noise_a.copy()
        self._clear()

    def _clear(self) -> None:
        self._observer.forget_motion()
        self._evidence = np.zeros(JOINT_COUNT)
        self._sent: _Sent | None = None
        self._displaced = _NOBODY
        self._past: deque[tuple[int, Array, Array]] = deque()
        self._since: list[tuple[int, Array, Array] | None] = [None] * len(PARTS)
        self._contrast = [Contrast(part) for part in PARTS]
        self._verdicts: tuple[Verdict, ...] = (Verdict.UNKNOWN,) * len(PARTS)

    def state(self) -> AgencyState:
        """What has been learned."""
        return AgencyState(self._observer.state(), self._noise.copy())

    @classmethod
    def from_state(cls, state: AgencyState) -> Agency:
        """Go on from what was learned."""
        return cls(state)

    @property
    def doubt(self) -> tuple[float, ...]:
        """How much there is to learn by probing each part, what a ``Prober`` draws by: 0 to 1.

        A part that holds nothing and is asked nothing may have lost its torque without a sign; one
        that moves as it should may be moved by another.
        """
        shown = np.clip(self._evidence / EVIDENCE_LEAST, 0.0, 1.0)
        return tuple(
            max(
                1.0 - float(shown[joints].min()),
                DOUBT_MOVING if self._verdicts[part] is Verdict.SELF else DOUBT_LEAST,
            )
            for part, joints in zip(PARTS, JOINTS_OF, strict=True)
        )

    def step(
        self,
        sense: BodySense,
        intent_rad: Sequence[float],
        goal_rad: Sequence[float],
        sent: JointTargets | None,
    ) -> AgencyTick:
        """Judge what is felt now by what was sent before; then take note of what is sent now.

        Args:
            sense: the body as felt in this tick.
            intent_rad: nine goals that are wanted.
            goal_rad: the same with a probe's alteration, as it goes to the gate.
            sent: what was written to the servos in this tick, None where nothing was.
        """
        joints = sense.joints
        sound = joints is not None and usable(joints, JOINTS_STREAM, sense.t_mono_ns)
        if joints is None or not sound or sent is None or not sent.torque_enabled:
            self._clear()
            return _unknown(sense.t_mono_ns)
        if not all(map(_sound, joints.joints)):
            self._clear()
            return _unknown(sense.t_mono_ns)
        load = self._observer.step(joints, sent)
        before, self._sent = self._sent, _noted(intent_rad, goal_rad, sent)
        if load is None or before is None:
            self._displaced = _NOBODY
            return _unknown(sense.t_mono_ns)
        lost = self._weigh_currents(joints, load)
        answers = self._compare(load, before)
        verdicts, strangeness = self._judge(joints.t_mono_ns, load, lost)
        self._verdicts = verdicts
        own = _ALL
        if max(verdicts) > Verdict.SELF:
            own = np.repeat([verdict <= Verdict.SELF for verdict in verdicts], _WIDTHS)
        self._observer.learn(load, own)
        indices = tuple(np.flatnonzero(lost).tolist())
        return AgencyTick(
            t_mono_ns=joints.t_mono_ns,
            verdicts=verdicts,
            strangeness=strangeness,
            lost=indices,
            fault=Fault.TORQUE_LOST if indices else Fault.NONE,
            answer=answers,
            intent_rad=before.intent_rad,
            command_rad=before.command_rad,
            predicted_rad=load.predicted_rad,
            measured_rad=load.measured_rad,
            probed=before.probed,
        )

    def _weigh_currents(self, joints: JointsSense, load: Load) -> NDArray[np.bool_]:
        """Sum the evidence that a motor is off; which of them are."""
        off = np.array([not j.torque_enabled for j in joints.joints])
        since_ns = joints.t_mono_ns - TOLD_NS
        told = np.array([0 < j.t_telemetry_ns >= since_ns for j in joints.joints])
        noise = self._noise**2
        obeying = noise + (CURRENT_SHARE * load.expected_a) ** 2
        error = (load.current_a - load.expected_a) ** 2
        said = 0.5 * (error / obeying - load.current_a**2 / noise + np.log(obeying / noise))
        said = np.minimum(np.maximum(said, -EVIDENCE_STEP), EVIDENCE_STEP)
        said *= told * min(1.0, load.dt_s / READING_S)
        faded = np.where(told & (self._evidence > 0.0), 1.0, 1.0 - load.dt_s / CONFIRMED_S)
        said += faded * self._evidence
        self._evidence = np.minimum(np.maximum(said, EVIDENCE_LEAST), EVIDENCE_MOST)
        rate = (load.dt_s / CURRENT_LEARN_S) * (told & (self._evidence < 0.0))
        noise += rate * (np.minimum(error, 9.0 * obeying) - noise)
        np.sqrt(noise, out=noise)
        self._noise = np.minimum(np.maximum(noise, CURRENT_NOISE_A[0]), CURRENT_NOISE_A[1])
        return off | (self._evidence >= EVIDENCE)

    def _compare(self, load: Load, before: _Sent) -> tuple[float | None, ...]:
        """What the probes asked for beside what came of it."""
        displaced, was = before.displaced_rad, self._displaced
        self._displaced = displaced
        probed = displaced is not _NOBODY or was is not _NOBODY
        if not probed and not any(one.running for one in self._contrast):
            return _NO_ANSWER
        asked = load.torque_of(was, displaced)
        found: list[float | None] = []
        for part, contrast in zip(PARTS, self._contrast, strict=True):
            joints = JOINTS_OF[part]
            found.append(
                contrast.follow(
                    asked[joints],
                    load.bare_n_m[joints],
                    load.friction_n_m[joints],
                    probed=before.probed[part],
                )
            )
        return tuple(found)

    def _judge(
        self, t_ns: int, load: Load, lost: NDArray[np.bool_]
    ) -> tuple[tuple[Verdict, ...], tuple[float, ...]]:
        past = self._past
        before = past[-1] if past else (t_ns, load.reference_rad, load.measured_rad)
        past.append((t_ns, load.reference_rad, load.measured_rad))
        while t_ns - past[0][0] > WINDOW_NS and len(past) > FEWEST:
            past.popleft()
        _, reference, measured = past[0]
        asked, moved = load.reference_rad - reference, load.measured_rad - measured
        way = np.maximum(np.abs(asked), np.abs(moved))
        ways = np.maximum.reduceat(way, _STARTS).tolist()
        ratio = (load.strange_n_m / load.scale_n_m) ** 2
        ratios = np.add.reduceat(ratio, _STARTS).tolist()
        any_lost = bool(lost.any())
        verdicts, strangeness = [], []
        for part in PARTS:
            joints = JOINTS_OF[part]
            strange = sqrt(ratios[part] / _WIDTHS[part]) / STRANGE[part]
            strangeness.append(strange)
            since = self._since[part]
            if strange < (1.0 if since is None else RELEASED):
                self._since[part] = None
                verdict = self._left_alone(part, load.dt_s, moving=ways[part] > MOVED_RAD)
            else:
                if since is None:
                    since = self._since[part] = before
                verdict = _disturbed(load, joints, since)
            if self._contrast[part].dead:
                lost[joints] |= self._evidence[joints] >= 0.0
                any_lost = bool(lost.any())
            if any_lost and lost[joints].any():
                verdict = Verdict.TORQUE_LOST
            verdicts.append(verdict)
        return tuple(verdicts), tuple(strangeness)

    def _left_alone(self, part: Part, dt_s: float, *, moving: bool) -> Verdict:
        """The verdict where nothing strange rests on a part."""
        contrast = self._contrast[part]
        if moving:
            contrast.rested_s = 0.0
            return Verdict.PUSHED if contrast.foreign else Verdict.SELF
        contrast.rested_s += dt_s
        if contrast.rested_s > RESTED_S:
            contrast.foreign = False
            contrast.dead = contrast.dead or contrast.unanswered >= UNANSWERED
        return Verdict.STILL


def _disturbed(load: Load, joints: slice, since: tuple[int, Array, Array]) -> Verdict:
    """The verdict where something strange has rested on a part ``since`` then."""
    asked = load.reference_rad[joints] - since[1][joints]
    moved = load.measured_rad[joints] - since[2][joints]
    push = load.strange_n_m[joints]
    way = float(asked @ asked)
    if way < ASKED_RAD**2:
        return Verdict.PUSHED
    against = float(push @ asked) / sqrt(way * float(push @ push))
    held = HELD[0] < float(moved @ asked) / way < HELD[1]
    return Verdict.BLOCKED if held and against < AGAINST else Verdict.PUSHED


def _sound(joint: JointSense) -> bool:
    return joint.answered and isfinite(
        joint.position_rad + joint.velocity_rad_s + joint.current_a + joint.voltage_v
    )


def _noted(intent_rad: Sequence[float], goal_rad: Sequence[float], sent: JointTargets) -> _Sent:
    intent, command = np.array(intent_rad), np.array(sent.position_rad)
    if goal_rad is intent_rad or tuple(goal_rad) == tuple(intent_rad):
        return _Sent(intent, command, _NOBODY, _UNPROBED)
    displaced = np.array(goal_rad) - intent
    probed = displaced != 0.0
    return _Sent(
        intent,
        command,
        displaced,
        tuple(bool(probed[joints].any()) for joints in JOINTS_OF),
    )


def _unknown(t_mono_ns: int) -> AgencyTick:
    return AgencyTick(
        t_mono_ns, (Verdict.UNKNOWN,) * len(PARTS), (0.0,) * len(PARTS), (), Fault.NONE, _NO_ANSWER,
        _NOBODY, _NOBODY, _NOBODY, _NOBODY, (False,) * len(PARTS),
    )  # fmt: skip
