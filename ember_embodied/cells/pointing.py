"""Places where one could look, and which of them are there.

Pointing at what the senses measured, instead of drawing an angle out of neurons, is what lets a
small network be exact (Vinyals et al., Pointer Networks, 2015). The places are home, the face,
both hypotheses of the sound, the intent's target, one that the network makes up, and where its
map of the space around believes somebody to be.

    w     = softmax(logits + min(0, lost))          [B, 7], exactly 0 for a place that is not there
    place = sum_k w_k place_k                       [B, 2] yaw and pitch, rad
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ember_embodied.cells.senses import NOTHING, Row, measure, stream

PLACES: Final = ("home", "face", "sound_front", "sound_mirror", "intent", "free", "believed")
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
    stream("doa", absent=LOST, present=0.0),
    stream("doa", absent=LOST, present=0.0),
    stream("intent", absent=LOST, present=0.0),
    NOTHING,
    NOTHING,
)
"""View of the senses: at least 0 for a place that is there, else ``LOST``."""


def point(
    logits: Tensor, there: Tensor, measured: Tensor, free: Tensor, believed: Tensor
) -> tuple[Tensor, Tensor]:
    """Where to look, [..., 2] rad, and the weight of each place, [..., 7].

    Args:
        logits: how much each place draws, [..., 7].
        there: the view ``THERE``, [..., 7].
        measured: the view ``MEASURED``, [..., 10] rad.
        free: the place that the network makes up, [..., 2] rad.
        believed: where ``cells.space_map`` is strongest, [..., 2] rad.
    """
    weights = torch.softmax(logits + torch.clamp(there, max=0.0), dim=-1)
    places = torch.unflatten(torch.cat((measured, free, believed), dim=-1), -1, (len(PLACES), 2))
    return (weights.unsqueeze(-2) @ places).squeeze(-2), weights
