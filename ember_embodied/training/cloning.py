"""Behaviour cloning through time: the network relives what was felt and is told what was right.

Lives run side by side in chunks; the state is carried from chunk to chunk and cut from its
gradient there (truncated backpropagation through time). The loss of a tick is the sum of

    command     smooth L1 to the lesson, in units of ``COMMAND_SCALE_RAD``
    gaze        smooth L1 to the direction behind it: bounded pull, so that of two hypotheses
                the likelier one is learned, not the middle between them
    place       surprise of the places' weights at where that direction is on its way to
    belief      surprise of the ring of directions at that of whoever the teacher attends
    prediction  ``forecast_loss`` of the senses of the next tick
    confidence  cross-entropy to "the place is within ``SURE_RAD`` of the teacher's"
    touch       cross-entropy to the place of a new hand, where anybody could say; while the
                teacher answers one the antennas' own loss is left out: the rhythm is given
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ember_embodied.network import Ember, State
from ember_embodied.sense_vector import STREAMS
from ember_embodied.training.forecast import forecast_loss
from ember_embodied.training.lanes import Lanes
from ember_embodied.training.lives import Life

COMMAND_SCALE_RAD: Final = 0.08
GAZE_SCALE_RAD: Final = 0.1
SURE_RAD: Final = 0.52
"""Half of what the camera sees: whoever is there will be found once the head has turned."""
CONFIDENCE_FLOOR: Final = 1e-6
LOG_EVERY: Final = 20
CHANCE_FLOOR: Final = 1e-4
PLACE_SPREAD_RAD: Final = (
    *((0.06, 0.06), (0.06, 0.06)),  # home, face
    *((0.2, 0.2), (0.2, 0.2)),  # the two hypotheses of a sound
    *((0.06, 0.06), (0.15, 0.15)),  # intent, ring of directions
)
"""Mean deviation of each place in yaw and pitch where it is the right one."""
STRAY_DENSITY: Final = 1e-3
"""A direction that no place leads to surprises no more than this, 1/rad^2."""
WARM_UP_STEPS: Final = 30


@dataclass(frozen=True, slots=True)
class CloningConfig:
    """How one round of training runs."""

    steps: int = 500
    batch: int = 32
    chunk: int = 50
    learning_rate: float = 3e-3
    final_rate: float = 1e-4
    """The rate falls evenly to this, after a short rise at the start."""
    gradient_clip: float = 1.0
    gaze_weight: float = 0.3
    place_weight: float = 1.0
    belief_weight: float = 1.0
    prediction_weight: float = 0.2
    confidence_weight: float = 0.5
    touch_weight: float = 1.0
    hand_share: float = 1.5
    """How much more a tick counts in which a hand is new: most ticks have none."""
    mirrored_share: float = 0.5
    """Share of lives that are seen in the mirror."""
    thinned_share: float = 0.6
    """Share of lives in which the network steps only when something changes."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The mean losses of some steps, for the progress bar and the training log."""

    step: int
    command: float
    gaze: float
    place: float
    belief: float
    prediction: float
    confidence: float
    touch: float


def clone(
    network: Ember,
    lives: Sequence[Life],
    config: CloningConfig,
    rng: np.random.Generator,
    watch: Callable[[Curve], None],
    odds: Sequence[float] | None = None,
) -> None:
    """Train ``network`` in place on ``lives``, on the GPU where there is one.

    ``odds`` say how often each life is learned from; ``watch`` hears of the losses. Raises
    ``LifeError`` when there is no life of more ticks than a chunk.
    """
    shares = (config.mirrored_share, config.thinned_share)
    lanes = Lanes(lives, odds, config.batch, config.chunk, shares, rng)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=1e-4)
    weights = torch.tensor(
        [
            1.0,
            config.gaze_weight,
            config.place_weight,
            config.belief_weight,
            config.prediction_weight,
            config.confidence_weight,
            config.touch_weight,
        ],
        device=device,
    )
    state = network.initial_state(config.batch).to(device)
    sums = torch.zeros_like(weights)
    for step in range(config.steps):
        for group in optimizer.param_groups:
            group["lr"] = _rate(config, step)
        chunk, goes_on = lanes.draw()
        chunk = {name: tensor.to(device) for name, tensor in chunk.items()}
        before = state.detach() * goes_on.to(device)
        losses, state = chunk_losses(network, chunk, before, config.hand_share)
        optimizer.zero_grad(set_to_none=True)
        (losses @ weights).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
        optimizer.step()
        sums += losses.detach()
        if (step + 1) % LOG_EVERY == 0:
            watch(Curve(step + 1, *(sums / LOG_EVERY).tolist()))
            sums.zero_()
    network.cpu()


