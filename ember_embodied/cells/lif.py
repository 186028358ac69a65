"""Leaky integrate-and-fire gate: each neuron opens when its own activity has built up.

One step, with the true time ``dt`` since the last one (all per neuron, ``*`` elementwise):

    I  = |x|                                             input current
    V' = V e^(-dt/tau_m) + (1 - e^(-dt/tau_m)) I         membrane potential
    s  = sigmoid(k (gain V' - theta - rho R))            firing, 0 to 1
    R' = R e^(-dt/tau_r) + (1 - e^(-dt/tau_r)) s         refractory load
    g  = leak + (1 - leak) s                             openness
    y  = g * x

(Gerstner et al., Neuronal Dynamics, 2014, ch. 1, for V; the threshold raised by the load R is
ch. 6's.) Firing is a sigmoid, forward as well as backward: it is its own surrogate gradient, and
a hard threshold would flip on the last bit in which two runtimes differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

TAU_MEMBRANE_S: Final = 0.2
TAU_REFRACTORY_S: Final = 0.5
STEEPNESS: Final = 6.0


class LifState(NamedTuple):
    """Membrane potential and refractory load, each [batch, neurons], zero at start."""

    membrane: Tensor
    refractory: Tensor


class LifGate(nn.Module):
    """The gate's learned constants; every ``step`` is pure."""

    def __init__(self, neurons: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(neurons))
        self.threshold = nn.Parameter(torch.full((neurons,), 0.3))
        self.rho = nn.Parameter(torch.full((neurons,), 0.1))
        self.leak_logit = nn.Parameter(torch.zeros(neurons))
        self.log_tau_membrane = nn.Parameter(torch.full((neurons,), TAU_MEMBRANE_S).log())
        self.log_tau_refractory = nn.Parameter(torch.full((neurons,), TAU_REFRACTORY_S).log())

    def constants(self) -> tuple[Tensor, ...]:
        """Gain, threshold and rho times k, leak and 1 - leak, each [neurons]."""
        leak = torch.sigmoid(self.leak_logit)
        scaled = (STEEPNESS * p for p in (self.gain, self.threshold, self.rho))
        return (*scaled, leak, 1.0 - leak)

    def prepare(self, dt: Tensor) -> tuple[Tensor, ...]:
        """What membrane and load keep over dt [..., 1] s: ``e^(-dt/tau)``, each [..., neurons]."""
        rates = -torch.exp(-torch.cat((self.log_tau_membrane, self.log_tau_refractory)))
        return torch.exp(dt * rates).chunk(2, dim=-1)

    def step(
        self, constants: Sequence[Tensor], x: Tensor, kept: Sequence[Tensor], state: LifState
    ) -> tuple[Tensor, Tensor, LifState]:
        """One step.

        Args:
            constants: of ``constants``.
            x: activity, [batch, neurons].
            kept: of ``prepare``.
            state: of the last step.

        Returns:
            ``(y, openness, state)``: both [batch, neurons], openness in (0, 1).
        """
        gain, threshold, rho, leak, rest = constants
        current = x.abs()
        membrane = torch.addcmul(current, kept[0], state.membrane - current)
        firing = torch.sigmoid(gain * membrane - threshold - rho * state.refractory)
        refractory = torch.addcmul(firing, kept[1], state.refractory - firing)
        openness = torch.addcmul(leak, rest, firing)
        return openness * x, openness, LifState(membrane, refractory)
