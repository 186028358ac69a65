"""Self-attention whose probabilities pass a gate (Vaswani et al., 2017; pre-norm, residual).

For tokens x [..., N, E] with H heads:

    q, k, v = W_qkv norm(x)                                  [..., H, N, E/H] each
    p       = softmax(q k^T / sqrt(E/H) + bias)              [..., H, N, N]
    p'      = gate(p)                                        see ``gates``
    y       = x + W_o (p' v)                                 [..., N, E]

The cell knows nothing of what its tokens mean: the senses of one tick, where ``bias`` hides the
absent ones, or a causal sequence, where each token sees itself and those before it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ember_embodied.cells.gates import make_gate


class Attended(NamedTuple):
    """Tokens after the attention, [..., N, E]; probabilities and openness, [..., H, N, N]."""

    tokens: Tensor
    probabilities: Tensor
    openness: Tensor


class Attention(nn.Module):
    """One layer of gated self-attention over ``width`` numbers a token."""

    def __init__(self, width: int, heads: int, gate: str) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a token of {width} numbers")
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate = make_gate(gate, heads)

    def forward(self, x: Tensor, bias: Tensor) -> Attended:
        """One step: tokens x [..., N, E], score bias [..., N] or [..., N, N]."""
        parts = self.queries_keys_values(self.norm(x)).unflatten(-1, (3 * self.heads, -1))
        q, k, v = parts.transpose(-2, -3).split(self.heads, dim=-3)  # [..., H, N, E/H]
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        p = torch.softmax(scores + bias.unsqueeze(-2).unsqueeze(-2), dim=-1)
        p, openness = self.gate(p)
        mixed = (p @ v).transpose(-2, -3).flatten(-2)
        return Attended(x + self.out(mixed), p, openness)
