"""Refractory period: a key that was attended to much is harder to fire at.

After a spike a neuron's threshold is raised for a while (Gerstner et al., Neuronal Dynamics, 2014,
ch. 6). Here the load of a key, the mean of what all queries give it, raises the threshold
(``threshold``), within the layer, or in the layer above:

    within   raised = rho load(p)                load of this layer, of each head     [..., H, ., K]
    across   raised = rho load_below             p' of the layer below, mean of heads [..., 1, ., K]

``rho`` of each head is positive (a softplus). ``gradient`` leaves the forward pass as it is and
tires only the learning: the gradient that reaches p is divided by 1 + GRADIENT_RHO load(p), as in
homeostatic plasticity (Turrigiano, Cell 135, 2008), where a busy synapse learns less.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.cells.gates.gate import Gated, Parts, column_load
from ember_embodied.cells.gates.threshold import LearnableGate

RHO_RAW: Final = -2.0
"""Softplus of it is 0.13."""
GRADIENT_RHO: Final = 4.0


class RefractoryGate(LearnableGate):
    """Raised by the load of its own layer."""

    def __init__(self, heads: int, *, causal: bool) -> None:
        super().__init__(heads, causal=causal)
        self.rho_raw = nn.Parameter(torch.full((heads, 1, 1), RHO_RAW))

    def forward(self, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:  # noqa: ARG002
        """See the module."""
        raised = functional.softplus(self.rho_raw) * column_load(p, causal=self.causal)
        passed, openness, _ = self.fire(p, raised)
        return Gated(passed, openness, below, state)


class RefractoryAcrossGate(RefractoryGate):
    """Raised by the load of the layer below; the first layer has none."""

    def forward(self, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:  # noqa: ARG002
        """See the module."""
        raised = None if below is None else functional.softplus(self.rho_raw) * below
        passed, openness, _ = self.fire(p, raised)
        load = column_load(passed, causal=self.causal).mean(dim=-3, keepdim=True)
        return Gated(passed, openness, load, state)


class RefractoryGradientGate(LearnableGate):
    """Raised by nothing; a busy key passes less gradient on."""

    def forward(self, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:
        """See the module."""
        if self.training and p.requires_grad:
            load = column_load(p.detach(), causal=self.causal)
            tired = 1.0 + GRADIENT_RHO * load
            p.register_hook(lambda gradient: gradient / tired)  # type: ignore[no-untyped-call]
        return super().forward(p, dt, below, state)
