"""Lives in which a robot learns where voices come from: one room, another, and the first again.

In each trial somebody speaks from anywhere within reach while the head looks somewhere; the robot
looks where it heard it, and sees the face. In some trials it is another's face. All correctors live
the same trials. At checkpoints each is asked to correct the same readings of the same room, and is
judged twice: by the mean over the readings from one direction (bias left), and by each reading
(single look). Readings from one direction are drawn so that their scatter has no mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cerebellum.plasticity import Evidence
from cerebellum.reach_table import LOWER_RAD, UPPER_RAD, Movement, ReachTable
from cerebellum.yaw_table import YawTable, wrapped_all
from ember_embodied.bench.cerebellum.yaw_baselines import Corrector
from ember_embodied.bench.cerebellum.yaw_rooms import (
    ASIDE_RAD,
    MOUNTING_DEG,
    PEAK_DEG,
    REACH_RAD,
    Body,
    Hearing,
    draw_body,
    draw_hearing,
)

Array = NDArray[np.float64]

DIRECTIONS: Final = 37
READINGS: Final = 24
GRID_RAD: Final = np.linspace(-REACH_RAD, REACH_RAD, DIRECTIONS)
FACE_NOISE_RAD: Final = math.radians(0.35)
STOP_NOISE_RAD: Final = math.radians(0.2)
OTHER_FACE: Final = 0.03
"""Share of the trials in which somebody else's face is seen."""
OTHER_RAD: Final = math.radians(40.0)
IN_SIGHT_RAD: Final = math.radians(43.0)
"""Half the camera's field of view: a look further off sees nothing."""
TRIAL_NS: Final = 10_000_000_000
LOOK_NS: Final = 2_000_000_000
_LIFE: Final = 4
"""Tells the numbers that a life is drawn from, from others of the same seed."""


@dataclass(frozen=True, slots=True)
class Phase:
    """So many trials in a room, with a look at the correctors after some of them."""

    room: int
    trials: int
    checkpoints: tuple[int, ...]


PHASES: Final = (
    Phase(0, 40, (0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30, 40)),
    Phase(1, 40, (0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 40)),
    Phase(0, 20, (0, 1, 2, 3, 5, 10, 20)),
)


NEVER_SPARSE: Final[Mapping[str, Sequence[tuple[int, int]]]] = {}


@dataclass(frozen=True, slots=True)
class Trial:
    """What is heard and seen, and where the head and the body were."""

    heard_rad: float
    seen_rad: float
    head_rad: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One corrector at one checkpoint, rad."""

    bias_left: Array
    """[DIRECTIONS] absolute pointing error, scatter averaged out."""
    single: Array
    """[DIRECTIONS, READINGS] absolute pointing error of each reading."""


@dataclass(frozen=True, slots=True)
class Exam:
    """Readings of one room to be corrected: [DIRECTIONS, READINGS], rad."""

    heard_rad: Array
    head_rad: Array
    """Yaw of the head while it was heard."""
    start_rad: Array
    """Where the body turns from."""

    def judge(self, pointed_rad: Array) -> Judged:
        """Compare with the truth."""
        error = wrapped_all(pointed_rad.reshape(self.heard_rad.shape) - GRID_RAD[:, None])
        return Judged(np.abs(error.mean(axis=1)), np.abs(error))


def sound_evidence(trial: Trial, now_ns: int) -> Evidence:
    """A trial as the gates let it through: heard two seconds ago, seen now."""
    return Evidence(
        heard_rad=trial.heard_rad,
        heard_head_yaw_rad=trial.head_rad,
        heard_t_ns=now_ns - LOOK_NS,
        speech=True,
        energy=0.6,
        own_motion=False,
        seen_rad=trial.seen_rad,
        seen_t_ns=now_ns,
        seen_confidence=0.9,
        seen_faces=1,
        seen_spread_rad=0.0,
        head_speed_rad_s=0.0,
    )


class Learner(Protocol):
    """What lives: it learns trials, and points the body at readings."""

    def learn(self, trial: Trial, body: Body, draw: np.random.Generator) -> None:
        """One trial; ``draw`` is for the body's own chance."""
        ...

    def point(self, exam: Exam, body: Body) -> Array:
        """[DIRECTIONS * READINGS] where the body points in the end."""
        ...

    def carried(self) -> None:
        """It was carried to another room, and might have felt it."""
        ...


