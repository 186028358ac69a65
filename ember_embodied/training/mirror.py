"""The robot in a mirror: left and right swapped, so that every life is worth two.

The robot is symmetric about its x-z plane. A reflection turns y and every angle about x and z
round, swaps the antennas and the legs 1-6, 2-5 and 3-4, whose servos turn the other way.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.sense_vector import INDEX, SENSES

LEGS: Final = 6
_SWAPPED: Final = {
    "right_antenna": "left_antenna",
    "left_antenna": "right_antenna",
    "antenna_left": "antenna_right",
    "antenna_right": "antenna_left",
    **{f"stewart_{i}": f"stewart_{LEGS + 1 - i}" for i in range(1, LEGS + 1)},
}
_TURNED: Final = ("yaw", "roll", "antenna", "stewart", "front", "mirror")
_TURNED_AXES: Final = (
    *("accelerometer_y", "gyroscope_x", "gyroscope_z", "up_y"),
    *("feature_0", "feature_3"),  # the face track's offset and speed to the left
)


def _twin(name: str) -> str:
    for part, other in _SWAPPED.items():
        if part in name:
            return name.replace(part, other)
    return name


def _sign(name: str) -> float:
    own = name.partition(".")[2]
    if own.endswith("_cos"):
        return 1.0
    return -1.0 if own.endswith(_TURNED_AXES) or any(part in own for part in _TURNED) else 1.0


SENSE_SOURCE: Final = np.array([INDEX[_twin(s.name)] for s in SENSES], dtype=np.intp)
SENSE_SIGN: Final = np.array([_sign(s.name) for s in SENSES], dtype=np.float32)
COMMAND_SOURCE: Final = np.array([0, 1, 3, 2, 4], dtype=np.intp)
COMMAND_SIGN: Final = np.array([-1.0, 1.0, -1.0, -1.0, -1.0], dtype=np.float32)
LEFT_HAND: Final = 1.0
RIGHT_HAND: Final = 2.0
"""Classes of a hand on an antenna, in the order of ``PLACES_TOUCHED``."""
GAZE_SIGN: Final = np.array([-1.0, 1.0], dtype=np.float32)

Array = NDArray[np.float32]


def mirror_senses(senses: Array) -> Array:
    """Senses [..., S] as the mirrored robot would feel them."""
    return senses[..., SENSE_SOURCE] * SENSE_SIGN


def mirror_command(command: Array) -> Array:
    """Commands [..., 5] of the mirrored robot."""
    return command[..., COMMAND_SOURCE] * COMMAND_SIGN


def mirror_gaze(gaze: Array) -> Array:
    """Directions [..., 2] (yaw, pitch) in the mirror."""
    return gaze * GAZE_SIGN


def mirror_touch(touch: Array) -> Array:
    """What the skin should say [..., 2] of the mirrored robot: left and right antenna swapped."""
    mirrored = touch.copy()
    hand = touch[..., 0]
    mirrored[..., 0] = np.where(hand == LEFT_HAND, RIGHT_HAND, hand)
    mirrored[..., 0][hand == RIGHT_HAND] = LEFT_HAND
    return mirrored
