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
from firmware_bridge.joints import Joint

POSITION_MODE: Final = 3
SHUTDOWN_MASK: Final = int(HardwareError.OVERHEATING | HardwareError.SHOCK | HardwareError.OVERLOAD)
"""52: voltage is no cause, since the robot's rail is above what the servo takes for its limit."""
WATCHDOG_UNIT_MS: Final = 20
_SPANS: Final = ((0, 14), (20, 8), (31, 9), (44, 12), (63, 8))
"""Address and length of what is read at start; the last one holds torque and hardware error."""


@dataclass(frozen=True, slots=True)
class ServoSettings:
    """How to reach the servos and what they shall hold."""

    port: str = "/dev/ttyAMA3"
    """Serial device; a link is followed anew at every opening."""
    baud_rate: int = 1_000_000
    answer_timeout_s: float = 0.004
    """How long an answer may be late, beyond its time on the wire."""
    watchdog_s: float = 0.5
    """The servos stop by themselves when the bus is quiet for so long; 0.1 to 2.54 s."""
    current_limit_ma: int = 1200
    """Largest motor current, mA; the robot at rest needs about 100."""
    voltage_low_v: float = 4.5
    """A supply under this is a fault, V."""
    silent_after_s: float = 0.25
    """A servo that says nothing for so long is a fault."""
    retry_s: float = 0.25
    """Time between attempts to open a lost port again."""
    park_s: float = 2.5
    """Longest ramp to the rest pose."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` naming the field that is out of range."""
        ranges = {
            "answer_timeout_s": (0.001, 0.1),
            "watchdog_s": (0.1, 2.54),
            "current_limit_ma": (100, reg.CURRENT_LIMIT.upper),
            "voltage_low_v": (3.0, 7.0),
            "silent_after_s": (0.02, 2.0),
            "retry_s": (0.05, 1.0),
            "park_s": (0.5, 10.0),
        }
        for name, (lower, upper) in ranges.items():
            if not lower <= getattr(self, name) <= upper:
                raise ValueError(
                    f"{name} must be {lower:g} to {upper:g}, not {getattr(self, name)}"
                )
        if self.baud_rate not in reg.BAUD_RATES:
            raise ValueError(f"baud_rate must be one of {reg.BAUD_RATES}, not {self.baud_rate}")

    @property
    def watchdog_periods(self) -> int:
        """Register 98."""
        return max(1, round(self.watchdog_s * 1000 / WATCHDOG_UNIT_MS))

    @property
    def answer_slack_ns(self) -> int:
        """``answer_timeout_s`` in ns."""
        return round(self.answer_timeout_s * 1e9)


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
