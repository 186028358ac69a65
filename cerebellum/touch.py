"""The skin without skin: where and how the robot is touched, from what its own motion leaves open.

An episode begins when the evidence (``contact``) goes beyond what an untouched robot hardly ever
says, in one tick or, less far, for a quarter of a second, and is over when it has been quiet for a
while: that is the hysteresis. Where it is, and what is done, is what the evidence of the episode
says together: a place may be corrected soon after the beginning, a kind is known when it is over.
How hard is told from what the servos still hold against; what lasts too long is a new state of the
world, and is learned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.contact import (
    KINDS,
    NOTHING,
    PLACES,
    ROBOT_KINDS,
    Contact,
    ContactNet,
    ContactPrior,
    Evidence,
    read_contact_net,
)
from cerebellum.felt import FeltEvent, Kind, Phase, Place, Strength
from cerebellum.forward_prior import read_prior
from cerebellum.surprise import ALL, LAG, NONE, PULSE_RAD, Surprise
from firmware_bridge.joints import BODY_YAW, LEFT_ANTENNA, RIGHT_ANTENNA, STEWART

QUIET: Final = 0.0
"""Log odds below which a touch is no longer likely."""
CALM: Final = -2.0
"""Log odds below which what moves may be learned as the robot's own."""
QUIET_S: Final = 0.35
ATTRIBUTE_S: Final = 0.3
"""In this time after its beginning the place of a touch may be corrected."""
KNOWN_S: Final = 0.7
"""After this time a kind may be told before the touch is over."""
KIND_S: Final = 0.3
"""Time over which the logits of kinds are averaged."""
SURE: Final = 2.0
"""Log odds of a kind against the next from which on it is told."""
LONGEST_S: Final = 10.0
"""What lasts longer is a new state of the world, and is learned."""
WAKES_S: Final = 3.0
"""So long after a robot has got its torque it rises and settles, and what it feels is no touch."""
NEW_S: Final = 15.0
"""Time in which what is asked for beyond the limits, at the beginning, falls by e: until then the
forward model knows little of its own servos."""
NEW: Final = 4.0
"""Log odds that are asked for beyond the limits at first."""
LASTS_S: Final = 0.25
"""Time over which evidence is averaged: what lasts is believed sooner than a spike."""
SPIKE: Final = 8.0
"""Log odds beyond this, for or against, count as this in the mean."""
UNTOUCHED: Final = -4.0
"""Mean of the evidence when nothing is known."""
SLEEPS_S: Final = 1.0
"""After so long without knowing anything it wakes anew."""
AFTER_S: Final = 0.5
"""For so long after an episode nothing is learned: it rings out."""
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
_NS: Final = 1e-9
_OF_ROBOT: Final = tuple(kind in ROBOT_KINDS for kind in KINDS)


@dataclass(slots=True)
class _Episode:
    number: int
    since_ns: int
    imu: bool
    active_ns: int
    place: Place
    kind: Kind = Kind.TOUCH
    most: float = 0.0
    """Greatest log odds."""
    places: list[float] = field(default_factory=lambda: [0.0] * len(PLACES))
    """Sums of the logits while it was active."""
    kinds: list[float] = field(default_factory=lambda: [0.0] * len(KINDS))
    """Their running means: what a touch is shows as it goes on."""
    load: NDArray[np.float64] = field(default_factory=lambda: np.zeros(LAG.stop))
    """Sum of the surprises of the lags, pulses: what still presses."""
    force_n: float = 0.0


