"""``ember replay``: a recorded life through the model again, or lived again in simulation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.progress import Progress

from ember_embodied.bundle import load
from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError, existing_file
from ember_embodied.event_driven import network_of
from ember_embodied.loop import Mind
from ember_embodied.replay import ReplayReport, cerebellum_of, replay
from ember_embodied.tick_state import SnapshotError
from hippocampus.reader import Log, LogError
from hippocampus.tick_record import EventRecord, SnapshotRecord, TickRecord

EXIT_DIFFERENT = 1


class Into(Enum):
    """What a log is played to."""

    MODEL = "model"
    SIM = "sim"


def command(
    log: Annotated[Path, typer.Argument(help="A session's folder, or one file of it.")],
    into: Annotated[
        Into, typer.Option("--in", help="model: think every tick again. sim: live it again.")
    ] = Into.MODEL,
    bundle: Annotated[
        str | None, typer.Option(help="Another network than the one that the log names.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="For --in sim: draws the servos and the noise.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play a log again.

    --in model gives every recorded sense to the network again and stops at the first difference
    (exit code 1), naming tick, stage, field and both values. --in sim plays the outer world of the
    log (people, sounds, touches, lifts, intents) to a simulated robot and prints how its life
    differs from the recorded one.

    Examples:
      ember replay logs/20260101-120000-000000 --in model
      ember replay LOG --in model --bundle models/candidate
      ember replay LOG --in sim
    """
    try:
        read = Log(existing_file(log, "log"))
        mind = _mind(read, bundle)
        if into is Into.MODEL:
            _think_again(read, mind, as_json)
        else:
            _live_again(read, mind, seed, as_json)
    except (LogError, SnapshotError) as error:
        raise UserError(str(error)) from error


def _mind(log: Log, bundle: str | None) -> Mind:
    header = log.header
    loaded = load(bundle or header.bundle_name)
    if bundle is None and loaded.digest != header.bundle_digest:
        raise UserError(
            f"{log.folder}: made by bundle {header.bundle_name} {header.bundle_digest[:12]}, "
            f"here it is {loaded.digest[:12]}; give the right one with --bundle"
        )
    network = network_of(loaded, event_driven=header.event_driven)
    return Mind(network, round(1e9 / header.rate_hz))


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, where that is a terminal."""
    with Progress(transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def _think_again(log: Log, mind: Mind, as_json: bool) -> None:
    kinds = (TickRecord, SnapshotRecord, EventRecord)
    records = cast("Iterator[TickRecord | SnapshotRecord | EventRecord]", log.records(*kinds))
    with _bar("thinking again", None) as progress:
        report = replay(records, mind, progress)
    if as_json:
        print_json({**asdict(report), "holds": report.holds})
    else:
        print("\n".join(_lines(report)))
    if not report.holds:
        raise typer.Exit(EXIT_DIFFERENT)


def _lines(report: ReplayReport) -> Iterator[str]:
    found = report.difference
    if found is not None:
        yield f"first difference: tick {found.tick}, stage {found.stage}, field {found.field}"
        yield f"  logged   {found.logged}"
        yield f"  replayed {found.replayed}"
    if report.restarts:
        yield f"restarted from a snapshot {report.restarts} times, where ticks are missing"
    if report.as_logged:
        yield (
            f"in {report.as_logged} ticks what the cerebellum added is as the log has it: what it "
            "knew then was forgotten on request"
        )
    if report.stateless:
        yield f"{report.stateless} ticks before the next snapshot have no state: it was forgotten"
    if report.compared + report.stateless < report.ticks:
        alone = report.ticks - report.compared - report.stateless
        yield f"{alone} ticks have no snapshot before them and were not compared"
    word = "identical" if report.holds else "not identical"
    yield f"{word}: {report.identical} of {report.ticks - report.stateless} ticks"


def _live_again(log: Log, mind: Mind, seed: int | None, as_json: bool) -> None:
    from ember_embodied.relive import compare, relive, world_of_log
    from firmware_bridge.simulation.scenario import parse_scenario

    header = log.header
    logged = list(log.ticks())
    if not logged:
        raise UserError(f"{log.folder}: holds no tick; ember log verify tells what is in it")
    room = parse_scenario(header.scenario_toml, str(log.folder)) if header.scenario_toml else None
    start_ns = logged[0].sense.t_mono_ns - mind.period_ns
    changes = world_of_log(log.world(), logged)
    chosen = header.seed if seed is None else seed
    with _bar("living again", len(logged)) as progress:
        head = next(iter(log.snapshots()), None)
        knew = None if head is None else cerebellum_of(head)
        relived = relive(changes, room, start_ns, len(logged), mind, chosen, progress, knew)
    rows = compare(logged, relived)
    if as_json:
        print_json({"seed": chosen, "ticks": len(relived), "comparison": rows})
        return
    width = max(len(row.measure) for row in rows)
    print(
        f"{len(relived)} ticks lived again with seed {chosen}, {len(changes)} changes of the world"
    )
    print(f"{'':<{width}}  {'logged':>9}  {'relived':>9}")
    for row in rows:
        print(f"{row.measure:<{width}}  {row.logged:>9.3f}  {row.relived:>9.3f}  {row.unit}")
