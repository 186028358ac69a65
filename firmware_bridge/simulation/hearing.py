"""The microphone array, as a hearing atlas recorded it: real voices in rooms with echo and noise.

Angle 0 is left, pi right; pi/2 is in front or behind, which a linear array cannot tell. A voice
plays one recorded sequence of readings after the other, from the place of the atlas that is
nearest to where it comes from, so that errors last as echoes do. How loud the robot's own motors
are is this project's estimate: nothing is published.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sensors.doa import DoaSample
from firmware_bridge.simulation.atlas import ERROR_RAD, MOVED, SPEECH, load_atlas
from firmware_bridge.simulation.room import SoundSource
from firmware_bridge.simulation.scenario import Room

Array = NDArray[np.float64]

PERIOD_NS: Final = 100_000_000
DELAY_NS: Final = 60_000_000
MOTOR_NOISE_S_RAD: Final = 0.04
"""Noise per rad/s of all nine shafts' speeds together, on the scale of ``Room.noise``."""
FLOOR: Final = 1e-3
"""The microphones' own noise."""
LOST_DB: Final = 12.0
"""This far below the atlas's noisiest mixture a voice is not heard at all."""
HALF_POWER: Final = 0.18
"""Power that reads as an energy of 0.5; speech of level 0.6 at one metre reads 0.67."""
DISTANCE_WEIGHT: Final = 0.3
"""What a factor of e in distance counts beside a way off by one on the unit sphere."""
ATTACK: Final = 3
"""So many readings in a row must sound like speech before the firmware says so: a knock is over
by then."""
RELEASE: Final = 1
"""So many readings later than the last of them it says so still."""
IDLE_WANDER_RAD: Final = math.radians(1.0)


def garbled(sample: DoaSample, generator: np.random.Generator) -> DoaSample:
    """Floats of random bits: an angle that no array gives."""
    return replace(sample, angle_rad=float(generator.uniform(10.0, 1e6)), speech=True)


@dataclass(slots=True)
class _Voice:
    """A source as it is heard: which recording, how far it has played, and where it comes from."""

    speech: bool
    recording: int
    reading: int = -1
    angle_rad: float = 0.0
    place: int = 0
    level: float = 0.0
    power: float = 0.0
    sounding: bool = True


