"""From 24 surprises to what touches the robot: nothing, a part of it, or all of it.

A touch lasts, so it is a matter of memory: surprises are summed over times from one tick to two
seconds, and a small gated recurrent network (GRU; Cho et al. 2014) keeps what it needs of how large
such sums are in each part of the robot: a push keeps its sign, a hand trembles, a table rings.
``tools/fit_contact.py`` fits it to many hands on simulated robots. It says after each tick how
likely it is that nothing, the head, an antenna, the body or the whole robot is touched, and by
which kind of hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from cerebellum.felt import Kind, Place
from cerebellum.forward_prior import Stored, double, nearest_period, read_prior
from cerebellum.reafference import FLOOR
from cerebellum.surprise import ALL, CHANNELS, CURRENT, IMU, LAG, PULSE_RAD, Surprise

Array = NDArray[np.float64]

PLACES: Final = (Place.HEAD, Place.RIGHT_ANTENNA, Place.LEFT_ANTENNA, Place.BODY, Place.ROBOT)
TOUCH_KINDS: Final = (Kind.TAP, Kind.STROKE, Kind.PUSH, Kind.HOLD)
ROBOT_KINDS: Final = (Kind.LIFT, Kind.TILT, Kind.TURN, Kind.BUMP)
KINDS: Final = (*TOUCH_KINDS, *ROBOT_KINDS)
OUTPUTS: Final = 1 + len(PLACES) + len(KINDS)
"""Logits: of nothing, of each place, of each kind."""
PARTS: Final = ((0,), (1, 2, 3, 4, 5, 6), (7,), (8,), (9, 10), (11,), (12, 13), (14,))
"""Of the nine lags, then the six channels of the IMU: body, legs, right and left antenna; sway,
spin, shake and heave. A current tells nothing that its lag does not."""
OF_CHIP: Final = slice(4, 8)
"""Of the parts."""
SUMS_S: Final = (0.12, 0.5, 2.0)
"""Times over which scores are summed: the same at every rate of the loop."""
ROWS: Final = 2 + len(SUMS_S)
"""Levels that count in every part: the score, its sums, the residual. One more is of steps."""
SIZES: Final = slice(0, ROWS * len(PARTS))
STEPS: Final = slice(SIZES.stop, SIZES.stop + OF_CHIP.start)
LOUD: Final = slice(STEPS.stop, STEPS.stop + len(PARTS))
INPUTS: Final = LOUD.stop + 1
"""Logs of sizes of each part: of its score, of the sums, of its residual; logs of sizes of the
steps of goals; logs of deviations of each part; whether the IMU is known."""
SMALLEST: Final = 0.1
"""Sizes of less than this are as good as nothing."""
MOST: Final = 1e4
"""A score or residual of more than this counts as this."""
LONGEST_GAP_S: Final = 0.5
_USED: Final = (*range(LAG.start, LAG.stop), *range(IMU.start, IMU.stop))
_UNITS: Final = np.concatenate((np.full(CURRENT.stop, PULSE_RAD), FLOOR))
_PER_UNIT: Final = 1.0 / _UNITS
_PER_PULSE: Final = _PER_UNIT[LAG]
_LOG_UNITS: Final = np.log(_UNITS)
_MEMBERS: Final = np.zeros((CHANNELS, len(PARTS)))
"""[24, 8] Which channels are of which part."""
for _number, _part in enumerate(PARTS):
    _MEMBERS[[_USED[channel] for channel in _part], _number] = 1.0
_MEANS: Final = _MEMBERS / np.add.reduce(_MEMBERS)
_OF_PLACES: Final = slice(1, 1 + len(PLACES))
_OF_KINDS: Final = slice(1 + len(PLACES), OUTPUTS)
_LOGS: Final = slice(SIZES.start, STEPS.stop)
_SMALLEST: Final = np.full(STEPS.stop, SMALLEST)
_MOST: Final = np.full((3, CHANNELS), MOST)
_LEAST: Final = -_MOST


@dataclass(frozen=True, slots=True)
class ContactPrior:
    """For one period of the loop; H hidden units."""

    KIND: ClassVar[str] = "contact_prior"
    VERSION: ClassVar[int] = 2
    period_s: float
    first: Stored
    """[3 H, 53]: of the reset gates, the update gates, and what comes new."""
    first_bias: Stored
    again: Stored
    """[3 H, H]: the same, of what is kept."""
    again_bias: Stored
    """[H]: within the reset gate."""
    last: Stored
    """[14, H]: logits."""
    last_bias: Stored
    begins: float
    """Log odds of a touch at which an episode begins."""
    begins_blind: float
    """The same without an IMU."""


class Evidence(msgspec.Struct, frozen=True):
    """What one tick and its past say."""

    touch: float
    """Log odds that something touches the robot."""
    places: tuple[float, ...]
    """Logits of ``PLACES``."""
    kinds: tuple[float, ...]
    """Logits of ``KINDS``."""
    imu: bool
    known: bool
    """False: nothing can be said of this tick."""


NOTHING: Final = Evidence(
    -math.inf, (0.0,) * len(PLACES), (0.0,) * len(KINDS), imu=False, known=False
)


class Memory:
    """Sums of surprises over some times, and how large they are: what a touch is known by.

        level <- kept level + fresh news       for each sum over ``SUMS_S``
        size = log(sum of level^2 of a part's channels + ``SMALLEST``)

    Those of a touch have one sign, noise has none. What counts is their size in each part of the
    robot, whichever way it is pushed. News are the score, the residual and the step of the goal,
    the last two in units; as levels they are sums that keep nothing, so that all of it is a product
    of one matrix.
    """

    def __init__(self, period_s: float, inputs: Array | None = None) -> None:
        """``inputs`` [53]: where they are to be written."""
        kept = np.exp(-period_s / np.array(SUMS_S))
        self._kept = np.zeros((ROWS + 1, 1))
        self._kept[1 : ROWS - 1, 0] = kept
        self._fresh = np.zeros((ROWS + 1, 3))
        self._fresh[0, 0] = self._fresh[ROWS - 1, 1] = self._fresh[ROWS, 2] = 1.0
        self._fresh[1 : ROWS - 1, 0] = np.sqrt(1.0 - kept * kept)
        self._levels, self._change = np.zeros((2, ROWS + 1, CHANNELS))
        self._news = np.zeros((3, CHANNELS))
        self._score, self._residual, steps = self._news
        self._steps = steps[LAG]
        self._sizes = np.zeros((ROWS + 1, len(PARTS)))
        self._told = self._sizes.reshape(-1)[_LOGS]
        self.inputs = np.zeros(INPUTS) if inputs is None else inputs
        """As ``INPUTS`` says, of the last step."""
        self._logs, self._loud = self.inputs[_LOGS], self.inputs[LOUD]

    def forget(self) -> None:
        """After a gap."""
        self._levels[:] = 0.0

    def step(self, surprise: Surprise) -> Array:
        """Add a tick; ``inputs`` [53]."""
        news, levels, squares, inputs = self._news, self._levels, self._change, self.inputs
        self._score[:] = surprise.score
        np.multiply(surprise.residual, _PER_UNIT, self._residual)
        np.multiply(surprise.step_rad, _PER_PULSE, self._steps)
        np.minimum(news, _MOST, out=news)
        np.maximum(news, _LEAST, out=news)
        levels *= self._kept
        levels += np.dot(self._fresh, news, self._change)
        np.dot(np.multiply(levels, levels, squares), _MEMBERS, self._sizes)
        np.log(np.add(self._told, _SMALLEST, self._logs), self._logs)
        loud = np.log(surprise.deviation)
        loud -= _LOG_UNITS
        np.dot(loud, _MEANS, self._loud)
        known = surprise.known
        inputs[-1] = imu = 1.0 if known is ALL else float(known[IMU.start])
        if not imu:
            self._loud[OF_CHIP] = 0.0
        return inputs


class ContactNet:
    """Weights of a prior as they are computed with: nothing in it changes.

    What is computed of inputs x, what is kept h and a constant is one matrix:

        r, z = sigma(R x + U h + b), sigma(Z x + V h + c)       reset and update
        n = tanh(N x + d + r (W h + e))                         what comes new
        h <- z h + (1 - z) n
    """

    def __init__(self, prior: ContactPrior, period_s: float | None = None) -> None:
        """``period_s``: that of a prior which ships, by which the same net is found again."""
        self.period_s = period_s
        self.kept = kept = prior.again.shape[1]
        gates, new = slice(0, 2 * kept), slice(2 * kept, 3 * kept)
        first, first_bias = double(prior.first), double(prior.first_bias)
        again = double(prior.again)
        one, past = INPUTS, slice(INPUTS + 1, None)
        self.whole = np.zeros((4 * kept, INPUTS + 1 + kept))
        """[4 H, 53 + 1 + H]: both gates, N x + d, and W h + e."""
        self.whole[: 3 * kept, :INPUTS], self.whole[: 3 * kept, one] = first, first_bias
        self.whole[gates, past] = again[gates]
        self.whole[3 * kept :, past] = again[new]
        self.whole[3 * kept :, one] = double(prior.again_bias)
        self.whole[gates] *= 0.5  # sigma(a) = (1 + tanh(a / 2)) / 2: all run through tanh
        self.last = np.column_stack((double(prior.last_bias), double(prior.last)))
        """[14, 1 + H]"""


def read_contact_net(period_s: float) -> ContactNet:
    """The net that ships for a loop with a period next to this one.

    Raises ``snapshot.SnapshotError`` where its file is damaged.
    """
    return ContactNet(read_prior(ContactPrior, period_s), nearest_period(period_s))


class Contact:
    """``step`` once a tick."""

    def __init__(self, net: ContactNet, period_s: float) -> None:
        self._net, kept = net, net.kept
        # Inputs, a constant 1 and what is kept lie in a row, so that they are multiplied as one.
        self._taken = np.zeros(INPUTS + 1 + kept)
        self._taken[INPUTS] = 1.0
        self._memory = Memory(period_s, self._taken[:INPUTS])
        self._kept, self._kept_and_one = self._taken[INPUTS + 1 :], self._taken[INPUTS:]
        self._sums = sums = np.zeros(4 * kept)
        self._half = np.full(2 * kept, 0.5)
        self._gates = sums[: 2 * kept]
        self._reset, self._update, self._new, self._past = sums.reshape(4, kept)

    def step(self, surprise: Surprise) -> Evidence:
        """Evidence of this tick, and of those before it."""
        known, kept, net = surprise.known, self._kept, self._net
        felt = known is ALL or any(known[LAG].tolist())
        if not (felt and 0.0 < surprise.dt_s < LONGEST_GAP_S):
            kept[:] = 0.0
            self._memory.forget()
            return NOTHING
        self._memory.step(surprise)
        gates, new, half = self._gates, self._past, self._half
        np.dot(net.whole, self._taken, self._sums)
        np.tanh(gates, gates)
        gates *= half
        gates += half
        new *= self._reset
        new += self._new
        np.tanh(new, new)
        kept -= new
        kept *= self._update
        kept += new
        said = np.dot(net.last, self._kept_and_one).tolist()
        nothing, places, kinds = said[0], said[_OF_PLACES], said[_OF_KINDS]
        most = max(places)
        touch = most + math.log(sum([math.exp(logit - most) for logit in places])) - nothing
        imu = known is ALL or bool(known[IMU.start])
        return Evidence(touch, tuple(places), tuple(kinds), imu, known=True)
