"""One virtual servo on the bus: it executes packets on its control table and drives its motor.

The motor, its firmware's controller and its protections are the servo bank's; this file is the
servo's communication: who is addressed, what is answered, reboot, watchdog, registered writes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.registers import DriveMode, Register
from firmware_bridge.joints import COUNTS_PER_TURN, JOINTS
from firmware_bridge.simulation.servo import ServoBank
from firmware_bridge.simulation.virtual_bus.control_table import (
    FIRMWARE_VERSION,
    POSITION_MODE,
    WATCHDOG_TRIPPED,
    ControlTable,
)
from firmware_bridge.simulation.virtual_bus.packet import (
    ALERT,
    Error,
    Instruction,
    encode_status,
)

REBOOT_NS: Final = 150_000_000
"""How long a servo is deaf after a reboot."""
WATCHDOG_UNIT_NS: Final = 20_000_000
_TICK_WRAP: Final = 32_768
_ARRIVED_PULSES: Final = 10
_POSITION_KEY: Final = b"\x44\x58\x4c\x22"
_BACKUP_KEY: Final = b"CTRL"

_COMMANDED: Final[tuple[tuple[Register, str], ...]] = (
    (reg.DRIVE_MODE, "drive_mode"),
    (reg.OPERATING_MODE, "operating_mode"),
    (reg.HOMING_OFFSET, "homing_offset"),
    (reg.TEMPERATURE_LIMIT, "temperature_limit"),
    (reg.MAX_VOLTAGE_LIMIT, "max_voltage_limit"),
    (reg.MIN_VOLTAGE_LIMIT, "min_voltage_limit"),
    (reg.PWM_LIMIT, "pwm_limit"),
    (reg.CURRENT_LIMIT, "current_limit"),
    (reg.VELOCITY_LIMIT, "velocity_limit"),
    (reg.MAX_POSITION_LIMIT, "max_position"),
    (reg.MIN_POSITION_LIMIT, "min_position"),
    (reg.PWM_SLOPE, "pwm_slope"),
    (reg.SHUTDOWN, "shutdown"),
    (reg.TORQUE_ENABLE, "torque_enable"),
    (reg.POSITION_D_GAIN, "position_d_gain"),
    (reg.POSITION_I_GAIN, "position_i_gain"),
    (reg.POSITION_P_GAIN, "position_p_gain"),
    (reg.FEEDFORWARD_2ND_GAIN, "feedforward_2nd"),
    (reg.FEEDFORWARD_1ST_GAIN, "feedforward_1st"),
    (reg.GOAL_PWM, "goal_pwm"),
    (reg.GOAL_CURRENT, "goal_current"),
    (reg.GOAL_VELOCITY, "goal_velocity"),
    (reg.PROFILE_ACCELERATION, "profile_acceleration"),
    (reg.PROFILE_VELOCITY, "profile_velocity"),
)
_READ_BACK: Final[tuple[tuple[Register, str], ...]] = (
    (reg.TORQUE_ENABLE, "torque_enable"),
    (reg.HARDWARE_ERROR_STATUS, "hardware_error"),
    (reg.MOVING, "moving"),
    (reg.PRESENT_PWM, "present_pwm"),
    (reg.PRESENT_CURRENT, "present_current"),
    (reg.PRESENT_VELOCITY, "present_velocity"),
    (reg.VELOCITY_TRAJECTORY, "velocity_trajectory"),
    (reg.PRESENT_INPUT_VOLTAGE, "present_voltage"),
    (reg.PRESENT_TEMPERATURE, "present_temperature"),
)


class VirtualServo:
    """Servo number ``index`` of the bank, with an id and a control table of its own."""

    def __init__(self, index: int, bank: ServoBank, now_ns: int) -> None:
        self.index = index
        self.table = ControlTable.of_joint(JOINTS[index])
        self.frozen = False
        """True: the position reads as it was, whatever the shaft does (a stuck encoder)."""
        self._bank = bank
        self._deaf_until_ns = now_ns
        self._heard_ns = now_ns
        self._registered: list[tuple[Register, int]] | None = None
        self._turns_raw = 0
        """Whole turns, in pulses, between what the shaft did and what the servo reports."""
        self._start()

    @property
    def servo_id(self) -> int:
        """The id that it listens to."""
        return self.table[reg.ID]

    @property
    def answers_writes(self) -> bool:
        """Status return level 2: every instruction is answered."""
        return self.table[reg.STATUS_RETURN_LEVEL] == 2

    @property
    def answers_reads(self) -> bool:
        """Status return level 1 and 2."""
        return self.table[reg.STATUS_RETURN_LEVEL] >= 1

    @property
    def return_delay_ns(self) -> int:
        """Register 9, in units of 2 microseconds."""
        return self.table[reg.RETURN_DELAY_TIME] * 2000

    def hears(self, now_ns: int, baud_rate: int) -> bool:
        """False while it restarts, is unplugged, or listens at another speed."""
        baud = reg.BAUD_RATES[self.table[reg.BAUD_RATE]]
        silent = bool(self._bank.silent[self.index])
        return now_ns >= self._deaf_until_ns and not silent and baud == baud_rate

    def notice(self, now_ns: int) -> None:
        """An instruction packet passed by, for whomever: the bus is alive."""
        self._heard_ns = now_ns

    def check_watchdog(self, now_ns: int) -> None:
        """Stop where it is when nothing was heard for too long (register 98)."""
        periods = self.table[reg.BUS_WATCHDOG]
        if periods <= 0 or not self._bank.torque_enable[self.index]:
            return
        if now_ns - self._heard_ns > periods * WATCHDOG_UNIT_NS:
            self.table[reg.BUS_WATCHDOG] = WATCHDOG_TRIPPED
            self.table[reg.PROFILE_ACCELERATION] = 0
            self.table[reg.PROFILE_VELOCITY] = 0
            self.table[reg.GOAL_POSITION] = self._position()
            self._drive()

    def refresh(self, now_ns: int) -> None:
        """Bring the readings of the motor into the table."""
        table = self.table
        for register, name in _READ_BACK:
            table[register] = int(getattr(self._bank, name)[self.index])
        table[reg.POSITION_TRAJECTORY] = self._reported(self._bank.position_trajectory)
        if self.frozen:
            table[reg.PRESENT_VELOCITY] = 0
        else:
            table[reg.PRESENT_POSITION] = self._position()
        table[reg.REALTIME_TICK] = now_ns // 1_000_000 % _TICK_WRAP
        table[reg.REGISTERED_INSTRUCTION] = self._registered is not None
        distance = abs(table[reg.GOAL_POSITION] - table[reg.PRESENT_POSITION])
        following = table[reg.VELOCITY_TRAJECTORY] != 0
        table[reg.MOVING_STATUS] = (distance <= _ARRIVED_PULSES) | following << 1

    def status(self, error: int, data: bytes = b"") -> bytes:
        """Its status packet."""
        return encode_status(self.servo_id, self.error_byte(error), data)

    def error_byte(self, error: int) -> int:
        """Error number, and the alert bit while the hardware error register is not zero."""
        return error | (ALERT if self._bank.hardware_error[self.index] else 0)

    def identity(self) -> bytes:
        """What a ping answers: model number and firmware version."""
        return reg.MODEL_NUMBER.encode(self.table.model) + bytes((FIRMWARE_VERSION,))

    def read(self, address: int, length: int, now_ns: int) -> tuple[Error, bytes]:
        """Read from the table as it is now."""
        self.refresh(now_ns)
        return self.table.read(address, length)

    def write(self, address: int, data: bytes) -> Error:
        """Write to the table, and to the motor what is the motor's."""
        self.table[reg.TORQUE_ENABLE] = int(self._bank.torque_enable[self.index])
        error, writes = self.table.check_write(address, data)
        if not error:
            self._apply(writes)
        return error

    def execute(self, instruction: int, parameters: bytes, now_ns: int) -> Error:
        """Any instruction but ping and read. The status goes out before a reboot takes effect."""
        if instruction in (Instruction.WRITE, Instruction.REG_WRITE) and len(parameters) < 3:
            return Error.DATA_LENGTH
        if instruction == Instruction.WRITE:
            return self.write(int.from_bytes(parameters[:2], "little"), parameters[2:])
        if instruction == Instruction.REG_WRITE:
            address = int.from_bytes(parameters[:2], "little")
            error, writes = self.table.check_write(address, parameters[2:])
            self._registered = None if error else writes
            return error
        if instruction == Instruction.ACTION:
            return self._act()
        if instruction == Instruction.REBOOT:
            self.reboot(now_ns)
            return Error.NONE
        if instruction == Instruction.FACTORY_RESET:
            return self._factory_reset(parameters, now_ns)
        if instruction == Instruction.CLEAR:
            return self._clear(parameters)
        if instruction == Instruction.CONTROL_TABLE_BACKUP:
            return self._back_up(parameters, now_ns)
        return Error.INSTRUCTION

    def reboot(self, now_ns: int) -> None:
        """Torque off, RAM to its initial values, errors cleared, deaf for a while."""
        self._deaf_until_ns = now_ns + REBOOT_NS
        self._registered = None
        self.table.reset_ram()
        self._start()

    def _start(self) -> None:
        self._bank.reboot(self.index)
        self._forget_turns()
        self.table[reg.PRESENT_POSITION] = self.table[reg.GOAL_POSITION] = self._position()
        self._drive()

    def _reported(self, pulses: NDArray[np.int64]) -> int:
        return int(pulses[self.index]) + self._turns_raw

    def _position(self) -> int:
        return self._reported(self._bank.present_position)

    def _forget_turns(self) -> None:
        """Report a position within one turn from here on, as at power-up and torque-on."""
        absolute = int(self._bank.present_position[self.index]) - self.table[reg.HOMING_OFFSET]
        self._turns_raw = -(absolute // COUNTS_PER_TURN) * COUNTS_PER_TURN

    def _act(self) -> Error:
        if self._registered is None:
            return Error.INSTRUCTION
        writes, self._registered = self._registered, None
        self._apply(writes)
        return Error.NONE

    def _apply(self, writes: list[tuple[Register, int]]) -> None:
        was_on = self.table[reg.TORQUE_ENABLE] = int(self._bank.torque_enable[self.index])
        was_tripped = self.table[reg.BUS_WATCHDOG] == WATCHDOG_TRIPPED
        self.table.apply(writes)
        written = [register for register, _ in writes]
        latched = int(self._bank.hardware_error[self.index]) & self.table[reg.SHUTDOWN]
        by_goal = self.table[reg.DRIVE_MODE] & DriveMode.TORQUE_ON_BY_GOAL
        if by_goal and reg.GOAL_POSITION in written:
            self.table[reg.TORQUE_ENABLE] = 1
        if latched:
            self.table[reg.TORQUE_ENABLE] = 0
        if was_tripped and reg.BUS_WATCHDOG in written:
            self.table[reg.GOAL_POSITION] = self._position()
        torque_on = self.table[reg.TORQUE_ENABLE] and not was_on
        if torque_on and self.table[reg.OPERATING_MODE] == POSITION_MODE:
            self._forget_turns()
        self._drive()

    def _drive(self) -> None:
        bank = self._bank
        for register, name in _COMMANDED:
            getattr(bank, name)[self.index] = self.table[register]
        bank.goal_position[self.index] = self.table[reg.GOAL_POSITION] - self._turns_raw
        tripped = self.table[reg.BUS_WATCHDOG] == WATCHDOG_TRIPPED
        bank.bus_watchdog_tripped[self.index] = tripped

    def _factory_reset(self, parameters: bytes, now_ns: int) -> Error:
        if len(parameters) != 1:
            return Error.DATA_LENGTH
        if parameters[0] not in (0xFF, 0x01, 0x02):
            return Error.DATA_RANGE
        option = parameters[0]
        self.table.factory_reset(keep_id=option != 0xFF, keep_baud=option == 0x02)
        self.reboot(now_ns)
        return Error.NONE

    def _clear(self, parameters: bytes) -> Error:
        if parameters != b"\x01" + _POSITION_KEY:
            return Error.DATA_RANGE
        if self._bank.moving[self.index]:
            return Error.RESULT_FAIL
        # In position mode the position is within one turn as it is.
        return Error.NONE

    def _back_up(self, parameters: bytes, now_ns: int) -> Error:
        if len(parameters) != 5 or parameters[1:] != _BACKUP_KEY or parameters[0] not in (1, 2):
            return Error.DATA_RANGE
        if self._bank.torque_enable[self.index]:
            return Error.ACCESS
        if parameters[0] == 1:
            self.table.back_up()
        elif not self.table.restore():
            return Error.RESULT_FAIL
        else:
            self.reboot(now_ns)
        return Error.NONE
