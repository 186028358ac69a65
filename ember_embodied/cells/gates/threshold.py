"""Leaky integrate-and-fire threshold on attention: a weak pull leaks, a strong one fires.

    firing   = sigmoid(k (p - theta))                            [..., H, Q, K]
    openness = leak + (1 - leak) firing
    p'       = p openness / sum_keys(p openness)

``theta``, ``leak`` and ``k`` of each head. The normalisation cancels a common factor, so at k = 0
every weight passes alike and p' = p: the learnable gate starts there, as plain softmax attention.
Other gates raise the threshold by what has happened: theta + raised.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ember_embodied.cells.gates.gate import Gate, Gated, Parts

THRESHOLD: Final = 0.1
"""A probability; even attention to six senses is 0.17."""
STEEPNESS_UNIT: Final = 10.0
"""k is this times its parameter: a threshold in probabilities needs a k well above 1."""
FIXED_LEAK: Final = 0.5
FIXED_STEEPNESS: Final = 20.0


class LearnableGate(Gate):
    """Each head learns where its line is."""

    def __init__(self, heads: int, *, causal: bool) -> None:
        super().__init__(heads, causal=causal)
        self.threshold = nn.Parameter(torch.full((heads, 1, 1), THRESHOLD))
        self.leak_logit = nn.Parameter(torch.zeros(heads, 1, 1))
        self.steepness = nn.Parameter(torch.zeros(heads, 1, 1))

    def forward(self, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:  # noqa: ARG002
        """See the module."""
        passed, openness, _ = self.fire(p)
        return Gated(passed, openness, below, state)

    def fire(self, p: Tensor, raised: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Gated probabilities, openness and firing, each [..., H, Q, K].

        ``raised`` [..., H, 1 or Q, 1 or K] is added to the threshold.
        """
        k = STEEPNESS_UNIT * self.steepness
        firing = k * p - k * self.threshold
        firing = torch.sigmoid(firing if raised is None else firing - k * raised)
        # The sum cancels 1 - leak, and leak / (1 - leak) is e^leak_logit.
        passed = p * (firing + torch.exp(self.leak_logit))
        leak = torch.sigmoid(self.leak_logit)
        openness = leak + (1.0 - leak) * firing
        return passed / passed.sum(dim=-1, keepdim=True), openness, firing


class FixedGate(LearnableGate):
    """The same line for every head, and nothing learned."""

    def __init__(self, heads: int, *, causal: bool) -> None:
        super().__init__(heads, causal=causal)
        with torch.no_grad():
            self.leak_logit.fill_(FIXED_LEAK).logit_()
            self.steepness.fill_(FIXED_STEEPNESS / STEEPNESS_UNIT)
        for parameter in self.parameters():
            parameter.requires_grad = False