class Hearer:
    """A corrector of readings on a body that arrives: hearing alone is judged."""

    def __init__(self, corrector: Corrector) -> None:
        self._corrector = corrector

    def learn(self, trial: Trial, body: Body, draw: np.random.Generator) -> None:
        """What was heard and seen."""
        del body, draw
        self._corrector.learn(trial.heard_rad, trial.seen_rad)

    def point(self, exam: Exam, body: Body) -> Array:
        """Where it believes the voice to be."""
        del body
        return self._corrector.correct_all(exam.heard_rad.ravel())

    def carried(self) -> None:
        """It felt nothing."""


class TableCorrector:
    """The yaw table as a corrector; it hears from which side of the head the voice came."""

    def __init__(self, table: YawTable) -> None:
        self.table = table
        self._now_ns = 0

    def take(self, trial: Trial) -> None:
        """A trial as evidence of the two streams."""
        self._now_ns += TRIAL_NS
        evidence = sound_evidence(trial, self._now_ns)
        self.table.learn(evidence, self._now_ns)

    def learn(self, heard_rad: float, seen_rad: float) -> None:
        """A trial with the head straight at the reading: nothing is known of its side."""
        self.take(Trial(heard_rad, seen_rad, heard_rad))

    def correct_all(self, heard_rad: Array) -> Array:
        """As the table does."""
        return self.table.correct_all(heard_rad)

    def correct_exam(self, exam: Exam) -> Array:
        """With the yaw of the head."""
        return self.table.correct_all(exam.heard_rad.ravel(), exam.head_rad.ravel())


class TableHearer(Hearer):
    """The yaw table, hearing alone; ``feels`` when it is carried, or not."""

    def __init__(self, *, feels: bool = False) -> None:
        self.corrector = TableCorrector(YawTable())
        self._feels = feels
        super().__init__(self.corrector)

    def carried(self) -> None:
        """Felt, if it can."""
        if self._feels:
            self.corrector.table.moved()

    def learn(self, trial: Trial, body: Body, draw: np.random.Generator) -> None:
        """With the yaw of the head."""
        del body, draw
        self.corrector.take(trial)

    def point(self, exam: Exam, body: Body) -> Array:
        """With the yaw of the head."""
        del body
        return self.corrector.correct_exam(exam)


class Cerebellum:
    """Yaw table and reach table together, on the body that stops short."""

    def __init__(self, *, feels: bool = False) -> None:
        self.yaw = TableCorrector(YawTable())
        self.reach = ReachTable()
        self._feels = feels
        self._pose_rad = 0.0

    def learn(self, trial: Trial, body: Body, draw: np.random.Generator) -> None:
        """Turn to where it was heard, learn what the body did, then what was seen."""
        wanted = self.yaw.table.correct(trial.heard_rad)
        commanded = self.reach.command(wanted, self._pose_rad)
        start = np.array([self._pose_rad])
        stop = float(body.reached(np.array([commanded]), start)[0])
        stop += STOP_NOISE_RAD * draw.standard_normal()
        self.reach.learn(Movement(self._pose_rad, commanded, stop, 0.0, disturbed=False))
        self._pose_rad = stop
        self.yaw.take(trial)

    def point(self, exam: Exam, body: Body) -> Array:
        """Where the body stops."""
        wanted, start = self.yaw.correct_exam(exam), exam.start_rad.ravel()
        pairs = zip(wanted.tolist(), start.tolist(), strict=True)
        commanded = np.array([self.reach.command(goal, come_from) for goal, come_from in pairs])
        return body.reached(commanded, start)

    def carried(self) -> None:
        """Felt, if it can: it knows that the room may be another, not which."""
        if self._feels:
            self.yaw.table.moved()


class Off:
    """Neither table: commands what it hears."""

    def learn(self, trial: Trial, body: Body, draw: np.random.Generator) -> None:
        """Nothing."""

    def point(self, exam: Exam, body: Body) -> Array:
        """Where the body stops; what is out of its reach is cut off, as the gate does."""
        goals = np.clip(exam.heard_rad.ravel(), LOWER_RAD, UPPER_RAD)
        return body.reached(goals, exam.start_rad.ravel())

    def carried(self) -> None:
        """It felt nothing."""


