"""What of a movement was one's own: intent, command, prediction, measurement, and a verdict.

Four verdicts on each part of the body (body, head, right and left antenna), by what its servos'
own equations leave unexplained (``load``):

- self: it moves as the command asks, and nothing strange rests on it;
- pushed: a strange load moves it across, against or beyond the command, or bends it at rest;
- blocked: a strange load stands against the command, and the part does not follow it;
- torque lost: a servo's error asks for a current, and none flows (``torque_loss``). A register that
  says so is believed at once.

All of that is matching, and matching proves nothing where somebody else moves the part in the same
rhythm, or where nothing is asked of a servo for long. So ``probe`` alters the command now and then,
and ``Contrast`` compares what that should have changed with what it changed: an effect follows its
own cause, whoever else moves (von Holst and Mittelstaedt 1950; Pearl, Causality, 2009, ch. 1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from cerebellum.load import Load, LoadObserver, LoadState
from cerebellum.probe import JOINTS_OF, PARTS, Contrast
from cerebellum.proprioception import Felt, feel
from cerebellum.torque_loss import TorqueLoss
from cerebellum.verdict import CALM, AgencyTick, Place, Verdict, disturbed
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import JOINT_COUNT
from firmware_bridge.senses import JOINTS_STREAM, BodySense, Fault, usable

Array = NDArray[np.float64]

STRANGE: Final = (2.8, 7.5, 8.0, 8.0)
"""How many times its usual size the unexplained load of each part must be. The body's is a narrow
one, mostly friction; legs pull at each other, and antennas swing, so theirs have longer tails: one
tick in a thousand is beyond."""
MOVED_RAD: Final = 0.015
"""Less than this within ``WINDOW_S`` is no movement: more than a pulse, less than one sees."""
WINDOW_S: Final = 0.3
UNANSWERED: Final = 2
"""So many probes in a row that a part at rest did not follow, and its torque counts as lost."""
RESTED_S: Final = 1.0
"""So long a part stands still until a movement is over: a sway stands at each of its ends."""
DOUBT_LEAST: Final = 0.1
DOUBT_MOVING: Final = 0.5
"""A part that claims a movement for its own is to be asked: matching proves nothing."""
WINDOW_NS: Final = round(WINDOW_S * 1e9)
FEWEST: Final = 2
"""Ticks in the window at least, however slow the loop is."""
_NO_ANSWER: Final = (None,) * len(PARTS)
_NOBODY: Final = np.zeros(JOINT_COUNT)
_NOWHERE: Final = (0.0,) * JOINT_COUNT
_ALL: Final = (True,) * JOINT_COUNT
_PART_OF: Final = tuple(
    part for part, joints in zip(PARTS, JOINTS_OF, strict=True) for _ in range(JOINT_COUNT)[joints]
)
"""Of each joint."""
_UNPROBED: Final = (False,) * len(PARTS)


@dataclass(frozen=True)
class AgencyState:
    """What is kept over nights."""

    KIND: ClassVar[str] = "agency"
    VERSION: ClassVar[int] = 2

    load: LoadState
    current_noise_a2: Array
    """[9] expected square of what the currents' equation leaves, A^2."""


class _Sent(msgspec.Struct, frozen=True):
    """What the last tick sent, and why."""

    intent_rad: Sequence[float]
    command_rad: Sequence[float]
    displaced_rad: Array
    """What a probe added to the intent; zero where there is none."""
    probed: tuple[bool, ...]


