"""The head on its six legs: closed-form inverse, Newton forward, and how stiff a pose is.

The rotation of a pose is ``R = Rz(yaw) Ry(pitch) Rx(roll)``, relative to the body; the head's
frame is ``HEAD_HEIGHT_M`` above the body's in the neutral pose. A leg's rod has a fixed length,
so one equation a leg binds pose and angle::

    | R plate + t - shaft - ARM (cos(a) along + sin(a) across) | = ROD

Solved for ``a`` it is a quadratic in tan(a / 2): the inverse, one square root a leg. Solved for
the pose it is six equations in six unknowns: the forward way, by Newton's method with the
analytic Jacobian ``[d, (R plate) x d]`` (d: the rod as a vector; Merlet, Parallel Robots, ch. 4).
The rotation is a unit quaternion throughout, so it cannot drift off orthonormal.

The determinant of that Jacobian is positive in the neutral pose and falls to zero where the
platform is singular: there the head gives way although every servo holds. Poses count as
reachable only on the neutral side of that. A pure pitch crosses it at 67 degrees upwards, before
any servo's limit (72.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, atan2, cos, isfinite, pi, remainder, sin, sqrt
from typing import Final

from firmware_bridge.geometry import ARM_M, HEAD_HEIGHT_M, LEGS, ROD_M
from firmware_bridge.joints import JOINTS, STEWART

_LEG_LIMITS: Final = tuple((joint.lower_rad, joint.upper_rad) for joint in JOINTS[STEWART])
_INVERSE: Final = tuple(
    (*leg.plate_m, *leg.shaft_m, *leg.along, *leg.across, leg.elbow) for leg in LEGS
)
_ARMS: Final = tuple(
    (*leg.shaft_m, *(ARM_M * part for part in leg.along), *(ARM_M * part for part in leg.across))
    for leg in LEGS
)
_PLATES: Final = tuple(leg.plate_m for leg in LEGS)

_NEWTON_STEPS: Final = 12
_RESIDUAL_M2: Final = 1e-15
"""Half the error of a squared rod length; 1e-14 m of rod."""
_JUDGED_STEP: Final = 6
_HOPELESS_M2: Final = 5e-4
"""A run whose residual is larger than this after six steps is given up."""
_STEP_M: Final = 0.02
_STEP_RAD: Final = 0.4
"""Longest Newton step, so that a far start cannot jump to another way of assembling the head."""
_SAME_ANGLE_RAD: Final = 1e-6


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Pose of the head relative to the body; all zero is neutral.

    Positive yaw turns left, positive pitch looks down, positive roll lowers the right side.
    """

    yaw_rad: float = 0.0
    pitch_rad: float = 0.0
    roll_rad: float = 0.0
    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.0


NEUTRAL: Final = HeadPose()
_STARTS: Final = (
    NEUTRAL,
    *(
        HeadPose(yaw, pitch, roll, z_m=-0.02)
        for yaw in (0.7, -0.7)
        for pitch in (-0.6, 0.4)
        for roll in (0.5, -0.5)
    ),
)


def legs_of_head(
    yaw_rad: float,
    pitch_rad: float,
    roll_rad: float = 0.0,
    x_m: float = 0.0,
    y_m: float = 0.0,
    z_m: float = 0.0,
) -> tuple[float, ...] | None:
    """Six leg angles in [-pi, pi] for a finite pose relative to the body, None out of reach.

    Servo limits are not asked here: see ``within_limits``.
    """
    cy, sy, cp, sp = cos(yaw_rad), sin(yaw_rad), cos(pitch_rad), sin(pitch_rad)
    cr, sr = cos(roll_rad), sin(roll_rad)
    r00, r01, r02 = cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr
    r10, r11, r12 = sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr
    r20, r21, r22 = -sp, cp * sr, cp * cr
    height = z_m + HEAD_HEIGHT_M
    legs: list[float] = []
    for bx, by, bz, ox, oy, oz, ux, uy, uz, vx, vy, vz, elbow in _INVERSE:
        qx = r00 * bx + r01 * by + r02 * bz + x_m - ox
        qy = r10 * bx + r11 * by + r12 * bz + y_m - oy
        qz = r20 * bx + r21 * by + r22 * bz + height - oz
        along = 2.0 * ARM_M * (ux * qx + uy * qy + uz * qz)
        across = 2.0 * ARM_M * (vx * qx + vy * qy + vz * qz)
        reach = qx * qx + qy * qy + qz * qz + (ARM_M * ARM_M - ROD_M * ROD_M)
        square = along * along + across * across - reach * reach
        if not square >= 0.0:  # out of reach, or so far out that it is not a number
            return None
        half = atan2(across + elbow * sqrt(square), reach + along)
        legs.append(remainder(2.0 * half, 2.0 * pi))
    return tuple(legs)


