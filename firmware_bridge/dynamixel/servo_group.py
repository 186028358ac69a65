"""Nine servos driven as one: read in one packet, armed onto the present pose, pinned after a gap.

A gap is anything after which the servos may stand elsewhere than the host thinks: a port that was
lost, a bus watchdog that tripped, a servo that was silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Final

from firmware_bridge.clock import Clock
from firmware_bridge.command import JointTargets
from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.bus import ServoBus
from firmware_bridge.dynamixel.configuration import SHUTDOWN_MASK
from firmware_bridge.dynamixel.servo_state import HEALTH, TELEMETRY, ServoState
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import JOINTS, rad_to_raw, raw_to_rad
from firmware_bridge.senses import Fault

PIN_DURATION_MS: Final = 1000
"""Profile of the first goal after torque-on: it stands there already, so it may take its time."""
REBOOT_NS: Final = 400_000_000
"""A rebooted servo is given so long to answer again."""
REBOOT_AGAIN_NS: Final = 2_000_000_000
"""What a reboot did not cure within this time is not cured by arming either."""
WATCHDOG_MARGIN_NS: Final = 40_000_000
"""A silence so much shorter than the bus watchdog's is already taken for a tripped one."""


class ServoGroup:
    """The servos of the joint table on one bus, and what was last written to them."""

    def __init__(self, settings: ServoSettings, clock: Clock) -> None:
        """Opens nothing."""
        self.ids = tuple(joint.servo_id for joint in JOINTS)
        self.bus = ServoBus(
            settings.port, self.ids, settings.baud_rate, settings.answer_slack_ns, clock
        )
        self.states = tuple(ServoState(joint) for joint in JOINTS)
        self.silent_after_ns = round(settings.silent_after_s * 1e9)
        self._settings = settings
        self._clock = clock
        self._turn = 0
        self._rebooted_ns = -REBOOT_AGAIN_NS
        self._armed = False
        self._pin_all = True
        self._pin: set[int] = set()
        self._duration_ms = 0

    @property
    def newest_ns(self) -> int:
        """When a servo last answered; 0: none ever did."""
        return max(state.t_ns for state in self.states)

    def read(self, now_ns: int) -> None:
        """Telemetry of all and health of one. After a gap the next goal will be the pose."""
        quiet_ns = now_ns - self.bus.port.last_sent_ns
        if quiet_ns > self._settings.watchdog_s * 1e9 - WATCHDOG_MARGIN_NS:
            self._pin_all = True
        if not self.bus.port.lost:
            self.read_telemetry(now_ns)
            self._read_health()
        if self.bus.port.lost:
            self._lose()

    def drive(self, targets: JointTargets) -> JointTargets | None:
        """Write the targets, pinned to the present pose where that is due; what was written."""
        if self.bus.port.lost or not any(state.answered for state in self.states):
            return None
        if not targets.torque_enabled:
            return self._let_go(targets)
        if not self._armed and self._restarting():
            return None
        if not self._armed or self._pin_all:
            return self._arm(targets)
        raw = [self._goal(index, target) for index, target in enumerate(targets.position_rad)]
        return self._write_goals(raw, round(targets.duration_s * 1e3), targets)

    def forget_torque(self) -> None:
        """Somebody else switched torque off: the next goal arms again."""
        self._armed = False

    def faults(self, now_ns: int) -> Fault:
        """What is wrong with the servos and their bus."""
        if self.bus.port.lost or now_ns - self.newest_ns > self.silent_after_ns:
            return Fault.BUS_LOST
        faults = Fault.NONE
        for state in self.states:
            own = state.faults(now_ns, self.silent_after_ns, self._settings.voltage_low_v)
            if own:
                faults |= own
            if self._armed and not self._pin_all and not state.torque_on:
                faults |= Fault.TORQUE_LOST
        return faults

    def read_telemetry(self, now_ns: int) -> None:
        """Registers 126..146 of all servos."""
        readings = self.bus.sync_read(*TELEMETRY, self.ids)
        for index, state in enumerate(self.states):
            reading = readings.get(state.joint.servo_id)
            if reading is not None and now_ns - state.t_ns > self.silent_after_ns:
                self._pin.add(index)
                state.goal_raw = None
            state.take_telemetry(reading, now_ns)

    def reboot(self, servo_ids: Iterable[int]) -> None:
        """Restart servos that shut themselves down; their torque is off already."""
        waiting = set(servo_ids)
        for servo_id in waiting:
            self.bus.reboot(servo_id)
        deadline_ns = self._clock.mono_ns() + REBOOT_NS
        while waiting and self._clock.mono_ns() < deadline_ns:
            self._clock.sleep_until_ns(self._clock.mono_ns() + REBOOT_NS // 10)
            waiting = {s for s in waiting if self.bus.ping(s) is None}

    def _restarting(self) -> bool:
        """True while servos that shut themselves down are restarted, which arming asks for."""
        now_ns = self._clock.mono_ns()
        since_ns = now_ns - self._rebooted_ns
        if since_ns < REBOOT_NS:
            return not all(state.answered for state in self.states) or since_ns < REBOOT_NS // 4
        latched = [
            state.joint.servo_id
            for state in self.states
            if state.answered and state.error_bits & SHUTDOWN_MASK
        ]
        if not latched or since_ns < REBOOT_AGAIN_NS:
            return False
        for servo_id in latched:
            self.bus.reboot(servo_id)
        self._rebooted_ns = now_ns
        return True

    def _read_health(self) -> None:
        """One servo a tick: first one with a new alert, else the next in turn that answers."""
        answering = [index for index, state in enumerate(self.states) if state.answered]
        if not answering:
            return
        alerts = [index for index in answering if self.states[index].alert]
        if alerts:
            index = alerts[0]
        else:
            index = next((i for i in answering if i > self._turn), answering[0])
            self._turn = index
        state = self.states[index]
        reading = self.bus.read(state.joint.servo_id, *HEALTH)
        if reading is not None:
            state.take_health(reading, self._duration_ms)
            self._pin_all = self._pin_all or (self._armed and state.tripped)

    def _lose(self) -> None:
        self._pin_all = True
        for state in self.states:
            state.answered = False
            state.goal_raw = None

    def _let_go(self, targets: JointTargets) -> JointTargets | None:
        if not self._armed and not any(state.torque_on for state in self.states):
            return None
        zeros = dict.fromkeys(self.ids, 0)
        self.bus.write_all(reg.TORQUE_ENABLE, zeros)
        self.bus.write_all(reg.BUS_WATCHDOG, zeros)
        self._armed = False
        for state in self.states:
            state.torque_on = False
            state.goal_raw = None
        measured = tuple(raw_to_rad(state.position_raw) for state in self.states)
        return JointTargets(measured, torque_enabled=False, duration_s=targets.duration_s)

    def _arm(self, targets: JointTargets) -> JointTargets | None:
        """Settings, present pose as goal, torque on, watchdog.

        After a gap the servos may have restarted meanwhile: torque goes on again when none of
        them holds; a single one that let go is a fault, and its torque is left off.
        """
        fresh = {state.joint.servo_id: state for state in self.states if state.answered}
        joints = {servo_id: state.joint for servo_id, state in fresh.items()}
        if self._armed:
            self._read_all_health(fresh)
        switch_on = not self._armed or not any(state.torque_on for state in fresh.values())
        self.bus.write_all(reg.BUS_WATCHDOG, dict.fromkeys(fresh, 0))
        self.bus.sync_write(
            reg.POSITION_D_GAIN.address,
            {
                servo_id: reg.POSITION_D_GAIN.encode(joint.d_gain)
                + reg.POSITION_I_GAIN.encode(joint.i_gain)
                + reg.POSITION_P_GAIN.encode(joint.p_gain)
                for servo_id, joint in joints.items()
            },
        )
        raw = [state.pinned_raw() for state in self.states]
        for state in fresh.values():
            state.goal_raw = None
        self.bus.write_all(reg.PROFILE_ACCELERATION, dict.fromkeys(fresh, 0))
        sent = self._write_goals(raw, PIN_DURATION_MS, targets)
        if switch_on:
            self.bus.write_all(reg.TORQUE_ENABLE, dict.fromkeys(fresh, 1))
        self.bus.write_all(reg.BUS_WATCHDOG, dict.fromkeys(fresh, self._settings.watchdog_periods))
        if switch_on:
            self._read_all_health(fresh)
        self._armed = True
        self._pin_all = False
        return sent

    def _read_all_health(self, states: Mapping[int, ServoState]) -> None:
        for servo_id, reading in self.bus.sync_read(*HEALTH, states).items():
            states[servo_id].take_health(reading, self._duration_ms)

    def _goal(self, index: int, target_rad: float) -> int:
        """The target in pulses; the present position where the servo must be met first."""
        state = self.states[index]
        if index in self._pin or not isfinite(target_rad):
            return state.pinned_raw()
        return min(max(rad_to_raw(target_rad), state.joint.min_raw), state.joint.max_raw)

    def _write_goals(
        self, raw: list[int], duration_ms: int, targets: JointTargets
    ) -> JointTargets | None:
        """One sync write: goals, and the profile's duration with them when it changed."""
        data = {
            state.joint.servo_id: reg.GOAL_POSITION.encode(goal)
            for state, goal in zip(self.states, raw, strict=True)
            if state.t_ns  # a servo that was never met is told nothing
        }
        register = reg.GOAL_POSITION
        if duration_ms != self._duration_ms or self._pin or self._pin_all:
            register = reg.PROFILE_VELOCITY
            profile = register.encode(min(max(duration_ms, 0), register.upper))
            data = {servo_id: profile + goal for servo_id, goal in data.items()}
        if not self.bus.sync_write(register.address, data):
            return None
        self._duration_ms = duration_ms
        self._pin.clear()
        for state, goal in zip(self.states, raw, strict=True):
            state.goal_raw = goal
        return JointTargets(
            tuple(raw_to_rad(goal) for goal in raw),
            torque_enabled=True,
            duration_s=targets.duration_s,
        )
