"""The IMU on its part of the robot: specific force and rate, with a real chip's faults.

Noise and offsets are of the Bosch BMI088 (datasheet: 175 ug/sqrt(Hz), 20 mg; 0.014 deg/s/sqrt(Hz),
1 deg/s). Specific force is the mean over the sampling time, as behind the chip's own filter:
(change of velocity) / dt minus gravity.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import mujoco
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sensors.imu import ImuSample
from firmware_bridge.sensors.orientation import (
    OrientationFilter,
    Vector,
    from_roll_pitch_yaw,
)
from firmware_bridge.simulation.model import GRAVITY_M_S2
from firmware_bridge.simulation.plant import Plant

Array = NDArray[np.float64]

SAMPLE_PERIOD_NS: Final = 20_000_000
NOISE: Final = np.array([[175e-6 * GRAVITY_M_S2], [math.radians(0.014)]])
"""m/s^2 and rad/s, per root hertz: row 0 of every such table is the accelerometer, 1 the gyroscope.
"""
BIAS: Final = np.array([[0.02 * GRAVITY_M_S2], [math.radians(0.5)]])
SCALE_ERROR: Final = 0.005
STEP: Final = np.array([[GRAVITY_M_S2 / 10920.0], [math.radians(1.0 / 65.536)]])
RANGE: Final = np.array([[3.0 * GRAVITY_M_S2], [math.radians(500.0)]])
GYROSCOPE_WALK_RAD_S_SQRT_S: Final = math.radians(0.002)
"""Slow wander of the gyroscope's bias: this project's estimate."""
NOISE_BLOCK: Final = 64
BOARD_WARMTH_C: Final = 12.0
"""The board under it is this much warmer than the room."""
ROOM_C: Final = 25.0


def garbled(sample: ImuSample, generator: np.random.Generator) -> ImuSample:
    """Registers of random bits; axes at the end of their range give it away."""
    (ax, ay, az), (gx, gy, gz) = (RANGE * generator.uniform(-1.0, 1.0, (2, 3))).tolist()
    return replace(
        sample, valid=False, accelerometer_m_s2=(ax, ay, az), gyroscope_rad_s=(gx, gy, gz)
    )


class SimulatedImu:
    """A chip on a part: ``sample`` every ``SAMPLE_PERIOD_NS``, ready for the base frame.

    ``mounting_rpy_rad`` turns the chip's axes into the part's (x forward, y left, z up): noise,
    bias and rounding happen in the chip's axes, then the driver undoes the mounting.
    """

    def __init__(
        self,
        plant: Plant,
        part: str,
        mounting_rpy_rad: Vector,
        spread: float,
        generator: np.random.Generator,
    ) -> None:
        self._model, self._data = plant.model, plant.data
        self._site = int(plant.model.site(f"imu_{part}").id)
        turn = np.zeros(9)
        mujoco.mju_quat2Mat(turn, np.array(from_roll_pitch_yaw(*mounting_rpy_rad)))
        self._mounting: Array = turn.reshape(3, 3)
        self._generator = generator
        drawn = generator.standard_normal((4, 3)) * spread
        self._bias: Array = BIAS * drawn[:2]
        self._scale: Array = 1.0 + SCALE_ERROR * drawn[2:]
        self._noise = np.zeros((0, 3, 3))
        self._used = 0
        self._filter = OrientationFilter()
        self._motion = np.zeros(6)
        self._last_velocity: Array | None = None
        self._last_ns = 0

    def sample(self, t_ns: int) -> ImuSample | None:
        """One reading of the present state; None for the very first, which has no past."""
        mujoco.mj_objectVelocity(
            self._model, self._data, mujoco.mjtObj.mjOBJ_SITE, self._site, self._motion, 0
        )
        velocity = self._motion[3:].copy()
        before, self._last_velocity = self._last_velocity, velocity
        dt_s = (t_ns - self._last_ns) * 1e-9
        self._last_ns = t_ns
        if before is None or dt_s <= 0.0:
            return None
        force = (velocity - before) / dt_s
        force[2] += GRAVITY_M_S2
        axes: Array = self._data.site_xmat[self._site].reshape(3, 3)
        true = np.array((force, self._motion[:3])) @ axes
        acceleration, rate = self._chip(true, dt_s)
        return ImuSample(
            t_mono_ns=t_ns,
            valid=True,
            accelerometer_m_s2=acceleration,
            gyroscope_rad_s=rate,
            orientation=self._filter.update(rate, acceleration, dt_s),
            temperature_c=ROOM_C + BOARD_WARMTH_C,
        )

    def _chip(self, true: Array, dt_s: float) -> tuple[Vector, Vector]:
        """What the chip reads of force and rate [2, 3] in the part's axes, mounting undone."""
        noise = self._next_noise()
        self._bias[1] += GYROSCOPE_WALK_RAD_S_SQRT_S * math.sqrt(dt_s) * noise[2]
        read = (true @ self._mounting) * self._scale + self._bias
        read += NOISE * (math.sqrt(0.5 / dt_s) * noise[:2])
        read = np.rint(np.minimum(np.maximum(read, -RANGE), RANGE) / STEP) * STEP
        (ax, ay, az), (gx, gy, gz) = (read @ self._mounting.T).tolist()
        return (ax, ay, az), (gx, gy, gz)

    def _next_noise(self) -> Array:
        """Three rows of standard normal numbers, drawn in blocks: a call costs more than a draw."""
        if self._used == len(self._noise):
            self._noise, self._used = self._generator.standard_normal((NOISE_BLOCK, 3, 3)), 0
        noise: Array = self._noise[self._used]
        self._used += 1
        return noise
