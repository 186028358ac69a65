"""The last few ticks of nine joints, as the networks of the forward model take them in.

Of each tick steps of the goals, lags and ways, in pulses, and their arcsinh (it keeps both one
pulse and a thousand); the newest tick first, so that a new one moves all others by one block.
Behind them the legs' positions of the tick before, the supply, and a constant 1.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.surprise import CHANNELS, PULSE_RAD
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

WAY: Final = slice(0, JOINT_COUNT)
STEP: Final = slice(JOINT_COUNT, 2 * JOINT_COUNT)
LAG: Final = slice(2 * JOINT_COUNT, 3 * JOINT_COUNT)
"""Places of this tick."""
RAW: Final = slice(0, LAG.stop)
ARCSINH: Final = slice(RAW.stop, 2 * RAW.stop)
TICK: Final = ARCSINH.stop
TICKS: Final = 4
_POSE: Final = slice(TICKS * TICK, TICKS * TICK + _LEGS)
_PER_POSE: Final = np.full(_LEGS, 1.0 / (PULSE_RAD * POSE_PULSES))
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


MEASURED: Final = slice(LAG.start, LAG.start + CHANNELS)
"""Of a row: lags, currents, IMU, as ``surprise`` has its channels."""
_PLUS: Final = slice(STEP.start, LAG.stop)
_MINUS: Final = slice(MEASURED.stop, MEASURED.stop + 2 * JOINT_COUNT)
_LEGS_NOW: Final = slice(
    _MINUS.stop - JOINT_COUNT + STEWART.start, _MINUS.stop - JOINT_COUNT + STEWART.stop
)
_ROW: Final = struct.Struct(f"={_MINUS.stop}d")


def row_of(
    rate_rad_s: Sequence[float],
    goal_rad: Sequence[float],
    before_rad: Sequence[float],
    place_rad: Sequence[float],
    current_a: Sequence[float],
    imu: Sequence[float],
) -> Array:
    """[60] One tick in a row: rates, steps of the goals, lags, currents, IMU; what was taken off.

    Nine numbers each but for the six of the IMU; ``before_rad`` are the goals of the tick before.
    Steps are goals less those, lags are goals less places.
    """
    row = np.empty(_MINUS.stop)
    _ROW.pack_into(
        row.data, 0, *rate_rad_s, *goal_rad, *goal_rad, *current_a, *imu, *before_rad, *place_rad
    )
    steps_and_lags = row[_PLUS]
    steps_and_lags -= row[_MINUS]
    return row


class Recent:
    """``add`` once a tick; ``inputs`` is then what the networks take in."""

    def __init__(self, period_s: float) -> None:
        self.inputs = inputs = np.zeros(INPUTS)
        inputs[_ONE] = 1.0
        self._units = np.full(RAW.stop, 1.0 / PULSE_RAD)
        self._units[WAY] = period_s / PULSE_RAD
        self._older, self._newer = inputs[TICK : TICKS * TICK], inputs[: (TICKS - 1) * TICK]
        self._now, self._arcs, self._legs = inputs[RAW], inputs[ARCSINH], inputs[_POSE]
        self._legs_rad = np.zeros(_LEGS)

    def add(self, row: Array) -> None:
        """One tick, as ``row_of`` makes it; its positions count from the next tick on."""
        self._older[:] = self._newer
        np.multiply(row[RAW], self._units, self._now)
        np.arcsinh(self._now, self._arcs)
        np.multiply(self._legs_rad, _PER_POSE, self._legs)
        self._legs_rad = row[_LEGS_NOW]

    def supplied(self, voltage_v: float) -> None:
        """Take note of the rail's voltage."""
        above_v = voltage_v - SUPPLY_V
        self.inputs[_SUPPLY] = min(max(above_v, -SUPPLY_SPAN_V), SUPPLY_SPAN_V)
