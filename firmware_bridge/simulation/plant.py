"""The plant: nine servos and the rigid bodies that they move, stepped by exact time.

One substep: the firmwares see the joints, the motors' torques and frictions go into MuJoCo, and
MuJoCo integrates. Back-EMF is an actuator bias, so the integrator takes it implicitly; the
position loop runs once a substep, as the servos' own does about once a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import mujoco
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import REST_POSE_RAD
from firmware_bridge.simulation.geometry_table import LOOP_CLOSURES
from firmware_bridge.simulation.model import POSITION_SIGN, build_model
from firmware_bridge.simulation.motor import ServoUnits
from firmware_bridge.simulation.servo import SUPPLY_V, ServoBank

Array = NDArray[np.float64]

MAX_SUBSTEP_NS: Final = 5_000_000
SETTLE_STIFFNESS_N_M: Final = 40.0
SETTLE_DAMPING_N_M_S: Final = 0.4
SETTLE_STEPS: Final = 600


@lru_cache(maxsize=16)
def _assembled(pose_rad: tuple[float, ...], max_substep_ns: int) -> Array:
    """The closed chain at ``pose_rad``: walk its joints there from the model's own pose."""
    model = build_model(max_substep_ns * 1e-9).model
    data = mujoco.MjData(model)
    goal = np.array(pose_rad) * POSITION_SIGN
    model.actuator_biasprm[:, 1] = -SETTLE_STIFFNESS_N_M
    model.actuator_biasprm[:, 2] = -SETTLE_DAMPING_N_M_S
    for step in range(SETTLE_STEPS):
        share = min(1.0, 2.0 * step / SETTLE_STEPS)
        data.ctrl[:] = SETTLE_STIFFNESS_N_M * share * goal
        mujoco.mj_step(model, data)
    qpos: Array = data.qpos.copy()
    return qpos


class Plant:
    """The simulated robot without its senses. Deterministic: no clock, no randomness of its own."""

    def __init__(
        self,
        units: ServoUnits | None = None,
        *,
        supply_v: float = SUPPLY_V,
        pose_rad: tuple[float, ...] = REST_POSE_RAD,
        max_substep_ns: int = MAX_SUBSTEP_NS,
        t_ns: int = 0,
    ) -> None:
        """Stand at ``pose_rad`` (nine joints), at rest, torque off, at time ``t_ns``."""
        self.body = build_model(max_substep_ns * 1e-9)
        self.model = self.body.model
        self.data = mujoco.MjData(self.model)
        self.servos = ServoBank(units or ServoUnits.nominal(), supply_v)
        self.t_ns = t_ns
        # Views into MuJoCo's own memory: looking them up costs more than the sums.
        self._qpos: Array = self.data.qpos
        self._qvel: Array = self.data.qvel
        self._ctrl: Array = self.data.ctrl
        self._motor_damping: Array = self.model.actuator_biasprm[:, 2]
        self._dry_friction: Array = self.model.dof_frictionloss
        self._joint_qpos = self.body.joint_qpos
        self._joint_dof = self.body.joint_dof
        self._max_substep_ns = max_substep_ns
        self.before_substep: Callable[[int], None] | None = None
        """Called with the time, ns, before each substep: hands, sensors, whatever else lives."""
        self.data.qpos[:] = _assembled(tuple(float(angle) for angle in pose_rad), max_substep_ns)
        mujoco.mj_forward(self.model, self.data)
        self.servos.place(self.position_rad)

    @property
    def position_rad(self) -> Array:
        """True angles of the nine joints, servo signs."""
        angles: Array = self.data.qpos[self.body.joint_qpos]
        return angles * POSITION_SIGN

    @property
    def velocity_rad_s(self) -> Array:
        """True speeds of the nine joints, servo signs."""
        speeds: Array = self.data.qvel[self.body.joint_dof]
        return speeds * POSITION_SIGN

    def step(self, seconds: float) -> None:
        """Move the world on by ``seconds`` (rounded to whole nanoseconds, >= 0)."""
        self.step_ns(round(seconds * 1e9))

    def step_ns(self, duration_ns: int) -> None:
        """Move the world on by ``duration_ns``, in equal substeps of at most 5 ms."""
        if duration_ns < 0:
            raise ValueError(f"time cannot run backwards: {duration_ns} ns")
        if duration_ns == 0:
            return
        substeps = -(-duration_ns // self._max_substep_ns)
        dt_s = duration_ns * 1e-9 / substeps
        self.model.opt.timestep = dt_s
        self.servos.begin()
        start_ns = self.t_ns
        for number in range(substeps):
            self.t_ns = start_ns + duration_ns * number // substeps
            if self.before_substep is not None:
                self.before_substep(self.t_ns)
            self._substep(dt_s)
        self.t_ns = start_ns + duration_ns
        self.servos.publish()

    def _substep(self, dt_s: float) -> None:
        servos = self.servos
        servos.advance(
            self._qpos[self._joint_qpos] * POSITION_SIGN,
            self._qvel[self._joint_dof] * POSITION_SIGN,
            dt_s,
        )
        np.multiply(servos.drive_torque_n_m, POSITION_SIGN, out=self._ctrl)
        np.negative(servos.damping_n_m_s, out=self._motor_damping)
        self._dry_friction[self._joint_dof] = servos.friction_n_m
        mujoco.mj_step(self.model, self.data)

    def closure_error_m(self) -> float:
        """Greatest distance between a rod's end and its socket: 0 in a perfect chain."""
        data = self.data
        return max(
            float(np.linalg.norm(data.site(end).xpos - data.site(socket).xpos))
            for end, socket in LOOP_CLOSURES
        )
