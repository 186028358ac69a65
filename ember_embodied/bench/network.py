"""Whether a bundle computes what the network that it was exported from does."""

from __future__ import annotations

from ember_embodied import bundle as bundles
from ember_embodied.bench.claims import Claim, claim
from ember_embodied.errors import UserError


def run(bundle: str = bundles.DEFAULT_BUNDLE) -> list[Claim]:
    """Measure parity with torch. Raises ``UserError`` without the extra for training."""
    try:
        from ember_embodied.training.export import PARITY_BOUND, measure_parity
        from ember_embodied.training.weights import network_of
    except ImportError as missing:
        raise UserError(f"needs {missing.name}: pip install 'ember-embodied[train]'") from missing
    found = bundles.load(bundle)
    steps = found.manifest.parity.steps
    error = measure_parity(network_of(found), found, steps).max_abs_error
    return [claim("parity with torch", error, "1", f"<= {PARITY_BOUND:g}", n=steps)]
