"""The scale: idle 0, teacher 1, costs that cost, intervals that are paired."""

from __future__ import annotations

from math import radians
from typing import Any

import numpy as np
import pytest

from ember_embodied.trials.composite import standing
from ember_embodied.trials.measures import MEASURES, figures, utility
from ember_embodied.trials.tally import Pooled, Tally, tally
from ember_embodied.trials.trace import LEFT, Onset

TOUCH = Onset(20.0, 20.2, LEFT, "tap")


def _lives(made: Any, yaws: list[np.ndarray], **changes: Any) -> list[Tally]:
    """Lives in which ada speaks and touches, one for each way of the head."""
    return [
        tally(made.life(speech=(made.ada,), hands=(TOUCH,), **made.looking(yaw) | changes))
        for yaw in yaws
    ]


@pytest.fixture
def lived(made: Any) -> dict[str, list[Tally]]:
    """Three lives of four policies."""
    right = [made.turned(10.5 + 0.1 * i, 60.0 - i) for i in range(3)]
    slow = [made.turned(11.2 + 0.6 * i, 48.0) for i in range(3)]
    sweeps = [90.0 * np.sin(2.0 * np.pi * made.t_s / 4.0 + i) for i in range(3)]
    looks = [sum(made.turned(t + i, -60.0, t + i + 2.0) for t in range(5, 27, 4)) for i in range(3)]
    return {
        "idle": _lives(made, [0.0 * made.t_s] * 3),
        "teacher": _lives(made, right),
        "slow": _lives(made, slow),
        "sweeping": _lives(made, sweeps, energy_j=2.0 * made.t_s),
        "nervous": _lives(made, looks),
    }


def test_idle_is_zero_the_teacher_one_and_the_others_between_or_below(
    lived: dict[str, list[Tally]],
) -> None:
    found = standing(lived)
    assert found.composite["idle"].value == 0.0
    assert found.composite["teacher"].value == 1.0
    assert found.composite["teacher"].interval == (1.0, 1.0)
    assert 0.1 < found.composite["slow"].value < 0.9
    assert found.composite["sweeping"].value < 0.0
    assert found.composite["nervous"].value < 0.0


def test_a_difference_is_paired(lived: dict[str, list[Tally]]) -> None:
    found = standing({**lived, "twin": lived["slow"]})
    pairs = {(d.policy, d.other): d for d in found.differences}
    assert pairs["slow", "twin"].value == 0.0
    assert pairs["slow", "twin"].interval == (0.0, 0.0)
    low, high = found.composite["slow"].interval or (0.0, 0.0)
    assert low < found.composite["slow"].value < high
    assert pairs["slow", "sweeping"].value > 0.0


def test_lives_with_nothing_to_do_have_no_scale(made: Any) -> None:
    empty = [tally(made.life(**made.people()))] * 3
    found = standing({"idle": empty, "teacher": empty})
    assert found.composite == {}
    assert found.utility["idle"] == pytest.approx(1.0)


def test_policies_that_lived_other_lives_do_not_compare(lived: dict[str, list[Tally]]) -> None:
    with pytest.raises(ValueError, match="do not compare"):
        standing({**lived, "slow": lived["slow"][:2]})
    with pytest.raises(ValueError, match="do not compare"):
        standing({"teacher": lived["teacher"]})


def test_the_table_of_measures_is_a_scale() -> None:
    assert sum(measure.weight for measure in MEASURES) == pytest.approx(1.0)
    for measure in MEASURES:
        at_half = measure.half if measure.shape != "share" else 0.5
        assert measure.utility(Pooled(at_half, 1)) == pytest.approx(0.5)
        better = measure.utility(Pooled(1.0 if measure.shape == "share" else 0.0, 1))
        assert better == 1.0
        assert measure.utility(Pooled(None, 1)) == 0.0


def test_a_touch_without_an_answer_is_worth_nothing_and_no_touch_is_not_judged(made: Any) -> None:
    voice = made.life(speech=(made.ada,), **made.looking(60.0))
    ignored = made.life(speech=(made.ada,), hands=(TOUCH,), **made.looking(60.0))
    assert utility([tally(voice)]) > utility([tally(ignored)]) + 0.1


def test_figures_pool_lives_and_leave_out_what_never_happened(made: Any) -> None:
    turned = made.yaw(made.turned(11.4, 58.0))
    lives = [tally(made.life(speech=(made.ada,), head_rad=turned)) for _ in range(4)]
    found = {figure.name: figure for figure in figures(lives)}
    assert found["on_speaker_share"].value == 1.0
    assert found["on_speaker_share"].n == 4
    assert found["orienting_error_median"].value == pytest.approx(2.0)
    assert found["orienting_error_median"].interval == pytest.approx((2.0, 2.0))
    assert found["skipped_share"].value == 0.0
    assert "touch_answered_share" not in found
    assert radians(2.0) == pytest.approx(lives[0].gaze.orienting_rad[0])
