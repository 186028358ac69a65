"""All that adapts while the robot moves, as one: what it adds to a tick, and what it learns of it.

    before the command    correct (sound), body_goal, altered (probe), fault     only reads
    after the command     learn                                                  changes all

So a tick with the same cerebellum is the same tick, learning never delays a movement, and a replay
that hands each tick to ``learn`` goes the same way, to the bit.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from cerebellum.agency import Agency
from cerebellum.felt import FeltEvent, Kind, Phase
from cerebellum.forward_model import ForwardModel
from cerebellum.forward_state import initial_state
from cerebellum.looking import Looks
from cerebellum.off_policy import Choice
from cerebellum.own_motion import Hearing, OwnMotion, OwnMotionState
from cerebellum.pointing import Look, Pointing
from cerebellum.probe import Part, Probe, Prober
from cerebellum.proprioception import believable
from cerebellum.reach_table import ReachTable
from cerebellum.settings import CerebellumSettings
from cerebellum.snapshot import PartState
from cerebellum.surprise import Outlook, Surprise
from cerebellum.touch import Touch
from cerebellum.turning import Reach, Turning
from cerebellum.verdict import AgencyTick, Verdict
from firmware_bridge.command import JointTargets
from firmware_bridge.senses import DOA_STREAM, BodySense, Fault, usable

CARRIED_S: Final = 1.5
"""A lift or turn that lasted longer has brought the robot elsewhere; a shorter one was a start."""
SURE_CARRIED: Final = 0.9
_FOREIGN: Final = (Verdict.PUSHED, Verdict.BLOCKED, Verdict.TORQUE_LOST)
_NS: Final = 1e-9


class Lived(msgspec.Struct, frozen=True):
    """One tick when its command is out."""

    sense: BodySense
    """As the body felt it, uncorrected."""
    wanted_rad: float | None
    """The body's yaw that the network wants; None where another than the network moves it."""
    intent_rad: tuple[float, ...]
    """Nine goals before a probe."""
    goal_rad: tuple[float, ...]
    """The same with it, as they went to the gate."""
    sent: JointTargets | None
    running: bool
    """The robot acts with full limits, so that it may learn."""
    sound: bool
    """No fault stands."""
    outlook: Outlook | None
    """What the network expects of the next tick."""


class Learnt(msgspec.Struct, frozen=True):
    """What came of one tick."""

    agency: AgencyTick
    hearing: Hearing
    surprise: float
    """Largest residual of the forward model, in deviations."""
    touches: tuple[FeltEvent, ...]
    look: Look | None
    reach: Reach | None
    moved: bool
    """The robot was carried: it may be in another room."""


