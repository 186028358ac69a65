"""``ember bench cerebellum``: the parts of what adapts while the robot moves, measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TaskID

from ember_embodied.bench.cerebellum import PARTS, measure
from ember_embodied.bench.cerebellum.progress import Progress
from ember_embodied.cli.main import EXIT_FAILED
from ember_embodied.cli.options import AsJson, print_json, seed_range
from ember_embodied.errors import unknown

SEEDS: Final = "0:20"


def command(
    parts: Annotated[
        list[str] | None,
        typer.Option(
            "--part",
            metavar="NAME",
            help="; ".join(f"{name}: {what}" for name, what in PARTS.items())
            + ". Again for each. Default: all.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="A:B", help="Seeds to draw from, B not included.")
    ] = SEEDS,
    as_json: AsJson = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 when a claim does not hold.")
    ] = False,
) -> None:
    """Measure what adapts while the robot moves; print the claims with bounds and intervals.

    Examples:
      ember bench cerebellum --part yaw
      ember bench cerebellum --seeds 700000:700020 --json
    """
    from ember_embodied.cli.bench import claim_line

    drawn = seed_range(seeds)
    names = parts or list(PARTS)
    for name in names:
        if name not in PARTS:
            raise unknown("part", name, PARTS)
    measured = []
    for name in names:
        with _bars() as progress:
            found = measure(name, drawn, progress)
        measured.append(found)
        if not as_json:
            lines = map(claim_line, found.claims)
            print("\n".join([f"{name}: {PARTS[name]}", *lines, ""]), flush=True)
    if as_json:
        print_json({"parts": measured})
    if strict and any(one.holds is False for found in measured for one in found.claims):
        raise typer.Exit(EXIT_FAILED)


@contextmanager
def _bars() -> Iterator[Progress]:
    """A bar on stderr for all that one part does; gone when it is done."""
    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, whole: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=whole)
            bars.update(tasks[what], completed=done)

        yield progress
