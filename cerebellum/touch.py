"""The skin without skin: where and how the robot is touched, from what its own motion leaves open.

An episode begins when joints and IMU together go beyond what an untouched robot says
(``contact``), and is over when all is quiet and what was pressed has come back: that is the
hysteresis. Where it is follows from mechanics. An antenna that is touched moves against its own
servo. A hand on the head loads the legs more than it shakes the foot. A hand on the body turns its
bearing, or rocks the robot on its feet and leaves the legs alone. What shakes the foot without
loading the joints comes from below, and ``balance`` tells what it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.balance import DECIDE_S, Sway, kind_of_robot
from cerebellum.contact import NOTHING, Contact, Evidence, limits_of, strongest
from cerebellum.felt import FeltEvent, Kind, Phase, Place, Strength
from cerebellum.forward_model import CHANNELS, LAG, PULSE_RAD, Surprise

BEGINS: Final = 1.25
"""Evidence of joints and IMU together; each alone has its limit at 1."""
QUIET: Final = 0.6
"""Evidence below this is quiet."""
SHOWS: Final = 0.3
"""A part with less evidence than this was not touched itself."""
QUIET_S: Final = 0.35
RELEASED: Final = 0.5
"""Share of the greatest load at which a hand has left: friction keeps some of it."""
HELD_MOST_S: Final = 4.0
"""After so long a quiet, what is left of a load is the robot's own new friction."""
ATTRIBUTE_S: Final = 0.3
"""In this time after its beginning the place of a touch may be corrected."""
TAP_S: Final = 0.4
"""A tap is over after this: 0.13 s with a deviation of 0.08 (Asakawa et al. 2017), and a tick."""
LONGEST_S: Final = 10.0
"""What lasts longer is a new state of the world, and is learned."""
AFTER_S: Final = 0.5
"""For so long after an episode nothing is learned: it rings out."""
FIRM_SHARE: Final = 0.7
FIRM_S: Final = 0.35
"""A push has this share of its load after this time; a hand that holds is felt only as the robot
moves against it."""
AS_STRONG: Final = 0.3
STROKE_S: Final = 0.35
"""A stroke presses and lets go again and again: for so long after its beginning there is evidence
of this share of the greatest. A hand that pushes or holds lets go once."""
ANTENNA_OF_LEGS: Final = 0.25
"""An antenna's evidence, as a share of the legs', from which on it was the antenna: its shaft
shakes the head, while the head's shaking hardly moves an antenna."""
LEGS_OF_SHAKEN: Final = 0.11
"""The legs' evidence, as a share of the IMU's, from which on it was the head."""
KNOCK: Final = 8.0
"""Evidence of the IMU that no hand on the body gives without turning it."""
LEAN: Final = 5.0
"""Evidence of sway that no hand on head or body gives by itself."""
RISE: Final = 2.0
DOMINANT: Final = 2.5
LEG_N_PULSE: Final = 0.059
ANTENNA_N_PULSE: Final = 0.0084
BODY_N_PULSE: Final = 0.04
"""Force per pulse of lag: P gain, torque constant and lever (0.04, 0.075 and 0.07 m)."""
SWAY_N_S_RAD: Final = 200.0
"""Force on the body per rate of sway: feet of 200 N m/rad, 0.1 m up, pressed in 0.1 s; rough."""
NOTICE_N: Final = 1.0
STRONG_N: Final = 2.5
ANTENNA_SHARE: Final = 0.25
"""An antenna notices a quarter of what the head does."""
BLIND: Final = 0.75
"""Confidence without an IMU."""
_UNDECIDED: Final = (Kind.TOUCH, Kind.MOVED)
_ROBOT_KINDS: Final = (Kind.MOVED, Kind.LIFT, Kind.TILT, Kind.TURN, Kind.BUMP)


@dataclass(slots=True)
class _Episode:
    number: int
    since_ns: int
    peak: Evidence
    place: Place = Place.BODY
    kind: Kind = Kind.TOUCH
    sway: Sway = field(default_factory=Sway)
    load: NDArray[np.float64] = field(default_factory=lambda: np.zeros(9))
    """Sum of the surprises of the lags, pulses: what still presses."""
    most: float = 0.0
    firm: float = 0.0
    released_ns: int | None = None
    active_ns: int = 0
    again_ns: int | None = None
    last_ns: int = 0
    force_n: float = 0.0


