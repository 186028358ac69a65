"""The robot in simulation, behind the same five verbs as the real one."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from firmware_bridge.body import BodyError, Check
from firmware_bridge.clock import Clock, VirtualClock
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import JOINTS, REST_POSE_RAD
from firmware_bridge.kinematics import NEUTRAL, command_of_joints
from firmware_bridge.senses import (
    BodySense,
    CameraSense,
    DoaSense,
    HeadSense,
    ImuSense,
    IntentSense,
    JointsSense,
    ModeRequest,
)
from firmware_bridge.sensors.orientation import (
    IDENTITY,
    Quaternion,
    conjugate,
    from_roll_pitch_yaw,
    multiply,
    rotate,
)
from firmware_bridge.sensors.reader import HeadPose, PoseHistory, wrap_angle
from firmware_bridge.simulation.scenario import Scenario, WorldChange, load_scenario
from firmware_bridge.simulation.servo_port import LOW_VOLTAGE_V, ServoPort
from firmware_bridge.simulation.world import World, WorldTruth

INTENT_SPACING_NS: Final = 500_000_000
"""A cortex that wants something says so twice a second."""
WARM_C: Final = 60.0
PARK_S: Final = 2.0
PARK_MARGIN_S: Final = 0.5
PARK_STEP_NS: Final = 50_000_000
_PORT_STREAM: Final = 6
"""Child of the seed that the servo port draws from; 0 to 5 are the world's."""


