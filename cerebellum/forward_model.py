"""What currents, pose and IMU should do next, given the own command; and how far off that was.

A servo that follows a goal lags behind it by what its load, its friction and its back-EMF ask for:
it sticks, slips, and swings with what it carries. So the lag (goal minus position) of each joint is
foretold by a small network that has lived with many servo units (``forward_prior``), from the lags
and velocities before and from the steps of the goal that were sent meanwhile (the efference copy).
It also says how sure that is: where a joint breaks loose nobody can tell, where it stands anybody.
What this robot does otherwise than most is learned while it moves (``adaptation``). The current
follows from lag and velocity (V = duty * rail, I = (V - ke w) / R; ROBOTIS e-manual and motor
equation), the IMU from the motion of the own joints (``reafference``). What a hand, a wall or a
shaken table does remains: the surprise, in units of the noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.adaptation import ROBUST, Gains, Noise
from cerebellum.forward_prior import ForwardPrior, Mind, double, read_prior
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
m/s^2; the last two in the body's axes."""
PULSE_RAD: Final = 2.0 * math.pi / COUNTS_PER_TURN
PAST: Final = 8
"""Rows of what a joint's next lag is foretold from, pulses: the last two lags; the last four steps
of the goal; the ways of the last two ticks at the measured velocities."""
_LAGS, _STEPS, _WAYS = slice(0, 2), slice(2, 6), slice(6, 8)
_RAW: Final = PAST * JOINT_COUNT
_LEGS: Final = STEWART.stop - STEWART.start
JOINT_INPUTS: Final = 2 * _RAW + _LEGS + 1
"""The past, its arcsinh (it keeps both one pulse and a thousand), legs' positions, supply."""
IMU_INPUTS: Final = 2 * _RAW + 4 * JOINT_COUNT
"""The past, its arcsinh, lags and ways of this tick, their arcsinh."""
POSE_PULSES: Final = 300.0
SUPPLY_V: Final = 7.0
SUPPLY_SPAN_V: Final = 0.6
LEAST_PULSES: Final = 0.4
"""Noise of a joint at rest: a gear may hang on either edge of a pulse."""
MOVES_PULSES: Final = 1.0
"""A joint whose lag is foretold no better than this moves: only that teaches how loud it is."""
OWN_TERMS: Final = 6
"""1; sign of the step; last lag, step of this tick and of the one before the last, last way."""
OWN_SPREAD: Final = np.array((0.7, 1.5, 0.03, 0.02, 0.01, 0.02))
"""How far a robot's own weights of these, pulses, differ from the network's."""
OWN_S: Final = 30.0
"""Time in which a robot's own way is learned, as long as it moves."""
OWN_MOST: Final = 10.0
CURRENT_SPREAD: Final = np.array((4e-4, 8e-3, 2e-3))
"""How far units differ in A per pulse of lag, per rad/s, and A."""
CURRENT_FLOOR_A: Final = 2e-3
LATE: Final = 1.5
"""A tick that comes this many periods after the last one cannot be foretold."""
HISTORY: Final = 4
"""Ticks of a joint that its next lag is foretold from, and one to be sure."""
TRUST_S: Final = 30.0
"""Time over which two ways to foretell are compared."""
OUTLOOK_ROBUST: Final = 30.0
"""What ``ROBUST`` is, of an outlook, which may be far off and must then be known to be."""
_PER_UNIT: Final = np.where(np.arange(CHANNELS) < LAG.stop, 1.0 / PULSE_RAD, 1.0)
"""Lags are pulses within, where one is the natural unit of their noise."""
_UNIT: Final = 1.0 / _PER_UNIT


@dataclass(frozen=True, slots=True)
class Outlook:
    """What somebody else, the network, expects of this tick: ``mean`` and ``variance`` [24].

    In the units of the channels, those of the IMU in the base frame's axes; only where ``known``.
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
    VERSION: ClassVar[int] = 2
    period_s: float
    own_weights: NDArray[np.float64]
    """[6, 9], in units of ``OWN_SPREAD``."""
    log_noise: NDArray[np.float64]
    """[9]: how many times louder the lags are than foreknown."""
    current_weights: NDArray[np.float64]
    """[3, 9], beyond those of the prior, in units of ``CURRENT_SPREAD``."""
    current_variance: NDArray[np.float64]
    own_error: NDArray[np.float64]
    outlook_error: NDArray[np.float64]
    reafference: ReafferenceState


@dataclass(frozen=True, slots=True)
class Experience:
    """What one tick's predictions were made of, for those who fit the priors."""

    joints: Array
    """[151] Inputs of the network of the joints."""
    imu: Array
    """[180] Inputs of the network of the IMU."""
    imu_linear: Array
    """[5] Terms of the IMU's linear part."""