class Ears:
    """The array and its firmware: ten readings a second, the angle held in silence."""

    def __init__(self, room: Room, generator: np.random.Generator) -> None:
        """One room of the atlas, drawn, for a whole life. Raises ``AtlasError``."""
        atlas = load_atlas(room.atlas)
        here = atlas.room_near(room.rt60_s, generator)
        self._generator = generator
        self._noise_power = room.noise**2 + FLOOR**2
        self._ways = np.stack(
            [
                np.cos(atlas.angle_rad[here]),
                atlas.ahead[here],
                DISTANCE_WEIGHT * np.log(atlas.distance_m[here]),
            ],
            axis=1,
        ).astype(np.float64)
        self._gain = (10.0 ** (atlas.gain_db[here] / 10.0)).tolist()
        self._speech = (
            atlas.speech_error[here],
            atlas.speech_level[here],
            atlas.speech_flags[here],
        )
        self._sound = (atlas.sound_error[here], atlas.sound_level[here], atlas.sound_flags[here])
        self._quiet = (atlas.quiet_angle[here], atlas.quiet_level[here], atlas.quiet_flags[here])
        self._mixtures = {
            motors: sorted(
                ((float(atlas.snr_db[v]), int(v)) for v in np.flatnonzero(atlas.motors == motors)),
                reverse=True,
            )
            for motors in (False, True)
        }
        self._clearest = self._mixtures[False][0][1]
        self._spoken = atlas.speech_error.shape[-1] - int(atlas.tail)
        self._voices: dict[str, _Voice] = {}
        self._angle_rad = math.pi / 2.0
        self._run = 0
        self._held = 0
        self._reading = int(generator.integers(atlas.quiet_angle.shape[-1]))

    def listen(
        self, t_ns: int, head_m: Array, head_axes: Array, sources: list[SoundSource], speed: float
    ) -> DoaSample:
        """One reading.

        ``head_m`` [3] and ``head_axes`` [3, 3] are the head's true place and axes (columns x, y,
        z) in the world; ``speed`` is the sum of the nine shafts' speeds, rad/s.
        """
        which, between, lost, wander = self._generator.random(4).tolist()
        self._follow(sources, head_m, head_axes)
        motors = (MOTOR_NOISE_S_RAD * speed) ** 2
        noise = self._noise_power + motors
        own = which * noise < motors
        self._reading += 1
        loudest = max(self._voices.values(), key=_power, default=None)
        angle, flags, power = self._angle_rad, 0, 0.0
        if loudest is not None and loudest.power > 0.0:
            others = sum(voice.power for voice in self._voices.values()) - loudest.power
            mean = loudest.level**2 * self._gain[loudest.place]
            snr_db = 10.0 * math.log10(mean / (noise + others))
            mixture, heard = self._mixture(own, snr_db, between, lost)
            if heard:
                error, level, marks = self._speech if loudest.speech else self._sound
                at = (loudest.place, mixture, loudest.recording, loudest.reading)
                flags = int(marks[at])
                power = loudest.level**2 * 10.0 ** (0.1 * float(level[at]))
                angle = loudest.angle_rad + ERROR_RAD * float(error[at])
        if power == 0.0:
            mixture, _ = self._mixture(own, -10.0 * math.log10(noise), between, lost)
            angle_row, level, marks = self._quiet
            at_quiet = (mixture, self._reading % angle_row.shape[-1])
            flags = int(marks[at_quiet])
            power = noise * 10.0 ** (0.1 * float(level[at_quiet]))
            angle = ERROR_RAD * float(angle_row[at_quiet])
        if not flags & MOVED:
            angle = self._angle_rad + IDLE_WANDER_RAD * (2.0 * wander - 1.0)
        self._angle_rad = min(math.pi, max(0.0, angle))
        speech = self._speech_flag(bool(flags & SPEECH))
        return DoaSample(
            t_mono_ns=t_ns,
            angle_rad=self._angle_rad,
            speech=speech,
            energy=power / (power + HALF_POWER) if speech else 0.0,
        )

    def _speech_flag(self, like_speech: bool) -> bool:
        self._run = self._run + 1 if like_speech else 0
        if self._run >= ATTACK or (like_speech and self._held):
            self._held = RELEASE + 1
        else:
            self._held = max(0, self._held - 1)
        return self._held > 0

    def _follow(self, sources: list[SoundSource], head_m: Array, head_axes: Array) -> None:
        """Play every voice one reading on; who fell silent leaves an echo."""
        for voice in self._voices.values():
            voice.sounding = False
        hx, hy, hz = head_m.tolist()
        (ax, lx, _), (ay, ly, _), (az, lz, _) = head_axes.tolist()
        for source in sources:
            before = self._voices.get(source.who)
            if before is None or (before.speech and before.reading >= self._spoken):
                before = self._voices[source.who] = self._begin(source.speech)
            voice = before
            x, y, z = source.x_m - hx, source.y_m - hy, source.z_m - hz
            away = math.sqrt(x * x + y * y + z * z) or 1e-6
            left = (lx * x + ly * y + lz * z) / away
            ahead = (ax * x + ay * y + az * z) / away
            apart = self._ways - (left, ahead, DISTANCE_WEIGHT * math.log(away))
            voice.place = int(np.einsum("ij,ij->i", apart, apart).argmin())
            voice.angle_rad = math.acos(min(1.0, max(-1.0, left)))
            voice.level = source.level
            voice.sounding = True
        for who, voice in list(self._voices.items()):
            self._play(who, voice)

    def _begin(self, speech: bool) -> _Voice:
        recordings = (self._speech if speech else self._sound)[0].shape[2]
        return _Voice(speech, int(self._generator.integers(recordings)))

    def _play(self, who: str, voice: _Voice) -> None:
        levels = (self._speech if voice.speech else self._sound)[1]
        last = self._spoken if voice.speech else levels.shape[-1]
        voice.reading += 1
        if voice.sounding and voice.reading >= last:
            voice.recording = int(self._generator.integers(levels.shape[2]))
            voice.reading = 0
        elif not voice.sounding and voice.reading < last:
            voice.reading = last
        if voice.reading >= levels.shape[-1]:
            del self._voices[who]
            return
        level_db = float(levels[voice.place, self._clearest, voice.recording, voice.reading])
        voice.power = voice.level**2 * 10.0 ** (0.1 * level_db)

    def _mixture(self, own: bool, snr_db: float, between: float, lost: float) -> tuple[int, bool]:
        """A mixture next to ``snr_db``, drawn; and whether the source is heard in it at all."""
        rows = self._mixtures[own]
        for (upper_db, upper), (lower_db, lower) in pairwise(rows):
            if snr_db >= lower_db:
                share = (snr_db - lower_db) / (upper_db - lower_db)
                return (upper if between < share else lower), True
        return rows[-1][1], lost * LOST_DB >= rows[-1][0] - snr_db


def _power(voice: _Voice) -> float:
    return voice.power
