"""Peers compute what ours computes: else a ratio of times says nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ember_embodied.bench import peers
from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT

SAME = 1e-5


def test_a_network_with_a_core_of_ncps_modules_computes_the_same():
    network = Ember(NetworkConfig())
    exchanged = peers.with_ncps_core(network)
    assert isinstance(exchanged.core.cell, peers.NcpsCell)
    assert not isinstance(network.core.cell, peers.NcpsCell)
    states = [network.initial_state(1)] * 2
    rng = torch.Generator().manual_seed(0)
    with peers.one_thread():
        assert torch.get_num_threads() == 1
        for _ in range(20):
            senses = torch.randn(1, SENSE_COUNT, generator=rng)
            for i, each in enumerate((network, exchanged)):
                dt = torch.full((1, 1), 0.13)
                _, states[i] = each(senses, torch.ones(1, MASK_COUNT), dt, states[i])
    ours, theirs = states
    assert (ours - theirs).abs().max() < SAME


def test_a_core_alone_in_onnx_runtime_is_the_core_in_torch(tmp_path: Path):
    core = peers.cfc_cell(Ember(NetworkConfig()))
    session = peers.core_session(core, tmp_path)
    rng = np.random.default_rng(0)
    feed = {n.name: rng.random(n.shape, dtype=np.float32) for n in session.get_inputs()}
    (found,) = session.run(None, feed)
    with torch.no_grad():
        wanted = core(*(torch.from_numpy(feed[name]) for name in ("x", "dt", "hidden")))
    assert np.abs(found - wanted.numpy()).max() < SAME
