"""Faces in a picture: YuNet through OpenCV, and their bearings through the lens.

YuNet: W. Wu, H. Peng, S. Yu, "YuNet: A tiny millisecond-level face detector", Machine
Intelligence Research 20 (2023). The model is a file that the settings name.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sensors.camera_settings import FaceSettings, LensSettings
from firmware_bridge.sensors.face_track import Sighting, bearing_of
from firmware_bridge.sensors.lens import Lens
from firmware_bridge.sensors.reader import SensorError

SCORE: Final = 14
"""Column of the score in a row of YuNet: x, y, width, height, five landmarks, score."""
SUPPRESSION_OVERLAP: Final = 0.3
STRIDE: Final = 32
"""YuNet works on pictures whose sides are whole multiples of it."""


class FaceDetector:
    """Finds faces in BGR pictures of any size and says where they are in the head's frame."""

    def __init__(self, settings: FaceSettings, lens: LensSettings) -> None:
        """Raises ``SensorError`` when OpenCV cannot read the model."""
        self._settings = settings
        self._lens_settings = lens
        self._lens: Lens | None = None
        self._size = (0, 0)
        # OpenCV's warnings would fall into the terminal view.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._net = cv2.FaceDetectorYN.create(
                str(settings.model),
                "",
                (STRIDE, STRIDE),
                settings.confidence,
                SUPPRESSION_OVERLAP,
                settings.most,
            )
        except cv2.error as error:
            raise SensorError(f"OpenCV cannot read {settings.model}: {error.err}") from error

    def find(self, picture: NDArray[np.uint8]) -> list[Sighting]:
        """Faces in a picture, shape (height, width, 3), BGR, 8 bits."""
        height, width = picture.shape[:2]
        if self._lens is None or self._size != (width, height):
            self._size = (width, height)
            self._lens = Lens(self._lens_settings, width, height)
        scale = min(1.0, self._settings.width_px / width)
        small = picture
        if scale < 1.0:
            shrunk = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            small = np.asarray(shrunk, dtype=np.uint8)
        rows = self._detect(np.ascontiguousarray(small))
        found = (_sighting(self._lens, row[:4] / scale, float(row[SCORE])) for row in rows)
        return [sighting for sighting in found if sighting is not None]

    def _detect(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = picture.shape[:2]
        self._net.setInputSize((width, height))
        _, rows = self._net.detect(picture)
        return np.zeros((0, SCORE + 1), np.float32) if rows is None else np.asarray(rows)


def _sighting(lens: Lens, box: NDArray[np.float32], score: float) -> Sighting | None:
    """The face in a box (x, y, width, height in pixels); None where the lens has no picture."""
    left, top, width, height = (float(value) for value in box)
    row = top + height / 2
    middle = lens.direction(left + width / 2, row)
    sides = lens.direction(left, row), lens.direction(left + width, row)
    if middle is None:
        return None
    yaw_rad, pitch_rad = bearing_of(middle)
    if sides[0] is None or sides[1] is None:
        size_rad = width / float(lens.matrix[0, 0])
    else:
        dot = sum(a * b for a, b in zip(sides[0], sides[1], strict=True))
        lengths = math.hypot(*sides[0]) * math.hypot(*sides[1])
        size_rad = math.acos(min(1.0, dot / lengths))
    return Sighting(yaw_rad, pitch_rad, size_rad, min(1.0, max(0.0, score)))
