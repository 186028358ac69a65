"""What currents, pose and IMU should do next, given the own command; and how far off that was.

A servo that follows a goal lags behind it by what its load, its friction and its back-EMF ask for.
So the lag (goal minus position) of each joint is foretold from the lags before, from the steps of
the goal that were sent meanwhile (the efference copy), from the measured velocity, and from the
sign of the step, which is Coulomb friction. The current follows from the lag and the velocity
(V = duty * rail, I = (V - ke w) / R; ROBOTIS e-manual and motor equation), the IMU from the motion
of the own joints (``reafference``). All coefficients, and the noise that the own motion makes, are
adapted online (``adaptation``). What a hand, a wall or a shaken table does remains: the surprise,
in units of that noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.adaptation import ROBUST, learn_noise, learn_weights, uncertainty
from cerebellum.forward_prior import FAMILIES, PRIORS, Prior
from cerebellum.reafference import Reafference, ReafferenceState, initial_reafference
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import BODY_YAW, COUNTS_PER_TURN, JOINT_COUNT, STEWART
from firmware_bridge.senses import BodySense, JointsSense

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

LAG: Final = slice(0, 9)
CURRENT: Final = slice(9, 18)
GYROSCOPE: Final = slice(18, 21)
ACCELEROMETER: Final = slice(21, 24)
IMU: Final = slice(18, 24)
CHANNELS: Final = 24
"""Channels of a surprise: nine lags, rad; nine currents, A; angular rate, rad/s; specific force,
m/s^2; the last two in the base frame's axes."""
PULSE_RAD: Final = 2.0 * math.pi / COUNTS_PER_TURN
FORGETTING_S: Final = 120.0
"""Time over which an experience comes to count less by a factor of e."""
LAG_TERMS: Final = 9
"""Lag one and two ticks ago; the last three steps of the goal; way of one tick at the measured
velocity; sign of the last two steps; 1. In pulses."""
NOISE_TERMS: Final = 9
"""1; size of the last step, of its change, of the change before; reversal; whether it moves; size
and change of all legs' steps; change of the body's step. In pulses."""
CURRENT_TERMS: Final = 3
"""Lag, pulses; velocity, rad/s; 1."""
LATE: Final = 1.5
"""A tick that comes this many periods after the last one cannot be foretold."""
HISTORY: Final = 4
"""Ticks of a joint that its next lag is foretold from, and one to be sure."""
CURRENT_FLOOR_A: Final = 2e-3
TRUST_S: Final = 30.0
"""Time over which two ways to foretell are compared."""
OUTLOOK_ROBUST: Final = 30.0
"""The same of an outlook, which may be far off and must then be known to be."""
NEVER: Final = math.inf
_PER_UNIT: Final = np.where(np.arange(CHANNELS) < LAG.stop, 1.0 / PULSE_RAD, 1.0)
"""Lags are pulses within, where one is the natural unit of their noise."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What somebody else, the network, expects of this tick: ``mean`` and ``variance`` [24].

    In the units of the channels, and only where ``known``.
    """

    mean: Array
    variance: Array
    known: Bools


@dataclass(frozen=True, slots=True)
class Surprise:
    """One tick: what was foretold, what came, and how far apart they are; arrays are [24].

    ``score`` is the residual in units of ``deviation``, 0 where not ``known``.
    """

    t_mono_ns: int
    dt_s: float
    predicted: Array
    measured: Array
    deviation: Array
    score: Array
    known: Bools
    electrical_a: Array
    """[9] Current beyond what lag and velocity explain, A: a motor without torque shows here."""
    step_rad: Array
    """[9] Steps of the goals that led to this tick."""


@dataclass(frozen=True, slots=True)
class ForwardModelState:
    """Everything learned; the last few ticks, which are only on their way, are not in it."""

    KIND: ClassVar[str] = "forward_model"
    VERSION: ClassVar[int] = 1
    period_s: float
    lag_weights: NDArray[np.float64]
    lag_covariance: NDArray[np.float64]
    lag_noise: NDArray[np.float64]
    current_weights: NDArray[np.float64]
    current_covariance: NDArray[np.float64]
    current_variance: NDArray[np.float64]
    own_error: NDArray[np.float64]
    outlook_error: NDArray[np.float64]
    reafference: ReafferenceState


