"""``ember bench``: every claim as a measured number beside its bound."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from ember_embodied.bench.claims import Claim
from ember_embodied.cli import bench_parts, embodied
from ember_embodied.cli.main import EXIT_FAILED, complain
from ember_embodied.cli.options import AsJson, print_json, seed_range
from ember_embodied.errors import UserError, existing_file, unknown

BENCHES: Final = {
    "body": "kinematics and gate",
    "simulation": "speed and truth of the simulated robot",
    "bus": "servo body on the virtual bus",
    "senses": "orientation, faces and sound on real recordings",
    "hearing": "errors of the hearing atlases and of the simulated array",
    "log": "cost, loss and recovery of the log",
    "embodied": "what the bundle is worth in simulated lives, beside its rivals",
    "cerebellum": "what adapts while it moves, part by part",
    "hippocampus": "what remembers, part by part",
    "events": "how many network steps are skipped, and what of it is lost",
    "network": "whether bundle and torch compute the same",
    "cells": "the same for every network of the family",
    "runtime": "time and memory of the network, start-up of the loop",
    "loop": "lateness, work and replay of the whole tick",
    "neck": "whether the legs hold the head wherever it may turn",
    "moves": "human-made motions through gate, kinematics and bus",
}
"""Name, which is a module of ``ember_embodied.bench`` with a ``run``, and what it measures."""
DEFAULT_SEEDS: Final = "0:5"
NAME_COLUMNS: Final = 46
CLAIMS: Final = "claims"

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="; ".join(f"{name}: {what}" for name, what in BENCHES.items()) + ". Default: all.",
        show_default=False,
    ),
]


class Verbs(TyperGroup):
    """Some verbs have options of their own; the rest are names of claims."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Send everything that does not begin with a verb to the one that measures claims."""
        verb = args[:1] if args and args[0] in self.commands else [CLAIMS]
        return super().parse_args(ctx, [*verb, *args[len(verb) if args[:1] == verb else 0 :]])


app = typer.Typer(cls=Verbs, add_completion=False)
app.command("embodied")(embodied.command)
app.command("cerebellum")(bench_parts.cerebellum)
app.command("hippocampus")(bench_parts.hippocampus)


@app.command(CLAIMS)
def command(
    names: Names = None,
    as_json: AsJson = False,
    seeds: Annotated[
        str, typer.Option(metavar="A:B", help="Seeds to draw from, B not included.")
    ] = DEFAULT_SEEDS,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the real recordings.")
    ] = None,
    bundle: Annotated[
        str | None, typer.Option(metavar="NAME|PATH", help="Bundle to measure. Default: live.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 when a claim does not hold.")
    ] = False,
) -> None:
    """Measure the claims and print them with their bounds and 95 % intervals.

    Examples:
      ember bench body bus
      ember bench simulation --seeds 10:20 --json
      ember bench senses --data ../shared/data
      ember bench runtime --bundle ember
      ember bench embodied --help             policies on a suite, with options of its own
      ember bench cerebellum --part yaw       one part of what adapts
      ember bench hippocampus --part memory   one part of what remembers
    """
    options: dict[str, Any] = {"seeds": seed_range(seeds), "note": complain}
    if bundle is not None:
        options["bundle"] = bundle
    if data is not None:
        options["data"] = existing_file(data, "data folder")
    for name in names or ():
        if name not in BENCHES:
            raise unknown("benchmark", name, BENCHES)
    claims: list[Claim] = []
    skipped: dict[str, str] = {}
    for name in names or BENCHES:
        try:
            found = measure(name, options)
        except UserError as error:
            if names:
                raise
            skipped[name] = str(error)
            complain(f"{name} is skipped: {error}")
            continue
        claims += found
        if not as_json:
            print("\n".join([f"{name}: {BENCHES[name]}", *map(claim_line, found), ""]), flush=True)
    if as_json:
        print_json({"claims": claims, "skipped": skipped})
    if strict and (skipped or any(claim.holds is False for claim in claims)):
        raise typer.Exit(EXIT_FAILED)


def measure(name: str, options: dict[str, Any]) -> list[Claim]:
    """Run one benchmark with those options that it takes."""
    run = importlib.import_module(f"ember_embodied.bench.{name}").run
    taken = inspect.signature(run).parameters
    claims: list[Claim] = run(**{key: value for key, value in options.items() if key in taken})
    return claims


def claim_line(claim: Claim) -> str:
    """One claim: verdict, name, value with unit and interval, bound."""
    verdict = {True: "holds", False: "FAILS", None: ""}[claim.holds]
    value = f"{claim.value:.4g} {claim.unit}".strip()
    if claim.interval is not None:
        value += " [{:.4g}, {:.4g}]".format(*claim.interval)
    bound = f"bound {claim.bound}, " if claim.bound else ""
    return f"  {verdict:<6}{claim.name:<{NAME_COLUMNS}} {value}  ({bound}n {claim.n})"
