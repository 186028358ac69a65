"""The robot over its servo port: nine servos, and whatever sensors are passed in.

One tick is one sync read of 126..146 for all nine, one small read of one servo's health (64..119,
in turn, a servo with a new alert first) and one sync write of the goals. Torque goes on only onto
a goal that is the present pose; after every gap (a lost port, a tripped bus watchdog, a servo
that was silent) the first goal is the present pose again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from firmware_bridge.body import BodyError, Check
from firmware_bridge.clock import Clock
from firmware_bridge.command import JointTargets
from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.bus import ServoBus
from firmware_bridge.dynamixel.configuration import SHUTDOWN_MASK, ServoSetup, set_up
from firmware_bridge.dynamixel.inspection import inspect
from firmware_bridge.dynamixel.parking import park
from firmware_bridge.dynamixel.port import PortError
from firmware_bridge.dynamixel.servo_state import HEALTH, TELEMETRY, ServoState
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import JOINTS, rad_to_raw, raw_to_rad
from firmware_bridge.kinematics import NEUTRAL, command_of_joints
from firmware_bridge.senses import (
    BodySense,
    CameraSense,
    DoaSense,
    Fault,
    HeadSense,
    ImuSense,
    JointsSense,
)
from firmware_bridge.sensors.reader import PoseHistory, SenseReader

PIN_DURATION_MS: Final = 1000
"""Profile of the first goal after torque-on: it stands there already, so it may take its time."""
REBOOT_NS: Final = 400_000_000
"""A rebooted servo is given so long to answer again."""
REBOOT_AGAIN_NS: Final = 2_000_000_000
"""What a reboot did not cure within this time is not cured by arming either."""
WATCHDOG_MARGIN_NS: Final = 40_000_000
"""A silence so much shorter than the bus watchdog's is already taken for a tripped one."""
_INTERVAL_WEIGHT: Final = 0.1
"""Weight of the newest tick in the mean spacing of the ticks."""


@dataclass(frozen=True, slots=True)
class Sensors:
    """The readers that the robot has; None: it has no such sensor."""

    imu: SenseReader[ImuSense] | None = None
    doa: SenseReader[DoaSense] | None = None
    camera: SenseReader[CameraSense] | None = None

    def all(self) -> tuple[SenseReader[object], ...]:
        """Those that are there."""
        return tuple(reader for reader in (self.imu, self.doa, self.camera) if reader is not None)


