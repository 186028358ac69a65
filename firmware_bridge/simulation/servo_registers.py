"""The registers of nine servos that anything in the simulation reads or writes, as arrays.

Names, units and initial values are those of the ROBOTIS e-manual (XL330, Protocol 2.0); the EEPROM
is as the robot's vendor sets it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import COUNTS_PER_TURN, JOINTS

Ints = NDArray[np.int64]

SERVO_COUNT: Final = len(JOINTS)
FULL_PWM: Final = 885
PULSES_PER_RAD: Final = COUNTS_PER_TURN / (2.0 * math.pi)
VELOCITY_UNIT_RAD_S: Final = 0.229 * 2.0 * math.pi / 60.0
TIME_BASED_PROFILE: Final = 4
REVERSE_DIRECTION: Final = 1

CURRENT_MODE: Final = 0
VELOCITY_MODE: Final = 1
POSITION_MODE: Final = 3
CURRENT_POSITION_MODE: Final = 5
PWM_MODE: Final = 16

ERROR_INPUT_VOLTAGE: Final = 0x01
ERROR_OVERHEATING: Final = 0x04
ERROR_SHOCK: Final = 0x10
ERROR_OVERLOAD: Final = 0x20

HALF_TURN: Final = COUNTS_PER_TURN // 2
SHIPPED_HOMING: Final = np.array([joint.homing_offset_raw for joint in JOINTS], dtype=np.int64)


def ints(value: int) -> Ints:
    """The same register value for each of the nine."""
    return np.full(SERVO_COUNT, value, dtype=np.int64)


class ServoRegisters:
    """EEPROM, RAM and readings of nine servos in joint order, each an array [9] of int64."""

    def __init__(self) -> None:
        """As after power-up: torque off, gains at their initial values, not yet the robot's."""
        self._fill_eeprom()
        self._fill_ram()
        self.present_position = ints(HALF_TURN)
        self.present_velocity = ints(0)
        self.present_current = ints(0)
        self.present_pwm = ints(0)
        self.velocity_trajectory = ints(0)
        self.position_trajectory = ints(HALF_TURN)
        self.present_voltage = ints(0)
        self.present_temperature = ints(0)
        self.hardware_error = ints(0)
        self.moving = ints(0)
        self.registered = ints(0)

    def _fill_eeprom(self) -> None:
        self.operating_mode = ints(POSITION_MODE)
        self.drive_mode = ints(0)
        self.homing_offset = SHIPPED_HOMING.copy()
        self.min_position = np.array([joint.min_raw for joint in JOINTS], dtype=np.int64)
        self.max_position = np.array([joint.max_raw for joint in JOINTS], dtype=np.int64)
        self.pwm_limit = ints(FULL_PWM)
        self.current_limit = ints(1750)
        self.velocity_limit = ints(445)
        self.pwm_slope = ints(140)
        self.temperature_limit = ints(70)
        self.max_voltage_limit = ints(70)
        self.min_voltage_limit = ints(35)
        self.shutdown = ints(52)

    def _fill_ram(self) -> None:
        self.torque_enable = ints(0)
        self.goal_position = ints(HALF_TURN)
        self.goal_pwm = ints(FULL_PWM)
        self.goal_current = ints(1750)
        self.goal_velocity = ints(0)
        self.position_p_gain = ints(400)
        self.position_i_gain = ints(0)
        self.position_d_gain = ints(0)
        self.feedforward_1st = ints(0)
        self.feedforward_2nd = ints(0)
        self.profile_velocity = ints(0)
        self.profile_acceleration = ints(0)
        self.bus_watchdog_tripped = ints(0)

    def forget(self, index: int) -> None:
        """Give one servo the RAM of a restart: goal where it stands, no error, no torque."""
        fresh = ServoRegisters.__new__(ServoRegisters)
        fresh._fill_ram()
        for name, values in vars(fresh).items():
            getattr(self, name)[index] = values[index]
        self.goal_position[index] = self.present_position[index]
        self.hardware_error[index] = 0
