"""How the simulated body reads and writes its servos' registers, and what can go wrong there."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.command import JointTargets
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import JOINTS, rad_to_raw, raw_to_rad
from firmware_bridge.senses import Fault, JointSense, JointsSense
from firmware_bridge.sensors.reader import INTERVAL_WINDOW
from firmware_bridge.simulation.channel import (
    EXTRA_DELAY_NS,
    INTERMITTENT_LOSS,
    SLOW_FACTOR,
    Failures,
)
from firmware_bridge.simulation.servo import ServoBank
from firmware_bridge.simulation.servo_registers import (
    ERROR_INPUT_VOLTAGE,
    ERROR_OVERHEATING,
    ERROR_OVERLOAD,
    ERROR_SHOCK,
    TIME_BASED_PROFILE,
    VELOCITY_UNIT_RAD_S,
)

SETTINGS: Final = ServoSettings()
"""The real body's own: when a servo counts as silent, when a supply is low."""
SILENT_AFTER_NS: Final = round(SETTINGS.silent_after_s * 1e9)
WARM_C: Final = 60.0
"""Ten degrees under the servos' limit."""
PIN_DURATION_MS: Final = 1000
"""Profile of the first goal after torque-on: it stands there already."""
GARBAGE_RAD: Final = 3.0
ERROR_FAULTS: Final = (
    (ERROR_OVERHEATING, Fault.SERVO_OVERHEAT),
    (ERROR_SHOCK, Fault.SERVO_SHOCK),
    (ERROR_OVERLOAD, Fault.SERVO_OVERLOAD),
)


