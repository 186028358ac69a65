"""Skin: what a hand does shows in a few ticks of joints, lags and IMU, and in how they change.

touch  = softmax(W_2 silu(W_1 [felt now, felt in the three ticks before, mask]))   [..., 4]
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ember_embodied.command_space import PLACES_TOUCHED
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSES

FELT: Final = tuple(
    sense.name
    for sense in SENSES
    if sense.stream in ("command", "imu")
    or (sense.stream == "joints" and sense.name.endswith(("velocity", "current")))
)
FELT_TICKS: Final = 3
"""What a hand on the robot shows in, and for how many ticks before this one it is remembered."""
FELT_WIDTH: Final = FELT_TICKS * len(FELT)


class Skin(nn.Module):
    """Tells from what was felt whether a hand is there, and where."""

    felt: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(len(FELT) + FELT_WIDTH + MASK_COUNT, width),
            nn.SiLU(),
            nn.Linear(width, 1 + len(PLACES_TOUCHED)),
        )
        self.register_buffer("felt", torch.tensor([INDEX[n] for n in FELT]), persistent=False)

    def forward(self, senses: Tensor, mask: Tensor, felt: Tensor) -> tuple[Tensor, Tensor]:
        """One step: log probabilities [B, 4], none first, and what is remembered, [B, FELT_WIDTH].

        ``senses`` [B, S] of present streams, ``mask`` [B, M], ``felt`` what was remembered.
        """
        now = torch.cat((senses.index_select(-1, self.felt), felt), dim=-1)
        touch = torch.log_softmax(self.layers(torch.cat((now, mask), dim=-1)), dim=-1)
        return touch, now[..., :FELT_WIDTH]

    def unroll(self, senses: Tensor, mask: Tensor, felt: Tensor) -> tuple[Tensor, Tensor]:
        """The same for T ticks at once: [T, B, 4], and what is remembered after them."""
        past = torch.unflatten(felt, -1, (FELT_TICKS, len(FELT))).movedim(-2, 0).flip(0)
        row = torch.cat((past, senses.index_select(-1, self.felt)))
        window = [row[i : i + len(senses)] for i in reversed(range(1 + FELT_TICKS))]
        now = torch.cat(window, dim=-1)
        touch = torch.log_softmax(self.layers(torch.cat((now, mask), dim=-1)), dim=-1)
        return touch, now[-1, :, :FELT_WIDTH]