@dataclass(frozen=True, slots=True)
class Experience:
    """What one tick's predictions were made of: [9, n] for the joints, [n] for the IMU."""

    lag: Array
    lag_noise: Array
    current: Array
    imu: Array
    imu_noise: Array


def prior_of(period_s: float) -> Prior:
    """What is known beforehand of a loop with a period next to this one."""
    return min(PRIORS, key=lambda prior: abs(math.log(prior.period_s / period_s)))


def initial_state(period_s: float) -> ForwardModelState:
    """What is known of every robot of this kind, for a loop of this period, s."""
    prior, family = prior_of(period_s), list(FAMILIES)
    return ForwardModelState(
        period_s=period_s,
        lag_weights=np.array(prior.lag)[family],
        lag_covariance=_diagonal(np.array(prior.lag_spread)[family]),
        lag_noise=np.array(prior.lag_noise)[family],
        current_weights=np.array(prior.current)[family],
        current_covariance=_diagonal(np.array(prior.current_spread)[family]),
        current_variance=np.full(JOINT_COUNT, CURRENT_FLOOR_A**2),
        own_error=np.ones(CHANNELS),
        outlook_error=np.ones(CHANNELS),
        reafference=initial_reafference(prior),
    )


def _diagonal(variances: Array) -> Array:
    matrices: Array = variances[:, :, None] * np.eye(variances.shape[1])
    return matrices


