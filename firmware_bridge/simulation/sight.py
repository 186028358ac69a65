"""The camera: which faces are in its field of view, where in the picture, and what is missed.

Lens: the robot's camera (IMX708 wide), pinhole with the vendor's calibration, cropped to 16:9. The
bearing is given in the head's axes after the lens is undone, as the driver gives it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.senses import FACE_FEATURES
from firmware_bridge.simulation.channel import FaceSample
from firmware_bridge.simulation.room import PersonTruth

Array = NDArray[np.float64]

PERIOD_NS: Final = 100_000_000
MIN_DELAY_NS: Final = 60_000_000
MAX_DELAY_NS: Final = 120_000_000
FOCAL_PIXELS: Final = 2001.8
HALF_WIDTH: Final = 1920.0 / FOCAL_PIXELS
HALF_HEIGHT: Final = 1080.0 / FOCAL_PIXELS
"""Tangents of half the field of view: 87.6 by 56.7 degrees."""
CAMERA_IN_HEAD_M: Final = (0.0437, 0.0, 0.0512)
FACE_WIDTH_M: Final = 0.15
SMALLEST_FACE_RAD: Final = 0.03
"""About 24 pixels of 1280: the detector finds nothing smaller."""
JITTER_RAD: Final = 0.006
SIZE_JITTER: Final = 0.05
MISS: Final = 0.04
BLUR_SPEED_RAD_S: Final = 2.5
"""The head turns so fast that half of the faces are lost in the blur."""
BEST_CONFIDENCE: Final = 0.93

SIZE_FEATURE_RAD: Final = 0.5
SPEED_FEATURE_S: Final = 2.0
COUNT_FEATURE: Final = 4.0
SEEN_FEATURE_S: Final = 5.0

NOBODY: Final = FaceSample(
    t_mono_ns=0,
    valid=True,
    yaw_rad=0.0,
    pitch_rad=0.0,
    size_rad=0.0,
    confidence=0.0,
    features=(0.0,) * FACE_FEATURES,
)


@dataclass(frozen=True, slots=True)
class _Face:
    name: str
    right: float
    down: float
    size_rad: float
    yaw_rad: float
    pitch_rad: float


class Eyes:
    """The camera and its face detector: ten pictures a second."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._last: tuple[int, _Face] | None = None
        self._speed = (0.0, 0.0)
        self._seen_since_ns = 0

    def look(
        self,
        t_ns: int,
        head_m: Array,
        head_axes: Array,
        head_speed_rad_s: float,
        people: tuple[PersonTruth, ...],
    ) -> tuple[FaceSample, int]:
        """One picture and the time until its result is there, ns.

        ``head_m`` [3] and ``head_axes`` [3, 3] are the head's true place and axes in the world.
        """
        delay = int(self._generator.integers(MIN_DELAY_NS, MAX_DELAY_NS))
        eye = head_m + head_axes @ np.array(CAMERA_IN_HEAD_M)
        blur = head_speed_rad_s**2 / (head_speed_rad_s**2 + BLUR_SPEED_RAD_S**2)
        faces = []
        for person in people:
            draw, normal = self._generator.random(), self._generator.standard_normal(3)
            face = _project(person, eye, head_axes, normal)
            if face is not None and draw >= max(MISS, blur):
                faces.append(face)
        if not faces:
            self._last, self._speed = None, (0.0, 0.0)
            return replace(NOBODY, t_mono_ns=t_ns), delay
        best = max(faces, key=lambda face: face.size_rad)
        self._follow(t_ns, best)
        small = SMALLEST_FACE_RAD / best.size_rad
        return (
            FaceSample(
                t_mono_ns=t_ns,
                valid=True,
                yaw_rad=best.yaw_rad,
                pitch_rad=best.pitch_rad,
                size_rad=best.size_rad,
                confidence=BEST_CONFIDENCE * (1.0 - 0.5 * small * small),
                features=self._features(t_ns, best, len(faces)),
            ),
            delay,
        )

    def _follow(self, t_ns: int, face: _Face) -> None:
        if self._last is None or self._last[1].name != face.name:
            self._seen_since_ns, self._speed = t_ns, (0.0, 0.0)
        else:
            last_ns, last = self._last
            per_s = 1e9 / (t_ns - last_ns)
            moved = ((face.right - last.right) * per_s, (face.down - last.down) * per_s)
            self._speed = (
                0.5 * (self._speed[0] + moved[0]),
                0.5 * (self._speed[1] + moved[1]),
            )
        self._last = (t_ns, face)

    def _features(self, t_ns: int, face: _Face, count: int) -> tuple[float, ...]:
        """The eight numbers that ``CameraSense`` describes."""
        raw = (
            face.right,
            face.down,
            face.size_rad / SIZE_FEATURE_RAD,
            self._speed[0] / SPEED_FEATURE_S,
            self._speed[1] / SPEED_FEATURE_S,
            count / COUNT_FEATURE,
            (t_ns - self._seen_since_ns) * 1e-9 / SEEN_FEATURE_S,
            0.0,
        )
        return tuple(min(1.0, max(-1.0, value)) for value in raw)


def _project(person: PersonTruth, eye_m: Array, axes: Array, normal: Array) -> _Face | None:
    """The face in the picture, or None when it is outside or too small."""
    way = np.array([person.x_m, person.y_m, person.z_m]) - eye_m
    forward, left, up = (way @ axes).tolist()
    distance = math.sqrt(forward * forward + left * left + up * up)
    if forward <= 0.0 or distance == 0.0:
        return None
    size = 2.0 * math.atan(0.5 * FACE_WIDTH_M / distance)
    yaw = math.atan2(left, forward) + JITTER_RAD * float(normal[0])
    pitch = -math.atan2(up, math.hypot(forward, left)) + JITTER_RAD * float(normal[1])
    size *= 1.0 + SIZE_JITTER * float(normal[2])
    right = -math.tan(yaw) / HALF_WIDTH
    down = math.tan(pitch) / math.cos(yaw) / HALF_HEIGHT
    margin = 0.5 * size
    if abs(right) > 1.0 - margin or abs(down) > 1.0 - margin or size < SMALLEST_FACE_RAD:
        return None
    return _Face(person.name, right, down, size, yaw, pitch)
