"""A photograph with a face, hung before the robot's lens at a bearing that is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ember_embodied.errors import UserError
from firmware_bridge.sensors.lens import Lens
from firmware_bridge.sensors.orientation import conjugate, from_roll_pitch_yaw, rotate

PICTURE_SIZE: Final = (1280, 720)
FACE_WIDTH_RAD: Final = math.radians(9.0)
"""A face of 16 cm at one metre."""


def astronaut() -> NDArray[np.uint8]:
    """scikit-image's photograph, shape (512, 512, 3), BGR."""
    try:
        from skimage import data
    except ImportError as error:
        raise UserError("scikit-image is missing; pip install 'ember-embodied[dev]'") from error
    photograph: NDArray[np.uint8] = data.astronaut()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(photograph[:, :, ::-1])


def face_box(model: Path, photograph: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Middle (column, row) and width of the face in the flat photograph, pixels."""
    height, width = photograph.shape[:2]
    net = cv2.FaceDetectorYN.create(str(model), "", (width, height))
    _, rows = net.detect(photograph)
    left, top, face_width, face_height = (float(v) for v in np.asarray(rows)[0, :4])
    return left + face_width / 2, top + face_height / 2, face_width


def hang_picture(
    lens: Lens,
    photograph: NDArray[np.uint8],
    box: tuple[float, float, float],
    bearing: tuple[float, float],
) -> NDArray[np.uint8]:
    """What the camera sees of a photograph that hangs square to the line of sight.

    The middle of ``box`` is at ``bearing`` (yaw, pitch; head's frame) and its width is
    ``FACE_WIDTH_RAD``. Every pixel's ray, by the lens, is cut with the plane of the photograph.
    """
    width, height = PICTURE_SIZE
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    pixels = grid.reshape(-1, 1, 2).astype(np.float64)
    right_down = cv2.undistortPoints(pixels, lens.matrix, lens.distortion).reshape(-1, 2)
    rays = np.column_stack((np.ones(len(right_down)), -right_down))
    to_wall = conjugate(from_roll_pitch_yaw(0.0, bearing[1], bearing[0]))
    axes = np.array([rotate(to_wall, axis) for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1))])
    forward, left, up = (rays @ axes).T
    scale = box[2] / (2.0 * math.tan(FACE_WIDTH_RAD / 2.0))
    in_front = forward > 0.1
    depth = np.where(in_front, forward, 1.0)
    column = np.where(in_front, box[0] - left / depth * scale, -1.0)
    row = np.where(in_front, box[1] - up / depth * scale, -1.0)
    shape = (height, width)
    seen = cv2.remap(
        photograph,
        column.reshape(shape).astype(np.float32),
        row.reshape(shape).astype(np.float32),
        cv2.INTER_AREA,
        borderValue=(96, 96, 96),
    )
    return np.asarray(seen, dtype=np.uint8)
