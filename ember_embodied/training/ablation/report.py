"""The report of a study: Markdown from its results alone, so that it can be made again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ember_embodied.training.ablation import figures
from ember_embodied.training.ablation.findings import (
    PERMUTATION,
    Finding,
    findings,
    measure_named,
    outcomes,
    values,
)
from ember_embodied.training.ablation.gates import GATE_COLUMNS, mean_gates
from ember_embodied.training.ablation.spec import Family
from ember_embodied.training.ablation.study import Results, write_whole
from ember_embodied.training.ablation.task import Measure

REPORT_FILE: Final = "report.md"
_MEANINGS: Final = (
    ("helps, hurts", "p after Holm's correction is at most {alpha:g}; better or worse."),
    (
        "does nothing",
        "no such p, and two one-sided tests show a difference inside +-{margin:g} (uncorrected).",
    ),
    ("no effect shown", "neither: these seeds cannot tell. `could show` is what they could have."),
    ("not measured", "fewer than two seeds of both could be trained."),
)


def write_report(results: Results, folder: Path) -> Path:
    """Write figures and report into ``folder``; return the report's path."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = figures.draw(results, folder)
    path = folder / REPORT_FILE
    write_whole(path, "\n".join(_lines(results, drawn)).encode())
    return path


def verdict_lines(results: Results) -> list[str]:
    """The verdicts of the primary measure, one line each, for the terminal."""
    measure = measure_named(results, results.spec.primary)
    wide = max(len(f"{f.ours} against {f.theirs}") for f in findings(results, measure))
    return [
        f"{f'{f.ours} against {f.theirs}':<{wide}}  {f.verdict:<15} "
        f"{_difference(f)}  p(Holm) {_p(f.p_holm)}  g_z {_effect(f)}"
        for f in findings(results, measure)
    ]


def _lines(results: Results, drawn: dict[str, str]) -> Iterable[str]:
    spec = results.spec
    primary = measure_named(results, spec.primary)
    yield from (f"# {spec.title}", "")
    yield from results.about
    if spec.note:
        yield from ("", spec.note)
    yield from ("", *_facts(results), "")
    for family in spec.family:
        yield from _family(results, family, primary)
    yield from _meanings(results)
    if figure := drawn.pop("effects", None):
        yield from (f"![effects]({figure})", "")
    yield from _all_measures(results)
    yield from _other_measures(results)
    yield from _gates(results)
    for name, figure in drawn.items():
        yield from (f"![{name}]({figure})", "")


def _facts(results: Results) -> Iterable[str]:
    code = sorted({run.code for run in results.runs})
    hours = sum(run.outcome.train_s for run in results.runs) / 3600.0
    yield f"- {len(results.runs)} runs, {hours:.1f} h of training on one core each"
    yield from (f"- {name}: {value}" for name, value in results.data.items())
    yield f"- code: {', '.join(code)}" + (
        " (**more than one: these runs were made while the code changed**)" if code[1:] else ""
    )
    if faults := [run for run in results.runs if run.outcome.fault]:
        lost = ", ".join(f"{r.condition} seed {r.seed} ({r.outcome.fault})" for r in faults)
        yield f"- **left out, training failed**: {lost}"


def _family(results: Results, family: Family, measure: Measure) -> Iterable[str]:
    found = [f for f in findings(results, measure) if f.family == family.name]
    yield from (f"## {family.name}: {family.question}", "")
    by_verdict: dict[str, list[str]] = {}
    for finding in found:
        by_verdict.setdefault(finding.verdict, []).append(f"{finding.ours} / {finding.theirs}")
    yield from (f"- **{verdict}**: {', '.join(names)}" for verdict, names in by_verdict.items())
    better = "higher" if measure.higher_is_better else "lower"
    yield from ("", f"Measure: **{measure.name}** ({measure.says}; {better} is better).", "")
    header = ["pair", "verdict", "difference [95 %]", "bootstrap 95 %", f"p, {found[0].test}"]
    header += ["p (Holm)", "effect g_z [95 %]", "pairs", "could show"]
    yield from _table(
        header,
        (
            (
                f"{f.ours} / {f.theirs}",
                f"**{f.verdict}**",
                _difference(f),
                _interval(f.paired.bootstrap) if f.paired else "-",
                _p(f.p),
                _p(f.p_holm),
                _effect(f),
                str(f.paired.n if f.paired else 0),
                f"{f.detectable:.3g}" if f.detectable is not None else "-",
            )
            for f in found
        ),
    )
    yield from ("", _test_note(found), "")


