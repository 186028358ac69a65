"""Plain softmax attention (Vaswani et al., 2017), and the same with a gate on its output."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ember_embodied.cells.gates.gate import Gate, Gated, Parts


class SoftmaxGate(Gate):
    """Always open: p' = p."""

    def forward(self, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:  # noqa: ARG002
        """The same probabilities."""
        return Gated(p, torch.ones_like(p), below, state)


class OutputGate(SoftmaxGate):
    """The attended values pass a sigmoid of the query's token (Qiu et al., Gated attention, 2025).

    p' = p and y = sigmoid(W_g norm(x)) * (p v), before the output projection.
    """

    def __init__(self, heads: int, *, causal: bool, width: int) -> None:
        super().__init__(heads, causal=causal)
        self.query_gate = nn.Linear(width, width, bias=False)

    def mix(self, mixed: Tensor, x: Tensor) -> Tensor:
        """The attended values [..., N, E] as the tokens let them through."""
        passed: Tensor = torch.sigmoid(self.query_gate(x)) * mixed
        return passed