class Touch:
    """``step`` once a tick; ``untouched`` then says what the forward model may learn from."""

    def __init__(self, period_s: float, prior: ContactPrior | None = None) -> None:
        """Nothing is touched, and nothing is known; ``prior`` is the period's, or another."""
        net = read_contact_net(period_s) if prior is None else ContactNet(prior)
        prior = prior or read_prior(ContactPrior, period_s)
        self._contact = Contact(net, period_s)
        self._begins, self._begins_blind = prior.begins, prior.begins_blind
        self._fresh = 1.0 - math.exp(-period_s / KIND_S)
        self._newest = 1.0 - math.exp(-period_s / LASTS_S)
        self._less = max(0.0, math.log(LASTS_S / period_s))
        """Log odds by which a mean may be lower than one tick: n of them are as rare as one."""
        self._lasting = UNTOUCHED
        self._period_ns = round(period_s * 1e9)
        self._episode: _Episode | None = None
        self._number = 0
        self._now_ns = 0
        self._over_ns = self._known_ns = self._woke_ns = -(10**18)
        self._born_ns: int | None = None
        self.evidence = NOTHING

    def untouched(self) -> NDArray[np.bool_]:
        """[24] Channels that nobody but the robot moves now."""
        apart = self._now_ns - self._over_ns > AFTER_S * 1e9
        calm = self._episode is None and apart and self.evidence.known
        return ALL if calm and self.evidence.touch < CALM else NONE

    def step(self, surprise: Surprise) -> tuple[FeltEvent, ...]:
        """What the skin says of this tick; mostly nothing."""
        self._now_ns = surprise.t_mono_ns
        evidence = self.evidence = self._contact.step(surprise)
        episode = self._episode
        if evidence.known:
            if self._now_ns - self._known_ns > SLEEPS_S * 1e9:
                self._woke_ns = self._now_ns
                self._lasting = UNTOUCHED
            self._known_ns = self._now_ns
            if self._born_ns is None:
                self._born_ns = self._now_ns
            held = min(max(evidence.touch, -SPIKE), SPIKE)
            self._lasting += self._newest * (held - self._lasting)
        if episode is None:
            return self._start(surprise, evidence) if self._begins_now(evidence) else ()
        if evidence.known:
            self._follow(episode, surprise, evidence)
        if self._now_ns - episode.active_ns >= QUIET_S * 1e9:
            return self._end(episode)
        if self._now_ns - episode.since_ns >= LONGEST_S * 1e9:
            return self._end(episode)
        return self._revise(episode)

    def _begins_now(self, evidence: Evidence) -> bool:
        """Whether this tick, or the last ticks together, say more than untouched ones do.

        Without an IMU only one tick's word counts: what lasts there is the model's own error.
        """
        if not evidence.known or self._born_ns is None:
            return False
        limit = self._begins if evidence.imu else self._begins_blind
        most = max(evidence.touch, self._lasting + self._less) if evidence.imu else evidence.touch
        # Most ticks are far below the limit: the exponential is for the few that are not.
        if most < limit or self._now_ns - self._woke_ns < WAKES_S * 1e9:
            return False
        lived_s = (self._now_ns - self._born_ns) * _NS
        return most >= limit + NEW * math.exp(-lived_s / NEW_S)

    def _start(self, surprise: Surprise, evidence: Evidence) -> tuple[FeltEvent, ...]:
        self._number += 1
        since_ns = self._now_ns - self._period_ns
        place = _likeliest(evidence.places)
        episode = _Episode(self._number, since_ns, evidence.imu, self._now_ns, place)
        self._episode = episode
        self._follow(episode, surprise, evidence)
        episode.kind = Kind.MOVED if episode.place is Place.ROBOT else Kind.TOUCH
        return (self._say(episode, Phase.BEGAN),)

    def _follow(self, episode: _Episode, surprise: Surprise, evidence: Evidence) -> None:
        off = surprise.residual
        episode.load += off[LAG] * (1.0 / PULSE_RAD)
        # What it was shows best when the hand has just left.
        fresh, pairs = self._fresh, zip(episode.kinds, evidence.kinds, strict=True)
        episode.kinds = [mean + fresh * (logit - mean) for mean, logit in pairs]
        if evidence.touch < QUIET:
            return
        episode.active_ns = self._now_ns
        episode.most = max(episode.most, evidence.touch)
        pairs = zip(episode.places, evidence.places, strict=True)
        episode.places = [total + logit for total, logit in pairs]
        roll, pitch = off[18:20].tolist()
        pressed = SWAY_N_S_RAD * math.hypot(roll, pitch) if episode.place is Place.BODY else 0.0
        episode.force_n = max(episode.force_n, _load_n(episode.load, episode.place), pressed)

    def _revise(self, episode: _Episode) -> tuple[FeltEvent, ...]:
        """Another place, or the kind, once they are known."""
        before = (episode.place, episode.kind)
        since_s = (self._now_ns - episode.since_ns) * _NS
        if since_s <= ATTRIBUTE_S + self._period_ns * _NS:
            episode.place = _likeliest(episode.places)
        robot = episode.place is Place.ROBOT
        if episode.kind in (Kind.TOUCH, Kind.MOVED):
            episode.kind = Kind.MOVED if robot else Kind.TOUCH
        if since_s >= KNOWN_S:
            kind, ahead = _kind_of(episode)
            episode.kind = kind if ahead > SURE else episode.kind
        if before == (episode.place, episode.kind):
            return ()
        return (self._say(episode, Phase.KNOWN),)

    def _end(self, episode: _Episode) -> tuple[FeltEvent, ...]:
        episode.kind, _ = _kind_of(episode)
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
        confidence = 1.0 / (1.0 + math.exp(-episode.most))
        return FeltEvent(
            number=episode.number,
            t_mono_ns=self._now_ns,
            since_ns=episode.since_ns,
            phase=phase,
            place=episode.place,
            kind=episode.kind,
            strength=strength,
            force_n=force,
            confidence=confidence if episode.imu else BLIND * confidence,
        )


def _likeliest(places: Sequence[float]) -> Place:
    return PLACES[places.index(max(places))]


def _kind_of(episode: _Episode) -> tuple[Kind, float]:
    """The kind that fits the place, and how far it is ahead of the next, log odds."""
    robot = episode.place is Place.ROBOT
    known = zip(episode.kinds, KINDS, _OF_ROBOT, strict=True)
    fitting = sorted([(total, kind) for total, kind, whole in known if whole == robot])
    return fitting[-1][1], fitting[-1][0] - fitting[-2][0]


def _load_n(load: NDArray[np.float64], place: Place) -> float:
    """Force that still presses on a place."""
    if place is Place.HEAD:
        return LEG_N_PULSE * float(np.abs(load[STEWART]).sum())
    if place is Place.RIGHT_ANTENNA:
        return ANTENNA_N_PULSE * abs(float(load[RIGHT_ANTENNA]))
    if place is Place.LEFT_ANTENNA:
        return ANTENNA_N_PULSE * abs(float(load[LEFT_ANTENNA]))
    return BODY_N_PULSE * abs(float(load[BODY_YAW]))
