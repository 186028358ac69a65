"""``ember bench hippocampus``: the parts of what remembers, measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ember_embodied.bench.hippocampus import DEFAULT_DATA, PARTS, measure
from ember_embodied.cli.main import EXIT_FAILED, complain
from ember_embodied.cli.options import AsJson, print_json, seed_range
from ember_embodied.errors import unknown

SEEDS: Final = "0:5"


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
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the real recordings.")
    ] = DEFAULT_DATA,
    logs: Annotated[
        list[Path] | None,
        typer.Option("--log", metavar="LOG", help="Lives to remember, instead of simulated ones."),
    ] = None,
    as_json: AsJson = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 when a claim does not hold.")
    ] = False,
) -> None:
    """Measure what remembers; print the claims with bounds and intervals.

    Examples:
      ember bench hippocampus --part memory --data ../shared/data
      ember bench hippocampus --seeds 700000:700005 --json
    """
    from ember_embodied.cli.bench import claim_line

    drawn = seed_range(seeds)
    names = parts or list(PARTS)
    for name in names:
        if name not in PARTS:
            raise unknown("part", name, PARTS)
    options = {"data": data, "logs": tuple(logs or ()), "note": complain}
    measured = []
    for name in names:
        found = measure(name, drawn, options)
        measured.append(found)
        if not as_json:
            lines = map(claim_line, found.claims)
            print("\n".join([f"{name}: {PARTS[name]}", *lines, ""]), flush=True)
    if as_json:
        print_json({"parts": measured})
    if strict and any(one.holds is False for found in measured for one in found.claims):
        raise typer.Exit(EXIT_FAILED)
