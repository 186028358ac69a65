from __future__ import annotations

import pytest
import torch

from ember_embodied.cells.core import CORES, GruCore, make_core

INPUTS, BACKBONE, NEURONS, BATCH = 5, 12, 7, 3


def _live(name: str, ticks: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Neurons after ``ticks`` ticks for two lives that differ in the first tick only."""
    torch.manual_seed(0)
    core = make_core(name, INPUTS, BACKBONE, NEURONS)
    x = torch.randn(ticks, 1, INPUTS).expand(-1, 2, -1).clone()
    x[0, 1] += 1.0
    given, constants = core.prepare(x, torch.full((ticks, 2, 1), 0.1)), core.constants()
    state = tuple(torch.zeros(2, width) for width in core.state_shapes.values())
    y = torch.zeros(2, NEURONS)
    for now in zip(*given, strict=True):
        y, openness, state = core.step(constants, now, state)
        assert openness.shape == y.shape
    return y[0], y[1]


@pytest.mark.parametrize("name", CORES)
def test_only_the_mlp_forgets(name: str) -> None:
    one, other = _live(name, 4)
    assert torch.equal(one, other) == (name == "mlp")


def test_the_gru_is_torchs_own_behind_its_backbone() -> None:
    torch.manual_seed(1)
    core = GruCore(INPUTS, BACKBONE, NEURONS)
    theirs = torch.nn.GRUCell(BACKBONE, NEURONS)
    with torch.no_grad():  # torch's own order of the gates: reset, update, new
        theirs.weight_ih.copy_(core.given.weight)
        theirs.bias_ih.copy_(core.given.bias)
        theirs.weight_hh.copy_(core.kept.weight)
        theirs.bias_hh.copy_(core.kept.bias)
    x, dt, hidden = torch.randn(BATCH, INPUTS), torch.rand(BATCH, 1), torch.randn(BATCH, NEURONS)
    found = core.step((), core.prepare(x, dt), (hidden,)).y
    seen = torch.tanh(core.backbone(torch.cat((x, 10.0 * dt), dim=-1)))
    torch.testing.assert_close(found, theirs(seen, hidden))


def test_an_unknown_core_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no core 'lstm'; there are cfc_lif, cfc, gru, mlp"):
        make_core("lstm", INPUTS, BACKBONE, NEURONS)
