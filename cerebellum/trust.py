"""Two ways to foretell the same, mixed: each counts by how far off it has been.

The share is the inverse of the mean squared error, in units of the own noise (Bates and Granger,
The combination of forecasts, 1969); the other's error is never taken to be less than it says
itself.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from cerebellum.adaptation import ROBUST
from cerebellum.surprise import (
    ACCELEROMETER,
    CHANNELS,
    GYROSCOPE,
    LAG,
    PULSE_RAD,
    Array,
    Bools,
    Outlook,
)

TRUST_S: Final = 30.0
"""Time over which two ways to foretell are compared."""
OUTLOOK_ROBUST: Final = 30.0
"""What ``ROBUST`` is, of an outlook, which may be far off and must then be known to be."""
_MOST: Final = np.array([[ROBUST**2], [OUTLOOK_ROBUST**2]])
_PER_UNIT: Final = np.where(np.arange(CHANNELS) < LAG.stop, 1.0 / PULSE_RAD, 1.0)
"""Lags are pulses within the forward model, where one is the natural unit of their noise."""


class Trust:
    """Mean squared errors of both, [24] each, in the own deviations."""

    def __init__(self, own_error: Array, outlook_error: Array, period_s: float) -> None:
        self._errors: Array = np.stack((own_error, outlook_error))
        self._rate = 1.0 - math.exp(-period_s / TRUST_S)
        self._both = np.zeros((2, CHANNELS))
        self._off = np.zeros((2, CHANNELS))

    @property
    def own_error(self) -> Array:
        """[24] Of the forward model; a copy."""
        return np.array(self._errors[0])

    @property
    def outlook_error(self) -> Array:
        """[24] Of the outlook; a copy."""
        return np.array(self._errors[1])

    def mix(
        self,
        outlook: Outlook,
        yaw_rad: float,
        predicted: Array,
        measured: Array,
        deviation: Array,
        known: Bools,
    ) -> None:
        """Draw ``predicted`` towards the outlook where both are known.

        All are [24], lags in pulses. ``yaw_rad`` is the body's, in whose axes the IMU is told.
        """
        both, off, errors = self._both, self._off, self._errors
        mean = np.multiply(outlook.mean, _PER_UNIT, out=both[1])
        _turn(mean, yaw_rad)
        use = known & outlook.known
        if not math.isfinite(sum(mean.tolist())):
            use &= np.isfinite(mean)
            mean[~use] = 0.0
        both[0] = predicted
        np.subtract(measured, both, out=off)
        off /= deviation
        off *= off
        np.minimum(off, _MOST, out=off)
        claimed = _PER_UNIT / deviation
        claimed *= claimed
        claimed *= outlook.variance
        np.minimum(claimed, OUTLOOK_ROBUST**2, out=claimed)
        np.maximum(claimed, errors[1], out=claimed)
        claimed += errors[0]
        share = errors[0] / claimed
        share *= use
        off -= errors
        off *= self._rate
        off *= use
        errors += off
        mean -= predicted
        mean *= share
        predicted += mean


def _turn(mean: Array, yaw_rad: float) -> None:
    """What the IMU feels, from the base frame's axes to the body's."""
    cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
    for first in (GYROSCOPE.start, ACCELEROMETER.start):
        x, y = mean[first : first + 2].tolist()
        mean[first : first + 2] = cosine * x + sine * y, cosine * y - sine * x
