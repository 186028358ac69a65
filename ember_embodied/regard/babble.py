"""Babbling to music: a song that anybody may know, and departures from it that nobody can.

On every beat antennas and head go to a new place (minimum jerk). Where, is the song's; another
robot that knows the song moves alike. But now and then the robot stays where it is (withheld) or
goes elsewhere (perturbed), by chances of its own. What follows these departures is its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.command import MotorCommand
from firmware_bridge.simulation.manner import smooth

Array = NDArray[np.float64]

CHANNELS: Final = ("head yaw", "head pitch", "left antenna", "right antenna")
REACH_RAD: Final = np.array([0.35, 0.18, 0.8, 0.8])
BEAT_S: Final = (0.7, 1.1)
MOVE_SHARE: Final = 0.8
"""Of a beat that is movement."""
WITHHELD: Final = 0.15
PERTURBED: Final = 0.15
QUIET_S: Final = 4.0
"""Before the first beat: the way out of the rest pose."""


@dataclass(frozen=True, slots=True)
class Song:
    """Where to be on every beat: times [B], places [B, 4] in rad."""

    beats_s: Array
    places_rad: Array

    @staticmethod
    def draw(generator: np.random.Generator, seconds: float) -> Song:
        """A song of this length."""
        beats = QUIET_S + np.cumsum(generator.uniform(*BEAT_S, size=round(seconds / BEAT_S[0])))
        beats = beats[beats < seconds]
        return Song(beats, generator.uniform(-1.0, 1.0, (len(beats), 4)) * REACH_RAD)

    def departed(self, generator: np.random.Generator) -> Song:
        """The same song with withheld and perturbed beats, each channel by chances of its own."""
        places = self.places_rad.copy()
        draws = generator.random(places.shape)
        elsewhere = generator.uniform(-1.0, 1.0, places.shape) * REACH_RAD
        places = np.where(draws < PERTURBED, elsewhere, places)
        for beat in range(len(places)):
            before = places[beat - 1] if beat else np.zeros(4)
            withheld = (draws[beat] >= PERTURBED) & (draws[beat] < PERTURBED + WITHHELD)
            places[beat] = np.where(withheld, before, places[beat])
        return Song(self.beats_s, places)

    def at(self, t_s: float) -> Array:
        """Where the four channels shall be, rad."""
        beat = int(np.searchsorted(self.beats_s, t_s, side="right")) - 1
        if beat < 0:
            return np.zeros(4)
        before = self.places_rad[beat - 1] if beat else np.zeros(4)
        last = beat + 1 == len(self.beats_s)
        length_s = 1.0 if last else float(self.beats_s[beat + 1] - self.beats_s[beat])
        share = smooth((t_s - float(self.beats_s[beat])) / (MOVE_SHARE * length_s))
        way: Array = before + share * (self.places_rad[beat] - before)
        return way

    def command(self, t_s: float) -> MotorCommand:
        """The command of this moment; the body stands."""
        yaw, pitch, left, right = self.at(t_s).tolist()
        return MotorCommand(yaw, pitch, left, right, 0.0)
