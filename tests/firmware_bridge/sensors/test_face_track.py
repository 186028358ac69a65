"""Which face, what features, and where it is in the base frame."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.senses import FACE_FEATURES
from firmware_bridge.sensors.face_track import (
    NO_FACE,
    FaceTrack,
    FaceView,
    Sighting,
    bearing_of,
    camera_sense,
    direction_of,
)
from firmware_bridge.sensors.reader import HeadPose

FRAME_NS = 100_000_000
sightings = st.builds(
    Sighting,
    st.floats(-math.pi, math.pi),
    st.floats(-math.pi / 2, math.pi / 2),
    st.floats(0.0, 3.0),
    st.floats(0.0, 1.0),
)


def test_takes_the_biggest_and_stays_with_it() -> None:
    track = FaceTrack()
    near, far = Sighting(0.3, 0.0, 0.30, 0.9), Sighting(-0.3, 0.0, 0.20, 0.9)
    assert track.update(0, [far, near]).best is near
    grown = Sighting(-0.3, 0.0, 0.45, 0.9)
    assert track.update(FRAME_NS, [grown, near]).best is near, "half as big again is not enough"
    towering = Sighting(-0.3, 0.0, 0.70, 0.9)
    assert track.update(2 * FRAME_NS, [near, towering]).best is towering


def test_whom_the_head_turns_to_is_seen_beside_a_bigger_face() -> None:
    track = FaceTrack()
    assert track.update(0, [Sighting(0.1, 0.0, 0.30, 0.9)]).best == Sighting(0.1, 0.0, 0.30, 0.9)
    big, meant = Sighting(0.6, 0.0, 0.30, 0.9), Sighting(0.05, 0.0, 0.20, 0.9)
    assert track.update(FRAME_NS, [big, meant]).best is meant


def test_a_missed_frame_does_not_end_a_face_but_a_second_does() -> None:
    track = FaceTrack()
    face = Sighting(0.1, 0.0, 0.2, 0.9)
    for frame in range(10):
        view = track.update(frame * FRAME_NS, [face])
    assert view.features[6] == pytest.approx(0.9 / 5.0)
    assert track.update(10 * FRAME_NS, []) == NO_FACE
    assert track.update(11 * FRAME_NS, [face]).features[6] == pytest.approx(1.1 / 5.0)
    assert track.update(25 * FRAME_NS, [face]).features[6] == 0.0


def test_measures_the_speed_of_a_face() -> None:
    track = FaceTrack()
    for frame in range(60):
        face = Sighting(0.5 * frame * 0.02, -0.2 * frame * 0.02, 0.2, 0.9)
        view = track.update(frame * FRAME_NS // 5, [face])
    assert view.features[3] == pytest.approx(0.5 / 2.0, rel=0.05)
    assert view.features[4] == pytest.approx(-0.2 / 2.0, rel=0.05)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**9), st.lists(sightings, max_size=6)), max_size=8))
def test_features_stay_in_their_range(frames: list[tuple[int, list[Sighting]]]) -> None:
    track, now_ns = FaceTrack(), 0
    for gap_ns, seen in frames:
        now_ns += gap_ns
        view = track.update(now_ns, seen)
        assert len(view.features) == FACE_FEATURES
        assert all(-1.0 <= feature <= 1.0 for feature in view.features)


@settings(deadline=None)
@given(st.floats(-math.pi, math.pi), st.floats(-1.5, 1.5))
def test_bearing_and_direction_are_inverse(yaw: float, pitch: float) -> None:
    assert bearing_of(direction_of(yaw, pitch)) == pytest.approx((yaw, pitch), abs=1e-9)


@settings(deadline=None)
@given(
    st.floats(-2.0, 2.0),
    st.floats(-0.6, 0.6),
    st.floats(-0.5, 0.5),
    st.floats(-0.7, 0.7),
    st.floats(-0.4, 0.4),
)
def test_the_bearing_points_at_the_same_place_from_any_pose(
    yaw: float, pitch: float, roll: float, face_yaw: float, face_pitch: float
) -> None:
    """Rotation matrices of the textbook against the quaternions of the driver."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (math.cos, math.sin))
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    ray = about_z @ about_y @ about_x @ np.array(direction_of(face_yaw, face_pitch))
    view = FaceView(Sighting(face_yaw, face_pitch, 0.2, 0.9), NO_FACE.features)
    sense = camera_sense(7, view, HeadPose(yaw, pitch, roll, 0.0, known=True), 9)
    assert direction_of(sense.face_yaw_rad, sense.face_pitch_rad) == pytest.approx(ray, abs=1e-9)


def test_without_a_face_everything_is_zero() -> None:
    sense = camera_sense(1, NO_FACE, HeadPose(0.5, 0.2, 0.0, 0.0, known=True), 2)
    assert sense.valid
    assert (sense.face_yaw_rad, sense.face_pitch_rad, sense.size_rad, sense.confidence) == (0,) * 4
    assert (sense.head_yaw_rad, sense.head_pitch_rad) == (0.5, 0.2)
