"""What a bundle reaches in simulated lives, beside its teacher and a few plain rules.

The lives are drawn from seeds that no bundle learned from: ``FIRST_SEED`` is added to each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ember_embodied import bundle as bundles
from ember_embodied.bench.claims import Claim, claim
from ember_embodied.bundle import Bundle
from ember_embodied.errors import UserError

FIRST_SEED: Final = 200_000


def run(seeds: range) -> list[Claim]:
    """Measure the default bundle. Raises ``UserError`` without the extra for training."""
    bundle = bundles.load()
    claims = compare(bundle, [FIRST_SEED + seed for seed in seeds], jobs=1)
    from ember_embodied.training.export import PARITY_BOUND, measure_parity
    from ember_embodied.training.weights import network_of

    steps = bundle.manifest.parity.steps
    error = measure_parity(network_of(bundle), bundle, steps).max_abs_error
    return [*claims, claim("parity with torch", error, "1", f"<= {PARITY_BOUND:g}", n=steps)]


def compare(bundle: Bundle, seeds: Sequence[int], jobs: int) -> list[Claim]:
    """Let bundle, teacher and rules live the same lives; one claim a number and policy.

    The bundle is bound to beat the rules in what it was made for. Raises ``UserError`` without
    the extra for training.
    """
    try:
        from ember_embodied.training.course import REACTIVE, TEACHER, judge, silent
        from ember_embodied.training.evaluation import figures
        from ember_embodied.training.rollouts import RolloutSettings
    except ImportError as error:
        raise UserError(f"needs {error.name}: pip install 'ember-embodied[train]'") from error
    own = bundle.manifest.name
    found = {
        shown: {f.name: f for f in figures(judge(driver, seeds, RolloutSettings(), jobs, silent))}
        for shown, driver in ((own, str(bundle.path)), (TEACHER, TEACHER), (REACTIVE, REACTIVE))
    }
    claims = []
    for shown, numbers in found.items():
        for name, f in numbers.items():
            rule = found[REACTIVE].get(name)
            beat = BEATS.get(name) if shown == own and rule is not None else None
            bound = f"{beat} {rule.value:g}" if beat and rule is not None else None
            claims.append(
                claim(f"{shown}: {name}", f.value, f.unit, bound, n=f.n, interval=f.interval)
            )
    return claims


BEATS: Final = {
    "on_speaker_share": ">=",
    "following_error_mean": "<=",
    "touch_answered_share": ">=",
}
"""How the bundle's number must stand to that of the rules."""
