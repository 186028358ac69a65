"""Orienting, facing, following and holding, on lives made by hand."""

from __future__ import annotations

from math import radians
from typing import Any

import numpy as np
import pytest

from ember_embodied.command_space import COMMAND_LIMIT_RAD
from ember_embodied.trials.gaze import FACE_WITHIN_S, attention, judge_gaze
from ember_embodied.trials.trace import Onset


def test_orienting_is_judged_a_second_and_a_half_after_the_voice(made: Any) -> None:
    for turned_s, expected in ((11.4, 10.0), (11.8, 60.0)):
        life = made.life(speech=(made.ada,), head_rad=made.yaw(made.turned(turned_s, 50.0)))
        assert judge_gaze(life).orienting_rad == pytest.approx([radians(expected)], abs=1e-6)


def test_short_disturbed_late_and_excused_voices_are_not_judged(made: Any) -> None:
    two = made.people(ada=60.0, bob=-60.0)
    hand = Onset(10.2, 10.8, "foot", "lift")
    told = Onset(9.0, 11.0, "cortex", "intent")
    bob = Onset(10.8, 11.5, "bob", "voice")
    for life in (
        made.life(speech=(Onset(10.0, 11.0, "ada"),)),
        made.life(speech=(made.ada, bob), **two),
        made.life(speech=(made.ada,), hands=(hand,)),
        made.life(speech=(made.ada,), intents=(told,)),
        made.life(speech=(Onset(1.0, 4.0, "ada"),)),
        made.life(speech=(Onset(29.0, 29.9, "ada"),)),
    ):
        assert judge_gaze(life).orienting_rad == ()
    touched = made.life(speech=(made.ada,), hands=(Onset(10.2, 10.8, "head", "tap"),))
    assert len(judge_gaze(touched).orienting_rad) == 1


def test_a_voice_is_behind_a_listener_and_not_behind_a_base(made: Any) -> None:
    bob = Onset(15.0, 18.0, "bob", "voice")
    life = made.life(speech=(made.ada, bob), **made.people(ada=100.0, bob=-30.0))
    assert judge_gaze(life).behind == (True, True)
    life = made.life(speech=(made.ada, bob), **made.people(ada=80.0, bob=120.0))
    assert judge_gaze(life).behind == (False, False)


def test_what_is_out_of_reach_is_no_error(made: Any) -> None:
    edge = np.degrees(COMMAND_LIMIT_RAD[0])
    for bearing, error in ((175.0, 0.0), (-175.0, 10.0), (edge - 20.0, 20.0)):
        faces = made.people(ada=bearing)
        life = made.life(speech=(made.ada,), head_rad=made.yaw(edge), **faces)
        assert judge_gaze(life).orienting_rad == pytest.approx([radians(error)], abs=1e-6)


def test_a_face_is_faced_when_it_is_held_in_yaw_and_pitch(made: Any) -> None:
    glance = made.turned(10.5, 55.0, 10.8) + made.turned(12.0, 55.0)
    held = judge_gaze(made.life(speech=(made.ada,), head_rad=made.yaw(glance)))
    assert held.facing_s == pytest.approx([2.0])
    low = made.yaw(60.0)
    low[:, 1] = radians(12.0)
    assert judge_gaze(made.life(speech=(made.ada,), head_rad=low)).facing_s == (FACE_WITHIN_S,)
    ready = judge_gaze(made.life(speech=(made.ada,), head_rad=made.yaw(58.0)))
    assert ready.facing_s == pytest.approx([0.0])


def test_the_one_who_began_last_is_attended_then_who_stopped_last(made: Any) -> None:
    bob = Onset(12.0, 13.0, "bob", "voice")
    life = made.life(speech=(made.ada, bob), **made.people(ada=60.0, bob=-60.0))
    attended = attention(life)
    seen = {t: attended[life.tick_at(t)] for t in (9.0, 11.0, 12.5, 13.5, 18.9, 19.2)}
    assert seen == {9.0: None, 11.0: 0, 12.5: 1, 13.5: 0, 18.9: 0, 19.2: None}
    life.present[life.tick_at(13.0) :, 0] = False
    assert attention(life)[life.tick_at(13.5)] is None


def test_following_counts_once_settled(made: Any) -> None:
    life = made.life(speech=(made.ada,))
    gaze = judge_gaze(life)
    assert gaze.following_ticks == pytest.approx(76, abs=1)  # from 11.5 s to 19 s
    assert gaze.following_rad / gaze.following_ticks == pytest.approx(radians(60.0))


@pytest.mark.parametrize(("compensated", "mean_deg"), [(1.0, 0.0), (0.0, 26.7)])
def test_the_gaze_is_held_in_the_world_while_the_base_turns(
    made: Any, compensated: float, mean_deg: float
) -> None:
    base, hand = made.base_turned(-40.0)
    faces = made.people(ada=60.0 - np.degrees(base))
    head = made.yaw(-compensated * np.degrees(base))
    life = made.life(speech=(made.ada,), hands=(hand,), base_yaw_rad=base, head_rad=head, **faces)
    gaze = judge_gaze(life)
    assert gaze.held_turns == 1
    assert np.degrees(gaze.held_rad / gaze.held_ticks) == pytest.approx(mean_deg, abs=1.5)


def test_a_turn_of_the_base_with_nobody_attended_is_not_judged(made: Any) -> None:
    base, hand = made.base_turned(40.0)
    assert judge_gaze(made.life(hands=(hand,), base_yaw_rad=base)).held_turns == 0
    attended = made.life(hands=(hand,), base_yaw_rad=base, speech=(made.ada,))
    assert judge_gaze(attended).held_turns == 1
