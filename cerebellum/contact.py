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

import numpy as np
from numpy.typing import NDArray

from cerebellum.felt import Kind, Place
from cerebellum.forward_prior import Stored, double, nearest_period, read_prior
from cerebellum.reafference import FLOOR
from cerebellum.surprise import IMU, LAG, PULSE_RAD, Surprise

Array = NDArray[np.float64]

PLACES: Final = (Place.HEAD, Place.RIGHT_ANTENNA, Place.LEFT_ANTENNA, Place.BODY, Place.ROBOT)
TOUCH_KINDS: Final = (Kind.TAP, Kind.STROKE, Kind.PUSH, Kind.HOLD)
ROBOT_KINDS: Final = (Kind.LIFT, Kind.TILT, Kind.TURN, Kind.BUMP)
KINDS: Final = (*TOUCH_KINDS, *ROBOT_KINDS)
OUTPUTS: Final = 1 + len(PLACES) + len(KINDS)
"""Logits: of nothing, of each place, of each kind."""
USED: Final = np.r_[LAG, IMU]
"""Channels that a touch shows in; a current tells nothing that its lag does not."""
PARTS: Final = ((0,), (1, 2, 3, 4, 5, 6), (7,), (8,), (9, 10), (11,), (12, 13), (14,))
"""Of these channels: body, legs, right and left antenna; sway, spin, shake and heave."""
OF_CHIP: Final = slice(4, 8)
"""Of the parts."""
SUMS_S: Final = (0.12, 0.5, 2.0)
"""Times over which scores are summed: the same at every rate of the loop."""
ROWS: Final = 2 + len(SUMS_S)
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
_CHANNELS: Final = len(USED)
_PER_UNIT: Final = np.concatenate((np.full(LAG.stop, 1.0 / PULSE_RAD), 1.0 / FLOOR))
_MEMBERS: Final = np.array([[float(c in part) for part in PARTS] for c in range(_CHANNELS)])
_MEANS: Final = _MEMBERS / np.add.reduce(_MEMBERS)
_STEPS_OF_PARTS: Final = np.ascontiguousarray(_MEMBERS[LAG, : OF_CHIP.start]) / PULSE_RAD**2
_LOG_UNIT: Final = -np.log(_PER_UNIT)
_LOGS: Final = slice(SIZES.start, STEPS.stop)


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


@dataclass(frozen=True, slots=True)
class Evidence:
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

    Those of a touch have one sign, noise has none. What counts is their size in each part of the
    robot, whichever way it is pushed.
    """

    def __init__(self, period_s: float) -> None:
        kept = np.exp(-period_s / np.array(SUMS_S))
        self._kept = kept[:, None]
        self._fresh = np.sqrt(1.0 - kept * kept)[:, None]
        self._sums = np.zeros((len(SUMS_S), _CHANNELS))
        self._now = np.zeros((ROWS, _CHANNELS))
        self.inputs = np.zeros(INPUTS)
        """As ``INPUTS`` says, of the last step."""

    def forget(self) -> None:
        """After a gap."""
        self._sums[:] = 0.0

    def step(self, surprise: Surprise) -> Array:
        """Add a tick; ``inputs`` [53]."""
        now, sums, inputs = self._now, self._sums, self.inputs
        known = surprise.known
        off = surprise.measured - surprise.predicted
        off *= known
        now[0] = surprise.score[USED]
        np.multiply(off[USED], _PER_UNIT, out=now[-1])
        np.minimum(now, MOST, out=now)
        np.maximum(now, -MOST, out=now)
        sums *= self._kept
        sums += self._fresh * now[0]
        now[1:-1] = sums
        now *= now
        np.dot(now, _MEMBERS, out=inputs[SIZES].reshape(ROWS, len(PARTS)))
        steps = surprise.step_rad * surprise.step_rad
        np.dot(steps, _STEPS_OF_PARTS, out=inputs[STEPS])
        sizes = inputs[_LOGS]
        sizes += SMALLEST
        np.log(sizes, out=sizes)
        loud = np.log(surprise.deviation[USED])
        loud -= _LOG_UNIT
        np.dot(loud, _MEANS, out=inputs[LOUD])
        inputs[-1] = imu = float(known[IMU.start])
        if not imu:
            inputs[LOUD][OF_CHIP] = 0.0
        return inputs


class ContactNet:
    """Weights of a prior as they are computed with: nothing in it changes."""

    def __init__(self, prior: ContactPrior, period_s: float | None = None) -> None:
        """``period_s``: that of a prior which ships, by which the same net is found again."""
        self.period_s = period_s
        self.kept = kept = prior.again.shape[1]
        # sigma(a) = (1 + tanh(a / 2)) / 2: both gates run through the same tanh.
        half = np.ones((3 * kept, 1))
        half[: 2 * kept] = 0.5
        self.first = double(prior.first) * half
        self.first_bias = double(prior.first_bias) * half[:, 0]
        self.again, self.again_bias = double(prior.again) * half, double(prior.again_bias)
        self.last, self.last_bias = double(prior.last), double(prior.last_bias)
        self.gates, self.new = slice(0, 2 * kept), slice(2 * kept, 3 * kept)


def read_contact_net(period_s: float) -> ContactNet:
    """The net that ships for a loop with a period next to this one.

    Raises ``snapshot.SnapshotError`` where its file is damaged.
    """
    return ContactNet(read_prior(ContactPrior, period_s), nearest_period(period_s))


class Contact:
    """``step`` once a tick."""

    def __init__(self, net: ContactNet, period_s: float) -> None:
        self._net = net
        self._memory = Memory(period_s)
        self._kept = np.zeros(net.kept)

    def step(self, surprise: Surprise) -> Evidence:
        """Evidence of this tick, and of those before it."""
        known, kept, net = surprise.known, self._kept, self._net
        if not 0.0 < surprise.dt_s < LONGEST_GAP_S or not known[LAG].any():
            kept[:] = 0.0
            self._memory.forget()
            return NOTHING
        comes = net.first @ self._memory.step(surprise)
        comes += net.first_bias
        past = net.again @ kept
        gates, new = past[net.gates], past[net.new]
        gates += comes[net.gates]
        np.tanh(gates, out=gates)
        gates *= 0.5
        gates += 0.5
        new += net.again_bias
        new *= gates[: len(kept)]
        new += comes[net.new]
        np.tanh(new, out=new)
        kept -= new
        kept *= gates[len(kept) :]
        kept += new
        said = (net.last @ kept + net.last_bias).tolist()
        places = said[1 : 1 + len(PLACES)]
        most = max(places)
        touch = most + math.log(sum([math.exp(logit - most) for logit in places])) - said[0]
        return Evidence(
            touch, tuple(places), tuple(said[1 + len(PLACES) :]), bool(known[IMU.start]), known=True
        )
