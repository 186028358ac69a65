"""What policies are worth in simulated lives: one composite between idle (0) and teacher (1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ember_embodied import bundle as bundles
from ember_embodied.bench.claims import Claim, claim
from ember_embodied.errors import UserError
from ember_embodied.training.rollouts import RolloutSettings
from ember_embodied.trials.composite import (
    COMPOSITE,
    IDLE,
    TEACHER,
    Difference,
    Estimate,
    standing,
)
from ember_embodied.trials.contest import Progress, code_digest, judge, suite_digest
from ember_embodied.trials.measures import Figure, figures
from ember_embodied.trials.policies import EVENT_DRIVEN, RULES, digest_of
from firmware_bridge.simulation.suite import load_suite
from firmware_bridge.simulation.tables import TableError

STANDARD: Final = "standard"
TRAINING: Final = "training"
RIVALS: Final = ("pid", "stock")
WORK: Final = Path("runs/embodied")
"""Where lives that were judged are kept."""
COMPOSITE_BOUND: Final = ">= 0.9"
FALSE_TURNS_BOUND: Final = "<= 1"
SKIPPED_BOUND: Final = ">= 0.3"
LOST_BOUND: Final = "<= 0.02"
"""Of the composite, by running event-driven."""
ABOVE_BOUND: Final = ">= 0"
REPORTED: Final = (COMPOSITE, "false_turns")


@dataclass(frozen=True, slots=True)
class Result:
    """One policy on one suite."""

    policy: str
    digest: str
    composite: Estimate | None
    """None where the lives leave nothing to do: idle is worth as much as the teacher."""
    utility: float
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Policies that lived the same lives."""

    suite: str
    suite_sha256: str
    code_sha256: str
    seeds: str
    seconds: float
    results: tuple[Result, ...]
    differences: tuple[Difference, ...]


def silent(_what: str, _done: int, _whole: int) -> None:
    """Progress that nobody wants to hear of."""


def compare(
    policies: Sequence[str],
    suite: str,
    seeds: range,
    jobs: int = 1,
    folder: Path | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Let policies, idle and teacher live the same lives of a suite.

    Raises ``UserError`` on an unknown policy or suite, and on lives that a bundle learned from.
    """
    try:
        seconds, digest = load_suite(suite).seconds, suite_digest(suite)
    except TableError as error:
        raise UserError(str(error)) from error
    names = tuple(dict.fromkeys((*policies, IDLE, TEACHER)))
    digests = {name: digest_of(name) for name in names}
    for name in names:
        _refuse_learned(name, digest, seeds)
    settings = RolloutSettings(seconds=seconds, suite=suite)
    lives = {name: judge(name, seeds, settings, jobs, progress, folder) for name in names}
    found = standing(lives)
    return Comparison(
        suite=suite,
        suite_sha256=digest,
        code_sha256=code_digest(),
        seeds=f"{seeds.start}:{seeds.stop}",
        seconds=seconds,
        results=tuple(
            Result(
                policy=name,
                digest=digests[name],
                composite=found.composite.get(name),
                utility=found.utility[name],
                figures=figures(lives[name]),
            )
            for name in names
        ),
        differences=found.differences,
    )


def _refuse_learned(name: str, digest: str, seeds: range) -> None:
    """Raise ``UserError`` where a bundle is asked to be judged on lives that it learned from."""
    if name.partition("@")[0] == TEACHER or name in RULES or digest != suite_digest(TRAINING):
        return
    learned = bundles.load(name.removesuffix(EVENT_DRIVEN)).manifest.seeds.get("training", "0:0")
    first, last = map(int, learned.split(":"))
    if seeds.start < last and first < seeds.stop:
        raise UserError(f"--seeds {seeds.start}:{seeds.stop}: {name} learned from {learned}")


def run(seeds: range, bundle: str = bundles.DEFAULT_BUNDLE) -> list[Claim]:
    """The claims of a bundle on the standard suite, every tick and event-driven."""
    sparse = bundle + EVENT_DRIVEN
    comparison = compare((bundle, sparse, *RIVALS), STANDARD, seeds, folder=WORK)
    found = {
        (result.policy, figure.name): figure
        for result in comparison.results
        for figure in result.figures
    }
    for result in comparison.results:
        if result.composite is not None:
            value, interval = result.composite.value, result.composite.interval
            key = (result.policy, COMPOSITE)
            found[key] = Figure(COMPOSITE, value, "1", len(seeds), interval)
    claims = [
        _figure_claim(found, bundle, COMPOSITE, COMPOSITE_BOUND),
        _figure_claim(found, bundle, "false_turns", FALSE_TURNS_BOUND),
        _figure_claim(found, sparse, "skipped_share", SKIPPED_BOUND),
        *(_figure_claim(found, rival, name) for rival in RIVALS for name in REPORTED),
    ]
    for difference in comparison.differences:
        if difference.policy == bundle and difference.other in (sparse, *RIVALS):
            bound = LOST_BOUND if difference.other == sparse else ABOVE_BOUND
            name = f"composite above {difference.other}'s"
            spread = difference.interval
            claims.append(claim(name, difference.value, "1", bound, n=len(seeds), interval=spread))
    return [one for one in claims if one is not None]


def _figure_claim(
    found: dict[tuple[str, str], Figure], policy: str, name: str, bound: str | None = None
) -> Claim | None:
    f = found.get((policy, name))
    if f is None:
        return None
    return claim(f"{policy}: {name}", f.value, f.unit, bound, n=f.n, interval=f.interval)
