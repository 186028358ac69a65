"""The lens: pixels to directions in the head's frame, and back.

Model: pinhole with OpenCV's rational and thin-prism distortion (12 coefficients), calibrated by
the robot's vendor at 3840 x 2592. A smaller picture is the same picture scaled, and cropped
around its middle when its shape or its crop factor asks for it; pixels stay square.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sensors.camera_settings import LensSettings
from firmware_bridge.sensors.orientation import Vector

CALIBRATION_SIZE: Final = (3840, 2592)
FIELD_LIMIT: Final = math.tan(math.radians(60.0))
"""Beyond 60 degrees from the axis the polynomial was never fitted."""
ROUND_TRIP_PX: Final = 0.5


class Lens:
    """The lens for one picture size. The head's frame: x forward, y left, z up."""

    def __init__(self, settings: LensSettings, width_px: int, height_px: int) -> None:
        """``width_px`` and ``height_px`` of the pictures that will be asked about."""
        full_width, full_height = CALIBRATION_SIZE
        scale = width_px / full_width * settings.crop
        self.matrix: NDArray[np.float64] = np.array(
            [
                [settings.focal_x_px * scale, 0.0, 0.0],
                [0.0, settings.focal_y_px * scale, 0.0],
                [0.0, 0.0, 1.0],
            ]
        )
        self.matrix[0, 2] = width_px / 2 + (settings.centre_x_px - full_width / 2) * scale
        self.matrix[1, 2] = height_px / 2 + (settings.centre_y_px - full_height / 2) * scale
        self.distortion: NDArray[np.float64] = np.array(settings.distortion)

    def direction(self, u_px: float, v_px: float) -> Vector | None:
        """Direction of a pixel (u right, v down), x = 1; None where the lens has no picture."""
        pixel = np.array([[[u_px, v_px]]], dtype=np.float64)
        right, down = cv2.undistortPoints(pixel, self.matrix, self.distortion)[0, 0]
        direction = (1.0, -float(right), -float(down))
        back = self.pixel(direction)
        if back is None or math.dist(back, (u_px, v_px)) > ROUND_TRIP_PX:
            return None
        return direction

    def pixel(self, direction: Vector) -> tuple[float, float] | None:
        """Pixel of a direction of any length; None behind or far beside the camera."""
        forward, left, up = direction
        if forward <= 0.0 or math.hypot(left, up) > FIELD_LIMIT * forward:
            return None
        point = np.array([[[-left / forward, -up / forward, 1.0]]], dtype=np.float64)
        image, _ = cv2.projectPoints(point, np.zeros(3), np.zeros(3), self.matrix, self.distortion)
        return float(image[0, 0, 0]), float(image[0, 0, 1])