@dataclass(frozen=True, slots=True)
class Lived:
    """One life: what each learner came to at (phase, trials there), and who knows everything."""

    learners: Mapping[str, Mapping[tuple[int, int], Judged]]
    perfect: Mapping[int, Judged]
    """For each phase: a table that knows the bias, on a body that arrives."""


def live(
    seed: int,
    learners: Mapping[str, Learner],
    phases: Sequence[Phase] = PHASES,
    peak_deg: tuple[float, float] = PEAK_DEG,
    sparse: Mapping[str, Sequence[tuple[int, int]]] = NEVER_SPARSE,
    *,
    raw: bool = False,
) -> Lived:
    """One life, drawn from its seed alone.

    ``raw`` leaves the array's own mean errors in the readings, where nothing tells bias from
    scatter. ``sparse`` names learners that are slow to ask, with the only (phase, trials) at which
    they are asked.
    """
    draw = np.random.default_rng([seed, _LIFE])
    rooms = _rooms(draw, peak_deg, raw=raw)
    body, exams = draw_body(draw), [_exam(room, draw) for room in rooms]
    found: dict[str, dict[tuple[int, int], Judged]] = {name: {} for name in learners}
    perfect = {}
    for number, phase in enumerate(phases):
        room, exam = rooms[phase.room], exams[phase.room]
        perfect[number] = exam.judge(room.perfect(exam.heard_rad.ravel()))
        for learner in learners.values() if number else ():
            learner.carried()
        for trial in range(phase.trials + 1):
            at = (number, trial)
            for name, learner in learners.items() if trial in phase.checkpoints else ():
                if at in sparse.get(name, (at,)):
                    found[name][at] = exam.judge(learner.point(exam, body))
            if trial < phase.trials:
                happened = _trial(room, draw)
                for learner in learners.values():
                    learner.learn(happened, body, np.random.default_rng([seed, *at]))
    return Lived(found, perfect)


def rooms_of(seed: int, peak_deg: tuple[float, float] = PEAK_DEG) -> list[Hearing]:
    """The two rooms of the life of that seed."""
    return _rooms(np.random.default_rng([seed, _LIFE]), peak_deg, raw=False)


def _rooms(draw: np.random.Generator, peak_deg: tuple[float, float], *, raw: bool) -> list[Hearing]:
    mounting = math.radians(draw.uniform(-MOUNTING_DEG, MOUNTING_DEG))
    return [draw_hearing(draw, mounting, draw.uniform(*peak_deg), raw=raw) for _ in range(2)]


def _exam(room: Hearing, draw: np.random.Generator) -> Exam:
    aside = draw.uniform(-ASIDE_RAD, ASIDE_RAD, DIRECTIONS * READINGS)
    scatter = room.scatter(aside, draw).reshape(DIRECTIONS, READINGS)
    if not room.raw:
        scatter -= scatter.mean(axis=1, keepdims=True)
    heard = (GRID_RAD + room.bias(GRID_RAD))[:, None] + scatter
    head = GRID_RAD[:, None] - aside.reshape(heard.shape)
    return Exam(heard, head, draw.uniform(-REACH_RAD, REACH_RAD, heard.shape))


def _trial(room: Hearing, draw: np.random.Generator) -> Trial:
    """A voice that is heard, and a face that is then in sight."""
    while True:
        truth = draw.uniform(-REACH_RAD, REACH_RAD)
        aside = draw.uniform(-ASIDE_RAD, ASIDE_RAD)
        scatter = float(room.scatter(np.array([aside]), draw)[0])
        heard = truth + float(room.bias(np.array([truth]))[0]) + scatter
        seen = truth + FACE_NOISE_RAD * draw.standard_normal()
        if draw.random() < OTHER_FACE:
            seen = truth + draw.uniform(-OTHER_RAD, OTHER_RAD)
        if abs(heard - seen) < IN_SIGHT_RAD:
            return Trial(heard, seen, truth - aside)
