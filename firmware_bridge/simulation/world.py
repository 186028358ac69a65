"""The living world: plant, room, hands and sensors, moved on together, and the truth about it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import JOINTS
from firmware_bridge.senses import HeadSense
from firmware_bridge.sensors.doa import DoaSample
from firmware_bridge.sensors.imu import ImuSample
from firmware_bridge.sensors.reader import wrap_angle
from firmware_bridge.simulation import hearing, imu, sight
from firmware_bridge.simulation.channel import Channel, Failures
from firmware_bridge.simulation.geometry_table import HEAD_HEIGHT_M
from firmware_bridge.simulation.hands import GRIPS, TOUCHES, Hands, TouchTruth
from firmware_bridge.simulation.hearing import Ears
from firmware_bridge.simulation.imu import SimulatedImu
from firmware_bridge.simulation.motor import ServoUnits
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.room import RoomState
from firmware_bridge.simulation.scenario import Scenario, WorldChange
from firmware_bridge.simulation.servo_registers import ERROR_OVERLOAD
from firmware_bridge.simulation.sight import Eyes, Sight
from firmware_bridge.simulation.timeline import shifted, timeline

Array = NDArray[np.float64]

IMU_DELAY_NS: Final = 0
DOA_PHASE_NS: Final = 30_000_000
CAMERA_PHASE_NS: Final = 70_000_000
"""The sensors' clocks are not the loop's: where in their period they start."""
BASE_STILL_M_S: Final = 0.005
BASE_STILL_RAD_S: Final = 0.02
WORLD_STREAMS: Final = 6
"""Children of the seed that the world draws from; a body takes the following ones."""
SERVO_INDEX: Final = {joint.name: index for index, joint in enumerate(JOINTS)}


@dataclass(frozen=True, slots=True)
class PersonBearing:
    """Where somebody's face truly is, in the robot's base frame as it stands now."""

    name: str
    yaw_rad: float
    pitch_rad: float
    """Seen from the head's centre; positive is below it."""
    distance_m: float
    speaking: bool
    turned_rad: float = 0.0
    """How far the face is turned away from the robot; the camera finds it up to about 1.4."""


@dataclass(frozen=True, slots=True)
class BaseTruth:
    """The foot: how far it was lifted, turned and tilted, and whether it moves."""

    x_m: float
    y_m: float
    lifted_m: float
    yaw_rad: float
    tilt_rad: float
    moving: bool


@dataclass(frozen=True, slots=True)
class WorldTruth:
    """What is really the case: for teachers and judges, never for the robot."""

    t_mono_ns: int
    people: tuple[PersonBearing, ...]
    head: HeadSense
    """The head's true pose in the base frame."""
    touches: tuple[TouchTruth, ...]
    base: BaseTruth
    joints_rad: tuple[float, ...]
    """True angles of the nine joints, servo signs."""
    energy_j: float
    """Electrical energy that the nine motors have taken since the start."""