class RegisterBus:
    """Registers in, records out, with the manners of the real servo body.

    Torque goes on only onto a goal that is the present pose, and after every gap the first goal
    is the present pose again. A silent servo keeps its last values, a lost bus all of them.
    """

    def __init__(
        self, servos: ServoBank, failures: Failures, generator: np.random.Generator
    ) -> None:
        self._servos = servos
        self._failures = failures
        self._generator = generator
        self._last: list[JointSense] = []
        self._past: deque[JointsSense] = deque(maxlen=INTERVAL_WINDOW)
        self._times: deque[int] = deque(maxlen=INTERVAL_WINDOW)
        self._reads = 0
        self._now_ns = 0
        self._armed = False
        self._pin: set[int] = set()

    def set_up(self) -> None:
        """Write what the robot ships with: time-based profiles and gains. Torque stays off."""
        self._servos.drive_mode[:] = TIME_BASED_PROFILE
        self._servos.position_p_gain[:] = [joint.p_gain for joint in JOINTS]
        self._servos.position_i_gain[:] = [joint.i_gain for joint in JOINTS]
        self._servos.position_d_gain[:] = [joint.d_gain for joint in JOINTS]

    def read(self, now_ns: int) -> JointsSense | None:
        """All nine servos; None before the first answer."""
        self._now_ns = now_ns
        self._reads += 1
        kind = self._failures.of("joints")
        lost = (
            kind == "off"
            or (kind == "slow" and self._reads % SLOW_FACTOR != 0)
            or (kind == "intermittent" and self._generator.random() < INTERMITTENT_LOSS)
        )
        before = self._last
        answering = (~self._servos.silent).tolist()
        if lost and not before:
            return None
        now = self._last if lost else self._registers()
        self._last = [
            joint if answers and not lost else replace(old, answered=False)
            for joint, old, answers in zip(now, before or now, answering, strict=True)
        ]
        self._note_gaps(before)
        if not lost:
            self._times.append(now_ns)
        shown = tuple(self._last)
        if kind == "stuck" and before:
            self._last = [replace(joint, t_mono_ns=now_ns) for joint in before]
            shown = tuple(self._last)
        elif kind == "garbage":
            wild = self._generator.uniform(-GARBAGE_RAD, GARBAGE_RAD, len(JOINTS)).tolist()
            shown = tuple(replace(j, position_rad=p) for j, p in zip(shown, wild, strict=True))
        newest_ns = max(joint.t_mono_ns for joint in shown)
        gaps = max(1, len(self._times) - 1)
        spacing_ns = (self._times[-1] - self._times[0]) // gaps
        sense = JointsSense(
            t_mono_ns=newest_ns,
            interval_ns=max(spacing_ns, now_ns - newest_ns),
            valid=all(now_ns - joint.t_mono_ns <= SILENT_AFTER_NS for joint in shown),
            joints=shown,
        )
        self._past.append(sense)
        return self._delayed() if kind == "delayed" else sense

    def _note_gaps(self, before: list[JointSense]) -> None:
        """A servo that is back after a silence shall first be met where it stands."""
        for index, (old, new) in enumerate(zip(before, self._last, strict=False)):
            if new.answered and new.t_mono_ns - old.t_mono_ns > SILENT_AFTER_NS:
                self._pin.add(index)

    def _delayed(self) -> JointsSense:
        old = [s for s in self._past if self._now_ns - s.t_mono_ns >= EXTRA_DELAY_NS]
        return old[-1] if old else self._past[0]

    def _registers(self) -> list[JointSense]:
        servos, now_ns = self._servos, self._now_ns
        rows = zip(
            servos.present_position.tolist(),
            servos.present_velocity.tolist(),
            servos.present_current.tolist(),
            servos.present_temperature.tolist(),
            servos.present_voltage.tolist(),
            servos.hardware_error.tolist(),
            servos.torque_enable.tolist(),
            strict=True,
        )
        return [
            JointSense(
                t_mono_ns=now_ns,
                answered=True,
                position_rad=raw_to_rad(position),
                velocity_rad_s=velocity * VELOCITY_UNIT_RAD_S,
                t_telemetry_ns=now_ns,
                current_a=current * 1e-3,
                temperature_c=float(temperature),
                voltage_v=voltage * 0.1,
                error_bits=error,
                torque_enabled=bool(torque),
            )
            for position, velocity, current, temperature, voltage, error, torque in rows
        ]

    def faults(self) -> Fault:
        """What the last reading amounts to."""
        ages_ns = [self._now_ns - joint.t_mono_ns for joint in self._last]
        if self._failures.of("joints") == "off" or min(ages_ns, default=0) > SILENT_AFTER_NS:
            return Fault.BUS_LOST
        found = Fault.NONE
        for joint, age_ns in zip(self._last, ages_ns, strict=True):
            if age_ns > SILENT_AFTER_NS:
                found |= Fault.SERVO_SILENT
                continue
            if joint.error_bits != ERROR_INPUT_VOLTAGE:
                for bit, fault in ERROR_FAULTS:
                    if joint.error_bits & bit:
                        found |= fault
            if self._armed and not joint.torque_enabled:
                found |= Fault.TORQUE_LOST
            if joint.temperature_c >= WARM_C:
                found |= Fault.TEMPERATURE_HIGH
            if joint.voltage_v < SETTINGS.voltage_low_v:
                found |= Fault.VOLTAGE_LOW
        return found

    def write(self, targets: JointTargets) -> JointTargets | None:
        """Goals, duration and torque to every servo that hears; None when nothing was written."""
        hears = ~self._servos.silent
        if self._failures.of("joints") == "off" or not hears.any():
            self._pin.update(range(len(JOINTS)))
            return None
        if not targets.torque_enabled:
            return self._let_go(targets, hears)
        if not self._armed:
            self._pin.update(range(len(JOINTS)))
        goals = [self._goal(index, wanted) for index, wanted in enumerate(targets.position_rad)]
        duration_ms = round(targets.duration_s * 1e3) if self._armed else PIN_DURATION_MS
        servos = self._servos
        servos.goal_position[hears] = np.array(goals, dtype=np.int64)[hears]
        servos.profile_velocity[hears] = max(0, duration_ms)
        servos.profile_acceleration[hears] = 0
        if not self._armed:
            servos.torque_enable[hears & ((servos.hardware_error & servos.shutdown) == 0)] = 1
        self._armed = True
        self._pin.clear()
        written = tuple(raw_to_rad(goal) for goal in goals)
        return replace(targets, position_rad=written)

    def _goal(self, index: int, wanted_rad: float) -> int:
        """The target in pulses; the present position where the servo must be met first."""
        joint = JOINTS[index]
        pinned = index in self._pin or not math.isfinite(wanted_rad)
        raw = int(self._servos.present_position[index]) if pinned else rad_to_raw(wanted_rad)
        return min(max(raw, joint.min_raw), joint.max_raw)

    def _let_go(self, targets: JointTargets, hears: NDArray[np.bool_]) -> JointTargets | None:
        servos = self._servos
        if not self._armed and not servos.torque_enable.any():
            return None
        servos.torque_enable[hears] = 0
        self._armed = False
        measured = tuple(raw_to_rad(raw) for raw in servos.present_position.tolist())
        return replace(targets, position_rad=measured)