class Touch:
    """``step`` once a tick; ``untouched`` then says what the forward model may learn from."""

    def __init__(self, period_s: float) -> None:
        """Nothing is touched, and nothing is known."""
        self._contact = Contact(limits_of(period_s))
        self._period_ns = round(period_s * 1e9)
        self._episode: _Episode | None = None
        self._number = 0
        self._now_ns = 0
        self._over_ns = -(10**18)
        self.evidence = NOTHING

    def untouched(self) -> NDArray[np.bool_]:
        """[24] Channels that nobody but the robot moves now."""
        apart = self._now_ns - self._over_ns > AFTER_S * 1e9
        calm = self._episode is None and apart and self.evidence.known
        return np.full(CHANNELS, calm and total(self.evidence) < BEGINS)

    def step(self, surprise: Surprise) -> tuple[FeltEvent, ...]:
        """What the skin says of this tick; mostly nothing."""
        self._now_ns = surprise.t_mono_ns
        evidence = self.evidence = self._contact.step(surprise)
        episode = self._episode
        if not evidence.known:
            if episode is None or self._now_ns - episode.active_ns < HELD_MOST_S * 1e9:
                return ()
            return self._end(episode)
        if episode is None:
            return self._start(surprise, evidence) if total(evidence) >= BEGINS else ()
        if self._elsewhere(episode, evidence):
            return (*self._end(episode), *self._start(surprise, evidence))
        self._follow(episode, surprise, evidence)
        since_s = (self._now_ns - episode.since_ns) * 1e-9
        if self._is_over(episode, since_s):
            return self._end(episode)
        return self._revise(episode, since_s)

    def _start(self, surprise: Surprise, evidence: Evidence) -> tuple[FeltEvent, ...]:
        self._number += 1
        episode = _Episode(self._number, self._now_ns - self._period_ns, evidence)
        self._episode = episode
        episode.place = place_of(evidence)
        episode.kind = Kind.MOVED if episode.place is Place.ROBOT else Kind.TOUCH
        self._follow(episode, surprise, evidence)
        return (self._say(episode, Phase.BEGAN),)

    def _elsewhere(self, episode: _Episode, evidence: Evidence) -> bool:
        """Whether a hand comes to another place while one seems to rest where it was."""
        rests = self._now_ns - episode.active_ns >= QUIET_S * 1e9
        return rests and total(evidence) >= BEGINS and place_of(evidence) is not episode.place

    def _follow(self, episode: _Episode, surprise: Surprise, evidence: Evidence) -> None:
        since_s = (self._now_ns - episode.since_ns) * 1e-9
        if since_s <= ATTRIBUTE_S:
            episode.peak = strongest(episode.peak, evidence)
        episode.sway.follow(surprise, evidence)
        off = surprise.measured[LAG] - surprise.predicted[LAG]
        episode.load += np.where(surprise.known[LAG], off / PULSE_RAD, 0.0)
        load = _load_n(episode.load, episode.place)
        if load > episode.most:
            episode.most = load
        if since_s <= FIRM_S:
            episode.firm = episode.most
        if load > RELEASED * episode.most:
            episode.released_ns = None
        elif episode.released_ns is None:
            episode.released_ns = self._now_ns
        now = total(evidence)
        if now >= QUIET:
            episode.active_ns = self._now_ns
        if now >= max(QUIET, AS_STRONG * total(episode.peak)) and since_s > FIRM_S:
            episode.again_ns = episode.again_ns or self._now_ns
            episode.last_ns = self._now_ns
        sway = float(np.hypot(*(surprise.measured - surprise.predicted)[18:20]))
        pressed = sway * SWAY_N_S_RAD if episode.place is Place.BODY else 0.0
        episode.force_n = max(episode.force_n, episode.most, pressed)

    def _is_over(self, episode: _Episode, since_s: float) -> bool:
        quiet_s = (self._now_ns - episode.active_ns) * 1e-9
        if since_s > LONGEST_S or quiet_s > HELD_MOST_S:
            return True
        if quiet_s < QUIET_S:
            return False
        return episode.place in (Place.ROBOT, Place.BODY) or episode.released_ns is not None

    def _revise(self, episode: _Episode, since_s: float) -> tuple[FeltEvent, ...]:
        """Another place, or the kind, once they are known."""
        before = (episode.place, episode.kind)
        if since_s <= ATTRIBUTE_S + self._period_ns * 1e-9:
            episode.place = place_of(episode.peak)
        if episode.place is not Place.ROBOT and _moved_whole(episode, self.evidence):
            episode.place = Place.ROBOT
        if episode.place is Place.ROBOT:
            if episode.kind in (*_UNDECIDED, Kind.BUMP):
                episode.kind = kind_of_robot(episode.sway, since_s)
        elif episode.kind in _ROBOT_KINDS:
            episode.kind = Kind.TOUCH
        if before == (episode.place, episode.kind):
            return ()
        return (self._say(episode, Phase.KNOWN),)

    def _end(self, episode: _Episode) -> tuple[FeltEvent, ...]:
        since_s = (episode.active_ns - episode.since_ns) * 1e-9
        if episode.place is Place.ROBOT:
            if episode.kind in _UNDECIDED:
                episode.kind = kind_of_robot(episode.sway, max(since_s, DECIDE_S))
        else:
            episode.kind = _kind_of_touch(episode, since_s)
        self._episode, self._over_ns = None, self._now_ns
        said = self._say(episode, Phase.OVER)
        if episode.kind in (Kind.LIFT, Kind.TILT, Kind.TURN):
            episode.kind = Kind.SET_DOWN
            return (said, self._say(episode, Phase.OVER))
        return (said,)

    def _say(self, episode: _Episode, phase: Phase) -> FeltEvent:
        share = ANTENNA_SHARE if "antenna" in episode.place else 1.0
        force = episode.force_n
        strength = Strength.GENTLE
        if force >= NOTICE_N * share:
            strength = Strength.STRONG if force >= STRONG_N * share else Strength.NOTICE
        evidence = total(episode.peak)
        confidence = 1.0 - math.exp(-evidence)
        return FeltEvent(
            number=episode.number,
            t_mono_ns=self._now_ns,
            since_ns=episode.since_ns,
            phase=phase,
            place=episode.place,
            kind=episode.kind,
            strength=strength,
            force_n=force,
            confidence=confidence if episode.peak.imu else BLIND * confidence,
        )


