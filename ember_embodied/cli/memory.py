"""``ember memory``: look into what is remembered, add, forget, check, go back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ember_embodied.cli.memory_store import (
    DEFAULT_FOLDER,
    Folder,
    Tokenizer,
    existing_book,
    facts,
    line,
    moment_of_log,
    open_book,
    save,
)
from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError
from firmware_bridge.clock import SystemClock
from hippocampus.memory.audit import Finding, audit
from hippocampus.memory.records import Memory, Moment
from hippocampus.memory.store import MemoryStore, StoreError
from hippocampus.transaction.settle import empty_trash_of

EXIT_WRONG = 1

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the memory.")]

app = typer.Typer(help="Look into what is remembered, add to it, forget, check it, go back.")


@app.command()
def add(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is told of it.")],
    at: Annotated[
        str | None,
        typer.Option(metavar="LOG@TIME", help="Link it to this moment, and keep how it felt."),
    ] = None,
    salience: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="How much it matters; little goes first.")
    ] = 0.5,
    who: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Who was there; again for each.")
    ] = None,
    memory: Folder = DEFAULT_FOLDER,
    tokenizer: Tokenizer = None,
    as_json: AsJson = False,
) -> None:
    """Add one memory; the one before it leads to it where both belong together.

    Examples:
      ember memory add "Anna showed me a red ball" --at logs@12.5 --who Anna
    """
    people = tuple(who or ())
    if at is None:
        moment = Moment(text, SystemClock().wall_ns(), salience, people=people)
    else:
        moment = moment_of_log(at, text, salience, people)
    store = MemoryStore(memory)
    with store.locked():
        book = open_book(store, tokenizer)
        added = book.add([moment])
        gone = tuple(one.number for one in added.evicted)
        version = save(store, book, "add", (*added.numbers, *gone))
    if as_json:
        print_json({"number": added.numbers[0], "evicted": gone, "version": version.number})
        return
    print(f"{added.numbers[0]} added; {version.memories} memories, version {version.number}")
    for one in added.evicted:
        print(f"no more room, forgotten: {line(one)}")


@app.command("list")
def list_(
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="The newest of them.")] = 20,
    memory: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List the newest memories.

    Examples:
      ember memory list -n 100 --json
    """
    loaded = existing_book(MemoryStore(memory))
    newest = loaded.book.memories[-count:]
    if as_json:
        print_json(
            {
                "memories": [facts(one) for one in newest],
                "all": len(loaded.book.memories),
                "felt": len(loaded.book.felt_numbers),
                "capacity": loaded.book.capacity,
                "encoder": loaded.book.encoder,
                "version": loaded.version,
            }
        )
        return
    print("\n".join(map(line, newest)) or "no memories")
    if len(newest) < len(loaded.book.memories):
        print(f"(the newest {len(newest)} of {len(loaded.book.memories)})")


@app.command()
def show(number: Number, memory: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show one memory: text, time, where its log lies, who was there, what it leads to.

    Examples:
      ember memory show 12
    """
    book = existing_book(MemoryStore(memory)).book
    rows = {one.number: one for one in book.memories}
    found = rows.get(number)
    if found is None:
        raise _no_such(number, book.memories)
    of = book.text.numbers
    leads_to = [
        int(of[t])
        for s, t in zip(book.text.sources, book.text.targets, strict=True)
        if of[s] == number
    ]
    felt = number in book.felt_numbers
    if as_json:
        print_json({**facts(found), "leads_to": leads_to, "felt": felt})
        return
    print(line(found))
    print(f"salience {found.salience:.2f}, {'felt' if felt else 'not felt'}")
    if found.people:
        print(f"there: {', '.join(found.people)}")
    if found.span is not None:
        span = found.span
        print(f"log {span.session_id}, {span.start_ns} to {span.end_ns} ns")
    for after in leads_to:
        print(f"then {line(rows[after])}")


@app.command()
def forget(
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER...", help="Memories to forget.")],
    for_good: Annotated[
        bool,
        typer.Option("--for-good", help="Delete every older version too: there is no undo then."),
    ] = False,
    memory: Folder = DEFAULT_FOLDER,
    tokenizer: Tokenizer = None,
    as_json: AsJson = False,
) -> None:
    """Forget memories, with their keys and links; logs are left alone.

    Examples:
      ember memory forget 12 13
      ember memory forget 12 --for-good
    """
    store = MemoryStore(memory)
    with store.locked():
        existing_book(store)
        book = open_book(store, tokenizer)
        for number in numbers:
            if book.get(number) is None:
                raise _no_such(number, tuple(book))
        gone = book.forget(numbers)
        version = save(store, book, "forget", tuple(one.number for one in gone))
        purged = store.purge() if for_good else ()
        if for_good:
            # What a night has set aside to be undone knows it too.
            empty_trash_of(store.folder)
    if as_json:
        print_json({"forgotten": gone, "version": version.number, "versions_deleted": list(purged)})
        return
    for one in gone:
        print(f"forgotten: {line(one)}")
    print(f"{len(purged)} older versions deleted" if for_good else "'ember memory undo' goes back")


@app.command("audit")
def audit_(
    log: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of sessions: check that spans are there."),
    ] = None,
    memory: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check versions, checksums, keys, codes, links, spans; exit code 1 if one is wrong.

    Examples:
      ember memory audit --log logs
    """
    found = audit(MemoryStore(memory), log)
    if as_json:
        print_json(found)
    else:
        print("\n".join(_audit_lines(found)))
    if not found.sound:
        raise typer.Exit(EXIT_WRONG)


@app.command()
def undo(memory: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Go back to the version before the last change; again for one more.

    Examples:
      ember memory undo
    """
    store = MemoryStore(memory)
    if not store.numbers():
        existing_book(store)
    try:
        with store.locked():
            version = store.undo()
    except StoreError as error:
        raise UserError(str(error)) from error
    if as_json:
        print_json(version)
        return
    print(f"version {version.number} holds again: {version.memories} memories")


def _audit_lines(found: Finding) -> list[str]:
    lines = [
        f"{'*' if version.holds else ' '} version {version.number}: "
        + (version.trouble or f"{version.memories} memories after {version.action}")
        for version in found.versions
    ]
    lines += found.troubles
    return lines or ["no memory"]


def _no_such(number: int, memories: tuple[Memory, ...] | Any) -> UserError:
    known = [one.number for one in memories]
    range_ = f"there are {len(known)}, {known[0]} to {known[-1]}" if known else "there are none"
    return UserError(f"no memory {number}; {range_}")
