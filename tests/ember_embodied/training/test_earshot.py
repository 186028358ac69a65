import numpy as np

from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT, SENSES, STREAMS, wrap
from ember_embodied.training.earshot import Array, Earshot
from ember_embodied.training.teacher import Person, Scene


def scene(yaw_rad: float, *, speaking: bool = True) -> Scene:
    people = (Person("a", yaw_rad, 0.0, speaking), Person("b", -yaw_rad, 0.0, speaking=False))
    return Scene(people, frozenset(), 0.0, 0.0, None)


def reading(yaw_rad: float, mirror_rad: float, *, there: bool = True) -> tuple[Array, Array]:
    senses, mask = np.zeros(SENSE_COUNT, np.float32), np.zeros(MASK_COUNT, np.float32)
    for name, value in (("doa.front", yaw_rad), ("doa.mirror", mirror_rad), ("doa.speech", 1.0)):
        senses[INDEX[name]] = value / SENSES[INDEX[name]].scale
    mask[STREAMS.index("doa")] = float(there)
    return senses, mask


def speaks(ear: Earshot, now: Scene, senses: Array, mask: Array) -> list[bool]:
    return [person.speaking for person in ear.hear(now, senses, mask).people]


def test_a_voice_is_told_when_enough_readings_have_pointed_there_in_front_or_mirrored() -> None:
    ear, now = Earshot(3), scene(1.0)
    assert speaks(ear, now, *reading(1.1, 2.0)) == [False, False]
    assert speaks(ear, now, *reading(0.5, 2.0)) == [False, False]  # too far off: not counted
    assert speaks(ear, now, *reading(2.0, 0.8)) == [False, False]  # it was behind
    assert speaks(ear, now, *reading(1.0, 2.0, there=False)) == [False, False]
    assert speaks(ear, now, *reading(1.0, 2.0)) == [True, False]
    assert speaks(ear, now, *reading(-1.0, 2.0)) == [True, False]  # from then on it is known


def test_who_falls_silent_must_be_heard_anew() -> None:
    ear, near = Earshot(1), reading(1.0, 2.0)
    assert speaks(ear, scene(1.0), *near)[0]
    assert not speaks(ear, scene(1.0, speaking=False), *near)[0]
    assert not speaks(ear, scene(1.0), *reading(0.0, 3.0))[0]
    assert speaks(ear, scene(1.0), *near)[0]


def test_near_is_near_across_straight_behind() -> None:
    assert speaks(Earshot(1), scene(wrap(np.pi + 0.1)), *reading(0.0, np.pi - 0.1))[0]
