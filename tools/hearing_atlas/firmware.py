"""The array's firmware: where a sound comes from, whether it is speech, how loud it is.

Direction is a steered response with phase transform (DiBiase, "A high-accuracy, low-latency
technique for talker localization", 2000) over the angle to the array's axis; bins that do not stand
out of the noise floor count less. Speech is WebRTC's voice activity detector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import webrtcvad
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE_HZ: Final = 16_000
FRAME: Final = RATE_HZ // 10
"""Samples of one reading."""
SOUND_M_S: Final = 343.0
WINDOW: Final = 512
HOP: Final = 272
"""Five windows fill a frame."""
BAND_HZ: Final = (250.0, 5000.0)
ANGLES: Final = np.radians(np.arange(0.0, 180.5, 1.0))
VAD_SAMPLES: Final = RATE_HZ // 100
VAD_RMS: Final = 10.0 ** (-26.0 / 20.0) * 32768.0
"""What the firmware's gain control makes of speech before it is told from noise."""
MEMORY: Final = 0.5
"""Share of the last frame's evidence that still counts in the next one."""
OVER: Final = 3.0
"""The noise floor counts so often: a bin must stand out of it to count at all."""
LEAST_GAIN: Final = 0.05
ECHO: Final = 1.0
ECHO_DECAY: Final = 0.75
"""From window to window, 17 ms."""
FLOOR_RISE: Final = 2.0
"""A frame this much above the noise floor in power moves the angle, speech or not."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The array: four microphones in a line, the first on the left.

    The vendor does not publish the spacing. 33 mm is what fits the head and the processor's
    guidelines (outer microphones 10 cm apart).
    """

    microphones: int = 4
    spacing_m: float = 0.033
    voiced_share: float = 0.5
    """Share of a frame's 10 ms slices that the detector must call speech."""
    aggressiveness: int = 3
    """Of the detector, 0 to 3."""

    def offsets_m(self) -> Array:
        """Places [microphones] along the axis, positive to the left."""
        return self.spacing_m * (np.arange(self.microphones) - (self.microphones - 1) / 2.0)[::-1]


@dataclass(frozen=True, slots=True)
class Heard:
    """Readings [frames]: angle in rad (0 left, pi right), power, flags."""

    angle_rad: Array
    power: Array
    speech: NDArray[np.bool_]
    moved: NDArray[np.bool_]
    """The reading stood out of the floor, so the angle is that of this frame."""


