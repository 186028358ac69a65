"""How the simulated body reads and writes its servos' registers, and what can go wrong there."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import Final

import numpy as np

from firmware_bridge.command import JointTargets
from firmware_bridge.joints import JOINTS, rad_to_raw, raw_to_rad
from firmware_bridge.senses import Fault, JointSense, JointsSense
from firmware_bridge.sensors.reader import INTERVAL_WINDOW
from firmware_bridge.simulation.channel import (
    EXTRA_DELAY_NS,
    INTERMITTENT_LOSS,
    SLOW_FACTOR,
    Failures,
)
from firmware_bridge.simulation.servo import (
    ERROR_OVERHEATING,
    ERROR_OVERLOAD,
    ERROR_SHOCK,
    TIME_BASED_PROFILE,
    VELOCITY_UNIT_RAD_S,
    ServoBank,
)

WARM_MARGIN_C: Final = 10
LOW_VOLTAGE_V: Final = 6.0
"""Two LiFePO4 cells under load are nearly empty here."""
GARBAGE_RAD: Final = 3.0
ERROR_FAULTS: Final = (
    (ERROR_OVERHEATING, Fault.SERVO_OVERHEAT),
    (ERROR_SHOCK, Fault.SERVO_SHOCK),
    (ERROR_OVERLOAD, Fault.SERVO_OVERLOAD),
)


class ServoPort:
    """Registers in, records out. A silent servo keeps its last values, a lost bus all of them."""

    def __init__(
        self, servos: ServoBank, failures: Failures, generator: np.random.Generator
    ) -> None:
        self._servos = servos
        self._failures = failures
        self._generator = generator
        self._last: tuple[JointSense, ...] | None = None
        self._past: deque[JointsSense] = deque(maxlen=INTERVAL_WINDOW)
        self._times: deque[int] = deque(maxlen=INTERVAL_WINDOW)
        self._reads = 0
        self._told_torque = False
        self._refused = False
        self._bus_lost = False

    def set_up(self) -> None:
        """Write what the robot ships with: time-based profiles and gains. Torque stays off."""
        self._servos.drive_mode[:] = TIME_BASED_PROFILE
        self._servos.position_p_gain[:] = [joint.p_gain for joint in JOINTS]
        self._servos.position_i_gain[:] = [joint.i_gain for joint in JOINTS]
        self._servos.position_d_gain[:] = [joint.d_gain for joint in JOINTS]

    def read(self, now_ns: int) -> JointsSense | None:
        """All nine servos, or the last reading with its old time when the bus gives none."""
        self._reads += 1
        kind = self._failures.of("joints")
        self._bus_lost = (
            kind == "off"
            or (kind == "slow" and self._reads % SLOW_FACTOR != 0)
            or (kind == "intermittent" and self._generator.random() < INTERMITTENT_LOSS)
        )
        if self._bus_lost:
            return self._unanswered(now_ns)
        joints = self._registers(now_ns)
        if kind == "stuck" and self._last is not None:
            joints = tuple(replace(joint, t_mono_ns=now_ns) for joint in self._last)
        elif kind == "garbage":
            wild = self._generator.uniform(-GARBAGE_RAD, GARBAGE_RAD, len(JOINTS)).tolist()
            joints = tuple(
                replace(j, position_rad=value) for j, value in zip(joints, wild, strict=True)
            )
        self._last = joints
        self._times.append(now_ns)
        gaps = max(1, len(self._times) - 1)
        spacing_ns = (self._times[-1] - self._times[0]) // gaps
        valid = kind != "garbage" and all(joint.answered for joint in joints)
        self._past.append(JointsSense(now_ns, spacing_ns, valid, joints))
        return self._delayed(now_ns) if kind == "delayed" else self._past[-1]

    def _unanswered(self, now_ns: int) -> JointsSense | None:
        if not self._past:
            return None
        last = self._past[-1]
        joints = tuple(replace(joint, answered=False) for joint in last.joints)
        return replace(
            last, joints=joints, interval_ns=max(last.interval_ns, now_ns - last.t_mono_ns)
        )

    def _delayed(self, now_ns: int) -> JointsSense:
        old = [sense for sense in self._past if now_ns - sense.t_mono_ns >= EXTRA_DELAY_NS]
        return old[-1] if old else self._past[0]

    def _registers(self, now_ns: int) -> tuple[JointSense, ...]:
        servos = self._servos
        rows = zip(
            servos.silent.tolist(),
            servos.present_position.tolist(),
            servos.present_velocity.tolist(),
            servos.present_current.tolist(),
            servos.present_temperature.tolist(),
            servos.present_voltage.tolist(),
            servos.hardware_error.tolist(),
            servos.torque_enable.tolist(),
            strict=True,
        )
        read = []
        for index, (silent, position, velocity, current, heat, voltage, error, on) in enumerate(
            rows
        ):
            if silent and self._last is not None:
                read.append(replace(self._last[index], answered=False))
                continue
            read.append(
                JointSense(
                    t_mono_ns=now_ns,
                    answered=not silent,
                    position_rad=raw_to_rad(position),
                    velocity_rad_s=velocity * VELOCITY_UNIT_RAD_S,
                    t_telemetry_ns=now_ns,
                    current_a=current * 1e-3,
                    temperature_c=float(heat),
                    voltage_v=voltage * 0.1,
                    error_bits=error,
                    torque_enabled=bool(on),
                )
            )
        return tuple(read)

    def faults(self) -> Fault:
        """What the last reading and the last writing amount to."""
        found = Fault.SERVO_REFUSED if self._refused else Fault.NONE
        if self._bus_lost or self._last is None:
            return found | Fault.BUS_LOST
        for index, joint in enumerate(self._last):
            if not joint.answered:
                found |= Fault.SERVO_SILENT
                continue
            for bit, fault in ERROR_FAULTS:
                if joint.error_bits & bit:
                    found |= fault
            if self._told_torque and not joint.torque_enabled:
                found |= Fault.TORQUE_LOST
            if joint.temperature_c >= self._servos.temperature_limit[index] - WARM_MARGIN_C:
                found |= Fault.TEMPERATURE_HIGH
            if joint.voltage_v < LOW_VOLTAGE_V:
                found |= Fault.VOLTAGE_LOW
        return found

    def write(self, targets: JointTargets) -> JointTargets | None:
        """Goals, duration and torque to every servo that hears; None when the bus is lost.

        A goal outside a servo's own limits is refused, as the servo does; it keeps its old one.
        Torque goes on after the goals, and only when it was not asked for before: a servo that
        has lost its torque keeps without until it is told anew.
        """
        servos = self._servos
        if self._failures.of("joints") == "off":
            return None
        hears = ~servos.silent
        self._refused = False
        goals = []
        for index, wanted in enumerate(targets.position_rad):
            raw = rad_to_raw(wanted) if math.isfinite(wanted) else -1
            if not servos.min_position[index] <= raw <= servos.max_position[index]:
                self._refused = True
                raw = int(servos.goal_position[index])
            goals.append(raw)
        servos.goal_position[hears] = np.array(goals, dtype=np.int64)[hears]
        servos.profile_velocity[hears] = max(0, round(targets.duration_s * 1e3))
        servos.profile_acceleration[hears] = 0
        if targets.torque_enabled and not self._told_torque:
            servos.torque_enable[hears & ((servos.hardware_error & servos.shutdown) == 0)] = 1
        elif not targets.torque_enabled:
            servos.torque_enable[hears] = 0
        self._told_torque = targets.torque_enabled
        written = tuple(raw_to_rad(goal) for goal in goals)
        return JointTargets(written, targets.torque_enabled, targets.duration_s)
