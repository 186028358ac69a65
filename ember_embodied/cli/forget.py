"""``ember forget``: a person or a stretch of time, out of everything that the robot keeps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from ember_embodied.cli.bar import bar
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
from ember_embodied.errors import UserError
from ember_embodied.keeper import Lock
from ember_embodied.resuming import finish_change
from ember_embodied.unlearning import Unlearned, unlearn
from firmware_bridge.clock import SystemClock
from hippocampus.forgetting.erasure import RECEIPTS
from hippocampus.forgetting.forget import (
    Forgotten,
    Places,
    Request,
    forget,
)
from hippocampus.forgetting.logs import BeingWrittenError
from hippocampus.forgetting.nights import UnreadableError
from hippocampus.forgetting.times import Name, Stretch
from hippocampus.memory.store import StoreError
from hippocampus.night.sleep import LOGS
from hippocampus.night.store import NAME, EpisodesError, EpisodeStore
from hippocampus.transaction.journal import Roots
from hippocampus.transaction.lock import BusyError

_SECOND_NS: Final = 1_000_000_000
_REFUSALS: Final = (
    BusyError,
    BeingWrittenError,
    UnreadableError,
    StoreError,
    EpisodesError,
)


def command(
    person: Annotated[
        str | None, typer.Option(metavar="NAME", help="Forget this person and their stays.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Forget from here on; UTC.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="T", help="To here; UTC.")] = None,
    logs: LogsFolder = None,
    state: StateFolder = None,
    memory: MemoryFolder = None,
    nights: NightsFolder = None,
    config: ConfigFile = None,
    made: Annotated[
        list[Path] | None,
        typer.Option(
            "--made", metavar="DIR", help="Look for datasets and adapters here too; again for more."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be erased; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person, or a stretch of time, from all that the robot keeps. There is no undo.

    Logs lose the ticks of that time and all that was made of them, and tell where the gap is.
    Memories go with their keys and every older version; episodes, labels and sentences of the
    diary go; the cerebellum's tables are rebuilt from the log without what it learned then. The
    last night cannot be undone any more. Datasets and adapters made from those logs are marked
    stale, which 'ember dataset check' tells. What was erased is listed in forgotten.jsonl, beside
    the folder of the logs: what kind, how much, when, digests; no name and no content. An
    interruption is finished by the next 'ember forget' or 'ember run'.

    Who a person is: the robot knows nobody by face or voice. A person is a NAME that somebody
    told it: with a memory (ember memory add --who NAME, or in its text), in a label of the night,
    or in a simulated world. The stay around such a moment goes with it: a face or a voice that
    goes on without a minute's pause, at most an hour either way. Who else was there then is
    forgotten too. A visit that nobody named cannot be found by name: use --from and --to.

    Old bytes are overwritten before they are freed. A flash drive, a copying file system (btrfs,
    zfs) or a backup may still hold them where no program can reach.

    Examples:
      ember forget --person Anna --dry-run
      ember forget --person Anna --config /etc/ember/ember.toml
      ember forget --from 2026-11-22T14:00 --to 2026-11-22T15:30 --yes
    """
    request = _request(person, from_, to)
    folders = robot_folders(load_config(config), logs, state, memory, nights)
    places = _places(folders, tuple(made or ()))
    if (told := finish_change(places.logs)) is not None:
        complain(told)
    lock = Lock(places.state) if places.state.is_dir() else None
    try:
        found = _forget(places, request, dry_run=not yes or dry_run)
        if not (dry_run or yes or found.nothing):
            _ask(found)
            found = _forget(places, request, dry_run=False)
    finally:
        if lock is not None:
            lock.close()
    if as_json:
        facts = msgspec.to_builtins(found, enc_hook=str)
        print_json({**facts, "dry_run": dry_run, "nothing": found.nothing})
        return
    print("\n".join(_lines(found, dry_run=dry_run)))


def _request(person: str | None, from_: str | None, to: str | None) -> Request:
    if person is not None:
        if from_ is not None or to is not None:
            raise UserError("say either --person, or --from and --to")
        try:
            return Request(name=Name(person))
        except ValueError as error:
            raise UserError(f"--person: {error}") from error
    if from_ is None or to is None:
        raise UserError("say what to forget: --person NAME, or --from T and --to T")
    try:
        return Request(stretch=Stretch(_time_ns("--from", from_), _time_ns("--to", to)))
    except ValueError as error:
        raise UserError(f"--from {from_} --to {to}: {error}") from error


