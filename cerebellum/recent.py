"""The last few ticks of nine joints, as the networks of the forward model take them in.

Of each tick steps of the goals, lags and ways, in pulses, and their arcsinh (it keeps both one
pulse and a thousand); the newest tick first, so that a new one moves all others by one block.
Behind them the legs' positions of the tick before, the supply, and a constant 1.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.surprise import PULSE_RAD
from firmware_bridge.joints import JOINT_COUNT, STEWART

Array = NDArray[np.float64]
Columns = NDArray[np.intp]

PAST: Final = 8
"""Rows of what a joint's next lag is foretold from, pulses: the last two lags; the last four steps
of the goal; the ways of the last two ticks at the measured velocities."""
POSE_PULSES: Final = 300.0
SUPPLY_V: Final = 7.0
SUPPLY_SPAN_V: Final = 0.6
_LEGS: Final = STEWART.stop - STEWART.start
_RAW: Final = PAST * JOINT_COUNT
JOINT_INPUTS: Final = 2 * _RAW + _LEGS + 1
"""The past, its arcsinh, legs' positions, supply: of the network of the joints."""
IMU_INPUTS: Final = 2 * _RAW + 4 * JOINT_COUNT
"""The past, its arcsinh, lags and ways of this tick, their arcsinh: of the network of the IMU."""

STEP: Final = slice(0, JOINT_COUNT)
LAG: Final = slice(JOINT_COUNT, 2 * JOINT_COUNT)
WAY: Final = slice(2 * JOINT_COUNT, 3 * JOINT_COUNT)
"""Places of this tick."""
RAW: Final = slice(0, WAY.stop)
ARCSINH: Final = slice(WAY.stop, 2 * WAY.stop)
TICK: Final = ARCSINH.stop
TICKS: Final = 4
_POSE: Final = slice(TICKS * TICK, TICKS * TICK + _LEGS)
_SUPPLY: Final = _POSE.stop
_ONE: Final = _SUPPLY + 1
INPUTS: Final = _ONE + 1


def _places(kind: slice, *ago: int) -> list[int]:
    """Of a kind of number, so many ticks ago each."""
    return [TICK * ticks + place for ticks in ago for place in range(kind.start, kind.stop)]


_PAST: Final = [*_places(LAG, 1, 2), *_places(STEP, 0, 1, 2, 3), *_places(WAY, 1, 2)]
_NOW: Final = [*_places(LAG, 0), *_places(WAY, 0)]
_BOTH: Final = [*_PAST, *(place + ARCSINH.start for place in _PAST)]
OF_JOINTS: Final[Columns] = np.array([*_BOTH, *range(_POSE.start, _ONE)])
"""[151] where the inputs of the network of the joints lie, in the order that it was fitted with."""
OF_IMU: Final[Columns] = np.array([*_BOTH, *_NOW, *(place + ARCSINH.start for place in _NOW)])
"""[180] those of the network of the IMU."""
OWN: Final[Columns] = np.array([*_places(LAG, 1), *_places(STEP, 0, 2), *_places(WAY, 1)])
"""[36] last lag, step of this tick and of the one before the last, last way: four for each."""


class Recent:
    """``add`` once a tick; ``inputs`` is then what the networks take in."""

    def __init__(self, period_s: float) -> None:
        self.inputs = np.zeros(INPUTS)
        self.inputs[_ONE] = 1.0
        self._units = np.full(WAY.stop, 1.0 / PULSE_RAD)
        self._units[WAY] = period_s / PULSE_RAD
        self._position = np.zeros(JOINT_COUNT)

    def add(self, step_and_lag: Array, rate: Array, position: Array) -> None:
        """One tick: [18] rad, [9] rad/s, [9] rad, which counts from the next tick on."""
        inputs = self.inputs
        inputs[TICK : TICKS * TICK] = inputs[: (TICKS - 1) * TICK]
        now = inputs[RAW]
        now[: LAG.stop], now[WAY] = step_and_lag, rate
        now *= self._units
        np.arcsinh(now, out=inputs[ARCSINH])
        legs = inputs[_POSE]
        np.multiply(self._position[STEWART], 1.0 / (PULSE_RAD * POSE_PULSES), out=legs)
        self._position = position

    def supplied(self, voltage_v: float) -> None:
        """Take note of the rail's voltage."""
        above_v = voltage_v - SUPPLY_V
        self.inputs[_SUPPLY] = min(max(above_v, -SUPPLY_SPAN_V), SUPPLY_SPAN_V)
