"""The servos' firmware: registers, errors, shutdown, and how short they land."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.joints import JOINTS
from firmware_bridge.simulation.motor import RESISTANCE_OHM, ServoUnits
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.servo import ServoBank
from firmware_bridge.simulation.servo_registers import (
    CURRENT_MODE,
    ERROR_INPUT_VOLTAGE,
    ERROR_OVERHEATING,
    ERROR_OVERLOAD,
    PULSES_PER_RAD,
    TIME_BASED_PROFILE,
    VELOCITY_MODE,
    VELOCITY_UNIT_RAD_S,
)

NEUTRAL_RAD = (0.0, *(0.6265 * (-1) ** leg for leg in range(6)), 0.0, 0.0)
BODY, LEFT = 0, 8


def pulses(angle_rad: float) -> int:
    return round((angle_rad + np.pi) * PULSES_PER_RAD)


def held(units: ServoUnits | None = None, supply_v: float = 7.2) -> Plant:
    plant = Plant(units, pose_rad=NEUTRAL_RAD, supply_v=supply_v)
    servos = plant.servos
    servos.position_p_gain[:] = [joint.p_gain for joint in JOINTS]
    servos.drive_mode[:] = TIME_BASED_PROFILE
    servos.torque_enable[:] = 1
    plant.step(0.3)
    return plant


def stream(plant: Plant, index: int, goal_rad: float, seconds: float, rate: int = 10) -> None:
    """Minimum-jerk goals at the rate of a loop, then a second of rest."""
    start = (plant.servos.goal_position[index] / PULSES_PER_RAD) - np.pi
    plant.servos.profile_velocity[:] = 1000 // rate
    for tick in range(1, int(seconds * rate) + rate + 1):
        share = min(1.0, tick / rate / seconds)
        share = share**3 * (10 - 15 * share + 6 * share**2)
        plant.servos.goal_position[index] = pulses(start + share * (goal_rad - start))
        plant.step(1 / rate)


def shortfall_deg(plant: Plant, goal_rad: float, direction: float) -> float:
    read = plant.servos.present_position[BODY] / PULSES_PER_RAD - np.pi
    return float(np.degrees(goal_rad - read)) * direction


def test_body_yaw_lands_2_to_8_degrees_short_over_units() -> None:
    missed = []
    for seed in range(6):
        plant = held(ServoUnits.draw(np.random.default_rng(seed)))
        for degrees, sign in ((45, 1), (0, -1), (-20, -1)):
            stream(plant, BODY, np.radians(degrees), 1.0)
            missed.append(shortfall_deg(plant, np.radians(degrees), sign))
    assert 2.0 <= np.quantile(missed, 0.05) <= np.quantile(missed, 0.95) <= 8.0
    assert np.ptp(missed) > 1.0


def test_integral_gain_closes_the_shortfall() -> None:
    plant = held()
    plant.servos.position_i_gain[BODY] = 25
    stream(plant, BODY, np.radians(45), 1.0)
    plant.step(4.0)
    assert abs(shortfall_deg(plant, np.radians(45), 1)) < 1.0


def test_legs_and_antennas_land_near_their_goals() -> None:
    plant = held()
    for index in (1, 4, LEFT):
        stream(plant, index, NEUTRAL_RAD[index] + 0.2, 1.0)
        read = plant.servos.present_position[index] / PULSES_PER_RAD - np.pi
        assert abs(read - NEUTRAL_RAD[index] - 0.2) < np.radians(2.5)


def test_voltage_error_is_normal_on_this_rail_and_costs_nothing() -> None:
    plant = held(supply_v=7.4)
    plant.step(1.0)
    assert (plant.servos.hardware_error == ERROR_INPUT_VOLTAGE).all()
    assert plant.servos.torque_enable.all()
    low = held(supply_v=6.8)
    low.step(1.0)
    assert not low.servos.hardware_error.any()


def test_supply_sags_under_load() -> None:
    plant = held()
    plant.servos.goal_position[1:7] += 200
    plant.step(0.06)
    assert plant.servos.rail_v < 7.15


def test_a_blocked_servo_shuts_down_until_it_is_rebooted() -> None:
    plant = held()
    servos = plant.servos
    servos.position_p_gain[BODY] = 800
    servos.goal_position[BODY] = pulses(np.radians(179))
    plant.step(6.0)  # the mechanical stop is at 160 degrees
    assert servos.hardware_error[BODY] & ERROR_OVERLOAD
    assert servos.torque_enable[BODY] == 0
    servos.torque_enable[BODY] = 1
    plant.step(0.1)
    assert servos.torque_enable[BODY] == 0
    servos.reboot(BODY)
    plant.step(0.1)
    assert servos.hardware_error[BODY] & ERROR_OVERLOAD == 0
    assert servos.position_p_gain[BODY] == 400
    servos.torque_enable[BODY] = 1
    plant.step(0.1)
    assert servos.torque_enable[BODY] == 1


def test_stall_current_heats_until_the_limit() -> None:
    bank = ServoBank(ServoUnits.nominal())
    bank.place(np.zeros(9))
    bank.position_p_gain[:] = 400
    bank.goal_position[LEFT] = 3000
    bank.torque_enable[LEFT] = 1
    bank.pwm_limit[LEFT] = 500  # under what counts as overload
    bank.begin()
    for _ in range(15_000):
        bank.advance(np.zeros(9), np.zeros(9), 0.02)
    bank.publish()
    assert bank.hardware_error[LEFT] & ERROR_OVERHEATING
    assert bank.torque_enable[LEFT] == 0
    assert bank.present_temperature[LEFT] > bank.present_temperature[1] + 5


def test_watchdog_stops_the_trajectory() -> None:
    plant = held()
    servos = plant.servos
    servos.profile_velocity[:] = 2000
    servos.goal_position[LEFT] = pulses(1.5)
    plant.step(0.5)
    servos.bus_watchdog_tripped[LEFT] = 1
    plant.step(0.3)
    stopped = int(servos.present_position[LEFT])
    plant.step(1.5)
    assert abs(int(servos.present_position[LEFT]) - stopped) <= 1
    assert stopped < pulses(1.0)


def test_torque_off_lets_go_and_on_again_keeps_the_goal() -> None:
    plant = held()
    servos = plant.servos
    servos.torque_enable[:] = 0
    plant.step(1.5)
    assert not servos.present_current.any()
    assert plant.data.site("head").xpos[2] < 0.17  # the head sinks
    servos.torque_enable[:] = 1
    servos.profile_velocity[:] = 500
    servos.goal_position[:] = [pulses(angle) for angle in NEUTRAL_RAD]
    plant.step(1.5)
    assert plant.data.site("head").xpos[2] == pytest.approx(0.177, abs=4e-3)


def test_velocity_and_current_modes() -> None:
    plant = held()
    servos = plant.servos
    servos.operating_mode[LEFT] = VELOCITY_MODE
    servos.goal_velocity[LEFT] = 80
    plant.step(1.0)
    assert plant.velocity_rad_s[LEFT] == pytest.approx(80 * VELOCITY_UNIT_RAD_S, rel=0.1)
    servos.operating_mode[BODY] = CURRENT_MODE
    servos.goal_current[BODY] = -500
    plant.step(0.2)
    assert servos.present_current[BODY] == pytest.approx(-500, abs=30)


def test_reversed_drive_mode_mirrors_the_register() -> None:
    plain, mirrored = held(), held()
    before = int(mirrored.servos.present_position[LEFT])
    mirrored.servos.drive_mode[LEFT] |= 1
    mirrored.servos.goal_position[LEFT] = 4096 - before
    mirrored.step(0.2)
    for plant, goal in ((plain, pulses(0.3)), (mirrored, pulses(-0.3))):
        plant.servos.profile_velocity[:] = 300
        plant.servos.goal_position[LEFT] = goal
        plant.step(1.0)
    assert plain.position_rad[LEFT] == pytest.approx(mirrored.position_rad[LEFT], abs=0.02)
    assert mirrored.servos.present_position[LEFT] < 2048


def test_homing_offset_moves_the_reading_not_the_shaft() -> None:
    plant = held()
    plant.servos.torque_enable[BODY] = 0
    plant.step(0.1)
    before = int(plant.servos.present_position[BODY])
    plant.servos.homing_offset[BODY] = 100
    plant.step(0.1)
    assert int(plant.servos.present_position[BODY]) == before + 100
    assert abs(plant.position_rad[BODY]) < 0.01


def test_energy_is_heat_while_nothing_moves_and_none_without_torque() -> None:
    plant = held()
    plant.step(1.0)
    before_j = plant.servos.energy_j
    plant.step(1.0)
    heat_w = float((plant.servos.current_a**2 * RESISTANCE_OHM).sum())
    assert heat_w > 0.01
    assert plant.servos.energy_j - before_j == pytest.approx(heat_w, rel=0.05)
    assert Plant(pose_rad=NEUTRAL_RAD).servos.energy_j == 0.0
    limp = Plant()
    limp.step(1.0)
    assert limp.servos.energy_j == 0.0
