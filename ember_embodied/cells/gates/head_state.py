"""State of a head: a head that fires much is tired of everything, not of one key.

With s the mean firing of the head over all queries and keys and an exact leak over dt:

    raised = rho S                                               [B, H, 1, 1]
    S'     = s + e^(-dt/tau) (S - s)                             [B, H], zero at the start

Persistent activity of a circuit that outlasts its input (Wang, Trends in Neurosciences 24, 2001);
``rho`` and ``tau`` of each head.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.cells.gates.gate import Gated, Parts
from ember_embodied.cells.gates.refractory import RHO_RAW
from ember_embodied.cells.gates.threshold import LearnableGate

TAU_S: Final = 2.0


class HeadStateGate(LearnableGate):
    """See the module."""

    def __init__(self, heads: int, *, causal: bool) -> None:
        super().__init__(heads, causal=causal)
        self.rho_raw = nn.Parameter(torch.full((heads, 1, 1), RHO_RAW))
        self.log_tau = nn.Parameter(torch.full((heads,), TAU_S).log())

    def state_shapes(self, tokens: int) -> dict[str, int]:  # noqa: ARG002
        """One number for each head."""
        return {"head_state": self.heads}

    def forward(self, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:
        """See the module."""
        (past,) = state
        raised = functional.softplus(self.rho_raw) * past.unsqueeze(-1).unsqueeze(-1)
        passed, openness, firing = self.fire(p, raised)
        mean = firing.mean(dim=(-2, -1))
        kept = torch.exp(dt * -torch.exp(-self.log_tau))
        return Gated(passed, openness, below, (mean + kept * (past - mean),))