class Cerebellum:
    """One robot's. Deterministic but for the generators that it was given."""

    def __init__(
        self,
        settings: CerebellumSettings,
        period_s: float,
        rng: np.random.Generator,
        *,
        pointing: Pointing | None = None,
        reach: ReachTable | None = None,
        model: ForwardModel | None = None,
        own_motion: OwnMotionState | None = None,
        agency: Agency | None = None,
    ) -> None:
        """Parts that are not given begin anew. ``rng`` draws choices and probes."""
        choosing, probing = rng.spawn(2)
        self._hears, self._turns = settings.hearing, settings.turning
        self._raises = settings.torque_fault
        self.pointing = pointing or Pointing.anew(choosing, settings.randomisation)
        self.turning = Turning(reach or ReachTable())
        self.model = model or ForwardModel(initial_state(period_s))
        self.own_motion = OwnMotion(own_motion or OwnMotionState())
        self.agency = agency or Agency()
        self._touch = Touch(period_s)
        self._looks = Looks()
        self._prober = Prober(probing, settings.probe_every_s) if settings.probes else None
        self._sent: JointTargets | None = None
        self._outlook: Outlook | None = None
        self._lost = False
        self._frozen = settings.frozen

    @property
    def frozen(self) -> bool:
        """True: corrects, but does not learn. May be set between two ticks."""
        return self._frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self._frozen = frozen

    @property
    def choice(self) -> Choice:
        """The variant that corrects now, with what is to be logged of it."""
        return self.pointing.choice

    @property
    def fault(self) -> Fault:
        """What the last tick has shown to be wrong with the motors."""
        return Fault.TORQUE_LOST if self._lost else Fault.NONE

    @property
    def probe(self) -> Probe | None:
        """The probe that is under way."""
        return self._prober.running if self._prober is not None else None

    def correct(self, sense: BodySense) -> tuple[float, float]:
        """What to add to both directions of sound, front and mirrored, rad; 0 where nothing is."""
        doa = sense.doa
        if not self._hears or doa is None or not usable(doa, DOA_STREAM, sense.t_mono_ns):
            return 0.0, 0.0
        head, wall_ns = doa.head_yaw_rad, sense.t_wall_ns
        correct = self.pointing.correct
        return correct(doa.azimuth_rad, head, wall_ns), correct(doa.mirror_rad, head, wall_ns)

    def body_goal(self, wanted_rad: float) -> float:
        """The goal of the body's servo, so that it arrives where it is wanted, rad."""
        return self.turning.command(wanted_rad) if self._turns else wanted_rad

    def altered(self, goal_rad: tuple[float, ...], t_mono_ns: int) -> tuple[float, ...]:
        """Nine goals with the probe that is under way, if one is."""
        probe = self.probe
        if probe is None or (t_mono_ns - probe.t_mono_ns) * _NS >= probe.seconds:
            return goal_rad
        return probe.alter(goal_rad, t_mono_ns)

    def learn(self, lived: Lived) -> Learnt:
        """Take in one tick, once its command is out."""
        sense, felt = believable(lived.sense)
        learning = lived.running and not self._frozen
        surprise = self.model.step(sense, self._sent, self._outlook, felt)
        touches = self._touch.step(surprise)
        if learning:
            self.model.learn(self._touch.untouched())
        hearing = self.own_motion.step(sense, self._sent, felt)
        tick = self.agency.step(sense, lived.intent_rad, lived.goal_rad, lived.sent, felt)
        self._lost = self._raises and bool(tick.fault)
        reach = self._turn(sense, lived, tick, learning=learning)
        moved = bool(touches) and any(map(_carried, touches))
        if moved:
            self.pointing.moved()
        look = self._look(sense, hearing, learning=learning)
        if self._prober is not None:
            allowed = lived.running and lived.sound and tick.calm
            doubt = self.agency.doubt
            self._prober.alter(lived.intent_rad, sense.t_mono_ns, allowed=allowed, doubt=doubt)
        self._sent, self._outlook = lived.sent, lived.outlook
        largest = _largest(surprise)
        return Learnt(tick, hearing, largest, touches, look, reach, moved)

    def states(self) -> tuple[PartState, ...]:
        """What was learned, part by part: copies, to be kept on a disk."""
        pointing = self.pointing
        return (
            pointing.table.state(),
            pointing.selector.state(),
            pointing.renewal(),
            self.turning.table.state(),
            self.model.state(),
            self.own_motion.state(),
            self.agency.state(),
        )

    def _turn(
        self, sense: BodySense, lived: Lived, tick: AgencyTick, *, learning: bool
    ) -> Reach | None:
        sent, wanted_rad = lived.sent, lived.wanted_rad
        if wanted_rad is None or sent is None or not sent.torque_enabled:
            self.turning.forget()
            return None
        foreign = tick.verdicts[Part.BODY] in _FOREIGN
        self.turning.table.frozen = not learning
        return self.turning.follow(
            sense, wanted_rad, sent.position_rad[0], disturbed=foreign or not lived.sound
        )

    def _look(self, sense: BodySense, hearing: Hearing, *, learning: bool) -> Look | None:
        pointing = self.pointing
        trial = self._looks.step(sense, hearing, pointing.place)
        if trial is None:
            return pointing.go_on()
        pointing.table.frozen = not learning
        return pointing.take(trial, sense.t_mono_ns, sense.t_wall_ns)


def _carried(event: FeltEvent) -> bool:
    """A touch that has brought the robot elsewhere."""
    lasted_s = (event.t_mono_ns - event.since_ns) * _NS
    over = event.phase is Phase.OVER and event.kind in (Kind.LIFT, Kind.TURN)
    return over and lasted_s >= CARRIED_S and event.confidence >= SURE_CARRIED


def _largest(surprise: Surprise) -> float:
    scores: list[float] = surprise.score.tolist()
    return abs(max(max(scores), -min(scores)))
