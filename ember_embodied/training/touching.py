"""The skin learns apart: it has no memory but a few ticks, so windows of them are all it needs.

In cloning it sees a hand in one tick out of forty. Here half of each batch is hands, weighted back
to how often they come; whole lives and thinned ones, and both sides of the mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ember_embodied.cells.skin import FELT, FELT_TICKS
from ember_embodied.network import Ember
from ember_embodied.sense_vector import INDEX
from ember_embodied.training.lanes import thin_ticks
from ember_embodied.training.lives import Life, LifeError

Array = NDArray[np.float32]
Ints = NDArray[np.intp]

_COLUMNS: Final = np.array([INDEX[next(iter(row.senses))] for row in FELT], dtype=np.intp)
WARM_UP_STEPS: Final = 100


@dataclass(frozen=True, slots=True)
class SkinConfig:
    """How the skin learns."""

    steps: int = 8000
    batch: int = 2048
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    hand_share: float = 1.5
    """How much more a tick counts in which a hand is new: to miss one is worse than to err."""


@dataclass(frozen=True, slots=True)
class _Windows:
    """Ticks of all lives: what was felt, and for each window the rows of now and before."""

    felt: Array
    mask: Array
    rows: Ints
    hand: Ints


def teach_skin(
    network: Ember,
    lives: Sequence[Life],
    config: SkinConfig,
    rng: np.random.Generator,
    watch: Callable[[int, float], None],
) -> None:
    """Train the skin of ``network`` in place. ``watch`` hears (step, loss) now and then.

    Raises ``LifeError`` when there is no hand in all the lives, or nothing else.
    """
    windows = _windows([*lives, *(life.mirrored() for life in lives)])
    touched, calm = np.flatnonzero(windows.hand > 0), np.flatnonzero(windows.hand == 0)
    if not len(touched) or not len(calm):
        raise LifeError("the skin needs lives with hands and without")
    half = config.batch // 2
    share = config.hand_share * len(touched) / len(calm)
    weight = torch.cat((torch.full((half,), share), torch.ones(half)))
    optimizer = torch.optim.AdamW(
        network.skin.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    for step in range(config.steps):
        fall = 1.0 - step / config.steps
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * min(fall, (step + 1) / WARM_UP_STEPS)
        chosen = np.concatenate((rng.choice(touched, half), rng.choice(calm, half)))
        rows = windows.rows[chosen]
        felt = np.concatenate(
            (windows.felt[rows].reshape(2 * half, -1), windows.mask[rows[:, 0]]), 1
        )
        logits = network.skin(torch.from_numpy(felt))
        hand = torch.from_numpy(windows.hand[chosen])
        loss = (weight * functional.cross_entropy(logits, hand, reduction="none")).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if (step + 1) % 200 == 0:
            watch(step + 1, float(loss.detach()))


def _windows(lives: Sequence[Life]) -> _Windows:
    """Every tick of the lives with those before it, as they follow in whole and in thinned lives.

    Row 0 is nothing: what was felt before a life began.
    """
    felt = np.concatenate([life.senses[:, _COLUMNS] for life in lives])
    mask = np.concatenate([life.mask for life in lives])
    rows, hands, first = [], [], 1
    for life in lives:
        for ticks in (np.arange(len(life.dt)), thin_ticks(life)[0]):
            path = np.concatenate((np.zeros(FELT_TICKS, dtype=np.intp), first + ticks))
            shifted = [path[FELT_TICKS - i : len(path) - i] for i in range(1 + FELT_TICKS)]
            rows.append(np.stack(shifted, axis=1))
            hands.append(life.touch[ticks, 0].astype(np.intp))
        first += len(life.dt)
    return _Windows(
        np.concatenate((np.zeros_like(felt[:1]), felt)),
        np.concatenate((np.zeros_like(mask[:1]), mask)),
        np.concatenate(rows),
        np.concatenate(hands),
    )