def _test_note(found: Sequence[Finding]) -> str:
    known = [f.paired for f in found if f.paired]
    if not known:
        return "Nothing could be tested."
    least = max(paired.smallest_p for paired in known)
    if found[0].test == PERMUTATION:
        return f"Exact permutation of signs; the least p that it can give here is {least:.4g}."
    others = ", ".join(
        f"{f.ours} / {f.theirs} {f.paired.permutation_p:.4g}" for f in found if f.paired
    )
    return (
        f"Paired t-test: with so few pairs an exact permutation of signs gives no p below "
        f"{least:.4g}, too much to pass the correction over {len(found)} pairs, whatever is true. "
        f"Its p-values, uncorrected: {others}."
    )


def _meanings(results: Results) -> Iterable[str]:
    spec = results.spec
    yield from (
        f"**{word}**: {text.format(alpha=spec.alpha, margin=spec.margin)}  "
        for word, text in _MEANINGS
    )
    yield (
        "Seeds draw initial weights and batches; both of a pair see the same batches of the same "
        "lives. Intervals and tests speak of other seeds, not of other rooms."
    )
    yield ""


def _all_measures(results: Results) -> Iterable[str]:
    yield from ("## All measures, mean +- standard deviation over seeds", "")
    header = ["condition", "what it is", "parameters", "seeds"]
    header += [f"{m.name} {'↑' if m.higher_is_better else '↓'}" for m in results.measures]
    rows = []
    for name, condition in results.spec.conditions().items():
        done = outcomes(results, name)
        size = next((f"{o.parameters:,}" for o in done.values() if o.parameters), "-")
        row = [name, condition.says, size, str(len(done))]
        rows.append(row + [_spread(values(results, name, m.name)) for m in results.measures])
    yield from _table(header, rows)
    yield ""
    yield from (f"- {m.name}: {m.says}{f', {m.unit}' * (m.unit != '1')}" for m in results.measures)
    yield ""


def _other_measures(results: Results) -> Iterable[str]:
    """Every pair in every measure; a star where Holm's p in that measure's family is small."""
    spec = results.spec
    others = [m for m in results.measures if m.name != spec.primary]
    yield from ("## The same pairs in the other measures", "")
    yield (
        "Difference of the means; * where p (Holm, within this measure and family) is at most "
        f"{spec.alpha:g}, + better, - worse. These decide nothing: they say where to look."
    )
    yield ""
    found = {(f.family, f.ours, f.theirs, m.name): f for m in others for f in findings(results, m)}
    rows = [
        [
            f"{ours} / {theirs}",
            *(_cell(found[family.name, ours, theirs, m.name]) for m in others),
        ]
        for family in spec.family
        for ours, theirs in family.pairs
    ]
    yield from _table(["pair", *(m.name for m in others)], rows)
    yield ""


def _cell(finding: Finding) -> str:
    if finding.paired is None:
        return "-"
    mark = {"helps": " \\*+", "hurts": " \\*-"}.get(finding.verdict, "")
    return f"{finding.paired.difference:+.3g}{mark}"


def _gates(results: Results) -> Iterable[str]:
    rows = []
    for name in results.spec.conditions():
        for gates in mean_gates(outcomes(results, name).values()):
            numbers = (getattr(gates, column) for column in GATE_COLUMNS)
            rows.append([name, gates.layer, *("-" if x is None else f"{x:.3g}" for x in numbers)])
    if rows:
        yield from ("## What the gates do on held-out lives, means over seeds", "")
        yield from _table(
            ["condition", "layer", *(c.replace("_", " ") for c in GATE_COLUMNS)], rows
        )
        yield ""
        yield (
            "Entropy of the attention weights in nats; support is e^entropy, the tokens really "
            "looked at. Never open, never close: shares of dead gates."
        )
        yield ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    for row in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(row)} |"


def _spread(by_seed: dict[int, float]) -> str:
    numbers = np.array(list(by_seed.values()))
    if len(numbers) == 0:
        return "-"
    deviation = numbers.std(ddof=1) if len(numbers) > 1 else 0.0
    return f"{numbers.mean():.4g} +- {deviation:.2g}"


def _difference(finding: Finding) -> str:
    if finding.paired is None:
        return "-"
    return f"{finding.paired.difference:+.3g} {_interval(finding.paired.interval)}"


def _effect(finding: Finding) -> str:
    paired = finding.paired
    if paired is None or paired.effect is None or paired.effect_interval is None:
        return "-"
    return f"{paired.effect:+.2f} {_interval(paired.effect_interval)}"


def _interval(interval: tuple[float, float]) -> str:
    return f"[{interval[0]:+.3g}, {interval[1]:+.3g}]"


def _p(p: float | None) -> str:
    if p is None:
        return "-"
    return "< 0.0001" if p < 1e-4 else f"{p:.4f}"
