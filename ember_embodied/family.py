"""The family of networks: those that are trained by name, and every cell that a config can name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import torch

from ember_embodied.cells.core import CORES
from ember_embodied.cells.feedforward import FEEDFORWARDS
from ember_embodied.cells.gates import GATES
from ember_embodied.network import Ember, NetworkConfig

FAMILY: Final[dict[str, NetworkConfig]] = {
    "ember": NetworkConfig(),
    "softmax": NetworkConfig(attention="softmax"),
    "cfc": NetworkConfig(layers=0, core="cfc"),
    "gru": NetworkConfig(layers=0, core="gru"),
    "mlp": NetworkConfig(layers=0, core="mlp"),
}
"""What `ember train` trains by name. ``softmax`` is Ember without the gate of its attention; the
other three have no attention and a plain core, and the core of ``mlp`` has no memory. Map of the
space, gaze in mind, heads and skin are the same in all."""
EMBER: Final = "ember"

DEEP: Final = ("lif_selective", "lif_refractory_across")
"""Gates that mean something in more than one layer only."""
LIVELY_SCALE: Final = 1.2
LIVELY_NOISE: Final = 0.05
LIVELY_STEEPNESS: Final = 1.0


def members(base: NetworkConfig) -> Iterator[tuple[str, NetworkConfig]]:
    """Name and config of each: ``base`` with one cell exchanged; deep ones with two layers."""
    for name in GATES:
        layers = max(2, base.layers) if name in DEEP else base.layers
        yield name, replace(base, attention=name, layers=layers)
    for name in CORES:
        yield name, replace(base, core=name)
    for name in FEEDFORWARDS:
        yield f"feedforward {name}", replace(base, feedforward=name)


def lively(config: NetworkConfig, rng: np.random.Generator) -> Ember:
    """An untrained network with weights as large as training makes them, its gates at work.

    A fresh network hides faults: its gates are open and its neurons near rest.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        network = Ember(config).eval()
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                parameter.mul_(LIVELY_SCALE).add_(LIVELY_NOISE * torch.randn_like(parameter))
                if name.endswith("steepness"):
                    parameter.add_(LIVELY_STEEPNESS)
    return network
