from __future__ import annotations

from dataclasses import replace
from math import radians

import pytest

from ember_embodied.training.teacher import LEFT, RIGHT, Lesson, Person, Scene, Teacher
from firmware_bridge.command import MotorCommand

DT_S = 0.1
NOBODY = Scene((), frozenset(), 0.0, 0.0, None)
BEHIND = Person("ada", radians(140.0), -0.2, speaking=True)
BESIDE = Person("bob", radians(-60.0), -0.1, speaking=False)


def _live(teacher: Teacher, scene: Scene, ticks: int, *, droop_rad: float = 0.0) -> list[Lesson]:
    """A body that goes where it is told, but ``droop_rad`` short in yaw."""
    lessons, last = [], MotorCommand(0.0, 0.0, 0.17, -0.17, 0.0)
    for _ in range(ticks):
        seen = replace(
            scene,
            head_yaw_rad=last.head_yaw_rad - droop_rad,
            head_pitch_rad=last.head_pitch_rad,
        )
        lesson = teacher.step(seen, DT_S, last)
        lessons.append(lesson)
        last = lesson.command
    return lessons


def test_it_turns_to_a_speaker_behind_after_a_reaction_time() -> None:
    lessons = _live(Teacher(), replace(NOBODY, people=(BEHIND, BESIDE)), 20)
    assert abs(lessons[0].command.head_yaw_rad) < 0.01
    assert lessons[-1].attending == "ada"
    assert lessons[14].command.head_yaw_rad == pytest.approx(BEHIND.yaw_rad, abs=radians(5.0))
    assert lessons[-1].command.body_yaw_rad == pytest.approx(2.05, abs=0.1)


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("behind_deg", [176.0, -176.0])
def test_who_is_right_behind_is_looked_at_from_the_side_of_the_head(
    side: float, behind_deg: float
) -> None:
    ada = replace(BEHIND, yaw_rad=radians(behind_deg))
    scene = replace(NOBODY, people=(ada,), head_yaw_rad=side)
    last, teacher = MotorCommand(side, 0.0, 0.17, -0.17, side), Teacher()
    for _ in range(5):
        lesson = teacher.step(scene, DT_S, last)
    assert lesson.goal[0] == pytest.approx(side * 2.7)


def test_it_trims_a_body_that_lands_short() -> None:
    lessons = _live(Teacher(), replace(NOBODY, people=(BEHIND,)), 100, droop_rad=0.1)
    assert lessons[-1].command.head_yaw_rad - 0.1 == pytest.approx(BEHIND.yaw_rad, abs=0.01)


def test_a_second_voice_draws_the_gaze_only_when_it_lasts() -> None:
    teacher = Teacher()
    _live(teacher, replace(NOBODY, people=(BEHIND, BESIDE)), 20)
    both = replace(NOBODY, people=(BEHIND, replace(BESIDE, speaking=True)))
    assert [lesson.attending for lesson in _live(teacher, both, 6)] == ["ada"] * 3 + ["bob"] * 3


def test_a_silent_face_is_followed_only_where_it_can_be_seen() -> None:
    unseen = _live(Teacher(), replace(NOBODY, people=(BESIDE,)), 30)
    assert unseen[-1].attending is None
    near = replace(BESIDE, yaw_rad=0.3)
    assert _live(Teacher(), replace(NOBODY, people=(near,)), 30)[-1].attending == "bob"


def test_a_silent_face_that_turns_away_is_not_noticed_and_not_followed() -> None:
    averted = replace(BESIDE, yaw_rad=0.3, facing=False)
    assert _live(Teacher(), replace(NOBODY, people=(averted,)), 30)[-1].attending is None
    teacher = Teacher()
    _live(teacher, replace(NOBODY, people=(replace(averted, facing=True),)), 20)
    walks = replace(NOBODY, people=(replace(averted, yaw_rad=0.8),))
    assert _live(teacher, walks, 5)[-1].goal[0] == pytest.approx(0.3)
    speaks = replace(NOBODY, people=(replace(averted, yaw_rad=0.8, speaking=True),))
    assert _live(teacher, speaks, 5)[-1].goal[0] == pytest.approx(0.8)


def test_the_gaze_goes_home_when_everyone_has_left() -> None:
    teacher = Teacher()
    _live(teacher, replace(NOBODY, people=(BEHIND,)), 20)
    waiting = _live(teacher, NOBODY, 20)
    assert waiting[-1].goal[0] == pytest.approx(BEHIND.yaw_rad)
    assert _live(teacher, NOBODY, 80)[-1].goal == (0.0, 0.0)


@pytest.mark.parametrize(("place", "sign"), [(LEFT, 1.0), (RIGHT, -1.0)])
def test_a_touched_antenna_flutters_and_the_other_does_not(place: str, sign: float) -> None:
    lessons = _live(Teacher(), replace(NOBODY, touched=frozenset({place})), 30)
    left = [lesson.command.antenna_left_rad for lesson in lessons]
    right = [lesson.command.antenna_right_rad for lesson in lessons]
    touched, other = (left, right) if place == LEFT else (right, left)
    assert max(touched) - min(touched) > 0.6
    assert max(other) - min(other) < 0.4
    assert max(sign * x for x in touched) > 0.5
    assert lessons[0].answering is None
    assert lessons[3].answering == place
    assert lessons[-1].answering is None


def test_a_tap_is_answered_after_the_finger_has_left() -> None:
    teacher = Teacher()
    _live(teacher, replace(NOBODY, touched=frozenset({LEFT})), 1)
    assert [lesson.answering for lesson in _live(teacher, NOBODY, 4)] == [None, LEFT, LEFT, LEFT]


def test_nothing_happens_and_nothing_moves_but_breath() -> None:
    for lesson in _live(Teacher(), NOBODY, 100):
        assert abs(lesson.command.head_yaw_rad) < 1e-9
        assert abs(lesson.command.head_pitch_rad) <= 0.03
        assert abs(lesson.command.antenna_left_rad - 0.17) <= 0.11


def test_an_intent_is_obeyed_before_any_voice() -> None:
    scene = replace(NOBODY, people=(BEHIND,), told=(-0.5, 0.1))
    assert _live(Teacher(), scene, 30)[-1].command.head_yaw_rad == pytest.approx(-0.5, abs=0.02)


def test_the_skin_should_tell_a_new_hand_once_it_can_be_felt() -> None:
    teacher = Teacher()
    touched = replace(NOBODY, touched=frozenset({RIGHT}))
    hands = [lesson.hand for lesson in _live(teacher, touched, 8)]
    gone = [lesson.hand for lesson in _live(teacher, NOBODY, 5)]
    assert hands == [-1, 2, 2, 2, 2, -1, -1, -1]
    assert gone == [-1, -1, 0, 0, 0]


def test_who_was_never_found_is_forgotten_when_silent_and_who_is_in_view_is_not() -> None:
    for yaw_rad, remembered in ((radians(140.0), False), (0.2, True)):
        teacher = Teacher()
        spoke = replace(BEHIND, yaw_rad=yaw_rad)
        for _ in range(10):
            teacher.step(replace(NOBODY, people=(spoke,)), DT_S, MotorCommand(0, 0, 0, 0, 0))
        silent = replace(NOBODY, people=(replace(spoke, speaking=False),))
        lessons = [teacher.step(silent, DT_S, MotorCommand(0, 0, 0, 0, 0)) for _ in range(80)]
        assert lessons[50].attending == "ada"
        assert (lessons[-1].attending == "ada") is remembered
