"""The room: who is where, who speaks, what makes a noise. No senses here, only what is true.

World frame: origin under the robot's foot as it stood at the start, x forward, y left, z up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from firmware_bridge.sensors.reader import wrap_angle
from firmware_bridge.simulation.scenario import WorldChange

NS: Final = 1e-9
CLEAR_M: Final = 0.5
"""Nobody walks nearer to the robot than this, or than where they stand anyway: it is on a table."""
STEP_S: Final = 0.5
"""Starting and stopping to walk takes about a step (Jian et al. 1993)."""


@dataclass(frozen=True, slots=True)
class PersonTruth:
    """Where somebody's face is, in the world frame, and how loud they speak (0: silent)."""

    name: str
    x_m: float
    y_m: float
    z_m: float
    speech_level: float
    turned_rad: float = 0.0
    """How far the face is turned away from the robot: 0 looks at it, pi shows its back."""


@dataclass(frozen=True, slots=True)
class SoundSource:
    """Something that can be heard now; ``level`` as at one metre, 0 to 1."""

    x_m: float
    y_m: float
    z_m: float
    level: float
    speech: bool
    who: str = ""
    """Tells one voice from another while they last."""


@dataclass(frozen=True, slots=True)
class Path:
    """A walk from one place to another, each a bearing, rad, and a distance, m.

    Straight where that keeps clear of the table, else round it: bearing and distance change evenly.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    speed_m_s: float

    @property
    def _turn_rad(self) -> float:
        return wrap_angle(self.end[0] - self.start[0])

    @property
    def straight(self) -> bool:
        """Whether the straight line keeps ``CLEAR_M`` away from the robot."""
        a, b, turn = self.start[1], self.end[1], self._turn_rad
        line_m = math.sqrt(max(0.0, a * a + b * b - 2.0 * a * b * math.cos(turn)))
        passes_by = min(a, b) * math.cos(turn) < max(a, b) and line_m > 0.0
        nearest = a * b * abs(math.sin(turn)) / line_m if passes_by else min(a, b)
        return nearest >= min(CLEAR_M, a, b)

    @property
    def seconds(self) -> float:
        """How long the walk takes; it begins and ends with an even ramp of the speed."""
        way_s = self._way_m() / self.speed_m_s
        return way_s + min(STEP_S, way_s)

    def _way_m(self) -> float:
        a, b, turn = self.start[1], self.end[1], self._turn_rad
        if self.straight:
            return math.sqrt(max(0.0, a * a + b * b - 2.0 * a * b * math.cos(turn)))
        return math.hypot(turn * 0.5 * (a + b), b - a)

    def place(self, elapsed_s: float) -> tuple[float, float]:
        """Bearing and distance this long after the start."""
        share = self._share(elapsed_s)
        (bearing, distance), turn = self.start, self._turn_rad
        if not self.straight:
            return bearing + share * turn, distance + share * (self.end[1] - distance)
        ahead = (1.0 - share) * distance + share * self.end[1] * math.cos(turn)
        aside = share * self.end[1] * math.sin(turn)
        return bearing + math.atan2(aside, ahead), math.hypot(ahead, aside)

    def _share(self, elapsed_s: float) -> float:
        total_s = self.seconds
        left_s = total_s - elapsed_s
        if left_s <= 0.0 or elapsed_s <= 0.0:
            return 0.0 if left_s > 0.0 else 1.0
        ramp_s = min(STEP_S, 0.5 * total_s)
        if elapsed_s < ramp_s:
            return 0.5 * elapsed_s**2 / (ramp_s * (total_s - ramp_s))
        if left_s < ramp_s:
            return 1.0 - 0.5 * left_s**2 / (ramp_s * (total_s - ramp_s))
        return (elapsed_s - 0.5 * ramp_s) / (total_s - ramp_s)


@dataclass(slots=True)
class _Person:
    bearing_rad: float
    distance_m: float
    height_m: float
    path: Path | None = None
    path_start_ns: int = 0
    rise_start_ns: int = 0
    rise_s: float = 0.0
    rise_m: float = 0.0
    speech_start_ns: int = 0
    speech_s: float = 0.0
    level: float = 0.0
    turned_rad: float = 0.0

    def place(self, t_ns: int) -> tuple[float, float]:
        """Bearing and distance at ``t_ns``."""
        if self.path is None:
            return self.bearing_rad, self.distance_m
        return self.path.place((t_ns - self.path_start_ns) * NS)

    def height(self, t_ns: int) -> float:
        """Height of the face at ``t_ns``."""
        if self.rise_m == 0.0:
            return self.height_m
        elapsed_s = (t_ns - self.rise_start_ns) * NS
        share = min(1.0, elapsed_s / self.rise_s) if self.rise_s > 0.0 else 1.0
        return self.height_m + self.rise_m * share**2 * (3.0 - 2.0 * share)


class RoomState:
    """The people and sounds of one life; fed with changes in order of time."""

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}
        self._sounds: list[WorldChange] = []

    def begin(self, change: WorldChange) -> None:
        """A person comes, walks, speaks or leaves, or a noise starts. Unknown names are ignored."""
        values = change.values
        if change.kind == "person":
            self._people[change.who] = _Person(values[0], values[1], values[2])
        elif change.kind in ("sound", "radio"):
            self._sounds.append(change)
        elif change.who in self._people:
            self._people_change(self._people[change.who], change)

    def _people_change(self, person: _Person, change: WorldChange) -> None:
        values = change.values
        if change.kind == "leave":
            del self._people[change.who]
        elif change.kind == "speech":
            person.speech_start_ns, (person.speech_s, person.level) = change.t_mono_ns, values
        elif change.kind == "look":
            (person.turned_rad,) = values
        elif change.kind == "rise":
            before_m = person.height(change.t_mono_ns)
            person.rise_start_ns, person.rise_s = change.t_mono_ns, values[0]
            person.height_m, person.rise_m = before_m, values[1] - before_m
        elif change.kind == "walk":
            start = person.place(change.t_mono_ns)
            person.path_start_ns = change.t_mono_ns
            person.path = Path(start, (values[0], values[1]), values[2])

    def people(self, t_ns: int) -> tuple[PersonTruth, ...]:
        """Everybody in the room at ``t_ns``."""
        return tuple(_truth(name, person, t_ns) for name, person in self._people.items())

    def sounds(self, t_ns: int) -> list[SoundSource]:
        """Everything that can be heard at ``t_ns``; forgets noises that are over."""
        sources = [
            SoundSource(who.x_m, who.y_m, who.z_m, who.speech_level, speech=True, who=who.name)
            for who in self.people(t_ns)
            if who.speech_level > 0.0
        ]
        self._sounds = [
            sound for sound in self._sounds if (t_ns - sound.t_mono_ns) * NS < sound.values[0]
        ]
        for sound in self._sounds:
            _, level, bearing, distance = sound.values
            x, y = distance * math.cos(bearing), distance * math.sin(bearing)
            radio, name = sound.kind == "radio", f"{sound.kind} {sound.t_mono_ns}"
            sources.append(SoundSource(x, y, 0.3, level, speech=radio, who=name))
        return sources


def _truth(name: str, person: _Person, t_ns: int) -> PersonTruth:
    bearing, distance = person.place(t_ns)
    speaks = 0.0 <= (t_ns - person.speech_start_ns) * NS < person.speech_s
    return PersonTruth(
        name,
        distance * math.cos(bearing),
        distance * math.sin(bearing),
        person.height(t_ns),
        person.level if speaks else 0.0,
        person.turned_rad,
    )
