"""Whether every network of the family computes in ONNX Runtime what it computes in torch."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from ember_embodied.bench.claims import Claim, claim
from ember_embodied.errors import UserError

STEPS: Final = 10_000


def run(seeds: range, steps: int = STEPS) -> list[Claim]:
    """Export each member with lively weights drawn from the first seed, and run both side by side.

    Raises ``UserError`` without the extra for training.
    """
    try:
        from ember_embodied.family import lively, members
        from ember_embodied.network import NetworkConfig
        from ember_embodied.training.export import (
            PARITY_BOUND,
            STATE_BOUND,
            Provenance,
            write_bundle,
        )
    except ImportError as error:
        raise UserError(f"needs {error.name}: pip install 'ember-embodied[train]'") from error
    claims = []
    for name, config in members(NetworkConfig()):
        network = lively(config, np.random.default_rng(seeds.start))
        provenance = Provenance(
            name, trained=False, rate_hz=10.0, command="ember bench cells", data_sha256=""
        )
        with tempfile.TemporaryDirectory() as folder:
            bundle = write_bundle(network, Path(folder) / "member", provenance, parity_steps=steps)
        parity = bundle.manifest.parity
        for what, worst, bound in (
            ("parity", parity.max_abs_error, PARITY_BOUND),
            ("parity of the state", parity.max_state_error, STATE_BOUND),
        ):
            claims.append(claim(f"{name}: {what}", worst, "1", f"<= {bound:g}", n=steps))
    return claims
