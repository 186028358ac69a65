"""``ember ablate``: what each part of the network is worth, as a table with p-values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ember_embodied.cli.model import need_torch
from ember_embodied.cli.options import AsJson, print_json


def command(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A shipped spec, or a TOML file.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Runs and report; default runs/ablation_SPEC."),
    ] = None,
    lives: Annotated[
        Path | None,
        typer.Option(
            "--lives", metavar="DIR", help="Recorded lives to learn from; default: new ones."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Runs at a time.")] = 1,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=2, help="At most so many seeds a condition.")
    ] = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Make the report again; train nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train every condition from every seed, compare them in pairs, write report and figures.

    What was cut off goes on where it stopped, as long as the --out folder is there.

    Examples:
      ember ablate quick --lives runs/ember/
      ember ablate body --jobs 2 --lives runs/ember/ --out runs/night
      ember ablate body --out runs/night --report-only
    """
    need_torch()
    from ember_embodied.training.ablation.findings import findings, measure_named
    from ember_embodied.training.ablation.report import verdict_lines, write_report
    from ember_embodied.training.ablation.spec import load_spec
    from ember_embodied.training.ablation.study import conduct, load_results

    asked = load_spec(spec).limited(seeds)
    folder = out or Path("runs") / f"ablation_{Path(spec).stem}"
    if report_only:
        results = load_results(folder)
    else:
        with _bars() as bars:
            tasks: dict[str, int] = {}

            def progress(what: str, done: int, whole: int) -> None:
                stage = what.partition(",")[0]
                if stage not in tasks:
                    tasks[stage] = int(bars.add_task(what, total=whole))
                bars.update(bars.task_ids[tasks[stage]], completed=done, description=what)

            results = conduct(asked, folder, lives, jobs, progress)
    report = write_report(results, folder)
    if as_json:
        found = findings(results, measure_named(results, results.spec.primary))
        print_json({"report": str(report), "findings": msgspec.to_builtins(found)})
        return
    print("\n".join(verdict_lines(results)))
    print(report)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<40}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        speed_estimate_period=3600.0,
    )
