"""Places where one could look, and which of them are there.

Pointing at what the senses measured, instead of drawing an angle out of neurons, is what lets a
small network be exact (Vinyals et al., Pointer Networks, 2015). The places are home, the face,
both hypotheses of the sound, the intent's target and one that the network makes up.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ember_embodied.sense_vector import INDEX, SENSES, STREAMS

PLACES: Final = ("home", "face", "sound_front", "sound_mirror", "intent", "free")
ABSENT: Final = 1e4
"""Taken from the logit of a place that is not there; e^-10000 is exactly 0 in float32."""
_MEASURED: Final = (
    "camera.yaw",
    "camera.pitch",
    "doa.front",
    None,
    "doa.mirror",
    None,
    "intent.yaw",
    "intent.pitch",
)
"""Yaw and pitch of the four places that are measured; a sound has no pitch."""
_STREAMS: Final = ("doa", "doa", "intent")


class Pointing(nn.Module):
    """Reads the places out of the senses; nothing in it is learned."""

    columns: Tensor
    scale: Tensor
    streams: Tensor

    def __init__(self) -> None:
        super().__init__()
        columns = torch.tensor([INDEX[name] if name else 0 for name in _MEASURED])
        scale = torch.tensor([SENSES[INDEX[name]].scale if name else 0.0 for name in _MEASURED])
        streams = torch.tensor([STREAMS.index(stream) for stream in _STREAMS])
        self.register_buffer("columns", columns, persistent=False)
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("streams", streams, persistent=False)

    def forward(self, senses: Tensor, mask: Tensor, free: Tensor) -> tuple[Tensor, Tensor]:
        """Places [..., 6, 2] (yaw, pitch in rad), and 0 or -ABSENT for each, [..., 6].

        ``senses`` [..., S] of present streams, ``mask`` [..., M], ``free`` [..., 2] rad.
        """
        measured = senses.index_select(-1, self.columns) * self.scale
        places = torch.cat((torch.zeros_like(free), measured, free), dim=-1)
        confidence = INDEX["camera.confidence"]
        seen = torch.sign(senses[..., confidence : confidence + 1])
        always = torch.ones_like(seen)
        there = torch.cat((always, seen, mask.index_select(-1, self.streams), always), dim=-1)
        return torch.unflatten(places, -1, (len(PLACES), 2)), ABSENT * (there - 1.0)
