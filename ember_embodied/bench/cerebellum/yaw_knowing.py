"""The most that anybody could do who is put into one of two rooms and not told which.

It knows the bias of both rooms, and how readings scatter in each, from the very readings that are
drawn; only where it is it has to find out from looks, by Bayes. What it lacks of all the gain is
not for want of learning: single looks scatter as much as rooms differ.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.yaw_table import wrapped_all
from ember_embodied.bench.cerebellum.yaw_lives import (
    OTHER_FACE,
    OTHER_RAD,
    Exam,
    Trial,
    rooms_of,
)
from ember_embodied.bench.cerebellum.yaw_rooms import Body

Array = NDArray[np.float64]

BLUR_RAD: Final = math.radians(1.5)
"""Width of the kernel that makes a density of some hundred readings."""


class Knowing:
    """Knows both rooms of a life, and believes to be in the second; hearing alone is judged."""

    def __init__(self, seed: int, carried: float, change: float | None = None) -> None:
        """Chances, 0 to 1, of the other room: once when carried, and at each look.

        Who feels nothing has only one: ``change`` None is ``carried`` at each look and none when
        carried.
        """
        self._rooms = rooms_of(seed)
        self._carried = 0.0 if change is None else carried
        self._change = carried if change is None else change
        self._probability = np.array([1.0, 0.0])

    def learn(self, trial: Trial, body: Body, draw: np.random.Generator) -> None:
        """Which room explains the look better."""
        del body, draw
        self._may_be_other(self._change)
        aside_rad = trial.seen_rad - trial.head_rad
        stray = OTHER_FACE / (2.0 * OTHER_RAD)
        for number, room in enumerate(self._rooms):
            bias_rad = float(room.bias(np.array([trial.seen_rad]))[0])
            scatter_rad = trial.heard_rad - trial.seen_rad - bias_rad
            density = room.density(scatter_rad, aside_rad, BLUR_RAD)
            self._probability[number] *= (1.0 - OTHER_FACE) * density + stray
        self._probability /= self._probability.sum()

    def point(self, exam: Exam, body: Body) -> Array:
        """[M] between what both rooms' tables say, as likely as they are."""
        del body
        heard = exam.heard_rad.ravel()
        first, second = (room.perfect(heard) for room in self._rooms)
        apart = wrapped_all(second - first)
        return wrapped_all(first + self._probability[1] * apart)

    def carried(self) -> None:
        """The room may be the other one."""
        self._may_be_other(self._carried)

    def _may_be_other(self, chance: float) -> None:
        self._probability = (1.0 - chance) * self._probability + chance * self._probability[::-1]
