"""Robots and rooms to learn in, drawn from seeds: bias, scatter, bodies that stop short.

A bias is a smooth function of the true direction, the largest value within reach at most 20
degrees. Scatter is what the readings of the hearing atlas do round their own mean: real voices
heard by the array from the places of one room that lie nearest to the direction, near and far, in
noise. That mean is taken off, so that bias and scatter are apart and bias is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.simulation.atlas import ERROR_RAD, MOVED, SPEECH, Atlas, load_atlas

Array = NDArray[np.float64]

ATLAS: Final = "standard"
REACH_RAD: Final = math.radians(110.0)
"""Voices come from within it: the body turns 120 degrees, and stays up to 8 short."""
ASIDE_RAD: Final = math.radians(75.0)
"""The head looks somewhere this near to the voice when it hears it."""
PEAK_DEG: Final = (8.0, 20.0)
SHORT_DEG: Final = (2.0, 8.0)
MOUNTING_DEG: Final = 6.0
MIXTURES: Final = 3
"""The clearest of the atlas: a voice at least 11 dB over the noise."""
NEAREST: Final = 5
"""Places of a room that a direction's readings are taken from."""
_GRID_RAD: Final = np.radians(np.arange(-180.0, 181.0, 2.0))
_WITHIN: Final = np.abs(_GRID_RAD) <= REACH_RAD + 1e-9
STEEPEST: Final = 0.6
"""A bias that changes faster than this share of the direction would fold hearing over."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """One room: bias of the true direction, and readings to scatter with."""

    bias_rad: Array
    """On ``_GRID_RAD``."""
    angles_rad: Array
    """[C] angles to the array's axis of the atlas room's places."""
    readings_rad: tuple[Array, ...]
    """C times the errors of all readings there."""
    raw: bool = False
    """Their mean is left in."""

    def bias(self, direction_rad: Array) -> Array:
        """[M] bias at true directions [M], rad."""
        return np.asarray(np.interp(direction_rad, _GRID_RAD, self.bias_rad))

    def scatter(self, aside_rad: Array, draw: np.random.Generator) -> Array:
        """[M] one reading's scatter for each voice, ``aside_rad`` [M] from straight ahead."""
        axis = math.pi / 2.0 - aside_rad
        order = np.argsort(np.abs(self.angles_rad - axis[:, None]), axis=1)[:, :NEAREST]
        found = np.empty(len(aside_rad))
        for row, places in enumerate(order):
            errors = [self.readings_rad[place] for place in places]
            mean = 0.0 if self.raw else sum(float(e.mean()) for e in errors) / NEAREST
            some = errors[int(draw.integers(NEAREST))]
            found[row] = mean - some[int(draw.integers(len(some)))]
        return found

    def density(self, scatter_rad: float, aside_rad: float, blur_rad: float) -> float:
        """How likely ``scatter`` draws this value, 1/rad; its readings are blurred (rms)."""
        axis = math.pi / 2.0 - aside_rad
        places = np.argsort(np.abs(self.angles_rad - axis))[:NEAREST].tolist()
        errors = [self.readings_rad[place] for place in places]
        mean = 0.0 if self.raw else sum(float(e.mean()) for e in errors) / NEAREST
        apart = [(scatter_rad - (mean - e)) / blur_rad for e in errors]
        kernels = [float(np.exp(-0.5 * one * one).mean()) for one in apart]
        return sum(kernels) / NEAREST / (blur_rad * math.sqrt(2.0 * math.pi))

    def perfect(self, heard_rad: Array) -> Array:
        """[M] what a table that knows the bias makes of readings [M]."""
        return np.asarray(np.interp(heard_rad, _GRID_RAD + self.bias_rad, _GRID_RAD))


