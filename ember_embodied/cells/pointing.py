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
_HEARD: Final = ("sound_front", "sound_mirror", "believed")
"""Places whose pitch nobody measures."""
LOST: Final = -1e4
"""Added to the logit of a place that is not there; e^-10000 is exactly 0 in float32."""
SEEN: Final = 0.01
"""A face of this confidence is there; a camera that sees none says 0."""
_YAW, _PITCH = COMMAND_LIMIT_RAD[:2]
MEASURED: Final = (
    *(NOTHING, NOTHING),
    *(measure("camera.yaw", _YAW), measure("camera.pitch", _PITCH)),
    *(measure("doa.front", _YAW), NOTHING),
    *(measure("doa.mirror", _YAW), NOTHING),
    *(measure("intent.yaw", _YAW), measure("intent.pitch", _PITCH)),
    *(NOTHING, NOTHING),
)
"""View of the senses: yaw and pitch of every measured place, each by its limit; a sound has no
pitch, and what is believed is not measured."""
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


LAST_YAW: Final = (measure("command.head_yaw"),) * len(PLACES)
"""View of the senses: yaw of the last command, once for each place."""

RING: Final = 36
"""Directions of the ring where there is no map of the space around."""
NEAR_BINS: Final = 2
MASS_BINS: Final = 1
STAY_NATS: Final = 1.0
"""Elsewhere must be e times as likely."""
STAY_SHARPNESS: Final = 8.0
"""kappa: 20 degrees away is elsewhere already."""


def centres_rad(bins: int, more: int = 0) -> list[float]:
    """Middles of the bins all the way round, rad, rising; ``more`` of them before and after."""
    return [pi * ((2 * k + 1) / bins - 1.0) for k in range(-more, bins + more)]


def stay(cosines: Tensor, parts: Tensor) -> Tensor:
    """How much each of M directions is favoured, nats.

    The cosine of each to the last command is a sum of ``cosines`` [..., N], times ``parts`` [M, N].
    """
    less = torch.full_like(parts[:, 0], -STAY_SHARPNESS)
    return STAY_NATS * torch.exp(functional.linear(cosines, STAY_SHARPNESS * parts, less))


def winner(x: Tensor) -> Tensor:
    """1 for the first of the largest along the last dimension, 0 for all others."""
    return functional.one_hot(torch.argmax(x, dim=-1), x.shape[-1]).to(x.dtype)


class Ring(nn.Module):
    """Directions all the way round, one of which is strongest; nothing of it is learned.

    They lie in a line of L = K + 2 ``NEAR_BINS``, the first of them again after the last and the
    last before the first: so the neighbours of each are next to it, and no angle wraps.
    """

    far: Tensor
    next_to: Tensor
    parts: Tensor
    line: Tensor

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.bins = bins
        line = torch.arange(-NEAR_BINS, bins + NEAR_BINS)
        bins_off = (line - torch.arange(bins).unsqueeze(1)).abs()
        theta = torch.tensor(centres_rad(bins, NEAR_BINS))
        parts = functional.pad(torch.stack((theta.sin(), theta.cos()), dim=-1), (3, 0))
        for name, tensor in (
            ("far", LOST * (bins_off > NEAR_BINS).float()),
            ("next_to", (bins_off <= MASS_BINS).float().T),
            ("parts", parts),
            ("line", line % bins),
        ):
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, logits: Tensor, wave: Tensor) -> Tensor:
        """Chance of each direction of the line, all of it near where the most is, [..., L].

        Args:
            logits: of the directions of the line, [..., L].
            wave: cosines of ``heads.FACING``, the last two of them of the last command, [..., 5].
        """
        chance = torch.softmax(logits + stay(wave, self.parts), dim=-1)
        return torch.softmax(winner(chance @ self.next_to) @ self.far + logits, dim=-1)


class Pointer(nn.Module):
    """Picks the place; nothing of it is learned. Places are yaw and pitch by their limits."""

    heard: Tensor
    believed: Tensor
    yaws: Tensor
    each: Tensor
    both: Tensor
    pairs: Tensor

    def __init__(self, bins: int) -> None:
        super().__init__()
        places = torch.eye(2 * len(PLACES))
        heard = places[[2 * PLACES.index(name) + 1 for name in _HEARD]].sum(dim=0) / _PITCH
        yaw = places[2 * PLACES.index("believed")] / _YAW
        theta = torch.tensor(centres_rad(bins, NEAR_BINS)).unsqueeze(-1)
        for name, tensor in (
            ("heard", heard.unsqueeze(0)),
            ("believed", theta * yaw),
            ("yaws", -_YAW * places[:, ::2]),
            ("each", torch.eye(len(PLACES))),
            ("both", torch.eye(len(PLACES)).repeat_interleave(2, dim=-1)),
            ("pairs", torch.tensor((_YAW, _PITCH)).diag().repeat(len(PLACES), 1)),
        ):
            self.register_buffer(name, tensor, persistent=False)

    def forward(
        self,
        logits: Tensor,
        there: Tensor,
        measured: Tensor,
        near: Tensor,
        pitch: Tensor,
        last: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The place that wins, all others 0 [..., 12], the weight of each [..., 6], all [..., 12].

        Args:
            logits: how much each place draws, [..., 6].
            there: the view ``THERE``, [..., 6].
            measured: the view ``MEASURED``, [..., 12].
            near: of ``Ring``, [..., L].
            pitch: of a place that is heard or believed, [..., 1] rad.
            last: the view ``LAST_YAW``, [..., 6] rad.
        """
        logits = logits + torch.clamp(there, max=0.0)
        places = near @ self.believed + (pitch @ self.heard + measured)
        places = torch.clamp(places, -1.0, 1.0)
        cosines = torch.cos(places @ self.yaws + last)
        wins = winner(logits + stay(cosines, self.each))
        return wins @ self.both * places, torch.softmax(logits, dim=-1), places
