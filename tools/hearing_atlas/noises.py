"""What else there is to hear: a room's hum, the robot's own motors, doors and cups.

None of the robot's motor noise is published. What is made here follows from how such gears sound:
tones of motor and gear that glide with the speed, and hiss, from places around and under the head.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from acoustics import SOUND_M_S, diffuse
from firmware import RATE_HZ
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

Array = NDArray[np.float64]

TURN: Final = 2.0 * np.pi
FAN_SHARE: Final = (0.2, 0.8)
"""Of a room's noise power that comes out of one fan; the rest is diffuse."""
BLADES_HZ: Final = (60.0, 240.0)
HARMONICS: Final = 5
TILT_POLE: Final = (0.85, 0.97)
"""Rooms rumble: one pole that takes the highs."""
MOTORS_M: Final = (
    (0.03, 0.03, -0.10), (0.01, 0.04, -0.10), (-0.04, 0.01, -0.10),
    (-0.04, -0.01, -0.10), (0.01, -0.04, -0.10), (0.03, -0.03, -0.10),
    (0.0, 0.05, 0.03), (0.0, -0.05, 0.03), (0.0, 0.0, -0.20),
)  # fmt: skip
"""Of the nine motors from the microphones' middle: forward, left, up."""
SHAFT_HZ: Final = (30.0, 160.0)
"""Turns a second of a motor inside its 288:1 gear."""
TEETH: Final = (1.0, 2.0, 9.0, 18.0)
"""Tones for one turn: imbalance, brushes, first gear and its double."""
HISS: Final = 0.7
IN_THE_ROOM: Final = 0.2
"""Motor noise that comes back from the room, of that which comes straight."""

CUP: Final = (900.0, 4000.0), (0.03, 0.15)
DOOR: Final = (60.0, 500.0), (0.02, 0.1)
"""What rings: its tones, Hz, and how fast they fade, s."""
RINGS: Final = 5
BURST_FADE_S: Final = (0.004, 0.03)
AGAIN_S: Final = (0.12, 0.6)


def _unit(signal: Array) -> Array:
    return signal / np.sqrt((signal**2).mean())


def room_noise(
    samples: int, microphones: Array, fan_response: Array, generator: np.random.Generator
) -> Array:
    """[microphones, samples], RMS 1: a diffuse rumble and a fan at one place of the room."""
    share = generator.uniform(*FAN_SHARE)
    pole = generator.uniform(*TILT_POLE)
    rumble = _unit(lfilter([1.0], [1.0, -pole], diffuse(samples, microphones, generator)))
    t = np.arange(samples) / RATE_HZ
    blades = generator.uniform(*BLADES_HZ)
    air_pole = generator.uniform(*TILT_POLE)
    air = _unit(lfilter([1.0], [1.0, -air_pole], generator.standard_normal(samples)))
    for k in range(1, HARMONICS + 1):
        phase = generator.uniform(0.0, TURN)
        air += generator.uniform(0.1, 0.5) / k * np.sin(TURN * blades * k * t + phase)
    fan = _unit(fftconvolve(air[None], fan_response, axes=1)[:, :samples])
    return _unit(np.sqrt(share) * fan + np.sqrt(1.0 - share) * rumble)


def motor_noise(
    samples: int, offsets_m: Array, microphones: Array, generator: np.random.Generator
) -> Array:
    """[microphones, samples], RMS 1: nine gears near the head, and their echo in the room."""
    t = np.arange(samples) / RATE_HZ
    omega = TURN * np.fft.rfftfreq(samples, 1.0 / RATE_HZ)
    total = np.zeros((len(offsets_m), len(omega)), dtype=np.complex128)
    band = butter(2, (800.0, 6500.0), "bandpass", fs=RATE_HZ, output="sos")
    for ahead, left, up in MOTORS_M:
        sway = sum(
            generator.uniform(0.2, 0.5) * np.sin(TURN * generator.uniform(0.2, 1.5) * t + phase)
            for phase in generator.uniform(0.0, TURN, 3)
        )
        shaft = generator.uniform(*SHAFT_HZ) * (1.0 + 0.5 * np.clip(sway, -1.0, 1.0))
        turn = TURN * np.cumsum(shaft) / RATE_HZ
        whine = sum(
            generator.uniform(0.2, 1.0) * np.sin(teeth * turn + generator.uniform(0.0, TURN))
            for teeth in TEETH
        )
        hiss = sosfilt(band, generator.standard_normal(samples))
        loud = generator.uniform(0.3, 1.0) * np.maximum(0.1, 1.0 + sway)
        sound = np.fft.rfft(loud * (_unit(whine) + HISS * _unit(hiss)))
        for row, offset in zip(total, offsets_m, strict=True):
            away = float(np.sqrt(ahead**2 + (left - offset) ** 2 + up**2))
            row += sound * np.exp(-1j * omega * away / SOUND_M_S) / away
    straight = _unit(np.fft.irfft(total, samples))
    echo = sosfilt(band, diffuse(samples, microphones, generator), axis=1)
    return _unit(straight + IN_THE_ROOM * _unit(echo))


def knock(samples: int, generator: np.random.Generator) -> Array:
    """A door or a cup: a burst, what rings, and the same again. RMS 1 over its first 0.3 s."""
    t = np.arange(samples) / RATE_HZ
    tones_hz, fades_s = CUP if generator.random() < 0.5 else DOOR
    ring_hz = generator.uniform(*tones_hz, RINGS)
    fade_s = generator.uniform(*fades_s, RINGS)
    rings = sum(
        np.sin(TURN * hz * t + generator.uniform(0.0, 6.0)) * np.exp(-t / fade)
        for hz, fade in zip(ring_hz, fade_s, strict=True)
    )
    burst = generator.standard_normal(samples) * np.exp(-t / generator.uniform(*BURST_FADE_S))
    again = round(generator.uniform(*AGAIN_S) * RATE_HZ)
    sound = rings + generator.uniform(0.5, 2.0) * burst
    sound[again:] += generator.uniform(0.2, 0.9) * sound[:-again].copy()
    return sound / np.sqrt((sound[: round(0.3 * RATE_HZ)] ** 2).mean())
