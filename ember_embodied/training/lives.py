"""Lives on disk: what the network felt, tick by tick, and what the teacher would have done.

One ``.npz`` file a life, all float32, T ticks: senses [T, S], mask [T, M], dt [T, 1] s, command
[T, 5] rad (the lesson), gaze [T, 2] rad (the direction behind it), goal [T, 2] rad (where that is
on its way to) and touch [T, 2]: what the skin should say (``Lesson.hand``), and 1 while the lesson
answers a touch. Beside them the version of this format and the hash of the sense vector. A dataset
is a folder of such files; folders in it are its splits.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from ember_embodied.command_space import PLACES_TOUCHED
from ember_embodied.errors import UserError, existing_file
from ember_embodied.sense_vector import CLIP, MASK_COUNT, SENSE_COUNT, schema_hash
from ember_embodied.training import mirror

Array = NDArray[np.float32]

VERSION: Final = 3
WIDTHS: Final = {
    "senses": SENSE_COUNT,
    "mask": MASK_COUNT,
    "dt": 1,
    "command": 5,
    "gaze": 2,
    "goal": 2,
    "touch": 2,
}
LARGEST_COMMAND_RAD: Final = 4.0
"""No joint turns so far; a lesson beyond it is not in radians."""
LONGEST_TICK_S: Final = 60.0
SPLITS: Final = ("train", "training", "val", "validation", "test", "held_out")
"""A folder of such a name is meant to hold lives."""
_BROKEN: Final = (
    *(ValueError, EOFError, NotImplementedError, RuntimeError),
    *(BadZipFile, zlib.error, struct.error),
)
"""What zipfile and numpy raise on a file that is torn, spoiled, locked or something else."""


class LifeError(UserError):
    """A file of lives that training must not start with; the message names file and field."""


@dataclass(frozen=True, slots=True)
class Life:
    """One life, T ticks long."""

    senses: Array
    mask: Array
    dt: Array
    command: Array
    gaze: Array
    goal: Array
    touch: Array

    def mirrored(self) -> Life:
        """The same life with left and right swapped."""
        return Life(
            mirror.mirror_senses(self.senses),
            self.mask,
            self.dt,
            mirror.mirror_command(self.command),
            mirror.mirror_gaze(self.gaze),
            mirror.mirror_gaze(self.goal),
            mirror.mirror_touch(self.touch),
        )

    def piece(self, start: int, stop: int) -> Life:
        """The ticks from ``start`` to ``stop``, that one not included."""
        return Life(*(getattr(self, f.name)[start:stop] for f in fields(self)))


def save(life: Life, path: Path) -> None:
    """Write a life; a half-written one never has the final name."""
    partial = path.with_suffix(".partial.npz")
    arrays = {f.name: getattr(life, f.name) for f in fields(life)}
    about = {"version": np.int64(VERSION), "schema_hash": np.str_(schema_hash())}
    np.savez_compressed(partial, allow_pickle=False, **about, **arrays)
    partial.rename(path)


def load(path: Path) -> Life:
    """Read a life and check all of it. Raises ``LifeError`` naming file and field."""
    stored = _Stored(path)
    found = stored.schema_hash()
    if found != schema_hash():
        raise LifeError(f"{path}: schema_hash {_short(found)}, expected {_short(schema_hash())}")
    arrays: dict[str, Array] = {}
    for name, width in WIDTHS.items():
        array = stored.read(name)
        ticks = len(arrays["senses"]) if arrays else _rows(array)
        if array.dtype != np.float32 or array.shape != (ticks, width) or ticks == 0:
            raise LifeError(
                f"{path}: {name} is {array.dtype}{list(array.shape)}, "
                f"expected float32[{ticks or 'at least 1'}, {width}]"
            )
        _check_values(path, name, array)
        arrays[name] = array
    return Life(**arrays)


def find_lives(place: Path) -> tuple[Path, ...]:
    """The files of lives in a folder and the folders in it, sorted, or the one file.

    Files of weights, and those that are still being written, are no lives.
    Raises ``LifeError`` when there is no such place, no life in it, or a split is empty.
    """
    try:
        existing_file(place, "folder of lives")
    except UserError as error:
        raise LifeError(str(error)) from error
    if place.is_file():
        return (place,)
    for split in sorted(path for path in place.iterdir() if path.is_dir()):
        meant = split.name in SPLITS or not any(split.iterdir())
        if meant and not _lives_below(split):
            raise LifeError(f"{split}: an empty split, it holds no life (*.npz)")
    if not (found := _lives_below(place)):
        raise LifeError(f"{place}: empty, it holds no life (*.npz)")
    return found


def check_lives(places: Iterable[Path]) -> tuple[Path, ...]:
    """Check every life in files and folders; return the files, folder by folder, sorted.

    All of it before training starts, one file in memory at a time (about 3 ms a life of a
    minute). Raises ``LifeError`` with one line that names file and field.
    """
    paths = tuple(path for place in places for path in find_lives(place))
    if not paths:
        raise LifeError("no folder of lives is named")
    first: tuple[str, Path] | None = None
    for path in paths:
        found = _Stored(path).schema_hash()
        first = first or (found, path)
        if found != first[0]:
            raise LifeError(
                f"{path}: schema_hash {_short(found)}, but {first[1]} has {_short(first[0])}: "
                "lives of two schemas are mixed"
            )
    for path in paths:
        load(path)
    return paths


class _Stored:
    """A file of a life, field by field; whatever is wrong with it is a ``LifeError``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = ZipFile(BytesIO(path.read_bytes()))
        except OSError as error:
            raise LifeError(f"{path}: {error.strerror}") from error
        except _BROKEN as error:
            raise LifeError(f"{path}: torn, or no .npz file ({error})") from error

    def read(self, name: str) -> NDArray[Any]:
        """One field as it is, its checksum verified. Raises ``LifeError``."""
        member = f"{name}.npy"
        if member not in self._zip.namelist():
            raise LifeError(f"{self._path}: {name} is missing")
        try:
            whole = BytesIO(self._zip.read(member))
            return np.asarray(np.lib.format.read_array(whole, allow_pickle=False))
        except _BROKEN as error:
            raise LifeError(f"{self._path}: {name} cannot be read ({error})") from error

    def schema_hash(self) -> str:
        """What the file says of its sense vector. Raises ``LifeError`` on another version."""
        version = self.read("version")
        if version.shape != () or version.dtype.kind != "i" or int(version) != VERSION:
            raise LifeError(f"{self._path}: version {version}, expected {VERSION}")
        return str(self.read("schema_hash"))


