"""Eyes and the room: what they can tell, what they cannot, and what drowns them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.sensors.orientation import from_roll_pitch_yaw, rotate
from firmware_bridge.simulation.room import STEP_S, PersonTruth, RoomState
from firmware_bridge.simulation.scenario import WorldChange
from firmware_bridge.simulation.sight import Eyes

HEAD_M = np.array([0.0, 0.0, 0.2])


def axes(yaw_rad: float) -> np.ndarray:
    q = from_roll_pitch_yaw(0.0, 0.0, yaw_rad)
    return np.array([rotate(q, (1, 0, 0)), rotate(q, (0, 1, 0)), rotate(q, (0, 0, 1))]).T


def person(bearing_rad: float, distance_m: float = 1.0, name: str = "a") -> PersonTruth:
    x, y = distance_m * math.cos(bearing_rad), distance_m * math.sin(bearing_rad)
    return PersonTruth(name, x, y, 0.25, 0.0)


def seen(people: tuple[PersonTruth, ...], head_yaw: float = 0.0, spin: float = 0.0, n: int = 100):
    eyes = Eyes(np.random.default_rng(3))
    turned = axes(head_yaw)
    return [eyes.look(k * 10**8, HEAD_M, turned, spin, people) for k in range(n)]


def test_a_face_is_seen_inside_the_field_of_view_only() -> None:
    for bearing, head_yaw, visible in ((0.3, 0, 1), (1.2, 0, 0), (1.2, 1.0, 1), (3.0, 0, 0)):
        share = np.mean([s.view.best is not None for s, _ in seen((person(bearing),), head_yaw)])
        assert share > 0.9 if visible else share == 0


def test_bearing_size_delay_and_misses() -> None:
    sights = seen((person(0.3, 1.5),))
    faces = [sight.view.best for sight, _ in sights if sight.view.best is not None]
    assert 0.85 < len(faces) / len(sights) < 1.0
    assert np.mean([face.yaw_rad for face in faces]) == pytest.approx(0.3, abs=0.02)
    assert 0.002 < np.std([face.yaw_rad for face in faces]) < 0.02
    assert np.mean([face.size_rad for face in faces]) == pytest.approx(0.1, abs=0.01)
    delays = [delay for _, delay in sights]
    assert 60e6 <= min(delays) < max(delays) <= 120e6


def test_the_nearer_of_two_faces_wins_and_blur_hides_it() -> None:
    both = seen((person(0.3, 2.5, "far"), person(-0.3, 0.8, "near")))
    yaws = [sight.view.best.yaw_rad for sight, _ in both if sight.view.best is not None]
    assert np.mean(np.array(yaws) < 0) > 0.9
    blurred = seen((person(0.3),), spin=6.0)
    assert np.mean([sight.view.best is not None for sight, _ in blurred]) < 0.3


def test_a_face_that_is_turned_away_or_hidden_is_not_found() -> None:
    found = [
        np.mean([s.view.best is not None for s, _ in seen((replace(person(0.2), turned_rad=t),))])
        for t in (0.5, 1.4, 2.0)
    ]
    assert found[0] > 0.9 > found[1] > 0.1
    assert found[2] == 0
    back, front = person(0.2, 2.0, "back"), replace(person(0.2, 1.0, "front"), turned_rad=3.0)
    assert not any(s.view.best for s, _ in seen((back, front)))
    aside = replace(person(0.5, 1.0, "aside"), turned_rad=3.0)
    assert any(s.view.best for s, _ in seen((back, aside)))


def walker(bearing_deg: float, speed_m_s: float = 0.5) -> RoomState:
    room = RoomState()
    room.begin(WorldChange(0, "person", "a", (0.0, 1.0, 0.4)))
    room.begin(WorldChange(10**9, "walk", "a", (math.radians(bearing_deg), 1.0, speed_m_s)))
    return room


@pytest.mark.parametrize(("bearing_deg", "way_m"), [(90, 2**0.5), (170, math.radians(170))])
def test_a_walk_is_straight_unless_the_robot_is_in_the_way(bearing_deg: int, way_m: float) -> None:
    room = walker(bearing_deg)
    seconds = way_m / 0.5 + STEP_S
    track = np.array(
        [
            (who.x_m, who.y_m)
            for step in range(201)
            for who in room.people(10**9 + round(step / 200 * seconds * 1e9))
        ]
    )
    speed = np.linalg.norm(np.diff(track, axis=0), axis=1) / (seconds / 200)
    assert np.hypot(*track.T).min() > 0.5
    assert speed.sum() * seconds / 200 == pytest.approx(way_m, rel=1e-3)
    assert speed[50:150] == pytest.approx(0.5, rel=1e-3)
    assert speed[0] < 0.02 > speed[-1]
    there = math.radians(bearing_deg)
    np.testing.assert_allclose(track[-1], (math.cos(there), math.sin(there)), atol=1e-9)
    late = room.people(10**9 + round(2e9 * seconds))[0]
    np.testing.assert_allclose((late.x_m, late.y_m), track[-1], atol=1e-9)


def test_a_new_walk_starts_where_the_last_one_was_broken_off() -> None:
    room = walker(90)
    (before,) = room.people(2 * 10**9)
    room.begin(WorldChange(2 * 10**9, "walk", "a", (0.0, 2.0, 1.0)))
    (after,) = room.people(2 * 10**9)
    assert (after.x_m, after.y_m) == pytest.approx((before.x_m, before.y_m))


def test_people_get_up_and_turn_their_faces() -> None:
    room = RoomState()
    room.begin(WorldChange(0, "person", "a", (0.0, 1.0, 0.4)))
    room.begin(WorldChange(10**9, "rise", "a", (2.0, 0.8)))
    room.begin(WorldChange(10**9, "look", "a", (1.5,)))
    heights = [room.people(round(t * 1e9))[0].z_m for t in (1, 2, 3, 9)]
    assert heights == pytest.approx([0.4, 0.6, 0.8, 0.8])
    assert room.people(10**9)[0].turned_rad == 1.5


def test_a_radio_is_heard_as_speech_and_a_door_is_not() -> None:
    for kind, speech in (("radio", True), ("sound", False)):
        room = RoomState()
        room.begin(WorldChange(0, kind, "room", (2.0, 0.5, 0.0, 1.0)))
        assert [source.speech for source in room.sounds(10**9)] == [speech]
        assert room.sounds(3 * 10**9) == []


def test_speech_lasts_as_long_as_it_says() -> None:
    room = RoomState()
    room.begin(WorldChange(0, "person", "a", (0.0, 1.0, 0.4)))
    room.begin(WorldChange(10**9, "speech", "a", (2.0, 0.7)))
    assert [bool(room.sounds(t * 10**9)) for t in (1, 2, 4)] == [True, True, False]
    room.begin(WorldChange(5 * 10**9, "leave", "a", ()))
    assert room.people(5 * 10**9) == ()
