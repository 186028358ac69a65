"""What of the joints can be gone by: sound now, and for as long as it takes to foretell from."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Final

import numpy as np

from cerebellum.proprioception import Felt
from cerebellum.surprise import ALL, CHANNELS, CURRENT, WITHOUT_IMU, Bools
from firmware_bridge.joints import JOINT_COUNT

Numbers = Sequence[float]
Sound = Sequence[bool]

HISTORY: Final = 4
"""Ticks of a joint that its next lag is foretold from, and one to be sure."""
STILL: Final = (0.0,) * JOINT_COUNT
SOUND: Final = (True,) * JOINT_COUNT
UNSOUND: Final = (False,) * JOINT_COUNT


def filled(felt: Felt, goal_rad: Numbers) -> tuple[Numbers, Numbers, Numbers, Sound]:
    """Positions, rates, currents, and which of them are sound; the others stand at the goal.

    All nine sound are ``SOUND`` itself.
    """
    place, rate, current = felt.position_rad, felt.velocity_rad_s, felt.current_a
    if felt.finite and felt.all_hold:
        return place, rate, current, SOUND
    rows = list(zip(place, rate, current, felt.voltage_v, strict=True))
    sound = [h and isfinite(sum(row)) for h, row in zip(felt.holds, rows, strict=True)]
    return (
        tuple([row[0] if ok else g for row, ok, g in zip(rows, sound, goal_rad, strict=True)]),
        tuple([row[1] if ok else 0.0 for row, ok in zip(rows, sound, strict=True)]),
        tuple([row[2] if ok else 0.0 for row, ok in zip(rows, sound, strict=True)]),
        sound,
    )


class Soundness:
    """For how many ticks in a row each joint has been sound."""

    def __init__(self) -> None:
        self._steady = 0
        self._streak = [0] * JOINT_COUNT

    def known(self, sound: Sound, *, imu: bool) -> Bools:
        """[24] What has been sound for long enough; the IMU with all joints. To be asked once."""
        if sound is SOUND:
            self._steady += 1
            if self._steady > HISTORY:
                return ALL if imu else WITHOUT_IMU
        elif self._steady:
            self._streak = [max(streak, self._steady) for streak in self._streak]
            self._steady = 0
        pairs = zip(self._streak, sound, strict=True)
        self._streak = [streak + 1 if ok else 0 for streak, ok in pairs]
        lags = [streak > HISTORY for streak in self._streak]
        return np.array([*lags, *lags, *(imu and all(lags),) * (CHANNELS - CURRENT.stop)])
