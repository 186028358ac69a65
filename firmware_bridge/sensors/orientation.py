"""Orientation from gyroscope and accelerometer, with the true time between samples.

The gyroscope is integrated into a frame that turns only as fast as the gyroscope drifts. In that
almost inertial frame gravity stands still while the accelerations of a movement come and go, so
a slow low-pass of the measured specific force finds "up" even during a fast turn, where gating on
its magnitude would keep the wrong samples. One rotation about a horizontal axis then levels that
frame. At rest the average is short and the gyroscope's own reading is its bias.

The idea and the thresholds of rest are from D. Laidig and T. Seel, "VQF: Highly accurate IMU
orientation estimation with bias estimation and magnetic disturbance rejection", Information
Fusion 91 (2023) 187-204, sections 3.2 and 3.4. Ours differs: two equal first-order low-passes,
exact for a varying dt; a shorter average at rest; no bias estimate while moving.
"""

from __future__ import annotations

import math
from typing import Final

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

MOVING_STAGE_S: Final = 2.5
"""Time constant of each of the two low-pass stages while the sensor moves."""
REST_STAGE_S: Final = 0.15
REST_WINDOW_S: Final = 0.5
"""Time constant of the averages that rest is judged against."""
REST_AFTER_S: Final = 1.5
REST_GYROSCOPE_RAD_S: Final = math.radians(2.0)
"""Largest deviation from the average, and largest bias that is believed (BMI088: 1 deg/s)."""
REST_ACCELEROMETER_M_S2: Final = 0.5
BIAS_WINDOW_S: Final = 10.0
GAP_S: Final = 0.5
"""After a longer gap the turn in between is unknown: averaging starts anew."""
IDENTITY: Final[Quaternion] = (1.0, 0.0, 0.0, 0.0)


def multiply(p: Quaternion, q: Quaternion) -> Quaternion:
    """Hamilton product: the rotation ``q`` first, then ``p``."""
    pw, px, py, pz = p
    qw, qx, qy, qz = q
    return (
        pw * qw - px * qx - py * qy - pz * qz,
        pw * qx + px * qw + py * qz - pz * qy,
        pw * qy - px * qz + py * qw + pz * qx,
        pw * qz + px * qy - py * qx + pz * qw,
    )


def rotate(q: Quaternion, v: Vector) -> Vector:
    """``v`` turned by the unit quaternion ``q``."""
    w, x, y, z = q
    tx = 2.0 * (y * v[2] - z * v[1])
    ty = 2.0 * (z * v[0] - x * v[2])
    tz = 2.0 * (x * v[1] - y * v[0])
    return (
        v[0] + w * tx + y * tz - z * ty,
        v[1] + w * ty + z * tx - x * tz,
        v[2] + w * tz + x * ty - y * tx,
    )


def conjugate(q: Quaternion) -> Quaternion:
    """The opposite rotation of a unit quaternion."""
    return (q[0], -q[1], -q[2], -q[3])


def from_roll_pitch_yaw(roll_rad: float, pitch_rad: float, yaw_rad: float) -> Quaternion:
    """Roll about x, then pitch about y, then yaw about z, all axes fixed (REP-103)."""
    roll = (math.cos(roll_rad / 2.0), math.sin(roll_rad / 2.0), 0.0, 0.0)
    pitch = (math.cos(pitch_rad / 2.0), 0.0, math.sin(pitch_rad / 2.0), 0.0)
    yaw = (math.cos(yaw_rad / 2.0), 0.0, 0.0, math.sin(yaw_rad / 2.0))
    return multiply(yaw, multiply(pitch, roll))


def _normalised(q: Quaternion) -> Quaternion:
    scale = 1.0 / math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
    return (q[0] * scale, q[1] * scale, q[2] * scale, q[3] * scale)


def _turn(rate: Vector, dt_s: float) -> Quaternion:
    """Rotation by a constant rate (rad/s, sensor axes) for ``dt_s``: the exponential map."""
    speed = math.sqrt(rate[0] * rate[0] + rate[1] * rate[1] + rate[2] * rate[2])
    half = 0.5 * speed * dt_s
    scale = math.sin(half) / speed if speed > 0.0 else 0.0
    return (math.cos(half), rate[0] * scale, rate[1] * scale, rate[2] * scale)


