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

from cerebellum.lesson import LESSON, Study
from cerebellum.off_policy import Choice
from cerebellum.plasticity import Evidence, Verdict, wrapped
from cerebellum.population import CELLS, CENTRES_RAD, SPACING_RAD, activities
from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import SelectorSettings
from cerebellum.snapshot import SnapshotError
from cerebellum.variants import CATALOGUE, applied
from cerebellum.yaw_table import BOLD, MOVED_CHANGE, Outcome, YawTable

LEAST_RANDOM: Final = 0.05
"""Share of choices drawn by chance, at least: with less a log says too little of the others."""
NEVER_S: Final = 1e9
"""Age of what was never seen: 30 years."""
_NS: Final = 1e-9
_CELLS_PHI: Final = activities(CENTRES_RAD)


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
    """``correct`` before the network hears; ``take`` and ``go_on`` after the command is out."""

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
        self._choose()
        self._study: Study | None = None
        self._confidence: list[float] = []
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
        whole = wrapped(self.place(heard_rad, head_rad) - heard_rad)
        if whole == 0.0:
            return 0.0
        return applied(self._variant, whole, *self._standing(heard_rad + whole, wall_ns))

    def place(self, heard_rad: float, head_rad: float | None) -> float:
        """Where the whole table takes a voice to be, rad."""
        by = self._study.turned if self._study is not None else None
        return self.table.correct(heard_rad, head_rad, by)

    def take(self, trial: Evidence, now_ns: int, wall_ns: int) -> Look | None:
        """Begin to learn from a trial; the rest is done by ``go_on``, a little in each tick.

        A trial that is refused changes nothing, and is a look at once. What is not yet learned of
        the trial before is learned first.
        """
        self.finish()
        choice, sound = self.choice, _is_sound(trial)
        heard = trial.heard_rad if sound else 0.0
        place = self.place(heard, trial.heard_head_yaw_rad) if sound else 0.0
        refused = self.table.refused(trial, now_ns)
        if refused is not None:
            return _look(trial, choice, 0.0, 0.0, 0.0, refused)
        standing = self._standing(place, wall_ns)
        self._study = Study(trial, choice, place, *standing, wall_ns, self.table.turned)
        return None

    def go_on(self) -> Look | None:
        """Learn a little more of the last trial; the look, when all of it is learned."""
        study = self._study
        if study is None:
            return None
        LESSON[study.stage](self, study)
        study.stage += 1
        return self._conclude(study) if study.stage == len(LESSON) else None

    def finish(self) -> Look | None:
        """Learn all that is left of the last trial now; the look, if there was one."""
        look = None
        while self._study is not None:
            look = self.go_on()
        return look

    def learn(self, trial: Evidence, now_ns: int, wall_ns: int) -> Look:
        """Learn from one trial at once; one that is refused changes nothing."""
        look = self.take(trial, now_ns, wall_ns) or self.finish()
        assert look is not None
        return look

    @property
    def at_rest(self) -> bool:
        """Nothing is left to be learned of the last trial."""
        return self._study is None

    def moved(self, chance: float = MOVED_CHANGE) -> None:
        """The robot may be in another room now, with this ``chance`` (0 to 1)."""
        self.finish()
        self.table.moved(chance)
        self._look_up()

    def confidence(self) -> NDArray[np.float64]:
        """[CELLS] of the table at the cells' directions, 0 to 1."""
        doubt = self.table.doubt_at(_CELLS_PHI) / BOLD.size_rad
        return np.asarray(1.0 - np.minimum(1.0, doubt * doubt))

    def _conclude(self, study: Study) -> Look:
        outcome = study.outcome
        assert outcome is not None
        self._choose()
        self._renewed_ns[_cell(study.trial.seen_rad)] = study.wall_ns
        self._confidence = study.known
        self._study = None
        error_rad = wrapped(study.place_rad - study.trial.seen_rad)
        return _look(study.trial, study.choice, error_rad, study.applied_rad, study.reward, outcome)

    def _choose(self) -> None:
        self.choice = self.selector.choice()
        self._variant = CATALOGUE[self.choice.variant]

    def _look_up(self) -> None:
        self._confidence = self.confidence().tolist()

    def _standing(self, angle_rad: float, wall_ns: int) -> tuple[float, float]:
        """Confidence of the table at a direction, and how old that is, s."""
        cell = _cell(angle_rad)
        renewed_ns = self._renewed_ns[cell]
        age_s = max(0.0, (wall_ns - renewed_ns) * _NS) if renewed_ns else NEVER_S
        return self._confidence[cell], age_s


def _is_sound(trial: Evidence) -> bool:
    return math.isfinite(trial.heard_rad) and math.isfinite(trial.heard_head_yaw_rad)


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
