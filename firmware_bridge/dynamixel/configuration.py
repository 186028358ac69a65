"""What every servo must hold before it may move: compared, written when different, read back.

EEPROM is written only where it differs and only while the servo's torque is off; with torque on a
difference is reported instead. RAM (gains, profile, watchdog) is written on every arming.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.bus import ServoBus
from firmware_bridge.dynamixel.registers import DriveMode, HardwareError, Register
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import Joint

POSITION_MODE: Final = 3
SHUTDOWN_MASK: Final = int(HardwareError.OVERHEATING | HardwareError.SHOCK | HardwareError.OVERLOAD)
"""52: voltage is no cause, since the robot's rail is above what the servo takes for its limit."""
_SPANS: Final = ((0, 14), (20, 8), (31, 9), (44, 12), (63, 8))
"""Address and length of what is read at start; the last one holds torque and hardware error."""


@dataclass(frozen=True, slots=True)
class ServoSetup:
    """What was found and done on one servo at start."""

    joint: Joint
    answered: bool
    model_number: int = 0
    firmware: int = 0
    torque_on: bool = False
    hardware_error: int = 0
    written: tuple[str, ...] = ()
    """Names of the EEPROM registers that were different and now hold what they should."""
    differing: tuple[str, ...] = ()
    """Registers that still differ, as ``name 53 (wants 52)``."""


def wanted_eeprom(joint: Joint, settings: ServoSettings) -> tuple[tuple[Register, int], ...]:
    """What the joint's servo must hold, in the order in which it is written."""
    return (
        (reg.RETURN_DELAY_TIME, 0),
        (reg.DRIVE_MODE, int(DriveMode.TIME_BASED_PROFILE)),
        (reg.OPERATING_MODE, POSITION_MODE),
        (reg.HOMING_OFFSET, joint.homing_offset_raw),
        (reg.CURRENT_LIMIT, settings.current_limit_ma),
        (reg.MAX_POSITION_LIMIT, joint.max_raw),
        (reg.MIN_POSITION_LIMIT, joint.min_raw),
        (reg.SHUTDOWN, SHUTDOWN_MASK),
    )


def set_up(
    bus: ServoBus, joints: Sequence[Joint], settings: ServoSettings
) -> tuple[ServoSetup, ...]:
    """Read every servo, write what differs where torque is off, read back what was written."""
    ids = [joint.servo_id for joint in joints]
    # Another program may have told the servos not to answer.
    bus.write_all(reg.STATUS_RETURN_LEVEL, dict.fromkeys(ids, reg.STATUS_RETURN_LEVEL.initial))
    tables = _read_tables(bus, ids)
    changed: dict[int, tuple[str, ...]] = {}
    for joint in joints:
        table = tables.get(joint.servo_id)
        if table is None or table[reg.TORQUE_ENABLE.name]:
            continue
        different = [
            (register, value)
            for register, value in wanted_eeprom(joint, settings)
            if table[register.name] != value
        ]
        for register, value in different:
            bus.write(joint.servo_id, register, value)
        if different:
            changed[joint.servo_id] = tuple(register.name for register, _ in different)
    tables |= _read_tables(bus, list(changed))
    return tuple(_judge(joint, tables, changed, settings) for joint in joints)


def _read_tables(bus: ServoBus, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """EEPROM, torque and error of the servos that answered every question."""
    tables: dict[int, dict[str, int]] = {servo_id: {} for servo_id in ids}
    for address, length in _SPANS:
        readings = bus.sync_read(address, length, list(tables)) if tables else {}
        for servo_id in list(tables):
            reading = readings.get(servo_id)
            if reading is None or not reading.data:
                del tables[servo_id]
                continue
            for register in reg.REGISTERS:
                if address <= register.address and register.end <= address + length:
                    start = register.address - address
                    tables[servo_id][register.name] = register.decode(
                        reading.data[start : start + register.size]
                    )
    return tables


def _judge(
    joint: Joint,
    tables: dict[int, dict[str, int]],
    changed: dict[int, tuple[str, ...]],
    settings: ServoSettings,
) -> ServoSetup:
    table = tables.get(joint.servo_id)
    if table is None:
        return ServoSetup(joint, answered=False)
    differing = tuple(
        f"{register.name} {table[register.name]} (wants {value})"
        for register, value in wanted_eeprom(joint, settings)
        if table[register.name] != value
    )
    return ServoSetup(
        joint=joint,
        answered=True,
        model_number=table[reg.MODEL_NUMBER.name],
        firmware=table[reg.FIRMWARE_VERSION.name],
        torque_on=bool(table[reg.TORQUE_ENABLE.name]),
        hardware_error=table[reg.HARDWARE_ERROR_STATUS.name],
        written=changed.get(joint.servo_id, ()),
        differing=differing,
    )
