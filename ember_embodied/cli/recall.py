"""``ember recall``: memories by a word or by a feeling, and what they led to."""

from __future__ import annotations

from typing import Annotated

import typer

from ember_embodied.cli.memory_store import (
    DEFAULT_FOLDER,
    Folder,
    Tokenizer,
    existing_book,
    facts,
    feeling_of_log,
    line,
    open_book,
)
from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError
from hippocampus.memory.book import MemoryBook
from hippocampus.memory.records import Remembered
from hippocampus.memory.store import MemoryStore


def command(
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="A word, a sentence or a question.")
    ] = None,
    feels: Annotated[
        str | None,
        typer.Option(
            metavar="LOG@TIME",
            help="Recall what felt like this moment. TIME: seconds since the start of the log's "
            "session, or UTC as 2026-11-22T10:00:00.",
        ),
    ] = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many.")] = 5,
    hops: Annotated[
        int, typer.Option(min=0, help="Follow the best one this many memories onwards.")
    ] = 0,
    memory: Folder = DEFAULT_FOLDER,
    tokenizer: Tokenizer = None,
    as_json: AsJson = False,
) -> None:
    """Recall memories by a text, or by how a moment of a log felt; best first.

    Examples:
      ember recall "who laughed at me?"
      ember recall --feels logs@12.5
      ember recall "the red ball" --hops 3 --json
    """
    if (text is None) == (feels is None):
        raise UserError('say by what: ember recall "TEXT", or ember recall --feels LOG@TIME')
    store = MemoryStore(memory)
    existing_book(store)
    book = open_book(store, tokenizer)
    if feels is not None:
        felt = feeling_of_log(feels)
        if not book.felt_count:
            raise UserError(f"no memory in {memory} knows how it felt; add some with --at LOG@TIME")
        found = book.feels(felt, count)
    else:
        found = book.recall(text or "", count)
    led = book.led_to(found[0].memory.number, hops) if found else []
    if as_json:
        print_json(
            {
                "found": [_facts(one) for one in found],
                "led_to": [facts(one) for one in led],
                "encoder": book.encoder_name,
            }
        )
        return
    _print(found, book)
    for one in led:
        print(f"     then {line(one)}")


def _facts(one: Remembered) -> dict[str, object]:
    return {
        **facts(one.memory),
        "score": one.score,
        "similarity": one.similarity,
        "words": one.words,
        "led_to": one.led_to,
    }


def _print(found: list[Remembered], book: MemoryBook) -> None:
    for one in found:
        print(f"{one.score:5.2f}  {line(one.memory)}")
    if not found:
        print(f"nothing came back out of {len(book)} memories")
