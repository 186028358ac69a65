"""The memory of one virtual servo: what may be read and written, and what is refused.

Rules from the ROBOTIS e-manual (XL330 control table, Protocol 2.0 errors): EEPROM is locked while
torque is on, a register is written whole or not at all, a goal outside its limit register is a
Data Limit Error, and a tripped bus watchdog makes every goal read-only until 0 is written to it.
A write that touches several registers is done whole or not at all. Gaps read as zero.
"""

from __future__ import annotations

from typing import Final

from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.registers import Register
from firmware_bridge.joints import Joint, ServoModel
from firmware_bridge.simulation.virtual_bus.packet import Error

FIRMWARE_VERSION: Final = 46
POSITION_MODE: Final = 3
WATCHDOG_TRIPPED: Final = -1
_OPERATING_MODES: Final = (0, 1, POSITION_MODE, 4, 5, 16)
_PROTOCOL_TYPES: Final = (2, 20, 21, 22)
_NO_SECONDARY_ID: Final = 255
_HIGHEST_ID: Final = 252
_GOALS: Final = (reg.GOAL_PWM, reg.GOAL_CURRENT, reg.GOAL_VELOCITY, reg.GOAL_POSITION)
_LIMIT_OF_GOAL: Final = {
    reg.GOAL_PWM.name: reg.PWM_LIMIT,
    reg.GOAL_CURRENT.name: reg.CURRENT_LIMIT,
    reg.GOAL_VELOCITY.name: reg.VELOCITY_LIMIT,
}
_RESET_BY_MODE: Final = (
    reg.VELOCITY_I_GAIN,
    reg.VELOCITY_P_GAIN,
    reg.POSITION_D_GAIN,
    reg.POSITION_I_GAIN,
    reg.POSITION_P_GAIN,
    reg.FEEDFORWARD_2ND_GAIN,
    reg.FEEDFORWARD_1ST_GAIN,
    reg.PROFILE_ACCELERATION,
    reg.PROFILE_VELOCITY,
)
_BACKED_UP: Final = slice(reg.ID.address, reg.EEPROM_END)
_REGISTER_AT: Final = {
    register.address + offset: (register, offset)
    for register in reg.REGISTERS
    for offset in range(register.size)
}


