"""Lives on disk: what the network felt, tick by tick, and what the teacher would have done.

One ``.npz`` file a life, all float32, T ticks: senses [T, S], mask [T, M], dt [T, 1] s, command
[T, 5] rad (the lesson), gaze [T, 2] rad (the direction behind it) and touch [T, 2]: what the skin
should say (``Lesson.hand``), and 1 while the lesson answers a touch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ember_embodied.errors import UserError
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
from ember_embodied.training import mirror

Array = NDArray[np.float32]


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
    touch: Array

    def mirrored(self) -> Life:
        """The same life with left and right swapped."""
        return Life(
            mirror.mirror_senses(self.senses),
            self.mask,
            self.dt,
            mirror.mirror_command(self.command),
            mirror.mirror_gaze(self.gaze),
            mirror.mirror_touch(self.touch),
        )


WIDTHS = {"senses": SENSE_COUNT, "mask": MASK_COUNT, "dt": 1, "command": 5, "gaze": 2, "touch": 2}


def save(life: Life, path: Path) -> None:
    """Write a life; a half-written one never has the final name."""
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, **{f.name: getattr(life, f.name) for f in fields(life)})
    partial.rename(path)


def load(path: Path) -> Life:
    """Read a life. Raises ``LifeError`` naming file and field."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: np.asarray(stored[name]) for name in WIDTHS}
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise LifeError(f"{path}: {error}") from error
    ticks = len(arrays["dt"])
    for name, width in WIDTHS.items():
        array = arrays[name]
        if array.dtype != np.float32 or array.shape != (ticks, width) or ticks == 0:
            raise LifeError(
                f"{path}: {name} is {array.dtype}{list(array.shape)}, "
                f"expected float32[{ticks or 'at least 1'}, {width}]"
            )
        if not np.isfinite(array).all():
            raise LifeError(f"{path}: {name} holds a number that is not finite")
    return Life(**arrays)


def batch(lives: Sequence[Life]) -> dict[str, Tensor]:
    """Lives side by side, each [T, batch, width]; the shortest life ends the batch."""
    ticks = min(len(life.dt) for life in lives)
    return {
        name: torch.from_numpy(np.stack([getattr(life, name)[:ticks] for life in lives], axis=1))
        for name in WIDTHS
    }
