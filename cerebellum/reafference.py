"""What the IMU feels of the robot's own motion: von Holst's reafference, to be taken away.

Angular rate and specific force are told in the body's axes, for there the chip sits and its offsets
stay. A loop that is slower than the chip takes the rate from how far the foot's orientation has
turned since the last tick, in which every reading of the chip is; one that is as fast takes the
reading. Where the chip sits and how askew is not known beforehand: offsets, and how it turns with
the body, are learned by recursive least squares; that the head shakes the body on its rubber feet,
and how loud that is, is in the prior (``forward_prior``).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, isfinite, sin
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.senses import IMU_STREAM, BodySense, usable

Array = NDArray[np.float64]
Vector = tuple[float, float, float]
Six = tuple[float, float, float, float, float, float]
Quaternion = tuple[float, float, float, float]

IMU_CHANNELS: Final = 6
IMU_TERMS: Final = 5
"""1; cos and sin of the body's yaw, for a chip that does not turn with it; its rate, its change."""
SLOW_S: Final = 0.05
"""Ticks that last longer than this skip readings of the chip."""
LONGEST_S: Final = 0.5
FLOOR: Final = np.array((2e-3, 2e-3, 2e-3, 0.012, 0.012, 0.012))
"""Noise of the chip itself with its rounding, rad/s and m/s^2."""
FLOOR_SQUARE: Final = FLOOR * FLOOR
LEAST: Final = 0.5
"""No deviation is less than this share of the floor."""
FIRST_WEIGHTS: Final = np.zeros((IMU_CHANNELS, IMU_TERMS))
FIRST_WEIGHTS[2, 3] = 1.0
FIRST_WEIGHTS[5, 0] = 9.80665
"""A level chip on the body: it turns with the body, and gravity pulls."""
SPREAD: Final = np.array((1.6e3, 4e2, 4e2, 1e2, 1e1))
"""Variances in units of the floor of the noise: 0.5 m/s^2 of offset and two degrees of slant;
little doubt that it turns with the body, for a servo's rate of a moment teaches that badly."""
UPRIGHT_WXYZ: Final = (1.0, 0.0, 0.0, 0.0)
SHORTEST_S: Final = 1e-3
DRIFT_S: Final = 5e-5
"""Share of a weight's first variance that comes back in a second: chips drift with their heat, and
what was learned wrongly while a hand was not yet noticed must not stay."""


@dataclass(frozen=True, slots=True)
class ReafferenceState:
    """Coefficients [6, 5], their covariance [5, 5] (the same for all), log of the noise [6]."""

    KIND: ClassVar[str] = "reafference"
    VERSION: ClassVar[int] = 2
    weights: NDArray[np.float64]
    covariance: NDArray[np.float64]
    log_noise: NDArray[np.float64]


def initial_reafference(period_s: float) -> ReafferenceState:
    """What is known of every robot of this kind, for a loop of this period."""
    weights = FIRST_WEIGHTS.copy()
    if period_s > SLOW_S:
        weights[2, 3] = 0.0  # the orientation is the foot's, and does not turn with the body
    return ReafferenceState(weights, np.diag(SPREAD), np.zeros(IMU_CHANNELS))


