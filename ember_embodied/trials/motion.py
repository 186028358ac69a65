"""What moving costs: electrical power, and jerk.

Jerk is the third difference over ticks of the true yaw and pitch of the head and of both antennas.
Ticks with a hand on the robot, or shortly after, are left out: then the hand moves it, and then
an answer is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ember_embodied.trials.gaze import RISE_S
from ember_embodied.trials.trace import Trace

AFTER_HAND_S: Final = 2.5
"""An answer begins within 1.5 s and has shown itself a second later."""
JERK_NOISE_RAD_S3: Final = 2.0
"""A robot that is told to stand still trembles up to this much: play and friction of its servos."""
_DIFFERENCES: Final = 3


@dataclass(frozen=True, slots=True)
class Motion:
    """Sums of one life, to be pooled."""

    energy_j: float
    seconds: float
    jerk_sum: float
    """Sum over ticks of the squared jerk above the noise, rad^2/s^6, all four angles together."""
    jerk_ticks: int


def judge_motion(trace: Trace) -> Motion:
    """Energy and jerk of one life from the end of its rise on."""
    start = trace.tick_at(float(trace.t_s[0]) + RISE_S)
    angles = np.column_stack((trace.head_rad, trace.antennas_rad))[start:]
    step_s = float(np.median(np.diff(trace.t_s)))
    jerk = np.diff(np.unwrap(angles, axis=0), n=_DIFFERENCES, axis=0) / step_s**_DIFFERENCES
    squares = np.maximum(0.0, (jerk**2).sum(axis=1) - JERK_NOISE_RAD_S3**2)
    alone = ~trace.during(trace.hands, after_s=AFTER_HAND_S)[start + _DIFFERENCES :]
    return Motion(
        energy_j=float(trace.energy_j[-1] - trace.energy_j[start]),
        seconds=float(trace.t_s[-1] - trace.t_s[start]),
        jerk_sum=float(squares[alone].sum()),
        jerk_ticks=int(alone.sum()),
    )
