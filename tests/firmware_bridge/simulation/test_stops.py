from __future__ import annotations

from math import acos, atan2, degrees

import mujoco
import numpy as np
import pytest

from firmware_bridge.command import MotorCommand
from firmware_bridge.kinematics import joints_of_command
from firmware_bridge.simulation.plant import Plant


@pytest.mark.parametrize("torque_n_m", [(0.0, 0.0, 0.2), (0.0, 0.0, -0.12), (0.1, -0.12, 0.1)])
def test_a_twisted_head_never_turns_inside_out(torque_n_m: tuple[float, float, float]) -> None:
    plant = Plant(pose_rad=joints_of_command(MotorCommand(0.3, -0.4, 0.0, 0.0, 0.0))[0])
    head, force = plant.model.body("head").id, np.zeros(plant.model.nv)
    angles = []

    def twist(_: int) -> None:
        force[:] = 0.0
        torque, place = np.array(torque_n_m), plant.data.xpos[head]
        mujoco.mj_applyFT(plant.model, plant.data, np.zeros(3), torque, place, head, force)
        plant.data.qfrc_applied[:] = force
        axes = [plant.data.site(name).xmat.reshape(3, 3) for name in ("imu_body", "head")]
        turn = axes[0].T @ axes[1]
        angles.append((degrees(acos(min(1.0, turn[2, 2]))), degrees(atan2(turn[1, 0], turn[0, 0]))))

    plant.before_substep = twist
    plant.step(1.0)
    tilt, turn = np.abs(angles).max(axis=0)
    assert max(tilt, turn) > 40.0
    assert tilt < 73.0
    assert turn < 85.0
