"""The robot through the vendor's running daemon.

Joint targets go out as joint targets: the gate has checked nine joints, and the daemon's own
inverse kinematics, which knows no servo limits, has no part in it. Between two ticks the targets
are streamed along the line between them, since the daemon writes no profiles to the servos.
Nothing here waits for the network: a thread keeps what came last.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import Final, TypeVar

from firmware_bridge.body import BodyError, Check
from firmware_bridge.clock import Clock
from firmware_bridge.command import JointTargets
from firmware_bridge.daemon.inspection import inspect
from firmware_bridge.daemon.link import DaemonLink
from firmware_bridge.daemon.messages import DaemonSettings, Goal, JointsSample
from firmware_bridge.dynamixel.parking import PEAK_TO_MEAN, SPEED_SHARE, STEP_NS
from firmware_bridge.dynamixel.servo_state import ServoState
from firmware_bridge.joints import BODY_YAW, JOINTS, REST_POSE_RAD
from firmware_bridge.kinematics import NEUTRAL, command_of_joints
from firmware_bridge.senses import (
    BodySense,
    CameraSense,
    DoaSense,
    Fault,
    HeadSense,
    JointsSense,
)
from firmware_bridge.sensors.doa import DoaSample, doa_in_base_frame
from firmware_bridge.sensors.imu import ImuSample, ImuSettings, imu_in_base_frame
from firmware_bridge.sensors.reader import PoseHistory, SenseReader

SampleT = TypeVar("SampleT", DoaSample, ImuSample)

ENABLED: Final = "enabled"
DISABLED: Final = "disabled"
OPEN_TIMEOUT_NS: Final = 3_000_000_000
POLL_NS: Final = 20_000_000
SETTLE_NS: Final = 300_000_000
"""The daemon pins its targets when it enables the motors; so long, so do we."""
REGISTERS_FRESH_NS: Final = 5_000_000_000
"""Nine servos in turn, lost answers included."""
MODE_GRACE_NS: Final = 1_500_000_000
"""The daemon tells its motor mode with some delay."""
RELEASE_NS: Final = 500_000_000


class DaemonBody:
    """``firmware_bridge.body.Body`` over the vendor's daemon."""

    def __init__(
        self,
        settings: DaemonSettings,
        clock: Clock,
        imu: ImuSettings | None = None,
        camera: SenseReader[CameraSense] | None = None,
        poses: PoseHistory | None = None,
    ) -> None:
        """``imu`` says how the chip is mounted; ``poses`` is the history that a camera asks."""
        self._settings = settings
        self._clock = clock
        self._imu = imu or ImuSettings()
        self._camera = camera
        self._poses = poses or PoseHistory()
        self._link = DaemonLink(settings, clock, self._imu.mounting_rpy_rad)
        self._silent_ns = round(settings.silent_after_s * 1e9)
        self._seq = 0
        self._head = NEUTRAL
        self._armed = False
        self._armed_ns = 0
        self._armed_connection = 0
        self._goal = Goal(0, 0, REST_POSE_RAD, REST_POSE_RAD)

    @property
    def clock(self) -> Clock:
        """The clock that this body lives by."""
        return self._clock

    @property
    def io_ns(self) -> int:
        """No call ever waits for the daemon."""
        return 0

    @property
    def link(self) -> DaemonLink:
        """The wires, for their counters."""
        return self._link

    def open(self) -> None:
        """Connect and wait for the first joint positions. Raises ``BodyError``."""
        self._link.start()
        deadline_ns = self._clock.mono_ns() + OPEN_TIMEOUT_NS
        while self._link.joints is None:
            if self._clock.mono_ns() >= deadline_ns:
                problem = self._link.problem or "it sends no joint positions: are the motors on?"
                self._link.stop()
                raise BodyError(
                    f"vendor's daemon: {problem}; start it (systemctl start reachy-mini-daemon)"
                    " or set [daemon] host and port"
                )
            self._clock.sleep_until_ns(self._clock.mono_ns() + POLL_NS)
        if self._camera is not None:
            self._camera.start()

    def checks(self) -> tuple[Check, ...]:
        """Every pre-arm check, without motion."""
        faulty = [servo.joint.name for servo in self._link.servos if self._servo_faults(servo)]
        camera = self._camera.problem() if self._camera else None
        return inspect(self._link, self._silent(self._clock.mono_ns()), faulty, camera)

    def sense(self) -> BodySense:
        """The newest of every stream. Waits for nothing."""
        now_ns = self._clock.mono_ns()
        self._seq += 1
        sample, imu, sound = self._link.joints, self._link.imu, self._link.sound
        head = self._read_head(sample)
        if sample is not None:
            self._poses.record(sample.t_mono_ns, head, sample.position_rad[BODY_YAW])
        mounted_on = self._imu.mounted_on
        return BodySense(
            t_mono_ns=now_ns,
            t_wall_ns=self._clock.wall_ns(),
            seq=self._seq,
            joints=self._joints_sense(sample, now_ns) if sample else None,
            head=head,
            imu=imu_in_base_frame(*_aged(imu, now_ns), mounted_on, self._poses) if imu else None,
            doa=self._doa_sense(*_aged(sound, now_ns)) if sound else None,
            camera=self._camera.latest(now_ns) if self._camera else None,
            intent=None,
            fault_bits=self._faults(now_ns),
        )

    def act(self, targets: JointTargets) -> JointTargets | None:
        """Hand the targets to the link; the present pose for a moment after torque-on."""
        now_ns, sample = self._clock.mono_ns(), self._link.joints
        if sample is None or self._silent(now_ns) or self._link.problem is not None:
            self._armed = False
            return None
        if not targets.torque_enabled:
            return self._let_go(targets, sample)
        if not self._armed or self._armed_connection != self._link.connections:
            self._armed, self._armed_ns = True, now_ns
            self._armed_connection = self._link.connections
            self._goal = Goal(now_ns, now_ns, sample.position_rad, sample.position_rad)
            self._link.order(self._goal, ENABLED)
        elif now_ns - self._armed_ns >= SETTLE_NS:
            if not all(map(isfinite, targets.position_rad)):
                return None
            arrive_ns = now_ns + round(targets.duration_s * 1e9)
            self._goal = Goal(now_ns, arrive_ns, self._goal.at(now_ns), targets.position_rad)
            self._link.order(self._goal)
        return JointTargets(self._goal.end_rad, torque_enabled=True, duration_s=targets.duration_s)

    def park(self) -> None:
        """Slowly to the rest pose, then torque off; best effort, never raises."""
        sample = self._link.joints
        if sample is None or self._link.problem is not None:
            return
        if self._link.motor_mode == ENABLED:
            self._ramp(sample.position_rad)
        self._link.order(motor_mode=DISABLED)
        self._armed = False
        deadline_ns = self._clock.mono_ns() + RELEASE_NS
        while self._link.motor_mode != DISABLED and self._clock.mono_ns() < deadline_ns:
            self._clock.sleep_until_ns(self._clock.mono_ns() + POLL_NS)

    def close(self) -> None:
        """Hang up. Torque is left as it is."""
        if self._camera is not None:
            self._camera.stop()
        self._link.stop()

    def _silent(self, now_ns: int) -> bool:
        sample = self._link.joints
        return sample is None or now_ns - sample.t_mono_ns > self._silent_ns

    def _read_head(self, sample: JointsSample | None) -> HeadSense:
        if sample is None:
            return HeadSense(0.0, 0.0, 0.0, 0.0)
        reading = command_of_joints(sample.position_rad, self._head)
        self._head = reading.relative
        return reading.head

    def _joints_sense(self, sample: JointsSample, now_ns: int) -> JointsSense:
        silent = self._silent(now_ns)
        enabled = self._link.motor_mode == ENABLED
        joints = []
        for index, servo in enumerate(self._link.servos):
            told = servo.sense()
            torque_on = told.torque_enabled or not self._link.health_ns[index]
            joints.append(
                replace(
                    told,
                    t_mono_ns=sample.t_mono_ns,
                    answered=not silent,
                    position_rad=sample.position_rad[index],
                    velocity_rad_s=sample.velocity_rad_s[index],
                    torque_enabled=enabled and torque_on,
                )
            )
        return JointsSense(
            t_mono_ns=sample.t_mono_ns,
            interval_ns=max(sample.interval_ns, now_ns - sample.t_mono_ns),
            valid=not silent,
            joints=tuple(joints),
        )

    def _doa_sense(self, sample: DoaSample, interval_ns: int) -> DoaSense:
        return doa_in_base_frame(sample, self._poses.at(sample.t_mono_ns), interval_ns)

    def _faults(self, now_ns: int) -> Fault:
        status = self._link.status
        faults = Fault.NONE
        if status is not None and status.state == "error":
            faults |= Fault.BODY_FAULT
        if self._silent(now_ns) or self._link.problem is not None:
            return faults | Fault.BUS_LOST
        for servo in self._link.servos:
            if now_ns - servo.t_ns < REGISTERS_FRESH_NS:
                faults |= self._servo_faults(servo)
        if self._armed and self._torque_lost(now_ns):
            faults |= Fault.TORQUE_LOST
        return faults

    def _servo_faults(self, servo: ServoState) -> Fault:
        """What its registers say; that it is asked but rarely is no fault of its own."""
        if not servo.t_ns:
            return Fault.NONE
        return servo.faults(servo.t_ns, self._silent_ns, self._settings.voltage_low_v)

    def _torque_lost(self, now_ns: int) -> bool:
        if now_ns - self._armed_ns < MODE_GRACE_NS:
            return False
        limp = any(
            told_ns > self._armed_ns + MODE_GRACE_NS and not servo.torque_on
            for servo, told_ns in zip(self._link.servos, self._link.health_ns, strict=True)
        )
        return limp or self._link.motor_mode != ENABLED

    def _let_go(self, targets: JointTargets, sample: JointsSample) -> JointTargets | None:
        if not self._armed and self._link.motor_mode == DISABLED:
            return None
        self._armed = False
        self._link.order(motor_mode=DISABLED)
        return JointTargets(
            sample.position_rad, torque_enabled=False, duration_s=targets.duration_s
        )

    def _ramp(self, start: tuple[float, ...]) -> None:
        """A minimum-jerk ramp to the rest pose, step by step."""
        needed_s = max(
            PEAK_TO_MEAN * abs(joint.rest_rad - position) / (SPEED_SHARE * joint.max_velocity_rad_s)
            for joint, position in zip(JOINTS, start, strict=True)
        )
        steps = max(1, round(min(self._settings.park_s, needed_s) * 1e9) // STEP_NS)
        here = start
        for step in range(1, steps + 1):
            share = step / steps
            eased = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
            there = tuple(a + eased * (b - a) for a, b in zip(start, REST_POSE_RAD, strict=True))
            now_ns = self._clock.mono_ns()
            self._link.order(Goal(now_ns, now_ns + STEP_NS, here, there))
            here = there
            self._clock.sleep_until_ns(now_ns + STEP_NS)


def _aged(stream: tuple[SampleT, int], now_ns: int) -> tuple[SampleT, int]:
    """The sample, and its spacing, which grows once nothing comes any more."""
    sample, interval_ns = stream
    return sample, max(interval_ns, now_ns - sample.t_mono_ns)