@dataclass(frozen=True, slots=True)
class Body:
    """A body that stops short of its goal, on the side that it comes from."""

    short_rad: tuple[float, float]
    """To the left and to the right."""
    sway_rad: float
    """How much that changes over the way round."""
    phase_rad: float

    def reached(self, commanded_rad: Array, start_rad: Array) -> Array:
        """[M] where it stops on its way from ``start_rad`` [M]; too short a way is none."""
        way = commanded_rad - start_rad
        left, right = self.short_rad
        short = np.where(way > 0.0, left, right)
        short = short + self.sway_rad * np.sin(commanded_rad + self.phase_rad)
        stop = commanded_rad - np.sign(way) * np.clip(short, *np.radians(SHORT_DEG))
        return np.where(np.abs(way) > short, stop, start_rad)


def draw_body(draw: np.random.Generator) -> Body:
    """A body 2 to 8 degrees short."""
    left, right = np.radians(draw.uniform(*SHORT_DEG, 2)).tolist()
    sway = math.radians(draw.uniform(0.0, 1.0))
    return Body((left, right), sway, draw.uniform(0.0, 2.0 * math.pi))


def draw_hearing(
    draw: np.random.Generator, mounting_rad: float, peak_deg: float, *, raw: bool = False
) -> Hearing:
    """One room for a robot whose array is turned by ``mounting_rad``."""
    atlas = load_atlas(ATLAS)
    angles, readings = _readings(atlas, int(draw.integers(atlas.rooms)))
    while True:
        bias = mounting_rad + math.radians(peak_deg) * _shape(draw)
        largest = float(np.abs(bias[_WITHIN]).max())
        bias *= math.radians(peak_deg) / largest
        if np.abs(np.diff(bias)).max() <= STEEPEST * np.radians(2.0):
            return Hearing(bias, angles, readings, raw)


def _shape(draw: np.random.Generator) -> Array:
    """A smooth function on the grid: harmonics, a wall to one side, a bend, or all of them."""
    shape = np.zeros(len(_GRID_RAD))
    kind = int(draw.integers(4))
    if kind in (0, 3):
        for harmonic in (1, 2, 3):
            size, phase = draw.standard_normal() / harmonic, draw.uniform(0, 2 * math.pi)
            shape += size * np.sin(harmonic * _GRID_RAD + phase)
    if kind in (1, 3):
        for _ in range(int(draw.integers(1, 3))):
            centre, width = draw.uniform(-REACH_RAD, REACH_RAD), np.radians(draw.uniform(25, 60))
            apart = np.arctan2(np.sin(_GRID_RAD - centre), np.cos(_GRID_RAD - centre))
            shape += draw.choice([-1.0, 1.0]) * np.exp(-0.5 * (apart / width) ** 2)
    if kind in (2, 3):
        level, slope, bend = draw.standard_normal(3)
        share = _GRID_RAD / REACH_RAD
        shape += _closed(level + slope * share + bend * share**2)
    return shape / max(1e-6, float(np.abs(shape[_WITHIN]).max()))


def _closed(shape: Array) -> Array:
    """Behind the robot, where the body does not reach, join both ends by a straight line."""
    inside = np.flatnonzero(_WITHIN)
    joined = np.interp(
        np.where(_GRID_RAD < -REACH_RAD, _GRID_RAD + 2.0 * math.pi, _GRID_RAD),
        [_GRID_RAD[inside[-1]], _GRID_RAD[inside[0]] + 2.0 * math.pi],
        [shape[inside[-1]], shape[inside[0]]],
    )
    return np.where(_WITHIN, shape, joined)


def _readings(atlas: Atlas, room: int) -> tuple[Array, tuple[Array, ...]]:
    voice = slice(0, atlas.speech_error.shape[-1] - int(atlas.tail))
    clear = np.flatnonzero(~atlas.motors)[np.argsort(-atlas.snr_db[~atlas.motors])][:MIXTURES]
    angles, found = [], []
    for place in range(atlas.angle_rad.shape[1]):
        errors = atlas.speech_error[room, place, clear][..., voice] * ERROR_RAD
        flags = atlas.speech_flags[room, place, clear][..., voice]
        heard = errors[(flags & MOVED > 0) & (flags & SPEECH > 0)]
        if heard.size:
            angles.append(float(atlas.angle_rad[room, place]))
            found.append(heard.astype(np.float64))
    return np.array(angles), tuple(found)