def within_limits(legs: Sequence[float]) -> bool:
    """True when all six angles are inside the limits of the joint table."""
    return all(lower <= leg <= upper for leg, (lower, upper) in zip(legs, _LEG_LIMITS, strict=True))


def head_of_legs(legs: Sequence[float], guess: HeadPose = NEUTRAL) -> HeadPose | None:
    """Head pose relative to the body for six leg angles; None when no pose fits them.

    Newton from the guess first. Where that fails, or lands on a way of assembling the head that
    the real one cannot get to, it starts again from neutral and from eight far poses: together
    they found every one of 350,000 reachable poses with 2 % of neutral's stiffness or more.
    Deterministic: the answer depends on the two arguments alone. A guess nearer than about
    0.3 rad, such as the last tick's pose, is the fast way; that no pose fits takes ten times as
    long to find out.
    """
    if not all(map(isfinite, legs)):
        return None
    for start in (guess, *_STARTS):
        pose = _newton(legs, start)
        if pose is not None:
            return pose
    return None


def stiffness_of_head(pose: HeadPose) -> float:
    """Determinant of the Jacobian at a pose, 1.0 in neutral, 0 where the platform is singular."""
    return _determinant(pose) / _NEUTRAL_DETERMINANT


def _newton(legs: Sequence[float], guess: HeadPose) -> HeadPose | None:
    """Pose near ``guess`` that fits the legs on the built side of elbows and singularity."""
    tips = _arm_tips(legs)
    w, x, y, z = _quaternion(guess)
    tx, ty, tz = guess.x_m, guess.y_m, guess.z_m + HEAD_HEIGHT_M
    determinant = 0.0
    for number in range(_NEWTON_STEPS):
        rows, residual = _constraints(w, x, y, z, tx, ty, tz, tips)
        if residual < _RESIDUAL_M2 and determinant != 0.0:
            pose = _pose(w, x, y, z, tx, ty, tz)
            return pose if determinant > 0.0 and _is_built(pose, legs) else None
        if number == _JUDGED_STEP and residual > _HOPELESS_M2:
            return None
        step, determinant = _solve(rows)
        if determinant == 0.0:
            return None
        ux, uy, uz, rx, ry, rz = step
        cut = 0.5 * min(
            1.0,
            _STEP_M / max(abs(ux), abs(uy), abs(uz), _STEP_M),
            _STEP_RAD / max(abs(rx), abs(ry), abs(rz), _STEP_RAD),
        )
        tx, ty, tz = tx + 2.0 * cut * ux, ty + 2.0 * cut * uy, tz + 2.0 * cut * uz
        rx, ry, rz = cut * rx, cut * ry, cut * rz
        w, x, y, z = (
            w - rx * x - ry * y - rz * z,
            x + rx * w + ry * z - rz * y,
            y + ry * w + rz * x - rx * z,
            z + rz * w + rx * y - ry * x,
        )
        norm = 1.0 / sqrt(w * w + x * x + y * y + z * z)
        w, x, y, z = w * norm, x * norm, y * norm, z * norm
    return None


def _arm_tips(legs: Sequence[float]) -> list[tuple[float, float, float]]:
    tips = []
    for angle, (ox, oy, oz, ux, uy, uz, vx, vy, vz) in zip(legs, _ARMS, strict=True):
        c, s = cos(angle), sin(angle)
        tips.append((ox + c * ux + s * vx, oy + c * uy + s * vy, oz + c * uz + s * vz))
    return tips


