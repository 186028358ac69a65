"""Utterances out of a folder of one-word clips, split by speaker."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from firmware import RATE_HZ
from numpy.typing import NDArray
from scipy.signal import resample_poly

Array = NDArray[np.float64]

MARK: Final = "_nohash_"
SUFFIXES: Final = (".flac", ".wav")
PERCENT: Final = 100
WINDOW: Final = RATE_HZ // 50
QUIET_DB: Final = -25.0
"""Below its loudest 20 ms, a clip's ends are silence and are cut off."""
EDGE_S: Final = 0.01
PAUSE_S: Final = (0.03, 0.25)
SHORTEST_S: Final = 0.15


def share_of(speaker: str) -> int:
    """0 to 99, the same for ever: where a speaker falls when a folder is split."""
    return int(hashlib.sha256(speaker.encode()).hexdigest(), 16) % PERCENT


def find_speakers(folder: Path, part: range) -> dict[str, list[Path]]:
    """The clips of every speaker whose share lies in ``part``, in order of name.

    Raises ``ValueError`` where the folder holds nobody of that part.
    """
    clips: dict[str, list[Path]] = defaultdict(list)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; name the folder of clips with --clips DIR")
    for path in sorted(folder.rglob("*")):
        speaker, mark, _ = path.name.partition(MARK)
        if mark and path.suffix in SUFFIXES and share_of(speaker) in part:
            clips[speaker].append(path)
    if not clips:
        raise ValueError(
            f"{folder} holds no clip named SPEAKER{MARK}N.flac or .wav of a speaker in "
            f"{part.start}:{part.stop}"
        )
    return dict(sorted(clips.items()))


def read_clip(path: Path) -> Array:
    """A clip's samples at the array's rate, mono. Raises ``ValueError`` naming a bad file."""
    try:
        samples, rate = soundfile.read(path, always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path} cannot be read as sound: {error}") from None
    mono = samples.mean(axis=1)
    return mono if rate == RATE_HZ else resample_poly(mono, RATE_HZ, rate)


def spoken(samples: Array) -> Array:
    """The clip without the silence before and after the word; empty where there is no word."""
    count = len(samples) // WINDOW
    power = (samples[: count * WINDOW].reshape(count, WINDOW) ** 2).mean(axis=1)
    if count == 0 or power.max() <= 0.0:
        return samples[:0]
    loud = np.flatnonzero(power > power.max() * 10.0 ** (QUIET_DB / 10.0))
    word = samples[loud[0] * WINDOW : (loud[-1] + 1) * WINDOW].copy()
    if len(word) < SHORTEST_S * RATE_HZ:
        return samples[:0]
    fade = np.linspace(0.0, 1.0, round(EDGE_S * RATE_HZ))
    word[: len(fade)] *= fade
    word[-len(fade) :] *= fade[::-1]
    return word / np.sqrt((word**2).mean())


class Voices:
    """The words of many speakers, strung together to utterances."""

    def __init__(self, clips: dict[str, list[Path]]) -> None:
        words = {who: [spoken(read_clip(path)) for path in paths] for who, paths in clips.items()}
        self.words = {who: [w for w in ws if len(w)] for who, ws in words.items()}
        self.words = {who: ws for who, ws in self.words.items() if ws}
        if not self.words:
            raise ValueError("no clip has a word in it: all are silent or too short")
        self.speakers = tuple(self.words)

    def utterance(self, samples: int, generator: np.random.Generator) -> Array:
        """One speaker's words with short pauses, ``samples`` long; RMS 1 while speaking."""
        words = self.words[self.speakers[int(generator.integers(len(self.speakers)))]]
        pieces: list[Array] = []
        total = 0
        while total < samples:
            pause = np.zeros(round(generator.uniform(*PAUSE_S) * RATE_HZ))
            pieces += [words[int(generator.integers(len(words)))], pause]
            total += len(pieces[-2]) + len(pause)
        said = np.concatenate(pieces)[:samples]
        said[-round(EDGE_S * RATE_HZ) :] *= np.linspace(1.0, 0.0, round(EDGE_S * RATE_HZ))
        return said
