"""Ears: what the array can tell, what drowns it, and that it is no better than its atlas."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest

from firmware_bridge.sensors.doa import DoaSample
from firmware_bridge.sensors.orientation import from_roll_pitch_yaw, rotate
from firmware_bridge.simulation.atlas import ERROR_RAD, MOVED, SPEECH, load_atlas
from firmware_bridge.simulation.hearing import Ears
from firmware_bridge.simulation.room import SoundSource
from firmware_bridge.simulation.scenario import Room

HEAD_M = np.array([0.0, 0.0, 0.2])
DRY = Room(atlas="training", rt60_s=0.1, noise=0.01)
LIVES = range(24)


def axes(yaw_rad: float) -> np.ndarray:
    q = from_roll_pitch_yaw(0.0, 0.0, yaw_rad)
    return np.array([rotate(q, (1, 0, 0)), rotate(q, (0, 1, 0)), rotate(q, (0, 0, 1))]).T


def source(
    bearing_rad: float, distance_m: float = 1.0, level: float = 0.6, *, speech: bool = True
) -> SoundSource:
    x, y = distance_m * math.cos(bearing_rad), distance_m * math.sin(bearing_rad)
    return SoundSource(x, y, 0.2, level, speech, who=f"at {bearing_rad}")


def heard(
    sources: list[SoundSource],
    head_yaw: float = 0.0,
    speed: float = 0.0,
    room: Room = DRY,
    lives: Iterable[int] = LIVES,
    n: int = 40,
) -> list[DoaSample]:
    """The readings of some seconds in each of many rooms."""
    turned = axes(head_yaw)
    readings = []
    for life in lives:
        ears = Ears(room, np.random.default_rng(life))
        readings += [ears.listen(k * 10**8, HEAD_M, turned, sources, speed) for k in range(n)]
    return readings


def errors(readings: list[DoaSample], bearing_rad: float) -> np.ndarray:
    """Of those that are flagged as speech, rad."""
    truth = math.acos(math.sin(bearing_rad))
    return np.array([abs(reading.angle_rad - truth) for reading in readings if reading.speech])


def flagged(readings: list[DoaSample]) -> float:
    return float(np.mean([reading.speech for reading in readings]))


@pytest.mark.parametrize(("bearing", "head_yaw"), [(0.0, 0.0), (0.6, 0.5), (-0.6, 0.3)])
def test_angle_is_left_to_right_in_the_heads_frame(bearing: float, head_yaw: float) -> None:
    readings = heard([source(bearing)], head_yaw)
    angle = np.median([reading.angle_rad for reading in readings if reading.speech])
    assert math.pi / 2 - angle == pytest.approx(bearing - head_yaw, abs=0.08)
    assert flagged(readings) > 0.7


def test_front_and_back_sound_the_same() -> None:
    front, back = (
        np.median([r.angle_rad for r in heard([source(bearing)]) if r.speech])
        for bearing in (0.4, math.pi - 0.4)
    )
    assert front == pytest.approx(back, abs=0.1)


def test_echo_scatters_and_distance_does() -> None:
    hall = Room(atlas="training", rt60_s=0.75, noise=0.01)
    near, far, echoed = (
        np.mean(errors(heard([source(0.5, distance)], room=room), 0.5))
        for distance, room in ((0.6, DRY), (2.5, DRY), (2.5, hall))
    )
    assert near < far < echoed


def test_own_motion_ruins_angle_and_flag() -> None:
    still, moving = heard([source(0.3)]), heard([source(0.3)], speed=15.0)
    assert np.mean(errors(moving, 0.3)) > 3 * np.mean(errors(still, 0.3))
    assert flagged(heard([], speed=15.0)) > 0.2
    assert flagged(heard([])) < 0.04
    crept = errors(heard([source(0.3)], speed=2.0), 0.3)
    assert np.mean(errors(still, 0.3)) < np.mean(crept) < np.mean(errors(moving, 0.3))


def test_the_louder_of_two_wins_and_both_together_scatter() -> None:
    loud, soft = source(0.8, level=0.9), source(-0.8, level=0.2)
    alone, both = heard([loud]), heard([loud, soft])
    assert np.median(errors(both, 0.8)) < 0.35
    assert np.mean(errors(both, 0.8)) > np.mean(errors(alone, 0.8))


def test_a_knock_moves_the_angle_and_is_over_before_it_is_speech() -> None:
    readings = heard([source(0.9, speech=False)], n=2)
    assert flagged(readings) == 0.0
    truth = math.acos(math.sin(0.9))
    assert np.median([abs(r.angle_rad - truth) for r in readings]) < 0.35


def test_in_silence_the_angle_stays_where_the_last_voice_was() -> None:
    ears = Ears(DRY, np.random.default_rng(4))
    said = [ears.listen(0, HEAD_M, axes(0.0), [source(0.7)], 0.0) for _ in range(20)]
    hushed = [ears.listen(0, HEAD_M, axes(0.0), [], 0.0) for _ in range(20)]
    assert not any(reading.speech or reading.energy for reading in hushed[6:])
    assert abs(hushed[-1].angle_rad - said[-1].angle_rad) < 0.4


def test_errors_last_as_echoes_do() -> None:
    """Readings that follow each other err alike, which independent draws would not."""
    hall = Room(atlas="training", rt60_s=0.6, noise=0.01)
    now, later = [], []
    for life in LIVES:
        angle = np.array([r.angle_rad for r in heard([source(0.4)], room=hall, lives=[life])])
        now += (angle[:-1] - np.pi / 2 + 0.4).tolist()
        later += (angle[1:] - np.pi / 2 + 0.4).tolist()
    assert np.corrcoef(now, later)[0, 1] > 0.3


@pytest.mark.parametrize("name", ["training", "standard"])
def test_the_simulator_errs_as_its_atlas_does(name: str) -> None:
    """At the atlas's own places, in a clear mixture, by band of reverberation."""
    atlas = load_atlas(name)
    voice = slice(0, atlas.speech_error.shape[-1] - int(atlas.tail))
    clear = int(np.flatnonzero(~atlas.motors & (atlas.snr_db >= 30.0))[0])
    for rt60_s in (0.15, 0.7):
        simulated, rooms = [], []
        for life in range(10):
            generator = np.random.default_rng([life, 7])
            room = Room(atlas=name, rt60_s=rt60_s, noise=0.0)
            number = atlas.room_near(rt60_s, np.random.default_rng([life, 7]))
            rooms.append(number)
            ears = Ears(room, generator)
            for place in range(0, atlas.angle_rad.shape[1], 2):
                cosine, ahead = math.cos(atlas.angle_rad[number, place]), atlas.ahead[number, place]
                up = math.sqrt(max(0.0, 1.0 - cosine**2 - ahead**2))
                x, y, z = np.array([ahead, cosine, up]) * atlas.distance_m[number, place]
                who = SoundSource(x, y, z, 1.0, speech=True, who=f"{life} {place}")
                for _ in range(40):
                    reading = ears.listen(0, np.zeros(3), np.eye(3), [who], 0.0)
                    if reading.speech:
                        simulated.append(abs(reading.angle_rad - math.acos(cosine)))
        error = np.abs(atlas.speech_error[rooms, ::2, clear, :, voice]) * ERROR_RAD
        marks = atlas.speech_flags[rooms, ::2, clear, :, voice]
        expected = error[(marks & MOVED > 0) & (marks & SPEECH > 0)]
        assert np.mean(simulated) == pytest.approx(np.mean(expected), rel=0.15)


def test_the_same_generator_hears_the_same() -> None:
    first, again = (heard([source(0.3), source(-1.0)], speed=4.0, lives=[5]) for _ in range(2))
    other = heard([source(0.3), source(-1.0)], speed=4.0, lives=[6])
    assert first == again
    assert first != other
