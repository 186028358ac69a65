"""Lives in the simulator: who drives, what was felt, what the teacher says, what was true.

Everything runs through ``Life``, the loop of the robot: the policy sits where the network sits,
so failsafe, kinematics and gate are in the loop, and the senses that are kept are those that the
network gets. All of it follows from a seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ember_embodied.arming import ArmingSettings
from ember_embodied.command_space import PLACES_TOUCHED
from ember_embodied.life import Life as Loop
from ember_embodied.loop import Mind
from ember_embodied.runtime import Policy, State, Step
from ember_embodied.sense_vector import INDEX, SENSES, STREAMS
from ember_embodied.training.distraction import Distraction, look_elsewhere, wander
from ember_embodied.training.earshot import AT_ONCE_S, Earshot
from ember_embodied.training.lives import Life
from ember_embodied.training.teacher import Lesson, Person, Scene, Teacher
from ember_embodied.trials.senses import plain_step
from ember_embodied.trials.trace import PLACES, Trace, Witness
from firmware_bridge.clock import SystemClock
from firmware_bridge.command import MotorCommand
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.scenario import Scenario
from firmware_bridge.simulation.sight import LOST_TURN_RAD
from firmware_bridge.simulation.suite import draw_life, load_suite
from firmware_bridge.simulation.world import WorldTruth

Array = NDArray[np.float32]
Driver: TypeAlias = Policy | Earshot | None
"""A policy; the teacher with what is within earshot; None: the teacher, which knows all."""


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """What a life in the training room is like."""

    seconds: float = 60.0
    rate_hz: float = 10.0
    noise_share: float = 0.2
    astray_share: float = 0.7
    """Shares of teacher-driven lives with noise on the commands, and of those led astray."""
    suite: str = "training"
    """Name or file of the suite that the lives are drawn from."""


@dataclass(slots=True)
class _Diary:
    """What was felt and what would have been right, step by step."""

    senses: list[Array] = field(default_factory=list)
    mask: list[Array] = field(default_factory=list)
    dt: list[float] = field(default_factory=list)
    lessons: list[Lesson] = field(default_factory=list)


class Classroom:
    """A policy with the teacher beside it: whoever drives, every tick gets its lesson."""

    def __init__(self, body: SimBody, driver: Driver, distraction: Distraction | None) -> None:
        """``driver`` None: the teacher drives, with its ``distraction`` if there is one."""
        self._body = body
        self._distraction = distraction
        self._driver: Policy | None = None
        self._earshot: Earshot | None = None
        self._teacher = Teacher()
        if isinstance(driver, Earshot):
            self._earshot = driver
            self._teacher = Teacher(reaction_s=AT_ONCE_S, turn_taking_s=AT_ONCE_S)
        else:
            self._driver = driver
        self._last = MotorCommand(0.0, 0.0, 0.0, 0.0, 0.0)
        self.diary = _Diary()

    def initial_state(self) -> State:
        """The driver's."""
        return self._driver.initial_state() if self._driver else ()

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:
        """The driver's step, written down with the lesson."""
        truth = self._body.truth()
        now_s = truth.t_mono_ns * 1e-9
        scene = scene_of(truth, senses, mask)
        if self._earshot is not None:
            scene = self._earshot.hear(scene, senses, mask)
        lesson = self._teacher.step(scene, dt_s, self._last)
        right = _array(lesson.command)
        if self._driver is None:
            lead = self._distraction
            step = plain_step(right if lead is None else lead(now_s, right))
        else:
            step = self._driver.step(senses, mask, dt_s, state)
        self._last = MotorCommand(*step.command.tolist())
        diary = self.diary
        diary.senses.append(senses)
        diary.mask.append(mask)
        diary.dt.append(dt_s)
        diary.lessons.append(lesson)
        return step


def scene_of(truth: WorldTruth, senses: Array, mask: Array) -> Scene:
    """What the teacher is told: the truth, and the intent, which the robot is told too."""
    told = None
    if mask[STREAMS.index("intent")] > 0.0 and senses[INDEX["intent.weight"]] > 0.5:
        yaw, pitch = (
            float(senses[INDEX[name]]) * SENSES[INDEX[name]].scale
            for name in ("intent.yaw", "intent.pitch")
        )
        told = (yaw, pitch)
    return Scene(
        people=tuple(
            Person(p.name, p.yaw_rad, p.pitch_rad, p.speaking, p.turned_rad < LOST_TURN_RAD)
            for p in truth.people
        ),
        touched=frozenset(
            place for t in truth.touches if (place := PLACES.get(t.place)) in PLACES_TOUCHED
        ),
        head_yaw_rad=truth.head.yaw_rad,
        head_pitch_rad=truth.head.pitch_rad,
        told=told,
    )


def live(
    seed: int, settings: RolloutSettings, driver: Driver, scenario: Scenario | None = None
) -> tuple[Life, Trace]:
    """Live one life; ``driver`` as ``Driver``. Returns what was felt and what was true.

    ``scenario`` None: the one of the seed.
    """
    if scenario is None:
        scenario = draw_life(load_suite(settings.suite), seed, settings.seconds)
    body = SimBody(scenario, seed)
    body.open()
    rng = np.random.default_rng([seed, 2])
    classroom = Classroom(body, driver, _distraction(settings, rng))
    witness = Witness(body)
    loop = Loop(
        body,
        Mind(classroom, period_ns=round(1e9 / settings.rate_hz)),
        ArmingSettings(),
        companions=(witness,),
        stopwatch=SystemClock(),
    )
    loop.run(round(settings.seconds * settings.rate_hz))
    body.close()
    return _life(classroom.diary), witness.trace()


def _distraction(settings: RolloutSettings, rng: np.random.Generator) -> Distraction | None:
    kind = rng.random()
    if kind < settings.noise_share:
        return wander(rng)
    return look_elsewhere(rng) if kind < settings.noise_share + settings.astray_share else None


def _array(command: MotorCommand) -> Array:
    return np.array(
        (
            command.head_yaw_rad,
            command.head_pitch_rad,
            command.antenna_left_rad,
            command.antenna_right_rad,
            command.body_yaw_rad,
        ),
        dtype=np.float32,
    )


def _life(diary: _Diary) -> Life:
    return Life(
        senses=np.stack(diary.senses),
        mask=np.stack(diary.mask),
        dt=np.array(diary.dt, dtype=np.float32)[:, np.newaxis],
        command=np.stack([_array(lesson.command) for lesson in diary.lessons]),
        gaze=np.array([lesson.gaze for lesson in diary.lessons], dtype=np.float32),
        goal=np.array([lesson.goal for lesson in diary.lessons], dtype=np.float32),
        touch=np.array(
            [(lesson.hand, lesson.answering is not None) for lesson in diary.lessons],
            dtype=np.float32,
        ),
    )
