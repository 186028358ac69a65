"""Central pattern generator: a sure touch excites it, and it moves the antennas in its rhythm.

Animals do not learn a rhythm anew for each use of it: a few neurons hold it, and the brain says
only when (Ijspeert, Central pattern generators for locomotion control, Neural Networks 21, 2008).
With touch probabilities t [B, 4] (none, then ``PLACES_TOUCHED``), excitement e [B, 3] and the
phase of breathing phi [B, 1] in turns:

    e'     = max(t^2 of the last three, e^(-dt / tau) e)        little for a doubt    [B, 3]
    swing  = cos(12 pi phi) (e' F) + e' L                       added to the goals    [B, 5]

A touched antenna flutters (F), a touched head lowers both (L).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ember_embodied.command_space import COMMANDS, PLACES_TOUCHED

FLUTTER_RAD: Final = 0.7
FLUTTERS_A_BREATH: Final = 6
"""A whole number, so that the flutter is continuous where the phase of breathing wraps."""
LOWERED_RAD: Final = 0.58
"""How far from where they rest."""
EXCITED_S: Final = 0.9
"""tau."""


class Pattern(nn.Module):
    """The rhythm; nothing in it is learned."""

    flutter: Tensor
    lower: Tensor

    def __init__(self) -> None:
        super().__init__()
        left, right = COMMANDS.index("antenna_left"), COMMANDS.index("antenna_right")
        flutter = torch.zeros(len(PLACES_TOUCHED), len(COMMANDS))
        lower = torch.zeros_like(flutter)
        flutter[PLACES_TOUCHED.index("antenna_left"), left] = FLUTTER_RAD
        flutter[PLACES_TOUCHED.index("antenna_right"), right] = -FLUTTER_RAD
        lower[PLACES_TOUCHED.index("head"), left] = LOWERED_RAD
        lower[PLACES_TOUCHED.index("head"), right] = -LOWERED_RAD
        self.register_buffer("flutter", flutter, persistent=False)
        self.register_buffer("lower", lower, persistent=False)

    def excite(self, excitement: Tensor, touch: Tensor, kept: Tensor) -> Tensor:
        """Excitement [..., 3], of which ``kept`` is left, with ``touch`` [..., 4] probabilities."""
        sure = touch[..., 1:]
        return torch.maximum(sure * sure, kept * excitement)

    def forward(self, excitement: Tensor, beat: Tensor) -> Tensor:
        """What is added to the five goals [..., 5], rad, at this ``beat`` [..., 1]."""
        swing: Tensor = beat * (excitement @ self.flutter) + excitement @ self.lower
        return swing
