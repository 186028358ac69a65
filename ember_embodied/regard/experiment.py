"""The experiment: babble, watch, feel, and say what is one's own, minute by minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.bench.cerebellum.disturbed_lives import live
from ember_embodied.regard.babble import QUIET_S, Song
from ember_embodied.regard.contingency import Contingency, contingency
from ember_embodied.regard.scene import OWN, REACTION_S, SPOTS, Scene
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import JOINTS, LEFT_ANTENNA, RIGHT_ANTENNA
from firmware_bridge.senses import BodySense
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.scenario import Failure, Hand, Scenario

Array = NDArray[np.float64]

RATE_HZ: Final = 10.0
MINUTES_MOST: Final = 10.0
LED_JOINT: Final = RIGHT_ANTENNA
LED_PERIOD_S: Final = 1.8
FELT: Final = (LEFT_ANTENNA, RIGHT_ANTENNA, *range(1, 7))
"""Joints that are felt; the body stands."""
ANTENNAS: Final = slice(2, 4)
"""Channels of the song that move what is seen; the head moves the eye, and so all that is seen."""
STEPS_MIN: Final = (0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is thought of one thing that is seen or felt."""

    contingency: Contingency
    truly_own: bool
    own: bool
    """By the contrast."""
    own_by_matching: bool


@dataclass(frozen=True, slots=True)
class Regard:
    """An experiment."""

    seed: int
    minutes: float
    led: bool
    reaction_s: float
    felt_lag: int
    """Ticks from a command to the own movement that is felt."""
    seen: tuple[Finding, ...]
    felt: tuple[Finding, ...]
    course: tuple[tuple[float, int, int], ...]
    """(minutes, things judged right by the contrast, by matching), of all that is seen."""

    @property
    def right(self) -> int:
        """Of all that is seen and felt, judged right by the contrast."""
        return sum(one.own == one.truly_own for one in (*self.seen, *self.felt))

    @property
    def right_by_matching(self) -> int:
        """The same, by matching."""
        return sum(one.own_by_matching == one.truly_own for one in (*self.seen, *self.felt))


@dataclass(frozen=True, slots=True)
class _Watched:
    """What was commanded, seen and felt in every tick of an experiment; T ticks."""

    reaction_s: float
    t_s: Array
    """[T]"""
    told: Array
    """[T, channels] rates of the song as it was meant, rad/s."""
    departed: Array
    """[T, channels] how far the song as it was sung departs from that, rad/s."""
    bearings_rad: Array
    """[T, spots]"""
    usable: NDArray[np.bool_]
    """[T, spots] ticks in which a spot's motion was seen."""
    felt: Array
    """[T, joints of ``FELT``] rad/s."""
    turning: Array
    """[T, 2] own turning of the head, rad/s."""


def regard(seed: int, minutes: float, *, led: bool = False) -> Regard:
    """Live the experiment in the simulator.

    ``led``: the right antenna's motor is dead, and a hand sways it: felt, and not one's own.
    """
    watched = _watch(seed, minutes * 60.0, led=led)
    surrogates = np.random.default_rng([seed, 12])
    course = []
    for minute in (*(m for m in STEPS_MIN if m < minutes), minutes):
        ticks = min(len(watched.t_s), round(minute * 60.0 * RATE_HZ))
        joints = _of_joints(watched, ticks, surrogates)
        spots = _of_spots(watched, ticks, surrogates)
        lag = _felt_lag(joints)
        right = sum(spot.own(lag) == (spot.name in OWN) for spot in spots)
        course.append((minute, right, sum(s.matches == (s.name in OWN) for s in spots)))
    dead = JOINTS[LED_JOINT].name if led else ""
    return Regard(
        seed,
        minutes,
        led,
        watched.reaction_s,
        lag,
        tuple(Finding(s, s.name in OWN, s.own(lag), s.matches) for s in spots),
        tuple(Finding(j, j.name != dead, j.own(lag), j.matches) for j in joints),
        tuple(course),
    )


def _watch(seed: int, seconds: float, *, led: bool) -> _Watched:
    """Babble for so long, and note what is seen and felt."""
    rng = np.random.default_rng([seed, 11])
    song, other = (Song.draw(rng, seconds) for _ in range(2))
    own = song.departed(rng)
    scene = Scene(song, other, rng, float(rng.uniform(*REACTION_S)))
    felt: list[list[float]] = []
    heads: list[tuple[float, float]] = []

    def follow(
        sense: BodySense,
        goal: JointTargets,  # noqa: ARG001
        sent: JointTargets | None,  # noqa: ARG001
        body: SimBody,
    ) -> None:
        """Note what was seen and felt in one tick: speeds, rad/s, and the head, rad."""
        assert sense.joints is not None, "the simulated bus answers from the start"
        scene.look(sense, body)
        felt.append([sense.joints.joints[joint].velocity_rad_s for joint in FELT])
        heads.append((sense.head.yaw_rad, sense.head.pitch_rad))

    live(_scenario(seconds, led=led), own.command, seed, RATE_HZ, seconds, follow=follow)
    times, seen = np.array(scene.t_s), np.array(scene.seen)
    told, sung = (_rates(np.array([one.at(t_s) for t_s in times])) for one in (song, own))
    usable = seen.copy()
    usable[1:] &= seen[:-1]
    return _Watched(
        reaction_s=scene.reaction_s,
        t_s=times,
        told=told,
        departed=sung - told,
        bearings_rad=np.array(scene.bearings_rad),
        usable=usable & (times > QUIET_S)[:, None],
        felt=np.array(felt),
        turning=_rates(np.array(heads)),
    )


def _of_joints(watched: _Watched, ticks: int, surrogates: np.random.Generator) -> list[Contingency]:
    """Contingency of each joint that is felt, by the first ``ticks`` ticks alone."""
    return [
        contingency(
            JOINTS[joint].name,
            watched.felt[:ticks, [column]],
            watched.t_s[:ticks] > QUIET_S,
            watched.told[:ticks],
            watched.departed[:ticks],
            np.zeros((ticks, 0)),
            surrogates,
        )
        for column, joint in enumerate(FELT)
    ]


def _of_spots(watched: _Watched, ticks: int, surrogates: np.random.Generator) -> list[Contingency]:
    """Contingency of each spot that is seen, by the first ``ticks`` ticks alone."""
    return [
        contingency(
            name,
            _rates(watched.bearings_rad[:ticks, number]),
            watched.usable[:ticks, number],
            watched.told[:ticks, ANTENNAS],
            watched.departed[:ticks, ANTENNAS],
            watched.turning[:ticks],
            surrogates,
        )
        for number, name in enumerate(SPOTS)
    ]


def _felt_lag(joints: list[Contingency]) -> int:
    """The delay at which most of what is felt follows the own departures."""
    return round(float(np.median([joint.contrast_lag for joint in joints if joint.heeds()] or [1])))


def _rates(values: Array) -> Array:
    rates = np.zeros_like(values)
    rates[1:] = np.diff(values, axis=0) * RATE_HZ
    return rates


def _scenario(seconds: float, *, led: bool) -> Scenario:
    if not led:
        return Scenario()
    who = JOINTS[LED_JOINT].name
    return Scenario(
        hands=(
            Hand(
                at_s=QUIET_S,
                seconds=seconds,
                kind="swing",
                place="right_antenna",
                force_n=8.0,
                angle_deg=25.0,
                rhythm_s=LED_PERIOD_S,
            ),
        ),
        failures=(Failure(QUIET_S, seconds, who, "torque_silent"),),
    )
