"""Places where one could look, and which one it is.

Pointing at what the senses measured, instead of drawing an angle out of neurons, is what lets a
small network be exact (Vinyals et al., Pointer Networks, 2015). The places are home, the face,
both hypotheses of the sound, the intent's target, and where the ring of directions is strongest.

    z     = logits + min(0, lost)                   [B, 6]
    w     = softmax(z)                              [B, 6], exactly 0 for a place that is not there
    place = place_k, k = argmax z + stay(yaw_k)     [B, 2] yaw and pitch, rad

One place wins and the others lose: between a voice in front and its mirror image behind there is
nobody, so the middle of two hypotheses is the one direction that is surely wrong. The ring does
the same with its K directions; of those the winner is not the tallest but the one with the most
chance in and next to it, and the mean of its neighbourhood is where it points:

    k   = argmax of the chance p = softmax(l + stay(theta)) within ``MASS_BINS`` of each
    o   = softmax of l_j over the j within ``NEAR_BINS`` of k
    yaw = theta_k + sum_j o_j (theta_j - theta_k)                    round the circle

A turn has its price, so whoever looks somewhere stays unless elsewhere is clearly likelier. What is
near the last command, at yaw y, is favoured in the choice; the chances themselves, which are what
is learned, know nothing of it:

    stay(theta) = STAY_NATS e^(kappa (cos(theta - y) - 1))
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
MASS_BINS: Final = 1
STAY_NATS: Final = 1.0
"""Elsewhere must be e times as likely."""
STAY_SHARPNESS: Final = 8.0
"""kappa: 20 degrees away is elsewhere already."""
_HEARD: Final = tuple(float(n in ("sound_front", "sound_mirror")) for n in PLACES[:-1])


def centres_rad(bins: int) -> list[float]:
    """Middles of the bins all the way round, rad, rising."""
    return [pi * ((2 * k + 1) / bins - 1.0) for k in range(bins)]


def stay(theta: Tensor, last: Tensor) -> Tensor:
    """How much the direction ``theta`` is favoured, nats, for a ``last`` command there, rad."""
    return STAY_NATS * torch.exp(STAY_SHARPNESS * (torch.cos(theta - last) - 1.0))


class Ring(nn.Module):
    """Directions all the way round, one of which is strongest; nothing of it is learned."""

    rows: Tensor
    centres: Tensor
    next_to: Tensor

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.bins = bins
        centres = torch.tensor(centres_rad(bins))
        off = torch.remainder(centres - centres.unsqueeze(1) + pi, 2.0 * pi) - pi
        bins_off = off.abs() * (bins / (2.0 * pi))
        far = LOST * (bins_off > NEAR_BINS + 0.5).float()
        next_to = (bins_off < MASS_BINS + 0.5).float()
        rows = torch.cat((far, centres.unsqueeze(1) + off), dim=-1)
        for name, tensor in (("rows", rows), ("centres", centres), ("next_to", next_to)):
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, logits: Tensor, last: Tensor) -> Tensor:
        """Where the most chance is, [..., 1] rad, up to a bin beyond +-pi.

        Args:
            logits: of the directions, [..., K].
            last: yaw of the last command, [..., 1] rad.
        """
        chance = torch.softmax(logits + stay(self.centres, last), dim=-1) @ self.next_to
        far, angles = torch.split(self.rows[chance.argmax(dim=-1)], self.bins, dim=-1)
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
        self,
        logits: Tensor,
        there: Tensor,
        measured: Tensor,
        yaw: Tensor,
        pitch: Tensor,
        last: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Where to look, [..., 2] rad, the weight of each place [..., 6], the places [..., 6, 2].

        Args:
            logits: how much each place draws, [..., 6].
            there: the view ``THERE``, [..., 6].
            measured: the view ``MEASURED``, [..., 10] rad.
            yaw: where the ring is strongest, [..., 1] rad.
            pitch: of a place that is heard or believed, [..., 1] rad.
            last: yaw of the last command, [..., 1] rad.
        """
        logits = logits + torch.clamp(there, max=0.0)
        weights = torch.softmax(logits, dim=-1)
        measured = torch.addcmul(measured, pitch, self.heard)
        places = torch.unflatten(torch.cat((measured, yaw, pitch), dim=-1), -1, (len(PLACES), 2))
        places = torch.clamp(places, -self.limit, self.limit)
        first = torch.argmax(logits + stay(places[..., 0], last), dim=-1)
        one = functional.one_hot(first, len(PLACES)).to(weights.dtype)
        return (one.unsqueeze(-2) @ places).squeeze(-2), weights, places