def _levelling(up: Vector) -> Quaternion:
    """The shortest rotation, about a horizontal axis, that brings ``up`` to +z."""
    length = math.sqrt(up[0] * up[0] + up[1] * up[1] + up[2] * up[2])
    if length == 0.0:
        return IDENTITY
    w = math.sqrt(max(0.0, 0.5 + 0.5 * up[2] / length))
    if w < 1e-6:
        return (0.0, 1.0, 0.0, 0.0)
    return _normalised((w, 0.5 * up[1] / (length * w), -0.5 * up[0] / (length * w), 0.0))


def _blend(old: Vector, new: Vector, share: float) -> Vector:
    return (
        old[0] + share * (new[0] - old[0]),
        old[1] + share * (new[1] - old[1]),
        old[2] + share * (new[2] - old[2]),
    )


def _distance(a: Vector, b: Vector) -> float:
    return math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)


class OrientationFilter:
    """Tilt from gravity, turns from the gyroscope; the heading is relative to the start."""

    def __init__(self) -> None:
        """The first update sets the tilt, with heading zero."""
        self._bias: Vector = (0.0, 0.0, 0.0)
        self._bias_window_s = 0.0
        self._drifting: Quaternion = IDENTITY
        self._level: Quaternion = IDENTITY
        self._age_s: float | None = None

    @property
    def bias_rad_s(self) -> Vector:
        """The gyroscope's bias as last seen at rest, sensor axes."""
        return self._bias

    def update(
        self, gyroscope_rad_s: Vector, accelerometer_m_s2: Vector, dt_s: float
    ) -> Quaternion:
        """Orientation (w, x, y, z) that turns sensor axes into a frame with z up.

        Args:
            gyroscope_rad_s: mean rate over the last ``dt_s``, sensor axes.
            accelerometer_m_s2: specific force, sensor axes; at rest it points up.
            dt_s: true time since the last update; infinite after a pause of unknown length.
        """
        if self._age_s is None or dt_s > GAP_S:
            self._begin(gyroscope_rad_s, accelerometer_m_s2)
        elif dt_s > 0.0:
            resting = self._judge_rest(gyroscope_rad_s, accelerometer_m_s2, dt_s)
            if resting:
                self._learn_bias(dt_s)
            self._age_s += dt_s
            rate = (
                gyroscope_rad_s[0] - self._bias[0],
                gyroscope_rad_s[1] - self._bias[1],
                gyroscope_rad_s[2] - self._bias[2],
            )
            self._drifting = _normalised(multiply(self._drifting, _turn(rate, dt_s)))
            self._average(accelerometer_m_s2, dt_s, resting=resting)
        levelling = _levelling(rotate(self._level, self._second))
        self._level = _normalised(multiply(levelling, self._level))
        return multiply(self._level, self._drifting)

    def _begin(self, gyroscope: Vector, accelerometer: Vector) -> None:
        self._first = self._second = rotate(self._drifting, accelerometer)
        self._mean_gyroscope, self._mean_accelerometer = gyroscope, accelerometer
        self._still_s = 0.0
        self._age_s = 0.0

    def _average(self, accelerometer: Vector, dt_s: float, *, resting: bool) -> None:
        # Young averages hold few samples: a plain mean at first, the low-pass later.
        stage_s = min(REST_STAGE_S if resting else MOVING_STAGE_S, 0.5 * (self._age_s or 0.0))
        share = dt_s / (stage_s + dt_s)
        self._first = _blend(self._first, rotate(self._drifting, accelerometer), share)
        self._second = _blend(self._second, self._first, share)

    def _judge_rest(self, gyroscope: Vector, accelerometer: Vector, dt_s: float) -> bool:
        share = dt_s / (REST_WINDOW_S + dt_s)
        self._mean_gyroscope = _blend(self._mean_gyroscope, gyroscope, share)
        self._mean_accelerometer = _blend(self._mean_accelerometer, accelerometer, share)
        still = (
            _distance(gyroscope, self._mean_gyroscope) < REST_GYROSCOPE_RAD_S
            and _distance(accelerometer, self._mean_accelerometer) < REST_ACCELEROMETER_M_S2
            and max(map(abs, self._mean_gyroscope)) < REST_GYROSCOPE_RAD_S
        )
        self._still_s = self._still_s + dt_s if still else 0.0
        return self._still_s > REST_AFTER_S

    def _learn_bias(self, dt_s: float) -> None:
        self._bias_window_s = min(self._bias_window_s + dt_s, BIAS_WINDOW_S)
        self._bias = _blend(self._bias, self._mean_gyroscope, dt_s / self._bias_window_s)
