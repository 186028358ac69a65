"""The IMU on its part of the robot: specific force and rate, with a real chip's faults.

Noise and offsets are of the Bosch BMI088 (datasheet: 175 ug/sqrt(Hz), 20 mg; 0.014 deg/s/sqrt(Hz),
1 deg/s). Specific force is the mean over the sampling time, as behind the chip's own filter:
(change of velocity) / dt minus gravity.
"""

from __future__ import annotations

import math
from typing import Final

import mujoco
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sensors.orientation import (
    OrientationFilter,
    Quaternion,
    Vector,
    conjugate,
    from_roll_pitch_yaw,
    rotate,
)
from firmware_bridge.simulation.channel import ImuSample
from firmware_bridge.simulation.model import GRAVITY_M_S2
from firmware_bridge.simulation.plant import Plant

Array = NDArray[np.float64]

SAMPLE_PERIOD_NS: Final = 20_000_000
ACCELEROMETER_NOISE_M_S2_SQRT_HZ: Final = 175e-6 * GRAVITY_M_S2
GYROSCOPE_NOISE_RAD_S_SQRT_HZ: Final = math.radians(0.014)
ACCELEROMETER_BIAS_M_S2: Final = 0.02 * GRAVITY_M_S2
GYROSCOPE_BIAS_RAD_S: Final = math.radians(0.5)
SCALE_ERROR: Final = 0.005
GYROSCOPE_WALK_RAD_S_SQRT_S: Final = math.radians(0.002)
"""Slow wander of the gyroscope's bias: this project's estimate."""
ACCELEROMETER_STEP_M_S2: Final = GRAVITY_M_S2 / 10920.0
GYROSCOPE_STEP_RAD_S: Final = math.radians(1.0 / 65.536)
ACCELEROMETER_RANGE_M_S2: Final = 3.0 * GRAVITY_M_S2
GYROSCOPE_RANGE_RAD_S: Final = math.radians(500.0)
BOARD_WARMTH_C: Final = 12.0
"""The board under it is this much warmer than the room."""
ROOM_C: Final = 25.0


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
        self._mounting: Quaternion = from_roll_pitch_yaw(*mounting_rpy_rad)
        self._generator = generator
        drawn = generator.standard_normal((4, 3)) * spread
        self._accelerometer_bias: Array = ACCELEROMETER_BIAS_M_S2 * drawn[0]
        self._gyroscope_bias: Array = GYROSCOPE_BIAS_RAD_S * drawn[1]
        self._accelerometer_scale: Array = 1.0 + SCALE_ERROR * drawn[2]
        self._gyroscope_scale: Array = 1.0 + SCALE_ERROR * drawn[3]
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
        true_force, true_rate = force @ axes, self._motion[:3] @ axes
        acceleration, rate = self._chip(true_force, true_rate, dt_s)
        return ImuSample(
            t_mono_ns=t_ns,
            valid=True,
            accelerometer_m_s2=acceleration,
            gyroscope_rad_s=rate,
            orientation_wxyz=self._filter.update(rate, acceleration, dt_s),
            temperature_c=ROOM_C + BOARD_WARMTH_C,
        )

    def _chip(self, force: Array, rate: Array, dt_s: float) -> tuple[Vector, Vector]:
        """What the chip reads of the truth in the part's axes, mounting undone again."""
        noise = self._generator.standard_normal((3, 3))
        self._gyroscope_bias += GYROSCOPE_WALK_RAD_S_SQRT_S * math.sqrt(dt_s) * noise[2]
        bandwidth = math.sqrt(0.5 / dt_s)
        back = conjugate(self._mounting)
        force = np.array(rotate(back, _vector(force)))
        rate = np.array(rotate(back, _vector(rate)))
        force = self._accelerometer_scale * force + self._accelerometer_bias
        force += ACCELEROMETER_NOISE_M_S2_SQRT_HZ * bandwidth * noise[0]
        rate = self._gyroscope_scale * rate + self._gyroscope_bias
        rate += GYROSCOPE_NOISE_RAD_S_SQRT_HZ * bandwidth * noise[1]
        force = _register(force, ACCELEROMETER_STEP_M_S2, ACCELEROMETER_RANGE_M_S2)
        rate = _register(rate, GYROSCOPE_STEP_RAD_S, GYROSCOPE_RANGE_RAD_S)
        return rotate(self._mounting, _vector(force)), rotate(self._mounting, _vector(rate))


def _vector(array: Array) -> Vector:
    x, y, z = array.tolist()
    return (x, y, z)


def _register(values: Array, step: float, limit: float) -> Array:
    """Rounded to the chip's steps and cut at its range."""
    cut = np.minimum(np.maximum(values, -limit), limit)
    return np.rint(cut / step) * step
