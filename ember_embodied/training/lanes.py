"""Lives side by side in lanes: what cloning learns from, a chunk of ticks at a time.

Each lane is at another place of its own life, and one whose life is over goes on with the next, so
a batch never sees the same hour of all its lives at once. A life may be seen in the mirror, and
thinned to the ticks in which an event-driven network would have stepped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ember_embodied.change_detector import thin
from ember_embodied.training.lives import WIDTHS, Life, LifeError

Array = NDArray[np.float32]
Ticks = NDArray[np.intp]

_NEXT: Final = ("next_senses", "next_mask")


@dataclass(frozen=True, slots=True)
class _Lane:
    """A life, its ticks that are stepped in, the time since the one before, and the next tick."""

    life: Life
    ticks: Ticks
    dt: Array
    at: int


class Lanes:
    """An endless supply of chunks."""

    def __init__(
        self,
        lives: Sequence[Life],
        odds: Sequence[float] | None,
        batch: int,
        chunk: int,
        shares: tuple[float, float],
        rng: np.random.Generator,
    ) -> None:
        """``odds`` of each life to be drawn, None: all alike. ``shares``: mirrored, thinned.

        Raises ``LifeError`` when no life is longer than a chunk of ticks.
        """
        weight = np.ones(len(lives)) if odds is None else np.asarray(odds, dtype=np.float64)
        long = np.array([len(life.dt) > chunk for life in lives], dtype=np.bool_)
        if not (weight * long).any():
            raise LifeError(f"no life of more than {chunk} ticks to learn from")
        self._lives = lives
        self._odds = weight * long / (weight * long).sum()
        self._chunk = chunk
        self._mirrored, self._thinned = shares
        self._rng = rng
        self._thin: dict[int, tuple[Ticks, Array]] = {}
        self._lanes = [self._draw(begun=True) for _ in range(batch)]
        self._fresh = [True] * batch

    def _draw(self, *, begun: bool = False) -> _Lane:
        """A new life, from its start, or from anywhere when it has ``begun``."""
        number = int(self._rng.choice(len(self._lives), p=self._odds))
        life = self._lives[number]
        ticks, dt = np.arange(len(life.dt) - 1), life.dt[:-1]
        if self._rng.random() < self._thinned:
            if number not in self._thin:
                self._thin[number] = thin_ticks(life)
            few, since_s = self._thin[number]
            ticks, dt = (few, since_s) if len(few) >= self._chunk else (ticks, dt)
        if self._rng.random() < self._mirrored:
            life = life.mirrored()
        at = self._chunk * int(self._rng.integers(len(ticks) // self._chunk)) if begun else 0
        return _Lane(life, ticks, dt, at)

    def draw(self) -> tuple[dict[str, Tensor], Tensor]:
        """The next chunk: the fields of ``Life``, [T, B, ...], and whether lives go on.

        Besides, ``next_senses`` [T, B, S] and ``next_mask`` [T, B, M] are what is felt one tick
        later. The second tensor, [B, 1], is 0.0 where a life begins and 1.0 where one goes on.
        """
        pieces: dict[str, list[Array]] = {name: [] for name in (*WIDTHS, *_NEXT)}
        goes_on = [[0.0 if fresh else 1.0] for fresh in self._fresh]
        for number, lane in enumerate(self._lanes):
            end = lane.at + self._chunk
            ticks = lane.ticks[lane.at : end]
            for name in WIDTHS:
                pieces[name].append(getattr(lane.life, name)[ticks])
            pieces["dt"][-1] = lane.dt[lane.at : end]
            pieces["next_senses"].append(lane.life.senses[ticks + 1])
            pieces["next_mask"].append(lane.life.mask[ticks + 1])
            over = end + self._chunk > len(lane.ticks)
            self._fresh[number] = over
            self._lanes[number] = (
                self._draw() if over else _Lane(lane.life, lane.ticks, lane.dt, end)
            )
        batch = {name: torch.from_numpy(np.stack(rows, axis=1)) for name, rows in pieces.items()}
        return batch, torch.tensor(goes_on)


def chunk_of(lives: Sequence[Life]) -> dict[str, Tensor]:
    """Whole lives of one length side by side, as ``Lanes.draw`` gives chunks."""
    rows = {name: [getattr(life, name)[:-1] for life in lives] for name in WIDTHS}
    rows["next_senses"] = [life.senses[1:] for life in lives]
    rows["next_mask"] = [life.mask[1:] for life in lives]
    return {name: torch.from_numpy(np.stack(row, axis=1)) for name, row in rows.items()}


def thin_ticks(life: Life) -> tuple[Ticks, Array]:
    """Ticks in which an event-driven network would have stepped, and seconds since the one before.

    The last tick is left out: nothing is known of what was felt after it.
    """
    keep, since_s = thin(life.senses, life.mask, life.dt)
    keep[-1] = False
    return np.flatnonzero(keep), since_s[keep]
