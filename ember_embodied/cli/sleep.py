"""``ember sleep``: the day's log is labelled, sorted, remembered; ``ember sleep undo``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from ember_embodied.cli.bar import bar
from ember_embodied.cli.export import needs_arrow
from ember_embodied.cli.folders import (
    LogsFolder,
    MemoryFolder,
    NightsFolder,
    StateFolder,
    robot_folders,
)
from ember_embodied.cli.main import complain
from ember_embodied.cli.options import AsJson, ConfigFile, print_json
from ember_embodied.config import load_config
from ember_embodied.consolidation import consolidate
from ember_embodied.errors import UserError
from ember_embodied.keeper import InUseError, Lock
from ember_embodied.resuming import finish_change
from ember_embodied.telling import diary_writer
from firmware_bridge.clock import SystemClock
from hippocampus.export.plan import ExportError
from hippocampus.night.calendar import day_before, local_date
from hippocampus.night.collaborators import (
    Collaborators,
    Consolidate,
    Consolidated,
    DiaryWriter,
    Progress,
    ReadLegs,
)
from hippocampus.night.reader import Reading, read_legs
from hippocampus.night.report import DayReport, NightReport
from hippocampus.night.room import NoRoomError
from hippocampus.night.settings import SleepSettings
from hippocampus.night.sleep import LOGS, STATE, sleep
from hippocampus.night.store import EpisodesError
from hippocampus.transaction.change import Change
from hippocampus.transaction.journal import NIGHTS, Roots, work_folder
from hippocampus.transaction.lock import BusyError, held
from hippocampus.transaction.undo import NotUndoableError, undo

app = typer.Typer(
    help="Sleep on the day: label its log, keep what matters, remember it, tell it.",
    invoke_without_command=True,
    no_args_is_help=False,
)


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    date: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            help="YYYY-MM-DD, today, yesterday, or past for all before today. Default: every day "
            "that has closed files which no night has read.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and tell what would be done; write nothing.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="DIR", help="Make a dataset of what is read, in the same pass."
        ),
    ] = None,
    logs: LogsFolder = None,
    state: StateFolder = None,
    memory: MemoryFolder = None,
    nights: NightsFolder = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Sleep on the day: read its closed log files once, and make labels, memories, a smaller log.

    - labels (touches, voices, people, looks, movements, faults) and episodes, in nights/
    - memories of the most salient episodes, in memory/
    - a smaller log: of what is beyond the day's budget, [sleep] raw_bytes, a file with one tick of
      ten stays; beyond [sleep] thinned_bytes only labels stay. Files marked with 'ember log keep'
      and files that are being written are never touched.

    All of it holds at once, or nothing: whatever ends the night, the next one mends it. What was
    replaced or forgotten stays in .night/old beside it until the next night (or until a full disk
    needs the room), so that 'ember sleep undo' brings everything back, byte for byte.

    Examples:
      ember sleep                       what no night has read yet
      ember sleep --date past           what the timer does at 03:00
      ember sleep --date 2026-11-22 --dry-run
      ember sleep --export dataset      a LeRobotDataset of it too
      ember sleep undo
    """
    if context.invoked_subcommand is not None:
        return
    if out is not None:
        needs_arrow()
        if out.exists():
            raise UserError(f"{out} is there already: give --export a new folder")
    loaded = load_config(config)
    roots = robot_folders(loaded, logs, state, memory, nights)
    _checked(roots)
    clock = SystemClock()
    wanted = _wanted(date, clock.wall_ns())
    try:
        with ExitStack() as stack:
            progress = stack.enter_context(bar())
            tables = None if dry_run else _tables(stack, roots[STATE])
            diary = diary_writer(loaded.diary, clock)
            report = sleep(
                roots,
                loaded.sleep,
                wanted,
                _others(roots, loaded.sleep, progress, tables, None if dry_run else out, diary),
                zone=None,
                t_wall_ns=clock.wall_ns(),
                dry=dry_run,
            )
    except (BusyError, NoRoomError, EpisodesError, ExportError) as error:
        raise UserError(str(error)) from error
    for file in report.left_as_is:
        complain(f"{file} changed while the night was at work, and stays as it is")
    if as_json:
        print_json(report)
        return
    print("\n".join(_lines(report, date)))


