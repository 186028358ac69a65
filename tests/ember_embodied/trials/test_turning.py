"""A false turn ends where nobody is; everything that would be unfair to call so is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ember_embodied.trials.trace import Onset, Trace
from ember_embodied.trials.turning import judge_turning


def test_a_turn_to_nobody_is_false_and_one_to_somebody_is_not(made: Any) -> None:
    for place, false in ((-60.0, 1), (40.0, 0), (60.0, 0), (100.0, 1)):
        found = judge_turning(made.life(**made.looking(made.turned(15.0, place))))
        assert (found.turns, found.false_turns) == (1, false)


def test_every_false_turn_counts(made: Any) -> None:
    away = sum(made.turned(start, -60.0, start + 2.0) for start in (8.0, 14.0, 20.0))
    found = judge_turning(made.life(**made.looking(away)))
    assert (found.turns, found.false_turns) == (6, 3)
    assert found.judged_s == pytest.approx(25.0)


def _unfair(made: Any) -> dict[str, Trace]:
    """Lives whose head is 60 degrees right from 15 s on, where nobody is then."""
    away = made.looking(made.turned(15.0, -60.0))
    told = Onset(14.0, 16.0, "cortex", "intent", -1.05)
    lift = Onset(14.5, 15.5, "foot", "lift")
    pushed = made.life().command_rad
    walked = made.people(ada=np.where(made.t_s < 13.0, -60.0, 60.0))
    left = made.people(ada=-60.0)
    left["present"] = (made.t_s < 14.0)[:, np.newaxis]
    glance = made.looking(made.turned(15.0, -60.0, 15.8))
    return {
        "home": made.life(**made.looking(60.0 + made.turned(15.0, -60.0))),
        "told": made.life(intents=(told,), **away),
        "lifted": made.life(hands=(lift,), **away),
        "pushed": made.life(**{**away, "command_rad": pushed}),
        "walked on": made.life(**away, **walked),
        "left": made.life(**away, **left),
        "small": made.life(**made.looking(-22.0 + made.turned(15.0, -15.0))),
        "glance": made.life(**glance),
        "rising": made.life(**made.looking(made.turned(3.0, -60.0))),
    }


@pytest.mark.parametrize(
    "name",
    ["home", "told", "lifted", "pushed", "walked on", "left", "small", "glance", "rising"],
)
def test_what_would_be_unfair_is_no_false_turn(made: Any, name: str) -> None:
    found = judge_turning(_unfair(made)[name])
    assert found.false_turns == 0
    assert found.false_glances == (name == "glance")


def test_who_left_long_ago_is_nobody(made: Any) -> None:
    left = made.people(ada=-60.0)
    left["present"] = (made.t_s < 11.0)[:, np.newaxis]
    life = made.life(**made.looking(made.turned(15.0, -60.0)), **left)
    assert judge_turning(life).false_turns == 1
