from __future__ import annotations

import numpy as np
import torch

from ember_embodied.cells.feedforward import STEEPNESS_UNIT, FiringMlp, Mlp

TOKENS, BATCH, WIDTH = 4, 2, 8


def _tokens(ticks: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(ticks, BATCH, TOKENS, WIDTH, generator=generator)
    added = 0.5 * torch.randn(ticks, BATCH, TOKENS, WIDTH, generator=generator)
    return x, added, 0.05 + 0.2 * torch.rand(ticks, BATCH, 1, generator=generator)


def test_a_fresh_one_is_the_plain_two_layers() -> None:
    firing = FiringMlp(WIDTH)
    plain = Mlp(WIDTH)
    plain.layers.load_state_dict(firing.layers.state_dict())
    x, added, dt = _tokens(5)
    state = (torch.zeros(BATCH, TOKENS),)
    found, _ = firing(x, added, dt, state, ticks=True)
    torch.testing.assert_close(found, plain(x, added, dt, (), ticks=True)[0], atol=1e-6, rtol=0)


def test_the_potential_is_charged_drained_and_reset_by_its_equations() -> None:
    mlp = FiringMlp(WIDTH).eval()
    with torch.no_grad():
        mlp.steepness.fill_(0.7)
        mlp.smolder_logit.fill_(-1.0)
    x, added, dt = _tokens(20)
    found, (last,) = mlp(x, added, dt, (torch.zeros(BATCH, TOKENS),), ticks=True)
    tau, theta = mlp.log_tau.exp().item(), mlp.threshold.item()
    potential = np.zeros((BATCH, TOKENS))
    for t in range(20):
        potential = potential * np.exp(-dt[t].numpy() / tau) + np.abs(added[t].numpy()).mean(-1)
        firing = 1.0 / (1.0 + np.exp(-STEEPNESS_UNIT * 0.7 * (potential - theta)))
        factor = (firing + np.exp(-1.0)) / (0.5 + np.exp(-1.0))
        expected = x[t].numpy() + factor[..., None] * mlp.layers(x[t]).detach().numpy()
        np.testing.assert_allclose(found[t].detach(), expected, atol=1e-5)
        potential = potential * (1.0 - firing)
    np.testing.assert_allclose(last.detach(), potential, atol=1e-5)


def test_a_token_that_is_attended_to_fires_and_a_quiet_one_smolders() -> None:
    mlp = FiringMlp(WIDTH).eval()
    with torch.no_grad():
        mlp.steepness.fill_(1.0)
    at_rest, kept = torch.zeros(2), torch.ones(2)
    firing, _ = mlp.charge(torch.tensor([0.01, 1.0]), kept, at_rest)
    assert firing[0] < 0.1
    assert firing[1] > 0.9
