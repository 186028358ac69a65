"""What the driver knows of one servo, and what that amounts to as faults."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.bus import Reading
from firmware_bridge.dynamixel.registers import HardwareError
from firmware_bridge.joints import COUNTS_PER_TURN, PI, Joint, raw_to_rad
from firmware_bridge.senses import Fault, JointSense

TELEMETRY: Final = (reg.PRESENT_CURRENT.address, 21)
"""Registers 126..146: one read for all that changes."""
HEALTH: Final = (reg.TORQUE_ENABLE.address, reg.GOAL_POSITION.end - reg.TORQUE_ENABLE.address)
"""Registers 64..119: torque, hardware error, gains, watchdog, profile and goal of one servo."""
WATCHDOG_TRIPPED: Final = -1
WARM_MARGIN_C: Final = 10.0
TEMPERATURE_LIMIT_C: Final = float(reg.TEMPERATURE_LIMIT.initial)
VELOCITY_UNIT_RAD_S: Final = 0.229 * 2.0 * PI / 60.0
TURN_MARGIN: Final = COUNTS_PER_TURN // 8
"""A limp shaft may swing so far beyond a turn and is still reported as it is."""
_TELEMETRY_FORMAT: Final = struct.Struct("<hiiiiHB")
_MEASURED: Final = {
    HardwareError.OVERLOAD: Fault.SERVO_OVERLOAD,
    HardwareError.OVERHEATING: Fault.SERVO_OVERHEAT,
    HardwareError.SHOCK: Fault.SERVO_SHOCK,
    HardwareError.ENCODER: Fault.SERVO_ENCODER,
}


@dataclass(slots=True)
class ServoState:
    """The last that is known of one servo; ``t_ns`` 0 when it never answered."""

    joint: Joint
    t_ns: int = 0
    answered: bool = False
    position_raw: int = 2048
    velocity_raw: int = 0
    current_ma: int = 0
    voltage_dv: int = 0
    temperature_c: int = 0
    error_bits: int = 0
    torque_on: bool = False
    tripped: bool = False
    refused: bool = False
    """Something written did not read back."""
    alert: bool = False
    """The last answer said that the error register is worth reading, and it was not read since."""
    goal_raw: int | None = None
    """The last goal written, None since the servo may have forgotten it."""

    def take_telemetry(self, reading: Reading | None, now_ns: int) -> None:
        """Registers 126..146, or that there was no answer."""
        self.answered = reading is not None and bool(reading.data)
        if reading is None or not reading.data:
            return
        self.t_ns = now_ns
        current, velocity, position, _, _, voltage, temperature = _TELEMETRY_FORMAT.unpack(
            reading.data
        )
        self.current_ma, self.velocity_raw = current, velocity
        absolute = position - self.joint.homing_offset_raw
        if not -TURN_MARGIN <= absolute < COUNTS_PER_TURN + TURN_MARGIN:
            position = within_one_turn(position, self.joint.homing_offset_raw)
        self.position_raw = position
        self.voltage_dv, self.temperature_c = voltage, temperature
        self.alert = reading.alert and not self.error_bits
        if not reading.alert:
            self.error_bits = 0

    def take_health(self, reading: Reading, duration_ms: int) -> None:
        """Registers 64..119; what was written is compared when torque is on."""
        if not reading.data:
            return
        start = reg.TORQUE_ENABLE.address

        def value(register: reg.Register) -> int:
            """One register of this reading, as its unsigned or signed number."""
            return register.decode(reading.data[register.address - start : register.end - start])

        self.torque_on = bool(value(reg.TORQUE_ENABLE))
        self.error_bits = value(reg.HARDWARE_ERROR_STATUS)
        self.alert = False
        self.tripped = value(reg.BUS_WATCHDOG) == WATCHDOG_TRIPPED
        self.refused = (
            self.torque_on
            and not self.tripped
            and self.goal_raw is not None
            and (
                value(reg.GOAL_POSITION) != self.goal_raw
                or value(reg.PROFILE_VELOCITY) != duration_ms
                or value(reg.POSITION_P_GAIN) != self.joint.p_gain
                or value(reg.POSITION_I_GAIN) != self.joint.i_gain
                or value(reg.POSITION_D_GAIN) != self.joint.d_gain
            )
        )

    def sense(self) -> JointSense:
        """As the rest of the program sees it."""
        return JointSense(
            t_mono_ns=self.t_ns,
            answered=self.answered,
            position_rad=raw_to_rad(self.position_raw),
            velocity_rad_s=self.velocity_raw * VELOCITY_UNIT_RAD_S,
            t_telemetry_ns=self.t_ns,
            current_a=self.current_ma * 1e-3,
            temperature_c=float(self.temperature_c),
            voltage_v=self.voltage_dv * 0.1,
            error_bits=self.error_bits,
            torque_enabled=self.torque_on,
        )

    def faults(self, now_ns: int, silent_after_ns: int, voltage_low_v: float) -> Fault:
        """Faults of this servo alone. ``TORQUE_LOST`` is for who knows what was asked."""
        if now_ns - self.t_ns > silent_after_ns:
            return Fault.SERVO_SILENT
        faults = Fault.NONE
        if self.error_bits:
            for bit, fault in _MEASURED.items():
                if self.error_bits & bit:
                    faults |= fault
        if self.voltage_dv * 0.1 < voltage_low_v:
            faults |= Fault.VOLTAGE_LOW
        if self.temperature_c >= TEMPERATURE_LIMIT_C - WARM_MARGIN_C:
            faults |= Fault.TEMPERATURE_HIGH
        if self.refused:
            faults |= Fault.SERVO_REFUSED
        return faults

    def pinned_raw(self) -> int:
        """A goal that is the present position, within the servo's limits."""
        position = self.position_raw
        if not self.torque_on:
            position = within_one_turn(position, self.joint.homing_offset_raw)
        return min(max(position, self.joint.min_raw), self.joint.max_raw)


def within_one_turn(position_raw: int, homing_offset_raw: int) -> int:
    """The position as the servo itself reports it once torque is on in position mode."""
    return (position_raw - homing_offset_raw) % COUNTS_PER_TURN + homing_offset_raw
