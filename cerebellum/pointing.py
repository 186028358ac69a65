"""Where a voice is taken to be: the yaw table, and how much of what it says is applied.

The selector chooses one of the variants (``variants.CATALOGUE``) from one verified look to the
next. A look shows what every variant would have come to, not only the chosen one: where the voice
was heard and seen says how far off each correction was. So all of them are updated with their own
reward (full information; Cesa-Bianchi and Lugosi, Prediction, Learning, and Games, 2006, ch. 2), no
choice needs to be made for the sake of knowing, and the constant of exploration is 0: the leader is
followed. A share of choices is drawn by chance all the same and logged with its propensity, so that
what a log says of other choices (``off_policy``) can be held against what they truly came to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.off_policy import Choice
from cerebellum.plasticity import Evidence, Verdict, wrapped
from cerebellum.population import CELLS, CENTRES_RAD, SPACING_RAD
from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import SelectorSettings
from cerebellum.snapshot import SnapshotError
from cerebellum.variants import CATALOGUE, applied, reward
from cerebellum.yaw_table import BOLD, MOVED_CHANGE, Outcome, YawTable

LEAST_RANDOM: Final = 0.05
"""Share of choices drawn by chance, at least: with less a log says too little of the others."""
NEVER_S: Final = 1e9
"""Age of what was never seen: 30 years."""
_NS: Final = 1e-9


def settings(randomisation: float) -> SelectorSettings:
    """Of a selector that is told the reward of every variant."""
    return SelectorSettings(
        exploration=0.0,
        randomisation=randomisation,
        persistence=None,
        assume_normalized=True,
    )


@dataclass(frozen=True, slots=True)
class RenewalState:
    """When what the table knows was last confirmed, by cell."""

    KIND: ClassVar[str] = "renewal"
    VERSION: ClassVar[int] = 1
    wall_ns: NDArray[np.int64]
    """[CELLS] Unix time; 0: never."""


@dataclass(frozen=True, slots=True)
class Look:
    """One trial and what was learned from it."""

    heard_rad: float
    head_rad: float
    """Yaw of the head while it was heard."""
    seen_rad: float
    verdict: Verdict
    error_rad: float
    """Of the whole table, before it learned: heard and corrected, less seen."""
    applied_rad: float
    """The correction by the chosen variant."""
    choice: Choice
    reward: float
    """Of the chosen variant, 0 to 1; 0 where the trial was refused."""
    room: int
    """The likeliest table afterwards."""
    sure: float
    surprise: float


class Pointing:
    """``correct`` before the network hears; ``learn`` from a trial after the command is out."""

    def __init__(self, table: YawTable, selector: SynapticSelector, renewed: RenewalState) -> None:
        """Raises ``SnapshotError`` on a selector of another number of variants."""
        if selector.size != len(CATALOGUE):
            raise SnapshotError(f"it chooses among {selector.size} variants of {len(CATALOGUE)}")
        if renewed.wall_ns.shape != (CELLS,):
            raise SnapshotError(f"it holds {renewed.wall_ns.shape} times for {CELLS} cells")
        self.table = table
        self.selector = selector
        self._renewed_ns: list[int] = renewed.wall_ns.tolist()
        if selector.choice().variant < 0:
            selector.select()
        self.choice = selector.choice()
        self._look_up()

    @classmethod
    def anew(cls, rng: np.random.Generator, randomisation: float) -> Pointing:
        """Nothing is known; ``rng`` draws the random choices."""
        selector = SynapticSelector(len(CATALOGUE), rng, settings(randomisation))
        return cls(YawTable(), selector, RenewalState(np.zeros(CELLS, dtype=np.int64)))

    def renewal(self) -> RenewalState:
        """What is kept beside table and selector."""
        return RenewalState(np.array(self._renewed_ns, dtype=np.int64))

    def correct(self, heard_rad: float, head_rad: float | None, wall_ns: int) -> float:
        """What to add to a direction of sound, rad; 0 for one that is not finite."""
        if not math.isfinite(heard_rad):
            return 0.0
        whole = wrapped(self.table.correct(heard_rad, head_rad) - heard_rad)
        if whole == 0.0:
            return 0.0
        confidence, age_s = self._standing(heard_rad + whole, wall_ns)
        return applied(CATALOGUE[self.choice.variant], whole, confidence, age_s)

    def learn(self, trial: Evidence, now_ns: int, wall_ns: int) -> Look:
        """Learn from one trial; one that is refused changes nothing."""
        choice = self.choice
        sound = math.isfinite(trial.heard_rad) and math.isfinite(trial.heard_head_yaw_rad)
        heard = trial.heard_rad if sound else 0.0
        place = self.table.correct(heard, trial.heard_head_yaw_rad) if sound else 0.0
        whole = wrapped(place - heard)
        standing = self._standing(place, wall_ns)
        outcome = self.table.learn(trial, now_ns)
        if outcome.verdict >= Verdict.NOT_FINITE:
            return _look(trial, choice, 0.0, 0.0, 0.0, outcome)
        corrections = [applied(variant, whole, *standing) for variant in CATALOGUE]
        rewards = [reward(wrapped(heard + add - trial.seen_rad)) for add in corrections]
        for variant, worth in enumerate(rewards):
            self.selector.update(variant, worth)
        self.selector.select()
        self.choice = self.selector.choice()
        self._renewed_ns[_cell(trial.seen_rad)] = wall_ns
        self._look_up()
        error_rad = wrapped(place - trial.seen_rad)
        chosen = choice.variant
        return _look(trial, choice, error_rad, corrections[chosen], rewards[chosen], outcome)

    def moved(self, chance: float = MOVED_CHANGE) -> None:
        """The robot may be in another room now, with this ``chance`` (0 to 1)."""
        self.table.moved(chance)
        self._look_up()

    def confidence(self) -> NDArray[np.float64]:
        """[CELLS] of the table at the cells' directions, 0 to 1."""
        doubt = self.table.doubt_rad(CENTRES_RAD) / BOLD.size_rad
        return np.asarray(1.0 - np.minimum(1.0, doubt * doubt))

    def _look_up(self) -> None:
        self._confidence: list[float] = self.confidence().tolist()

    def _standing(self, angle_rad: float, wall_ns: int) -> tuple[float, float]:
        """Confidence of the table at a direction, and how old that is, s."""
        cell = _cell(angle_rad)
        renewed_ns = self._renewed_ns[cell]
        age_s = max(0.0, (wall_ns - renewed_ns) * _NS) if renewed_ns else NEVER_S
        return self._confidence[cell], age_s


def _cell(angle_rad: float) -> int:
    """The cell that prefers a direction next to this one."""
    return round((angle_rad + math.pi) / SPACING_RAD) % CELLS


def _look(
    trial: Evidence,
    choice: Choice,
    error_rad: float,
    applied_rad: float,
    worth: float,
    outcome: Outcome,
) -> Look:
    return Look(
        heard_rad=trial.heard_rad,
        head_rad=trial.heard_head_yaw_rad,
        seen_rad=trial.seen_rad,
        verdict=outcome.verdict,
        error_rad=error_rad,
        applied_rad=applied_rad,
        choice=choice,
        reward=worth,
        room=outcome.present,
        sure=outcome.sure,
        surprise=outcome.surprise,
    )
