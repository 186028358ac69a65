"""The plant: closed chain, signs, and a robot at rest that stays at rest."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.command import MotorCommand
from firmware_bridge.joints import JOINTS
from firmware_bridge.kinematics import command_of_joints, joints_of_command
from firmware_bridge.simulation.geometry_table import HEAD_HEIGHT_M
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.servo_registers import PULSES_PER_RAD

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


def test_a_limp_robot_stays_in_its_sleep_pose_and_no_command_touches_the_deck() -> None:
    plant = Plant()
    before = plant.data.site("head").xpos.copy()
    plant.step(2.0)
    assert plant.data.ncon > 0
    np.testing.assert_allclose(plant.data.site("head").xpos, before, atol=2e-3)
    for yaw in (-1.1, 0.0, 0.7):
        for pitch in (-1.05, -0.5, 0.4, 0.84):
            pose, _ = joints_of_command(MotorCommand(yaw, pitch, 0.0, 0.0, 0.0))
            assert Plant(pose_rad=pose).data.ncon == 0


def test_the_settled_plant_agrees_with_forward_kinematics() -> None:
    for yaw, pitch, body in ((0.6, 0.3, 0.4), (-0.9, -0.5, -0.6), (0.2, 0.5, 0.3)):
        pose, _ = joints_of_command(MotorCommand(yaw, pitch, 0.0, 0.0, body))
        plant = Plant(pose_rad=pose)
        head = command_of_joints(tuple(plant.position_rad.tolist())).head
        turn = plant.data.site("head").xmat.reshape(3, 3)
        assert head.yaw_rad == pytest.approx(np.arctan2(turn[1, 0], turn[0, 0]), abs=2e-3)
        assert head.pitch_rad == pytest.approx(-np.arcsin(turn[2, 0]), abs=2e-3)
        assert head.roll_rad == pytest.approx(np.arctan2(turn[2, 1], turn[2, 2]), abs=2e-3)
        height = plant.data.site("head").xpos[2] - HEAD_HEIGHT_M
        assert head.z_m == pytest.approx(height, abs=2e-4)


def test_a_limp_head_never_falls_through() -> None:
    plant = Plant(pose_rad=NEUTRAL_RAD)
    plant.step(4.0)
    assert plant.data.site("head").xpos[2] > 0.1
    assert plant.data.site("head").xmat[8] > 0.4  # it leans on its cheek


@pytest.mark.parametrize("substep_ns", [1_000_000, 2_000_000])
def test_finer_steps_give_the_same_motion(substep_ns: int) -> None:
    moved = []
    for step_ns in (5_000_000, substep_ns):
        plant = Plant(pose_rad=NEUTRAL_RAD, max_substep_ns=step_ns)
        plant.servos.position_p_gain[:] = [joint.p_gain for joint in JOINTS]
        plant.servos.drive_mode[:] = 4
        plant.servos.profile_velocity[:] = 500
        plant.servos.profile_acceleration[:] = 200
        plant.servos.torque_enable[:] = 1
        plant.servos.goal_position[:] += np.array([300, 100, -80, 60, 60, -80, 100, 600, -600])
        way = []
        for _ in range(20):
            plant.step(0.05)
            way.append(plant.position_rad)
        moved.append(np.array(way))
    assert np.abs(moved[0] - moved[1]).max() < 0.04
    assert np.abs(moved[0][-1] - moved[1][-1]).max() < 0.015


def test_time_is_exact_for_any_period() -> None:
    plant = Plant()
    for _ in range(30):
        plant.step_ns(33_333_333)
    assert plant.t_ns == 30 * 33_333_333
    with pytest.raises(ValueError, match="backwards"):
        plant.step_ns(-1)


def test_a_dropped_head_can_be_lifted_again() -> None:
    for seconds in (0.5, 1.0, 3.0):
        plant = held_plant()
        plant.step(0.3)
        plant.servos.torque_enable[:] = 0
        plant.step(seconds)
        assert plant.data.site("head").xpos[2] < 0.17
        plant.servos.torque_enable[:] = 1
        plant.servos.drive_mode[:] = 4
        plant.servos.profile_velocity[:] = 500
        plant.step(2.0)
        np.testing.assert_allclose(plant.data.site("head").xpos, [0, 0, 0.177], atol=4e-3)
