"""The scripted teacher: it knows who speaks, where every face is and what is touched.

The network must find out from noisy senses what the teacher is told. So the teacher never asks
for what cannot be known: it waits a reaction time, it follows a face only where the camera could
see one, and it keeps still when nothing happens.

Two numbers of the network meet it: where the gaze in mind should go, and the command that leads
there from the last one. The command is a law of feedback, so it is right from any pose into which
the network's own mistakes have brought the robot (DAgger: Ross et al., AISTATS 2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, cos, exp, hypot, pi, sin, sqrt
from typing import Final

from ember_embodied.command_space import (
    BREATH_HZ,
    COMMAND_LIMIT_RAD,
    HEAD_LEAD_RAD,
    PLACES_TOUCHED,
)
from ember_embodied.sense_vector import wrap
from firmware_bridge.command import MotorCommand
from firmware_bridge.kinematics import (
    HEAD_TO_BODY_LIMIT_RAD,
    PITCH_DOWN_LIMIT_RAD,
    PITCH_UP_LIMIT_RAD,
)

REACTION_S: Final = 0.2
"""Speech and touch are answered no sooner: a sensor's period and the wish to be sure."""
TURN_TAKING_S: Final = 0.4
"""A second voice must last this long to draw the gaze away from one who still speaks."""
FORGOTTEN_S: Final = 6.0
"""Who has been silent for so long, and is not in view, is no longer attended: a robot that has not
found them by then cannot know where they are."""
RIGHT_BEHIND_RAD: Final = 0.12
"""Who is this near to straight behind is looked at from the side on which the head is: both ends
of its reach are as good, and nobody could hear on which side they are."""
PATIENCE_S: Final = 3.0
"""How long the gaze stays where a person was lost, before it goes home."""
VIEW_YAW_RAD: Final = 0.52
VIEW_PITCH_RAD: Final = 0.35
"""Half of the field in which an unheard face is noticed: well inside the camera's."""
GAZE_RATE_HZ: Final = 6.0
HOME_RATE_HZ: Final = 1.0
HEAD_RATE_HZ: Final = 8.0
BODY_RATE_HZ: Final = 5.0
ANTENNA_RATE_HZ: Final = 20.0
"""First-order rates of the gaze in mind, and of the five commands towards their goals."""
BODY_SHARE: Final = 0.9
"""The body takes this share of the gaze's yaw, up to its limit."""
PITCH_SHARE: Final = 0.95
"""Share of what kinematics leaves to the pitch while the head is turned against the body."""
DROOP_GAIN_HZ: Final = 1.0
DROOP_LIMIT_RAD: Final = 0.3
DROOP_ZONE_RAD: Final = 0.3
"""Servos without an I gain land short; the teacher trims what is left once it is near."""
REST_ANTENNA_RAD: Final = 0.17
LISTEN_ANTENNA_RAD: Final = 0.0
BREATH_ANTENNA_RAD: Final = 0.10
BREATH_PITCH_RAD: Final = 0.02
ANSWER_S: Final = 1.6
FLUTTER_RAD: Final = 0.7
FLUTTER_HZ: Final = 1.25
PERK_RAD: Final = 0.15
FELT_FROM_S: Final = 0.1
FELT_UNTIL_S: Final = 0.45
"""A new hand can be felt this long after it came: before that its force has not risen."""
GONE_S: Final = 0.3
"""For so long after a hand has left nobody can say whether it is still there."""
DROWSE_RAD: Final = 0.75
"""Answers: a touched antenna flutters while the other perks; a touched head lowers both."""

LEFT, RIGHT, HEAD = "antenna_left", "antenna_right", "head"


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the teacher knows them: bearing of the face from the head, base frame."""

    name: str
    yaw_rad: float
    pitch_rad: float
    speaking: bool
    facing: bool = True
    """Whether the face is turned so that a camera could find it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is true now: people, places under a hand, true head pose, an intent's target."""

    people: tuple[Person, ...]
    touched: frozenset[str]
    head_yaw_rad: float
    head_pitch_rad: float
    told: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Lesson:
    """The right answer to one tick: five numbers, and the gaze (yaw, pitch, rad) behind them.

    ``goal`` is where the gaze is on its way to. ``attending`` names who is looked at, None when
    nobody; ``answering`` the place whose touch is being answered. ``hand`` is what the skin should
    say: 0 no hand, 1 + the index in ``PLACES_TOUCHED`` of a new one, -1 where nobody can say.
    """

    command: MotorCommand
    gaze: tuple[float, float]
    goal: tuple[float, float]
    attending: str | None
    answering: str | None
    hand: int


