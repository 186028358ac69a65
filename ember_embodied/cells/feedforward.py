"""What follows the attention in a layer: nothing, two linear layers, or two that fire.

    mlp        y = x + W_2 silu(W_1 norm(x))                                       [..., N, E]

``mlp_fire`` gives each token a membrane potential that the attention charges and time drains
(a leaky integrate-and-fire neuron, Gerstner et al., Neuronal Dynamics, 2014, ch. 1). With d what
the attention added to the token:

    V'   = V e^(-dt/tau) + mean |d|                                                [..., N]
    s    = sigmoid(k (V' - theta))                   it fires, or it smolders
    y    = x + (s + c) / (1/2 + c) W_2 silu(W_1 norm(x))
    V''  = V' (1 - s)                                a soft reset

c = e^smolder_logit is what a smoldering token still gets. At k = 0 the factor is 1: it starts as
the plain ``mlp``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn

from ember_embodied.cells.gates.gate import Parts

EXPANSION: Final = 4
TAU_S: Final = 0.5
THRESHOLD: Final = 0.3
STEEPNESS_UNIT: Final = 10.0
"""k is this times its parameter."""


class FeedForward(nn.Module):
    """Nothing: the base of all."""

    def state_shapes(self, tokens: int) -> dict[str, int]:  # noqa: ARG002
        """Name and width of each part of the state."""
        return {}

    def forward(
        self, x: Tensor, added: Tensor, dt: Tensor, state: Parts, *, ticks: bool
    ) -> tuple[Tensor, Parts]:
        """Tokens [..., N, E] and the next state; one tick, or T along a first dimension more.

        ``added`` [..., N, E] is what the attention added, ``dt`` [..., 1] s, ``state`` as it was
        before the first tick.
        """
        del added, dt, ticks
        return x, state

    def over_tokens(self, x: Tensor, added: Tensor, token_s: float) -> Tensor:
        """A sequence of N tokens [B, N, E], each a tick of ``token_s``, from rest."""
        dt = x.new_full((x.shape[0], 1), token_s)
        y, _ = self(x, added, dt, (), ticks=False)
        return y  # type: ignore[no-any-return]


class Mlp(FeedForward):
    """Two linear layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, EXPANSION * width),
            nn.SiLU(),
            nn.Linear(EXPANSION * width, width),
        )

    def forward(
        self, x: Tensor, added: Tensor, dt: Tensor, state: Parts, *, ticks: bool
    ) -> tuple[Tensor, Parts]:
        """See ``FeedForward``."""
        del added, dt, ticks
        return x + self.layers(x), state


class FiringMlp(Mlp):
    """Two linear layers that fire or smolder."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.threshold = nn.Parameter(torch.tensor([THRESHOLD]))
        self.steepness = nn.Parameter(torch.zeros(1))
        self.smolder_logit = nn.Parameter(torch.zeros(1))
        self.log_tau = nn.Parameter(torch.tensor([TAU_S]).log())

    def state_shapes(self, tokens: int) -> dict[str, int]:
        """One potential for each token."""
        return {"potential": tokens}

    def forward(
        self, x: Tensor, added: Tensor, dt: Tensor, state: Parts, *, ticks: bool
    ) -> tuple[Tensor, Parts]:
        """See ``FeedForward``."""
        charge, kept = added.abs().mean(dim=-1), self._kept(dt)
        if not ticks:
            firing, potential = self.charge(charge, kept, state[0])
            return self._pass(x, firing), (potential,)
        (potential,), path = state, []
        for now, share in zip(charge, kept, strict=True):
            firing, potential = self.charge(now, share, potential)
            path.append(firing)
        return self._pass(x, torch.stack(path)), (potential,)

    def over_tokens(self, x: Tensor, added: Tensor, token_s: float) -> Tensor:
        """See ``FeedForward``: here the potential goes from token to token."""
        kept = self._kept(x.new_full((x.shape[0], 1), token_s)).squeeze(-1)
        potential, path = x.new_zeros(x.shape[0]), []
        for now in added.abs().mean(dim=-1).unbind(dim=-1):
            firing, potential = self.charge(now, kept, potential)
            path.append(firing)
        return self._pass(x, torch.stack(path, dim=-1))

    def charge(self, charge: Tensor, kept: Tensor, potential: Tensor) -> tuple[Tensor, Tensor]:
        """Firing and potential after one tick, of the same shape."""
        potential = potential * kept + charge
        firing = torch.sigmoid(STEEPNESS_UNIT * self.steepness * (potential - self.threshold))
        return firing, potential * (1.0 - firing)

    def _kept(self, dt: Tensor) -> Tensor:
        return torch.exp(dt * -torch.exp(-self.log_tau))

    def _pass(self, x: Tensor, firing: Tensor) -> Tensor:
        smolder = torch.exp(self.smolder_logit)
        passed: Tensor = ((firing + smolder) / (0.5 + smolder)).unsqueeze(-1) * self.layers(x)
        return x + passed


FEEDFORWARDS: Final[dict[str, Callable[[int], FeedForward]]] = {
    "none": lambda _: FeedForward(),
    "mlp": Mlp,
    "mlp_fire": FiringMlp,
}


def make_feedforward(name: str, width: int) -> FeedForward:
    """The one of that name. Raises ``ValueError`` naming those there are."""
    if name not in FEEDFORWARDS:
        raise ValueError(f"no feedforward {name!r}; there are {', '.join(FEEDFORWARDS)}")
    return FEEDFORWARDS[name](width)
