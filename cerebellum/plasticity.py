"""When a table may learn, and how fast: the gates on evidence, and the surprise that sets the rate.

A trial is evidence only when the ear heard speech while the motors were quiet, the eye then saw
one face well, both are fresh, and the two do not contradict each other beyond belief. Everything
else is refused with its reason, and touches no table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from firmware_bridge.senses import CameraSense, DoaSense

HEARD_AGE_S: Final = 4.0
"""A look and its verification take a second or two; later the speaker may have walked on."""
SEEN_AGE_S: Final = 0.6
"""The camera's stale-after."""
SURE_FACE: Final = 0.6
"""Detector confidence from which a face is one."""
QUIET_ENERGY: Final = 0.05
STEADY_RAD_S: Final = 0.35
"""Head speed above which a face's bearing lags behind."""
STEADY_SPREAD_RAD: Final = math.radians(3.0)
"""The last bearings of the face agree this well, or somebody else came into view."""
BELIEVABLE_RAD: Final = math.radians(50.0)
"""No bias and scatter are this large: another person spoke, or the ear took front for back."""
SIDE_PRECISION: Final = 0.1
"""The least that a reading from along the array's axis is worth."""
SEEN_NOISE_RAD: Final = math.radians(1.0)
"""A face's bearing is no better than this (detector, camera mounting, pose of the head)."""
_NS: Final = 1e-9


class Verdict(IntEnum):
    """What became of a trial; from ``NOT_FINITE`` on it was refused."""

    LEARNT = 0
    CONFIRMED = 1
    """The error was within the noise of seeing: confidence grew, nothing was changed."""
    NOT_FINITE = 2
    INVALID = 3
    """A stream said that its content is not sound."""
    NOT_SPEECH = 4
    OWN_MOTION = 5
    STALE = 6
    NOT_SURE = 7
    """The face was seen badly, or not at all."""
    AMBIGUOUS = 8
    """Several faces: who spoke?"""
    UNSTEADY = 9
    """The head still moved, or the face's bearing was not steady."""
    CONTRADICTORY = 10
    """Seen so far from where it was heard that it cannot be the same."""
    FROZEN = 11
    """Learning was switched off."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One trial: where a voice was heard, and where a face was seen after looking there.

    Angles in the base frame, rad, left positive.
    """

    heard_rad: float
    heard_head_yaw_rad: float
    """Yaw of the head while it was heard: an array hears worse along its own axis."""
    heard_t_ns: int
    speech: bool
    energy: float
    own_motion: bool
    """The motors were loud while it was heard."""
    seen_rad: float
    seen_t_ns: int
    seen_confidence: float
    seen_faces: int
    seen_spread_rad: float
    """Largest difference of the last bearings of the face."""
    head_speed_rad_s: float
    """While it was seen."""
    valid: bool = True


def evidence_of(
    doa: DoaSense,
    camera: CameraSense,
    *,
    behind: bool,
    own_motion: bool,
    seen_faces: int,
    seen_spread_rad: float,
    head_speed_rad_s: float,
) -> Evidence:
    """Evidence from the two streams; ``behind``: the look went to the mirrored hypothesis."""
    return Evidence(
        heard_rad=doa.mirror_rad if behind else doa.azimuth_rad,
        heard_head_yaw_rad=doa.head_yaw_rad,
        heard_t_ns=doa.t_mono_ns,
        speech=doa.speech,
        energy=doa.energy,
        own_motion=own_motion,
        seen_rad=camera.face_yaw_rad,
        seen_t_ns=camera.t_mono_ns,
        seen_confidence=camera.confidence,
        seen_faces=seen_faces,
        seen_spread_rad=seen_spread_rad,
        head_speed_rad_s=head_speed_rad_s,
        valid=doa.valid and camera.valid,
    )


def wrapped(angle_rad: float) -> float:
    """The same angle in [-pi, pi)."""
    return (angle_rad + math.pi) % (2.0 * math.pi) - math.pi


def refusal(trial: Evidence, now_ns: int) -> Verdict | None:
    """Why a trial may not be learned from; None where it may."""
    numbers = (
        trial.heard_rad,
        trial.heard_head_yaw_rad,
        trial.energy,
        trial.seen_rad,
        trial.seen_confidence,
        trial.seen_spread_rad,
        trial.head_speed_rad_s,
    )
    if not all(map(math.isfinite, numbers)):
        return Verdict.NOT_FINITE
    heard_age_s = (now_ns - trial.heard_t_ns) * _NS
    seen_age_s = (now_ns - trial.seen_t_ns) * _NS
    fresh = 0.0 <= heard_age_s <= HEARD_AGE_S and 0.0 <= seen_age_s <= SEEN_AGE_S
    steady = abs(trial.head_speed_rad_s) <= STEADY_RAD_S
    refused = None
    if not trial.valid:
        refused = Verdict.INVALID
    elif not trial.speech or trial.energy < QUIET_ENERGY:
        refused = Verdict.NOT_SPEECH
    elif trial.own_motion:
        refused = Verdict.OWN_MOTION
    elif not fresh or trial.seen_t_ns < trial.heard_t_ns:
        refused = Verdict.STALE
    elif trial.seen_confidence < SURE_FACE:
        refused = Verdict.NOT_SURE
    elif trial.seen_faces != 1:
        refused = Verdict.AMBIGUOUS
    elif not steady or trial.seen_spread_rad > STEADY_SPREAD_RAD:
        refused = Verdict.UNSTEADY
    elif abs(wrapped(trial.heard_rad - trial.seen_rad)) > BELIEVABLE_RAD:
        refused = Verdict.CONTRADICTORY
    return refused


def precision(trial: Evidence) -> float:
    """What a reading is worth, 0 to 1, beside one from broadside.

    A linear array measures the cosine of the angle to its axis, so that an error of time becomes
    one of angle divided by its sine (Van Trees 2002, Optimum Array Processing, 2.4).
    """
    square = math.cos(trial.heard_rad - trial.heard_head_yaw_rad) ** 2
    return max(SIDE_PRECISION, square)


EXPECTED_SURPRISE: Final = 2.0
"""Mean of delta^2 / S where nothing is wrong: the variance of Student's t with 4 degrees."""
LARGEST_SURPRISE: Final = 12.0
"""One wild trial says no more than this."""
SURPRISE_MEMORY: Final = 0.8
STEADY_FORGETTING: Final = 1.0 / 2000.0
SURPRISED_FORGETTING: Final = 0.03
FADING: Final = 1.0 / 2000.0
"""A trial elsewhere takes this share of what was learned: what is never confirmed is lost."""


def surprise(before: float, error_square: float) -> float:
    """Associability after a trial: a running mean of how much larger errors are than expected.

    ``error_square`` is delta^2 / S of the present table. Pearce & Hall 1980, in the form of Li,
    Schiller, Schoenbaum, Phelps & Daw 2011: alpha <- eta |delta| + (1 - eta) alpha. 1 is usual.
    """
    news = min(error_square, LARGEST_SURPRISE) / EXPECTED_SURPRISE
    return SURPRISE_MEMORY * before + (1.0 - SURPRISE_MEMORY) * news


def forgetting(associability: float) -> float:
    """Share of the confidence that is given up before a trial: next to none while settled.

    It opens the table again after a change that is not another room, so that the gain of the next
    trials rises: the process noise of a Kalman filter, set by surprise (Mehra 1972).
    """
    excess = max(0.0, associability - 1.5)
    return STEADY_FORGETTING + SURPRISED_FORGETTING * min(1.0, excess)
