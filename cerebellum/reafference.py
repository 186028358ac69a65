"""What the IMU feels of the robot's own motion: von Holst's reafference, to be taken away.

Angular rate and specific force are foretold from the motion of the own joints: the body turns the
chip, the head shakes the body on its rubber feet. Where the chip sits and how askew it is mounted
is not known beforehand: the coefficients are learned (``adaptation``), and so is how much noise the
own motion adds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.adaptation import ROBUST, learn_noise, learn_weights, uncertainty
from cerebellum.forward_prior import Prior
from firmware_bridge.joints import BODY_YAW, RIGHT_ANTENNA, STEWART
from firmware_bridge.senses import IMU_STREAM, BodySense, usable

Array = NDArray[np.float64]

IMU_CHANNELS: Final = 6
IMU_TERMS: Final = 10
"""1, cos and sin of the body's yaw (offsets of a chip that turns with the body); the body's rate,
and times cos and sin (a chip that is mounted askew); its change; three rates of the head."""
IMU_NOISE_TERMS: Final = 8
"""1; the body's rate, its change now and before; the legs' rate, its change now and before; the
change of the antennas' rates."""
ANTENNAS: Final = slice(RIGHT_ANTENNA, None)
SHORTEST_S: Final = 1e-3
DRIFT_S: Final = 5e-5
"""Share of a weight's first variance that comes back in a second: chips drift with their heat, and
what was learned wrongly while a hand was not yet noticed must not stay."""


@dataclass(frozen=True, slots=True)
class ReafferenceState:
    """Coefficients [6, 10], their covariance [1, 10, 10] (the same for all), noise [6, 8]."""

    KIND: ClassVar[str] = "reafference"
    VERSION: ClassVar[int] = 1
    weights: NDArray[np.float64]
    covariance: NDArray[np.float64]
    noise: NDArray[np.float64]


def initial_reafference(prior: Prior) -> ReafferenceState:
    """What is known of every robot of this kind."""
    spread = np.array(prior.imu_spread)
    return ReafferenceState(
        weights=np.array(prior.imu),
        covariance=np.diag(spread)[None].copy(),
        noise=np.array(prior.imu_noise),
    )


class Reafference:
    """``foretell`` once a tick, whether or not there is an IMU; ``learn`` when nobody touches."""

    def __init__(self, state: ReafferenceState, prior: Prior) -> None:
        first = initial_reafference(prior)
        self._most = np.einsum("cnn->cn", first.covariance).copy()
        self._first_noise = first.noise
        self._weights = state.weights.copy()
        self._covariance = state.covariance.copy()
        self._noise = state.noise.copy()
        self._terms = np.ones((1, IMU_TERMS))
        self._noise_terms = np.ones((1, IMU_NOISE_TERMS))
        self._unsure = uncertainty(self._covariance, self._terms)
        self._own = np.ones(IMU_CHANNELS)
        self._head = np.zeros(3)
        self._rate = np.zeros(9)
        self._imu_ns = 0

    def state(self) -> ReafferenceState:
        """Everything learned so far."""
        return ReafferenceState(self._weights.copy(), self._covariance.copy(), self._noise.copy())

    def terms(self) -> tuple[Array, Array]:
        """What the last prediction and its deviation were made of: [10] and [8]."""
        return self._terms[0].copy(), self._noise_terms[0].copy()

    def foretell(
        self, sense: BodySense, position: Array, rate: Array, dt_s: float
    ) -> tuple[Array, Array, Array] | None:
        """Predicted, measured and deviation, each [6]: rates, then forces, base frame's axes.

        ``position`` and ``rate`` [9] are of the joints. None without a sound new reading.
        """
        dt_s = max(dt_s, SHORTEST_S)
        change = (rate - self._rate) / dt_s
        self._rate = rate
        yaw, spin = float(position[BODY_YAW]), float(change[BODY_YAW])
        head = np.array((sense.head.yaw_rad - yaw, sense.head.pitch_rad, sense.head.roll_rad))
        turned, self._head = (head - self._head) / dt_s, head
        noise, before = self._noise_terms[0], self._noise_terms[0, [2, 5]]
        sizes, changes = np.abs(rate), np.abs(change)
        noise[1:4] = sizes[BODY_YAW], changes[BODY_YAW], before[0]
        noise[4:7] = sizes[STEWART].mean(), changes[STEWART].mean(), before[1]
        noise[7] = changes[ANTENNAS].sum()
        imu = sense.imu
        if imu is None or imu.t_mono_ns == self._imu_ns:
            return None
        self._imu_ns = imu.t_mono_ns
        measured = np.array((*imu.gyroscope_rad_s, *imu.accelerometer_m_s2))
        if not (usable(imu, IMU_STREAM, sense.t_mono_ns) and np.isfinite(measured).all()):
            return None
        age_s = min(max(0.0, (sense.t_mono_ns - imu.t_mono_ns) * 1e-9), dt_s)
        body = float(rate[BODY_YAW]) - age_s * spin
        terms, cosine, sine = self._terms[0], math.cos(yaw), math.sin(yaw)
        terms[1:7] = cosine, sine, body, body * cosine, body * sine, spin
        terms[7:] = turned
        self._unsure = uncertainty(self._covariance, self._terms)
        doubt = float(self._unsure[1][0])
        own = self._noise @ noise
        self._own = own
        deviation = np.sqrt(own * own + doubt * self._noise[:, 0] ** 2)
        return self._weights @ terms, measured, deviation

    def learn(self, score: Array, deviation: Array, dt_s: float) -> None:
        """Learn from the last ``foretell``: error in units of deviation, and that, each [6]."""
        # One covariance for all six, in units of each channel's own floor of noise; it shrinks by
        # what the calmest of them tells, and each learns by how calm it is itself.
        noise = (self._own / self._noise[:, 0]) ** 2
        calmest, doubt = float(noise.min()), float(self._unsure[1][0])
        error = np.clip(score, -ROBUST, ROBUST) * deviation * ((calmest + doubt) / (noise + doubt))
        learn_weights(
            self._weights,
            self._covariance,
            self._unsure,
            error,
            np.full(1, calmest),
            1.0,
            self._most,
        )
        np.einsum("cnn->cn", self._covariance)[:] += DRIFT_S * dt_s * self._most
        learn_noise(
            self._noise, self._noise_terms, score, self._first_noise, np.ones(IMU_CHANNELS, bool)
        )
