"""What is learned from one look, a step in each tick, so that none costs much.

Where the robot points goes by what was known before until the last step is done.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cerebellum.off_policy import Choice
from cerebellum.plasticity import Evidence, wrapped
from cerebellum.variants import CATALOGUE, applied, reward
from cerebellum.yaw_table import Judged, Outcome, Turned

if TYPE_CHECKING:
    from cerebellum.pointing import Pointing

VARIANTS_A_TICK: Final = 7
"""Rewards that the selector is told in a tick: what a look teaches is learned within a second."""


@dataclass(slots=True)
class Study:
    """A trial that is being learned from, and how far that has come."""

    trial: Evidence
    choice: Choice
    place_rad: float
    """Where the whole table took the voice to be."""
    confidence: float
    age_s: float
    wall_ns: int
    turned: Turned
    """What ``correct`` goes by until all is learned."""
    stage: int = 0
    """Steps of ``LESSON`` that are done."""
    believed: int = 0
    judged: Judged | None = None
    outcome: Outcome | None = None
    rewarded: int = 0
    """Variants that the selector was told of."""
    known: list[float] = field(default_factory=list)
    """Confidence of the table afterwards, by cell."""
    applied_rad: float = 0.0
    reward: float = 0.0
    """Of the chosen variant."""


def _begin(pointing: Pointing, study: Study) -> None:
    study.believed = pointing.table.begin()


def _judge(pointing: Pointing, study: Study) -> None:
    study.judged = pointing.table.judge(study.trial, study.believed)


def _take_in(pointing: Pointing, study: Study) -> None:
    assert study.judged is not None
    pointing.table.take_in(study.judged)


def _reward(pointing: Pointing, study: Study) -> None:
    """Tell the selector what the next few variants would have come to."""
    heard, seen = study.trial.heard_rad, study.trial.seen_rad
    whole = wrapped(study.place_rad - heard)
    last = min(study.rewarded + VARIANTS_A_TICK, len(CATALOGUE))
    for number in range(study.rewarded, last):
        add = applied(CATALOGUE[number], whole, study.confidence, study.age_s)
        worth = reward(wrapped(heard + add - seen))
        pointing.selector.update(number, worth)
        if number == study.choice.variant:
            study.applied_rad, study.reward = add, worth
    study.rewarded = last


def _review(pointing: Pointing, study: Study) -> None:
    assert study.judged is not None
    pointing.table.review(study.judged)
    pointing.selector.select()


def _turn_round(pointing: Pointing, study: Study) -> None:
    assert study.judged is not None
    study.outcome = pointing.table.conclude(study.judged)


def _look_up(pointing: Pointing, study: Study) -> None:
    study.known = pointing.confidence().tolist()


LESSON: Final[tuple[Callable[[Pointing, Study], None], ...]] = (
    _begin,
    _judge,
    _take_in,
    *(_reward,) * math.ceil(len(CATALOGUE) / VARIANTS_A_TICK),
    _review,
    _turn_round,
    _look_up,
)
"""What is done after a look, a step in each tick: all of it within a second."""