class ServoBody:
    """``firmware_bridge.body.Body`` over Dynamixel servos."""

    def __init__(
        self,
        settings: ServoSettings,
        clock: Clock,
        sensors: Sensors | None = None,
        poses: PoseHistory | None = None,
    ) -> None:
        """``poses`` is the history that the sensors ask for the head's pose. Opens nothing."""
        self._settings = settings
        self._silent_after_ns = round(settings.silent_after_s * 1e9)
        self._clock = clock
        self._sensors = sensors or Sensors()
        self._poses = poses or PoseHistory()
        self._ids = tuple(joint.servo_id for joint in JOINTS)
        self._bus = ServoBus(
            settings.port, self._ids, settings.baud_rate, settings.answer_slack_ns, clock
        )
        self._states = tuple(ServoState(joint) for joint in JOINTS)
        self._setup: tuple[ServoSetup, ...] = ()
        self._seq = 0
        self._t_ns = clock.mono_ns()
        self._interval_ns = 0
        self._retry_ns = 0
        self._turn = 0
        self._rebooted_ns = -REBOOT_AGAIN_NS
        self._armed = False
        self._pin_all = True
        self._pin: set[int] = set()
        self._duration_ms = 0
        self._head = NEUTRAL

    @property
    def clock(self) -> Clock:
        """The clock that this body lives by."""
        return self._clock

    @property
    def io_ns(self) -> int:
        """Time that all calls so far spent waiting for the port, ns."""
        return self._bus.port.io_ns

    @property
    def bus(self) -> ServoBus:
        """The bus, for its counters."""
        return self._bus

    def open(self) -> None:
        """Take the port, find the servos, put their EEPROM right. Raises ``BodyError``."""
        try:
            self._bus.port.open()
        except PortError as error:
            raise BodyError(str(error)) from error
        self._setup = set_up(self._bus, JOINTS, self._settings)
        latched = [s.joint.servo_id for s in self._setup if _is_shut_down(s)]
        if latched:
            self._reboot(latched)
            self._setup = set_up(self._bus, JOINTS, self._settings)
        if not any(servo.answered for servo in self._setup):
            self._bus.port.close()
            raise BodyError(
                f"no servo answers on {self._settings.port} at {self._settings.baud_rate} baud; "
                "is the robot switched on, and is it the right port?"
            )
        for state, setup in zip(self._states, self._setup, strict=True):
            state.torque_on, state.error_bits = setup.torque_on, setup.hardware_error
        for reader in self._sensors.all():
            reader.start()
        self._t_ns = self._clock.mono_ns()
        self._read_telemetry()

    def checks(self) -> tuple[Check, ...]:
        """Every pre-arm check, without motion."""
        problems = tuple(reader.problem() for reader in self._sensors.all())
        return inspect(self._settings, self._setup, self._states, problems)

    def sense(self) -> BodySense:
        """Read every stream once; at most some 20 ms, also when the port is gone."""
        now_ns = self._clock.mono_ns()
        spacing_ns = now_ns - self._t_ns
        weight = _INTERVAL_WEIGHT if self._interval_ns else 1.0
        self._interval_ns += round((spacing_ns - self._interval_ns) * weight)
        self._t_ns = now_ns
        self._seq += 1
        quiet_ns = now_ns - self._bus.port.last_sent_ns
        if quiet_ns > self._settings.watchdog_s * 1e9 - WATCHDOG_MARGIN_NS:
            self._pin_all = True
        if self._bus.port.lost:
            self._reconnect(now_ns)
        if not self._bus.port.lost:
            self._read_telemetry()
            self._read_health()
        if self._bus.port.lost:
            self._lose()
        head = self._read_head()
        self._poses.record(now_ns, head, self._states[0].sense().position_rad)
        return self._body_sense(now_ns, head)

    def act(self, targets: JointTargets) -> JointTargets | None:
        """Write the targets, pinned to the present pose where that is due."""
        if self._bus.port.lost or not any(state.answered for state in self._states):
            return None
        if not targets.torque_enabled:
            return self._let_go(targets)
        if not self._armed and self._restarting():
            return None
        if not self._armed or self._pin_all:
            return self._arm(targets)
        raw = [self._goal(index, target) for index, target in enumerate(targets.position_rad)]
        return self._write_goals(raw, round(targets.duration_s * 1e3), targets)

    def park(self) -> None:
        """Slowly to the rest pose, then torque off; best effort, never raises."""
        if not self._bus.port.lost:
            park(self._bus, self._clock, self._settings)
            self._armed = False

    def close(self) -> None:
        """Let go of the port and the sensors. Torque is left as it is."""
        for reader in self._sensors.all():
            reader.stop()
        self._bus.port.close()

    def _reboot(self, servo_ids: Iterable[int]) -> None:
        """Restart servos that shut themselves down; their torque is off already."""
        waiting = set(servo_ids)
        for servo_id in waiting:
            self._bus.reboot(servo_id)
        deadline_ns = self._clock.mono_ns() + REBOOT_NS
        while waiting and self._clock.mono_ns() < deadline_ns:
            self._clock.sleep_until_ns(self._clock.mono_ns() + REBOOT_NS // 10)
            waiting = {s for s in waiting if self._bus.ping(s) is None}

    def _restarting(self) -> bool:
        """True while servos that shut themselves down are restarted, which arming asks for."""
        now_ns = self._clock.mono_ns()
        since_ns = now_ns - self._rebooted_ns
        if since_ns < REBOOT_NS:
            return not all(state.answered for state in self._states) or since_ns < REBOOT_NS // 4
        latched = [
            state.joint.servo_id
            for state in self._states
            if state.answered and state.error_bits & SHUTDOWN_MASK
        ]
        if not latched or since_ns < REBOOT_AGAIN_NS:
            return False
        for servo_id in latched:
            self._bus.reboot(servo_id)
        self._rebooted_ns = now_ns
        return True

    def _read_telemetry(self) -> None:
        readings = self._bus.sync_read(*TELEMETRY, self._ids)
        for index, state in enumerate(self._states):
            reading = readings.get(state.joint.servo_id)
            if reading is not None and self._t_ns - state.t_ns > self._silent_after_ns:
                self._pin.add(index)
                state.goal_raw = None
            state.take_telemetry(reading, self._t_ns)

    def _read_health(self) -> None:
        """One servo a tick: first one with a new alert, else the next in turn that answers."""
        answering = [index for index, state in enumerate(self._states) if state.answered]
        if not answering:
            return
        alerts = [index for index in answering if self._states[index].alert]
        if alerts:
            index = alerts[0]
        else:
            index = next((i for i in answering if i > self._turn), answering[0])
            self._turn = index
        state = self._states[index]
        reading = self._bus.read(state.joint.servo_id, *HEALTH)
        if reading is not None:
            state.take_health(reading, self._duration_ms)
            self._pin_all = self._pin_all or (self._armed and state.tripped)

    def _reconnect(self, now_ns: int) -> None:
        if now_ns < self._retry_ns:
            return
        self._retry_ns = now_ns + round(self._settings.retry_s * 1e9)
        try:
            self._bus.port.open()
        except PortError:
            return
        self._pin_all = True

    def _lose(self) -> None:
        self._pin_all = True
        for state in self._states:
            state.answered = False
            state.goal_raw = None

    def _read_head(self) -> HeadSense:
        reading = command_of_joints(
            tuple(raw_to_rad(state.position_raw) for state in self._states), self._head
        )
        self._head = reading.relative
        return reading.head

    def _body_sense(self, now_ns: int, head: HeadSense) -> BodySense:
        imu, doa, camera = self._sensors.imu, self._sensors.doa, self._sensors.camera
        newest_ns = max(state.t_ns for state in self._states)
        joints = JointsSense(
            t_mono_ns=newest_ns,
            interval_ns=max(self._interval_ns, now_ns - newest_ns),
            valid=all(now_ns - state.t_ns <= self._silent_after_ns for state in self._states),
            joints=tuple(state.sense() for state in self._states),
        )
        return BodySense(
            t_mono_ns=now_ns,
            t_wall_ns=self._clock.wall_ns(),
            seq=self._seq,
            joints=joints if newest_ns else None,
            head=head,
            imu=imu.latest(now_ns) if imu else None,
            doa=doa.latest(now_ns) if doa else None,
            camera=camera.latest(now_ns) if camera else None,
            intent=None,
            fault_bits=self._faults(now_ns, newest_ns),
        )

    def _faults(self, now_ns: int, newest_ns: int) -> Fault:
        if self._bus.port.lost or now_ns - newest_ns > self._silent_after_ns:
            return Fault.BUS_LOST
        faults = Fault.NONE
        for state in self._states:
            own = state.faults(now_ns, self._silent_after_ns, self._settings.voltage_low_v)
            if own:
                faults |= own
            if self._armed and not self._pin_all and not state.torque_on:
                faults |= Fault.TORQUE_LOST
        return faults

    def _let_go(self, targets: JointTargets) -> JointTargets | None:
        if not self._armed and not any(state.torque_on for state in self._states):
            return None
        zeros = dict.fromkeys(self._ids, 0)
        self._bus.write_all(reg.TORQUE_ENABLE, zeros)
        self._bus.write_all(reg.BUS_WATCHDOG, zeros)
        self._armed = False
        for state in self._states:
            state.torque_on = False
            state.goal_raw = None
        measured = tuple(raw_to_rad(state.position_raw) for state in self._states)
        return JointTargets(measured, torque_enabled=False, duration_s=targets.duration_s)

    def _arm(self, targets: JointTargets) -> JointTargets | None:
        """Settings, present pose as goal, torque on, watchdog.

        After a gap the servos may have restarted meanwhile: torque goes on again when none of
        them holds; a single one that let go is a fault, and its torque is left off.
        """
        fresh = {state.joint.servo_id: state for state in self._states if state.answered}
        joints = {servo_id: state.joint for servo_id, state in fresh.items()}
        if self._armed:
            self._read_all_health(fresh)
        switch_on = not self._armed or not any(state.torque_on for state in fresh.values())
        self._bus.write_all(reg.BUS_WATCHDOG, dict.fromkeys(fresh, 0))
        self._bus.sync_write(
            reg.POSITION_D_GAIN.address,
            {
                servo_id: reg.POSITION_D_GAIN.encode(joint.d_gain)
                + reg.POSITION_I_GAIN.encode(joint.i_gain)
                + reg.POSITION_P_GAIN.encode(joint.p_gain)
                for servo_id, joint in joints.items()
            },
        )
        raw = [state.pinned_raw() for state in self._states]
        for state in fresh.values():
            state.goal_raw = None
        self._bus.write_all(reg.PROFILE_ACCELERATION, dict.fromkeys(fresh, 0))
        sent = self._write_goals(raw, PIN_DURATION_MS, targets)
        if switch_on:
            self._bus.write_all(reg.TORQUE_ENABLE, dict.fromkeys(fresh, 1))
        self._bus.write_all(reg.BUS_WATCHDOG, dict.fromkeys(fresh, self._settings.watchdog_periods))
        if switch_on:
            self._read_all_health(fresh)
        self._armed = True
        self._pin_all = False
        return sent

    def _read_all_health(self, states: Mapping[int, ServoState]) -> None:
        for servo_id, reading in self._bus.sync_read(*HEALTH, states).items():
            states[servo_id].take_health(reading, self._duration_ms)

    def _goal(self, index: int, target_rad: float) -> int:
        """The target in pulses; the present position where the servo must be met first."""
        state = self._states[index]
        if index in self._pin or not isfinite(target_rad):
            return state.pinned_raw()
        return min(max(rad_to_raw(target_rad), state.joint.min_raw), state.joint.max_raw)

    def _write_goals(
        self, raw: list[int], duration_ms: int, targets: JointTargets
    ) -> JointTargets | None:
        """One sync write: goals, and the profile's duration with them when it changed."""
        data = {
            state.joint.servo_id: reg.GOAL_POSITION.encode(goal)
            for state, goal in zip(self._states, raw, strict=True)
        }
        register = reg.GOAL_POSITION
        if duration_ms != self._duration_ms or self._pin or self._pin_all:
            register = reg.PROFILE_VELOCITY
            profile = register.encode(min(max(duration_ms, 0), register.upper))
            data = {servo_id: profile + goal for servo_id, goal in data.items()}
        if not self._bus.sync_write(register.address, data):
            return None
        self._duration_ms = duration_ms
        self._pin.clear()
        for state, goal in zip(self._states, raw, strict=True):
            state.goal_raw = goal
        return JointTargets(
            tuple(raw_to_rad(goal) for goal in raw),
            torque_enabled=True,
            duration_s=targets.duration_s,
        )


def _is_shut_down(setup: ServoSetup) -> bool:
    mask = reg.HardwareError(setup.hardware_error) & ~reg.HardwareError.INPUT_VOLTAGE
    return setup.answered and bool(mask) and not setup.torque_on
