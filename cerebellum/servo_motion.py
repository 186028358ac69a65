"""How nine servos move over one tick, and what follows from it: all of it is one matrix.

A servo in position mode with a proportional gain is a spring with a damper between its goal and
its shaft (ROBOTIS e-manual, X330: PWM = P / 128 * error, V = PWM / 885 * rail; motor: I =
(V - ke w) / R, torque = kt I). Over one tick the goal is a ramp, and the load is taken to be
constant: that is a linear system of five states, solved by its exponential.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log2, pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.load_prior import (
    BACK_EMF_V_S,
    INERTIA_KG_M2,
    POSTURE_LOAD,
    RESISTANCE_OHM,
    TORQUE_N_M_A,
    VISCOUS_N_M_S,
)
from firmware_bridge.joints import COUNTS_PER_TURN, JOINT_COUNT, JOINTS, STEWART

Array = NDArray[np.float64]

FULL_PWM: Final = 885.0
P_DIVISOR: Final = 128.0
PULSE_RAD: Final = 2.0 * pi / COUNTS_PER_TURN
VELOCITY_STEP_RAD_S: Final = 0.229 * 2.0 * pi / 60.0
GAIN_V: Final = np.array([joint.p_gain for joint in JOINTS]) / (P_DIVISOR * FULL_PWM * PULSE_RAD)
"""Volts per radian of error and volt of the rail."""
CACHED: Final = 64
FIFTHS_V: Final = 5.0
INPUTS: Final = 6
"""Position and velocity now, the same one tick before, start and slope of the ramp."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How nine servos move over one tick: state transition, and what a ramp and a load add."""

    start: Array
    """[2, 9] position and velocity by where the ramp starts."""
    slope: Array
    """[2, 9] and by how fast it goes."""
    weigh: Array
    """[2, 9] load, N m, per radian and per rad/s that position and velocity are off."""
    whole: Array
    """[27, 55] where the joints should be, rad, what rests on them without friction, N m, and what
    current is asked for, A; by ``INPUTS`` of nine numbers each, and 1. All of it is linear."""


@lru_cache(maxsize=CACHED)
def motion_over(dt_ms: int, rail_fifths_v: int) -> Motion:
    """The exact motion over a tick of nine servos that follow a ramp under a constant load.

    Time and voltage of the rail are rounded, ms and 0.2 V, for it takes long to find.
    """
    dt_s, rail_v = dt_ms * 1e-3, rail_fifths_v / FIFTHS_V
    per_volt = TORQUE_N_M_A / RESISTANCE_OHM
    stiffness = per_volt * GAIN_V * rail_v
    damping = per_volt * BACK_EMF_V_S + VISCOUS_N_M_S
    system = np.zeros((JOINT_COUNT, 5, 5))
    system[:, 0, 1] = 1.0
    system[:, 1, 0] = -stiffness / INERTIA_KG_M2
    system[:, 1, 1] = -damping / INERTIA_KG_M2
    system[:, 1, 2] = stiffness / INERTIA_KG_M2
    system[:, 1, 4] = 1.0 / INERTIA_KG_M2
    system[:, 2, 3] = 1.0
    moved = _exponential(system * dt_s)
    by_load = moved[:, :2, 4]
    sure = 1.0 / np.array([PULSE_RAD, 0.5 * VELOCITY_STEP_RAD_S]) ** 2
    weigh = by_load * sure / (by_load**2 * sure).sum(axis=1, keepdims=True)
    start, slope = moved[:, :2, 2].T, moved[:, :2, 3].T
    predicted = _diagonals(*moved[:, 0, :2].T, moved[:, 0, 2], moved[:, 0, 3], before=2)
    off = np.zeros((2, INPUTS, JOINT_COUNT))
    off[0, 0] = off[1, 1] = 1.0
    off[:, 2:4] = -moved[:, :2, :2].transpose(1, 2, 0)
    off[:, 4], off[:, 5] = -start, -slope
    load = _diagonals(*(weigh.T[:, None] * off).sum(axis=0))
    load[STEWART, STEWART] -= POSTURE_LOAD[1:].T
    load[STEWART, -1] -= POSTURE_LOAD[0]
    gain = GAIN_V * rail_v
    volts = np.zeros((INPUTS, JOINT_COUNT))
    volts[0], volts[1], volts[4], volts[5] = -gain, -BACK_EMF_V_S, gain, gain * dt_s
    expected = _diagonals(*(volts / RESISTANCE_OHM))
    return Motion(
        np.ascontiguousarray(start),
        np.ascontiguousarray(slope),
        np.ascontiguousarray(weigh.T),
        np.concatenate((predicted, load, expected)),
    )


def _diagonals(*of: Array, before: int = 0) -> Array:
    """[9, 55] what each joint takes of its own inputs, the first of which is number ``before``."""
    whole = np.zeros((JOINT_COUNT, INPUTS * JOINT_COUNT + 1))
    for number, diagonal in enumerate(of, start=before):
        whole[:, number * JOINT_COUNT : (number + 1) * JOINT_COUNT] = np.diag(diagonal)
    return whole


def _exponential(matrices: Array) -> Array:
    """Matrix exponentials by scaling, series and squaring (Golub and Van Loan, 9.3)."""
    size = float(np.abs(matrices).sum(axis=-1).max())
    halvings = max(0, ceil(log2(size)) + 4) if size > 0.0 else 0
    scaled = matrices / 2.0**halvings
    term = np.broadcast_to(np.eye(matrices.shape[-1]), matrices.shape).copy()
    total = term.copy()
    for order in range(1, 9):
        term = term @ scaled / order
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return total