class Reafference:
    """``feel`` once a tick, whether or not there is an IMU; ``learn`` when nobody touches."""

    def __init__(self, state: ReafferenceState, period_s: float) -> None:
        # Weights and covariance are one matrix: both are multiplied with the same terms, and both
        # learn by the same spread.
        self._whole: Array = np.concatenate((state.weights, state.covariance))
        self._change = np.zeros_like(self._whole)
        self._share = np.zeros((len(self._whole), 1))
        self._terms = np.ones(IMU_TERMS)
        self._found = np.zeros(len(self._whole))
        self._linear, self._spread = self._found[:IMU_CHANNELS], self._found[IMU_CHANNELS:]
        self._rate = 0.0
        self._slow = period_s > SLOW_S
        self._orientation = UPRIGHT_WXYZ
        self._imu_ns = 0
        self._t_ns = 0
        self.doubt = 0.0
        """Variance of what was foretold last, in floors of each channel's noise."""

    def state(self, log_noise: Array) -> ReafferenceState:
        """Everything learned so far, and ``log_noise`` [6] that goes with it."""
        weights, covariance = self._whole[:IMU_CHANNELS], self._whole[IMU_CHANNELS:]
        return ReafferenceState(weights.copy(), covariance.copy(), log_noise.copy())

    def terms(self) -> Array:
        """[5] of the linear part, as last foretold."""
        return self._terms.copy()

    def feel(self, sense: BodySense, yaw_rad: float, rate_rad_s: float) -> Six | None:
        """What a new sound reading tells: rates, then forces, in the body's axes.

        ``yaw_rad`` and ``rate_rad_s`` are the body's. None without such a reading.
        """
        now_ns = sense.t_mono_ns
        dt_s = max((now_ns - self._t_ns) * 1e-9, SHORTEST_S)
        spin = (rate_rad_s - self._rate) / dt_s
        self._t_ns, self._rate = now_ns, rate_rad_s
        imu = sense.imu
        if imu is None or imu.t_mono_ns == self._imu_ns:
            return None
        since_s = (imu.t_mono_ns - self._imu_ns) * 1e-9
        before, self._orientation = self._orientation, imu.orientation_wxyz
        self._imu_ns = imu.t_mono_ns
        (gx, gy, gz), (ax, ay, az) = imu.gyroscope_rad_s, imu.accelerometer_m_s2
        if not (usable(imu, IMU_STREAM, now_ns) and isfinite(gx + gy + gz + ax + ay + az)):
            return None
        if self._slow:
            if not 0.0 < since_s < LONGEST_S or not isfinite(sum(before + self._orientation)):
                return None
            gx, gy, gz = _mean_rate(before, self._orientation, since_s)
        age_s = min(max(0.0, (now_ns - imu.t_mono_ns) * 1e-9), dt_s)
        cosine, sine = cos(yaw_rad), sin(yaw_rad)
        terms = self._terms
        terms[1], terms[2], terms[3], terms[4] = cosine, sine, rate_rad_s - age_s * spin, spin
        return (
            cosine * gx + sine * gy, cosine * gy - sine * gx, gz,
            cosine * ax + sine * ay, cosine * ay - sine * ax, az,
        )  # fmt: skip

    def foretell(self) -> Array:
        """[6] The linear part of what is felt; ``doubt`` says how unsure it is."""
        np.dot(self._whole, self._terms, self._found)
        self.doubt = float(self._spread.dot(self._terms))
        return self._linear

    def learn(self, score: Array, deviation: Array, calmest: float, dt_s: float) -> None:
        """Learn from the last ``foretell``.

        Args:
            score: [6] error in units of its ``deviation`` [6], bounded.
            deviation: that of what was foretold, doubt included.
            calmest: least variance among the six channels, in floors of their noise.
            dt_s: time since the last tick.
        """
        # One covariance for all six, in units of each channel's own floor of noise; it shrinks by
        # what the calmest of them tells, and each learns by how calm it is itself.
        share, spread = self._share, self._spread
        of_weights, of_covariance = share[:IMU_CHANNELS, 0], share[IMU_CHANNELS:, 0]
        np.divide(FLOOR_SQUARE, deviation, of_weights)
        of_weights *= score
        np.multiply(spread, -1.0 / (calmest + self.doubt), of_covariance)
        self._whole += np.multiply(share, spread, self._change)
        diagonal = self._whole.reshape(-1)[IMU_CHANNELS * IMU_TERMS :: IMU_TERMS + 1]
        diagonal += (DRIFT_S * dt_s) * SPREAD
        np.minimum(diagonal, SPREAD, out=diagonal)


def _mean_rate(before: Quaternion, now: Quaternion, since_s: float) -> Vector:
    """Mean angular rate from one orientation to another, rad/s; small turns."""
    (a, b, c, d), (w, x, y, z) = before, now
    scale = 2.0 / since_s if a * w + b * x + c * y + d * z >= 0.0 else -2.0 / since_s
    return (
        scale * (a * x - b * w - c * z + d * y),
        scale * (a * y + b * z - c * w - d * x),
        scale * (a * z - b * y + c * x - d * w),
    )