class Firmware:
    """One array; ``hear`` may be called for any number of recordings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        frequency = np.fft.rfftfreq(WINDOW, 1.0 / RATE_HZ)
        self._bins = np.flatnonzero((frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1]))
        lag = settings.spacing_m * np.arange(1, settings.microphones)
        turns_m = 2.0 * np.pi / SOUND_M_S * frequency[self._bins]
        phase = np.einsum("p,f,a->pfa", lag, turns_m, np.cos(ANGLES))
        steering = np.exp(-1j * phase).reshape(-1, len(ANGLES)).astype(np.complex64)
        self._steering = np.concatenate([steering.real, -steering.imag])
        self._window = np.hanning(WINDOW).astype(np.float32)

    def hear(self, signal: Array, lead: int, speech_rms: float) -> Heard:
        """Read ``signal`` [microphones, samples].

        Its first ``lead`` frames are background only; they set the noise floor and are left out of
        the result. ``speech_rms`` is the level that the gain control brings to its target.
        """
        spectra = self._spectra(signal)
        power = (np.abs(spectra) ** 2).mean(axis=2)
        floor = power[:lead].mean(axis=(0, 1))
        angle = self._angles(spectra, _evidence(power, floor))[lead:]
        loud = signal[:, : power.shape[0] * FRAME].reshape(len(signal), -1, FRAME)
        frame_power = (loud**2).mean(axis=(0, 2))
        quiet = float(frame_power[:lead].mean())
        speech = self._speech(_suppressed(signal[0], lead) * (VAD_RMS / speech_rms))[lead:]
        moved = speech | (frame_power[lead:] > FLOOR_RISE * quiet)
        return Heard(angle, frame_power[lead:], speech, moved)

    def _spectra(self, signal: Array) -> NDArray[np.complex64]:
        """[frames, windows, microphones, bins]."""
        frames = signal.shape[1] // FRAME
        cut = np.lib.stride_tricks.sliding_window_view(signal[:, : frames * FRAME], WINDOW, axis=1)
        starts = np.arange(frames)[:, None] * FRAME + np.arange(0, FRAME - WINDOW + 1, HOP)
        windows = cut[:, starts].astype(np.float32) * self._window
        spectra = np.fft.rfft(windows, axis=-1)[..., self._bins]
        return spectra.transpose(1, 2, 0, 3).astype(np.complex64)

    def _angles(self, spectra: NDArray[np.complex64], evidence: Array) -> Array:
        """The angle of the strongest steered response, between grid points by a parabola."""
        white = spectra / (np.abs(spectra) + 1e-12)
        lags = range(1, self.settings.microphones)
        pairs = [(white[:, :, :-k] * white[:, :, k:].conj()).sum(axis=2) for k in lags]
        cross = (np.stack(pairs, axis=2) * evidence[:, :, None]).sum(axis=1)
        for now, before in zip(cross[1:], cross[:-1], strict=True):
            now += MEMORY * before
        flat = cross.reshape(len(cross), -1)
        parts = np.concatenate([flat.real, flat.imag], axis=1).astype(np.float32)
        response = parts @ self._steering
        best = response.argmax(axis=1)
        inner = np.clip(best, 1, len(ANGLES) - 2)
        rows = np.arange(len(best))
        left, top, right = (response[rows, inner + k] for k in (-1, 0, 1))
        bend = left - 2.0 * top + right
        peak = (best == inner) & (bend < 0.0)
        shift = np.where(peak, 0.5 * (left - right) / np.where(peak, bend, -1.0), 0.0)
        return np.clip(ANGLES[best] + shift * (ANGLES[1] - ANGLES[0]), 0.0, np.pi)

    def _speech(self, samples: Array) -> NDArray[np.bool_]:
        """One flag a frame."""
        detector = webrtcvad.Vad(self.settings.aggressiveness)
        frames = len(samples) // FRAME
        pcm = np.clip(samples[: frames * FRAME], -32768, 32767).astype("<i2")
        slices = pcm.reshape(-1, VAD_SAMPLES)
        voiced = np.array([detector.is_speech(piece.tobytes(), RATE_HZ) for piece in slices])
        speech = voiced.reshape(frames, -1).mean(axis=1) >= self.settings.voiced_share
        speech[1:] |= speech[:-1].copy()  # the detector hangs over for one reading
        return speech


def _suppressed(samples: Array, lead: int) -> Array:
    """``samples`` with the background of its first ``lead`` frames taken out of its spectrum."""
    half = WINDOW // 2
    window = np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)
    padded = np.pad(samples, (half, WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::half]
    spectrum = np.fft.rfft(windows * window)
    power = np.abs(spectrum) ** 2
    floor = power[1 : lead * FRAME // half].mean(axis=0)
    gain = np.maximum(LEAST_GAIN, 1.0 - OVER * floor / (power + 1e-20))
    clean = np.fft.irfft(spectrum * gain) * window
    return (clean[1:, :half] + clean[:-1, half:]).ravel()[: len(samples)]


def _evidence(power: Array, floor: Array) -> Array:
    """What each bin of each window [frames, windows, bins] says about the talker, 0 to 1.

    Spectral subtraction of the noise floor and of the late echo, which is what was heard a moment
    ago dying away (Lebart 2001).
    """
    flat = power.reshape(-1, power.shape[-1])
    echo = np.empty_like(flat)
    past = floor.copy()
    for row, now in zip(echo, flat, strict=True):
        row[:] = past
        past = ECHO_DECAY * past + (1.0 - ECHO_DECAY) * now
    noise = OVER * floor + ECHO * np.maximum(0.0, echo - floor)
    return np.maximum(0.0, 1.0 - noise / (flat + 1e-20)).reshape(power.shape)