def _rate(config: CloningConfig, step: int) -> float:
    share = step / config.steps
    rate = config.learning_rate + share * (config.final_rate - config.learning_rate)
    return rate * min(1.0, (step + 1) / WARM_UP_STEPS)


def chunk_losses(
    network: Ember, chunk: dict[str, Tensor], before: State, hand_share: float
) -> tuple[Tensor, State]:
    """The mean losses of a chunk [T, B, ...] in the order of ``Curve``, and the state after it."""
    lived = network.unroll(chunk["senses"], chunk["mask"], chunk["dt"], before)
    output = lived.output
    command = (output.command - chunk["command"]) / COMMAND_SCALE_RAD
    hand, answering = chunk["touch"].unbind(dim=-1)
    weight = torch.ones_like(command)
    weight[..., 2:4] -= answering.unsqueeze(-1)
    certain = torch.where(hand > 0, hand_share, (hand == 0).to(hand.dtype))
    touched = hand.clamp(min=0.0).long().flatten()
    touch_loss = functional.nll_loss(lived.touch.flatten(0, 1), touched, reduction="none")

    told = chunk["mask"][..., STREAMS.index("intent")]
    astray = lived.place - chunk["goal"]
    sure = (astray[..., 0].detach().abs() < SURE_RAD).to(astray.dtype)
    sureness, floor = output.confidence.squeeze(-1), CONFIDENCE_FLOOR
    felt = chunk["next_senses"], chunk["next_mask"]
    losses = torch.stack(
        (
            (weight * _smooth_l1(command)).mean(),
            _smooth_l1((lived.gaze - chunk["gaze"]) / GAZE_SCALE_RAD).mean(),
            place_loss(output.gaze_gate, lived.places, chunk["goal"]),
            belief_loss(lived.around, chunk["goal"][..., 0], 1.0 - told),
            forecast_loss(output.prediction, output.variance, *felt),
            functional.binary_cross_entropy(sureness.clamp(floor, 1.0 - floor), sure),
            (certain.flatten() * touch_loss).mean(),
        )
    )
    return losses, lived.state


def place_loss(weights: Tensor, places: Tensor, goal: Tensor) -> Tensor:
    """Mean surprise of a mixture of Laplace densities, one around each place.

    Bishop, Mixture density networks, 1994: of two hypotheses each gets its share, and the middle
    between them gets none.

    Args:
        weights: of the places, [..., 6].
        places: yaw and pitch of each, rad [..., 6, 2].
        goal: where the teacher's gaze goes, rad [..., 2].
    """
    spread = places.new_tensor(PLACE_SPREAD_RAD)
    off = (places - goal.unsqueeze(-2)).abs() / spread
    density = torch.exp(-off.sum(dim=-1)) / (4.0 * spread.prod(dim=-1))
    return -torch.log((weights * density).sum(dim=-1) + STRAY_DENSITY).mean()


def belief_loss(around: Tensor, yaw: Tensor, counts: Tensor) -> Tensor:
    """Mean -log of the chance that the ring gives to a direction and its two neighbours.

    Args:
        around: logits, [..., K].
        yaw: the direction, rad [...]; exactly 0 is nobody, and is left out.
        counts: 1 where the direction is that of a person, [...].
    """
    bins = around.shape[-1]
    bin_of = ((yaw / (2.0 * pi) + 0.5) * bins).floor().long()
    near = (bin_of.unsqueeze(-1) + torch.arange(-1, 2, device=yaw.device)) % bins
    chance = torch.softmax(around, dim=-1).gather(-1, near).sum(dim=-1)
    return (-torch.log(chance + CHANCE_FLOOR) * counts * (yaw != 0.0)).mean()


def _smooth_l1(error: Tensor) -> Tensor:
    return functional.smooth_l1_loss(error, torch.zeros_like(error), reduction="none")
