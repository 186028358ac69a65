from __future__ import annotations

from dataclasses import replace
from math import radians

import numpy as np
import pytest

from ember_embodied.training.evaluation import Onset, Trace, figures, tally
from ember_embodied.training.teacher import HEAD, LEFT, RIGHT

TICKS = 300
T_S = np.arange(TICKS) * 0.1
ADA = Onset(10.0, 14.0, "ada")


def _still(**changes: object) -> Trace:
    """Thirty seconds in which a robot looks ahead and ada stands 60 degrees to the left."""
    calm = np.tile([0.0, 0.0, 0.17, -0.17, 0.0], (TICKS, 1))
    trace = Trace(
        t_s=T_S,
        head_yaw_rad=np.zeros(TICKS),
        command_rad=calm,
        gaze_yaw_rad=np.zeros(TICKS),
        attended=(None,) * TICKS,
        bearing_rad={"ada": np.full(TICKS, radians(60.0))},
        speech=(),
        touches=(),
        excused=np.zeros(TICKS, dtype=np.bool_),
    )
    return replace(trace, **changes)  # type: ignore[arg-type]


def _pulse(*columns: int, start_s: float, size: float = 0.6) -> np.ndarray:
    """Calm commands with one outward pulse of a second on some columns."""
    command = _still().command_rad.copy()
    during = (start_s <= T_S) & (start_s + 1.0 > T_S)
    for column in columns:
        command[during, column] += size if column == 2 else -size
    return command


def test_orienting_is_judged_a_second_and_a_half_after_the_voice() -> None:
    turned = np.where(T_S < 11.4, 0.0, radians(50.0))
    result = tally(_still(speech=(ADA,), head_yaw_rad=turned))
    assert result.orienting_rad == pytest.approx([radians(10.0)], abs=1e-6)
    assert result.orienting_behind == (False,)
    late = np.where(T_S < 11.8, 0.0, radians(50.0))
    late_result = tally(_still(speech=(ADA,), head_yaw_rad=late))
    assert late_result.orienting_rad == pytest.approx([radians(60.0)])


def test_short_disturbed_and_excused_voices_are_not_judged() -> None:
    bob = {"ada": np.zeros(TICKS), "bob": np.zeros(TICKS)}
    hands = (T_S > 10.0) & (T_S < 10.5)
    for trace in (
        _still(speech=(Onset(10.0, 11.0, "ada"),)),
        _still(speech=(ADA, Onset(10.8, 14.0, "bob")), bearing_rad=bob),
        _still(speech=(ADA,), excused=hands),
        _still(speech=(Onset(1.0, 4.0, "ada"),)),
    ):
        assert len(tally(trace).orienting_rad) <= len(trace.speech) - 1


def test_following_counts_once_settled() -> None:
    attended = tuple("ada" if t >= 10.0 else None for t in T_S)
    result = tally(_still(attended=attended))
    assert result.following_ticks == TICKS - 115
    assert result.following_rad / result.following_ticks == pytest.approx(radians(60.0))


@pytest.mark.parametrize(
    ("columns", "place"), [((2,), LEFT), ((3,), RIGHT), ((2, 3), HEAD)], ids=str
)
def test_an_answer_is_for_the_place_whose_antennas_move(
    columns: tuple[int, ...], place: str
) -> None:
    command = _pulse(*columns, start_s=12.3)
    for touched in (LEFT, RIGHT, HEAD):
        trace = _still(touches=(Onset(12.0, 12.2, touched),), command_rad=command)
        (latency,) = tally(trace).touch_latency_s
        assert latency == (pytest.approx(0.3) if touched == place else None)


def test_answers_without_a_touch_are_false_and_small_moves_are_none() -> None:
    assert tally(_still(command_rad=_pulse(2, start_s=20.0))).false_answers == 1
    assert tally(_still(command_rad=_pulse(2, start_s=20.0, size=0.2))).false_answers == 0
    late = _still(touches=(Onset(12.0, 12.2, LEFT),), command_rad=_pulse(2, start_s=20.0))
    assert tally(late).false_answers == 1
    assert tally(late).touch_latency_s == (None,)


def test_a_touch_close_after_another_is_not_judged() -> None:
    touches = (Onset(12.0, 12.2, LEFT), Onset(13.0, 13.2, RIGHT))
    assert len(tally(_still(touches=touches)).touch_latency_s) == 1


def test_a_false_turn_leaves_a_direction_that_stays_right() -> None:
    away = np.where((T_S > 20.0) & (T_S < 22.0), radians(40.0), 0.0)
    assert tally(_still(head_yaw_rad=away)).false_turns == 1
    assert tally(_still(head_yaw_rad=away, gaze_yaw_rad=away)).false_turns == 0
    assert tally(_still(head_yaw_rad=np.full(TICKS, 1.0))).false_turns == 0


def test_figures_pool_lives_and_leave_out_what_never_happened() -> None:
    turned = np.where(T_S < 11.4, 0.0, radians(58.0))
    lives = [tally(_still(speech=(ADA,), head_yaw_rad=turned)) for _ in range(4)]
    found = {figure.name: figure for figure in figures(lives)}
    assert found["on_speaker_share"].value == 1.0
    assert found["on_speaker_share"].n == 4
    assert found["orienting_error_median"].interval == pytest.approx((2.0, 2.0))
    assert "touch_answered_share" not in found
