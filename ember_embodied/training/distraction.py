"""What leads a teacher-driven robot astray, so that the lessons show the way back.

A teacher that drives alone is always where it should be, and who learns from that learns to stay
where it is. So its commands are pushed about by slow noise, or the robot is made to look elsewhere
for seconds at a time, while the lessons go on saying what would be right.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.command_space import COMMAND_LIMIT_RAD

Array = NDArray[np.float32]
Distraction = Callable[[float, Array], Array]
"""(time in s, the lesson's command [5] rad) -> the command that is sent."""

NOISE_RAD: Final = 0.3
NOISE_SECONDS: Final = 2.0
ATTENTIVE_S: Final = 1.5
ASTRAY_S: Final = 2.5
"""Mean lengths of time in which the robot does what is right, and looks elsewhere."""
REACH_RAD: Final = (2.3, 0.4)
"""How far it looks away: yaw, pitch."""
BODY_SHARE: Final = (0.6, 1.0)
RATE_HZ: Final = 5.0
RESTLESS_SHARE: Final = 0.3
"""Share of the times astray in which the antennas are held somewhere as well."""
ANTENNA_RAD: Final = 0.9


def wander(rng: np.random.Generator) -> Distraction:
    """Slow noise on head yaw, head pitch and body yaw: three sines of drawn size and period."""
    size = rng.uniform(0.0, NOISE_RAD, (3, 3)) / 3.0
    period_s = NOISE_SECONDS * rng.uniform(0.5, 4.0, (3, 3))
    phase = rng.uniform(0.0, 2.0 * pi, (3, 3))

    def distract(t_s: float, right: Array) -> Array:
        """The right command, rad [5], with the slow noise of this moment added."""
        yaw, pitch, body = (size * np.sin(2.0 * pi * t_s / period_s + phase)).sum(axis=1)
        return right + np.array([yaw, 0.5 * pitch, 0.0, 0.0, body], dtype=np.float32)

    return distract


def look_elsewhere(rng: np.random.Generator) -> Distraction:
    """Now right, now somewhere else, by turns of drawn length."""
    limit = np.array(COMMAND_LIMIT_RAD, dtype=np.float32)
    until_s, before_s = 0.0, 0.0
    astray: NDArray[np.bool_] | None = None
    place = command = np.zeros(len(limit), dtype=np.float32)

    def distract(t_s: float, right: Array) -> Array:
        """The right command, rad [5], or one on its way to a place that was drawn."""
        nonlocal until_s, before_s, astray, place, command
        if t_s >= until_s:
            astray, place = _elsewhere(rng) if astray is None else (None, place)
            until_s = t_s + float(rng.exponential(ATTENTIVE_S if astray is None else ASTRAY_S))
        share, before_s = np.float32(1.0 - exp(-RATE_HZ * (t_s - before_s))), t_s
        away = command + share * (place - command)
        command = right if astray is None else np.where(astray, np.clip(away, -limit, limit), right)
        return command

    return distract


def _elsewhere(rng: np.random.Generator) -> tuple[NDArray[np.bool_], Array]:
    """Which of the five commands go astray, and where to."""
    yaw, pitch = (float(rng.uniform(-reach, reach)) for reach in REACH_RAD)
    restless = bool(rng.random() < RESTLESS_SHARE)
    antennas = rng.uniform(-ANTENNA_RAD, ANTENNA_RAD, 2).tolist()
    place = (yaw, pitch, *antennas, rng.uniform(*BODY_SHARE) * yaw)
    return np.array([True, True, restless, restless, True]), np.array(place, dtype=np.float32)
