"""Weights as plain arrays in one ``.npz``: what training goes on from, what parity needs."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import msgspec
import numpy as np
import torch

from ember_embodied.bundle import Bundle, BundleError, sha256
from ember_embodied.network import Ember, NetworkConfig

WEIGHTS_FILE: Final = "weights.npz"


def save_weights(network: Ember, path: Path) -> None:
    """Write every parameter by its name, float32; a half-written file never has the final name."""
    partial = path.with_suffix(".partial.npz")
    arrays = {name: p.detach().numpy() for name, p in network.named_parameters()}
    np.savez(partial, allow_pickle=False, **arrays)
    partial.rename(path)


def load_weights(network: Ember, path: Path) -> None:
    """Put the weights back. Raises ``BundleError`` naming file and parameter."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: np.asarray(stored[name]) for name in stored.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise BundleError(f"{path}: {error}") from error
    for name, parameter in network.named_parameters():
        found = arrays.get(name)
        if found is None or found.shape != tuple(parameter.shape):
            shape = "missing" if found is None else list(found.shape)
            raise BundleError(f"{path}: {name} is {shape}, expected {list(parameter.shape)}")
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(found))


def network_of(bundle: Bundle) -> Ember:
    """The torch network of a bundle. Raises ``BundleError`` when its weights are not its own."""
    path, wanted = bundle.path / WEIGHTS_FILE, bundle.manifest.weights_sha256
    if not path.is_file() or sha256(path.read_bytes()) != wanted:
        raise BundleError(f"{path}: weights_sha256 is not the manifest's, or there is no such file")
    network = Ember(msgspec.convert(bundle.manifest.network, NetworkConfig, strict=False))
    load_weights(network, path)
    return network