class SimBody:
    """A simulated Reachy Mini: MuJoCo, servo firmware, sensors and a room.

    Its world lives up to the clock's present time whenever it is asked something. The same
    scenario, seed and targets at the same times give the same senses, bit for bit.
    """

    def __init__(
        self, scenario: Scenario | None = None, seed: int = 0, clock: Clock | None = None
    ) -> None:
        """Nothing is built before ``open``. Without a scenario it plays ``default``."""
        self._scenario = load_scenario("default") if scenario is None else scenario
        self._seed = seed
        self._clock: Clock = VirtualClock() if clock is None else clock
        self._world: World | None = None

    @property
    def clock(self) -> Clock:
        """The clock that this world lives by."""
        return self._clock

    @property
    def io_ns(self) -> int:
        """Nothing here waits for hardware: 0."""
        return 0

    @property
    def scenario(self) -> Scenario:
        """What this life plays."""
        return self._scenario

    @property
    def world(self) -> World:
        """The world behind the senses. Raises ``BodyError`` before ``open``."""
        if self._world is None:
            raise BodyError("the simulated body is not open; call open() first")
        return self._world

    def open(self) -> None:
        """Build the world, the robot at rest and without torque, gains and drive modes written."""
        self._world = World(self._scenario, self._seed, self._clock.mono_ns())
        generator = np.random.default_rng(
            np.random.SeedSequence(self._seed, spawn_key=(_PORT_STREAM,))
        )
        self._port = ServoPort(self._world.plant.servos, self._world.failures, generator)
        self._port.set_up()
        self._sequence = 0
        self._history = PoseHistory()
        self._relative = NEUTRAL

    def close(self) -> None:
        """Let go of the world; torque is left as it is."""
        self._world = None

    def truth(self) -> WorldTruth:
        """What is really the case at the clock's present time."""
        self.world.advance_to(self._clock.mono_ns())
        return self.world.truth()

    def drain_world(self) -> tuple[WorldChange, ...]:
        """The changes of the outer world since the last call, in order of time."""
        return self.world.drain()

    def sense(self) -> BodySense:
        """Live up to now and read every stream once."""
        now_ns = self._clock.mono_ns()
        self.world.advance_to(now_ns)
        joints = self._port.read(now_ns)
        head = self._read_posture(joints)
        self._sequence += 1
        return BodySense(
            t_mono_ns=now_ns,
            t_wall_ns=self._clock.wall_ns(),
            seq=self._sequence - 1,
            joints=joints,
            head=head,
            imu=self._sense_imu(now_ns),
            doa=self._sense_doa(now_ns),
            camera=self._sense_camera(now_ns),
            intent=self._sense_intent(now_ns),
            fault_bits=self._port.faults(),
        )

    def _read_posture(self, joints: JointsSense | None) -> HeadSense:
        if joints is None:
            return HeadSense(0.0, 0.0, 0.0, 0.0)
        positions = tuple(joint.position_rad for joint in joints.joints)
        posture = command_of_joints(positions, self._relative)
        if posture.closed:
            self._relative = posture.relative
        self._history.record(joints.t_mono_ns, posture.head, positions[0])
        return posture.head

    def _sense_imu(self, now_ns: int) -> ImuSense | None:
        newest = self.world.imu.newest(now_ns) if self.world.imu is not None else None
        if newest is None:
            return None
        sample, interval_ns = newest
        pose = self._history.at(sample.t_mono_ns)
        part, known = self._attitude(pose)
        return ImuSense(
            t_mono_ns=sample.t_mono_ns,
            interval_ns=interval_ns,
            valid=sample.valid and known,
            accelerometer_m_s2=rotate(part, sample.accelerometer_m_s2),
            gyroscope_rad_s=rotate(part, sample.gyroscope_rad_s),
            orientation_wxyz=multiply(sample.orientation_wxyz, conjugate(part)),
            temperature_c=sample.temperature_c,
        )

    def _attitude(self, pose: HeadPose) -> tuple[Quaternion, bool]:
        """How the part that carries the IMU stands in the base frame, and whether it is known."""
        part = self._scenario.robot.imu_mounted_on
        if part == "foot":
            return IDENTITY, True
        if part == "body":
            return from_roll_pitch_yaw(0.0, 0.0, pose.body_yaw_rad), pose.known
        return from_roll_pitch_yaw(pose.roll_rad, pose.pitch_rad, pose.yaw_rad), pose.known

    def _sense_doa(self, now_ns: int) -> DoaSense | None:
        newest = self.world.doa.newest(now_ns)
        if newest is None:
            return None
        sample, interval_ns = newest
        pose = self._history.at(sample.t_mono_ns)
        ahead = math.pi / 2.0 - sample.angle_rad
        return DoaSense(
            t_mono_ns=sample.t_mono_ns,
            interval_ns=interval_ns,
            valid=sample.valid and pose.known,
            azimuth_rad=wrap_angle(pose.yaw_rad + ahead),
            mirror_rad=wrap_angle(pose.yaw_rad + math.pi - ahead),
            speech=sample.speech,
            energy=sample.energy,
            head_yaw_rad=pose.yaw_rad,
        )

    def _sense_camera(self, now_ns: int) -> CameraSense | None:
        newest = self.world.camera.newest(now_ns)
        if newest is None:
            return None
        sample, interval_ns = newest
        pose = self._history.at(sample.t_mono_ns)
        yaw = pitch = 0.0
        if sample.confidence > 0.0:
            flat = math.cos(sample.pitch_rad)
            ray = (
                flat * math.cos(sample.yaw_rad),
                flat * math.sin(sample.yaw_rad),
                -math.sin(sample.pitch_rad),
            )
            head = from_roll_pitch_yaw(pose.roll_rad, pose.pitch_rad, pose.yaw_rad)
            x, y, z = rotate(head, ray)
            yaw, pitch = math.atan2(y, x), -math.atan2(z, math.hypot(x, y))
        return CameraSense(
            t_mono_ns=sample.t_mono_ns,
            interval_ns=interval_ns,
            valid=sample.valid and pose.known,
            face_yaw_rad=yaw,
            face_pitch_rad=pitch,
            size_rad=sample.size_rad,
            confidence=sample.confidence,
            features=sample.features,
            head_yaw_rad=pose.yaw_rad,
            head_pitch_rad=pose.pitch_rad,
        )

    def _sense_intent(self, now_ns: int) -> IntentSense | None:
        change = self.world.intent(now_ns)
        if change is None:
            return None
        _, yaw, pitch, weight, arousal, request = change.values
        said = (now_ns - change.t_mono_ns) // INTENT_SPACING_NS
        return IntentSense(
            t_mono_ns=change.t_mono_ns + said * INTENT_SPACING_NS,
            interval_ns=INTENT_SPACING_NS,
            valid=True,
            gaze_yaw_rad=yaw,
            gaze_pitch_rad=pitch,
            gaze_weight=weight,
            arousal=arousal,
            request=ModeRequest(int(request)),
        )

    def act(self, targets: JointTargets) -> JointTargets | None:
        """Write the targets to the registers; return what was written, None on a lost bus."""
        self.world.advance_to(self._clock.mono_ns())
        return self._port.write(targets)

    def checks(self) -> tuple[Check, ...]:
        """Every pre-arm check, without motion."""
        world = self.world
        world.advance_to(self._clock.mono_ns())
        servos = world.plant.servos
        silent = [joint.name for joint, mute in zip(JOINTS, servos.silent, strict=True) if mute]
        tripped = [
            f"{joint.name} 0x{error:02x}"
            for joint, error, mask in zip(
                JOINTS, servos.hardware_error.tolist(), servos.shutdown.tolist(), strict=True
            )
            if error & mask
        ]
        hottest = float(servos.present_temperature.max())
        lowest_v = float(servos.present_voltage.min()) * 0.1
        closure_mm = world.plant.closure_error_m() * 1e3
        return (
            Check(
                "servos answer",
                not silent,
                f"{len(JOINTS) - len(silent)} of {len(JOINTS)}" + _listed(silent),
                "end the failure 'silent' in the scenario",
            ),
            Check(
                "servo errors",
                not tripped,
                "none" if not tripped else ", ".join(tripped),
                "reboot the servo, or end the failure in the scenario",
            ),
            Check(
                "supply",
                lowest_v >= LOW_VOLTAGE_V,
                f"{lowest_v:.1f} V",
                f"set [robot] voltage_v to {LOW_VOLTAGE_V} or more",
            ),
            Check("heat", hottest < WARM_C, f"{hottest:.0f} C", "let the servos cool down"),
            Check(
                "platform closed",
                closure_mm < 1.0,
                f"rods meet within {closure_mm:.3f} mm",
                "this is a fault of the simulation: report the scenario and the seed",
            ),
            Check(
                "imu",
                world.imu is not None,
                "fitted" if world.imu is not None else "none: a Lite robot",
                "set [robot] imu = true for a robot that has one",
                required=False,
            ),
        )

    def park(self) -> None:
        """Slowly to the rest pose, then torque off; moves the clock on by the time it takes."""
        if self._world is None:
            return
        joints = self._port.read(self._clock.mono_ns())
        if joints is not None and any(joint.torque_enabled for joint in joints.joints):
            self.act(JointTargets(REST_POSE_RAD, torque_enabled=True, duration_s=PARK_S))
            end_ns = self._clock.mono_ns() + round((PARK_S + PARK_MARGIN_S) * 1e9)
            while (now_ns := self._clock.mono_ns()) < end_ns:
                self._clock.sleep_until_ns(min(end_ns, now_ns + PARK_STEP_NS))
                self._world.advance_to(self._clock.mono_ns())
        self.act(JointTargets(REST_POSE_RAD, torque_enabled=False, duration_s=PARK_S))


def _listed(names: list[str]) -> str:
    return f"; not {', '.join(names)}" if names else ""
