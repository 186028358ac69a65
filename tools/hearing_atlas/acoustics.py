"""Rooms: their size, walls and furniture, and how a sound in them reaches the microphones.

Early sound comes from the image source method (Allen and Berkley 1979) in octave bands, with
slightly displaced images in place of the regular echoes that real walls do not make, and from the
table top. What comes after the mixing time is a diffuse field: plane waves from everywhere that die
away in each band at its own rate, coherent between microphones as in a real room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyroomacoustics as pra
from firmware import RATE_HZ, SOUND_M_S
from numpy.typing import NDArray

Array = NDArray[np.float64]

BANDS_HZ: Final = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0)
SIZE_M: Final = ((2.8, 8.0), (2.5, 6.5), (2.3, 3.5))
HALLS: Final = 12.0
"""A room's least volume grows with its reverberation time: m^3 for 0.1 s."""
ABSORPTION: Final = (0.02, 0.97)
WALL_SPREAD: Final = 0.5
"""Walls differ: standard deviation of the logarithm of their absorption."""
SLOPES: Final = (-0.15, 0.25)
"""Absorption changes by this share of itself an octave: panels take the low, curtains the high."""
IMAGE_SHIFT_M: Final = 0.06
MAX_ORDER: Final = 12
"""Images up to here are all that arrive in the first 80 ms of any room of these sizes."""
MIX_S: Final = (0.05, 0.075)
"""The images fade into the diffuse field here."""
WAVES: Final = 24
TABLE_HEIGHT_M: Final = (0.68, 0.78)
HEAD_M: Final = 0.25
"""Of the microphones above the table."""
TABLE_GAIN: Final = (0.3, 0.8)
CLEAR_M: Final = 0.3
"""Between a source and a wall."""
NEAR_M, SPLIT_M, FAR_M = 0.4, 1.3, 4.0
FACE_M: Final = (0.0, 0.55)
"""Of a mouth above the microphones: a seated to a standing person, as far as a table lets."""
LONGEST_S: Final = 0.8
DECAY_60_DB: Final = np.log(10.0) * 3.0
FIT_DB: Final = (-5.0, -25.0)
KERNEL: Final = 40
"""Half the length of the fractional delay's windowed sinc, in samples."""


@dataclass(frozen=True, slots=True)
class Place:
    """A source seen from the head: bearing (rad, left positive), distance, place in the room."""

    bearing_rad: float
    distance_m: float
    at_m: Array


@dataclass(frozen=True, slots=True)
class Acoustics:
    """One room with the robot in it."""

    size_m: Array
    head_m: Array
    heading_rad: float
    absorption: Array
    """[6 walls, bands]: west, east, south, north, floor, ceiling."""
    rt60_s: Array
    """Of each band, by Eyring's formula."""
    table_gain: float

    def microphones_m(self, offsets_m: Array) -> Array:
        """[3, microphones]; the axis lies level and points to the robot's left."""
        left = np.array([-np.sin(self.heading_rad), np.cos(self.heading_rad), 0.0])
        return self.head_m[:, None] + left[:, None] * offsets_m


def draw_room(rt60_s: float, generator: np.random.Generator) -> Acoustics:
    """A room whose sound at 1 kHz dies away in about ``rt60_s``."""
    while True:
        size = np.array([generator.uniform(*span) for span in SIZE_M])
        if np.prod(size) >= HALLS * rt60_s / 0.1 and np.prod(size) <= 150.0 * max(0.4, rt60_s):
            break
    areas = np.repeat([size[1] * size[2], size[0] * size[2], size[0] * size[1]], 2)
    walls = np.exp(generator.normal(0.0, WALL_SPREAD, 6))
    octave = np.arange(len(BANDS_HZ)) - BANDS_HZ.index(1000.0)
    slope = generator.uniform(*SLOPES, 6)[:, None]
    shape = walls[:, None] * np.clip(1.0 + slope * octave, 0.3, 2.5)
    scale = _scale(rt60_s, size, areas, shape)
    absorption = np.clip(scale * shape, *ABSORPTION)
    margin = np.minimum(size[:2] / 2.0 - 0.05, 0.5)
    head = np.array(
        [
            generator.uniform(margin[0], size[0] - margin[0]),
            generator.uniform(margin[1], size[1] - margin[1]),
            generator.uniform(*TABLE_HEIGHT_M) + HEAD_M,
        ]
    )
    return Acoustics(
        size,
        head,
        float(generator.uniform(0.0, 2.0 * np.pi)),
        absorption,
        eyring_s(size, areas, absorption),
        float(generator.uniform(*TABLE_GAIN)),
    )