class ForwardModel:
    """``step`` once a tick, with what was felt and what was sent before; then ``learn``."""

    def __init__(self, state: ForwardModelState) -> None:
        """Go on from a state: ``initial_state``, or one that was kept."""
        first = initial_state(state.period_s)
        self._period_s = state.period_s
        self._forgetting = math.exp(-state.period_s / FORGETTING_S)
        self._trust_rate = 1.0 - math.exp(-state.period_s / TRUST_S)
        self._lag_most = np.einsum("cnn->cn", first.lag_covariance).copy()
        self._current_most = np.einsum("cnn->cn", first.current_covariance).copy()
        self._first_noise = first.lag_noise
        self._lag_weights = state.lag_weights.copy()
        self._lag_covariance = state.lag_covariance.copy()
        self._lag_noise = state.lag_noise.copy()
        self._current_weights = state.current_weights.copy()
        self._current_covariance = state.current_covariance.copy()
        self._current_variance = state.current_variance.copy()
        self._own_error = state.own_error.copy()
        self._outlook_error = state.outlook_error.copy()
        self._reafference = Reafference(state.reafference, prior_of(state.period_s))
        self._t_ns = 0
        self._streak = np.zeros(JOINT_COUNT)
        self._goal = np.zeros(JOINT_COUNT)
        self._rate = np.zeros(JOINT_COUNT)
        self._lags = np.zeros((2, JOINT_COUNT))
        self._steps = np.zeros((3, JOINT_COUNT))
        self._lag_terms = np.ones((JOINT_COUNT, LAG_TERMS))
        self._noise_terms = np.ones((JOINT_COUNT, NOISE_TERMS))
        self._current_terms = np.ones((JOINT_COUNT, CURRENT_TERMS))
        self._own = np.ones(JOINT_COUNT)
        self._unsure = uncertainty(self._lag_covariance, self._lag_terms)
        self._surprise: Surprise | None = None

    def state(self) -> ForwardModelState:
        """Everything learned so far."""
        return ForwardModelState(
            period_s=self._period_s,
            lag_weights=self._lag_weights.copy(),
            lag_covariance=self._lag_covariance.copy(),
            lag_noise=self._lag_noise.copy(),
            current_weights=self._current_weights.copy(),
            current_covariance=self._current_covariance.copy(),
            current_variance=self._current_variance.copy(),
            own_error=self._own_error.copy(),
            outlook_error=self._outlook_error.copy(),
            reafference=self._reafference.state(),
        )

    def experience(self) -> Experience:
        """What the last predictions were made of, for those who fit the priors."""
        imu, imu_noise = self._reafference.terms()
        return Experience(
            self._lag_terms.copy(),
            self._noise_terms.copy(),
            self._current_terms.copy(),
            imu,
            imu_noise,
        )

    def step(
        self, sense: BodySense, sent: JointTargets | None, outlook: Outlook | None = None
    ) -> Surprise:
        """Compare a tick with what the own command makes of the ticks before.

        Args:
            sense: the body as felt now.
            sent: what was written after the tick before this one; None when nothing was.
            outlook: what the network expected of this tick, where it did.
        """
        dt_s = (sense.t_mono_ns - self._t_ns) * 1e-9
        self._t_ns = sense.t_mono_ns
        position, rate, current, sound = self._joints(sense.joints)
        commanded = sent is not None and sent.torque_enabled
        goal = np.array(sent.position_rad) if sent is not None and commanded else position
        if not commanded or not 0.0 < dt_s < LATE * self._period_s:
            sound = np.zeros(JOINT_COUNT, dtype=np.bool_)
        self._streak = np.where(sound, self._streak + 1.0, 0.0)
        predicted, measured, deviation = np.zeros((3, CHANNELS))
        deviation[IMU] = 1.0
        known = np.zeros(CHANNELS, dtype=np.bool_)
        known[LAG] = known[CURRENT] = self._streak > HISTORY
        self._foretell_lags((goal - self._goal) / PULSE_RAD, predicted, deviation)
        self._foretell_currents(predicted, deviation)
        lag = (goal - position) / PULSE_RAD
        measured[LAG], measured[CURRENT] = lag, current
        self._goal, self._rate = goal, rate
        self._lags[1], self._lags[0] = self._lags[0], lag
        self._current_terms[:, 0], self._current_terms[:, 1] = lag, rate
        electrical = current - np.einsum("jn,jn->j", self._current_weights, self._current_terms)
        felt = self._reafference.foretell(sense, position, rate, dt_s)
        if felt is not None:
            predicted[IMU], measured[IMU], deviation[IMU] = felt
            known[IMU] = bool(known[LAG].all())
        if outlook is not None:
            self._weigh(outlook, predicted, measured, deviation, known)
        score = np.where(known, (measured - predicted) / deviation, 0.0)
        for values in (predicted, measured, deviation):
            values[LAG] *= PULSE_RAD
        self._surprise = Surprise(
            t_mono_ns=sense.t_mono_ns,
            dt_s=dt_s,
            predicted=predicted,
            measured=measured,
            deviation=deviation,
            score=score,
            known=known,
            electrical_a=np.where(known[CURRENT], electrical, 0.0),
            step_rad=self._steps[0] * PULSE_RAD,
        )
        return self._surprise

    def learn(self, untouched: Bools) -> None:
        """Learn from the last ``step`` the channels [24] that nobody but the robot has moved."""
        surprise = self._surprise
        if surprise is None:
            return
        use = surprise.known & untouched
        if use[LAG].any():
            self._learn_lags(surprise, use[LAG])
            self._learn_currents(surprise, use[CURRENT])
        if use[IMU].all():
            self._reafference.learn(surprise.score[IMU], surprise.deviation[IMU], surprise.dt_s)
        self._surprise = None

    def _joints(self, joints: JointsSense | None) -> tuple[Array, Array, Array, Bools]:
        """Positions, rates, currents, and which of them are sound; those that are not are 0."""
        if joints is None or not joints.valid:
            nothing = np.zeros(JOINT_COUNT)
            return self._goal, nothing, nothing, np.zeros(JOINT_COUNT, dtype=np.bool_)
        rows = np.array(
            [
                (j.position_rad, j.velocity_rad_s, j.current_a, j.answered and j.torque_enabled)
                for j in joints.joints
            ]
        )
        sound = np.isfinite(rows).all(axis=1)
        if not sound.all():
            rows[~sound] = 0.0
        return rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3] > 0.0

    def _foretell_lags(self, step: Array, predicted: Array, deviation: Array) -> None:
        steps, terms, noise = self._steps, self._lag_terms, self._noise_terms
        steps[2], steps[1] = steps[1], steps[0]
        steps[0] = step
        signs = np.tanh(steps[:2])
        terms[:, 0:2] = self._lags.T
        terms[:, 2:5] = steps.T
        terms[:, 5] = self._rate * (self._period_s / PULSE_RAD)
        terms[:, 6:8] = signs.T
        predicted[LAG] = np.einsum("jn,jn->j", self._lag_weights, terms)
        changes = np.abs(steps[:2] - steps[1:])
        noise[:, 1] = np.abs(step)
        noise[:, 2:4] = changes.T
        noise[:, 4] = np.abs(signs[0] - signs[1])
        noise[:, 5] = np.abs(signs[0])
        noise[:, 6] = noise[STEWART, 1].mean()
        noise[:, 7] = changes[0, STEWART].mean()
        noise[:, 8] = changes[0, BODY_YAW]
        self._own = np.einsum("jn,jn->j", self._lag_noise, noise)
        self._unsure = uncertainty(self._lag_covariance, terms)
        deviation[LAG] = np.sqrt(self._own * self._own + self._unsure[1])

    def _foretell_currents(self, predicted: Array, deviation: Array) -> None:
        """From the lag that is foretold, and the velocity that it means."""
        weights, lag = self._current_weights, predicted[LAG]
        rate = (self._steps[0] - lag + self._lags[0]) * (PULSE_RAD / self._period_s)
        predicted[CURRENT] = weights[:, 0] * lag + weights[:, 1] * rate + weights[:, 2]
        spread = weights[:, 0] * deviation[LAG]
        deviation[CURRENT] = np.sqrt(spread * spread + self._current_variance)

    def _weigh(
        self, outlook: Outlook, predicted: Array, measured: Array, deviation: Array, known: Bools
    ) -> None:
        """Mix both predictions, each by how far off it has been, in units of the own noise.

        The share is the inverse of the mean squared error; the network's is never taken to be
        less than it says itself.
        """
        both = known & outlook.known & np.isfinite(outlook.mean)
        if not both.any():
            return
        other = np.where(both, outlook.mean * _PER_UNIT, predicted)
        own_off = np.minimum(np.abs(measured - predicted) / deviation, ROBUST) ** 2
        other_off = np.minimum(np.abs(measured - other) / deviation, OUTLOOK_ROBUST) ** 2
        claimed = np.where(both, outlook.variance, 0.0) * (_PER_UNIT / deviation) ** 2
        off = np.maximum(self._outlook_error, np.minimum(claimed, OUTLOOK_ROBUST**2))
        share = np.where(both, self._own_error / (self._own_error + off), 0.0)
        rate = self._trust_rate * both
        self._own_error += rate * (own_off - self._own_error)
        self._outlook_error += rate * (other_off - self._outlook_error)
        predicted += share * (other - predicted)

    def _learn_lags(self, surprise: Surprise, use: Bools) -> None:
        score, deviation = surprise.score[LAG], surprise.deviation[LAG] / PULSE_RAD
        error = np.clip(score, -ROBUST, ROBUST) * deviation
        learn_weights(
            self._lag_weights,
            self._lag_covariance,
            self._unsure,
            np.where(use, error, 0.0),
            np.where(use, self._own * self._own, NEVER),
            self._forgetting,
            self._lag_most,
        )
        learn_noise(self._lag_noise, self._noise_terms, score, self._first_noise, use)

    def _learn_currents(self, surprise: Surprise, use: Bools) -> None:
        deviation = np.sqrt(self._current_variance)
        error = np.clip(surprise.electrical_a, -ROBUST * deviation, ROBUST * deviation)
        error = np.where(use, error, 0.0)
        learn_weights(
            self._current_weights,
            self._current_covariance,
            uncertainty(self._current_covariance, self._current_terms),
            error,
            np.where(use, self._current_variance, NEVER),
            self._forgetting,
            self._current_most,
        )
        floor = CURRENT_FLOOR_A**2
        change = self._trust_rate * use * (error * error - self._current_variance)
        self._current_variance = np.maximum(self._current_variance + change, floor)
