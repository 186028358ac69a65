"""``ember bus``: the virtual servo bus in this process, until it is told to stop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError
from firmware_bridge.clock import SystemClock
from firmware_bridge.simulation.scenario import ScenarioError, load_scenario
from firmware_bridge.simulation.virtual_bus.faults import KINDS, FaultError, parse_fault
from firmware_bridge.simulation.virtual_bus.process import BusSettings, serve
from firmware_bridge.simulation.virtual_bus.terminal import TerminalError

FAULT_HELP = (
    "KIND[:SERVO[:VALUE]][@T[+DURATION]]; SERVO is an id, a joint or *, times are seconds. "
    "Repeatable. Kinds: " + "; ".join(f"{kind}: {line.meaning}" for kind, line in KINDS.items())
)


def command(
    pty: Annotated[Path, typer.Option(metavar="PATH", help="Link to the pseudo-terminal.")],
    fault: Annotated[
        list[str] | None, typer.Option(metavar="FAULT", help=FAULT_HELP, show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise and servo spread.")] = 0,
    spread: Annotated[
        float, typer.Option(min=0.0, max=3.0, help="0: servos as in the table, 1: a usual batch.")
    ] = 0.0,
    supply: Annotated[
        float, typer.Option(min=3.0, max=9.0, help="Rail voltage, V; above 7.0 all servos alert.")
    ] = 6.9,
    scenario: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What happens around the robot: a file or its name."),
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every packet to this file.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Serve nine virtual servos on a pty, in real time, until Ctrl-C.

    They speak Dynamixel Protocol 2.0 at 1 Mbaud (ids 10 to 18) and move by the simulated physics.
    One line says when they are ready.

    Examples:
      ember bus --pty /tmp/servos
      ember bus --pty /tmp/servos --fault overload:stewart_2@5 --fault port_lost@10+2
      ember run --body servos --config ember.toml   with port = "/tmp/servos" under [servos]
    """
    try:
        faults = tuple(parse_fault(text) for text in fault or ())
        world = load_scenario(scenario) if scenario else None
        settings = BusSettings(pty, faults, seed, spread, supply, world, trace)

        def announce(path: str) -> None:
            if json:
                facts = {"pty": str(pty), "device": path, "faults": fault or [], "seed": seed}
                print_json(facts)
            else:
                print(f"nine servos at {pty} ({path})")
            sys.stdout.flush()

        serve(settings, SystemClock(), announce)
    except (FaultError, ScenarioError, TerminalError) as error:
        raise UserError(str(error)) from error
