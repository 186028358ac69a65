"""The microphone array: direction of arrival as a linear array in the head hears it.

Angle 0 is left, pi right; pi/2 is in front or behind, which it cannot tell, since it measures the
cosine against its own axis. Speech scatters with distance and echo; the robot's own motors drown
it. Figures of scatter and motor noise are this project's estimates: none are published.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sensors.doa import DoaSample
from firmware_bridge.simulation.room import SoundSource
from firmware_bridge.simulation.scenario import Room

Array = NDArray[np.float64]

PERIOD_NS: Final = 100_000_000
DELAY_NS: Final = 60_000_000
SCATTER_RAD: Final = math.radians(2.5)
SCATTER_RAD_M: Final = math.radians(2.0)
DRIEST_S, DULLEST_S = 0.1, 0.8
"""Reverberation time without echo, and with full echo."""
ECHO_SCATTER: Final = 2.0
"""Full echo trebles the scatter."""
OUTLIERS_PER_M: Final = 0.02
MOTOR_NOISE_S_RAD: Final = 0.04
"""Noise per rad/s of all nine shafts' speeds together."""
SPEECH_SNR: Final = 0.6
"""Signal to noise at which half of the speech is flagged as such."""
FALSE_ALARM: Final = 0.01
MOTOR_FALSE_ALARM: Final = 0.25
DOOR_AS_SPEECH: Final = 0.15
NEAREST_M: Final = 0.3
FLOOR: Final = 1e-3
ENERGY_JITTER: Final = 0.02
IDLE_WANDER_RAD: Final = math.radians(1.0)


def garbled(sample: DoaSample, generator: np.random.Generator) -> DoaSample:
    """Floats of random bits: an angle that no array gives."""
    return replace(sample, angle_rad=float(generator.uniform(10.0, 1e6)), speech=True)


class Ears:
    """The array and its firmware: ten readings a second, the angle held in silence."""

    def __init__(self, room: Room, generator: np.random.Generator) -> None:
        self._noise = room.noise
        self._echo = (room.rt60_s - DRIEST_S) / (DULLEST_S - DRIEST_S)
        self._generator = generator
        self._angle_rad = math.pi / 2.0

    def listen(
        self, t_ns: int, head_m: Array, head_axes: Array, sources: list[SoundSource], speed: float
    ) -> DoaSample:
        """One reading.

        ``head_m`` [3] and ``head_axes`` [3, 3] are the head's true place and axes (columns x, y,
        z) in the world; ``speed`` is the sum of the nine shafts' speeds, rad/s.
        """
        draw = self._generator.random(4)
        normal = self._generator.standard_normal(2)
        motors = MOTOR_NOISE_S_RAD * speed
        clatter = self._noise + motors + FLOOR
        loudest, level, distance, cosine = None, 0.0, 1.0, 0.0
        for source in sources:
            way = np.array([source.x_m, source.y_m, source.z_m]) - head_m
            away = max(NEAREST_M, float(np.linalg.norm(way)))
            heard = source.level / away
            if heard > level:
                loudest, level, distance = source, heard, away
                cosine = float(way @ head_axes[:, 1]) / away
        ratio = level / clatter
        clean = loudest is not None and draw[0] < ratio**2 / (1.0 + ratio**2)
        if clean and draw[1] >= OUTLIERS_PER_M * distance * (1.0 + self._echo):
            scatter = (SCATTER_RAD + SCATTER_RAD_M * distance) * (1.0 + ECHO_SCATTER * self._echo)
            angle = math.acos(min(1.0, max(-1.0, cosine))) + scatter * normal[0]
        elif clean or draw[0] < motors / clatter:
            angle = math.pi * draw[2]
        else:
            angle = self._angle_rad + IDLE_WANDER_RAD * normal[0]
        self._angle_rad = min(math.pi, max(0.0, angle))
        return DoaSample(
            t_mono_ns=t_ns,
            angle_rad=self._angle_rad,
            speech=bool(draw[3] < self._speech_chance(loudest, ratio, motors)),
            energy=min(1.0, max(0.0, level + clatter + ENERGY_JITTER * float(normal[1]))),
        )

    def _speech_chance(self, loudest: SoundSource | None, ratio: float, motors: float) -> float:
        alarm = FALSE_ALARM + MOTOR_FALSE_ALARM * motors / (motors + self._noise + 0.1)
        if loudest is None:
            return alarm
        heard = ratio**2 / (ratio**2 + SPEECH_SNR**2)
        return max(alarm, heard if loudest.speech else DOOR_AS_SPEECH * heard)
