"""``ember status``: the truth about a running robot, from its own messages."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated, Any, Final

import msgspec
import typer

from ember_embodied.cli.options import AsJson, ConfigFile, print_json
from ember_embodied.config import load_config
from ember_embodied.errors import UserError
from ember_embodied.picture import Frame, fault_names, milliseconds, picture
from firmware_bridge.failsafe import RESPONSES
from firmware_bridge.senses import Fault
from firmware_bridge.wire import StateSubscriber, WireError, WireState

PATIENCE_S: Final = 1.5
"""How long a robot may be silent before it counts as not running: fifteen ticks at 10 Hz."""
WATCH_PERIOD_S: Final = 0.25


def command(
    config: ConfigFile = None,
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print what a running robot was asked for, what was sent and what was measured.

    Examples:
      ember status
      ember status --watch
      ember status --watch --json | jq .mode       one line a tick
    """
    endpoint = load_config(config).wire.state_endpoint
    try:
        with closing(StateSubscriber(endpoint)) as subscriber:
            state = _next(subscriber, endpoint)
            if watch and as_json:
                _stream(subscriber, endpoint, state)
            elif watch:
                _watch(subscriber, endpoint, state)
            elif as_json:
                print_json(facts(state))
            else:
                print("\n".join(_lines(state)))
    except WireError as error:
        raise UserError(str(error)) from error


def facts(state: WireState) -> dict[str, Any]:
    """A state as plain JSON types, modes and faults by name."""
    tree: dict[str, Any] = msgspec.to_builtins(state)
    tree["mode"] = state.mode.name
    tree["faults"] = [_fault_facts(fault) for fault in state.fault_bits]
    return tree


def _fault_facts(fault: Fault) -> dict[str, str]:
    return {"name": fault_names(fault), "remedy": RESPONSES[fault].remedy}


def _next(subscriber: StateSubscriber, endpoint: str) -> WireState:
    state = subscriber.receive(PATIENCE_S)
    if state is None:
        raise UserError(f"no robot speaks at {endpoint}; start one with 'ember run'")
    return state


def _lines(state: WireState) -> list[str]:
    """The picture of the live view, and how to mend what is wrong."""
    frame = Frame(
        title=f"{state.body} · {state.bundle}",
        mode=state.mode,
        fault_bits=state.fault_bits,
        sense=state.sense,
        requested=state.requested,
        sent=state.sent,
        loop=(
            f"{state.rate_hz:.1f} Hz, late {milliseconds(state.lateness_ns)} ms, "
            f"{state.missed_cycles} missed, {state.skipped_share:.0%} of network steps skipped"
        ),
        log=state.log_error or state.log_path or "none",
        elapsed_s=state.tick / state.rate_hz if state.rate_hz > 0 else 0.0,
    )
    remedies = [f"{f['name']}: {f['remedy']}" for f in map(_fault_facts, state.fault_bits)]
    return [*picture(frame), *remedies]


def _stream(subscriber: StateSubscriber, endpoint: str, state: WireState) -> None:
    while True:
        sys.stdout.buffer.write(msgspec.json.encode(facts(state)) + b"\n")
        sys.stdout.buffer.flush()
        state = _next(subscriber, endpoint)


def _watch(subscriber: StateSubscriber, endpoint: str, state: WireState) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(), refresh_per_second=1.0 / WATCH_PERIOD_S) as live:
        while True:
            live.update(Text("\n".join(_lines(state)), no_wrap=True, overflow="crop"))
            state = _next(subscriber, endpoint)
