"""One atlas, room by room: every voice, knock and noise as the array reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from acoustics import Acoustics, draw_places, draw_room, measured_rt60_s, responses
from firmware import FRAME, RATE_HZ, Firmware, Heard, Settings
from noises import knock, motor_noise, room_noise
from numpy.typing import NDArray
from rich.progress import track
from scipy.signal import fftconvolve
from voices import Voices

from firmware_bridge.simulation.atlas import ERROR_RAD, MOVED, SPEECH, Atlas

Array = NDArray[np.float64]

RT60_S: Final = (0.1, 0.8)
LEAD: Final = 5
"""Readings of noise alone before each sequence: the firmware learns its floor there."""
VOICE: Final = 20
TAIL: Final = 3
KNOCK: Final = 8
QUIET: Final = 40
NOISE_S: Final = 10
MIXTURES: Final = (
    (False, 30.0), (False, 20.0), (False, 11.0), (False, 3.0), (False, -6.0),
    (True, 12.0), (True, 3.0), (True, -6.0),
)  # fmt: skip
"""Motors or the room's own noise, and how far the source is above it, dB."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much an atlas holds: rooms, places in each, utterances at each place."""

    rooms: int = 32
    places: int = 24
    voices: int = 2


def build(voices: Voices, settings: Settings, size: Size, seed: int) -> Atlas:
    """All rooms, each from a seed of its own; ``about`` is empty yet."""
    firmware = Firmware(settings)
    seeds = np.random.SeedSequence(seed).spawn(size.rooms)
    steps = np.linspace(*RT60_S, size.rooms + 1)
    rows = []
    for index in track(range(size.rooms), description="rooms"):
        generator = np.random.default_rng(seeds[index])
        rt60_s = float(generator.uniform(steps[index], steps[index + 1]))
        room = draw_room(rt60_s, generator)
        rows.append(_room(room, voices, firmware, size, generator))
    stacked = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
    return Atlas(
        about={},
        motors=np.array([motors for motors, _ in MIXTURES]),
        snr_db=np.array([snr for _, snr in MIXTURES], dtype=np.float32),
        tail=np.array(TAIL),
        **stacked,
    )


def _room(
    room: Acoustics,
    voices: Voices,
    firmware: Firmware,
    size: Size,
    generator: np.random.Generator,
) -> dict[str, Array]:
    """Everything that is heard in one room, as the atlas keeps it."""
    offsets = firmware.settings.offsets_m()
    microphones = room.microphones_m(offsets)
    places = draw_places(room, size.places + 1, generator)
    found = responses(room, np.array([place.at_m for place in places]), microphones, generator)
    places, fan = places[:-1], found.pop()
    samples = NOISE_S * RATE_HZ
    noise = {
        False: room_noise(samples, microphones, fan, generator),
        True: motor_noise(samples, offsets, microphones, generator),
    }
    left = np.array([-np.sin(room.heading_rad), np.cos(room.heading_rad), 0.0])
    front = np.array([np.cos(room.heading_rad), np.sin(room.heading_rad), 0.0])
    ways = np.array([(place.at_m - room.head_m) / place.distance_m for place in places])
    truth = np.arccos(np.clip(ways @ left, -1.0, 1.0))
    speech, sound, gain = [], [], []
    for angle, response in zip(truth, found, strict=True):
        said = [_through(voices.utterance(VOICE * FRAME, generator), response, VOICE + TAIL)
                for _ in range(size.voices)]  # fmt: skip
        loud = [np.sqrt((s[:, : VOICE * FRAME] ** 2).mean()) for s in said]
        gain.append(20.0 * np.log10(np.mean(loud)))
        speech.append(_mixtures(said, loud, noise, angle, firmware, generator))
        knocks = [_through(knock(KNOCK * FRAME, generator), response, KNOCK)]
        bang = [np.sqrt((s[:, : 3 * FRAME] ** 2).mean()) for s in knocks]
        sound.append(_mixtures(knocks, bang, noise, angle, firmware, generator))
    row = {
        "rt60_s": np.float32(np.median([measured_rt60_s(h[0]) for h in found])),
        "size_m": room.size_m.astype(np.float32),
        "angle_rad": truth.astype(np.float32),
        "ahead": (ways @ front).astype(np.float32),
        "distance_m": np.array([place.distance_m for place in places], dtype=np.float32),
        "gain_db": np.array(gain, dtype=np.float32),
    }
    for name, cells in (("speech", speech), ("sound", sound)):
        for key in ("error", "level", "flags"):
            row[f"{name}_{key}"] = np.stack([cell[key] for cell in cells])
    quiet = [_quiet(noise[motors], snr, firmware) for motors, snr in MIXTURES]
    for key, name in (("error", "angle"), ("level", "level"), ("flags", "flags")):
        row[f"quiet_{name}"] = np.stack([reading[key] for reading in quiet])
    return row


def _through(dry: Array, response: Array, frames: int) -> Array:
    """``dry`` as the microphones hear it, ``frames`` readings long."""
    wet = fftconvolve(dry[None], response, axes=1)[:, : frames * FRAME]
    return np.pad(wet, ((0, 0), (0, max(0, frames * FRAME - wet.shape[1]))))


def _mixtures(
    sounds: list[Array],
    loud: list[float],
    noise: dict[bool, Array],
    truth: float,
    firmware: Firmware,
    generator: np.random.Generator,
) -> dict[str, Array]:
    """Every sound under every mixture: [mixtures, sounds, readings] of error, level and flags."""
    rows = []
    for motors, snr in MIXTURES:
        for sound, level in zip(sounds, loud, strict=True):
            length = sound.shape[1] + LEAD * FRAME
            start = int(generator.integers(noise[motors].shape[1] - length))
            heard = noise[motors][:, start : start + length] * (level * 10.0 ** (-snr / 20.0))
            heard[:, LEAD * FRAME :] += sound
            rows.append(_kept(firmware.hear(heard, LEAD, level), truth))
    return {
        key: np.stack([row[key] for row in rows]).reshape(len(MIXTURES), len(sounds), -1)
        for key in rows[0]
    }


def _quiet(noise: Array, snr: float, firmware: Firmware) -> dict[str, Array]:
    """Noise alone, ``snr`` dB under loud speech at 1 m; the level is the noise's own."""
    level = 10.0 ** (-snr / 20.0)
    heard = firmware.hear(noise[:, : (LEAD + QUIET) * FRAME] * level, LEAD, 1.0)
    return _kept(replace(heard, power=heard.power / level**2), 0.0)


def _kept(heard: Heard, truth: float) -> dict[str, Array]:
    flags = SPEECH * heard.speech + MOVED * heard.moved
    level = 10.0 * np.log10(heard.power + 1e-12)
    return {
        "error": np.rint((heard.angle_rad - truth) / ERROR_RAD).astype(np.int16),
        "level": np.clip(np.rint(level), -127, 127).astype(np.int8),
        "flags": flags.astype(np.uint8),
    }
