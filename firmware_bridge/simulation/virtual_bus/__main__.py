"""``python -m firmware_bridge.simulation.virtual_bus --pty PATH``: the bus without the rest."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from firmware_bridge.clock import SystemClock
from firmware_bridge.simulation.scenario import ScenarioError, load_scenario
from firmware_bridge.simulation.virtual_bus.faults import FaultError, kinds_help, parse_fault
from firmware_bridge.simulation.virtual_bus.faults import __doc__ as grammar
from firmware_bridge.simulation.virtual_bus.process import BusSettings, serve
from firmware_bridge.simulation.virtual_bus.terminal import TerminalError


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and serve; exit code 2 on words that mean nothing."""
    parser = argparse.ArgumentParser(
        prog="virtual_bus",
        description="Nine servos that speak Dynamixel Protocol 2.0 on a pseudo-terminal.",
        epilog=f"{grammar}\nkinds:\n{kinds_help()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pty", type=Path, required=True, help="link to the pseudo-terminal")
    parser.add_argument("--fault", action="append", default=[], help="see below; repeatable")
    parser.add_argument("--seed", type=int, default=0, help="seed of noise and servo spread")
    parser.add_argument("--spread", type=float, default=0.0, help="0 nominal servos, 1 a batch")
    parser.add_argument("--supply", type=float, default=6.9, help="rail voltage, V")
    parser.add_argument("--scenario", help="what happens around the robot: a file or a name")
    parser.add_argument("--trace", type=Path, help="file that gets every packet")
    words = parser.parse_args(arguments)
    try:
        faults = tuple(parse_fault(text) for text in words.fault)
        scenario = load_scenario(words.scenario) if words.scenario else None
        settings = BusSettings(
            words.pty, faults, words.seed, words.spread, words.supply, scenario, words.trace
        )
        serve(
            settings,
            SystemClock(),
            lambda path: print(f"nine servos at {words.pty} ({path})", flush=True),
        )
    except (FaultError, ScenarioError, TerminalError) as error:
        print(f"virtual_bus: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
