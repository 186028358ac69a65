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
from firmware_bridge.sensors.face_track import FaceTrack, FaceView, Sighting
from firmware_bridge.simulation.room import PersonTruth

Array = NDArray[np.float64]

PERIOD_NS: Final = 100_000_000
MIN_DELAY_NS: Final = 60_000_000
MAX_DELAY_NS: Final = 120_000_000
FOCAL_PIXELS: Final = 2001.8
HALF_WIDTH: Final = 1920.0 / FOCAL_PIXELS
HALF_HEIGHT: Final = 1080.0 / FOCAL_PIXELS
"""Tangents of half the field of view: 87.6 by 56.7 degrees."""
_CAMERA_M: Final = np.array([0.0437, 0.0, 0.0512])
FACE_WIDTH_M: Final = 0.15
SMALLEST_FACE_RAD: Final = 0.03
"""About 24 pixels of 1280: the detector finds nothing smaller."""
JITTER_RAD: Final = 0.006
SIZE_JITTER: Final = 0.05
MISS: Final = 0.04
BLUR_SPEED_RAD_S: Final = 2.5
"""The head turns so fast that half of the faces are lost in the blur."""
BEST_CONFIDENCE: Final = 0.93
SURE_TURN_RAD: Final = math.radians(60.0)
LOST_TURN_RAD: Final = math.radians(100.0)
"""A face that is turned away: until here found always, from there never. This project's estimate:
detectors find half profiles about as well as full faces, and the back of a head not at all."""
HIDES_M: Final = 0.14
"""A head hides a face behind it when the line of sight passes this close to its middle."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one picture came to."""

    t_mono_ns: int
    view: FaceView


def garbled(sight: Sight, generator: np.random.Generator) -> Sight:
    """A detector gone mad: a sure face somewhere."""
    yaw, pitch = generator.uniform(-0.6, 0.6, 2).tolist()
    features = tuple(generator.uniform(-1.0, 1.0, FACE_FEATURES).tolist())
    return replace(sight, view=FaceView(Sighting(yaw, pitch, 0.3, 1.0), features))


class Eyes:
    """The camera and its face detector: ten pictures a second."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._track = FaceTrack()

    def look(
        self,
        t_ns: int,
        head_m: Array,
        head_axes: Array,
        head_speed_rad_s: float,
        people: tuple[PersonTruth, ...],
    ) -> tuple[Sight, int]:
        """One picture and the time until its result is there, ns.

        ``head_m`` [3] and ``head_axes`` [3, 3] are the head's true place and axes in the world.
        """
        delay_ns = int(self._generator.integers(MIN_DELAY_NS, MAX_DELAY_NS))
        eye = head_m + head_axes @ _CAMERA_M
        blur = head_speed_rad_s**2 / (head_speed_rad_s**2 + BLUR_SPEED_RAD_S**2)
        sightings = []
        for person in people:
            draw, normal = self._generator.random(), self._generator.standard_normal(3)
            if draw < max(MISS, blur, _averted(person.turned_rad)):
                continue
            sighting = _project(person, eye, head_axes, normal)
            if sighting is not None and not _hidden(person, people, eye):
                sightings.append(sighting)
        return Sight(t_ns, self._track.update(t_ns, sightings)), delay_ns


def _averted(turned_rad: float) -> float:
    """Share of pictures in which a face that is turned away this far is not found."""
    return min(1.0, max(0.0, (turned_rad - SURE_TURN_RAD) / (LOST_TURN_RAD - SURE_TURN_RAD)))


def _hidden(person: PersonTruth, people: tuple[PersonTruth, ...], eye_m: Array) -> bool:
    """Whether somebody's head is in the line of sight."""
    x, y, z = (float(a) for a in (person.x_m, person.y_m, person.z_m) - eye_m)
    far = math.sqrt(x * x + y * y + z * z)
    for other in people:
        ox, oy, oz = (float(a) for a in (other.x_m, other.y_m, other.z_m) - eye_m)
        along = (x * ox + y * oy + z * oz) / far
        beside_m2 = ox * ox + oy * oy + oz * oz - along * along
        if other is not person and 0.0 < along < far and beside_m2 < HIDES_M**2:
            return True
    return False


def _project(person: PersonTruth, eye_m: Array, axes: Array, normal: Array) -> Sighting | None:
    """The face in the picture, or None when it is outside or too small."""
    way = np.array([person.x_m, person.y_m, person.z_m]) - eye_m
    forward, left, up = (way @ axes).tolist()
    distance = math.sqrt(forward * forward + left * left + up * up)
    if forward <= 0.0:
        return None
    size = 2.0 * math.atan(0.5 * FACE_WIDTH_M / distance)
    yaw = math.atan2(left, forward) + JITTER_RAD * float(normal[0])
    pitch = math.atan2(-up, math.hypot(forward, left)) + JITTER_RAD * float(normal[1])
    size *= 1.0 + SIZE_JITTER * float(normal[2])
    right = abs(math.tan(yaw)) / HALF_WIDTH
    down = abs(math.tan(pitch) / math.cos(yaw)) / HALF_HEIGHT
    if max(right, down) > 1.0 - 0.5 * size or size < SMALLEST_FACE_RAD:
        return None
    small = SMALLEST_FACE_RAD / size
    return Sighting(yaw, pitch, size, BEST_CONFIDENCE * (1.0 - 0.5 * small * small))
