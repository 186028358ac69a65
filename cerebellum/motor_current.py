"""The current of nine motors, from lag and velocity: linear, by the motor equation.

V = duty * rail and I = (V - ke w) / R (ROBOTIS e-manual), so I = a lag + b velocity + c. What a
usual robot's a, b and c are is in the prior; how this one differs is learned (``Gains``).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cerebellum.surprise import PULSE_RAD, Array

TERMS: Final = 3
SPREAD: Final = np.array((4e-4 / PULSE_RAD, 8e-3, 2e-3))
"""How far units differ in A per rad of lag, per rad/s, and A."""
FLOOR_A: Final = 2e-3
NOISE_S: Final = 30.0
"""Time in which the noise of a current is learned."""


class MotorCurrent:
    """``foretell`` from a lag that is itself foretold, ``beyond`` from what was measured."""

    def __init__(self, prior: Array, own: Array, period_s: float) -> None:
        """``prior`` [3, 9]: A per rad, per rad/s, and A; ``own`` [3, 9]: as for ``adapt``."""
        # The velocity that is foretold follows from lags and goals: (step - lag + last lag) / T. So
        # there are five factors: of the foretold lag, of the rest of that, and a, b and c.
        by = np.zeros((5, TERMS))
        by[2:] = np.eye(TERMS)
        by[0, :2], by[1, 1] = (1.0, -1.0 / period_s), 1.0 / period_s
        self.by_lag = prior[0]
        """[9] a of a usual robot, A/rad."""
        self._prior = by @ prior
        self._by = by * SPREAD
        self._factors = np.zeros_like(self._prior)
        self._of_lag, self._of_rest, self._by_lag, self._by_rate, self._least = self._factors
        self.adapt(own)

    def adapt(self, own: Array) -> None:
        """Take over how this robot differs, [3, 9] in units of ``SPREAD``."""
        np.dot(self._by, own, out=self._factors)
        self._factors += self._prior

    def foretell(self, lag_rad: Array, step_rad: Array, last_lag_rad: Array, out: Array) -> None:
        """[9] A, where the lag is foretold to be ``lag_rad`` after such a step of the goal."""
        rest = step_rad + last_lag_rad
        rest *= self._of_rest
        np.multiply(lag_rad, self._of_lag, out)
        out += rest
        out += self._least

    def beyond(self, current_a: Array, lag_rad: Array, rate_rad_s: Array) -> Array:
        """[9] A that measured lag and velocity do not explain."""
        left: Array = current_a - self._by_lag * lag_rad
        left -= self._by_rate * rate_rad_s
        left -= self._least
        return left
