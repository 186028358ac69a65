"""Behaviour cloning through time: the network relives what was felt and is told what was right.

Lives run side by side in chunks; the state is carried from chunk to chunk and cut from its
gradient there (truncated backpropagation through time). The loss of a tick is the sum of

    command     smooth L1 to the lesson, each number in units of ``COMMAND_SCALE_RAD``
    gaze        smooth L1 to the direction behind it: bounded pull, so that of two hypotheses
                the likelier one is learned, not the middle between them
    prediction  ``forecast_loss`` of the senses of the next tick, where they are there
    confidence  cross-entropy to "the place that the gaze goes to is within ``SURE_RAD`` of the
                teacher's gaze"
    touch       cross-entropy to the place of a new hand, where anybody could say; while the
                teacher answers one the antennas' own loss is left out: the rhythm is given
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ember_embodied.network import Ember, State
from ember_embodied.training.forecast import forecast_loss
from ember_embodied.training.lives import WIDTHS, Life, LifeError

COMMAND_SCALE_RAD: Final = (0.08, 0.08, 0.08, 0.08, 0.08)
GAZE_SCALE_RAD: Final = 0.1
SURE_RAD: Final = 0.175
CONFIDENCE_FLOOR: Final = 1e-6
LOG_EVERY: Final = 20


@dataclass(frozen=True, slots=True)
class CloningConfig:
    """How one round of training runs."""

    steps: int = 1500
    batch: int = 24
    chunk: int = 50
    learning_rate: float = 3e-3
    final_rate_share: float = 0.05
    gradient_clip: float = 1.0
    gaze_weight: float = 1.0
    prediction_weight: float = 0.2
    confidence_weight: float = 0.1
    touch_weight: float = 1.0
    answer_share: float = 1.5
    """How much more a tick counts in which a hand is new: most ticks have none."""
    mirror_share: float = 0.5
    """Share of lives that are seen in the mirror."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The mean losses of some steps, for the progress bar and the training log."""

    step: int
    command: float
    gaze: float
    prediction: float
    confidence: float
    touch: float


def clone(
    network: Ember,
    lives: Sequence[Life],
    config: CloningConfig,
    rng: np.random.Generator,
    watch: Callable[[Curve], None],
) -> None:
    """Train ``network`` in place on ``lives``. ``watch`` hears of the losses.

    Raises ``LifeError`` when there is no life, or none longer than a chunk.
    """
    lanes = Lanes(lives, config, rng)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        config.learning_rate,
        total_steps=config.steps,
        pct_start=0.1,
        final_div_factor=1.0 / config.final_rate_share,
    )
    network.train()
    weights = torch.tensor(
        [
            1.0,
            config.gaze_weight,
            config.prediction_weight,
            config.confidence_weight,
            config.touch_weight,
        ]
    )
    state = network.initial_state(config.batch)
    sums = torch.zeros(len(weights))
    for step in range(1, config.steps + 1):
        chunk, goes_on = lanes.chunk()
        losses, state = _chunk_losses(network, chunk, state.detach() * goes_on, config.answer_share)
        optimizer.zero_grad(set_to_none=True)
        (losses @ weights).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
        optimizer.step()
        schedule.step()
        sums += losses.detach()
        if step % LOG_EVERY == 0:
            watch(Curve(step, *(sums / LOG_EVERY).tolist()))
            sums = torch.zeros(len(weights))


class Lanes:
    """Lives that run side by side, each lane at another place of its own life.

    A lane whose life is over goes on with the next one, so that a batch never sees the same hour
    of all its lives at once.
    """

    def __init__(
        self, lives: Sequence[Life], config: CloningConfig, rng: np.random.Generator
    ) -> None:
        """Raises ``LifeError`` when no life is longer than a chunk."""
        self._lives = [life for life in lives if len(life.dt) > config.chunk]
        if not self._lives:
            raise LifeError(f"no life of more than {config.chunk} ticks to learn from")
        self._config = config
        self._rng = rng
        self._places = [(self._draw(), 0) for _ in range(config.batch)]
        for lane, (life, _) in enumerate(self._places):
            chunks = (len(life.dt) - 1) // config.chunk
            self._places[lane] = (life, config.chunk * int(rng.integers(chunks)))
        self._fresh = [True] * config.batch

    def _draw(self) -> Life:
        life = self._lives[int(self._rng.integers(len(self._lives)))]
        return life.mirrored() if self._rng.random() < self._config.mirror_share else life

    def chunk(self) -> tuple[dict[str, Tensor], Tensor]:
        """The next ``chunk + 1`` ticks, [T + 1, B, ...], and [B, 1] 0.0 where a life begins."""
        ticks = self._config.chunk
        pieces: list[Life] = []
        goes_on = [[0.0 if fresh else 1.0] for fresh in self._fresh]
        for lane, (life, start) in enumerate(self._places):
            pieces.append(life.piece(start, start + ticks + 1))
            over = start + 2 * ticks >= len(life.dt)
            self._fresh[lane] = over
            self._places[lane] = (self._draw(), 0) if over else (life, start + ticks)
        side_by_side = {
            name: torch.from_numpy(np.stack([getattr(piece, name) for piece in pieces], axis=1))
            for name in WIDTHS
        }
        return side_by_side, torch.tensor(goes_on)


def _chunk_losses(
    network: Ember, chunk: dict[str, Tensor], before: State, answer_share: float
) -> tuple[Tensor, State]:
    """The five mean losses of a chunk [T + 1, B, ...], and the state after T ticks."""
    senses, mask = chunk["senses"], chunk["mask"]
    lived = network.unroll(senses[:-1], mask[:-1], chunk["dt"][:-1], before)
    output, touch = lived.output, lived.touch
    command, gaze = output.command - chunk["command"][:-1], lived.gaze - chunk["gaze"][:-1]

    hand, answering = chunk["touch"][:-1].unbind(dim=-1)
    weight = torch.ones_like(command)
    weight[..., 2:4] -= answering.unsqueeze(-1)
    certain = torch.where(hand > 0, answer_share, (hand == 0).to(hand.dtype))
    place = hand.clamp(min=0.0).long().flatten()
    touch_loss = functional.nll_loss(touch.flatten(0, 1), place, reduction="none")

    astray = (lived.place - chunk["gaze"][:-1])[..., 0].detach().abs()
    sure = (astray < SURE_RAD).to(gaze.dtype)
    sureness, floor = output.confidence.squeeze(-1), CONFIDENCE_FLOOR
    losses = torch.stack(
        (
            (weight * _smooth_l1(command / torch.tensor(COMMAND_SCALE_RAD))).mean(),
            _smooth_l1(gaze / GAZE_SCALE_RAD).mean(),
            forecast_loss(output.prediction, output.variance, senses[1:], mask[1:]),
            functional.binary_cross_entropy(sureness.clamp(floor, 1.0 - floor), sure),
            (certain.flatten() * touch_loss).mean(),
        )
    )
    return losses, lived.state


def _smooth_l1(error: Tensor) -> Tensor:
    return functional.smooth_l1_loss(error, torch.zeros_like(error), reduction="none")
