"""One token for each sense, and plain views of the senses for the heads, in one product.

With senses s [B, S], mask m [B, M] and the streams of each token (``TOKENS``):

    s'    = s * m[stream of each number]            an absent stream says nothing
    x_k   = W_k [s'_k, m_k] + b_k                   [B, E], each token from its own senses only
    a_k   = 0 where all streams of token k are there, else -ABSENT          its score bias
    views = fixed rows times [s', m]                a selection, a unit, a mask bit

Six linear maps, the score bias and all views are one product with one matrix, whose blocks are
learned, fixed or held at zero: on the robot a product costs less than a selection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.sense_vector import (
    INDEX,
    MASK_COUNT,
    SENSE_COUNT,
    SENSES,
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


class Row(NamedTuple):
    """One number of a view: weights of senses and of mask bits, each by its name, and an offset."""

    senses: dict[str, float]
    streams: dict[str, float]
    offset: float = 0.0


def sense(name: str) -> Row:
    """A sense as it is, normalised."""
    return Row({name: 1.0}, {})


def measure(name: str, unit: float = 1.0, offset: float = 0.0) -> Row:
    """A sense in its own unit, or in another that is so many of it, and an offset in that."""
    return Row({name: SENSES[INDEX[name]].scale / unit}, {}, offset)


def stream(name: str, present: float = 1.0, absent: float = 0.0) -> Row:
    """One number for a stream that is there and one for a stream that is not."""
    return Row({}, {name: present - absent}, absent)


NOTHING: Final = Row({}, {})
"""Always zero."""


class SenseReader(nn.Module):
    """Reads tokens and views out of senses and mask; only the tokens are learned."""

    spread: Tensor
    blocks: Tensor
    fixed: Tensor
    offsets: Tensor

    def __init__(self, width: int, *views: Sequence[Row]) -> None:
        super().__init__()
        self.width = width
        column = {**INDEX, **{f"stream {s}": SENSE_COUNT + i for i, s in enumerate(STREAMS)}}
        streams = [STREAMS[i] for i in STREAM_OF_SENSE] + list(STREAMS)
        own = torch.tensor([[float(s in parts) for s in streams] for parts in TOKENS.values()])
        bound = own.sum(dim=1).rsqrt().repeat_interleave(width).unsqueeze(1)
        blocks = own.repeat_interleave(width, dim=0)
        self.weight = nn.Parameter((2.0 * torch.rand(blocks.shape) - 1.0) * bound * blocks)
        self.bias = nn.Parameter((2.0 * torch.rand(len(blocks)) - 1.0) * bound.squeeze(1))
        there = [
            Row({}, {s: ABSENT / len(parts) for s in parts}, -ABSENT) for parts in TOKENS.values()
        ]
        rows = [*there, *(row for view in views for row in view)]
        fixed = torch.zeros(len(rows), SENSE_COUNT + MASK_COUNT)
        for i, row in enumerate(rows):
            for name, weight in row.senses.items():
                fixed[i, column[name]] = weight
            for name, weight in row.streams.items():
                fixed[i, column[f"stream {name}"]] = weight
        self.widths = [len(blocks), len(TOKENS), *(len(view) for view in views)]
        spread = functional.one_hot(torch.from_numpy(STREAM_OF_SENSE), MASK_COUNT).float()
        offsets = torch.tensor([row.offset for row in rows])
        for name, tensor in (
            ("spread", spread),
            ("blocks", blocks),
            ("fixed", fixed),
            ("offsets", offsets),
        ):
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, senses: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Tokens [..., 6, width], score bias [..., 6], then each view [..., rows].

        Args:
            senses: [..., S]; whatever an absent stream holds is not heard.
            mask: [..., M], 0 or 1.
        """
        heard = torch.cat((senses * functional.linear(mask, self.spread), mask), dim=-1)
        weight = torch.cat((self.weight * self.blocks, self.fixed))
        read = functional.linear(heard, weight, torch.cat((self.bias, self.offsets)))
        tokens, *views = torch.split(read, self.widths, dim=-1)
        return (torch.unflatten(tokens, -1, (len(TOKENS), self.width)), *views)
