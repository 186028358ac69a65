"""Cores: what turns the tokens of one tick into neurons that know of the ticks before.

A core is a pure step in parts, so that a whole stretch of life trains fast: ``constants`` are what
the weights alone decide (a graph holds them as numbers), ``prepare`` does for all ticks at once
what does not depend on the state, ``step`` goes tick by tick.

    y, openness, state' = step(constants(), prepare(x, dt), state)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ember_embodied.cells.cfc import CfcCell
from ember_embodied.cells.lif import LifGate, LifState

Parts = tuple[Tensor, ...]


class Stepped(NamedTuple):
    """Neurons y and their openness, each [B, neurons], and the next state."""

    y: Tensor
    openness: Tensor
    state: Parts


class Core(nn.Module):
    """What all cores share: the names and widths of their state."""

    def __init__(self, **state: int) -> None:
        super().__init__()
        self.state_shapes = state

    def constants(self) -> Parts:
        """What needs neither input nor state."""
        return ()

    def prepare(self, x: Tensor, dt: Tensor) -> Parts:
        """What needs no state, for x [..., inputs] and dt [..., 1] s of one tick or of many."""
        raise NotImplementedError

    def step(self, constants: Parts, given: Parts, state: Parts) -> Stepped:
        """One tick, from what ``prepare`` gave for it."""
        raise NotImplementedError


class CfcLifCore(Core):
    """Closed-form continuous time, then a LIF gate on each neuron: ``cells.cfc``, ``cells.lif``."""

    def __init__(self, inputs: int, backbone: int, neurons: int) -> None:
        super().__init__(hidden=neurons, membrane=neurons, refractory=neurons)
        self.cell = CfcCell(inputs, backbone, neurons)
        self.gate = LifGate(neurons)

    def constants(self) -> Parts:
        """See ``Core``."""
        return self.gate.constants()

    def prepare(self, x: Tensor, dt: Tensor) -> Parts:
        """See ``Core``."""
        return *self.cell.prepare(x, dt), *self.gate.prepare(dt)

    def step(self, constants: Parts, given: Parts, state: Parts) -> Stepped:
        """See ``Core``."""
        drive, early, dt, *kept = given
        hidden = self.cell.step(drive, early, dt, state[0])
        y, openness, lif = self.gate.step(constants, hidden, kept, LifState(*state[1:]))
        return Stepped(y, openness, (hidden, *lif))


class CfcCore(Core):
    """Closed-form continuous time without the gate."""

    def __init__(self, inputs: int, backbone: int, neurons: int) -> None:
        super().__init__(hidden=neurons)
        self.cell = CfcCell(inputs, backbone, neurons)

    def prepare(self, x: Tensor, dt: Tensor) -> Parts:
        """See ``Core``."""
        return self.cell.prepare(x, dt)

    def step(self, constants: Parts, given: Parts, state: Parts) -> Stepped:  # noqa: ARG002
        """See ``Core``."""
        drive, early, dt = given
        hidden = self.cell.step(drive, early, dt, *state)
        return Stepped(hidden, torch.ones_like(hidden), (hidden,))


class GruCore(Core):
    """Gated recurrent unit (Cho et al., 2014) behind the same backbone; told dt as a number.

    z = tanh(W [x, dt] + b);  r, u = sigmoid(W_z z + W_h h)
    n = tanh(W_n z + b_n + r (W_m h + b_m));  h' = n + u (h - n)
    """

    def __init__(self, inputs: int, backbone: int, neurons: int) -> None:
        super().__init__(hidden=neurons)
        self.backbone = nn.Linear(inputs + 1, backbone)
        self.given = nn.Linear(backbone, 3 * neurons)
        self.kept = nn.Linear(neurons, 3 * neurons)

    def prepare(self, x: Tensor, dt: Tensor) -> Parts:
        """See ``Core``."""
        return (self.given(torch.tanh(self.backbone(_with_dt(x, dt)))),)

    def step(self, constants: Parts, given: Parts, state: Parts) -> Stepped:  # noqa: ARG002
        """See ``Core``."""
        (hidden,) = state
        neurons = hidden.shape[-1]
        from_x, n_x = torch.split(given[0], [2 * neurons, neurons], dim=-1)
        from_h, n_h = torch.split(self.kept(hidden), [2 * neurons, neurons], dim=-1)
        reset, update = torch.sigmoid(from_x + from_h).chunk(2, dim=-1)
        fresh = torch.tanh(n_x + reset * n_h)
        hidden = torch.addcmul(fresh, update, hidden - fresh)
        return Stepped(hidden, torch.ones_like(hidden), (hidden,))


class MlpCore(Core):
    """Two layers without memory; told dt as a number."""

    def __init__(self, inputs: int, backbone: int, neurons: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs + 1, backbone), nn.Tanh(), nn.Linear(backbone, neurons), nn.Tanh()
        )

    def prepare(self, x: Tensor, dt: Tensor) -> Parts:
        """See ``Core``."""
        return (self.layers(_with_dt(x, dt)),)

    def step(self, constants: Parts, given: Parts, state: Parts) -> Stepped:  # noqa: ARG002
        """See ``Core``."""
        (y,) = given
        return Stepped(y, torch.ones_like(y), state)


CORES: Final[dict[str, Callable[[int, int, int], Core]]] = {
    "cfc_lif": CfcLifCore,
    "cfc": CfcCore,
    "gru": GruCore,
    "mlp": MlpCore,
}


def make_core(name: str, inputs: int, backbone: int, neurons: int) -> Core:
    """The core of that name. Raises ``ValueError`` naming those there are."""
    if name not in CORES:
        raise ValueError(f"no core {name!r}; there are {', '.join(CORES)}")
    return CORES[name](inputs, backbone, neurons)


def _with_dt(x: Tensor, dt: Tensor) -> Tensor:
    """Input with the time in units of a 10 Hz tick."""
    return torch.cat((x, 10.0 * dt), dim=-1)
