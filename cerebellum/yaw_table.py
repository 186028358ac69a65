"""The yaw table: where a voice is, given where it was heard.

The table holds the bias of hearing as a function of the true direction, as a look with the camera
showed it: ``heard = seen + f(seen) + scatter``. So the scatter of hearing is noise of the value and
not of the place (no errors in variables). To correct a reading the table is turned round: the
direction a with ``a + f(a) = heard``, kept as a list of support points with straight lines between.
``f`` is the room's, fixed to the base; the pull of echo towards broadside is fixed to the head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np

from cerebellum.contexts import CHANGE, Contexts, ContextsState
from cerebellum.plasticity import (
    FADING,
    SEEN_NOISE_RAD,
    Evidence,
    Verdict,
    forgetting,
    precision,
    refusal,
    surprise,
    wrapped,
)
from cerebellum.population import CELLS, Array, Belief, Expected, activities, activity, pull

LARGEST_CORRECTION_RAD: Final = math.radians(35.0)
"""No robot hears worse: what is learned beyond that is not applied."""
MOVED_CHANGE: Final = 0.6
"""Chance of another room after the robot was carried."""
RESTARTED_CHANGE: Final = 0.2
"""The same after it was switched off: mostly it stands where it stood."""
LARGEST_PULL_RAD: Final = math.radians(25.0)
"""More would fold the sides over. Less than none there is not: echo does not push."""
_ROUNDS: Final = 4
"""Of looking up the pull where the voice is taken to be: each halves what is left, at the worst."""
_NEAR_RAD: Final = 1e-4
"""No more is left then than nobody can hear."""
CAUTION: Final = 0.3
"""What is known by less than about half its own uncertainty is mostly not acted on. More caution
does less harm in the first looks of another room that nothing told of (0.6: 1.76 instead of 1.99
degrees at the worst, over 24 lives), but learns every room more slowly."""
_POINTS: Final = 120
_STEP_RAD: Final = 2.0 * math.pi / _POINTS
_GRID_RAD: Final[Array] = _STEP_RAD * np.arange(_POINTS + 1, dtype=np.float64) - math.pi
_GRID_PHI: Final[Array] = activities(_GRID_RAD)
_GRID_THRICE_RAD: Final[Array] = np.concatenate(
    (_GRID_RAD[:-1] - 2.0 * math.pi, _GRID_RAD[:-1], _GRID_RAD + 2.0 * math.pi)
)
_THRICE: Final = np.r_[:_POINTS, :_POINTS, : _POINTS + 1]
"""Places of the grid in that."""

BOLD: Final = Belief(
    size_rad=math.radians(8.0),
    turned=0.3,
    slow=0.5,
    fast=0.2,
    noise_rad=math.radians(3.0),
    noise_trials=4.0,
    pull_rad=math.radians(6.0),
)
SHY: Final = Belief(
    size_rad=math.radians(3.0),
    turned=0.3,
    slow=0.5,
    fast=0.2,
    noise_rad=math.radians(3.0),
    noise_trials=4.0,
    pull_rad=math.radians(6.0),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one trial did."""

    verdict: Verdict
    error_rad: float
    """Prediction error of the table that was believed; 0 where the trial was refused."""
    gain: float
    """Its learning rate: the share of a usual error by which it moves."""
    surprise: float
    """Associability afterwards; 1 is usual."""
    present: int
    """The likeliest table after the trial."""
    sure: float
    """How likely it is."""


@dataclass(frozen=True, slots=True)
class YawTableState:
    """All that a yaw table remembers."""

    KIND: ClassVar[str] = "yaw_table"
    VERSION: ClassVar[int] = 1
    contexts: ContextsState
    surprise: float
    moved: bool
    frozen: bool


