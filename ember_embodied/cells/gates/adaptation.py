"""Adaptation: what fires for long fires less; the threshold of each key follows its past firing.

With s the mean firing of the queries at each key and e^(-dt/tau) the exact leak over dt:

    raised = rho A                                               [B, H, 1, K]
    A'     = s + e^(-dt/tau) (A - s)                             [B, H, K], zero at the start

(spike-frequency adaptation: Benda and Herz, Neural Computation 15, 2003). With memory of power
law (Pozzorini et al., Nature Neuroscience 16, 2013) A is a sum over ``TIMESCALES_S``, each with
its own exact leak and with the weight tau_j^-beta, divided by the sum of the weights: between the
shortest and the longest it fades as t^-beta. ``rho``, ``tau`` and ``beta`` of each head.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.cells.gates.gate import Gated, Parts
from ember_embodied.cells.gates.refractory import RHO_RAW
from ember_embodied.cells.gates.threshold import LearnableGate

TAU_S: Final = 1.0
TIMESCALES_S: Final = (0.1, 0.5, 2.5, 12.5)
BETA: Final = 0.8


class AdaptationGate(LearnableGate):
    """One timescale, learned."""

    def __init__(self, heads: int, *, causal: bool) -> None:
        super().__init__(heads, causal=causal)
        self.rho_raw = nn.Parameter(torch.full((heads, 1, 1), RHO_RAW))
        self.log_tau = nn.Parameter(torch.full((heads, 1), TAU_S).log())

    def state_shapes(self, tokens: int) -> dict[str, int]:
        """One number for each head and key."""
        return {"adaptation": self.heads * tokens}

    def forward(self, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:
        """See the module."""
        keys = p.shape[-1]
        past = torch.unflatten(state[0], -1, (self.heads, keys))
        raised = functional.softplus(self.rho_raw) * past.unsqueeze(-2)
        passed, openness, firing = self.fire(p, raised)
        mean = firing.mean(dim=-2)
        kept = torch.exp(dt.unsqueeze(-1) * -torch.exp(-self.log_tau))
        after = mean + kept * (past - mean)
        return Gated(passed, openness, below, (after.flatten(-2),))


class PowerLawGate(LearnableGate):
    """Many timescales, and how fast their weights fall."""

    rates: Tensor

    def __init__(self, heads: int, *, causal: bool) -> None:
        super().__init__(heads, causal=causal)
        self.rho_raw = nn.Parameter(torch.full((heads, 1, 1), RHO_RAW))
        self.beta = nn.Parameter(torch.full((heads, 1, 1), BETA))
        rates = 1.0 / torch.tensor(TIMESCALES_S).unsqueeze(-1)
        self.register_buffer("rates", rates, persistent=False)

    def state_shapes(self, tokens: int) -> dict[str, int]:
        """One number for each head, timescale and key."""
        return {"adaptation": self.heads * len(TIMESCALES_S) * tokens}

    def forward(self, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:
        """See the module."""
        keys = p.shape[-1]
        past = torch.unflatten(state[0], -1, (self.heads, len(TIMESCALES_S), keys))
        share = torch.softmax(self.beta * torch.log(self.rates), dim=-2)  # [H, J, 1]
        raised = functional.softplus(self.rho_raw) * (share * past).sum(dim=-2, keepdim=True)
        passed, openness, firing = self.fire(p, raised)
        mean = firing.mean(dim=-2, keepdim=True)
        kept = torch.exp(dt.unsqueeze(-1).unsqueeze(-1) * -self.rates)
        after = mean + kept * (past - mean)
        return Gated(passed, openness, below, (after.flatten(-3),))
