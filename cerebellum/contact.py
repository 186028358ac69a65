"""From 24 surprises to what touches the robot: nothing, a part of it, or all of it.

A touch lasts, so it is a matter of memory: surprises are summed over times from one tick to two
seconds (those of a touch have one sign, noise has none), and so are their squares (a hand trembles,
a table rings). What counts is how large such sums are in each part of the robot, whichever way it
is pushed. A small network (``tools/fit_contact.py`` fits it to simulated robots) says from them
after each tick how likely it is that nothing, the head, an antenna, the body or the whole robot is
touched, and by which kind of hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.felt import Kind, Place
from cerebellum.forward_prior import Stored, double
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
SUMS_S: Final = (0.12, 0.5, 2.0)
SQUARES_S: Final = (0.4, 1.5)
"""Times over which is summed."""
_CHANNELS: Final = len(USED)
_ROWS: Final = 1 + len(SUMS_S) + len(SQUARES_S)
INPUTS: Final = 2 * _ROWS * len(PARTS) + len(PARTS) + 1
"""Logs of sizes: of scores and of residuals, over each time, of each part; of deviations of each
part; and whether the IMU is known."""
MOST: Final = 1e4
"""A score or residual of more than this counts as this."""
SMALLEST: Final = 0.1
"""Sizes of less than this are as good as nothing."""
LONGEST_GAP_S: Final = 0.5
_PER_UNIT: Final = np.concatenate((np.full(LAG.stop, 1.0 / PULSE_RAD), 1.0 / FLOOR))


def _parts() -> tuple[Array, Array]:
    member = np.zeros((_CHANNELS, len(PARTS)))
    for number, part in enumerate(PARTS):
        member[list(part), number] = 1.0
    both, mean = np.zeros((2 * _CHANNELS, 2 * len(PARTS))), np.zeros_like(member)
    both[:_CHANNELS, : len(PARTS)] = member
    both[_CHANNELS:, len(PARTS) :] = member
    np.divide(member, np.add.reduce(member), out=mean)
    return both, mean


_OF_PARTS, _MEAN_OF_PARTS = _parts()


@dataclass(frozen=True, slots=True)
class ContactPrior:
    """For one period of the loop; H hidden units."""

    KIND: ClassVar[str] = "contact_prior"
    VERSION: ClassVar[int] = 1
    period_s: float
    first: Stored
    """[H, 105]."""
    first_bias: Stored
    last: Stored
    """[14, H]: logits."""
    last_bias: Stored
    begins: float
    """Log odds of a touch at which an episode begins."""


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
    """Sums of surprises, and how large they are: what a touch is known by."""

    def __init__(self, period_s: float) -> None:
        kept = np.exp(-period_s / np.array(SUMS_S))
        self._kept = kept[:, None]
        self._fresh = np.sqrt(1.0 - kept * kept)[:, None]
        self._rate = (1.0 - np.exp(-period_s / np.array(SQUARES_S)))[:, None]
        self._now = np.zeros(2 * _CHANNELS)
        self._sums = np.zeros((len(SUMS_S), 2 * _CHANNELS))
        self._squares = np.zeros((_ROWS, 2 * _CHANNELS))
        self._loud = np.zeros(_CHANNELS)
        self.inputs = np.zeros(INPUTS)
        """As ``INPUTS`` says, of the last step."""

    def forget(self) -> None:
        """After a gap."""
        self._sums[:] = 0.0
        self._squares[:] = 0.0

    def step(self, surprise: Surprise) -> Array:
        """Add a tick; ``inputs``."""
        now, sums, squares, loud = self._now, self._sums, self._squares, self._loud
        off = surprise.measured - surprise.predicted
        off *= surprise.known
        np.take(surprise.score, USED, out=now[:_CHANNELS])
        np.take(off, USED, out=now[_CHANNELS:])
        now[_CHANNELS:] *= _PER_UNIT
        np.minimum(now, MOST, out=now)
        np.maximum(now, -MOST, out=now)
        sums *= self._kept
        sums += self._fresh * now
        np.multiply(now, now, out=squares[0])
        np.multiply(sums, sums, out=squares[1 : 1 + len(SUMS_S)])
        mean = squares[1 + len(SUMS_S) :]
        mean += self._rate * (squares[0] - mean)
        sizes = self.inputs[: 2 * _ROWS * len(PARTS)].reshape(_ROWS, 2 * len(PARTS))
        np.dot(squares, _OF_PARTS, out=sizes)
        sizes += SMALLEST
        np.log(sizes, out=sizes)
        np.take(surprise.deviation, USED, out=loud)
        loud *= _PER_UNIT
        np.log(loud, out=loud)
        np.dot(loud, _MEAN_OF_PARTS, out=self.inputs[-1 - len(PARTS) : -1])
        self.inputs[-1] = surprise.known[IMU.start]
        return self.inputs


class Contact:
    """``step`` once a tick."""

    def __init__(self, prior: ContactPrior, period_s: float) -> None:
        self._first, self._first_bias = double(prior.first), double(prior.first_bias)
        self._last, self._last_bias = double(prior.last), double(prior.last_bias)
        self._memory = Memory(period_s)

    def step(self, surprise: Surprise) -> Evidence:
        """Evidence of this tick, and of those before it."""
        known = surprise.known
        if not 0.0 < surprise.dt_s < LONGEST_GAP_S or not known[LAG].any():
            self._memory.forget()
            return NOTHING
        hidden = self._first @ self._memory.step(surprise)
        hidden += self._first_bias
        np.tanh(hidden, out=hidden)
        said = (self._last @ hidden + self._last_bias).tolist()
        places = said[1 : 1 + len(PLACES)]
        most = max(places)
        touch = most + math.log(sum([math.exp(logit - most) for logit in places])) - said[0]
        return Evidence(
            touch, tuple(places), tuple(said[1 + len(PLACES) :]), bool(known[IMU.start]), known=True
        )
