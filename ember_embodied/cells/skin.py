"""Skin: what a hand does shows in a few ticks of joints, lags and IMU, and in how they change.

touch  = softmax(W_2 silu(W_1 [felt now, felt in the three ticks before, mask]))   [..., 4]
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ember_embodied.cells.senses import sense
from ember_embodied.command_space import PLACES_TOUCHED
from ember_embodied.sense_vector import MASK_COUNT, SENSES

FELT: Final = tuple(
    sense(s.name)
    for s in SENSES
    if s.stream in ("command", "imu")
    or (s.stream == "joints" and s.name.endswith(("velocity", "current")))
)
"""View of the senses in which a hand on the robot shows."""
FELT_TICKS: Final = 3
"""For so many ticks before this one it is remembered."""


class Skin(nn.Module):
    """Tells from what was felt whether a hand is there, and where."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear((1 + FELT_TICKS) * len(FELT) + MASK_COUNT, width),
            nn.SiLU(),
            nn.Linear(width, 1 + len(PLACES_TOUCHED)),
        )

    def forward(self, felt: Tensor) -> Tensor:
        """Logits [..., 4] of a hand, none first.

        ``felt`` holds the view of this tick and of the ``FELT_TICKS`` before it, latest first,
        then the mask.
        """
        logits: Tensor = self.layers(felt)
        return logits


def window(felt: Tensor, past: Tensor) -> Tensor:
    """For each of T ticks the view in it and those before it, latest first, [T, B, 4 F].

    Of the views [T, B, F] and of ``past`` [B, 3 F], those before the first tick.
    """
    before = torch.stack(past.chunk(FELT_TICKS, dim=-1)[::-1])
    row = torch.cat((before, felt))
    ticks = [row[i : i + len(felt)] for i in reversed(range(1 + FELT_TICKS))]
    return torch.cat(ticks, dim=-1)
