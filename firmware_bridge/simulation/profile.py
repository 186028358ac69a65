"""The servos' motion profiles: from a goal to a trajectory of position and velocity.

ROBOTIS e-manual, X series, addresses 108 and 112. Time-based (drive mode bit 2): the move takes
``profile_velocity`` ms and its ramps ``profile_acceleration`` ms each. Velocity-based: units of
0.229 rev/min and 214.577 rev/min^2. Either way a new goal blends from the present speed, and a
profile velocity of 0 is a step.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PULSES_PER_TURN: Final = 4096.0
VELOCITY_UNIT_PULSES_S: Final = 0.229 * PULSES_PER_TURN / 60.0
ACCELERATION_UNIT_PULSES_S2: Final = 214.577 * PULSES_PER_TURN / 3600.0
_TINY: Final = 1e-9
_TINY_S: Final = 1e-12


class Profile:
    """Nine trajectory generators; positions in pulses, time in seconds."""

    def __init__(self, position: Array) -> None:
        self.position: Array = position.astype(np.float64)
        self._velocity: Array = np.zeros(len(position))
        self.acceleration: Array = np.zeros(len(position))
        self._start = self.position.copy()
        self._goal = self.position.copy()
        self._start_velocity = np.zeros(len(position))
        self._cruise = np.zeros(len(position))
        self._duration = np.zeros(len(position))
        self._ramp = np.zeros(len(position))
        self._elapsed = np.zeros(len(position))
        self._busy = False
        self._ramped = False
        self._left_s = 0.0

    @property
    def velocity(self) -> Array:
        """Speeds of the nine trajectories, pulses per second."""
        if self._ramped or not self._busy:
            return self._velocity
        return np.where(self._elapsed >= self._duration, 0.0, self._cruise)

    def hold(self, where: Bools, position: Array) -> None:
        """Stand still at ``position`` where the mask says so."""
        for array, value in (
            (self._start, position),
            (self._goal, position),
            (self.position, position),
            (self._velocity, 0.0),
            (self._start_velocity, 0.0),
            (self._cruise, 0.0),
            (self._duration, 0.0),
            (self._ramp, 0.0),
        ):
            array[where] = value if isinstance(value, float) else value[where]

    def retarget(
        self, where: Bools, goal: Ints, velocity: Ints, acceleration: Ints, time_based: Bools
    ) -> None:
        """Plan from the present trajectory to ``goal`` where the mask says so.

        Register units. Cruise speed vc = (D - v0 ta / 2) / (T - ta) closes the distance D in the
        time T with ramps of ta, from the present speed v0.
        """
        distance, before = goal - self.position, self.velocity
        ramp_ms = np.minimum(acceleration, velocity // 2)
        top = np.maximum(velocity * VELOCITY_UNIT_PULSES_S, _TINY)
        rate = acceleration * ACCELERATION_UNIT_PULSES_S2
        top = np.where(rate > 0.0, np.minimum(top, np.sqrt(rate * np.abs(distance)) + _TINY), top)
        ramp = np.where(time_based, ramp_ms * 1e-3, np.where(rate > 0.0, top / (rate + _TINY), 0.0))
        duration = np.where(time_based, velocity * 1e-3, np.abs(distance) / top + ramp)
        duration = np.where(velocity == 0, 0.0, duration)
        ramp = np.where(velocity == 0, 0.0, ramp)
        cruise = (distance - 0.5 * before * ramp) / np.maximum(duration - ramp, _TINY)
        for array, value in (
            (self._start, self.position),
            (self._start_velocity, before),
            (self._goal, goal.astype(np.float64)),
            (self._cruise, cruise),
            (self._duration, duration),
            (self._ramp, ramp),
        ):
            array[where] = value[where]
        self._elapsed[where] = 0.0
        self._busy = True
        self._ramped = bool(self._ramp.any())
        self._left_s = float((self._duration - self._elapsed).max())

    def advance(self, dt_s: float) -> None:
        """Move the nine trajectories on by ``dt_s``."""
        if not self._busy:
            return
        self._elapsed += dt_s
        self._left_s -= dt_s
        if self._left_s <= _TINY_S:
            np.copyto(self.position, self._goal)
            self._velocity.fill(0.0)
            self.acceleration.fill(0.0)
            self._busy = False
            return
        if not self._ramped:
            np.minimum(self._elapsed, self._duration, out=self.position)
            self.position *= self._cruise
            self.position += self._start
            return
        done = self._elapsed >= self._duration
        before = self._velocity.copy()
        ramp = np.maximum(self._ramp, _TINY)
        elapsed = np.minimum(self._elapsed, self._duration)
        first = np.minimum(elapsed / ramp, 1.0)
        last = np.maximum(elapsed - (self._duration - self._ramp), 0.0) / ramp
        middle = np.maximum(elapsed - self._ramp, 0.0)
        middle = np.minimum(middle, self._duration - 2.0 * self._ramp)
        gain = self._cruise - self._start_velocity
        ramped = self._ramp * (
            first * (self._start_velocity + 0.5 * first * gain)
            + last * (1.0 - 0.5 * last) * self._cruise
        )
        position = self._start + ramped + self._cruise * middle
        velocity = self._start_velocity + gain * first - self._cruise * last
        np.copyto(self.position, np.where(done, self._goal, position))
        np.copyto(self._velocity, np.where(done, 0.0, velocity))
        np.divide(self._velocity - before, dt_s, out=self.acceleration)