def total(evidence: Evidence) -> float:
    """Joints and IMU together."""
    return math.hypot(evidence.joints, evidence.shaken)


def place_of(peak: Evidence) -> Place:
    """Where a touch is that gave this evidence, by the mechanics that the module tells."""
    antenna = max(peak.right, peak.left)
    side = Place.RIGHT_ANTENNA if peak.right > peak.left else Place.LEFT_ANTENNA
    pressed_down = peak.heave >= 1.0 and antenna < DOMINANT * peak.legs
    if antenna >= SHOWS and antenna >= ANTENNA_OF_LEGS * peak.legs and not pressed_down:
        return side
    loads = peak.legs >= SHOWS and peak.legs >= LEGS_OF_SHAKEN * peak.shaken
    if peak.imu and _from_below(peak, loads=loads):
        return Place.ROBOT
    if loads:
        return Place.HEAD
    return Place.BODY


def _from_below(peak: Evidence, *, loads: bool) -> bool:
    lifts = peak.heave >= RISE and peak.heave > DOMINANT * (peak.sway + peak.shake)
    leans = peak.sway >= LEAN and peak.sway > DOMINANT * max(peak.shake, peak.legs)
    knocks = peak.shaken >= KNOCK and not loads and peak.body < 1.0
    turns = peak.spin >= 1.0 and peak.spin > DOMINANT * max(peak.shaken, peak.body, peak.legs)
    return lifts or leans or knocks or turns


def _moved_whole(episode: _Episode, evidence: Evidence) -> bool:
    """What looked like a hand on a part, and goes on as only the whole robot moves."""
    turned = kind_of_robot(episode.sway, 0.0) is Kind.TILT
    spins = evidence.spin >= 2.0 and evidence.spin > DOMINANT * max(evidence.sway, evidence.legs)
    rises = evidence.heave >= LEAN and evidence.heave > DOMINANT * (evidence.sway + evidence.legs)
    return turned or rises or (spins and episode.place is Place.BODY)


def _load_n(load: NDArray[np.float64], place: Place) -> float:
    """Force that still presses on a place."""
    if place is Place.HEAD:
        return LEG_N_PULSE * float(np.abs(load[1:7]).sum())
    if place is Place.RIGHT_ANTENNA:
        return ANTENNA_N_PULSE * abs(float(load[7]))
    if place is Place.LEFT_ANTENNA:
        return ANTENNA_N_PULSE * abs(float(load[8]))
    return BODY_N_PULSE * abs(float(load[0]))


def _kind_of_touch(episode: _Episode, since_s: float) -> Kind:
    if since_s <= TAP_S:
        return Kind.TAP
    if episode.again_ns is not None and episode.last_ns - episode.again_ns > STROKE_S * 1e9:
        return Kind.STROKE
    return Kind.PUSH if episode.firm >= FIRM_SHARE * episode.most else Kind.HOLD