def eyring_s(size: Array, areas: Array, absorption: Array) -> Array:
    """Reverberation time of each band (Eyring 1930), s."""
    mean = (areas[:, None] * absorption).sum(axis=0) / areas.sum()
    return 0.161 * np.prod(size) / (-areas.sum() * np.log(1.0 - mean))


def _scale(rt60_s: float, size: Array, areas: Array, shape: Array) -> float:
    """The factor of ``shape`` that gives the 1 kHz band its reverberation time: by halving."""
    low, high = 0.0, 10.0
    band = BANDS_HZ.index(1000.0)
    for _ in range(50):
        middle = (low + high) / 2.0
        absorption = np.clip(middle * shape, *ABSORPTION)
        if eyring_s(size, areas, absorption)[band] > rt60_s:
            low = middle
        else:
            high = middle
    return high


def draw_places(room: Acoustics, count: int, generator: np.random.Generator) -> list[Place]:
    """Sources all round the robot, half of them near and half far, as far as the walls allow."""
    places = []
    around = 2.0 * np.pi * np.arange(count) / count + generator.uniform(0.0, 2.0 * np.pi)
    for index, slot in enumerate(around):
        bearing = float(slot + generator.uniform(-0.5, 0.5) * 2.0 * np.pi / count)
        span = (NEAR_M, SPLIT_M) if index % 2 else (SPLIT_M, FAR_M)
        distance = float(np.exp(generator.uniform(*np.log(span))))
        way = np.array([np.cos(room.heading_rad + bearing), np.sin(room.heading_rad + bearing)])
        free = np.where(way > 0.0, room.size_m[:2] - room.head_m[:2], room.head_m[:2]) - CLEAR_M
        reach = float(np.min(np.maximum(free, 0.05) / np.maximum(np.abs(way), 1e-9)))
        distance = max(min(distance, reach), min(reach, NEAR_M), 0.15)
        height = min(room.head_m[2] + generator.uniform(*FACE_M), room.size_m[2] - CLEAR_M)
        at = np.array([*(room.head_m[:2] + distance * way), height])
        away = at - room.head_m
        places.append(Place(float(np.angle(np.exp(1j * bearing))), float(np.linalg.norm(away)), at))
    return places


def anechoic(places: Array, microphones: Array) -> list[Array]:
    """Responses [microphones, samples] of each place [n, 3] without any room."""
    return [_direct(at, microphones, 1.0) for at in places]


