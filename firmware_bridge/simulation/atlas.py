"""A hearing atlas: what a microphone array made of real voices in many rooms, reading by reading.

A room holds places all round the robot; at each place voices and knocks were heard through the
room's own echo, under several mixtures of noise. Readings of a sequence follow each other at 10 Hz.
``tools/hearing_atlas`` builds one.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.simulation.tables import TableError

FORMAT: Final = 1
SHIPPED: Final = resources.files("firmware_bridge.simulation") / "atlases"
SUFFIX: Final = ".npz"
ERROR_RAD: Final = float(np.radians(0.1))
"""One step of the stored angles and errors."""
SPEECH: Final = 1
MOVED: Final = 2
"""Flags: the array called it speech; its angle is that of this reading, not held."""
LONGEST_RT60_S: Final = 3.0

Floats = NDArray[np.float32]
Angles = NDArray[np.int16]
Levels = NDArray[np.int8]
Flags = NDArray[np.uint8]


class AtlasError(TableError):
    """An atlas cannot be read; the message is one line that names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Atlas:
    """R rooms, C places in each, V mixtures of noise, U sequences of F readings.

    Angles are in steps of ``ERROR_RAD``; an error is the reading less the truth. Levels are in dB:
    of a source of level 1 (loud speech at 1 m without a room), or of the noise itself where there
    is only noise.
    """

    about: dict[str, Any]
    """Where it comes from: clips, licence, seed, the array that was assumed."""
    rt60_s: Floats
    """[R] reverberation times, measured on the rooms' responses."""
    size_m: Floats
    """[R, 3]"""
    motors: NDArray[np.bool_]
    """[V] the noise is that of the robot's motors, not of the room."""
    snr_db: Floats
    """[V] of the source's mean level at the array, to the noise."""
    angle_rad: Floats
    """[R, C] truth: 0 left, pi right."""
    ahead: Floats
    """[R, C] cosine of the place's direction to the head's x axis: negative is behind."""
    distance_m: Floats
    """[R, C]"""
    gain_db: Floats
    """[R, C] how loud a source of level 1 is at the array, echo included."""
    speech_error: Angles
    """[R, C, V, U, F]"""
    speech_level: Levels
    speech_flags: Flags
    tail: NDArray[np.int64]
    """[] readings at the end of each speech sequence in which the voice is already silent."""
    sound_error: Angles
    """[R, C, V, U', F'] a knock: a door, a cup."""
    sound_level: Levels
    sound_flags: Flags
    quiet_angle: Angles
    """[R, V, F''] noise alone; ``snr_db`` is then of loud speech at 1 m to it."""
    quiet_level: Levels
    quiet_flags: Flags

    @property
    def rooms(self) -> int:
        """How many there are."""
        return len(self.rt60_s)

    def room_near(self, rt60_s: float, generator: np.random.Generator) -> int:
        """One of the rooms nearest in reverberation time, drawn."""
        order = np.argsort(np.abs(self.rt60_s - rt60_s), kind="stable")
        nearest = order[: max(1, round(self.rooms * NEAR_SHARE))]
        return int(nearest[generator.integers(len(nearest))])


NEAR_SHARE: Final = 1.0 / 8.0
SHAPES: Final[dict[str, tuple[str, str]]] = {
    "rt60_s": ("f4", "R"),
    "size_m": ("f4", "R3"),
    "motors": ("b1", "V"),
    "snr_db": ("f4", "V"),
    "angle_rad": ("f4", "RC"),
    "ahead": ("f4", "RC"),
    "distance_m": ("f4", "RC"),
    "gain_db": ("f4", "RC"),
    "speech_error": ("i2", "RCVUF"),
    "speech_level": ("i1", "RCVUF"),
    "speech_flags": ("u1", "RCVUF"),
    "tail": ("i8", ""),
    "sound_error": ("i2", "RCVuf"),
    "sound_level": ("i1", "RCVuf"),
    "sound_flags": ("u1", "RCVuf"),
    "quiet_angle": ("i2", "RVq"),
    "quiet_level": ("i1", "RVq"),
    "quiet_flags": ("u1", "RVq"),
}
"""Type and dimensions of every array; one letter is one length throughout."""
HALF_TURN: Final = 1800
RANGES: Final[dict[str, tuple[float, float]]] = {
    "rt60_s": (0.0, LONGEST_RT60_S),
    "size_m": (0.5, 100.0),
    "snr_db": (-60.0, 100.0),
    "angle_rad": (0.0, 3.1416),
    "ahead": (-1.0, 1.0),
    "distance_m": (0.05, 20.0),
    "gain_db": (-80.0, 40.0),
    "speech_error": (-HALF_TURN, HALF_TURN),
    "sound_error": (-HALF_TURN, HALF_TURN),
    "quiet_angle": (0, HALF_TURN),
    "speech_flags": (0, SPEECH | MOVED),
    "sound_flags": (0, SPEECH | MOVED),
    "quiet_flags": (0, SPEECH | MOVED),
}