class Teacher:
    """One life's teacher. ``step`` is called once a tick, whoever drives the robot."""

    def __init__(
        self,
        breath_hz: float = BREATH_HZ,
        reaction_s: float = REACTION_S,
        turn_taking_s: float = TURN_TAKING_S,
    ) -> None:
        """How long a first voice, and one beside another, must last before it is attended."""
        self._breath_hz = breath_hz
        self._reaction_s, self._turn_taking_s = reaction_s, turn_taking_s
        self._phase = 0.0
        self._spoken_s: dict[str, float] = {}
        self._touched: frozenset[str] = frozenset()
        self._newest: tuple[str, float] | None = None
        self._touched_s_ago = GONE_S
        self._noticed: tuple[str, float] | None = None
        self._attending: str | None = None
        self._silent_s = 0.0
        self._lost_s = 0.0
        self._goal = (0.0, 0.0)
        self._gaze = (0.0, 0.0)
        self._droop = (0.0, 0.0)
        self._answer: tuple[str, float] | None = None

    def step(self, scene: Scene, dt_s: float, last: MotorCommand) -> Lesson:
        """The lesson of this tick: ``dt_s`` since the last one, ``last`` what was asked then."""
        self._phase += 2.0 * pi * self._breath_hz * dt_s
        rate_hz = self._attend(scene, dt_s)
        yaw, pitch = _toward(self._gaze, self._goal, rate_hz, dt_s)
        self._gaze = (yaw, pitch)
        self._trim(scene, dt_s)
        self._feel(scene.touched, dt_s)
        left, right = self._antennas(listening=self._speaks())
        lead = _cut(yaw + self._droop[0] - last.body_yaw_rad, HEAD_LEAD_RAD, HEAD_LEAD_RAD)
        room = PITCH_SHARE * sqrt(1.0 - (lead / HEAD_TO_BODY_LIMIT_RAD) ** 2)
        pitch += self._droop[1] + BREATH_PITCH_RAD * sin(self._phase)
        goal = (
            last.body_yaw_rad + lead,
            _cut(pitch, room * PITCH_UP_LIMIT_RAD, room * PITCH_DOWN_LIMIT_RAD),
            left,
            right,
            BODY_SHARE * yaw,
        )
        return Lesson(
            command=_step_toward(last, goal, dt_s),
            gaze=self._gaze,
            goal=self._goal,
            attending=self._attending,
            answering=self._answer[0] if self._answer else None,
            hand=self._hand(),
        )

    def _speaks(self) -> bool:
        return self._attending is not None and self._spoken_s.get(self._attending, 0.0) > 0.0

    def _attend(self, scene: Scene, dt_s: float) -> float:
        """Choose where to look; return the rate at which the gaze goes there."""
        people = {person.name: person for person in scene.people}
        for person in scene.people:
            before = self._spoken_s.get(person.name, 0.0)
            self._spoken_s[person.name] = before + dt_s if person.speaking else 0.0
        busy = self._attending in people and self._speaks()
        needed_s = self._turn_taking_s if busy else self._reaction_s
        heard = [
            (spoken_s, name)
            for name, spoken_s in self._spoken_s.items()
            if name in people and needed_s <= spoken_s
        ]
        if scene.told is not None:
            self._attending, self._goal = None, _within(*scene.told)
            return GAZE_RATE_HZ
        if heard:
            self._attending, self._silent_s = min(heard)[1], 0.0  # whoever began last
        elif self._attending not in people or self._forgets(people[self._attending], scene, dt_s):
            self._attending, self._silent_s = _nearest_in_view(scene), 0.0
        found = people.get(self._attending or "")
        if found is not None:
            self._lost_s = 0.0
            if found.facing or found.speaking:  # else the gaze stays where they were last
                self._goal = _within(_on_this_side(found, scene), found.pitch_rad)
            return GAZE_RATE_HZ
        self._attending = None
        self._lost_s += dt_s
        if self._lost_s > PATIENCE_S:
            self._goal = (0.0, 0.0)
        return HOME_RATE_HZ

    def _forgets(self, person: Person, scene: Scene, dt_s: float) -> bool:
        """Whether somebody who is silent has been out of view for too long."""
        self._silent_s = 0.0 if _in_view(person, scene) else self._silent_s + dt_s
        return self._silent_s > FORGOTTEN_S

    def _trim(self, scene: Scene, dt_s: float) -> None:
        """Integrate what the head is short of the gaze while it is near and not on its way."""
        errors = (wrap(self._gaze[0] - scene.head_yaw_rad), self._gaze[1] - scene.head_pitch_rad)
        settled = hypot(self._goal[0] - self._gaze[0], self._goal[1] - self._gaze[1]) < 0.1
        if settled and max(abs(error) for error in errors) < DROOP_ZONE_RAD:
            yaw, pitch = (
                _cut(old + DROOP_GAIN_HZ * dt_s * error, DROOP_LIMIT_RAD, DROOP_LIMIT_RAD)
                for old, error in zip(self._droop, errors, strict=True)
            )
            self._droop = (yaw, pitch)

    def _feel(self, touched: frozenset[str], dt_s: float) -> None:
        """Answer each new hand a reaction time after it came, even if it has left by then."""
        if self._answer is not None:
            place, since_s = self._answer[0], self._answer[1] + dt_s
            self._answer = (place, since_s) if since_s < ANSWER_S else None
        if self._noticed is not None:
            place, since_s = self._noticed[0], self._noticed[1] + dt_s
            self._noticed = (place, since_s)
            if since_s >= REACTION_S:
                self._answer, self._noticed = (place, 0.0), None
        if self._newest is not None:
            place, since_s = self._newest
            self._newest = (place, since_s + dt_s) if since_s < FELT_UNTIL_S else None
        for place in sorted(touched - self._touched):
            self._noticed = self._newest = (place, 0.0)
        self._touched = touched
        self._touched_s_ago = 0.0 if touched else self._touched_s_ago + dt_s

    def _hand(self) -> int:
        """What the skin should say of this tick."""
        if self._newest is not None and FELT_FROM_S <= self._newest[1] <= FELT_UNTIL_S:
            return 1 + PLACES_TOUCHED.index(self._newest[0])
        return -1 if self._touched_s_ago < GONE_S else 0

    def _antennas(self, *, listening: bool) -> tuple[float, float]:
        """Left and right antenna, rad: breathing, listening, or answering a touch."""
        outward = LISTEN_ANTENNA_RAD if listening else REST_ANTENNA_RAD
        outward += BREATH_ANTENNA_RAD * sin(self._phase)
        if self._answer is None:
            return outward, -outward
        place, since_s = self._answer
        if place == HEAD:
            return DROWSE_RAD, -DROWSE_RAD
        fade = exp(-since_s / ANSWER_S)
        flutter = REST_ANTENNA_RAD + fade * FLUTTER_RAD * cos(2.0 * pi * FLUTTER_HZ * since_s)
        return (flutter, PERK_RAD) if place == LEFT else (-PERK_RAD, -flutter)