def _time_ns(option: str, text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text!r} is no time like 2026-11-22T14:00") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    since = found - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * _SECOND_NS + since.microseconds * 1000


def _places(folders: Roots, made: tuple[Path, ...]) -> Places:
    """The folders with what is beside them. Raises ``UserError`` where there is none of them."""
    root = folders[LOGS].absolute().parent
    places = Places(root, folders, (*made, root / "models"))
    if not any(folder.is_dir() for folder in folders.values()):
        named = ", ".join(map(str, folders.values()))
        raise UserError(
            f"there is nothing to forget: no folder {named}; name the robot's folders, or its "
            "settings with --config"
        )
    return places


def _forget(places: Places, request: Request, *, dry_run: bool) -> Forgotten[Unlearned]:
    known = EpisodeStore(places.nights / NAME)
    with bar() as progress:
        try:
            return forget(
                places,
                request,
                lambda wanted, staging, told: unlearn(
                    places.logs,
                    places.state,
                    wanted,
                    staging,
                    told,
                    known,
                ),
                SystemClock().wall_ns(),
                progress,
                dry_run=dry_run,
            )
        except _REFUSALS as error:
            raise UserError(str(error)) from error
        except OSError as error:
            raise UserError(
                f"{error.filename or places.root}: {error.strerror}; what was begun is finished or "
                "undone by the next 'ember forget'"
            ) from error


def _ask(found: Forgotten[Unlearned]) -> None:
    """Show what goes, and go on only with a yes. Raises ``UserError``."""
    print("\n".join(_lines(found, dry_run=True)))
    if not sys.stdin.isatty():
        raise UserError("nothing was changed: say --yes to erase this; there is no undo")
    if not typer.confirm("Erase this? There is no undo."):
        raise UserError("nothing was changed")


def _lines(found: Forgotten[Unlearned], *, dry_run: bool) -> Iterator[str]:
    if found.nothing:
        yield "nothing of it is kept: nothing was changed"
        return
    yield "would be erased:" if dry_run else "erased:"
    for one in found.stretches:
        yield f"  time      {_when(one.start_ns)} to {_when(one.end_ns)}"
    files = [one for one in found.logs if one.messages]
    if files:
        gone = sum(one.removed for one in files)
        ticks, messages = sum(one.ticks for one in files), sum(one.messages for one in files)
        yield (
            f"  logs      {ticks:,} ticks, {messages:,} messages in {len(files)} files, {gone} of "
            "them whole"
        )
    stripped = sum(one.stripped for one in found.logs)
    if stripped:
        yield f"  snapshots {stripped} in the log lose what had been learned"
    for day in found.days:
        yield (
            f"  {day.date} {day.episodes} episodes, {day.labels} labels, {day.sentences} "
            f"sentences, sums of {day.hours} hours"
        )
    if found.memories is not None:
        kept = found.memories
        yield f"  memory    {kept.memories} memories, and all of {kept.versions} older versions"
    if found.learned is not None:
        yield from _learned_lines(found.learned)
    for made in found.stale:
        yield f"  stale     {made.folder} was made from them" + (
            "" if dry_run else "; it is marked"
        )
    if found.settled is not None:
        old = found.settled.overwritten
        yield f"listed in {RECEIPTS}; {old.bytes:,} old bytes overwritten"
        for path in old.shared:
            yield f"  {path} has another hard link, which still holds the old content"


def _learned_lines(learned: Unlearned) -> Iterator[str]:
    took = f"  learned   {learned.looks} looks, {learned.movements} movements"
    if learned.rebuilt:
        yield f"{took}; the tables were rebuilt without them from {learned.relearned} others"
        yield f"            {', '.join(learned.as_before)} are as before that time"
    else:
        yield (
            f"{took}; the logs have no snapshot from before that time which this version reads, "
            f"so these begin anew: {', '.join(learned.anew)}"
        )


def _when(t_ns: int) -> str:
    when = datetime.fromtimestamp(t_ns / _SECOND_NS, UTC)
    return f"{when:%Y-%m-%d %H:%M:%S} UTC ({when.astimezone():%H:%M:%S} here)"
