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
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum import recent
from cerebellum.adaptation import ROBUST, Gains, Noise
from cerebellum.forward_nets import ForwardNets, read_nets
from cerebellum.forward_prior import ForwardPrior, double, read_prior
from cerebellum.proprioception import Felt, feel
from cerebellum.reafference import (
    FLOOR,
    FLOOR_SQUARE,
    LEAST,
    Reafference,
    ReafferenceState,
    initial_reafference,
)
from cerebellum.recent import OF_IMU, OF_JOINTS, Recent
from cerebellum.surprise import (
    ALL,
    CHANNELS,
    CURRENT,
    IMU,
    LAG,
    NONE,
    PULSE_RAD,
    WITHOUT_IMU,
    Array,
    Bools,
    Outlook,
    Surprise,
)
from cerebellum.trust import Trust
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import BODY_YAW, JOINT_COUNT
from firmware_bridge.senses import BodySense, JointsSense

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
CURRENT_TERMS: Final = 3
CURRENT_SPREAD: Final = np.array((4e-4, 8e-3, 2e-3))
"""How far units differ in A per pulse of lag, per rad/s, and A."""
CURRENT_FLOOR_A: Final = 2e-3
LATE: Final = 1.5
"""A tick that comes this many periods after the last one cannot be foretold."""
HISTORY: Final = 4
"""Ticks of a joint that its next lag is foretold from, and one to be sure."""
CURRENT_S: Final = 30.0
"""Time in which the noise of a current is learned."""
_FORETOLD: Final = JOINT_COUNT + IMU.stop - IMU.start
"""What the networks foretell: lags, and the IMU."""
_WITH_NOISE: Final = np.r_[LAG, IMU]
_MOTORS: Final = slice(LAG.start, CURRENT.stop)
_BEYOND: Final = slice(CURRENT.start, IMU.stop)
"""What is more unsure than the networks say."""
_CURRENTS: Final = slice(0, JOINT_COUNT)
"""Of these."""
_LEAST: Final = np.array([*(LEAST_PULSES,) * JOINT_COUNT, *(LEAST,) * (_FORETOLD - JOINT_COUNT)])
_MOVES: Final = np.array([*(MOVES_PULSES,) * JOINT_COUNT, *(0.0,) * (_FORETOLD - JOINT_COUNT)])
_OWN_COLUMN: Final = OWN_SPREAD[2:, None]
_CURRENT_COLUMN: Final = CURRENT_SPREAD[:2, None]
_STILL: Final = (0.0,) * JOINT_COUNT
_LEVEL: Final = (0.0,) * (IMU.stop - IMU.start)
_SOUND: Final = (True,) * JOINT_COUNT
_UNSOUND: Final = (False,) * JOINT_COUNT
_EVERYTHING: Final = ALL.tobytes()
_NOTHING: Final = NONE.tobytes()


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
        current_weights=np.zeros((CURRENT_TERMS, JOINT_COUNT)),
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
        self._period_s = period_s = state.period_s
        self._nets = read_nets(period_s) if prior is None else ForwardNets(prior)
        self._recent = Recent(period_s)
        # Lags, with six terms, and currents, with three, learn by one rule: they are one.
        weights = np.zeros((OWN_TERMS, CURRENT.stop))
        weights[:, LAG], weights[:CURRENT_TERMS, CURRENT] = state.own_weights, state.current_weights
        self._own = Gains(weights, 1.0 - math.exp(-period_s / OWN_S), OWN_MOST)
        self._terms = np.zeros_like(weights)
        self._terms[0, LAG], self._terms[2, CURRENT] = OWN_SPREAD[0], CURRENT_SPREAD[2]
        loud = np.concatenate((state.log_noise, state.reafference.log_noise))
        self._noise = Noise(loud, period_s)
        self._current_rate = 1.0 - math.exp(-period_s / CURRENT_S)
        self._current_prior = double((prior or read_prior(ForwardPrior, period_s)).current)
        self._ampere = np.zeros_like(self._current_prior)
        self._explain()
        self._lag_and_rate = np.zeros((2, 2, JOINT_COUNT))
        self._scale = np.concatenate((self._current_prior[0] ** 2, FLOOR_SQUARE))
        self._doubt = np.concatenate((state.current_variance, FLOOR_SQUARE))
        self._spread = self._variance = np.ones(_FORETOLD)
        self._trust = Trust(state.own_error, state.outlook_error, period_s)
        self._reafference = Reafference(state.reafference, period_s)
        self._t_ns = 0
        self._steady = 0
        self._streak = [0] * JOINT_COUNT
        self._goal: Sequence[float] = _STILL
        self._surprise: Surprise | None = None

    def state(self) -> ForwardModelState:
        """Everything learned so far."""
        weights, log_noise = self._own.weights, self._noise.log_gain
        return ForwardModelState(
            period_s=self._period_s,
            own_weights=weights[:, LAG].copy(),
            log_noise=log_noise[LAG].copy(),
            current_weights=weights[:CURRENT_TERMS, CURRENT].copy(),
            current_variance=self._doubt[_CURRENTS].copy(),
            own_error=self._trust.own_error,
            outlook_error=self._trust.outlook_error,
            reafference=self._reafference.state(log_noise[JOINT_COUNT:]),
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
        place, rate, current, sound = self._joints(sense.joints, felt)
        commanded = sent is not None and sent.torque_enabled
        goal = sent.position_rad if sent is not None and commanded else place
        if not commanded or not 0.0 < dt_s < LATE * self._period_s:
            sound = _UNSOUND
        before, self._goal = self._goal, goal
        imu = self._reafference.feel(sense, place[BODY_YAW], rate[BODY_YAW])
        known = self._known(sound, imu=imu is not None)
        values = np.array(
            [*goal, *goal, *before, *place, *rate, *current, *(_LEVEL if imu is None else imu)]
        )
        step_and_lag = values[:18] - values[18:36]
        now = self._recent.add(step_and_lag, values[36:45], values[27:36])
        table = np.empty((3, CHANNELS))
        predicted, measured, deviation = table
        measured[LAG], measured[_BEYOND] = now[recent.LAG], values[45:]
        electrical = self._foretell(predicted, measured, deviation, values[36:45])
        if imu is None:
            predicted[IMU], deviation[IMU] = 0.0, 1.0
        if outlook is not None:
            self._trust.mix(outlook, place[BODY_YAW], predicted, measured, deviation, known)
        score = measured - predicted
        score /= deviation
        if known is not ALL:
            score *= known
            electrical *= known[CURRENT]
        table[:, LAG] *= PULSE_RAD
        self._surprise = Surprise(
            sense.t_mono_ns, dt_s, predicted, measured, deviation, score, known, electrical,
            step_and_lag[:JOINT_COUNT],
        )  # fmt: skip
        return self._surprise

    def learn(self, untouched: Bools) -> None:
        """Learn from the last ``step`` the channels [24] that nobody but the robot has moved."""
        surprise = self._surprise
        if surprise is None:
            return
        self._surprise = None
        use = surprise.known & untouched
        flags = use.tobytes()
        if flags == _NOTHING:
            return
        everything = flags == _EVERYTHING
        score = np.minimum(surprise.score, ROBUST)
        np.maximum(score, -ROBUST, out=score)
        moves = self._spread > _MOVES
        imu = everything or bool(use[IMU].all())
        if not everything:
            moves[LAG] &= use[LAG]
            moves[JOINT_COUNT:] &= imu
        self._noise.learn(np.abs(score)[_WITH_NOISE], moves)
        if everything or use[LAG].any():
            self._learn_motors(surprise.electrical_a, score, None if everything else use)
        if imu:
            calmest = min(self._variance[JOINT_COUNT:].tolist())
            self._reafference.learn(score[IMU], surprise.deviation[IMU], calmest, surprise.dt_s)

    def _joints(
        self, joints: JointsSense | None, felt: Felt | None
    ) -> tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[bool]]:
        """Positions, rates, currents, and which of them are sound; the others stand at the goal."""
        if joints is None or not joints.valid:
            return self._goal, _STILL, _STILL, _UNSOUND
        felt = felt or feel(joints)
        place, rate, current = felt.position_rad, felt.velocity_rad_s, felt.current_a
        if felt.finite and felt.all_hold:
            self._recent.supplied(sum(felt.voltage_v) / JOINT_COUNT)
            return place, rate, current, _SOUND
        rows = list(zip(place, rate, current, felt.voltage_v, strict=True))
        sound = [h and isfinite(sum(row)) for h, row in zip(felt.holds, rows, strict=True)]
        place = tuple([r[0] if ok else g for r, ok, g in zip(rows, sound, self._goal, strict=True)])
        rate, current = (
            tuple([row[kind] if ok else 0.0 for row, ok in zip(rows, sound, strict=True)])
            for kind in (1, 2)
        )
        return place, rate, current, sound

    def _known(self, sound: Sequence[bool], *, imu: bool) -> Bools:
        """[24] What has been sound for as long as it is foretold from; the IMU with all joints."""
        if sound is _SOUND:
            self._steady += 1
            if self._steady > HISTORY:
                return ALL if imu else WITHOUT_IMU
        elif self._steady:
            self._streak = [max(streak, self._steady) for streak in self._streak]
            self._steady = 0
        pairs = zip(self._streak, sound, strict=True)
        self._streak = [streak + 1 if ok else 0 for streak, ok in pairs]
        lags = [streak > HISTORY for streak in self._streak]
        return np.array([*lags, *lags, *(imu and all(lags),) * (CHANNELS - CURRENT.stop)])

    def _foretell(self, predicted: Array, measured: Array, deviation: Array, rate: Array) -> Array:
        """Fill what is foretold, and how unsure that is; [9] current beyond the equation."""
        inputs, terms = self._recent.inputs, self._terms
        means, logits = self._nets.run(inputs)
        spread = self._spread = np.logaddexp(0.0, logits)
        spread += _LEAST
        spread *= self._noise.gain
        variance = self._variance = spread * spread

        sign = np.tanh(inputs[recent.STEP], out=terms[1, LAG])
        sign *= OWN_SPREAD[1]
        np.multiply(inputs[recent.OWN].reshape(-1, JOINT_COUNT), _OWN_COLUMN, out=terms[2:, LAG])
        np.add(means[LAG], self._own.predict(terms)[LAG], out=predicted[LAG])
        electrical = self._foretell_currents(predicted, measured, rate)
        np.multiply(means[JOINT_COUNT:], FLOOR, out=predicted[IMU])
        predicted[IMU] += self._reafference.foretell()

        doubt = self._doubt
        np.multiply(FLOOR_SQUARE, self._reafference.doubt, out=doubt[JOINT_COUNT:])
        deviation[LAG] = spread[LAG]
        unsure = np.multiply(variance, self._scale, out=deviation[_BEYOND])
        unsure += doubt
        np.sqrt(unsure, out=unsure)
        return electrical

    def _foretell_currents(self, predicted: Array, measured: Array, rate: Array) -> Array:
        """From the lag that is foretold and the velocity that it means; and from the measured."""
        inputs, both = self._recent.inputs, self._lag_and_rate
        both[0, 0], both[0, 1], both[1, 1] = predicted[LAG], measured[LAG], rate
        meant = np.subtract(inputs[recent.STEP], predicted[LAG], out=both[1, 0])
        meant += inputs[recent.LAST_LAG]
        meant *= PULSE_RAD / self._period_s
        by_lag, by_rate = both * self._ampere[:2, None]
        by_lag += by_rate
        by_lag += self._ampere[2]
        predicted[CURRENT] = by_lag[0]
        electrical: Array = measured[CURRENT] - by_lag[1]
        return electrical

    def _learn_motors(self, electrical: Array, score: Array, use: Bools | None) -> None:
        """Own ways of lags and currents; all of them where ``use`` is None. Overwrites scores."""
        terms, variance = self._terms, self._doubt[_CURRENTS]
        np.multiply(self._lag_and_rate[:, 1], _CURRENT_COLUMN, out=terms[:2, CURRENT])
        told = np.concatenate((self._variance[LAG], variance))
        error = score[_MOTORS]
        np.multiply(error[LAG], self._spread[LAG], out=error[LAG])
        most = np.sqrt(variance)
        most *= ROBUST
        strange = np.minimum(electrical, most, out=error[CURRENT])
        np.maximum(strange, np.negative(most, out=most), out=strange)
        if use is not None:
            error *= use[_MOTORS]
        self._own.learn(terms, error, told)
        self._explain()
        strange *= strange
        strange -= variance
        if use is not None:
            strange *= use[CURRENT]
        strange *= self._current_rate
        variance += strange
        np.maximum(variance, CURRENT_FLOOR_A**2, out=variance)

    def _explain(self) -> None:
        """What makes a current: A per pulse of lag, per rad/s, and A."""
        own = self._own.weights[:CURRENT_TERMS, CURRENT]
        np.multiply(own, CURRENT_SPREAD[:, None], out=self._ampere)
        self._ampere += self._current_prior
