"""The channels of what the robot feels of itself, and one tick of them: foretold, felt, apart."""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import COUNTS_PER_TURN

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

LAG: Final = slice(0, 9)
CURRENT: Final = slice(9, 18)
GYROSCOPE: Final = slice(18, 21)
ACCELEROMETER: Final = slice(21, 24)
IMU: Final = slice(18, 24)
CHANNELS: Final = 24
"""Channels of a surprise: nine lags, rad; nine currents, A; angular rate, rad/s; specific force,
m/s^2; the last two in the body's axes."""
PULSE_RAD: Final = 2.0 * math.pi / COUNTS_PER_TURN


class Outlook(msgspec.Struct, frozen=True):
    """What somebody else, the network, expects of some channels of this tick.

    In the units of the channels, those of the IMU in the base frame's axes.
    """

    channels: tuple[int, ...]
    """In rising order; the first two of a sensor of the IMU only together, for they are turned."""
    mean: tuple[float, ...]
    variance: tuple[float, ...]


class Surprise(msgspec.Struct, frozen=True):
    """One tick: what was foretold, what came, and how far apart they are; arrays are [24]."""

    t_mono_ns: int
    dt_s: float
    predicted: Array
    measured: Array
    deviation: Array
    score: Array
    """The residual in units of ``deviation``."""
    known: Bools
    residual: Array
    """What came less what was foretold; 0 where not ``known``, and so is the score."""
    step_rad: Array
    """[9] Steps of the goals that led to this tick."""


def constant(flags: Bools) -> Bools:
    """The same flags, which nobody can change: one array for all ticks that are alike."""
    flags.setflags(write=False)
    return flags


ALL: Final = constant(np.ones(CHANNELS, dtype=np.bool_))
NONE: Final = constant(np.zeros(CHANNELS, dtype=np.bool_))
WITHOUT_IMU: Final = constant(np.arange(CHANNELS) < IMU.start)