def initial_state(period_s: float) -> ForwardModelState:
    """What is known of every robot of this kind, for a loop of this period, s."""
    return ForwardModelState(
        period_s=period_s,
        own_weights=np.zeros((OWN_TERMS, JOINT_COUNT)),
        log_noise=np.zeros(JOINT_COUNT),
        current_weights=np.zeros((3, JOINT_COUNT)),
        current_variance=np.full(JOINT_COUNT, CURRENT_FLOOR_A**2),
        own_error=np.ones(CHANNELS),
        outlook_error=np.ones(CHANNELS),
        reafference=initial_reafference(period_s),
    )


class ForwardModel:
    """``step`` once a tick, with what was felt and what was sent before; then ``learn``."""

    def __init__(self, state: ForwardModelState, prior: ForwardPrior | None = None) -> None:
        """Go on from a state: ``initial_state``, or one that was kept.

        ``prior`` is the one of this period unless another is given, as who fits priors does.
        """
        prior = prior or read_prior(ForwardPrior, state.period_s)
        self._period_s = state.period_s
        self._trust_rate = 1.0 - math.exp(-state.period_s / TRUST_S)
        self._way_pulses = state.period_s / PULSE_RAD
        rate = 1.0 - math.exp(-state.period_s / OWN_S)
        self._own = Gains(state.own_weights, rate, OWN_MOST)
        self._noise = Noise(state.log_noise, state.period_s)
        self._currents = Gains(state.current_weights, rate, OWN_MOST)
        self._current_prior = double(prior.current)
        self._current_variance = state.current_variance.copy()
        self._own_error = state.own_error.copy()
        self._outlook_error = state.outlook_error.copy()
        self._reafference = Reafference(state.reafference, prior.imu, state.period_s)
        self._mind = Mind(prior.joints)
        self._own_terms = np.zeros((OWN_TERMS, JOINT_COUNT))
        self._own_terms[0] = OWN_SPREAD[0]
        self._current_terms = np.ones((3, JOINT_COUNT))
        self._current_scaled = np.zeros((3, JOINT_COUNT))
        self._t_ns = 0
        self._streak = np.zeros(JOINT_COUNT)
        self._goal = np.zeros(JOINT_COUNT)
        self._legs = self._goal[STEWART]
        self._surprise: Surprise | None = None

    def state(self) -> ForwardModelState:
        """Everything learned so far."""
        return ForwardModelState(
            period_s=self._period_s,
            own_weights=self._own.weights.copy(),
            log_noise=self._noise.log_gain.copy(),
            current_weights=self._currents.weights.copy(),
            current_variance=self._current_variance.copy(),
            own_error=self._own_error.copy(),
            outlook_error=self._outlook_error.copy(),
            reafference=self._reafference.state(),
        )

    # Views are made when they are needed: a part that is written down as it stands, and read again,
    # would have arrays of their own in their place.
    @property
    def _past(self) -> Array:
        return self._mind.inputs[:_RAW].reshape(PAST, JOINT_COUNT)

    @property
    def _pose(self) -> Array:
        return self._mind.inputs[2 * _RAW :]

    def experience(self) -> Experience:
        """What the last predictions were made of; to be asked before the next ``step``."""
        imu = self._reafference.inputs
        joints = np.concatenate((imu[: 2 * _RAW], self._pose))
        return Experience(joints, imu.copy(), self._reafference.terms())

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
        commanded = sent is not None and sent.torque_enabled
        position, rate, current, sound = self._joints(sense.joints)
        goal = np.array(sent.position_rad) if sent is not None and commanded else position
        if not commanded or not 0.0 < dt_s < LATE * self._period_s:
            sound = _NONE
        self._streak += 1.0
        self._streak *= sound
        known = np.zeros(CHANNELS, dtype=np.bool_)
        predicted, measured, deviation = np.empty((3, CHANNELS))
        np.greater(self._streak, HISTORY, out=known[LAG])
        known[CURRENT] = known[LAG]
        step = goal - self._goal
        self._foretell_lags(step, predicted, deviation)
        self._foretell_currents(predicted, deviation)
        lag, way = goal - position, rate * self._way_pulses
        lag *= 1.0 / PULSE_RAD
        measured[LAG], measured[CURRENT] = lag, current
        electrical = self._electrical(lag, rate, current)
        self._foretell_imu(sense, position, rate, lag, way, predicted, measured, deviation, known)
        if outlook is not None:
            mean = _in_body_axes(outlook.mean, float(position[BODY_YAW]))
            self._weigh(outlook, mean, predicted, measured, deviation, known)
        self._remember(goal, position, lag, way)
        score = measured - predicted
        score /= deviation
        score *= known
        electrical *= known[CURRENT]
        for values in (predicted, measured, deviation):
            values *= _UNIT
        self._surprise = Surprise(
            t_mono_ns=sense.t_mono_ns,
            dt_s=dt_s,
            predicted=predicted,
            measured=measured,
            deviation=deviation,
            score=score,
            known=known,
            electrical_a=electrical,
            step_rad=step,
        )
        return self._surprise

    def learn(self, untouched: Bools) -> None:
        """Learn from the last ``step`` the channels [24] that nobody but the robot has moved."""
        surprise = self._surprise
        if surprise is None:
            return
        self._surprise = None
        use = surprise.known & untouched
        score = np.minimum(np.maximum(surprise.score, -ROBUST), ROBUST)
        lags = use[LAG]
        if lags.any():
            deviation = surprise.deviation[LAG] * (1.0 / PULSE_RAD)
            error = score[LAG] * deviation
            error *= lags
            self._own.learn(self._own_terms, error, deviation * deviation)
            self._noise.learn(np.abs(score[LAG]), lags & (deviation > MOVES_PULSES))
            self._learn_currents(surprise.electrical_a, use[CURRENT])
        if use[IMU].all():
            self._reafference.learn(score[IMU], surprise.dt_s)

    def _joints(self, joints: JointsSense | None) -> tuple[Array, Array, Array, Bools]:
        """Positions, rates, currents, and which of them are sound; the others stand at the goal."""
        if joints is None or not joints.valid:
            return self._goal, np.zeros(JOINT_COUNT), np.zeros(JOINT_COUNT), _NONE
        rows = np.array(
            [
                (j.position_rad, j.velocity_rad_s, j.current_a, j.voltage_v)
                if j.answered and j.torque_enabled
                else _UNSOUND
                for j in joints.joints
            ]
        ).T
        position, rate, current, supply = rows
        total = np.add.reduce(rows)
        sound = np.isfinite(total)
        if sound.all():
            above_v = float(np.add.reduce(supply)) / JOINT_COUNT - SUPPLY_V
            self._pose[_LEGS] = min(max(above_v, -SUPPLY_SPAN_V), SUPPLY_SPAN_V)
            return position, rate, current, sound
        position = np.where(sound, position, self._goal)
        return position, np.where(sound, rate, 0.0), np.where(sound, current, 0.0), sound

    def _foretell_lags(self, step: Array, predicted: Array, deviation: Array) -> None:
        past = self._past
        past[3:6] = past[2:5]
        np.multiply(step, 1.0 / PULSE_RAD, out=past[2])
        inputs = self._mind.inputs
        np.arcsinh(inputs[:_RAW], out=inputs[_RAW : 2 * _RAW])
        np.multiply(self._legs, 1.0 / (PULSE_RAD * POSE_PULSES), out=self._pose[:_LEGS])
        mean, logit = self._mind.run()
        terms = self._own_terms
        np.tanh(past[2], out=terms[1])
        terms[1] *= OWN_SPREAD[1]
        np.multiply(past[::2], _OWN_COLUMN, out=terms[2:])
        np.add(mean, self._own.predict(terms), out=predicted[LAG])
        own = np.logaddexp(0.0, logit)
        own += LEAST_PULSES
        np.multiply(own, self._noise.gain, out=deviation[LAG])

    def _foretell_currents(self, predicted: Array, deviation: Array) -> None:
        """From the lag that is foretold, and the velocity that it means."""
        lag, terms = predicted[LAG], self._current_terms
        terms[0] = lag
        np.subtract(self._past[2], lag, out=terms[1])
        terms[1] += self._past[0]
        terms[1] *= PULSE_RAD / self._period_s
        predicted[CURRENT] = self._current_of(terms)
        spread = self._current_prior[0] * deviation[LAG]
        spread *= spread
        spread += self._current_variance
        np.sqrt(spread, out=deviation[CURRENT])

    def _current_of(self, terms: Array) -> Array:
        np.multiply(terms, _CURRENT_COLUMN, out=self._current_scaled)
        found: Array = np.add.reduce(self._current_prior * terms)
        found += self._currents.predict(self._current_scaled)
        return found

    def _electrical(self, lag: Array, rate: Array, current: Array) -> Array:
        """Current beyond what lag and velocity, as measured, explain."""
        terms = self._current_terms
        terms[0], terms[1] = lag, rate
        return current - self._current_of(terms)

    def _foretell_imu(
        self,
        sense: BodySense,
        position: Array,
        rate: Array,
        lag: Array,
        way: Array,
        predicted: Array,
        measured: Array,
        deviation: Array,
        known: Bools,
    ) -> None:
        inputs = self._reafference.inputs
        inputs[: 2 * _RAW] = self._mind.inputs[: 2 * _RAW]
        now = inputs[2 * _RAW :]
        now[:9], now[9:18] = lag, way
        np.arcsinh(now[:18], out=now[18:])
        felt = self._reafference.foretell(sense, float(position[BODY_YAW]), float(rate[BODY_YAW]))
        if felt is None:
            predicted[IMU], measured[IMU], deviation[IMU] = 0.0, 0.0, 1.0
            return
        predicted[IMU], measured[IMU], deviation[IMU] = felt
        known[IMU] = known[LAG].all()

    def _remember(self, goal: Array, position: Array, lag: Array, way: Array) -> None:
        """Of this tick, what the next ones are foretold from."""
        past = self._past
        self._goal = goal
        past[1], past[0] = past[0], lag
        past[7], past[6] = past[6], way
        self._legs = position[STEWART].copy()

    def _weigh(
        self,
        outlook: Outlook,
        mean: Array,
        predicted: Array,
        measured: Array,
        deviation: Array,
        known: Bools,
    ) -> None:
        """Mix both predictions, each by how far off it has been, in units of the own noise.

        The share is the inverse of the mean squared error; the network's is never taken to be
        less than it says itself.
        """
        both = known & outlook.known & np.isfinite(mean)
        if not both.any():
            return
        other = np.where(both, mean * _PER_UNIT, predicted)
        own_off = np.minimum(np.abs(measured - predicted) / deviation, ROBUST) ** 2
        other_off = np.minimum(np.abs(measured - other) / deviation, OUTLOOK_ROBUST) ** 2
        claimed = np.where(both, outlook.variance, 0.0) * (_PER_UNIT / deviation) ** 2
        off = np.maximum(self._outlook_error, np.minimum(claimed, OUTLOOK_ROBUST**2))
        share = np.where(both, self._own_error / (self._own_error + off), 0.0)
        rate = self._trust_rate * both
        self._own_error += rate * (own_off - self._own_error)
        self._outlook_error += rate * (other_off - self._outlook_error)
        predicted += share * (other - predicted)

    def _learn_currents(self, electrical: Array, use: Bools) -> None:
        most = ROBUST * np.sqrt(self._current_variance)
        error = np.minimum(np.maximum(electrical, -most), most)
        error *= use
        self._currents.learn(self._current_scaled, error, self._current_variance)
        error *= error
        error -= self._current_variance
        error *= use
        error *= self._trust_rate
        self._current_variance += error
        np.maximum(self._current_variance, CURRENT_FLOOR_A**2, out=self._current_variance)


def _in_body_axes(mean: Array, yaw_rad: float) -> Array:
    """The same [24], with what the IMU feels turned from the base frame's axes to the body's."""
    turned = mean.copy()
    cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
    for first in (GYROSCOPE.start, ACCELEROMETER.start):
        x, y = mean[first : first + 2].tolist()
        turned[first : first + 2] = cosine * x + sine * y, cosine * y - sine * x
    return turned


_OWN_COLUMN: Final = OWN_SPREAD[2:, None]
_CURRENT_COLUMN: Final = CURRENT_SPREAD[:, None]
_NONE: Final = np.zeros(JOINT_COUNT, dtype=np.bool_)
_UNSOUND: Final = (math.nan,) * 4
