"""Which antenna answers which hand, how soon, and what is an answer to nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ember_embodied.trials.touching import judge_touching
from ember_embodied.trials.trace import BODY, HEAD, LEFT, RIGHT, Onset


@pytest.mark.parametrize(
    ("columns", "place"), [((2,), LEFT), ((3,), RIGHT), ((2, 3), HEAD)], ids=str
)
def test_an_answer_is_for_the_place_whose_antennas_move(
    made: Any, columns: tuple[int, ...], place: str
) -> None:
    command = made.pulse(*columns, at_s=12.3)
    for touched in (LEFT, RIGHT, HEAD):
        life = made.life(hands=(Onset(12.0, 12.2, touched, "tap"),), command_rad=command)
        (latency,) = judge_touching(life).latency_s
        assert latency == (pytest.approx(0.3) if touched == place else None)
        assert judge_touching(life).unasked == 0


def test_answers_without_a_hand_are_unasked_and_small_moves_are_none(made: Any) -> None:
    def unasked(*hands: Onset, size_rad: float = 0.6) -> int:
        command = made.pulse(2, at_s=20.0, size_rad=size_rad)
        return judge_touching(made.life(hands=hands, command_rad=command)).unasked

    assert unasked() == 1
    assert unasked(size_rad=0.2) == 0
    assert unasked(Onset(12.0, 12.2, LEFT)) == 1
    assert unasked(Onset(19.5, 21.0, BODY)) == 0
    assert unasked(Onset(18.0, 19.0, "foot", "lift")) == 0


def test_touches_that_nobody_could_judge_are_left_out(made: Any) -> None:
    def judged(*hands: Onset) -> int:
        return len(judge_touching(made.life(hands=hands)).latency_s)

    assert judged(Onset(12.0, 12.2, LEFT), Onset(13.0, 13.2, RIGHT)) == 1
    assert judged(Onset(12.0, 12.2, "foot", "bump"), Onset(13.0, 13.2, RIGHT)) == 0
    assert judged(Onset(12.0, 12.2, BODY)) == 0
    assert judged(Onset(2.0, 2.2, LEFT)) == 0
    assert judged(Onset(29.0, 29.2, LEFT)) == 0