@dataclass(frozen=True, slots=True)
class Turned:
    """The table turned round: what ``correct`` goes by."""

    corrections_rad: tuple[float, ...]
    """At support points a step apart, the first at -pi, the last at pi."""
    pull_rad: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A trial on its way through the table."""

    found: Expected
    error_rad: Array
    """[H] of each table; 0 within the noise of seeing."""
    worth: float
    outcome: Outcome
    """But for the room, which is known when all is learned."""


class YawTable:
    """Corrects directions of sound, and learns from looking where they came from."""

    def __init__(self) -> None:
        self.frozen = False
        """True: corrects, but does not learn."""
        self._surprise = 1.0
        self._moved = False
        self._contexts = Contexts(BOLD, SHY)
        self.turn_round()

    @property
    def contexts(self) -> Contexts:
        """The rooms, to look at."""
        return self._contexts

    def correct(
        self, heard_rad: float, head_yaw_rad: float | None = None, by: Turned | None = None
    ) -> float:
        """Where the voice is, rad in [-pi, pi).

        ``head_yaw_rad`` is the head's while it was heard; without it the pull of echo towards
        straight ahead of the array is left as it is. What is not finite comes back as it is.
        ``by``: the table as it was turned round before, instead of as it is.
        """
        by = by or self.turned
        if not math.isfinite(heard_rad):
            return heard_rad
        if head_yaw_rad is None or not math.isfinite(head_yaw_rad):
            return _corrected(heard_rad, by.corrections_rad)
        if by.pull_rad == 0.0:
            return _corrected(heard_rad, by.corrections_rad)
        seen = heard_rad
        for _ in range(_ROUNDS):
            before, drawn = seen, by.pull_rad * pull(seen - head_yaw_rad)
            seen = _corrected(heard_rad - drawn, by.corrections_rad)
            if -_NEAR_RAD < seen - before < _NEAR_RAD:
                break
        return seen

    def correct_all(self, heard_rad: Array, head_yaw_rad: Array | None = None) -> Array:
        """``correct`` of many angles; [M] and [M] to [M]."""
        if head_yaw_rad is not None:
            pairs = zip(heard_rad.tolist(), head_yaw_rad.tolist(), strict=True)
            return np.array([self.correct(heard, head) for heard, head in pairs])
        place = wrapped_all(heard_rad)
        return wrapped_all(place + np.interp(place, _GRID_RAD, self.turned.corrections_rad))

    def doubt_rad(self, seen_rad: Array) -> Array:
        """Standard deviation of the table at true directions; [M] to [M], rad."""
        return self.doubt_at(activities(seen_rad))

    def doubt_at(self, phi: Array) -> Array:
        """The same at activities [M, CELLS]."""
        return np.asarray(np.sqrt(self._contexts.variance(phi)))

    def bias_rad(self, seen_rad: Array) -> Array:
        """What the table takes for the bias at true directions; [M] to [M], rad."""
        return np.asarray(activities(seen_rad) @ self._contexts.weights()[:CELLS])

    def moved(self, chance: float = MOVED_CHANGE) -> None:
        """The robot may well be in another room now, with this ``chance`` (0 to 1).

        What it knew here is applied less from here on, and what it knew of other rooms more, until
        trials tell. Once more means no more.
        """
        if not self._moved:
            self._moved = True
            self._contexts.carried(chance)
            self.turn_round()

    def learn(self, trial: Evidence, now_ns: int) -> Outcome:
        """Learn from one trial where it may be believed; never raises for what a trial holds."""
        refused = self.refused(trial, now_ns)
        if refused is not None:
            return refused
        judged = self.judge(trial, self.begin())
        self.take_in(judged)
        self.review(judged)
        return self.conclude(judged)

    # The same step by step, for a loop that has no time for all of it in one tick.

    def refused(self, trial: Evidence, now_ns: int) -> Outcome | None:
        """Why a trial may not be believed; None where it may."""
        refused = Verdict.FROZEN if self.frozen else refusal(trial, now_ns)
        if refused is None:
            return None
        present = self._contexts.present
        sure = float(self._contexts.probability[present])
        return Outcome(refused, 0.0, 0.0, self._surprise, present, sure)

    def begin(self) -> int:
        """First: the room may be another than before; the place that was believed."""
        believed = self._contexts.present
        self._contexts.change(CHANGE)
        self._moved = False
        return believed

    def judge(self, trial: Evidence, believed: int) -> Judged:
        """Second: what each table expected of the trial, and what that says of the room."""
        contexts = self._contexts
        worth = precision(trial)
        y_rad = wrapped(trial.heard_rad - trial.seen_rad)
        aside = pull(trial.seen_rad - trial.heard_head_yaw_rad)
        found = contexts.expect(activity(trial.seen_rad, aside), worth)
        contexts.judge(found, y_rad)
        error = y_rad - found.value_rad
        within = np.abs(error) < SEEN_NOISE_RAD
        off, doubt = float(error[believed]), float(found.doubt[believed])
        square = doubt + float(found.noise[believed])
        self._surprise = surprise(self._surprise, off * off / square)
        verdict = Verdict.CONFIRMED if within[believed] else Verdict.LEARNT
        outcome = Outcome(verdict, off, doubt / square, self._surprise, 0, 0.0)
        return Judged(found, np.where(within, 0.0, error), worth, outcome)

    def take_in(self, judged: Judged) -> None:
        """Third: the tables learn."""
        self._contexts.learn(
            judged.found, judged.error_rad, judged.worth, forgetting(self._surprise), FADING
        )

    def review(self, judged: Judged) -> None:
        """Fourth: which rooms there are now."""
        self._contexts.review(judged.found)

    def conclude(self, judged: Judged) -> Outcome:
        """Last: what ``correct`` goes by from here on."""
        contexts = self._contexts
        self.turn_round()
        present, sure = contexts.present, float(contexts.probability.max())
        return replace(judged.outcome, present=present, sure=sure)

    def turn_round(self) -> None:
        """Make the support points of ``correct`` from the tables as they are."""
        weights = self._contexts.cautious_weights(CAUTION)
        drawn_rad = min(LARGEST_PULL_RAD, max(0.0, float(weights[CELLS])))
        bias = np.dot(_GRID_PHI, weights[:CELLS])
        np.minimum(bias, LARGEST_CORRECTION_RAD, out=bias)
        np.maximum(bias, -LARGEST_CORRECTION_RAD, out=bias)
        # Once more on either side, for the circle has no end.
        thrice = _GRID_THRICE_RAD + bias[_THRICE]
        seen = np.interp(_GRID_RAD, np.maximum.accumulate(thrice), _GRID_THRICE_RAD)
        seen -= _GRID_RAD
        self.turned = Turned(tuple(seen.tolist()), drawn_rad)

    def by_room(self) -> list[YawTable]:
        """A frozen table for each room that is known, as it would correct if sure to be there."""
        state = self.state()
        tables = []
        for room in self._contexts.rooms:
            probability = np.zeros_like(state.contexts.probability)
            probability[room] = 1.0
            sure = replace(state.contexts, probability=probability)
            tables.append(YawTable.from_state(replace(state, contexts=sure, frozen=True)))
        return tables

    def state(self) -> YawTableState:
        """All that is remembered, copied."""
        return YawTableState(self._contexts.state(), self._surprise, self._moved, self.frozen)

    @classmethod
    def from_state(cls, state: YawTableState) -> YawTable:
        """Go on from a state, exact to the bit. Raises ``SnapshotError`` on other sizes."""
        made = cls()
        made.frozen = state.frozen
        made._surprise = state.surprise
        made._moved = state.moved
        made._contexts = Contexts.from_state(state.contexts, BOLD, SHY)
        made.turn_round()
        return made


def _corrected(heard_rad: float, points_rad: tuple[float, ...]) -> float:
    place = ((heard_rad + math.pi) / _STEP_RAD) % _POINTS
    index = int(place)
    share = place - index
    correction = points_rad[index] * (1.0 - share) + points_rad[index + 1] * share
    return wrapped(heard_rad + correction)


def wrapped_all(angle_rad: Array) -> Array:
    """The same angles in [-pi, pi)."""
    return np.asarray((angle_rad + math.pi) % (2.0 * math.pi) - math.pi)
