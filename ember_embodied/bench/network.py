"""What the default bundle reaches in simulated lives, beside its teacher and a few plain rules.

The lives are drawn from seeds that no bundle learned from: ``FIRST_SEED`` is added to each.
"""

from __future__ import annotations

from typing import Final

from ember_embodied import bundle as bundles
from ember_embodied.bench.claims import Claim, claim
from ember_embodied.errors import UserError

FIRST_SEED: Final = 200_000
BOUNDS: Final[dict[str, str]] = {}


def run(seeds: range) -> list[Claim]:
    """Let network, teacher and rules live the same lives. Raises ``UserError`` without torch."""
    try:
        from ember_embodied.training.course import TEACHER, judge, silent
        from ember_embodied.training.evaluation import figures
        from ember_embodied.training.export import PARITY_BOUND, measure_parity
        from ember_embodied.training.rollouts import RolloutSettings
        from ember_embodied.training.weights import network_of
    except ImportError as error:
        raise UserError(f"needs {error.name}: pip install 'ember-embodied[train]'") from error
    bundle = bundles.load()
    name = bundle.manifest.name
    lives = [FIRST_SEED + seed for seed in seeds]
    claims = []
    for shown, driver in ((name, str(bundle.path)), (TEACHER, TEACHER), ("reactive", "reactive")):
        for f in figures(judge(driver, lives, RolloutSettings(), 1, silent)):
            bound = BOUNDS.get(f.name) if shown == name else None
            claims.append(
                claim(f"{shown}: {f.name}", f.value, f.unit, bound, n=f.n, interval=f.interval)
            )
    parity = measure_parity(network_of(bundle), bundle, bundle.manifest.parity.steps)
    claims.append(
        claim(
            "parity with torch", parity.max_abs_error, "1", f"<= {PARITY_BOUND:g}", n=parity.steps
        )
    )
    return claims