class Agency:
    """Judges every tick. Deterministic; draws nothing and reads no clock."""

    def __init__(self, state: AgencyState | None = None) -> None:
        self._observer = LoadObserver(None if state is None else state.load)
        self._torque = TorqueLoss(None if state is None else state.current_noise_a2)
        self._clear()

    def _clear(self) -> None:
        self._observer.forget_motion()
        self._torque.forget()
        self._sent: _Sent | None = None
        self._displaced = _NOBODY
        self._past: deque[Place] = deque()
        self._since: list[Place | None] = [None] * len(PARTS)
        self._contrast = [Contrast(part) for part in PARTS]
        self._asking = False
        self._verdicts: tuple[Verdict, ...] = (Verdict.UNKNOWN,) * len(PARTS)

    def state(self) -> AgencyState:
        """What has been learned."""
        return AgencyState(self._observer.state(), np.array(self._torque.noise_a2))

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
        return tuple(
            max(
                1.0 - self._torque.shown(joints),
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
        felt: Felt | None = None,
    ) -> AgencyTick:
        """Judge what is felt now by what was sent before; then take note of what is sent now.

        Args:
            sense: the body as felt in this tick.
            intent_rad: nine goals that are wanted.
            goal_rad: the same with a probe's alteration, as it goes to the gate.
            sent: what was written to the servos in this tick, None where nothing was.
            felt: the joints of ``sense``, where they have been read before.
        """
        joints = sense.joints
        if (
            joints is None
            or sent is None
            or not sent.torque_enabled
            or not usable(joints, JOINTS_STREAM, sense.t_mono_ns)
        ):
            self._clear()
            return _unknown(sense.t_mono_ns)
        felt, t_ns = felt or feel(joints), joints.t_mono_ns
        if not (felt.answered and felt.finite):
            self._clear()
            return _unknown(sense.t_mono_ns)
        load = self._observer.step(t_ns, felt, sent)
        before, self._sent = self._sent, _noted(intent_rad, goal_rad, sent)
        if load is None or before is None:
            self._displaced = _NOBODY
            return _unknown(sense.t_mono_ns)
        lost = self._torque.weigh(t_ns, felt, load)
        answers = self._compare(load, before)
        verdicts, strangeness, indices = self._judge(t_ns, load, lost)
        self._verdicts = verdicts
        own: Sequence[bool] = _ALL
        if max(verdicts) > Verdict.SELF:
            own = [verdicts[part] <= Verdict.SELF for part in _PART_OF]
        self._observer.learn(load, own)
        return AgencyTick(
            t_mono_ns=t_ns,
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

    def _compare(self, load: Load, before: _Sent) -> tuple[float | None, ...]:
        """What the probes asked for beside what came of it."""
        displaced, was = before.displaced_rad, self._displaced
        self._displaced = displaced
        probed = displaced is not _NOBODY or was is not _NOBODY
        if not probed and not self._asking:
            return _NO_ANSWER
        asked = load.torque_of(was, displaced)
        bare, found = load.bare_n_m, list[float | None]()
        for part, contrast in zip(PARTS, self._contrast, strict=True):
            joints = JOINTS_OF[part]
            found.append(
                contrast.follow(
                    asked[joints],
                    np.array(bare[joints]),
                    np.array(load.friction_n_m[joints]),
                    probed=before.probed[part],
                )
            )
        self._asking = any(one.running for one in self._contrast)
        return tuple(found)

    def _judge(
        self, t_ns: int, load: Load, lost: list[bool] | None
    ) -> tuple[tuple[Verdict, ...], tuple[float, ...], tuple[int, ...]]:
        """Verdicts and strangeness of all parts, and the servos that hold no torque."""
        past = self._past
        before = past[-1] if past else (t_ns, load.reference_rad, load.measured_rad)
        past.append((t_ns, load.reference_rad, load.measured_rad))
        while t_ns - past[0][0] > WINDOW_NS and len(past) > FEWEST:
            past.popleft()
        _, asked, measured = past[0]
        ways = zip(load.reference_rad, asked, load.measured_rad, measured, strict=True)
        far = [
            not (
                -MOVED_RAD <= goal - past_goal <= MOVED_RAD and -MOVED_RAD <= is_ - was <= MOVED_RAD
            )
            for goal, past_goal, is_, was in ways
        ]
        ratios = [a / b for a, b in zip(load.strange_n_m, load.scale_n_m, strict=True)]
        verdicts, strangeness = [], []
        told = zip(PARTS, JOINTS_OF, STRANGE, self._since, self._contrast, strict=True)
        for part, joints, most, since, contrast in told:
            strange = _rms(ratios[joints]) / most
            strangeness.append(strange)
            if strange < (1.0 if since is None else CALM):
                self._since[part] = None
                verdict = _left_alone(contrast, load.dt_s, moving=True in far[joints])
            else:
                since = self._since[part] = since or before
                verdict = disturbed(load, joints, since)
            if contrast.dead:
                lost = lost or [False] * JOINT_COUNT
                for joint in range(*joints.indices(JOINT_COUNT)):
                    lost[joint] = lost[joint] or self._torque.evidence[joint] >= 0.0
            if lost is not None and any(lost[joints]):
                verdict = Verdict.TORQUE_LOST
            verdicts.append(verdict)
        indices = () if lost is None else tuple(i for i, off in enumerate(lost) if off)
        return tuple(verdicts), tuple(strangeness), indices


def _left_alone(contrast: Contrast, dt_s: float, *, moving: bool) -> Verdict:
    """The verdict where nothing strange rests on a part."""
    if moving:
        contrast.rested_s = 0.0
        return Verdict.PUSHED if contrast.foreign else Verdict.SELF
    contrast.rested_s += dt_s
    if contrast.rested_s > RESTED_S:
        contrast.foreign = False
        contrast.dead = contrast.dead or contrast.unanswered >= UNANSWERED
    return Verdict.STILL


def _rms(numbers: Sequence[float]) -> float:
    if len(numbers) == 1:
        return abs(numbers[0])
    return sqrt(sum([number * number for number in numbers]) / len(numbers))


def _noted(intent_rad: Sequence[float], goal_rad: Sequence[float], sent: JointTargets) -> _Sent:
    intent, command = tuple(intent_rad), sent.position_rad
    if goal_rad is intent_rad or tuple(goal_rad) == intent:
        return _Sent(intent, command, _NOBODY, _UNPROBED)
    displaced = np.subtract(goal_rad, intent)
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
        _NOWHERE, _NOWHERE, _NOWHERE, _NOWHERE, (False,) * len(PARTS),
    )  # fmt: skip
