"""``ember bench cerebellum`` and ``ember bench hippocampus``: what is measured part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TaskID

from ember_embodied.bench.cerebellum import CEREBELLUM
from ember_embodied.bench.cerebellum.progress import Progress
from ember_embodied.bench.hippocampus import DEFAULT_DATA, HIPPOCAMPUS
from ember_embodied.bench.parts import Parts
from ember_embodied.cli.main import EXIT_FAILED
from ember_embodied.cli.options import AsJson, print_json, seed_range
from ember_embodied.errors import unknown

CEREBELLUM_SEEDS: Final = "0:20"
HIPPOCAMPUS_SEEDS: Final = "0:5"

Seeds = Annotated[
    str, typer.Option("--seeds", metavar="A:B", help="Seeds to draw from, B not included.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit code 1 when a claim does not hold.")]


def _names(parts: Parts) -> Any:
    """The option that names parts of a benchmark."""
    told = "; ".join(f"{name}: {what}" for name, what in parts.table.items())
    return typer.Option(
        "--part", metavar="NAME", help=f"{told}. Again for each. Default: all.", show_default=False
    )


def cerebellum(
    parts: Annotated[list[str] | None, _names(CEREBELLUM)] = None,
    seeds: Seeds = CEREBELLUM_SEEDS,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, metavar="N", help="Processes, where a part has many.")
    ] = 1,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Measure what adapts while the robot moves; print the claims with bounds and intervals.

    Examples:
      ember bench cerebellum --part yaw
      ember bench cerebellum --part touching --seeds 0:10 --jobs 2
      ember bench cerebellum --seeds 700000:700020 --json
    """
    _measure(CEREBELLUM, parts, seeds, {"jobs": jobs}, as_json=as_json, strict=strict)


def hippocampus(
    parts: Annotated[list[str] | None, _names(HIPPOCAMPUS)] = None,
    seeds: Seeds = HIPPOCAMPUS_SEEDS,
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the real recordings.")
    ] = DEFAULT_DATA,
    logs: Annotated[
        list[Path] | None,
        typer.Option("--log", metavar="LOG", help="Lives to remember, instead of simulated ones."),
    ] = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Measure what remembers; print the claims with bounds and intervals.

    Examples:
      ember bench hippocampus --part memory --data ../shared/data
      ember bench hippocampus --part day
      ember bench hippocampus --seeds 700000:700005 --json
    """
    options = {"data": data, "logs": tuple(logs or ())}
    _measure(HIPPOCAMPUS, parts, seeds, options, as_json=as_json, strict=strict)


def _measure(
    bench: Parts,
    parts: list[str] | None,
    seeds: str,
    options: Mapping[str, object],
    *,
    as_json: bool,
    strict: bool,
) -> None:
    from ember_embodied.cli.bench import claim_line

    drawn = seed_range(seeds)
    names = parts or list(bench.table)
    for name in names:
        if name not in bench.table:
            raise unknown("part", name, bench.table)
    measured = []
    for name in names:
        with _bars() as (bars, progress):
            told = {"progress": progress, "note": bars.console.print}
            found = bench.measure(name, drawn, {**options, **told})
        measured.append(found)
        if not as_json:
            lines = map(claim_line, found.claims)
            print("\n".join([f"{name}: {bench.table[name]}", *lines, ""]), flush=True)
    if as_json:
        print_json({"parts": measured})
    if strict and any(one.holds is False for found in measured for one in found.claims):
        raise typer.Exit(EXIT_FAILED)


@contextmanager
def _bars() -> Iterator[tuple[Bars, Progress]]:
    """A bar on stderr for all that one part does, and lines above it; gone when it is done."""
    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, whole: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=whole)
            bars.update(tasks[what], completed=done)

        yield bars, progress
