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
SYLLABLE_HZ: Final = 4.5
"""Speech swells and fades at the rate of syllables."""
SYLLABLE_DEPTH: Final = 0.6


@dataclass(frozen=True, slots=True)
class PersonTruth:
    """Where somebody's face is, in the world frame, and how loud they speak (0: silent)."""

    name: str
    x_m: float
    y_m: float
    z_m: float
    speech_level: float


@dataclass(frozen=True, slots=True)
class SoundSource:
    """Something that can be heard now; ``level`` as at one metre, 0 to 1."""

    x_m: float
    y_m: float
    z_m: float
    level: float
    speech: bool


@dataclass(slots=True)
class _Person:
    bearing_rad: float
    distance_m: float
    height_m: float
    walk_start_ns: int = 0
    walk_s: float = 0.0
    turn_rad: float = 0.0
    approach_m: float = 0.0
    speech_start_ns: int = 0
    speech_s: float = 0.0
    level: float = 0.0

    def place(self, t_ns: int) -> tuple[float, float]:
        """Bearing and distance at ``t_ns``."""
        if self.walk_s <= 0.0:
            return self.bearing_rad, self.distance_m
        share = min(1.0, (t_ns - self.walk_start_ns) * NS / self.walk_s)
        return self.bearing_rad + share * self.turn_rad, self.distance_m + share * self.approach_m


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
        elif change.kind == "sound":
            self._sounds.append(change)
        elif change.who in self._people:
            self._people_change(self._people[change.who], change)

    def _people_change(self, person: _Person, change: WorldChange) -> None:
        values = change.values
        if change.kind == "leave":
            del self._people[change.who]
        elif change.kind == "speech":
            person.speech_start_ns, (person.speech_s, person.level) = change.t_mono_ns, values
        elif change.kind == "walk":
            bearing, distance = person.place(change.t_mono_ns)
            person.bearing_rad, person.distance_m = bearing, distance
            person.turn_rad = wrap_angle(values[0] - bearing)
            person.approach_m = values[1] - distance
            around = person.turn_rad * 0.5 * (distance + values[1])
            person.walk_start_ns = change.t_mono_ns
            person.walk_s = math.hypot(around, person.approach_m) / values[2]

    def people(self, t_ns: int) -> tuple[PersonTruth, ...]:
        """Everybody in the room at ``t_ns``."""
        return tuple(_truth(name, person, t_ns) for name, person in self._people.items())

    def sounds(self, t_ns: int) -> list[SoundSource]:
        """Everything that can be heard at ``t_ns``; forgets noises that are over."""
        swell = 1.0 - SYLLABLE_DEPTH * math.sin(math.pi * SYLLABLE_HZ * t_ns * NS) ** 2
        sources = [
            SoundSource(who.x_m, who.y_m, who.z_m, who.speech_level * swell, speech=True)
            for who in self.people(t_ns)
            if who.speech_level > 0.0
        ]
        self._sounds = [
            sound for sound in self._sounds if (t_ns - sound.t_mono_ns) * NS < sound.values[0]
        ]
        for sound in self._sounds:
            _, level, bearing, distance = sound.values
            x, y = distance * math.cos(bearing), distance * math.sin(bearing)
            sources.append(SoundSource(x, y, 0.3, level, speech=False))
        return sources


def _truth(name: str, person: _Person, t_ns: int) -> PersonTruth:
    bearing, distance = person.place(t_ns)
    speaks = 0.0 <= (t_ns - person.speech_start_ns) * NS < person.speech_s
    return PersonTruth(
        name,
        distance * math.cos(bearing),
        distance * math.sin(bearing),
        person.height_m,
        person.level if speaks else 0.0,
    )
