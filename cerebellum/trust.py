"""Two ways to foretell the same, mixed: each counts by how far off it has been.

The share is the inverse of the mean squared error, in units of the own noise (Bates and Granger,
The combination of forecasts, 1969); the other's error is never taken to be less than it says
itself. It is done channel by channel: an outlook has few.
"""

from __future__ import annotations

from math import cos, exp, isfinite, sin
from typing import Final

import numpy as np

from cerebellum.adaptation import ROBUST
from cerebellum.surprise import (
    ACCELEROMETER,
    ALL,
    GYROSCOPE,
    Array,
    Bools,
    Outlook,
)

TRUST_S: Final = 30.0
"""Time over which two ways to foretell are compared."""
OUTLOOK_ROBUST: Final = 30.0
"""What ``ROBUST`` is, of an outlook, which may be far off and must then be known to be."""
_MOST: Final = ROBUST**2
_OUTLOOK_MOST: Final = OUTLOOK_ROBUST**2


class Trust:
    """Mean squared errors of both, 24 each, in the own deviations."""

    def __init__(self, own_error: Array, outlook_error: Array, period_s: float) -> None:
        self._own: list[float] = own_error.tolist()
        self._other: list[float] = outlook_error.tolist()
        self._rate = 1.0 - exp(-period_s / TRUST_S)

    def errors(self) -> tuple[Array, Array]:
        """[24] each: of the forward model, and of the outlook."""
        return np.array(self._own), np.array(self._other)

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

        Arrays are [24]. ``yaw_rad`` is the body's, in whose axes the IMU is told.
        """
        rate, own, other = self._rate, self._own, self._other
        guesses, came, sizes = predicted.tolist(), measured.tolist(), deviation.tolist()
        sure = None if known is ALL else known.tolist()
        told = zip(outlook.channels, _turned(outlook, yaw_rad), outlook.variance, strict=True)
        for channel, mean, variance in told:  # ``min`` and ``max`` would take most of the time
            if (sure is not None and not sure[channel]) or not isfinite(mean):
                continue
            size, is_, guess = sizes[channel], came[channel], guesses[channel]
            error, others = own[channel], other[channel]
            claimed = variance / (size * size)
            claimed = _OUTLOOK_MOST if claimed > _OUTLOOK_MOST else claimed
            share = error / (error + (claimed if claimed > others else others))
            off, other_off = (is_ - guess) / size, (is_ - mean) / size
            off *= off
            other_off *= other_off
            own[channel] = error + rate * ((_MOST if off > _MOST else off) - error)
            other_off = _OUTLOOK_MOST if other_off > _OUTLOOK_MOST else other_off
            other[channel] = others + rate * (other_off - others)
            predicted[channel] = guess + share * (mean - guess)


def _turned(outlook: Outlook, yaw_rad: float) -> list[float]:
    """The means, with what the IMU feels turned from the base frame's axes to the body's."""
    mean, channels = list(outlook.mean), outlook.channels
    cosine, sine = cos(yaw_rad), sin(yaw_rad)
    for first in (GYROSCOPE.start, ACCELEROMETER.start):
        if first in channels:
            at = channels.index(first)
            x, y = mean[at], mean[at + 1]
            mean[at], mean[at + 1] = cosine * x + sine * y, cosine * y - sine * x
    return mean
