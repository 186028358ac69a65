"""Gates of attention probabilities, by name.

A gate takes probabilities p [..., H, Q, K] and returns others that also sum to one over the
keys, with the openness of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn

FIXED_THRESHOLD: Final = 0.1
FIXED_LEAK: Final = 0.5
FIXED_STEEPNESS: Final = 20.0


class SoftmaxGate(nn.Module):
    """Always open: plain softmax attention."""

    def __init__(self, heads: int) -> None:  # noqa: ARG002
        super().__init__()

    def forward(self, p: Tensor) -> tuple[Tensor, Tensor]:
        """The same probabilities."""
        return p, torch.ones_like(p)


class LearnableGate(nn.Module):
    """A weak pull leaks, a strong one fires; each head learns where the line is.

    p' = p (leak + (1 - leak) sigmoid(k (p - theta))), divided by its sum over the keys. It starts
    at k = 0, where every weight is the same and p' is p.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.full((heads, 1, 1), FIXED_THRESHOLD))
        self.leak_logit = nn.Parameter(torch.zeros(heads, 1, 1))
        self.steepness = nn.Parameter(torch.zeros(heads, 1, 1))

    def forward(self, p: Tensor) -> tuple[Tensor, Tensor]:
        """Gated probabilities and openness."""
        firing = torch.sigmoid(self.steepness * p - self.steepness * self.threshold)
        # Dividing by the sum cancels 1 - leak, and leak / (1 - leak) is e^leak_logit.
        passed = p * (firing + torch.exp(self.leak_logit))
        leak = torch.sigmoid(self.leak_logit)
        return passed / passed.sum(dim=-1, keepdim=True), leak + (1.0 - leak) * firing


class FixedGate(LearnableGate):
    """The same with constants that are not learned."""

    def __init__(self, heads: int) -> None:
        super().__init__(heads)
        with torch.no_grad():
            self.steepness.fill_(FIXED_STEEPNESS)
        self.requires_grad_(requires_grad=False)


GATES: Final[dict[str, Callable[[int], nn.Module]]] = {
    "softmax": SoftmaxGate,
    "lif_fixed": FixedGate,
    "lif_learnable": LearnableGate,
}


def make_gate(name: str, heads: int) -> nn.Module:
    """The gate of that name. Raises ``ValueError`` naming those there are."""
    if name not in GATES:
        raise ValueError(f"no attention {name!r}; there are {', '.join(GATES)}")
    return GATES[name](heads)
