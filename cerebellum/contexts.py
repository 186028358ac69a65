"""Several rooms, each with a table of its own, told apart by how trials disagree with the tables.

No cue names the room. Each table predicts each trial, and how well it did so is evidence for its
room (MOSAIC, Haruno, Wolpert & Kawato 2001; as Bayesian inference with new contexts, the COIN
model, Heald, Lengyel & Wolpert 2021). With ``h`` the chance that the room has changed since the
last trial, ``p_k`` the probability of being in room k:

    p_k <- (1 - h) p_k + h (1 - n) q_k      before the trial; n h goes to a table that begins now
    p_k <- p_k t(y | table k)               after it, normalised; t is Student's density
    table k learns the share p_k of it

with ``q_k`` shared among the rooms, the less the likelier a room is the present one.

A room that was never met cannot be predicted, so a change is found by tables that began at each of
the last trials (run lengths; Adams & MacKay 2007) and learn all that came since. Each begins twice:
as one that expects large bias, and one that expects next to none, so that a robot which hears
well is left alone. When the tables that began lately have explained more than all rooms, the best
of them becomes a room; with no place left, the room that was not met for longest is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.population import CELLS, Array, Belief, Expected, Tables
from cerebellum.snapshot import SnapshotError

ROOMS: Final = 6
BEGUN: Final = 8
"""Tables that began lately, two for each beginning."""
_SLOTS: Final = ROOMS + BEGUN
_TINY: Final = 1e-12
_MEAN: Final = np.full(CELLS, 1.0 / CELLS)
_LATELY: Final = slice(ROOMS, _SLOTS)
CHANGE: Final = 0.1
"""Chance of another room from one trial to the next, where nothing else is known: high, so that a
room is soon known again; a new one is a small part of it."""
NEW_SHARE: Final = 0.2
"""How likely another room is one that was never met, while nothing says that it is another."""
NEW_ROOMS: Final = 0.25
"""Once something does: rooms never met are as likely as this many known ones (the Chinese
restaurant of the COIN model). With one room known, another one is new."""
_LIKELY: Final = (0.7, 0.3)
"""Of a new room to have much bias, and next to none."""
SURE: Final = 0.9
"""A probability to act on."""
SETTLED_TRIALS: Final = 5
"""A table younger than this does not become a room."""
_NEGLIGIBLE: Final = 0.02
"""A room less likely than this takes nothing of a trial."""
ALIKE_RAD: Final = np.radians(2.0)
"""Two rooms whose tables differ less than this (rms), and less than they are unsure, are one."""


@dataclass(frozen=True, slots=True)
class ContextsState:
    """All tables and probabilities, H places; an empty place is not ``used``."""

    KIND: ClassVar[str] = "contexts"
    VERSION: ClassVar[int] = 1
    mean: NDArray[np.float64]
    """[H, WEIGHTS] rad"""
    covariance: NDArray[np.float64]
    """[H, WEIGHTS, WEIGHTS] rad^2"""
    shape: NDArray[np.float64]
    """[H]"""
    rate: NDArray[np.float64]
    """[H] rad^2"""
    probability: NDArray[np.float64]
    """[H]"""
    trials: NDArray[np.float64]
    """[H] how many each took as its own."""
    counts: NDArray[np.float64]
    """[H, CELLS] the same, by cell."""
    last_met: NDArray[np.int64]
    """[H] number of the trial in which the robot was last sure to be there."""
    used: NDArray[np.bool_]
    """[H]"""
    clock: int
    """Trials so far."""


class Contexts:
    """Rooms, and tables that may become rooms; ``bold`` and ``shy`` say what a new one expects."""

    def __init__(self, bold: Belief, shy: Belief) -> None:
        self._beliefs = (bold, shy)
        self._priors = (bold.covariance(), shy.covariance())
        self.tables = Tables(_SLOTS)
        self.probability: Array = np.zeros(_SLOTS)
        self.trials: Array = np.zeros(_SLOTS)
        self.counts: Array = np.zeros((_SLOTS, CELLS))
        self.used = np.zeros(_SLOTS, dtype=bool)
        self._last_met = np.zeros(_SLOTS, dtype=np.int64)
        self._clock = 0
        for slot in range(_SLOTS):
            self.tables.begin(slot, shy, self._priors[1], 0.0)
        self._begin(1.0)

    @property
    def present(self) -> int:
        """The likeliest place of all."""
        return int(self.probability.argmax())

    @property
    def rooms(self) -> tuple[int, ...]:
        """Places of the rooms that are known."""
        return tuple([room for room, used in enumerate(self.used[:ROOMS].tolist()) if used])

    def weights(self) -> Array:
        """[WEIGHTS] of the table to go by: the mean of all, each as likely as it is."""
        return np.asarray(self.probability @ self.tables.mean)

    def cautious_weights(self, caution: float) -> Array:
        """[WEIGHTS] of the table to act on: ``w`` less where it is unsure, w^3 / (w^2 + caution v).

        ``v`` is the variance of each weight, doubt and disagreement of the tables. That is
        Wiener's gain with the signal's power taken from the estimate itself: what may as well be
        scatter is not acted on, so that a few odd trials do no harm.
        """
        mean = self.weights()
        apart = self.tables.mean - mean
        apart *= apart
        apart += self.tables.variance()
        variance = self.probability @ apart
        square = mean * mean
        return np.asarray(mean * (square / (square + caution * variance + _TINY)))

    def variance(self, phi: Array) -> Array:
        """[M] of what the tables say at activities [M, CELLS], rad^2: doubt and disagreement.

        Doubts are mixed before they are asked for: ``sum_k p_k phi P_k phi = phi (sum_k p_k P_k)
        phi``.
        """
        likely = np.flatnonzero(self.probability > _NEGLIGIBLE)
        weight = self.probability[likely]
        weight /= np.add.reduce(weight)
        said = self.tables.mean[likely, :CELLS] @ phi.T
        spread = phi @ self.tables.mixed(likely, weight)[:CELLS, :CELLS]
        spread *= phi
        said -= weight @ said
        said *= said
        return np.asarray(np.add.reduce(spread, axis=1) + weight @ said)

    def expect(self, phi: Array, precision: float) -> Expected:
        """What each table expects of a trial with activity ``phi`` [WEIGHTS]."""
        return self.tables.expect(phi, precision)

    def change(self, chance: float) -> None:
        """Before a trial: the room may be another than before, with this chance (0 to 1)."""
        self._change(chance, NEW_SHARE)

    def carried(self, chance: float) -> None:
        """The robot was taken from where it was: the room is another with this chance (0 to 1)."""
        others = max(0, len(self.rooms) - 1)
        self._change(chance, NEW_ROOMS / (NEW_ROOMS + others))

    def _change(self, chance: float, new_share: float) -> None:
        new = chance * new_share
        likely = [(1.0 - chance) * one for one in self.probability.tolist()]
        rooms = self.rooms
        if len(rooms) > 1:
            share = (chance - new) / sum([1.0 - likely[room] for room in rooms])
            for room in rooms:
                likely[room] += share * (1.0 - likely[room])
        self.probability[:] = likely
        self._begin(new)

    def judge(self, found: Expected, y_rad: float) -> None:
        """Weigh every table by how well it expected the trial."""
        weight = self.probability * found.density(y_rad)
        self.probability = weight / np.add.reduce(weight)

    def learn(
        self, found: Expected, error_rad: Array, precision: float, forgetting: float, fading: float
    ) -> None:
        """Let every table learn its share of the trial; ``review`` is to follow.

        ``error_rad`` [H] are the prediction errors; ``forgetting`` and ``fading`` are shares, 0 to
        1, by which the present room's confidence and its content are drawn back.
        """
        share = self._shares()
        best = self.present
        if best < ROOMS:
            self.tables.forget(best, self._priors[0], forgetting * share[best])
            self.tables.fade(best, fading * share[best])
        self.tables.learn(found, error_rad, share, precision)

    def review(self, found: Expected) -> None:
        """See which rooms there are, once a trial was learned from."""
        self._clock += 1
        share = self._shares()
        self.trials += share
        self.counts += share[:, None] * found.phi[:CELLS]
        if np.add.reduce(self.probability[_LATELY]) > SURE:
            self._settle()
        best = self.present
        if self.probability[best] > SURE:
            self._last_met[best] = self._clock

    def _shares(self) -> Array:
        """[H] How much of a trial each table takes as its own."""
        share = self.used.astype(np.float64)
        likely = self.probability[:ROOMS]
        np.multiply(likely, likely > _NEGLIGIBLE, share[:ROOMS])
        return share

    def _begin(self, chance: float) -> None:
        """Two tables begin now, in the places of the two least likely that began lately."""
        likely, used = self.probability.tolist(), self.used.tolist()
        lately = range(ROOMS, _SLOTS)
        slots = sorted(lately, key=lambda slot: likely[slot] if used[slot] else -1.0)[:2]
        turn = self._turn()
        for slot, belief, prior, share in zip(
            slots, self._beliefs, self._priors, _LIKELY, strict=True
        ):
            self.tables.begin(slot, belief, prior, turn)
            self.probability[slot] = share * chance
            self.trials[slot] = 0.0
            self.counts[slot] = 0.0
            self.used[slot] = True
        self.probability /= np.add.reduce(self.probability)

    def _turn(self) -> float:
        """What all rooms share, the array's own turn on the head; drawn to 0 by few rooms."""
        rooms = self.rooms
        turns = np.dot(self.tables.mean[:ROOMS, :CELLS], _MEAN).tolist()
        return float(sum([turns[room] for room in rooms]) / (len(rooms) + 1.0))

    def _settle(self) -> None:
        """Make the likeliest table that began lately a room, unless it is too young."""
        best = ROOMS + int(self.probability[_LATELY].argmax())
        if self.trials[best] < SETTLED_TRIALS:
            return
        room = self._place(best)
        self.tables.copy(best, room)
        self.trials[room], self.counts[room] = self.trials[best], self.counts[best]
        self.used[room] = True
        self.used[_LATELY] = False
        self.probability[:] = 0.0
        self.probability[room] = 1.0

    def _place(self, best: int) -> int:
        """Where a new room goes: that of one which is the same, a free one, or the oldest's."""
        same = [room for room in self.rooms if self._alike(room, best)]
        free = [room for room in range(ROOMS) if not self.used[room]]
        oldest = int(self._last_met[:ROOMS].argmin())
        return (same or free or [oldest])[0]

    def _alike(self, one: int, other: int) -> bool:
        square = (self.tables.mean[one] - self.tables.mean[other]) ** 2
        unsure = self.tables.variance()[[one, other]].sum(axis=0)
        return bool(square.mean() < min(ALIKE_RAD**2, unsure.mean()))

    def state(self) -> ContextsState:
        """All of it, copied."""
        tables = self.tables
        return ContextsState(
            tables.mean.copy(),
            tables.covariance.copy(),
            tables.shape.copy(),
            tables.rate.copy(),
            self.probability.copy(),
            self.trials.copy(),
            self.counts.copy(),
            self._last_met.copy(),
            self.used.copy(),
            self._clock,
        )

    @classmethod
    def from_state(cls, state: ContextsState, bold: Belief, shy: Belief) -> Contexts:
        """Go on from a state. Raises ``SnapshotError`` on one of other sizes."""
        made = cls(bold, shy)
        if state.covariance.shape != made.tables.covariance.shape:
            raise SnapshotError(
                f"its tables are {state.covariance.shape}, this program's "
                f"{made.tables.covariance.shape}"
            )
        made.tables.mean[:] = state.mean
        made.tables.covariance[:] = state.covariance
        made.tables.shape[:] = state.shape
        made.tables.rate[:] = state.rate
        made.probability[:] = state.probability
        made.trials[:] = state.trials
        made.counts[:] = state.counts
        made._last_met[:] = state.last_met
        made.used[:] = state.used
        made._clock = state.clock
        return made
