"""``ember export``: a log becomes a dataset that other tools load."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ember_embodied.cli.bar import bar
from ember_embodied.cli.main import complain
from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError, existing_file, unknown
from firmware_bridge.clock import SystemClock

if TYPE_CHECKING:
    from hippocampus.export.plan import Plan

_LOG_KIND: Final = "log"
MOST_PROCESSES: Final = 4
"""Without being asked: each takes some 200 MB."""


def needs_arrow() -> None:
    """Raise ``UserError`` where what reads and writes Parquet is not installed."""
    if importlib.util.find_spec("pyarrow") is None:
        raise UserError("datasets need pyarrow: pip install 'ember-embodied[export]'")


def tell_left_out(plan: Plan) -> None:
    """Say which files the dataset will not have, and why."""
    for path in plan.left_out:
        complain(f"{path} is left out: a recorder is writing it")
    if plan.too_thin:
        complain(
            f"{len(plan.too_thin)} files are left out: a night has thinned them to fewer than "
            f"{plan.fps} ticks a second; a smaller --fps takes them too"
        )


def command(
    logs: Annotated[
        list[Path],
        typer.Argument(
            metavar="LOG...", help="Session folders, .mcap files, or folders of sessions (all)."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The dataset; a new folder.")],
    format_name: Annotated[
        str, typer.Option("--format", metavar="NAME", help="lerobot, parquet or webdataset.")
    ] = "lerobot",
    fps: Annotated[
        int | None,
        typer.Option("--fps", min=1, help="Frames a second. Default: the log's own rate."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="CONDITION", help="Only such ticks; again for more, all must hold."
        ),
    ] = None,
    native: Annotated[
        bool,
        typer.Option("--native/--no-native", help="The sidecar that loses nothing, in native/."),
    ] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an export that was cut off.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help=f"Processes. Default: the cores there are, {MOST_PROCESSES} at most."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a training dataset of logs; it appears whole or not at all.

    Episodes are cut at sleeps, gaps and events. A condition compares a number of the tick
    (names as in 'ember log tail --json' and ember.proto) with a number, true, false, a mode or,
    for time, a moment in UTC.

    Examples:
      ember export logs --out dataset
      ember export logs/2026-11-22T10-00-00Z --out dataset --fps 5
      ember export logs --out awake --where mode=RUN --where 'doa.energy>0.5'
      ember export logs --out hour --where 'time>=2026-11-22T10:00' --where 'time<2026-11-22T11:00'
      ember export logs --out dataset --resume
    """
    needs_arrow()
    from hippocampus.export.export import export
    from hippocampus.export.plan import FORMATS, ExportError, make_plan
    from hippocampus.export.where import ConditionError

    if format_name not in FORMATS:
        raise unknown("format", format_name, FORMATS)
    for log in logs:
        existing_file(log, _LOG_KIND)
    try:
        plan = make_plan(tuple(logs), format_name, fps, tuple(where or ()), native=native)
        tell_left_out(plan)
        with bar() as told:
            summary = export(
                plan,
                out,
                resume=resume,
                processes=jobs or min(MOST_PROCESSES, len(os.sched_getaffinity(0))),
                progress=lambda done, total: told("exporting", done, total),
            )
    except (ExportError, ConditionError) as error:
        raise UserError(str(error)) from error
    _register(plan, out)
    for text in summary.damage:
        complain(f"lost in the log: {text}")
    if as_json:
        print_json(
            {name: getattr(summary, name) for name in summary.__slots__} | {"out": str(summary.out)}
        )
        return
    print(
        f"{summary.out}: {summary.frames:,} frames in {summary.episodes:,} episodes at "
        f"{plan.fps} Hz, out of {summary.ticks:,} ticks"
    )


def _register(plan: Plan, out: Path) -> None:
    """Let the logs know what was made of them, so that a forgetting finds it."""
    from hippocampus.forgetting.exports import note

    files = [Path(file.path) for leg in plan.legs for file in leg.files]
    try:
        note(out, files, SystemClock().wall_ns())
    except OSError as error:
        complain(
            f"{error.filename}: {error.strerror}; this dataset is in no register, and 'ember "
            "forget' finds it only where it is named with --made"
        )
