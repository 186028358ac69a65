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

Arrays are small here, and each call of numpy costs about as much as nine numbers do. So what is
done alike to lags, currents and IMU is done to all of them at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from cerebellum import motor_current, recent
from cerebellum.adaptation import ROBUST, Gains, Noise
from cerebellum.forward_nets import ForwardNets, read_nets
from cerebellum.forward_prior import ForwardPrior, double, read_prior
from cerebellum.forward_state import OWN_TERMS, ForwardModelState
from cerebellum.motor_current import MotorCurrent
from cerebellum.proprioception import Felt, feel
from cerebellum.reafference import FLOOR_SQUARE, LEAST, Reafference
from cerebellum.recent import OF_IMU, OF_JOINTS, Recent
from cerebellum.soundness import SOUND, STILL, UNSOUND, Numbers, Sound, Soundness, filled
from cerebellum.surprise import (
    ALL,
    CHANNELS,
    CURRENT,
    IMU,
    LAG,
    NONE,
    PULSE_RAD,
    Array,
    Bools,
    Outlook,
    Surprise,
)
from cerebellum.trust import Trust
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import BODY_YAW, JOINT_COUNT
from firmware_bridge.senses import BodySense

LEAST_PULSES: Final = 0.4
"""Noise of a joint at rest: a gear may hang on either edge of a pulse."""
MOVES_PULSES: Final = 1.0
"""A joint whose lag is foretold no better than this moves: only that teaches how loud it is."""
OWN_SPREAD: Final = PULSE_RAD * np.array((0.7, 1.5, 0.03, 0.02, 0.01, 0.02))
"""How far a robot's own weights differ from the network's, rad: of 1 and the sign of a step; per
pulse of the other ``OWN_TERMS``."""
OWN_S: Final = 30.0
"""Time in which a robot's own way is learned, as long as it moves."""
OWN_MOST: Final = 10.0
LATE: Final = 1.5
"""A tick that comes this many periods after the last one cannot be foretold."""
TURNS: Final = 3
"""Ticks in which all that is learned had its turn."""
_MOTORS: Final = slice(LAG.start, CURRENT.stop)
_KINDS: Final = (JOINT_COUNT, JOINT_COUNT, CHANNELS - CURRENT.stop)
_LEAST: Final = np.repeat((LEAST_PULSES, LEAST_PULSES, LEAST), _KINDS)
_MOST: Final = np.full(CHANNELS, ROBUST)
_LEAST_SCORE: Final = -_MOST
_MOVES: Final = np.repeat((MOVES_PULSES, MOVES_PULSES, 0.0), _KINDS)
_SPREAD: Final = np.repeat(motor_current.SPREAD[:, None], JOINT_COUNT, axis=1)
_FLOOR: Final = np.full(JOINT_COUNT, motor_current.FLOOR_A**2)
_OWN_COLUMN: Final = OWN_SPREAD[:, None]
_LEVEL: Final = (0.0,) * (IMU.stop - IMU.start)
_NOTHING: Final = NONE.tobytes()


@dataclass(frozen=True, slots=True)
class Experience:
    """What one tick's predictions were made of, for those who fit the priors."""

    joints: Array
    """[151] Inputs of the network of the joints."""
    imu: Array
    """[180] Inputs of the network of the IMU."""
    imu_linear: Array
    """[5] Terms of the IMU's linear part."""


