"""``ember bench``: every claim as a measured number beside its bound."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ember_embodied.bench.claims import Claim
from ember_embodied.cli.main import EXIT_FAILED, complain
from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError, existing_file, unknown

BENCHES: Final = {
    "body": "kinematics and gate",
    "simulation": "speed and truth of the simulated robot",
    "bus": "servo body on the virtual bus",
    "senses": "orientation, faces and sound on real recordings",
    "hearing": "errors of the hearing atlases and of the simulated array",
    "log": "cost, loss and recovery of the log",
    "network": "what the default bundle reaches against its baselines",
    "runtime": "time and memory of the network, start-up of the loop",
    "loop": "lateness, work and replay of the whole tick",
    "neck": "whether the legs hold the head wherever it may turn",
    "moves": "human-made motions through gate, kinematics and bus",
}
"""Name, which is a module of ``ember_embodied.bench`` with a ``run``, and what it measures."""
DEFAULT_SEEDS: Final = "0:5"
NAME_COLUMNS: Final = 46

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="; ".join(f"{name}: {what}" for name, what in BENCHES.items()) + ". Default: all.",
        show_default=False,
    ),
]


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
      ember bench runtime --bundle ember-spine
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


def seed_range(text: str) -> range:
    """``A:B`` as a range that is not empty. Raises ``UserError``."""
    found = re.fullmatch(r"(\d+):(\d+)", text)
    if found is None or int(found[1]) >= int(found[2]):
        raise UserError(f"--seeds {text!r} is not A:B with A below B, for instance 0:5")
    return range(int(found[1]), int(found[2]))


def claim_line(claim: Claim) -> str:
    """One claim: verdict, name, value with unit and interval, bound."""
    verdict = {True: "holds", False: "FAILS", None: ""}[claim.holds]
    value = f"{claim.value:.4g} {claim.unit}".strip()
    if claim.interval is not None:
        value += " [{:.4g}, {:.4g}]".format(*claim.interval)
    bound = f"bound {claim.bound}, " if claim.bound else ""
    return f"  {verdict:<6}{claim.name:<{NAME_COLUMNS}} {value}  ({bound}n {claim.n})"