class ControlTable:
    """228 bytes of one servo, with the servo's own rules."""

    def __init__(self, model: ServoModel) -> None:
        """A factory-fresh table."""
        self.model = model
        self._memory = bytearray(reg.TABLE_END)
        self._backup: bytes | None = None
        for register in reg.REGISTERS:
            self[register] = reg.initial_value(register, model)
        self[reg.FIRMWARE_VERSION] = FIRMWARE_VERSION
        self.reset_ram()

    @classmethod
    def of_joint(cls, joint: Joint) -> ControlTable:
        """The table of a servo as the robot's maker configured it."""
        table = cls(joint.model)
        for register, value in (
            (reg.ID, joint.servo_id),
            (reg.BAUD_RATE, reg.BAUD_RATES.index(1_000_000)),
            (reg.RETURN_DELAY_TIME, 0),
            (reg.HOMING_OFFSET, joint.homing_offset_raw),
            (reg.MAX_POSITION_LIMIT, joint.max_raw),
            (reg.MIN_POSITION_LIMIT, joint.min_raw),
            (reg.SHUTDOWN, 52),
        ):
            table[register] = value
        return table

    def __getitem__(self, register: Register) -> int:
        return register.decode(bytes(self._memory[register.address : register.end]))

    def __setitem__(self, register: Register, value: int) -> None:
        self._memory[register.address : register.end] = register.encode(value)

    def read(self, address: int, length: int) -> tuple[Error, bytes]:
        """``length`` bytes from ``address``, indirect data resolved; empty on an error."""
        end = address + length
        if length == 0 or end > reg.TABLE_END:
            return Error.DATA_RANGE if address < reg.TABLE_END else Error.ACCESS, b""
        if not any(at in _REGISTER_AT for at in range(address, end)):
            return Error.ACCESS, b""
        return Error.NONE, bytes(self._memory[self._resolve(at)] for at in range(address, end))

    def check_write(self, address: int, data: bytes) -> tuple[Error, list[tuple[Register, int]]]:
        """What a write of ``data`` would change, or why it is refused."""
        writes: list[tuple[Register, int]] = []
        targets = [self._resolve(address + offset) for offset in range(len(data))]
        at = 0
        while at < len(data):
            register, offset = _REGISTER_AT.get(targets[at], (None, 0))
            if register is None:
                return Error.ACCESS, []
            span = list(range(register.address, register.end))
            if offset or targets[at : at + register.size] != span:
                return Error.DATA_LENGTH, []
            value = register.decode(data[at : at + register.size])
            error = self._check_value(register, value)
            if error:
                return error, []
            writes.append((register, value))
            at += register.size
        return (Error.NONE if writes else Error.DATA_LENGTH), writes

    def apply(self, writes: list[tuple[Register, int]]) -> None:
        """Store what ``check_write`` allowed, with the changes that follow from it."""
        for register, value in writes:
            old = self[register]
            self[register] = value
            if register is reg.OPERATING_MODE and value != old:
                self._reset_to_initial(_RESET_BY_MODE)
                self._reset_goals()
            elif register is reg.PWM_LIMIT:
                self[reg.GOAL_PWM] = value
            elif register is reg.CURRENT_LIMIT:
                self[reg.GOAL_CURRENT] = value

    def reset_ram(self) -> None:
        """What a reboot does. The goal position is the servo's to set."""
        ram = [r for r in reg.REGISTERS if not r.eeprom and r is not reg.BACKUP_READY]
        self._reset_to_initial(ram)
        self._reset_goals()

    def factory_reset(self, *, keep_id: bool, keep_baud: bool) -> None:
        """All EEPROM back to the factory's values, but for what is kept; then as a reboot."""
        kept = [(reg.ID, keep_id), (reg.BAUD_RATE, keep_baud)]
        values = [(register, self[register]) for register, keep in kept if keep]
        self._reset_to_initial([r for r in reg.REGISTERS if r.eeprom and r.writable])
        for register, value in values:
            self[register] = value
        self.reset_ram()

    def back_up(self) -> None:
        """Keep a copy of the EEPROM."""
        self._backup = bytes(self._memory[_BACKED_UP])
        self[reg.BACKUP_READY] = 1

    def restore(self) -> bool:
        """Put the copy back; False when there is none."""
        if self._backup is None:
            return False
        self._memory[_BACKED_UP] = self._backup
        return True

    def _resolve(self, address: int) -> int:
        number = address - reg.INDIRECT_DATA
        if not 0 <= number < reg.INDIRECT_COUNT:
            return address
        pointer = reg.INDIRECT_ADDRESS + 2 * number
        return int.from_bytes(self._memory[pointer : pointer + 2], "little")

    def _check_value(self, register: Register, value: int) -> Error:
        if not register.writable or (register.eeprom and self[reg.TORQUE_ENABLE]):
            return Error.ACCESS
        tripped = self[reg.BUS_WATCHDOG] == WATCHDOG_TRIPPED
        if tripped and (register in _GOALS or (register is reg.BUS_WATCHDOG and value)):
            return Error.DATA_RANGE
        if not self._in_range(register, value):
            return Error.DATA_RANGE
        return Error.DATA_LIMIT if self._beyond_limit(register, value) else Error.NONE

    def _in_range(self, register: Register, value: int) -> bool:
        if register is reg.OPERATING_MODE:
            return value in _OPERATING_MODES
        if register is reg.PROTOCOL_TYPE:
            return value in _PROTOCOL_TYPES
        if register is reg.SECONDARY_ID:
            return value <= _HIGHEST_ID or value == _NO_SECONDARY_ID
        return register.lower <= value <= reg.upper_value(register, self.model)

    def _beyond_limit(self, register: Register, value: int) -> bool:
        if register is reg.GOAL_POSITION:
            within = self[reg.MIN_POSITION_LIMIT] <= value <= self[reg.MAX_POSITION_LIMIT]
            return self[reg.OPERATING_MODE] == POSITION_MODE and not within
        limit = _LIMIT_OF_GOAL.get(register.name)
        return limit is not None and abs(value) > self[limit]

    def _reset_to_initial(self, registers: list[Register] | tuple[Register, ...]) -> None:
        for register in registers:
            self[register] = reg.initial_value(register, self.model)

    def _reset_goals(self) -> None:
        self[reg.GOAL_PWM] = self[reg.PWM_LIMIT]
        self[reg.GOAL_CURRENT] = self[reg.CURRENT_LIMIT]
        self[reg.GOAL_VELOCITY] = 0
