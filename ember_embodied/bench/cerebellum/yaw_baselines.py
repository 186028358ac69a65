"""What else could correct the direction of sound: the table's rivals, on the same trials.

All learn pairs (heard, seen), rad, and correct readings. A fit needs a few trials, so none of the
polynomial ones corrects anything before it has twice as many as it has coefficients.
"""

from __future__ import annotations

import warnings
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STATIC_TRIALS: Final = 30
"""The static correction is fitted to this many trials and then kept."""
COEFFICIENTS: Final = 3
REMEMBERED: Final = 0.98
"""What recursive least squares keep of the past from trial to trial."""
HARMONICS: Final = 2
GP_TRIALS: Final = 60
"""The Gaussian process sees this many trials back."""


class Corrector(Protocol):
    """Learns trials, corrects readings."""

    def learn(self, heard_rad: float, seen_rad: float) -> None:
        """One trial."""
        ...

    def correct_all(self, heard_rad: Array) -> Array:
        """[M] to [M], rad."""
        ...


class Nothing:
    """Believes what it hears."""

    def learn(self, heard_rad: float, seen_rad: float) -> None:
        """Nothing is learned."""

    def correct_all(self, heard_rad: Array) -> Array:
        """As heard."""
        return heard_rad


class StaticQuadratic:
    """A parabola through the errors of the first trials, by least squares; then never again."""

    def __init__(self) -> None:
        self._heard: list[float] = []
        self._error: list[float] = []
        self._fit: Array | None = None

    def learn(self, heard_rad: float, seen_rad: float) -> None:
        """Fit again, until there are enough."""
        if len(self._heard) == STATIC_TRIALS:
            return
        self._heard.append(heard_rad)
        self._error.append(seen_rad - heard_rad)
        if len(self._heard) >= 2 * COEFFICIENTS:
            self._fit = np.polyfit(self._heard, self._error, COEFFICIENTS - 1)

    def correct_all(self, heard_rad: Array) -> Array:
        """The parabola added."""
        return heard_rad if self._fit is None else heard_rad + np.polyval(self._fit, heard_rad)


class RecursiveLeastSquares:
    """Harmonics of the direction, exponentially forgetting (Haykin, Adaptive Filter Theory, 10)."""

    def __init__(self) -> None:
        self._weights = np.zeros(2 * HARMONICS + 1)
        self._inverse = np.eye(len(self._weights))

    def learn(self, heard_rad: float, seen_rad: float) -> None:
        """One recursion."""
        basis = _harmonics(np.array([heard_rad]))[0]
        spread = self._inverse @ basis
        gain = spread / (REMEMBERED + basis @ spread)
        self._weights += gain * (seen_rad - heard_rad - basis @ self._weights)
        self._inverse = (self._inverse - np.outer(gain, spread)) / REMEMBERED

    def correct_all(self, heard_rad: Array) -> Array:
        """The harmonics added."""
        return heard_rad + _harmonics(heard_rad) @ self._weights


def _harmonics(angle_rad: Array) -> Array:
    orders = np.arange(1, HARMONICS + 1) * angle_rad[:, None]
    ones = np.ones((len(angle_rad), 1))
    return np.concatenate((ones, np.cos(orders), np.sin(orders)), axis=1)


class GaussianProcess:
    """scikit-learn's, with its own fit of size, length and noise, over the last trials.

    The direction goes in as a point of the unit circle, so that the ends meet.
    """

    def __init__(self) -> None:
        self._heard: list[float] = []
        self._error: list[float] = []

    def learn(self, heard_rad: float, seen_rad: float) -> None:
        """Remember; the fit comes when it is asked to correct."""
        self._heard.append(heard_rad)
        self._error.append(seen_rad - heard_rad)

    def correct_all(self, heard_rad: Array) -> Array:
        """The mean of the posterior added."""
        if not self._heard:
            return heard_rad
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        size = ConstantKernel(0.03, (1e-4, 0.5))
        kernel: Any = size * RBF(1.0, (0.3, 10.0)) + WhiteKernel(0.02, (1e-4, 0.5))
        model = GaussianProcessRegressor(kernel)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(_on_circle(self._heard[-GP_TRIALS:]), self._error[-GP_TRIALS:])
        return np.asarray(heard_rad + model.predict(_on_circle(heard_rad)))


def _on_circle(angle_rad: Any) -> Array:
    angle = np.asarray(angle_rad, dtype=np.float64)
    return np.stack((np.cos(angle), np.sin(angle)), axis=1)
