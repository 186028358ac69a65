"""A smooth unknown function of an angle, held by tuned cells and learned trial by trial.

The function is ``f(a) = phi(a) . w``: cell i prefers the angle c_i and answers with a von Mises
bump, the bumps of all cells normalised to a sum of one (a population code; Pouget, Dayan & Zemel
2000). What is known of ``w`` is a Gaussian, mean ``m`` and covariance ``P``; before any experience
``P0`` is a kernel between the preferred angles, so that near cells learn from each other and this
is a Gaussian process seen through its cells (Rasmussen & Williams 2006, 2.1, 4.2).

One more weight, the pull, is not of a cell: ``f`` may have a second part ``w_pull s(b)`` of another
angle ``b``, with a known course ``s`` and unknown size (``pull``).

One trial gives an angle ``a`` and a value ``y = f(a) + noise``. Noise has heavy tails: Student's t
with ``NU`` degrees of freedom and an unknown scale R. One step (robust Kalman filter; Piche,
Sarkka & Hartikainen 2012; scale by variational Bayes, Sarkka & Nummenmaa 2009):

    delta  = y - phi.m                        prediction error
    S      = phi.P.phi + R                    what was expected of its square
    lambda = (NU + 1) / (NU + delta^2 / S)    doubt: small where the error is out of the ordinary
    g      = P phi                            which cells, and how willing each is to change
    m     += g delta / (phi.P.phi + R / lambda)
    P     -= g g' / (phi.P.phi + R / lambda)
    shape += 1/2,  rate += lambda e^2 / 2,  R = rate / shape

with ``e^2`` the square expected after the step. It is Hebb's rule with a third factor: presynaptic
activity (``phi``, spread by ``P``) times postsynaptic error, gated by doubt; the rate of learning
falls by itself as ``P`` does. Forgetting draws ``P`` back to ``P0`` (an Ornstein-Uhlenbeck
process), so that it never exceeds what was believed at first: nothing winds up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CELLS: Final = 24
SPACING_RAD: Final = 2.0 * math.pi / CELLS
CENTRES_RAD: Final[Array] = SPACING_RAD * np.arange(CELLS, dtype=np.float64) - math.pi
WEIGHTS: Final = CELLS + 1
"""The cells', and the pull."""
_TUNING: Final = 1.0 / SPACING_RAD**2
"""Concentration of the bumps: as wide (one sigma) as the cells are apart."""
NU: Final = 3.0
"""Degrees of freedom of the noise: tails as heavy as those of echoes, and a variance still."""
_STUDENT: Final = math.gamma(0.5 * (NU + 1.0)) / math.gamma(0.5 * NU) / math.sqrt(NU * math.pi)
STRAY: Final = 0.05
"""Share of the trials that may be of another's face, or of no voice at all."""
STRAY_RANGE_RAD: Final = math.radians(100.0)
"""They lie anywhere in it."""
_MEMORY: Final = 0.99
"""Share of what is known of the noise that is kept from trial to trial."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed before any experience.

    The prior covariance of f at two angles d apart is ``size^2 (turned + slow exp(k1 (cos d - 1)) +
    fast exp(k2 (cos d - 1)))``, shares summing to one: a turn of the whole (the mounting), a part
    that changes within some 40 degrees and one within some 20.
    """

    size_rad: float
    """Standard deviation of f at any angle."""
    turned: float
    slow: float
    fast: float
    noise_rad: float
    """Scale of the noise."""
    noise_trials: float
    """How many trials' worth that scale is."""
    pull_rad: float = 0.0
    """Standard deviation of the pull; 0: there is none."""

    def covariance(self) -> Array:
        """[WEIGHTS, WEIGHTS], rad^2."""
        apart = np.cos(CENTRES_RAD[:, None] - CENTRES_RAD) - 1.0
        kernel = self.turned + self.slow * np.exp(2.0 * apart) + self.fast * np.exp(10.0 * apart)
        whole = np.zeros((WEIGHTS, WEIGHTS))
        whole[:CELLS, :CELLS] = self.size_rad**2 * kernel
        whole[CELLS, CELLS] = self.pull_rad**2
        return whole


def pull(aside_rad: float) -> float:
    """How echo pulls the reading of a linear array towards broadside, as a share of the pull.

    ``aside_rad`` is from straight ahead, left positive. Diffuse sound has no delay between the
    microphones on average, so that it draws every delay towards zero: not at all ahead, most along
    the axis (1, and -1 on the other side). The course is that of the mean errors of the hearing
    atlas, about quadratic. From behind it is mirrored.
    """
    folded = math.asin(math.sin(aside_rad)) / (0.5 * math.pi)
    course = folded * abs(folded)
    return -course if math.cos(aside_rad) >= 0.0 else course


def activity(angle_rad: float, share: float = 0.0) -> Array:
    """[WEIGHTS] answers of all cells to one finite angle, summing to one; and of the pull."""
    answers = np.empty(WEIGHTS)
    cells = np.exp(_TUNING * (np.cos(CENTRES_RAD - angle_rad) - 1.0))
    answers[:CELLS] = cells / cells.sum()
    answers[CELLS] = share
    return answers