def shipped_atlases() -> tuple[str, ...]:
    """Names of the atlases that come with the program."""
    names = (entry.name for entry in SHIPPED.iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))


@lru_cache(maxsize=8)
def load_atlas(name_or_path: str | Path) -> Atlas:
    """Read an atlas that ships by name, or one by path. Raises ``AtlasError``.

    It is kept, so a second life in it costs no second reading.
    """
    name = str(name_or_path)
    where = SHIPPED / f"{name}{SUFFIX}" if name in shipped_atlases() else Path(name_or_path)
    try:
        with where.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
    except FileNotFoundError:
        known = ", ".join(shipped_atlases())
        raise AtlasError(
            f"atlas {name}: no such file; give a {SUFFIX} file or one of: {known}"
        ) from None
    except OSError as error:
        raise AtlasError(f"atlas {name}: {error.strerror or error}") from None
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, AttributeError):
        raise AtlasError(
            f"atlas {name}: not a whole {SUFFIX} file; build or copy it again"
        ) from None
    return _checked(arrays, name)


def save_atlas(path: Path, atlas: Atlas) -> None:
    """Write it compressed. Raises ``AtlasError`` where it would not be read back."""
    arrays: dict[str, Any] = {key: getattr(atlas, key) for key in SHAPES}
    arrays["about"] = np.array(json.dumps({**atlas.about, "format": FORMAT}, sort_keys=True))
    _checked(arrays, str(path))
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _checked(arrays: dict[str, NDArray[Any]], name: str) -> Atlas:
    about = _about(arrays.get("about"), name)
    arrays = {key: array for key, array in arrays.items() if key != "about"}
    missing = sorted(SHAPES.keys() - arrays.keys())
    if missing:
        raise AtlasError(f"atlas {name}: '{missing[0]}' is missing")
    unknown = sorted(arrays.keys() - SHAPES.keys())
    if unknown:
        raise AtlasError(f"atlas {name}: '{unknown[0]}' is not known")
    lengths: dict[str, int] = {"3": 3}
    for key, (kind, axes) in SHAPES.items():
        array = arrays[key]
        if array.dtype != np.dtype(kind) or array.ndim != len(axes):
            raise AtlasError(
                f"atlas {name}: '{key}' is {array.dtype} with {array.ndim} axes; expected "
                f"{np.dtype(kind)} with {len(axes)}"
            )
        for axis, length in zip(axes, array.shape, strict=True):
            if lengths.setdefault(axis, length) != length or length == 0:
                raise AtlasError(f"atlas {name}: '{key}' has shape {array.shape}, which fits not")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise AtlasError(f"atlas {name}: '{key}' holds a number that is not finite")
        low, high = RANGES.get(key, (-np.inf, np.inf))
        if array.dtype.kind != "b" and not ((array >= low) & (array <= high)).all():
            raise AtlasError(f"atlas {name}: '{key}' leaves its range of {low:g} to {high:g}")
    if not 0 <= int(arrays["tail"]) < lengths["F"]:
        raise AtlasError(f"atlas {name}: 'tail' must be less than the {lengths['F']} readings")
    if arrays["motors"].all() or not arrays["motors"].any():
        raise AtlasError(f"atlas {name}: 'motors' must have mixtures with and without motors")
    for array in arrays.values():
        array.setflags(write=False)
    return Atlas(about=about, **arrays)


def _about(array: NDArray[Any] | None, name: str) -> dict[str, Any]:
    try:
        about = json.loads(str(array))
        version = about["format"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise AtlasError(f"atlas {name}: 'about' is missing; this is no hearing atlas") from None
    if version != FORMAT:
        raise AtlasError(
            f"atlas {name}: format {version}, but this program reads {FORMAT}; build it again"
        )
    return dict(about)
