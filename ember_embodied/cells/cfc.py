"""Closed-form continuous-time cell (Hasani et al., Nature Machine Intelligence 4, 2022).

The solution of a liquid time-constant neuron in closed form, so that a step costs the same for
any ``dt``. With z the backbone's view of input and hidden state:

    z  = 1.7159 tanh(2/3 (W [x, h] + b))
    f  = tanh(W_f z),  g = tanh(W_g z)          where h starts from, where it goes to
    t  = sigmoid(W_a z * dt/DT_UNIT_S + W_b z)  how far it has come after dt
    h' = (1 - t) f + t g
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

DT_UNIT_S: Final = 0.1
"""The time that counts as one: the period of a 10 Hz loop."""
LECUN_SCALE: Final = 1.7159
LECUN_SLOPE: Final = 0.666


class CfcCell(nn.Module):
    """Weights of the cell; every ``forward`` is one pure step."""

    def __init__(self, inputs: int, backbone: int, neurons: int) -> None:
        super().__init__()
        self.backbone = nn.Linear(inputs + neurons, backbone)
        self.heads = nn.Linear(backbone, 4 * neurons)

    def forward(self, x: Tensor, dt: Tensor, hidden: Tensor) -> Tensor:
        """One step: x [batch, inputs], dt [batch, 1] s, hidden [batch, neurons] -> hidden."""
        z = LECUN_SCALE * torch.tanh(LECUN_SLOPE * self.backbone(torch.cat((x, hidden), dim=-1)))
        f, g, rate, offset = self.heads(z).chunk(4, dim=-1)
        t = torch.sigmoid(rate * (dt / DT_UNIT_S) + offset)
        start, goal = torch.tanh(f), torch.tanh(g)
        moved: Tensor = start + t * (goal - start)
        return moved