def _cut(value: float, below: float, above: float) -> float:
    return min(max(value, -below), above)


def _within(yaw_rad: float, pitch_rad: float) -> tuple[float, float]:
    """The direction, or the nearest one that a command may ask for."""
    yaw_limit = COMMAND_LIMIT_RAD[0]
    pitch = _cut(pitch_rad, PITCH_SHARE * PITCH_UP_LIMIT_RAD, PITCH_SHARE * PITCH_DOWN_LIMIT_RAD)
    return _cut(wrap(yaw_rad), yaw_limit, yaw_limit), pitch


def _on_this_side(person: Person, scene: Scene) -> float:
    """Yaw of a person, rad; of one right behind on the side on which the head is."""
    if pi - abs(person.yaw_rad) > RIGHT_BEHIND_RAD:
        return person.yaw_rad
    return copysign(abs(person.yaw_rad), scene.head_yaw_rad)


def _off(person: Person, scene: Scene) -> tuple[float, float]:
    """How far somebody is from where the head points: yaw and pitch, rad."""
    return wrap(person.yaw_rad - scene.head_yaw_rad), person.pitch_rad - scene.head_pitch_rad


def _in_view(person: Person, scene: Scene) -> bool:
    yaw, pitch = _off(person, scene)
    return abs(yaw) <= VIEW_YAW_RAD and abs(pitch) <= VIEW_PITCH_RAD


def _nearest_in_view(scene: Scene) -> str | None:
    """The face nearest to where the head points, inside the field of view."""
    faces = [person for person in scene.people if person.facing and _in_view(person, scene)]
    return min(((hypot(*_off(face, scene)), face.name) for face in faces), default=(0.0, None))[1]


def _toward(
    now: tuple[float, float], goal: tuple[float, float], rate_hz: float, dt_s: float
) -> tuple[float, float]:
    share = 1.0 - exp(-rate_hz * dt_s)
    return now[0] + share * (goal[0] - now[0]), now[1] + share * (goal[1] - now[1])


def _step_toward(last: MotorCommand, goal: tuple[float, ...], dt_s: float) -> MotorCommand:
    """One step of the five commands towards their goals, each at its own rate, within limits."""
    before = (
        last.head_yaw_rad,
        last.head_pitch_rad,
        last.antenna_left_rad,
        last.antenna_right_rad,
        last.body_yaw_rad,
    )
    rates_hz = (HEAD_RATE_HZ, HEAD_RATE_HZ, ANTENNA_RATE_HZ, ANTENNA_RATE_HZ, BODY_RATE_HZ)
    return MotorCommand(
        *(
            _cut(a + (1.0 - exp(-rate * dt_s)) * (b - a), limit, limit)
            for a, b, rate, limit in zip(before, goal, rates_hz, COMMAND_LIMIT_RAD, strict=True)
        )
    )
