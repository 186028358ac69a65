"""Self-attention whose probabilities pass a gate (Vaswani et al., 2017; pre-norm, residual).

For tokens x [..., N, E] with H heads:

    n       = norm(x)                                        [..., N, E]
    p       = softmax(n (W_q^T W_k / sqrt(E/H)) n^T + bias)  [..., H, N, N]
    p'      = gate(p)                                        see ``gates``
    x'      = x + W_o W_v (p' n)                             [..., N, E]
    y       = x' + feed forward of x'                        where there is one, ``feedforward``

Queries, keys and values never stand alone: for a few tokens the products of their weights, which
a graph holds as numbers, cost less than they do (so DeepSeek-V2, 2024, absorbs them).

The cell knows nothing of what its tokens mean. Three ways to call it: ``forward`` for the senses
of one tick, ``unroll`` for those of T ticks, where ``bias`` hides the absent ones and state goes
from tick to tick; ``causal`` for a sequence, where each token sees itself and those before it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ember_embodied.cells.feedforward import make_feedforward
from ember_embodied.cells.gates import make_gate
from ember_embodied.cells.gates.gate import Gated, Parts, over_rows, over_ticks

UNSEEN: Final = -1e4
"""Score of a token that is still to come; e^-10000 is exactly 0."""
ROW_S: Final = 0.1
"""What one token of a sequence counts as in time: a tick of a 10 Hz loop."""


class Attended(NamedTuple):
    """What a layer gives.

    Probabilities and openness are for whoever looks on, by a forward hook on the layer; a graph
    that does not ask for them leaves them out.
    """

    tokens: Tensor
    """[..., N, E]."""
    probabilities: Tensor
    """After the gate, [..., H, N, N]."""
    openness: Tensor
    """Of the gate, [..., H, N, N]."""
    load: Tensor | None
    """What the layer above is told, see ``gates.gate``."""
    state: Parts
    """The gate's parts, then the feed forward's."""


class Attention(nn.Module):
    """One layer of gated self-attention over tokens of ``width`` numbers."""

    def __init__(
        self,
        width: int,
        heads: int,
        gate: str,
        feedforward: str = "none",
        *,
        causal: bool = False,
        layer: int = 0,
        layers: int = 1,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a token of {width} numbers")
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate = make_gate(gate, heads, width, causal=causal, layer=layer, layers=layers)
        self.feedforward = make_feedforward(feedforward, width)

    def state_shapes(self, tokens: int) -> dict[str, int]:
        """Name and width of each part of the state, [B, width]."""
        return self.gate.state_shapes(tokens) | self.feedforward.state_shapes(tokens)

    def forward(
        self,
        x: Tensor,
        bias: Tensor,
        dt: Tensor,
        state: Parts,
        below: Tensor | None = None,
        *,
        ticks: bool = False,
    ) -> Attended:
        """One tick, or with ``ticks`` T of them along a first dimension more.

        Args:
            x: tokens, [B, N, E].
            bias: added to the score of each key, [B, N].
            dt: s since the last tick, [B, 1].
            state: the parts of ``state_shapes``, without the dimension of ticks.
            below: what the layer below told; None for the first.
            ticks: True for many ticks.
        """
        own = len(self.gate.state_shapes(x.shape[-2]))
        gate: Callable[..., Gated] = partial(over_ticks, self.gate) if ticks else self.gate
        bias = bias.unsqueeze(-2)
        attended, gated = self._attend(x, bias, lambda p: gate(p, dt, below, state[:own]))
        y, kept = self.feedforward(attended, attended - x, dt, state[own:], ticks=ticks)
        return Attended(y, *gated[:3], (*gated.state, *kept))

    def causal(self, x: Tensor, below: Tensor | None = None) -> Attended:
        """A sequence of N tokens x [B, N, E], from rest; each is a tick of ``ROW_S``."""
        later = torch.triu(torch.full((x.shape[1],) * 2, UNSEEN, device=x.device), diagonal=1)
        later = later.repeat_interleave(self.heads, dim=0)
        attended, gated = self._attend(x, later, lambda p: over_rows(self.gate, p, below, ROW_S))
        y = self.feedforward.over_tokens(attended, attended - x, ROW_S)
        return Attended(y, *gated[:3], ())

    def _attend(
        self, x: Tensor, bias: Tensor, gate: Callable[[Tensor], Gated]
    ) -> tuple[Tensor, Gated]:
        count = x.shape[-2]
        normed = self.norm(x)
        weights = torch.unflatten(self.queries_keys_values.weight, 0, (3, self.heads, -1))
        query, key, value = weights.unbind()
        # One row for each query and head, so that no head needs to be transposed.
        asking = torch.einsum("hdi,hdj->ihj", query, key) * query.shape[-2] ** -0.5
        asked = torch.unflatten(normed @ asking.flatten(-2), -1, (self.heads, -1)).flatten(-3, -2)
        scores = asked @ normed.transpose(-1, -2) + bias  # [..., N H, N]
        p = torch.unflatten(torch.softmax(scores, dim=-1), -2, (count, self.heads))
        gated = gate(p.transpose(-2, -3))
        passed = gated.probabilities.transpose(-2, -3).flatten(-3, -2)
        mixed = torch.unflatten(passed @ normed, -2, (count, self.heads)).flatten(-2)
        values = torch.block_diag(*value.transpose(-1, -2))  # type: ignore[no-untyped-call]
        mixed = mixed @ values  # [..., N, E]
        return x + self.gate.mix(mixed, normed) @ self.out.weight.T, gated
