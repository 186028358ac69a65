from __future__ import annotations

import numpy as np
import torch

from ember_embodied.cells.cfc import DT_UNIT_S, LECUN_SCALE, LECUN_SLOPE, CfcCell


def test_a_step_is_the_papers_equation() -> None:
    torch.manual_seed(0)
    cell = CfcCell(3, 5, 4)
    x, h, dt = torch.randn(2, 3), torch.randn(2, 4), torch.tensor([[0.05], [0.4]])
    w = np.concatenate([p.detach().numpy() for p in (cell.from_input, cell.from_hidden)], axis=1)
    v, c = cell.heads.weight.detach().numpy(), cell.heads.bias.detach().numpy()
    inputs = np.concatenate((x.numpy(), h.numpy()), axis=1)
    paper_w, paper_b = w / LECUN_SLOPE, cell.bias.detach().numpy() / LECUN_SLOPE
    z = LECUN_SCALE * np.tanh(LECUN_SLOPE * (inputs @ paper_w.T + paper_b))
    f, g, rate, offset = np.split(z @ (v / LECUN_SCALE).T + c, 4, axis=1)
    t = 1.0 / (1.0 + np.exp(-(rate * dt.numpy() / DT_UNIT_S + offset)))
    expected = (1.0 - t) * np.tanh(f) + t * np.tanh(g)
    found = cell.step(*cell.prepare(x, dt), h).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_hidden_state_stays_bounded_for_any_dt() -> None:
    torch.manual_seed(1)
    cell, hidden = CfcCell(3, 8, 6), torch.zeros(1, 6)
    for dt in (0.0, 1e-4, 0.1, 5.0, 1e6):
        given = cell.prepare(torch.randn(1, 3) * 10.0, torch.full((1, 1), dt))
        hidden = cell.step(*given, hidden)
        assert hidden.abs().max() <= 1.0