def _lives_below(folder: Path) -> tuple[Path, ...]:
    return tuple(
        path
        for path in sorted(folder.rglob("*.npz"))
        if path.name != "weights.npz" and not path.name.endswith(".partial.npz")
    )


def _rows(array: NDArray[Any]) -> int:
    return array.shape[0] if array.ndim else 0


def _check_values(path: Path, name: str, array: NDArray[Any]) -> None:
    """Refuse what no life can hold, with the tick and the value."""
    good = np.isfinite(array)
    wanted = "a finite number"
    if good.all():
        good, wanted = _within_range(name, array)
    if not good.all():
        tick, column = (int(i) for i in np.argwhere(~good)[0])
        raise LifeError(
            f"{path}: {name} is {array[tick, column]} in tick {tick}, column {column}, "
            f"expected {wanted}"
        )


def _within_range(name: str, array: NDArray[Any]) -> tuple[NDArray[np.bool_], str]:
    if name == "mask":
        return (array == 0.0) | (array == 1.0), "0 or 1"
    if name == "dt":
        return (array > 0.0) & (array <= LONGEST_TICK_S), f"above 0 and at most {LONGEST_TICK_S} s"
    if name == "touch":
        whole = array == np.rint(array)
        good = whole & (array >= (-1.0, 0.0)) & (array <= (len(PLACES_TOUCHED), 1.0))
        return good, f"a place from -1 to {len(PLACES_TOUCHED)}, then 0 or 1"
    limit = CLIP if name == "senses" else LARGEST_COMMAND_RAD
    return np.abs(array) <= limit, f"within +-{limit:g}"


def _short(digest: str) -> str:
    return f"{digest[:12]}..." if len(digest) > 12 else repr(digest)
