"""What a study found: every pair of conditions tested, corrected and put into one word.

The test of a family is settled by its size before any result is seen: the exact permutation of
signs where its smallest p, times the pairs of the family, can reach alpha; else the paired t-test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from ember_embodied.training.ablation.spec import Family
from ember_embodied.training.ablation.statistics import (
    Paired,
    compare,
    detectable,
    holm,
    smallest_p,
)
from ember_embodied.training.ablation.study import Results
from ember_embodied.training.ablation.task import Measure, Outcome

Verdict = Literal["helps", "hurts", "does nothing", "no effect shown", "not measured"]
PERMUTATION: Final = "permutation"
T_TEST: Final = "t-test"
TRIVIAL: Final = 1e-9


class Finding(msgspec.Struct, frozen=True):
    """One pair in one measure."""

    family: str
    ours: str
    theirs: str
    measure: str
    verdict: Verdict
    test: str
    p: float | None
    """Of the test, before correction."""
    p_holm: float | None
    paired: Paired | None
    """None when fewer than two seeds of both conditions could be trained."""
    detectable: float | None
    """Least difference that the t-test at alpha over the pairs of the family finds 4 in 5 times."""
    faults: int
    """Seeds that are left out because one of the two could not be trained."""


def measure_named(results: Results, name: str) -> Measure:
    """One measure of the study."""
    return next(measure for measure in results.measures if measure.name == name)


def outcomes(results: Results, condition: str) -> dict[int, Outcome]:
    """A condition's outcomes by seed."""
    return {run.seed: run.outcome for run in results.runs if run.condition == condition}


def values(results: Results, condition: str, measure: str) -> dict[int, float]:
    """A measure by seed, of the seeds whose training went well."""
    found = outcomes(results, condition)
    return {s: o.measures[measure] for s, o in sorted(found.items()) if measure in o.measures}


def findings(results: Results, measure: Measure) -> list[Finding]:
    """All pairs of all families in one measure, corrected within each family."""
    return [f for family in results.spec.family for f in _of_family(results, family, measure)]


def _of_family(results: Results, family: Family, measure: Measure) -> list[Finding]:
    spec = results.spec
    margin = spec.margin if measure.name == spec.primary else None
    pairs: list[tuple[str, str, Paired | None, int]] = []
    for ours, theirs in family.pairs:
        mine, other = (values(results, name, measure.name) for name in (ours, theirs))
        both = sorted(mine.keys() & other.keys())
        tried = outcomes(results, ours).keys() & outcomes(results, theirs).keys()
        paired = None
        if len(both) >= 2:
            paired = compare([mine[s] for s in both], [other[s] for s in both], margin)
        pairs.append((ours, theirs, paired, len(tried) - len(both)))
    test = _test(family, [paired for _, _, paired, _ in pairs if paired], spec.alpha)
    p_values = [_p(paired, test) for _, _, paired, _ in pairs]
    corrected = iter(holm([p for p in p_values if p is not None]))
    found = []
    for (ours, theirs, paired, faults), p in zip(pairs, p_values, strict=True):
        p_holm = None if p is None else next(corrected)
        found.append(
            Finding(
                family=family.name,
                ours=ours,
                theirs=theirs,
                measure=measure.name,
                verdict=_verdict(paired, p_holm, measure, spec.alpha),
                test=test,
                p=p,
                p_holm=p_holm,
                paired=paired,
                detectable=_detectable(paired, spec.alpha / len(pairs)),
                faults=faults,
            )
        )
    return found


def _test(family: Family, paired: Sequence[Paired], alpha: float) -> str:
    fewest = min((p.n for p in paired), default=0)
    reachable = smallest_p(fewest) * len(family.pairs) <= alpha
    return PERMUTATION if reachable else T_TEST


def _p(paired: Paired | None, test: str) -> float | None:
    if paired is None:
        return None
    return paired.permutation_p if test == PERMUTATION else paired.t_p


def _verdict(
    paired: Paired | None, p_holm: float | None, measure: Measure, alpha: float
) -> Verdict:
    """One word; "does nothing" only where the difference is shown to be inside the margin."""
    if paired is None or p_holm is None:
        return "not measured"
    if p_holm <= alpha and abs(paired.difference) > TRIVIAL:
        return "helps" if (paired.difference > 0.0) == measure.higher_is_better else "hurts"
    if paired.equivalence_p is not None and paired.equivalence_p <= alpha:
        return "does nothing"
    return "no effect shown"


def _detectable(paired: Paired | None, alpha: float) -> float | None:
    return None if paired is None else detectable(paired.spread, paired.n, alpha)
