"""One token for each sense: what the attention compares.

With senses s [B, S], mask m [B, M] and the streams of each token (``TOKENS``):

    s'    = s * m[stream of each number]            an absent stream says nothing
    x_k   = W_k [s'_k, m_k] + b_k                   [B, E], each token from its own senses only
    bias_k = 0 where all streams of token k are there, else -ABSENT

The six linear maps are one product with a matrix whose other blocks are held at zero.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.sense_vector import (
    MASK_COUNT,
    SENSE_COUNT,
    STREAM_OF_SENSE,
    STREAMS,
)

TOKENS: Final[dict[str, tuple[str, ...]]] = {
    "imu": ("imu",),
    "doa": ("doa",),
    "joints": ("joints", "head"),
    "camera": ("camera",),
    "command": ("command",),
    "intent": ("intent",),
}
"""The streams of each sense; the measured pose of the head is felt through the joints."""
ABSENT: Final = 100.0
"""Taken from the score of an absent sense: e^-100 is 0 beside any that is there, and small
enough that scores keep their digits when all are absent."""


class SenseTokens(nn.Module):
    """Linear embedding of each sense from its own numbers and mask bits."""

    stream_of_sense: Tensor
    blocks: Tensor
    shares: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        streams = [STREAMS[i] for i in STREAM_OF_SENSE] + list(STREAMS)
        own = torch.tensor([[float(s in parts) for s in streams] for parts in TOKENS.values()])
        fan_in = own.sum(dim=1).repeat_interleave(width).unsqueeze(1)
        self.register_buffer("blocks", own.repeat_interleave(width, dim=0), persistent=False)
        bound = 1.0 / fan_in.sqrt()
        uniform = 2.0 * torch.rand(len(TOKENS) * width, SENSE_COUNT + MASK_COUNT) - 1.0
        self.weight = nn.Parameter(uniform * bound * self.blocks)
        self.bias = nn.Parameter((2.0 * torch.rand(len(TOKENS) * width) - 1.0) * bound.squeeze(1))
        shares = [[(s in parts) / len(parts) for s in STREAMS] for parts in TOKENS.values()]
        self.register_buffer("shares", torch.tensor(shares), persistent=False)
        of_sense = torch.from_numpy(STREAM_OF_SENSE)
        self.register_buffer("stream_of_sense", of_sense, persistent=False)

    def present(self, senses: Tensor, mask: Tensor) -> Tensor:
        """The senses [..., S] with every absent stream at zero."""
        return senses * mask.index_select(-1, self.stream_of_sense)

    def forward(self, senses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [..., 6, width] of ``present`` senses, and their score bias [..., 6]."""
        heard = torch.cat((senses, mask), dim=-1)
        tokens = functional.linear(heard, self.weight * self.blocks, self.bias)
        bias = ABSENT * (functional.linear(mask, self.shares) - 1.0)
        return torch.unflatten(tokens, -1, (len(TOKENS), self.width)), bias