def activities(angles_rad: Array) -> Array:
    """[M, CELLS] answers of the cells to M angles."""
    answers = np.exp(_TUNING * (np.cos(np.asarray(angles_rad)[:, None] - CENTRES_RAD) - 1.0))
    return np.asarray(answers / answers.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Expected:
    """What every table expects of one trial, before it is learned from."""

    phi: Array
    """[WEIGHTS]"""
    spread: Array
    """[H, WEIGHTS] P phi"""
    value_rad: Array
    """[H]"""
    doubt: Array
    """[H] phi.P.phi, rad^2: how unsure each table is there."""
    noise: Array
    """[H] R of this trial, rad^2."""

    def density(self, y_rad: float) -> Array:
        """[H] density of ``y`` under each table, 1/rad: Student's t around its value.

        A few trials are of another kind altogether (``STRAY``) and tell no table from another.
        """
        square = self.doubt + self.noise
        error = (y_rad - self.value_rad) ** 2 / square
        student = _STUDENT / np.sqrt(square) / (1.0 + error / NU) ** (0.5 * (NU + 1.0))
        return np.asarray((1.0 - STRAY) * student + STRAY / STRAY_RANGE_RAD)


class Tables:
    """H tables that expect and learn side by side; changed in place."""

    def __init__(self, count: int) -> None:
        self.mean: Array = np.zeros((count, WEIGHTS))
        self.covariance: Array = np.zeros((count, WEIGHTS, WEIGHTS))
        self._learnt: Array = np.zeros_like(self.covariance)
        self.shape: Array = np.ones(count)
        self.rate: Array = np.ones(count)

    def begin(self, slot: int, belief: Belief, covariance: Array, mean_rad: float) -> None:
        """Forget a table and begin anew; ``covariance`` is that of the belief."""
        self.mean[slot] = mean_rad
        self.mean[slot, CELLS] = 0.0
        self.covariance[slot] = covariance
        self.shape[slot] = 0.5 * belief.noise_trials
        self.rate[slot] = 0.5 * belief.noise_trials * belief.noise_rad**2

    def copy(self, source: int, target: int) -> None:
        """Put one table in the place of another."""
        for array in (self.mean, self.covariance, self.shape, self.rate):
            array[target] = array[source]

    def variance(self) -> Array:
        """[H, WEIGHTS] of each weight, rad^2; not to be changed."""
        return self.covariance.reshape(len(self.mean), -1)[:, :: WEIGHTS + 1]

    def mixed(self, chosen: NDArray[np.intp], weight: Array) -> Array:
        """[WEIGHTS, WEIGHTS] sum of the covariances of some tables [K], weighed [K]."""
        rows = self.covariance.reshape(len(self.mean), -1)[chosen]
        return np.asarray((weight @ rows).reshape(WEIGHTS, WEIGHTS))

    def expect(self, phi: Array, precision: float) -> Expected:
        """What each table expects of a trial with activity ``phi`` and noise R / ``precision``."""
        spread = np.dot(self.covariance.reshape(-1, WEIGHTS), phi).reshape(self.mean.shape)
        noise = self.rate / self.shape / precision
        return Expected(phi, spread, self.mean @ phi, spread @ phi, noise)

    def learn(self, found: Expected, error_rad: Array, share: Array, precision: float) -> None:
        """Learn from one trial.

        Args:
            found: what was expected of it.
            error_rad: [H] prediction errors.
            share: [H] 0 to 1, how much of the trial each table takes as its own.
            precision: as it was given to ``expect``.
        """
        ratio = error_rad**2 / (found.doubt + found.noise)
        doubt = (NU + 1.0) / (NU + ratio)
        trust = share * doubt
        gain = trust / (trust * found.doubt + found.noise)
        self.mean += (gain * error_rad)[:, None] * found.spread
        known = np.sqrt(gain)[:, None] * found.spread
        np.multiply(known[:, :, None], known[:, None, :], out=self._learnt)
        self.covariance -= self._learnt
        kept = found.noise * gain / np.maximum(trust, 1e-12)
        left = np.where(trust > 0.0, kept, 1.0)
        after = (left * error_rad) ** 2 + left * found.doubt
        keep = 1.0 - (1.0 - _MEMORY) * share
        self.shape *= keep
        self.rate *= keep
        self.shape += 0.5 * share
        self.rate += 0.5 * trust * after * precision

    def forget(self, slot: int, prior: Array, share: float) -> None:
        """Draw a table's covariance towards ``prior`` [WEIGHTS, WEIGHTS] by ``share``, 0 to 1."""
        self.covariance[slot] += share * (prior - self.covariance[slot])

    def fade(self, slot: int, share: float) -> None:
        """Draw what a table learned towards nothing by ``share``, 0 to 1."""
        self.mean[slot] *= 1.0 - share