def responses(
    room: Acoustics, places: Array, microphones: Array, generator: np.random.Generator
) -> list[Array]:
    """Responses [microphones, samples] of each place [n, 3]; a source at 1 m has gain 1."""
    names = ("west", "east", "south", "north", "floor", "ceiling")
    walls = {
        name: pra.Material({"coeffs": row.tolist(), "center_freqs": list(BANDS_HZ)})
        for name, row in zip(names, room.absorption, strict=True)
    }
    shoebox = pra.ShoeBox(
        room.size_m,
        fs=RATE_HZ,
        materials=walls,
        max_order=MAX_ORDER,
        air_absorption=False,
        use_rand_ism=True,
        max_rand_disp=IMAGE_SHIFT_M,
    )
    shoebox.add_microphone_array(microphones)
    for at in places:
        shoebox.add_source(at)
    pra.random.seed(int(generator.integers(2**31)))
    shoebox.compute_rir()
    found = []
    for index, at in enumerate(places):
        rows = [shoebox.rir[m][index] for m in range(microphones.shape[1])]
        early = np.zeros((len(rows), max(map(len, rows))))
        for row, samples in zip(early, rows, strict=True):
            row[: len(samples)] = samples
        early = early[:, pra.constants.get("frac_delay_length") // 2 :]
        mixed = _with_tail(early, room, microphones, generator)
        mirrored = at * (1, 1, -1) + np.array([0.0, 0.0, 2.0 * (room.head_m[2] - HEAD_M)])
        table = _direct(mirrored, microphones, room.table_gain)
        length = max(mixed.shape[1], table.shape[1])
        total = np.zeros((len(rows), length))
        total[:, : mixed.shape[1]] += mixed
        total[:, : table.shape[1]] += table
        found.append(total)
    return found


def _direct(at: Array, microphones: Array, gain: float) -> Array:
    """Straight sound: delayed, and weaker by the distance."""
    away = np.linalg.norm(microphones - at[:, None], axis=0)
    delay = away / SOUND_M_S * RATE_HZ + KERNEL
    taps = np.arange(int(delay.max()) + KERNEL + 2)
    lag = taps - delay[:, None]
    window = np.where(np.abs(lag) < KERNEL, 0.5 + 0.5 * np.cos(np.pi * lag / KERNEL), 0.0)
    return (gain / away[:, None] * np.sinc(lag) * window)[:, KERNEL:]


def _with_tail(
    early: Array, room: Acoustics, microphones: Array, generator: np.random.Generator
) -> Array:
    """The images, faded out, and the diffuse field that takes over with their energy."""
    start, end = (round(t * RATE_HZ) for t in MIX_S)
    length = start + round(min(LONGEST_S, float(room.rt60_s.max())) * RATE_HZ)
    total = np.zeros((len(early), max(length, end)))
    kept = min(early.shape[1], total.shape[1])
    total[:, :kept] = early[:, :kept]
    before = in_bands(total[:, start:end])
    fade = np.clip((np.arange(total.shape[1]) - start) / (end - start), 0.0, 1.0)
    total *= np.cos(fade * np.pi / 2.0)
    field = in_bands(diffuse(total.shape[1], microphones, generator))
    late_s = (np.arange(total.shape[1]) - (start + end) / 2.0) / RATE_HZ
    for band, was, rt60_s in zip(field, before, room.rt60_s, strict=True):
        now = np.sqrt((band**2).mean()) + 1e-20
        size = np.sqrt((was**2).mean()) / now
        decay = np.exp(-DECAY_60_DB / rt60_s * late_s)
        total += size * band * decay * np.sin(fade * np.pi / 2.0)
    return total


def in_bands(signal: Array) -> Array:
    """[bands, channels, samples] whose sum is ``signal``: octaves cut apart in its spectrum."""
    count = signal.shape[1]
    spectrum = np.fft.rfft(signal)
    frequency = np.fft.rfftfreq(count, 1.0 / RATE_HZ)
    edges = np.sqrt(2.0) * np.array(BANDS_HZ[:-1])
    band = np.searchsorted(edges, frequency)
    return np.stack([np.fft.irfft(spectrum * (band == k), count) for k in range(len(BANDS_HZ))])


def diffuse(samples: int, microphones: Array, generator: np.random.Generator) -> Array:
    """White noise [microphones, samples] of variance 1 out of every direction alike.

    Plane waves from random directions on the sphere, each with noise of its own.
    """
    way = generator.standard_normal((WAVES, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    delay_s = -way @ (microphones - microphones.mean(axis=1, keepdims=True)) / SOUND_M_S
    omega = 2.0 * np.pi * np.fft.rfftfreq(samples, 1.0 / RATE_HZ)
    total = np.zeros((microphones.shape[1], len(omega)), dtype=np.complex128)
    for wave in delay_s:
        noise = generator.standard_normal(len(omega)) + 1j * generator.standard_normal(len(omega))
        turn = np.exp(-1j * omega * (wave[1] - wave[0]))
        lag = np.exp(-1j * omega * wave[0])
        for total_row in total:  # evenly spaced microphones: each lags by the same
            total_row += noise * lag
            lag = lag * turn
    field = np.fft.irfft(total, samples)
    return field / np.sqrt((field**2).mean())


def measured_rt60_s(response: Array) -> float:
    """From one response [samples], by backward integration from -5 to -25 dB (Schroeder 1965)."""
    left = np.cumsum(response[::-1] ** 2)[::-1]
    level = 10.0 * np.log10(left / left[0] + 1e-12)
    first, last = np.argmax(level < FIT_DB[0]), np.argmax(level < FIT_DB[1])
    return float((last - first) / RATE_HZ * 60.0 / (FIT_DB[0] - FIT_DB[1]))