@app.command("undo")
def undo_command(
    force: Annotated[
        bool,
        typer.Option("--force", help="Undo the rest where some files have changed since."),
    ] = False,
    nights: NightsFolder = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let everything be as it was before the last night: logs, memories, tables, diary.

    What was changed since then stops it, and is named; --force leaves that as it is.
    """
    folder = nights or load_config(config).sleep.nights
    if not folder.is_dir():
        raise UserError(f"no night to undo in {folder}: there is no such folder")
    try:
        with held(folder):
            journal, left = undo(folder, even_changed=force)
    except (NotUndoableError, BusyError) as error:
        raise UserError(str(error)) from error
    if as_json:
        print_json({"undone": journal.what, "files": len(journal.steps), "left_as_is": left})
        return
    print(f"undone: {journal.what}, {len(journal.steps)} files")
    for path in left:
        complain(f"{path} was changed since and stays as it is")


def _checked(roots: Roots) -> None:
    """Raises ``UserError`` where there are no logs, or two folders are one."""
    if not roots[LOGS].is_dir():
        raise UserError(
            f"no logs to sleep on: there is no folder {roots[LOGS]}; name it with --log"
        )
    if (told := finish_change(roots[LOGS])) is not None:
        complain(told)
    if len({folder.resolve() for folder in roots.values()}) < len(roots):
        raise UserError("logs, state, memory and nights must be four folders")


def _tables(stack: ExitStack, state: Path) -> Consolidate:
    """Consolidation of the tables, whose folder is the night's until ``stack`` ends."""
    if not state.is_dir():
        return lambda _: Consolidated((), (f"none: nothing is kept in {state}",))
    try:
        lock = Lock(state)
    except InUseError:
        return lambda _: Consolidated((), (f"left as they are: a running robot uses {state}",))
    stack.callback(lock.close)
    return lambda experience: consolidate(state, experience)


def _others(
    roots: Roots,
    settings: SleepSettings,
    progress: Progress,
    tables: Consolidate | None,
    out: Path | None,
    diary: DiaryWriter,
) -> Collaborators:
    from ember_embodied.cli.memory_store import open_book

    def reader(change: Change | None) -> ReadLegs:
        work = None if change is None else work_folder(roots[NIGHTS])
        reading = Reading(roots[LOGS], work, settings.thin_every, None)
        processes = min(settings.processes, len(os.sched_getaffinity(0)))
        return lambda legs, thinned: read_legs(
            reading, legs, thinned=thinned, processes=processes, out=out
        )

    return Collaborators(reader, lambda store: open_book(store, None), tables, diary, progress)


def _wanted(text: str | None, now_ns: int) -> Callable[[str], bool]:
    """Which days are meant. Raises ``UserError``."""
    today = local_date(now_ns, None)
    named = {"today": today, "yesterday": day_before(now_ns, None)}
    if text is None:
        return lambda _: True
    if text == "past":
        return lambda day: day < today
    parts = text.split("-")
    if text not in named and ([*map(len, parts)] != [4, 2, 2] or not "".join(parts).isdigit()):
        raise UserError(f"--date {text!r} is no day such as 2026-11-22, today, yesterday or past")
    return lambda day: day == named.get(text, text)


def _lines(report: NightReport, date: str | None) -> list[str]:
    if not report.days:
        of = f" of {date}" if date is not None else ""
        return [f"nothing new to sleep on{of}: every closed file is known"]
    lines = [line for day in report.days for line in _day_lines(day, dry=report.dry)]
    lines += [f"tables      {line}" for line in report.tables]
    if not report.dry:
        lines.append("'ember sleep undo' brings everything back, until the next night")
    return lines


def _day_lines(day: DayReport, *, dry: bool) -> Iterator[str]:
    would = "would be " if dry else ""
    yield f"{day.date}  {day.ticks:,} ticks in {day.files} files"
    yield (
        f"labels      {day.labels:,} in {day.episodes} episodes; "
        f"{day.touches} touches, {day.voices} voices"
    )
    yield (
        f"log         {day.raw_files} files {would}kept whole, {day.thinned_files} thinned, "
        f"{day.forgotten_files} forgotten: {day.bytes / 1e6:.0f} -> {day.kept_bytes / 1e6:.0f} MB"
    )
    if not dry:
        yield f"memory      {day.remembered} episodes remembered"
    if day.diary:
        yield f"diary       {', '.join(day.diary)}"
    for text in day.damage:
        yield f"damaged     {text}"
