"""The control table of the XL330 and XC330 servos, as data.

Source: ROBOTIS e-manual, pages XL330-M288-T, XL330-M077-T and XC330-M288-T. The driver and the
virtual bus both read this one table. Values on the wire are little-endian; a signed register is
two's complement.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from firmware_bridge.joints import ServoModel

EEPROM_END: Final = 64
"""Addresses below are EEPROM: writable only with torque off."""
TABLE_END: Final = 228
"""First address behind the table."""
INDIRECT_ADDRESS: Final = 168
INDIRECT_DATA: Final = 208
INDIRECT_COUNT: Final = 20


class HardwareError(IntFlag):
    """Bits of register 70 and of the shutdown mask, register 63."""

    NONE = 0
    INPUT_VOLTAGE = 0x01
    OVERHEATING = 0x04
    ENCODER = 0x08
    SHOCK = 0x10
    OVERLOAD = 0x20


class DriveMode(IntFlag):
    """Bits of register 10."""

    REVERSE = 0x01
    TIME_BASED_PROFILE = 0x04
    TORQUE_ON_BY_GOAL = 0x08


@dataclass(frozen=True, slots=True)
class Register:
    """One line of the control table. ``lower`` and ``upper`` bound what may be written."""

    name: str
    address: int
    size: int
    initial: int = 0
    lower: int = 0
    upper: int = 0
    signed: bool = False
    writable: bool = True

    @property
    def end(self) -> int:
        """First address behind the register."""
        return self.address + self.size

    @property
    def eeprom(self) -> bool:
        """True when the value outlives a power cut and is locked while torque is on."""
        return self.address < EEPROM_END

    def decode(self, data: bytes) -> int:
        """Value of ``size`` bytes off the wire."""
        return int.from_bytes(data, "little", signed=self.signed)

    def encode(self, value: int) -> bytes:
        """``size`` bytes for the wire. Raises ``OverflowError`` when the value does not fit."""
        return value.to_bytes(self.size, "little", signed=self.signed)


_FULL_PWM: Final = 885
_FULL_CURRENT: Final = 2352
_FULL_VELOCITY: Final = 2047
_FULL_GAIN: Final = 16383
_FULL_PROFILE: Final = 32767
_FULL_TURNS: Final = 1_048_575
"""256 turns: what extended position mode can express."""


def _reading(name: str, address: int, size: int, *, signed: bool = False) -> Register:
    return Register(name, address, size, signed=signed, writable=False)


MODEL_NUMBER: Final = _reading("model_number", 0, 2)
MODEL_INFORMATION: Final = _reading("model_information", 2, 4)
FIRMWARE_VERSION: Final = _reading("firmware_version", 6, 1)
ID: Final = Register("id", 7, 1, 1, 0, 252)
BAUD_RATE: Final = Register("baud_rate", 8, 1, 1, 0, 6)
RETURN_DELAY_TIME: Final = Register("return_delay_time", 9, 1, 250, 0, 254)
DRIVE_MODE: Final = Register("drive_mode", 10, 1, 0, 0, 13)
OPERATING_MODE: Final = Register("operating_mode", 11, 1, 3, 0, 16)
SECONDARY_ID: Final = Register("secondary_id", 12, 1, 255, 0, 255)
PROTOCOL_TYPE: Final = Register("protocol_type", 13, 1, 2, 2, 22)
HOMING_OFFSET: Final = Register("homing_offset", 20, 4, 0, -1_044_479, 1_044_479, signed=True)
MOVING_THRESHOLD: Final = Register("moving_threshold", 24, 4, 10, 0, 1023)
TEMPERATURE_LIMIT: Final = Register("temperature_limit", 31, 1, 70, 0, 100)
MAX_VOLTAGE_LIMIT: Final = Register("max_voltage_limit", 32, 2, 70, 31, 70)
MIN_VOLTAGE_LIMIT: Final = Register("min_voltage_limit", 34, 2, 35, 31, 70)
PWM_LIMIT: Final = Register("pwm_limit", 36, 2, _FULL_PWM, 0, _FULL_PWM)
CURRENT_LIMIT: Final = Register("current_limit", 38, 2, 1750, 0, 1750)
VELOCITY_LIMIT: Final = Register("velocity_limit", 44, 4, 445, 0, _FULL_VELOCITY)
MAX_POSITION_LIMIT: Final = Register("max_position_limit", 48, 4, 4095, 0, 4095)
MIN_POSITION_LIMIT: Final = Register("min_position_limit", 52, 4, 0, 0, 4095)
STARTUP_CONFIGURATION: Final = Register("startup_configuration", 60, 1, 0, 0, 3)
PWM_SLOPE: Final = Register("pwm_slope", 62, 1, 140, 1, 255)
SHUTDOWN: Final = Register("shutdown", 63, 1, 53, 0, 255)

TORQUE_ENABLE: Final = Register("torque_enable", 64, 1, 0, 0, 1)
LED: Final = Register("led", 65, 1, 0, 0, 1)
STATUS_RETURN_LEVEL: Final = Register("status_return_level", 68, 1, 2, 0, 2)
REGISTERED_INSTRUCTION: Final = _reading("registered_instruction", 69, 1)
HARDWARE_ERROR_STATUS: Final = _reading("hardware_error_status", 70, 1)
VELOCITY_I_GAIN: Final = Register("velocity_i_gain", 76, 2, 1600, 0, _FULL_GAIN)
VELOCITY_P_GAIN: Final = Register("velocity_p_gain", 78, 2, 180, 0, _FULL_GAIN)
POSITION_D_GAIN: Final = Register("position_d_gain", 80, 2, 0, 0, _FULL_GAIN)
POSITION_I_GAIN: Final = Register("position_i_gain", 82, 2, 0, 0, _FULL_GAIN)
POSITION_P_GAIN: Final = Register("position_p_gain", 84, 2, 400, 0, _FULL_GAIN)
FEEDFORWARD_2ND_GAIN: Final = Register("feedforward_2nd_gain", 88, 2, 0, 0, _FULL_GAIN)
FEEDFORWARD_1ST_GAIN: Final = Register("feedforward_1st_gain", 90, 2, 0, 0, _FULL_GAIN)
BUS_WATCHDOG: Final = Register("bus_watchdog", 98, 1, 0, 0, 127, signed=True)
GOAL_PWM: Final = Register("goal_pwm", 100, 2, _FULL_PWM, -_FULL_PWM, _FULL_PWM, signed=True)
GOAL_CURRENT: Final = Register(
    "goal_current", 102, 2, 1750, -_FULL_CURRENT, _FULL_CURRENT, signed=True
)
GOAL_VELOCITY: Final = Register(
    "goal_velocity", 104, 4, 0, -_FULL_VELOCITY, _FULL_VELOCITY, signed=True
)
PROFILE_ACCELERATION: Final = Register("profile_acceleration", 108, 4, 0, 0, _FULL_PROFILE)
PROFILE_VELOCITY: Final = Register("profile_velocity", 112, 4, 0, 0, _FULL_PROFILE)
GOAL_POSITION: Final = Register("goal_position", 116, 4, 0, -_FULL_TURNS, _FULL_TURNS, signed=True)
REALTIME_TICK: Final = _reading("realtime_tick", 120, 2)
MOVING: Final = _reading("moving", 122, 1)
MOVING_STATUS: Final = _reading("moving_status", 123, 1)
PRESENT_PWM: Final = _reading("present_pwm", 124, 2, signed=True)
PRESENT_CURRENT: Final = _reading("present_current", 126, 2, signed=True)
PRESENT_VELOCITY: Final = _reading("present_velocity", 128, 4, signed=True)
PRESENT_POSITION: Final = _reading("present_position", 132, 4, signed=True)
VELOCITY_TRAJECTORY: Final = _reading("velocity_trajectory", 136, 4, signed=True)
POSITION_TRAJECTORY: Final = _reading("position_trajectory", 140, 4, signed=True)
PRESENT_INPUT_VOLTAGE: Final = _reading("present_input_voltage", 144, 2)
PRESENT_TEMPERATURE: Final = _reading("present_temperature", 146, 1)
BACKUP_READY: Final = _reading("backup_ready", 147, 1)

REGISTERS: Final[tuple[Register, ...]] = (
    MODEL_NUMBER,
    MODEL_INFORMATION,
    FIRMWARE_VERSION,
    ID,
    BAUD_RATE,
    RETURN_DELAY_TIME,
    DRIVE_MODE,
    OPERATING_MODE,
    SECONDARY_ID,
    PROTOCOL_TYPE,
    HOMING_OFFSET,
    MOVING_THRESHOLD,
    TEMPERATURE_LIMIT,
    MAX_VOLTAGE_LIMIT,
    MIN_VOLTAGE_LIMIT,
    PWM_LIMIT,
    CURRENT_LIMIT,
    VELOCITY_LIMIT,
    MAX_POSITION_LIMIT,
    MIN_POSITION_LIMIT,
    STARTUP_CONFIGURATION,
    PWM_SLOPE,
    SHUTDOWN,
    TORQUE_ENABLE,
    LED,
    STATUS_RETURN_LEVEL,
    REGISTERED_INSTRUCTION,
    HARDWARE_ERROR_STATUS,
    VELOCITY_I_GAIN,
    VELOCITY_P_GAIN,
    POSITION_D_GAIN,
    POSITION_I_GAIN,
    POSITION_P_GAIN,
    FEEDFORWARD_2ND_GAIN,
    FEEDFORWARD_1ST_GAIN,
    BUS_WATCHDOG,
    GOAL_PWM,
    GOAL_CURRENT,
    GOAL_VELOCITY,
    PROFILE_ACCELERATION,
    PROFILE_VELOCITY,
    GOAL_POSITION,
    REALTIME_TICK,
    MOVING,
    MOVING_STATUS,
    PRESENT_PWM,
    PRESENT_CURRENT,
    PRESENT_VELOCITY,
    PRESENT_POSITION,
    VELOCITY_TRAJECTORY,
    POSITION_TRAJECTORY,
    PRESENT_INPUT_VOLTAGE,
    PRESENT_TEMPERATURE,
    BACKUP_READY,
    *(
        Register(
            f"indirect_address_{n + 1}", INDIRECT_ADDRESS + 2 * n, 2, INDIRECT_DATA + n, 64, 227
        )
        for n in range(INDIRECT_COUNT)
    ),
    *(
        Register(f"indirect_data_{n + 1}", INDIRECT_DATA + n, 1, 0, 0, 255)
        for n in range(INDIRECT_COUNT)
    ),
)
BY_NAME: Final[dict[str, Register]] = {register.name: register for register in REGISTERS}

BAUD_RATES: Final[tuple[int, ...]] = (
    9_600, 57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000,
)  # fmt: skip
"""Bit/s by the code of register 8."""

_OF_MODEL: Final[dict[ServoModel, dict[str, int]]] = {
    ServoModel.XL330_M288: {},
    ServoModel.XL330_M077: {
        "velocity_limit": 1620,
        "velocity_i_gain": 400,
        "velocity_p_gain": 40,
        "position_i_gain": 400,
    },
    ServoModel.XC330_M288: {
        "current_limit": 2352,
        "velocity_limit": 350,
        "shutdown": 52,
        "velocity_p_gain": 50,
        "position_d_gain": 500,
        "position_p_gain": 1100,
        "goal_current": 2352,
    },
}


def initial_value(register: Register, model: ServoModel) -> int:
    """What a factory-fresh servo of this model holds."""
    if register is MODEL_NUMBER:
        return int(model)
    return _OF_MODEL[model].get(register.name, register.initial)


def upper_value(register: Register, model: ServoModel) -> int:
    """The highest value that this model lets itself be written."""
    return initial_value(register, model) if register is CURRENT_LIMIT else register.upper
