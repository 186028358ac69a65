"""The head's own stops: shells and rod ends meet before the platform can turn itself inside out.

A Stewart platform has a second way to fit the same six legs, beyond its singularities. A real head
cannot get there: it meets the body, and ball joints their rims. Where exactly is not published;
these stops are this project's estimate, just outside what the legs can be told to reach.
"""

from __future__ import annotations

from math import acos, atan2, copysign, cos, radians, sqrt
from typing import Final

import mujoco

TILT_STOP_RAD: Final = radians(63.0)
TURN_STOP_RAD: Final = radians(73.0)
"""Against the body. Kinematics keeps to 60 and 65 degrees; at 67 of tilt it is singular."""
STIFFNESS_N_M: Final = 25.0
DAMPING_N_M_S: Final = 0.08
"""Torque per rad beyond the stop, and per rad/s of relative speed while beyond it."""
_COS_TILT: Final = cos(TILT_STOP_RAD)


class HeadStops:
    """Torques between head and body while the head is beyond a stop; nothing else."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._head_axes = data.site_xmat[model.site("head").id]
        self._body_axes = data.site_xmat[model.site("imu_body").id]
        head, body = model.body("head").id, model.body("torso").id
        self._head_torque = data.xfrc_applied[head, 3:]
        self._body_torque = data.xfrc_applied[body, 3:]
        self._head_speed = data.cvel[head, :3]
        self._body_speed = data.cvel[body, :3]
        self._pressed = False

    def apply(self) -> None:
        """Set the torques for the coming step from the pose of the last one."""
        hx, _, hz, hx1, _, hz1, hx2, _, hz2 = self._head_axes.tolist()
        bx, by, bz, bx1, by1, bz1, bx2, by2, bz2 = self._body_axes.tolist()
        upright = hz * bz + hz1 * bz1 + hz2 * bz2
        turn = atan2(hx * by + hx1 * by1 + hx2 * by2, hx * bx + hx1 * bx1 + hx2 * bx2)
        if upright >= _COS_TILT and abs(turn) <= TURN_STOP_RAD:
            if self._pressed:
                self._head_torque[:] = self._body_torque[:] = 0.0
                self._pressed = False
            return
        x = y = z = 0.0
        if upright < _COS_TILT:
            cross = (hz1 * bz2 - hz2 * bz1, hz2 * bz - hz * bz2, hz * bz1 - hz1 * bz)
            size = sqrt(sum(part * part for part in cross)) or 1.0
            push = STIFFNESS_N_M * (acos(max(-1.0, upright)) - TILT_STOP_RAD) / size
            x, y, z = (push * part for part in cross)
        if abs(turn) > TURN_STOP_RAD:
            push = -STIFFNESS_N_M * (turn - copysign(TURN_STOP_RAD, turn))
            x, y, z = x + push * bz, y + push * bz1, z + push * bz2
        speed = self._head_speed - self._body_speed
        self._head_torque[:] = (x, y, z)
        self._head_torque -= DAMPING_N_M_S * speed
        self._body_torque[:] = -self._head_torque
        self._pressed = True
