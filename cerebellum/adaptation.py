"""Rules that adapt coefficients online, several channels at once, bounded whatever comes."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROBUST: Final = 3.0
"""An error of more deviations than this counts as this many."""
NOISE_SPAN: Final = 3.0
"""The noise never becomes so many times more than it is known to be at first, and never less: a
robot that rests is calm, and must not forget that moving is not."""
NOISE_S: Final = 60.0
"""Time in which the noise follows what is found."""
SIZE: Final = math.sqrt(math.pi / 2.0)
"""Deviation of a normal number divided by its mean size."""
_LOG_SPAN: Final = math.log(NOISE_SPAN)


class Gains:
    """Weights of channels that learn one experience after the other: no matrix, no winding up.

    Normalized least mean squares (Haykin, Adaptive Filter Theory, 6) with Kalman's gain of weights
    that never become more certain: ``w += rate x e / (variance + x x)``, terms in units of how far
    their weights differ from robot to robot. A weight stays within ``most`` such differences.
    """

    def __init__(self, weights: Array, rate: float, most: float) -> None:
        """``weights`` [n, C]; ``rate`` is the share of an error that one experience takes away."""
        self.weights = weights.copy()
        # Numbers as arrays: numpy takes longer to make one of a number than to compute with it.
        self._rate = np.full(weights.shape[1], rate)
        self._most, self._least = np.full_like(weights, most), np.full_like(weights, -most)
        self._product = np.zeros_like(weights)
        self._told = np.zeros(weights.shape[1])
        self._ones = np.ones(len(weights))  # a product with them sums faster than a reduction

    def learn(self, terms: Array, error: Array, variance: Array) -> None:
        """One experience: [n, C], [C] measured minus predicted, 0 to learn nothing, and [C]."""
        product, told = self._product, self._told
        np.multiply(terms, terms, product)
        np.dot(self._ones, product, told)
        told += variance
        np.divide(error, told, told)
        told *= self._rate
        weights = self.weights
        weights += np.multiply(terms, told, product)
        np.minimum(weights, self._most, out=weights)
        np.maximum(weights, self._least, out=weights)


class Noise:
    """How many times louder each channel is than foreknown, from the sizes of its errors."""

    def __init__(self, log_gain: Array, period_s: float) -> None:
        """``log_gain`` [C]; ``period_s`` between two experiences."""
        self.log_gain = log_gain.copy()
        self.gain: Array = np.exp(self.log_gain)
        rate = min(1.0, period_s / NOISE_S)
        self._rate, self._rate_of_size = np.full((2, *log_gain.shape), ((rate,), (SIZE * rate,)))
        self._most, self._least = np.full_like(log_gain, _LOG_SPAN), np.zeros_like(log_gain)

    def learn(self, sizes: Array, use: Bools) -> None:
        """``sizes`` [C]: errors in deviations, at most ``ROBUST``; ``use`` [C]."""
        step, log_gain = sizes * self._rate_of_size, self.log_gain
        step -= self._rate
        step *= use
        log_gain += step
        np.minimum(log_gain, self._most, out=log_gain)
        np.maximum(log_gain, self._least, out=log_gain)
        np.exp(log_gain, self.gain)
