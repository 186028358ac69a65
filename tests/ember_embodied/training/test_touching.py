from __future__ import annotations

import numpy as np
import pytest
import torch

from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT
from ember_embodied.training.lives import Life, LifeError
from ember_embodied.training.touching import SkinConfig, teach_skin

SMALL = NetworkConfig(token=8, backbone=12, neurons=12, skin=16)
LAG = INDEX["command.antenna_left_lag"]


def _touched_now_and_then(seed: int, *, ever: bool = True) -> Life:
    """A hand on the left antenna pushes it off its command, for as long as it is there."""
    rng = np.random.default_rng(seed)
    ticks = 200
    senses = (0.05 * rng.standard_normal((ticks, SENSE_COUNT))).astype(np.float32)
    touch = np.zeros((ticks, 2), dtype=np.float32)
    for start in (40, 90, 150) if ever else ():
        senses[start : start + 4, LAG] = 1.0
        touch[start + 1 : start + 4, 0] = 1.0
        touch[start, 0] = -1.0
    two = np.zeros((ticks, 2), dtype=np.float32)
    return Life(
        senses,
        np.ones((ticks, MASK_COUNT), dtype=np.float32),
        np.full((ticks, 1), 0.1, dtype=np.float32),
        np.zeros((ticks, 5), dtype=np.float32),
        two,
        two,
        touch,
    )


def test_the_skin_learns_a_hand_apart_from_all_else() -> None:
    torch.manual_seed(0)
    network = Ember(SMALL)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    lives = [_touched_now_and_then(seed) for seed in range(4)]
    config = SkinConfig(steps=400, batch=64, learning_rate=1e-2)
    teach_skin(network, lives, config, np.random.default_rng(0), lambda _step, _loss: None)
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, before[name]) != name.startswith("skin.")

    fresh = _touched_now_and_then(9)
    senses, mask = (torch.from_numpy(a)[:, None] for a in (fresh.senses, fresh.mask))
    dt = torch.from_numpy(fresh.dt)[:, None]
    with torch.inference_mode():
        touch = network.unroll(senses, mask, dt, network.initial_state(1)).touch[:, 0].exp()
    told, said = fresh.touch[:, 0], touch.argmax(dim=-1).numpy()
    assert (said[told == 1] == 1).all()
    assert (said[told == 0] == 0).mean() > 0.97


def test_lives_without_a_hand_are_refused() -> None:
    lives = [_touched_now_and_then(0, ever=False)]
    with pytest.raises(LifeError, match="with hands and without"):
        teach_skin(Ember(SMALL), lives, SkinConfig(), np.random.default_rng(0), lambda *_: None)
