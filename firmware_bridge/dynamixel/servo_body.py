"""The robot over its servo port: nine servos, and whatever sensors are passed in.

One tick is one sync read of 126..146 for all nine, one small read of one servo's health (64..119,
in turn, a servo with a new alert first) and one sync write of the goals. Torque goes on only onto
a goal that is the present pose; after every gap (a lost port, a tripped bus watchdog, a servo
that was silent) the first goal is the present pose again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from firmware_bridge.body import BodyError, Check
from firmware_bridge.clock import Clock
from firmware_bridge.command import JointTargets
from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.bus import ServoBus
from firmware_bridge.dynamixel.configuration import ServoSetup, set_up
from firmware_bridge.dynamixel.inspection import inspect
from firmware_bridge.dynamixel.parking import park
from firmware_bridge.dynamixel.port import PortError
from firmware_bridge.dynamixel.servo_group import ServoGroup
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import JOINTS, raw_to_rad
from firmware_bridge.kinematics import NEUTRAL, command_of_joints
from firmware_bridge.senses import (
    BodySense,
    CameraSense,
    DoaSense,
    HeadSense,
    ImuSense,
    JointsSense,
)
from firmware_bridge.sensors.reader import PoseHistory, SenseReader

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
        self._clock = clock
        self._sensors = sensors or Sensors()
        self._poses = poses or PoseHistory()
        self._servos = ServoGroup(settings, clock)
        self._setup: tuple[ServoSetup, ...] = ()
        self._seq = 0
        self._t_ns = clock.mono_ns()
        self._interval_ns = 0
        self._retry_ns = 0
        self._head = NEUTRAL

    @property
    def clock(self) -> Clock:
        """The clock that this body lives by."""
        return self._clock

    @property
    def io_ns(self) -> int:
        """Time that all calls so far spent waiting for the port, ns."""
        return self.bus.port.io_ns

    @property
    def bus(self) -> ServoBus:
        """The bus, for its counters."""
        return self._servos.bus

    def open(self) -> None:
        """Take the port, find the servos, put their EEPROM right. Raises ``BodyError``."""
        try:
            self.bus.port.open()
        except PortError as error:
            raise BodyError(str(error)) from error
        self._setup = set_up(self.bus, JOINTS, self._settings)
        latched = [s.joint.servo_id for s in self._setup if _is_shut_down(s)]
        if latched:
            self._servos.reboot(latched)
            self._setup = set_up(self.bus, JOINTS, self._settings)
        if not any(servo.answered for servo in self._setup):
            self.bus.port.close()
            raise BodyError(
                f"no servo answers on {self._settings.port} at {self._settings.baud_rate} baud; "
                "is the robot switched on, and is it the right port?"
            )
        for state, setup in zip(self._servos.states, self._setup, strict=True):
            state.torque_on, state.error_bits = setup.torque_on, setup.hardware_error
        for reader in self._sensors.all():
            reader.start()
        self._t_ns = self._clock.mono_ns()
        self._servos.read_telemetry(self._t_ns)

    def checks(self) -> tuple[Check, ...]:
        """Every pre-arm check, without motion."""
        problems = tuple(reader.problem() for reader in self._sensors.all())
        return inspect(self._settings, self._setup, self._servos.states, problems)

    def sense(self) -> BodySense:
        """Read every stream once; at most some 20 ms, also when the port is gone."""
        now_ns = self._clock.mono_ns()
        spacing_ns = now_ns - self._t_ns
        weight = _INTERVAL_WEIGHT if self._interval_ns else 1.0
        self._interval_ns += round((spacing_ns - self._interval_ns) * weight)
        self._t_ns = now_ns
        self._seq += 1
        if self.bus.port.lost:
            self._reconnect(now_ns)
        self._servos.read(now_ns)
        head = self._read_head()
        self._poses.record(now_ns, head, self._servos.states[0].sense().position_rad)
        return self._body_sense(now_ns, head)

    def act(self, targets: JointTargets) -> JointTargets | None:
        """Write the targets, pinned to the present pose where that is due."""
        return self._servos.drive(targets)

    def park(self) -> None:
        """Slowly to the rest pose, then torque off; best effort, never raises."""
        if not self.bus.port.lost:
            park(self.bus, self._clock, self._settings)
            self._servos.forget_torque()

    def close(self) -> None:
        """Let go of the port and the sensors. Torque is left as it is."""
        for reader in self._sensors.all():
            reader.stop()
        self.bus.port.close()

    def _reconnect(self, now_ns: int) -> None:
        if now_ns < self._retry_ns:
            return
        self._retry_ns = now_ns + round(self._settings.retry_s * 1e9)
        with suppress(PortError):
            self.bus.port.open()

    def _read_head(self) -> HeadSense:
        reading = command_of_joints(
            tuple(raw_to_rad(state.position_raw) for state in self._servos.states), self._head
        )
        self._head = reading.relative
        return reading.head

    def _body_sense(self, now_ns: int, head: HeadSense) -> BodySense:
        imu, doa, camera = self._sensors.imu, self._sensors.doa, self._sensors.camera
        states, newest_ns = self._servos.states, self._servos.newest_ns
        joints = JointsSense(
            t_mono_ns=newest_ns,
            interval_ns=max(self._interval_ns, now_ns - newest_ns),
            valid=all(now_ns - state.t_ns <= self._servos.silent_after_ns for state in states),
            joints=tuple(state.sense() for state in states),
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
            fault_bits=self._servos.faults(now_ns),
        )


def _is_shut_down(setup: ServoSetup) -> bool:
    mask = reg.HardwareError(setup.hardware_error) & ~reg.HardwareError.INPUT_VOLTAGE
    return setup.answered and bool(mask) and not setup.torque_on
