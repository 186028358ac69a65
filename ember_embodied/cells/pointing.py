"""Places where one could look, and which one it is.

Pointing at what the senses measured, instead of drawing an angle out of neurons, is what lets a
small network be exact (Vinyals et al., Pointer Networks, 2015). The places are home, the face,
both hypotheses of the sound, the intent's target, and where the ring of directions is strongest.

    w     = softmax(logits + min(0, lost))          [B, 6], exactly 0 for a place that is not there
    place = place_k, k = argmax w                   [B, 2] yaw and pitch, rad

One place wins and the others lose: between a voice in front and its mirror image behind there is
nobody, so the middle of two hypotheses is the one direction that is surely wrong. The ring does
the same with its K directions, and takes the mean of those next to the strongest:

    k   = argmax l,   o = softmax of l_j over the j within ``NEAR_BINS`` of k
    yaw = theta_k + sum_j o_j (theta_j - theta_k)                    round the circle
"""

from __future__ import annotations

from math import pi
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.cells.senses import NOTHING, Row, measure, stream
from ember_embodied.command_space import COMMAND_LIMIT_RAD

PLACES: Final = ("home", "face", "sound_front", "sound_mirror", "intent", "believed")
LOST: Final = -1e4
"""Added to the logit of a place that is not there; e^-10000 is exactly 0 in float32."""
SEEN: Final = 0.01
"""A face of this confidence is there; a camera that sees none says 0."""
MEASURED: Final = (
    *(NOTHING, NOTHING),
    *(measure("camera.yaw"), measure("camera.pitch")),
    *(measure("doa.front"), NOTHING),
    *(measure("doa.mirror"), NOTHING),
    *(measure("intent.yaw"), measure("intent.pitch")),
)
"""View of the senses: yaw and pitch of every measured place; a sound has no pitch."""
THERE: Final = (
    NOTHING,
    Row({"camera.confidence": -LOST / SEEN}, {}, LOST),
    Row({"doa.speech": -LOST}, {}, LOST),
    Row({"doa.speech": -LOST}, {}, LOST),
    stream("intent", absent=LOST, present=0.0),
    NOTHING,
)
"""View of the senses: at least 0 for a place that is there, else ``LOST``. A sound is there while
speech is flagged: what the array says in silence is old, and goes along with the head."""


RING: Final = 36
"""Directions of the ring where there is no map of the space around."""
NEAR_BINS: Final = 2
_HEARD: Final = tuple(float(n in ("sound_front", "sound_mirror")) for n in PLACES[:-1])


def centres_rad(bins: int) -> list[float]:
    """Middles of the bins all the way round, rad, rising."""
    return [pi * ((2 * k + 1) / bins - 1.0) for k in range(bins)]


class Ring(nn.Module):
    """Directions all the way round, one of which is strongest; nothing of it is learned."""

    rows: Tensor

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.bins = bins
        centres = torch.tensor(centres_rad(bins))
        off = torch.remainder(centres - centres.unsqueeze(1) + pi, 2.0 * pi) - pi
        far = LOST * (off.abs() > 2.0 * pi * (NEAR_BINS + 0.5) / bins).float()
        rows = torch.cat((far, centres.unsqueeze(1) + off), dim=-1)
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, logits: Tensor) -> Tensor:
        """Where logits [..., K] are strongest, [..., 1] rad, up to a bin beyond +-pi."""
        far, angles = torch.split(self.rows[logits.argmax(dim=-1)], self.bins, dim=-1)
        near = torch.softmax(logits + far, dim=-1)
        return (near * angles).sum(dim=-1, keepdim=True)


class Pointer(nn.Module):
    """Picks the place; nothing of it is learned."""

    heard: Tensor
    limit: Tensor

    def __init__(self) -> None:
        super().__init__()
        heard = torch.tensor([part for h in _HEARD for part in (0.0, h)])
        self.register_buffer("heard", heard, persistent=False)
        self.register_buffer("limit", torch.tensor(COMMAND_LIMIT_RAD[:2]), persistent=False)

    def forward(
        self, logits: Tensor, there: Tensor, measured: Tensor, yaw: Tensor, pitch: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Where to look, [..., 2] rad, the weight of each place [..., 6], the places [..., 6, 2].

        Args:
            logits: how much each place draws, [..., 6].
            there: the view ``THERE``, [..., 6].
            measured: the view ``MEASURED``, [..., 10] rad.
            yaw: where the ring is strongest, [..., 1] rad.
            pitch: of a place that is heard or believed, [..., 1] rad.
        """
        weights = torch.softmax(logits + torch.clamp(there, max=0.0), dim=-1)
        measured = torch.addcmul(measured, pitch, self.heard)
        places = torch.unflatten(torch.cat((measured, yaw, pitch), dim=-1), -1, (len(PLACES), 2))
        places = torch.clamp(places, -self.limit, self.limit)
        one = functional.one_hot(weights.argmax(dim=-1), len(PLACES)).to(weights.dtype)
        return (one.unsqueeze(-2) @ places).squeeze(-2), weights, places
