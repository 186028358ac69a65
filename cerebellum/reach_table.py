"""The reach table: what to command so that the body gets where it should.

A servo without integral gain stops short of its goal where friction holds it: by 2 to 8 degrees on
this body, on the side that it comes from. So there is one table for movements to the left and one
for those to the right, of how far short the body stays as a function of the commanded yaw. The
measured joint is the teacher; it is exact, so few movements are enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.plasticity import forgetting, surprise
from cerebellum.population import CELLS, Array, Belief, Tables, activities, activity
from cerebellum.snapshot import SnapshotError
from firmware_bridge.joints import JOINTS

LOWER_RAD: Final = JOINTS[0].lower_rad
UPPER_RAD: Final = JOINTS[0].upper_rad
SHORTEST_MOVE_RAD: Final = math.radians(3.0)
"""A smaller movement has no side that it comes from: friction may hold the body where it is."""
SETTLED_RAD_S: Final = 0.05
LARGEST_SHORTFALL_RAD: Final = math.radians(15.0)
"""Further from its goal the body was held, or has not arrived."""
MEASURED_NOISE_RAD: Final = math.radians(0.15)
"""Two pulses of the encoder: what is learned no more."""
BELIEF: Final = Belief(
    size_rad=math.radians(6.0),
    turned=0.85,
    slow=0.12,
    fast=0.03,
    noise_rad=math.radians(0.6),
    noise_trials=4.0,
)
_PRIOR: Final[Array] = BELIEF.covariance()
_POINTS: Final = 72
_STEP_RAD: Final = 2.0 * math.pi / _POINTS
_PHI: Final[Array] = activities(_STEP_RAD * np.arange(_POINTS + 1, dtype=np.float64) - math.pi)
_SLACK_RAD: Final = math.radians(5.0)
"""A joint at its limit is read a little beyond it."""
LEFT: Final = 0
RIGHT: Final = 1


class ReachVerdict(IntEnum):
    """What became of a movement; from ``NOT_FINITE`` on it was refused."""

    LEARNT = 0
    CONFIRMED = 1
    NOT_FINITE = 2
    TOO_SMALL = 3
    MOVING = 4
    DISTURBED = 5
    """A hand, a fault or a lost torque had a part in it."""
    HELD = 6
    """It stayed further away than friction explains."""
    OUT_OF_RANGE = 7
    """An angle beyond the joint's limits: it cannot be as it stands."""
    FROZEN = 8


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of the body that came to rest, rad."""

    start_rad: float
    commanded_rad: float
    measured_rad: float
    velocity_rad_s: float
    disturbed: bool


@dataclass(frozen=True, slots=True)
class ReachTableState:
    """All that a reach table remembers: two tables, left and right."""

    KIND: ClassVar[str] = "reach_table"
    VERSION: ClassVar[int] = 1
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    shape: NDArray[np.float64]
    rate: NDArray[np.float64]
    counts: NDArray[np.float64]
    surprise: tuple[float, float]
    frozen: bool


class ReachTable:
    """Commands further than asked, by what the body will stay short."""

    def __init__(self) -> None:
        self.frozen = False
        self._tables = Tables(2)
        self._counts: Array = np.zeros((2, CELLS))
        self._surprise = [1.0, 1.0]
        for side in (LEFT, RIGHT):
            self._tables.begin(side, BELIEF, _PRIOR, 0.0)
        self._spread_out()

    @property
    def tables(self) -> Tables:
        """Left and right, to look at."""
        return self._tables

    def command(self, wanted_rad: float, start_rad: float) -> float:
        """What to command so that the body arrives at ``wanted_rad``, coming from ``start_rad``.

        The answer is within the joint's limits; as wanted where the way is too short to tell from
        which side it comes. What is not finite comes back as it is, for the gate to refuse.
        """
        if not (math.isfinite(wanted_rad) and math.isfinite(start_rad)):
            return wanted_rad
        way = wanted_rad - start_rad
        commanded = wanted_rad
        if abs(way) >= SHORTEST_MOVE_RAD:
            points = self._shortfall[LEFT if way > 0.0 else RIGHT]
            for _ in range(2):  # how far short depends on the command: two rounds are enough
                commanded = wanted_rad + _between(points, commanded)
        return min(UPPER_RAD, max(LOWER_RAD, commanded))

    def shortfall_rad(self, commanded_rad: float, side: int) -> float:
        """How far beyond the place where it stops the body must be sent; signed, rad."""
        return _between(self._shortfall[side], commanded_rad)

    def learn(self, movement: Movement) -> ReachVerdict:
        """Learn from one movement where it may be believed."""
        refused = ReachVerdict.FROZEN if self.frozen else _refusal(movement)
        if refused is not None:
            return refused
        side = LEFT if movement.commanded_rad > movement.start_rad else RIGHT
        chosen = np.array([side == LEFT, side == RIGHT], dtype=np.float64)
        phi = activity(movement.commanded_rad)
        found = self._tables.expect(phi, 1.0)
        short = movement.commanded_rad - movement.measured_rad
        error = short - found.value_rad
        square = float(error[side] ** 2 / (found.doubt[side] + found.noise[side]))
        self._surprise[side] = surprise(self._surprise[side], square)
        self._tables.forget(side, _PRIOR, forgetting(self._surprise[side]))
        found = self._tables.expect(phi, 1.0)
        within = abs(float(error[side])) < MEASURED_NOISE_RAD
        self._tables.learn(found, np.zeros(2) if within else error, chosen, 1.0)
        self._counts += chosen[:, None] * phi[:CELLS]
        self._spread_out()
        return ReachVerdict.CONFIRMED if within else ReachVerdict.LEARNT

    def _spread_out(self) -> None:
        """Make the support points of ``command`` from the tables."""
        values = np.clip(
            _PHI @ self._tables.mean[:, :CELLS].T, -LARGEST_SHORTFALL_RAD, LARGEST_SHORTFALL_RAD
        )
        self._shortfall: list[list[float]] = values.T.tolist()

    def state(self) -> ReachTableState:
        """All that is remembered, copied."""
        tables = self._tables
        return ReachTableState(
            tables.mean.copy(),
            tables.covariance.copy(),
            tables.shape.copy(),
            tables.rate.copy(),
            self._counts.copy(),
            (self._surprise[LEFT], self._surprise[RIGHT]),
            self.frozen,
        )

    @classmethod
    def from_state(cls, state: ReachTableState) -> ReachTable:
        """Go on from a state, exact to the bit. Raises ``SnapshotError`` on other sizes."""
        made = cls()
        if state.covariance.shape != made._tables.covariance.shape:
            raise SnapshotError(f"its tables are {state.covariance.shape}, not this program's")
        made.frozen = state.frozen
        made._tables.mean[:] = state.mean
        made._tables.covariance[:] = state.covariance
        made._tables.shape[:] = state.shape
        made._tables.rate[:] = state.rate
        made._counts[:] = state.counts
        made._surprise = list(state.surprise)
        made._spread_out()
        return made


def _between(points: list[float], angle_rad: float) -> float:
    place = ((angle_rad + math.pi) / _STEP_RAD) % _POINTS
    index = int(place)
    share = place - index
    return points[index] * (1.0 - share) + points[index + 1] * share


def _refusal(movement: Movement) -> ReachVerdict | None:
    numbers = (
        movement.start_rad,
        movement.commanded_rad,
        movement.measured_rad,
        movement.velocity_rad_s,
    )
    if not all(map(math.isfinite, numbers)):
        return ReachVerdict.NOT_FINITE
    travel = abs(movement.commanded_rad - movement.start_rad)
    short = abs(movement.commanded_rad - movement.measured_rad)
    places = (movement.start_rad, movement.commanded_rad, movement.measured_rad)
    possible = all(LOWER_RAD - _SLACK_RAD <= place <= UPPER_RAD + _SLACK_RAD for place in places)
    reasons = (
        (ReachVerdict.OUT_OF_RANGE, not possible),
        (ReachVerdict.TOO_SMALL, travel < SHORTEST_MOVE_RAD),
        (ReachVerdict.MOVING, abs(movement.velocity_rad_s) > SETTLED_RAD_S),
        (ReachVerdict.DISTURBED, movement.disturbed),
        (ReachVerdict.HELD, short > LARGEST_SHORTFALL_RAD),
    )
    return next((verdict for verdict, holds in reasons if holds), None)
