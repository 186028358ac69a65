"""A stalled and a free servo against the maker's table, and how units differ."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_bridge.joints import JOINTS, ServoModel
from firmware_bridge.simulation.motor import (
    MOTORS,
    SUPPLY_RESISTANCE_OHM,
    VISCOUS_N_M_S,
    ServoUnits,
)
from firmware_bridge.simulation.servo import IDLE_CURRENT_A, ServoBank
from firmware_bridge.simulation.servo_registers import FULL_PWM, PWM_MODE

# Maker's table: stall torque N m, stall current A, no-load speed rev/min at 3.7, 5.0 and 6.0 V.
TABLE = {
    ServoModel.XL330_M288: ((0.42, 1.11, 76), (0.52, 1.47, 103), (0.60, 1.74, 123)),
    ServoModel.XL330_M077: ((0.180, 1.11, 278), (0.215, 1.47, 383), (0.228, 1.74, 456)),
    ServoModel.XC330_M288: ((0.69, 1.34, 59), (0.93, 1.80, 81), (1.10, 2.15, 97)),
}
VOLTAGES = (3.7, 5.0, 6.0)
BODY, LEG, ANTENNA = 0, 1, 7


def full_duty(index: int, volts: float, speed_rad_s: float) -> ServoBank:
    """One servo of the bank at full duty on a rail of ``volts``, its shaft at a given speed.

    The play of the gears is taken up first, as it is in any steady state.
    """
    bank = ServoBank(ServoUnits.nominal(), supply_v=volts)
    bank.place(np.zeros(9))
    bank.operating_mode[:] = PWM_MODE
    bank.goal_pwm[:] = FULL_PWM
    bank.torque_enable[index] = 1
    # a servo on a bench, without the mechanism that hangs on it
    bank.friction_base_n_m[index] = MOTORS[JOINTS[index].model].friction_base_n_m
    velocity = np.zeros(9)
    velocity[index] = speed_rad_s
    bank.begin()
    for _ in range(30):
        bank.supply_v = volts + SUPPLY_RESISTANCE_OHM * (
            abs(bank.current_a[index]) + IDLE_CURRENT_A
        )
        bank.advance(np.zeros(9), velocity, 0.005)
        bank._gap[index] = bank._half_gap[index]
    bank.advance(np.zeros(9), velocity, 0.005)
    bank.publish()
    return bank


def net_torque(bank: ServoBank, index: int, speed_rad_s: float) -> float:
    drive = bank.drive_torque_n_m[index] - bank.damping_n_m_s[index] * speed_rad_s
    return float(drive - bank.friction_n_m[index] - VISCOUS_N_M_S[index] * speed_rad_s)


@pytest.mark.parametrize("index", [BODY, LEG, ANTENNA])
@pytest.mark.parametrize("row", range(3))
def test_stall_and_no_load_agree_with_the_table(index: int, row: int) -> None:
    stall_torque, stall_current, no_load_rpm = TABLE[JOINTS[index].model][row]
    # The constants are fitted at 5 V; the table itself is not proportional to the voltage.
    tolerance = 0.01 if VOLTAGES[row] == 5.0 else 0.15
    bank = full_duty(index, VOLTAGES[row], 0.0)
    assert net_torque(bank, index, 0.0) == pytest.approx(stall_torque, rel=tolerance)
    assert bank.present_current[index] * 1e-3 == pytest.approx(stall_current, rel=tolerance)
    slow, fast = 0.0, 100.0
    for _ in range(30):
        speed = 0.5 * (slow + fast)
        pushes = net_torque(full_duty(index, VOLTAGES[row], speed), index, speed) > 0.0
        slow, fast = (speed, fast) if pushes else (slow, speed)
    assert slow * 60 / (2 * math.pi) == pytest.approx(no_load_rpm, rel=tolerance)


def test_units_are_nominal_without_spread_and_differ_with_it() -> None:
    nominal = ServoUnits.nominal()
    none = ServoUnits.draw(np.random.default_rng(1), 0.0)
    usual = ServoUnits.draw(np.random.default_rng(1), 1.0)
    for name in ("torque_scale", "friction_scale", "offset_pulses", "backlash_rad", "ambient_c"):
        np.testing.assert_array_equal(getattr(none, name), getattr(nominal, name))
        assert len(set(getattr(usual, name).tolist())) == 9
    assert none.supply_ohm == nominal.supply_ohm != usual.supply_ohm
    with pytest.raises(ValueError, match="spread"):
        ServoUnits.draw(np.random.default_rng(1), 4.0)


def test_a_shaft_is_loose_in_the_play_of_its_gears_and_then_drags_them() -> None:
    bank = ServoBank(ServoUnits.nominal())
    bank.place(np.zeros(9))
    bank.begin()
    speed = np.full(9, 0.05)
    friction = []
    for step in range(40):
        bank.advance(step * 0.005 * speed, speed, 0.005)
        friction.append(bank.friction_n_m.copy())
    np.testing.assert_allclose(friction[-1], bank.friction_base_n_m, rtol=1e-3)
    assert friction[0][ANTENNA] < 0.3 * friction[-1][ANTENNA]
    assert friction[0][BODY] > 0.9 * friction[-1][BODY]  # its bearing is behind the gears
    caught = [int(np.argmax(np.array(friction)[:, j] > 0.99 * friction[-1][j])) for j in (1, 7)]
    assert caught[1] > 1.5 * caught[0]  # antennas have more play