def _quaternion(pose: HeadPose) -> tuple[float, float, float, float]:
    cy, sy = cos(0.5 * pose.yaw_rad), sin(0.5 * pose.yaw_rad)
    cp, sp = cos(0.5 * pose.pitch_rad), sin(0.5 * pose.pitch_rad)
    cr, sr = cos(0.5 * pose.roll_rad), sin(0.5 * pose.roll_rad)
    return (
        cr * cp * cy + sr * sp * sy,
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
    )


def _pose(w: float, x: float, y: float, z: float, tx: float, ty: float, tz: float) -> HeadPose:
    return HeadPose(
        atan2(2.0 * (x * y + z * w), 1.0 - 2.0 * (y * y + z * z)),
        asin(max(-1.0, min(1.0, 2.0 * (y * w - x * z)))),
        atan2(2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)),
        tx,
        ty,
        tz - HEAD_HEIGHT_M,
    )


def _is_built(pose: HeadPose, legs: Sequence[float]) -> bool:
    """Whether the closed form gives the same legs back: every elbow bends the built way."""
    back = legs_of_head(pose.yaw_rad, pose.pitch_rad, pose.roll_rad, pose.x_m, pose.y_m, pose.z_m)
    return back is not None and all(
        abs(a - b) < _SAME_ANGLE_RAD for a, b in zip(back, legs, strict=True)
    )


def _constraints(
    w: float,
    x: float,
    y: float,
    z: float,
    tx: float,
    ty: float,
    tz: float,
    tips: list[tuple[float, float, float]],
) -> tuple[list[list[float]], float]:
    """Six rows ``[d, (R plate) x d | (ROD^2 - d^2) / 2]`` and the largest right side."""
    r00, r01, r02 = 1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)
    r10, r11, r12 = 2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)
    r20, r21, r22 = 2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)
    rows, worst = [], 0.0
    for (bx, by, bz), (ax, ay, az) in zip(_PLATES, tips, strict=True):
        gx = r00 * bx + r01 * by + r02 * bz
        gy = r10 * bx + r11 * by + r12 * bz
        gz = r20 * bx + r21 * by + r22 * bz
        dx, dy, dz = gx + tx - ax, gy + ty - ay, gz + tz - az
        error = 0.5 * (ROD_M * ROD_M - dx * dx - dy * dy - dz * dz)
        worst = max(worst, abs(error))
        rows.append([dx, dy, dz, gy * dz - gz * dy, gz * dx - gx * dz, gx * dy - gy * dx, error])
    return rows, worst


def _determinant(pose: HeadPose) -> float:
    legs = legs_of_head(pose.yaw_rad, pose.pitch_rad, pose.roll_rad, pose.x_m, pose.y_m, pose.z_m)
    if legs is None:
        return 0.0
    at = (*_quaternion(pose), pose.x_m, pose.y_m, pose.z_m + HEAD_HEIGHT_M)
    return _solve(_constraints(*at, _arm_tips(legs))[0])[1]


def _solve(rows: list[list[float]]) -> tuple[list[float], float]:
    """Gauss with partial pivoting on six rows of seven; (solution, determinant), 0 if singular.

    Six unknowns are too few for a library call to be faster, and this is the same on every
    machine.
    """
    determinant = 1.0
    for i in range(6):
        pivot = i
        for r in range(i + 1, 6):
            if abs(rows[r][i]) > abs(rows[pivot][i]):
                pivot = r
        if pivot != i:
            rows[i], rows[pivot] = rows[pivot], rows[i]
            determinant = -determinant
        row = rows[i]
        head = row[i]
        determinant *= head
        if head == 0.0:
            return [], 0.0
        for other in rows[i + 1 :]:
            factor = other[i] / head
            for c in range(i + 1, 7):
                other[c] -= factor * row[c]
    solution = [0.0] * 6
    for i in range(5, -1, -1):
        row = rows[i]
        solution[i] = (row[6] - sum(row[c] * solution[c] for c in range(i + 1, 6))) / row[i]
    return solution, determinant


_NEUTRAL_DETERMINANT: Final = _determinant(NEUTRAL)
