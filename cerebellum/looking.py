"""From senses to trials: somebody is heard, the head looks there, and the camera shows a face.

A trial begins with the first readings of a voice that count (``own_motion``) while the head stands,
which is what the look goes by. It is over when the head has come to rest near where the voice is
taken to be and sees one steady face, or when that takes too long. Every look is offered once;
whether it may be believed is for the table to say (``plasticity``).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cerebellum.own_motion import Hearing
from cerebellum.plasticity import (
    QUIET_ENERGY,
    STEADY_RAD_S,
    SURE_FACE,
    Evidence,
    Verdict,
    refusal,
    wrapped,
)
from firmware_bridge.senses import CAMERA_STREAM, BodySense, CameraSense, DoaSense, usable

READINGS_MOST: Final = 5
"""Readings of a voice that one trial is made of: half a second, before the head moves."""
SAME_POSE_RAD: Final = math.radians(5.0)
"""The head has moved by more: another pose hears another way."""
PAUSE_S: Final = 1.0
"""A voice that was not heard for so long is a new one."""
EVERY_S: Final = 3.0
"""Trials of one voice are at least so far apart: echoes last, so nearer ones say the same."""
GIVEN_UP_S: Final = 4.0
LOOKED_RAD: Final = math.radians(25.0)
"""The head points this near to where the voice is taken to be: it looked there. A face that is seen
while the head looks elsewhere says nothing of the voice."""
FACES: Final = 4
"""Camera frames that must agree."""
FRAME_FACES: Final = 5
"""The feature of the camera that counts faces, in quarters."""
_NS: Final = 1e-9
_PASSING: Final = (Verdict.UNSTEADY, Verdict.AMBIGUOUS, Verdict.NOT_SURE)
"""What may be better in a moment: the look is not over."""

Corrected = Callable[[float, float], float]
"""(heard, yaw of the head), rad, to where the voice is taken to be."""


@dataclass(frozen=True, slots=True)
class _Reading:
    t_ns: int
    azimuth_rad: float
    mirror_rad: float
    head_rad: float
    energy: float


@dataclass(frozen=True, slots=True)
class _Face:
    t_ns: int
    yaw_rad: float
    head_rad: float


class Looks:
    """``step`` once a tick; now and then it gives a trial."""

    def __init__(self) -> None:
        self._readings: list[_Reading] = []
        self._heard_rad: tuple[float, float] | None = None
        """Mean of the readings; None where it has not been asked for since the last of them."""
        self._heard_ns = 0
        self._next_ns = 0
        self._faces: deque[_Face] = deque(maxlen=FACES)
        self._seen_ns = 0

    def step(self, sense: BodySense, hearing: Hearing, corrected: Corrected) -> Evidence | None:
        """Take in one tick; the trial that it brought to an end, if it did."""
        now_ns = sense.t_mono_ns
        if hearing.counts and hearing.fresh and sense.doa is not None:
            self._hear(sense.doa, now_ns)
        camera = self._see(sense, now_ns)
        if not self._readings:
            return None
        if (now_ns - self._readings[-1].t_ns) * _NS > GIVEN_UP_S:
            self._readings = []
            return None
        if camera is None or len(self._faces) < FACES:
            return None
        trial = self._trial(camera, sense.head.yaw_rad, corrected)
        if trial is None or refusal(trial, now_ns) in _PASSING:
            return None
        self._readings = []
        self._next_ns = now_ns + round(EVERY_S / _NS)
        return trial

    def _hear(self, doa: DoaSense, now_ns: int) -> None:
        new = (doa.t_mono_ns - self._heard_ns) * _NS > PAUSE_S
        self._heard_ns = doa.t_mono_ns
        numbers = (doa.azimuth_rad, doa.mirror_rad, doa.head_yaw_rad, doa.energy)
        if not (all(map(_is_angle, numbers[:3])) and 0.0 <= doa.energy <= 1.0):
            return
        readings = self._readings
        if new:
            self._next_ns = 0
        if now_ns < self._next_ns or len(readings) >= READINGS_MOST:
            return
        if readings and abs(doa.head_yaw_rad - readings[0].head_rad) > SAME_POSE_RAD:
            return
        readings.append(_Reading(doa.t_mono_ns, *numbers))
        self._heard_rad = None

    def _see(self, sense: BodySense, now_ns: int) -> CameraSense | None:
        """The camera when a new frame of it shows a sure face; else faces so far are forgotten."""
        camera = sense.camera
        if camera is None or not usable(camera, CAMERA_STREAM, now_ns):
            self._faces.clear()
            return None
        if camera.t_mono_ns == self._seen_ns:
            return None
        self._seen_ns = camera.t_mono_ns
        angles = (camera.face_yaw_rad, camera.head_yaw_rad)
        if not (all(map(_is_angle, angles)) and SURE_FACE <= camera.confidence <= 1.0):
            self._faces.clear()
            return None
        self._faces.append(_Face(camera.t_mono_ns, camera.face_yaw_rad, camera.head_yaw_rad))
        return camera

    def _trial(self, camera: CameraSense, head_rad: float, corrected: Corrected) -> Evidence | None:
        readings, faces = self._readings, self._faces
        if readings[-1].t_ns > camera.t_mono_ns:
            return None
        energy = max([reading.energy for reading in readings])
        seconds = max(1, faces[-1].t_ns - faces[-2].t_ns) * _NS
        speed = abs(wrapped(faces[-1].head_rad - faces[-2].head_rad)) / seconds
        if speed > STEADY_RAD_S and energy >= QUIET_ENERGY:
            return None  # on its way, mostly: it would be refused as unsteady, which passes
        pose_rad, seen_rad = readings[0].head_rad, camera.face_yaw_rad
        heard = self._heard_rad = self._heard_rad or _mean_of(readings)
        taken = [corrected(heard[0], pose_rad), corrected(heard[1], pose_rad)]
        behind = abs(wrapped(taken[1] - seen_rad)) < abs(wrapped(taken[0] - seen_rad))
        if not abs(wrapped(taken[behind] - head_rad)) <= LOOKED_RAD:
            return None
        off = [wrapped(face.yaw_rad - seen_rad) for face in faces]
        return Evidence(
            heard_rad=heard[behind],
            heard_head_yaw_rad=pose_rad,
            heard_t_ns=readings[-1].t_ns,
            speech=True,
            energy=energy,
            own_motion=False,
            seen_rad=seen_rad,
            seen_t_ns=camera.t_mono_ns,
            seen_confidence=camera.confidence,
            seen_faces=_faces_in(camera.features),
            seen_spread_rad=max(off) - min(off),
            head_speed_rad_s=speed,
            valid=camera.valid,
        )


def _mean_of(readings: Sequence[_Reading]) -> tuple[float, float]:
    """Where the voice was heard, in front and mirrored."""
    front = _mean([reading.azimuth_rad for reading in readings])
    return front, _mean([reading.mirror_rad for reading in readings])


def _mean(angles_rad: Sequence[float]) -> float:
    """Circular mean."""
    return math.atan2(math.fsum(map(math.sin, angles_rad)), math.fsum(map(math.cos, angles_rad)))


def _is_angle(value_rad: float) -> bool:
    """Within a turn; NaN is not."""
    return -2.0 * math.pi <= value_rad <= 2.0 * math.pi


def _faces_in(features: Sequence[float]) -> int:
    """How many faces the camera's features tell of; one where they do not."""
    if len(features) <= FRAME_FACES or not math.isfinite(features[FRAME_FACES]):
        return 1
    return round(4.0 * features[FRAME_FACES])
