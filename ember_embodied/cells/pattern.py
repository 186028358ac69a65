"""Central pattern generator: a sure touch excites it, and it moves the antennas in its rhythm.

Animals do not learn a rhythm anew for each use of it: a few neurons hold it, and the brain says
only when (Ijspeert, Central pattern generators for locomotion control, Neural Networks 21, 2008).
With touch probabilities t [B, 4] (none, then ``PLACES_TOUCHED``), excitement e [B, 3], phase of
breathing phi [B, 1] and the antennas' own goal a [B, 2]:

    fire = t^2 (3 - 2 t) of the last three: nothing for a doubt, all for a certainty   [B, 3]
    e'   = fire + (1 - fire) e^(-dt / tau) e                                    [B, 3]
    f    = A cos(6 phi)                                                         [B, 1]
    a'   = a + [e'_left f, -e'_right f], then both e'_head of the way to lowered   [B, 2]

A touched antenna flutters, a touched head lowers both.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ember_embodied.command_space import PLACES_TOUCHED

FLUTTER_RAD: Final = 0.7
FLUTTERS_A_BREATH: Final = 6
"""A whole number, so that the flutter is continuous where the phase of breathing wraps."""
LOWERED_RAD: Final = 0.75
EXCITED_S: Final = 0.9
"""tau."""


def excite(excitement: Tensor, touch: Tensor, dt: Tensor) -> Tensor:
    """Excitement [..., 3] after dt [..., 1] s, with ``touch`` [..., 4] as log probabilities."""
    sure = torch.exp(touch[..., 1:])
    fire = sure * sure * (3.0 - 2.0 * sure)
    return fire + (1.0 - fire) * torch.exp(-dt / EXCITED_S) * excitement


def move(antennas: Tensor, excitement: Tensor, phase: Tensor) -> Tensor:
    """Goals of the antennas [..., 2], rad, as the excitement moves them."""
    left, right, head = (excitement[..., i : i + 1] for i in range(len(PLACES_TOUCHED)))
    flutter = FLUTTER_RAD * torch.cos(FLUTTERS_A_BREATH * phase)
    fluttering = antennas + torch.cat((left * flutter, -right * flutter), dim=-1)
    lowered = torch.cat((torch.ones_like(left), -torch.ones_like(left)), dim=-1) * LOWERED_RAD
    return fluttering + head * (lowered - fluttering)