class ForwardModel:
    """``step`` once a tick, with what was felt and what was sent before; then ``learn``."""

    def __init__(self, state: ForwardModelState, prior: ForwardPrior | None = None) -> None:
        """Go on from a state: ``initial_state``, or one that was kept.

        ``prior`` is the one of this period unless another is given, as who fits priors does.
        """
        self._period_s = period_s = state.period_s
        self._nets = read_nets(period_s) if prior is None else ForwardNets(prior)
        self._recent = Recent(period_s)
        # Lags, with six terms, and currents, with three, learn by one rule: they are one.
        weights = np.zeros((OWN_TERMS, CURRENT.stop))
        weights[:, LAG] = state.own_weights
        weights[: motor_current.TERMS, CURRENT] = state.current_weights
        between_s = TURNS * period_s
        self._own = Gains(weights, 1.0 - math.exp(-between_s / OWN_S), OWN_MOST)
        self._terms = np.zeros_like(weights)
        self._terms[2, CURRENT] = motor_current.SPREAD[2]
        self._ways, self._own_by, self._shares = np.ones((3, OWN_TERMS, JOINT_COUNT))
        """[6, 9] what lags go by beyond the nets: 1, sign of the step, ...; by how much, rad."""
        self._sign, self._past_ways = self._ways[1], self._ways.reshape(-1)[2 * JOINT_COUNT :]
        self._each = np.ones(OWN_TERMS)  # a product with them sums faster than a reduction
        current = double((prior or read_prior(ForwardPrior, period_s)).current)
        current[0] /= PULSE_RAD
        self._current = MotorCurrent(current, state.current_weights, period_s)
        self._current_rate = 1.0 - math.exp(-between_s / motor_current.NOISE_S)
        loud = (state.log_noise, state.log_noise, state.reafference.log_noise)
        self._noise = Noise(np.concatenate(loud), between_s)
        # A current is as unsure as the lag that it is foretold from, and has noise of its own.
        lags = np.full(JOINT_COUNT, PULSE_RAD**2)
        self._unit = np.sqrt(np.concatenate((lags, lags * current[0] ** 2, FLOOR_SQUARE)))
        self._loud = self._noise.gain * self._unit
        self._doubt = np.concatenate((STILL, state.current_variance, _LEVEL))
        self._doubt_of_imu = self._doubt[IMU]
        self._spread = np.ones(CHANNELS)
        self._trust = Trust(state.own_error, state.outlook_error, period_s)
        self._reafference = Reafference(state.reafference, period_s)
        self._t_ns = 0
        self._turn = 0
        self._soundness = Soundness()
        self._goal: Numbers = STILL
        self._lag_rad, self._rate_rad_s = np.zeros((2, JOINT_COUNT))
        self._surprise: Surprise | None = None
        self._take_over()

    def state(self) -> ForwardModelState:
        """Everything learned so far."""
        weights, log_noise = self._own.weights, self._noise.log_gain
        own_error, outlook_error = self._trust.errors()
        return ForwardModelState(
            period_s=self._period_s,
            own_weights=weights[:, LAG].copy(),
            log_noise=log_noise[LAG].copy(),
            current_weights=weights[: motor_current.TERMS, CURRENT].copy(),
            current_variance=self._doubt[CURRENT].copy(),
            own_error=own_error,
            outlook_error=outlook_error,
            reafference=self._reafference.state(log_noise[IMU]),
        )

    def experience(self) -> Experience:
        """What the last predictions were made of; to be asked before the next ``step``."""
        inputs = self._recent.inputs
        return Experience(inputs[OF_JOINTS], inputs[OF_IMU], self._reafference.terms())

    def step(
        self,
        sense: BodySense,
        sent: JointTargets | None,
        outlook: Outlook | None = None,
        felt: Felt | None = None,
    ) -> Surprise:
        """Compare a tick with what the own command makes of the ticks before.

        Args:
            sense: the body as felt now.
            sent: what was written after the tick before this one; None when nothing was.
            outlook: what the network expected of this tick, where it did.
            felt: the joints of ``sense``, where they have been read before.
        """
        dt_s = (sense.t_mono_ns - self._t_ns) * 1e-9
        self._t_ns = sense.t_mono_ns
        joints = sense.joints
        found: tuple[Numbers, Numbers, Numbers, Sound] = (self._goal, STILL, STILL, UNSOUND)
        if joints is not None and joints.valid:
            felt = felt or feel(joints)
            found = filled(felt, self._goal)
            if found[-1] is SOUND:
                self._recent.supplied(sum(felt.voltage_v) / JOINT_COUNT)
        place, rate, current, sound = found
        commanded = sent is not None and sent.torque_enabled
        goal = sent.position_rad if sent is not None and commanded else place
        if not commanded or not 0.0 < dt_s < LATE * self._period_s:
            sound = UNSOUND
        before, self._goal = self._goal, goal
        imu = self._reafference.feel(sense, place[BODY_YAW], rate[BODY_YAW])
        known = self._soundness.known(sound, imu=imu is not None)
        felt_imu = _LEVEL if imu is None else imu
        row = recent.row_of(rate, goal, before, place, current, felt_imu)
        self._recent.add(row)
        step, measured = row[recent.STEP], row[recent.MEASURED]
        predicted, deviation = self._foretell(step)
        self._lag_rad, self._rate_rad_s = row[recent.LAG], row[recent.WAY]
        if imu is None:
            predicted[IMU], deviation[IMU] = 0.0, 1.0
        if outlook is not None:
            self._trust.mix(outlook, place[BODY_YAW], predicted, measured, deviation, known)
        residual = measured - predicted
        if known is not ALL:
            residual *= known
        self._surprise = Surprise(
            sense.t_mono_ns, dt_s, predicted, measured, deviation, residual / deviation, known,
            residual, step,
        )  # fmt: skip
        return self._surprise

    def learn(self, untouched: Bools) -> None:
        """Learn from the last ``step`` the channels [24] that nobody but the robot has moved.

        What is learned takes turns, for it is the same from tick to tick, and slow: how motors move
        this robot, how loud it is, what its IMU feels.
        """
        surprise = self._surprise
        if surprise is None:
            return
        self._surprise = None
        everything = surprise.known is ALL and untouched is ALL
        use = ALL if everything else surprise.known & untouched
        if not everything and use.tobytes() == _NOTHING:
            return
        turn, self._turn = self._turn, (self._turn + 1) % TURNS
        score = np.minimum(surprise.score, _MOST)
        np.maximum(score, _LEAST_SCORE, out=score)
        if turn == 0:
            if everything or use[LAG].any():
                self._learn_motors(surprise, score, None if everything else use[_MOTORS])
            return
        imu = everything or bool(use[IMU].all())
        if turn == 1:
            self._learn_noise(score, use, imu=imu)
        elif imu:
            calmest = min((self._spread * self._noise.gain)[IMU].tolist()) ** 2
            passed_s = TURNS * surprise.dt_s
            self._reafference.learn(score[IMU], surprise.deviation[IMU], calmest, passed_s)

    def _learn_noise(self, score: Array, use: Bools, *, imu: bool) -> None:
        """A current is as loud as its lag; the IMU counts as a whole."""
        sizes, moves = np.abs(score), self._spread * self._noise.gain > _MOVES
        moves &= use
        sizes[CURRENT], moves[CURRENT], moves[IMU] = sizes[LAG], moves[LAG], imu
        self._noise.learn(sizes, moves)
        np.multiply(self._noise.gain, self._unit, self._loud)

    def _foretell(self, step: Array) -> tuple[Array, Array]:
        """[24] What is foretold, and its deviation; ``step`` [9] of the goals, rad."""
        inputs = self._recent.inputs
        predicted, logits = self._nets.run(inputs)
        np.tanh(inputs[recent.STEP], self._sign)
        inputs.take(recent.OWN, None, self._past_ways, "clip")
        lag, shaken = predicted[LAG], predicted[IMU]
        lag += np.dot(self._each, np.multiply(self._ways, self._own_by, self._shares))
        self._current.foretell(lag, step, self._lag_rad, out=predicted[CURRENT])
        shaken += self._reafference.foretell()

        # deviation^2 = (gain unit (softplus(logits) + least))^2 + doubt
        spread = np.logaddexp(0.0, logits, self._spread)
        spread += _LEAST
        deviation = spread * self._loud
        deviation *= deviation
        np.multiply(FLOOR_SQUARE, self._reafference.doubt, self._doubt_of_imu)
        deviation += self._doubt
        np.sqrt(deviation, deviation)
        return predicted, deviation

    def _take_over(self) -> None:
        """Go by the own ways as they are learned now."""
        np.multiply(self._own.weights[:, LAG], _OWN_COLUMN, self._own_by)
        self._current.adapt(self._own.weights[: motor_current.TERMS, CURRENT])

    def _learn_motors(self, surprise: Surprise, score: Array, use: Bools | None) -> None:
        """Own ways of lags and currents; all of them where ``use`` [18] is None."""
        terms, variance = self._terms, self._doubt[CURRENT]
        np.multiply(self._ways, _OWN_COLUMN, terms[:, LAG])
        np.multiply(self._lag_rad, _SPREAD[0], terms[0, CURRENT])
        np.multiply(self._rate_rad_s, _SPREAD[1], terms[1, CURRENT])
        deviation = surprise.deviation[_MOTORS].copy()
        unsure = np.sqrt(variance, deviation[CURRENT])
        error = score[_MOTORS] * deviation
        electrical = self._current.beyond(
            surprise.measured[CURRENT], self._lag_rad, self._rate_rad_s
        )
        most = unsure * _MOST[CURRENT]
        strange = np.minimum(electrical, most, out=error[CURRENT])
        np.maximum(strange, np.negative(most, most), out=strange)
        if use is not None:
            error *= use
        deviation *= deviation
        self._own.learn(terms, error, deviation)
        self._take_over()
        strange *= strange
        strange -= variance
        if use is not None:
            strange *= use[CURRENT]
        strange *= self._current_rate
        variance += strange
        np.maximum(variance, _FLOOR, out=variance)
