"""The plant: closed chain, signs, and a robot at rest that stays at rest."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.joints import JOINTS
from firmware_bridge.simulation.geometry_table import HEAD_HEIGHT_M
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.servo import PULSES_PER_RAD

NEUTRAL_LEG_RAD = 0.6265
NEUTRAL_RAD = (0.0, *(NEUTRAL_LEG_RAD * (-1) ** leg for leg in range(6)), 0.0, 0.0)


def held_plant(pose_rad: tuple[float, ...] = NEUTRAL_RAD) -> Plant:
    """A plant that holds ``pose_rad`` with the gains of the joint table."""
    plant = Plant(pose_rad=pose_rad)
    plant.servos.position_p_gain[:] = [joint.p_gain for joint in JOINTS]
    plant.servos.torque_enable[:] = 1
    return plant


def test_neutral_legs_put_the_head_at_its_neutral_height() -> None:
    plant = Plant(pose_rad=NEUTRAL_RAD)
    np.testing.assert_allclose(plant.data.site("head").xpos, [0, 0, HEAD_HEIGHT_M], atol=8e-4)
    np.testing.assert_allclose(plant.data.site("head").xmat.reshape(3, 3), np.eye(3), atol=5e-3)


def test_zero_joints_put_the_head_27_mm_lower() -> None:
    plant = Plant(pose_rad=(0.0,) * 9)
    assert plant.data.site("head").xpos[2] == pytest.approx(0.1496, abs=8e-4)


def test_the_chain_stays_closed_under_full_range_goals() -> None:
    plant = held_plant()
    generator = np.random.default_rng(4)
    worst = 0.0
    for _ in range(20):
        goal = np.array(NEUTRAL_RAD) + generator.uniform(-0.5, 0.5, 9)
        plant.servos.goal_position[:] = np.rint((goal + np.pi) * PULSES_PER_RAD)
        plant.step(0.2)
        worst = max(worst, plant.closure_error_m())
    assert worst < 2e-3


def test_a_held_robot_is_still() -> None:
    plant = held_plant()
    plant.step(2.0)
    before = plant.position_rad
    plant.step(5.0)
    assert np.abs(plant.velocity_rad_s).max() < 1e-3
    assert np.abs(plant.position_rad - before).max() < 1e-3