class World:
    """One simulated life. The same scenario, seed and register writes give the same life."""

    def __init__(self, scenario: Scenario, seed: int, start_ns: int = 0) -> None:
        children = np.random.SeedSequence(seed).spawn(WORLD_STREAMS)
        units, hands, chip, ears, eyes, loss = map(np.random.default_rng, children)
        losses = loss.spawn(3)
        robot = scenario.robot
        self.plant = Plant(
            ServoUnits.draw(units, robot.spread), supply_v=robot.voltage_v, t_ns=start_ns
        )
        failures = Failures()
        self.failures = failures
        self.room = RoomState()
        self.hands = Hands(self.plant, hands)
        self.imu: Channel[ImuSample] | None = None
        self.doa: Channel[DoaSample] = Channel(
            "doa", failures, losses[0], hearing.garbled, _restamp
        )
        self.camera: Channel[Sight] = Channel(
            "camera", failures, losses[1], sight.garbled, _restamp
        )
        self._chip: SimulatedImu | None = None
        if robot.imu:
            roll, pitch, yaw = map(math.radians, robot.imu_mounting_rpy_deg)
            self._chip = SimulatedImu(
                self.plant, robot.imu_mounted_on, (roll, pitch, yaw), robot.spread, chip
            )
            self.imu = Channel("imu", failures, losses[2], imu.garbled, _restamp)
        self._ears = Ears(scenario.room, ears)
        self._eyes = Eyes(eyes)
        self._coming = deque(shifted(change, start_ns) for change in timeline(scenario))
        self._happened: list[WorldChange] = []
        self._intents: list[WorldChange] = []
        self._next_imu_ns = start_ns
        self._next_doa_ns = start_ns + DOA_PHASE_NS
        self._next_camera_ns = start_ns + CAMERA_PHASE_NS
        data, model = self.plant.data, self.plant.model
        head, foot = model.site("head").id, model.body("foot").id
        self._head_m: Array = data.site_xpos[head]
        self._head_axes: Array = data.site_xmat[head].reshape(3, 3)
        self._foot_m: Array = data.xpos[foot]
        self._foot_axes: Array = data.xmat[foot].reshape(3, 3)
        self._head_spin: Array = data.cvel[model.body("head").id]
        self.plant.before_substep = self._live

    def advance_to(self, t_ns: int) -> None:
        """Live until ``t_ns``; a time that is past changes nothing."""
        self.plant.step_ns(max(0, t_ns - self.plant.t_ns))

    def drain(self) -> tuple[WorldChange, ...]:
        """The changes of the outer world that came to pass since the last call."""
        happened, self._happened = self._happened, []
        return tuple(happened)

    def intent(self, t_ns: int) -> WorldChange | None:
        """The intent that holds now: the latest one, for as long as it says."""
        self._intents = [c for c in self._intents if t_ns - c.t_mono_ns < c.values[0] * 1e9]
        return self._intents[-1] if self._intents else None

    def _live(self, t_ns: int) -> None:
        while self._coming and self._coming[0].t_mono_ns <= t_ns:
            self._begin(self._coming.popleft())
        self.hands.apply(t_ns)
        if self.failures.any:
            self._break(t_ns)
        if self._chip is not None and self.imu is not None and t_ns >= self._next_imu_ns:
            self._next_imu_ns += imu.SAMPLE_PERIOD_NS
            sample = self._chip.sample(t_ns)
            if sample is not None:
                self.imu.capture(sample, IMU_DELAY_NS)
        if t_ns >= self._next_doa_ns:
            self._next_doa_ns += hearing.PERIOD_NS
            speed = float(np.abs(self.plant.velocity_rad_s).sum())
            sounds = self.room.sounds(t_ns)
            heard = self._ears.listen(t_ns, self._head_m, self._head_axes, sounds, speed)
            self.doa.capture(heard, hearing.DELAY_NS)
        if t_ns >= self._next_camera_ns:
            self._next_camera_ns += sight.PERIOD_NS
            people = self.room.people(t_ns)
            spin = float(np.linalg.norm(self._head_spin[:3]))
            seen, delay_ns = self._eyes.look(t_ns, self._head_m, self._head_axes, spin, people)
            self.camera.capture(seen, delay_ns)

    def _begin(self, change: WorldChange) -> None:
        self._happened.append(change)
        if change.kind in TOUCHES or change.kind in GRIPS:
            self.hands.begin(change)
        elif change.kind.startswith("failure_"):
            self.failures.begin(change)
            self._begin_servo_failure(change)
        elif change.kind == "intent":
            self._intents.append(change)
        else:
            self.room.begin(change)

    def _begin_servo_failure(self, change: WorldChange) -> None:
        if change.kind == "failure_overload":
            self.plant.servos.hardware_error[SERVO_INDEX[change.who]] |= ERROR_OVERLOAD

    def _break(self, t_ns: int) -> None:
        """Keep the servos broken that are broken now."""
        servos = self.plant.servos
        for change in self.failures.expire(t_ns):
            if change.kind == "failure_silent":
                servos.silent[SERVO_INDEX[change.who]] = False
            elif change.kind == "failure_torque_silent":
                servos.unpowered[SERVO_INDEX[change.who]] = False
                servos.begin()
        for who, kind in self.failures.running():
            if kind == "silent":
                servos.silent[SERVO_INDEX[who]] = True
            elif kind == "torque_silent" and not servos.unpowered[SERVO_INDEX[who]]:
                servos.unpowered[SERVO_INDEX[who]] = True
                servos.begin()
            elif kind in ("overload", "torque_lost"):
                servos.torque_enable[SERVO_INDEX[who]] = 0
                servos.begin()

    def truth(self) -> WorldTruth:
        """What is really the case now."""
        t_ns = self.plant.t_ns
        people = tuple(self._bearings(t_ns))
        return WorldTruth(
            t_mono_ns=t_ns,
            people=people,
            head=self.true_head(),
            touches=self.hands.touches(),
            base=self._base(),
            joints_rad=tuple(self.plant.position_rad.tolist()),
            energy_j=self.plant.servos.energy_j,
        )

    def true_head(self) -> HeadSense:
        """The head's true pose in the base frame."""
        turn = self._foot_axes.T @ self._head_axes
        place = self._foot_axes.T @ (self._head_m - self._foot_m)
        return HeadSense(
            yaw_rad=math.atan2(turn[1, 0], turn[0, 0]),
            pitch_rad=-math.asin(min(1.0, max(-1.0, float(turn[2, 0])))),
            roll_rad=math.atan2(turn[2, 1], turn[2, 2]),
            z_m=float(place[2]) - HEAD_HEIGHT_M,
        )

    def _bearings(self, t_ns: int) -> Iterable[PersonBearing]:
        for person in self.room.people(t_ns):
            there = np.array([person.x_m, person.y_m, person.z_m])
            x, y, _ = (self._foot_axes.T @ (there - self._foot_m)).tolist()
            _, _, up = (self._foot_axes.T @ (there - self._head_m)).tolist()
            yield PersonBearing(
                name=person.name,
                yaw_rad=wrap_angle(math.atan2(y, x)),
                pitch_rad=-math.atan2(up, math.hypot(x, y)),
                distance_m=float(np.linalg.norm(there - self._head_m)),
                speaking=person.speech_level > 0.0,
                turned_rad=person.turned_rad,
            )

    def _base(self) -> BaseTruth:
        x, y, z = self._foot_m.tolist()
        speeds = self.plant.data.qvel[self.plant.body.base_dof]
        moving = np.abs(speeds[:3]).max() > BASE_STILL_M_S
        return BaseTruth(
            x_m=x,
            y_m=y,
            lifted_m=z,
            yaw_rad=math.atan2(self._foot_axes[1, 0], self._foot_axes[0, 0]),
            tilt_rad=math.acos(min(1.0, float(self._foot_axes[2, 2]))),
            moving=bool(moving or np.abs(speeds[3:]).max() > BASE_STILL_RAD_S),
        )


StampedT = TypeVar("StampedT", ImuSample, DoaSample, Sight)


def _restamp(sample: StampedT, t_mono_ns: int) -> StampedT:
    return replace(sample, t_mono_ns=t_mono_ns)
