"""Closed-form continuous-time cell (Hasani et al., Nature Machine Intelligence 4, 2022).

The solution of a liquid time-constant neuron in closed form, so that a step costs the same for
any ``dt``. With z the backbone's view of input and hidden state:

    z  = tanh(W_x x + W_h h + b)
    f  = tanh(W_f z),  g = tanh(W_g z)          where h starts from, where it goes to
    t  = sigmoid(W_a z * dt/DT_UNIT_S + W_b z)  how far it has come after dt
    h' = f + t (g - f)

The paper's ``1.7159 tanh(2/3 ...)`` (LeCun) lies in the weights: they start scaled by it.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

DT_UNIT_S: Final = 0.1
"""The time that counts as one: the period of a 10 Hz loop."""
LECUN_SCALE: Final = 1.7159
LECUN_SLOPE: Final = 0.666


class CfcCell(nn.Module):
    """Weights of the cell; every ``step`` is pure."""

    def __init__(self, inputs: int, backbone: int, neurons: int) -> None:
        super().__init__()
        whole = nn.Linear(inputs + neurons, backbone)
        self.heads = nn.Linear(backbone, 4 * neurons)
        with torch.no_grad():
            self.from_input = nn.Parameter(LECUN_SLOPE * whole.weight[:, :inputs])
            self.from_hidden = nn.Parameter(LECUN_SLOPE * whole.weight[:, inputs:])
            self.bias = nn.Parameter(LECUN_SLOPE * whole.bias)
            self.heads.weight.mul_(LECUN_SCALE)

    def forward(self, x: Tensor, dt: Tensor, hidden: Tensor) -> Tensor:
        """One whole step: x [B, inputs], dt [B, 1] s, hidden [B, neurons] -> hidden."""
        return self.step(*self.prepare(x, dt), hidden)

    def prepare(self, x: Tensor, dt: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What needs no state, for x [..., inputs], dt [..., 1] s.

        The input's share in z, what t is told without z, and dt.
        """
        rate, offset = self.heads.bias.chunk(4)[2:]
        early = dt @ (rate / DT_UNIT_S).unsqueeze(0) + offset
        return functional.linear(x, self.from_input, self.bias), early, dt

    def step(self, drive: Tensor, early: Tensor, dt: Tensor, hidden: Tensor) -> Tensor:
        """Hidden state [B, neurons] after one step, from what ``prepare`` gave."""
        z = torch.tanh(torch.addmm(drive, hidden, self.from_hidden.T))
        start, goal, rate, offset = self.heads.weight.chunk(4)
        start_bias, goal_bias = self.heads.bias.chunk(4)[:2]
        start = torch.tanh(functional.linear(z, start, start_bias))
        goal = torch.tanh(functional.linear(z, goal, goal_bias))
        share = torch.sigmoid((z * dt) @ (rate / DT_UNIT_S).T + (z @ offset.T + early))
        return torch.addcmul(start, share, goal - start)
