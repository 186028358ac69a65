"""From faces in one frame to the face to look at, its features, and its bearing.

Pure and without OpenCV: the camera driver and a simulated camera use the same code, so the
network sees the same numbers from both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firmware_bridge.senses import FACE_FEATURES, CameraSense
from firmware_bridge.sensors.orientation import Vector, from_roll_pitch_yaw, rotate
from firmware_bridge.sensors.reader import HeadPose

HALF_FIELD_RAD: Final = math.pi / 4
"""Offset that becomes 1: the camera sees 44 degrees to each side."""
FULL_SIZE_RAD: Final = math.pi / 4
"""Angular width that becomes 1: a face at 20 cm."""
FULL_SPEED_RAD_S: Final = 2.0
FULL_COUNT: Final = 4
FULL_AGE_S: Final = 5.0
SPEED_WINDOW_S: Final = 0.2
FORGET_AFTER_S: Final = 0.7
"""A face that is missed for less stays the same face."""
SAME_FACE_RAD: Final = 0.15
FOVEA_RAD: Final = 0.3
"""This far from the middle of the picture a face counts half: who looks at somebody means them."""
LOYALTY: Final = 1.0
"""Extra score of a face in the place of the last one: another must be twice as good."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One face in one frame: bearing in the head's frame (yaw left, pitch down), width."""

    yaw_rad: float
    pitch_rad: float
    size_rad: float
    confidence: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class FaceView:
    """What one frame comes to: the face to look at, None when there is none, and its features."""

    best: Sighting | None
    features: tuple[float, ...]


NO_FACE: Final = FaceView(None, (0.0,) * FACE_FEATURES)


class FaceTrack:
    """Picks a face by size, confidence and nearness to the middle; stays with it while it can."""

    def __init__(self) -> None:
        """No face was seen yet."""
        self._last: Sighting | None = None
        self._last_ns = 0
        self._since_ns = 0
        self._speed = (0.0, 0.0)

    def update(self, t_mono_ns: int, sightings: Sequence[Sighting]) -> FaceView:
        """The view of a frame captured at ``t_mono_ns``; times rise from call to call."""
        gap_s = (t_mono_ns - self._last_ns) * 1e-9
        if gap_s > FORGET_AFTER_S:
            self._last = None
        if not sightings:
            return NO_FACE
        best = max(sightings, key=self._score)
        if self._last is None or _apart(self._last, best) > SAME_FACE_RAD:
            self._since_ns, self._speed = t_mono_ns, (0.0, 0.0)
        elif gap_s > 0.0:
            share = gap_s / (SPEED_WINDOW_S + gap_s)
            yaw_rate = (best.yaw_rad - self._last.yaw_rad) / gap_s
            pitch_rate = (best.pitch_rad - self._last.pitch_rad) / gap_s
            self._speed = (
                self._speed[0] + share * (yaw_rate - self._speed[0]),
                self._speed[1] + share * (pitch_rate - self._speed[1]),
            )
        self._last, self._last_ns = best, t_mono_ns
        age_s = (t_mono_ns - self._since_ns) * 1e-9
        return FaceView(
            best,
            (
                _clip(best.yaw_rad / HALF_FIELD_RAD),
                _clip(best.pitch_rad / HALF_FIELD_RAD),
                _clip(best.size_rad / FULL_SIZE_RAD),
                _clip(self._speed[0] / FULL_SPEED_RAD_S),
                _clip(self._speed[1] / FULL_SPEED_RAD_S),
                _clip(len(sightings) / FULL_COUNT),
                _clip(age_s / FULL_AGE_S),
                0.0,
            ),
        )

    def _score(self, sighting: Sighting) -> float:
        off = math.hypot(sighting.yaw_rad, sighting.pitch_rad) / FOVEA_RAD
        score = sighting.size_rad * sighting.confidence / (1.0 + off * off)
        if self._last is None or _apart(self._last, sighting) > SAME_FACE_RAD:
            return score
        return score * (1.0 + LOYALTY)


def camera_sense(t_mono_ns: int, view: FaceView, head: HeadPose, interval_ns: int) -> CameraSense:
    """The view in the base frame, by the head's pose at the moment of capture.

    The camera's place in the head (4 cm forward, 5 cm up) is left out: it turns with the head,
    so a head that is turned by the bearing has the face in the middle of its picture.
    """
    yaw_rad = pitch_rad = 0.0
    if view.best is not None:
        attitude = from_roll_pitch_yaw(head.roll_rad, head.pitch_rad, head.yaw_rad)
        ray = direction_of(view.best.yaw_rad, view.best.pitch_rad)
        yaw_rad, pitch_rad = bearing_of(rotate(attitude, ray))
    return CameraSense(
        t_mono_ns=t_mono_ns,
        interval_ns=interval_ns,
        valid=head.known,
        face_yaw_rad=yaw_rad,
        face_pitch_rad=pitch_rad,
        size_rad=0.0 if view.best is None else view.best.size_rad,
        confidence=0.0 if view.best is None else view.best.confidence,
        features=view.features,
        head_yaw_rad=head.yaw_rad,
        head_pitch_rad=head.pitch_rad,
    )


def direction_of(yaw_rad: float, pitch_rad: float) -> Vector:
    """Unit vector (x forward, y left, z up) of a bearing."""
    level = math.cos(pitch_rad)
    return (level * math.cos(yaw_rad), level * math.sin(yaw_rad), -math.sin(pitch_rad))


def bearing_of(direction: Vector) -> tuple[float, float]:
    """Yaw (left) and pitch (down) of a direction of any length but zero."""
    x, y, z = direction
    return math.atan2(y, x), math.atan2(-z, math.hypot(x, y))


def _apart(a: Sighting, b: Sighting) -> float:
    return math.hypot(a.yaw_rad - b.yaw_rad, a.pitch_rad - b.pitch_rad)


def _clip(value: float) -> float:
    return max(-1.0, min(1.0, value))
