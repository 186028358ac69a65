"""The robot in simulation, behind the same five verbs as the real one."""

from __future__ import annotations

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
from firmware_bridge.sensors.doa import doa_in_base_frame
from firmware_bridge.sensors.face_track import camera_sense
from firmware_bridge.sensors.imu import imu_in_base_frame
from firmware_bridge.sensors.reader import PoseHistory
from firmware_bridge.simulation.register_bus import SETTINGS, WARM_C, RegisterBus
from firmware_bridge.simulation.scenario import Scenario, WorldChange, load_scenario
from firmware_bridge.simulation.world import WORLD_STREAMS, World, WorldTruth

INTENT_SPACING_NS: Final = 500_000_000
"""A cortex that wants something says so twice a second."""
PARK_STEP_NS: Final = 50_000_000
PARK_STEPS: Final = 50
"""Parking takes 2.5 s along a minimum-jerk ramp, as the real body's does."""


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
            np.random.SeedSequence(self._seed, spawn_key=(WORLD_STREAMS,))
        )
        self._bus = RegisterBus(self._world.plant.servos, self._world.failures, generator)
        self._bus.set_up()
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
        joints = self._bus.read(now_ns)
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
            fault_bits=self._bus.faults(),
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
        mounted_on = self._scenario.robot.imu_mounted_on
        return newest and imu_in_base_frame(*newest, mounted_on, self._history)

    def _sense_doa(self, now_ns: int) -> DoaSense | None:
        newest = self.world.doa.newest(now_ns)
        if newest is None:
            return None
        sample, interval_ns = newest
        return doa_in_base_frame(sample, self._history.at(sample.t_mono_ns), interval_ns)

    def _sense_camera(self, now_ns: int) -> CameraSense | None:
        newest = self.world.camera.newest(now_ns)
        if newest is None:
            return None
        sight, interval_ns = newest
        head = self._history.at(sight.t_mono_ns)
        return camera_sense(sight.t_mono_ns, sight.view, head, interval_ns)

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
        return self._bus.write(targets)

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
                lowest_v >= SETTINGS.voltage_low_v,
                f"{lowest_v:.1f} V",
                f"set [robot] voltage_v to {SETTINGS.voltage_low_v} or more",
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
        joints = self._bus.read(self._clock.mono_ns())
        if joints is not None and any(joint.torque_enabled for joint in joints.joints):
            start = np.array([joint.position_rad for joint in joints.joints])
            for step in range(1, PARK_STEPS + 1):
                share = step / PARK_STEPS
                share = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
                pose = start + share * (np.array(REST_POSE_RAD) - start)
                duration_s = PARK_STEP_NS * 1e-9
                self.act(
                    JointTargets(tuple(pose.tolist()), torque_enabled=True, duration_s=duration_s)
                )
                self._clock.sleep_until_ns(self._clock.mono_ns() + PARK_STEP_NS)
        self.act(JointTargets(REST_POSE_RAD, torque_enabled=False, duration_s=0.0))


def _listed(names: list[str]) -> str:
    return f"; not {', '.join(names)}" if names else ""
