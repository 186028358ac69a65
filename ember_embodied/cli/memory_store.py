"""What ``ember recall`` and ``ember memory`` share: the store, the encoder, moments of a log."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from ember_embodied.cli.main import complain
from ember_embodied.errors import UserError
from firmware_bridge.clock import SystemClock
from hippocampus.memory.body_key import HALF_WINDOW_NS, LEAST_TICKS, Feeling, feeling
from hippocampus.memory.book import EncoderMismatchError, MemoryBook
from hippocampus.memory.records import LogSpan, Memory, Moment
from hippocampus.memory.store import Loaded, MemoryStore, StoreError, Version
from hippocampus.memory.text_key import (
    SENTENCE,
    EncoderMissingError,
    HashingEncoder,
    TextEncoder,
    sentence_encoder,
)
from hippocampus.reader import Log, LogError
from hippocampus.tick_record import TickRecord
from hippocampus.transaction.settle import settle_of

DEFAULT_FOLDER: Final = Path("memory")
TOKENIZER_FILE: Final = "tokenizer.json"
"""Beside the memories, so that it is named once."""
_SECOND_NS: Final = 1_000_000_000

Folder = Annotated[
    Path, typer.Option("--memory", metavar="DIR", help="Folder of the memory's versions.")
]
Tokenizer = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="tokenizer.json of all-MiniLM-L6-v2; kept beside the memories from then on. "
        "Needs the extra 'text'. Without it texts are found by their words and letters.",
    ),
]


def open_book(store: MemoryStore, tokenizer: Path | None) -> MemoryBook:
    """The book that holds, or an empty one. Raises ``UserError``."""
    loaded = loaded_of(store)
    if loaded is None:
        return MemoryBook(_first_encoder(store, tokenizer))
    encoder = _encoder_of(loaded.book.encoder, store, tokenizer)
    try:
        return MemoryBook.from_state(loaded.book, encoder)
    except EncoderMismatchError as error:
        raise UserError(str(error)) from error
    except ValueError as error:
        raise UserError(f"{store.path(loaded.version.number)}: {error}") from error


def loaded_of(store: MemoryStore) -> Loaded | None:
    """What holds, as it lies on the disk; tells of damage. Raises ``UserError``."""
    settle_of(store.folder)
    try:
        loaded = store.load()
    except StoreError as error:
        raise UserError(str(error)) from error
    if loaded is not None and loaded.message is not None:
        complain(loaded.message)
    return loaded


def existing_book(store: MemoryStore) -> Loaded:
    """The same, where there must be one. Raises ``UserError``."""
    loaded = loaded_of(store)
    if loaded is None:
        raise UserError(f"no memory in {store.folder}; 'ember memory add' begins one")
    return loaded


def save(store: MemoryStore, book: MemoryBook, action: str, changed: tuple[int, ...]) -> Version:
    """Save a changed book as a new version."""
    return store.save(book.state(), action, changed, SystemClock().wall_ns())


def moment_of_log(place: str, text: str, salience: float, people: tuple[str, ...]) -> Moment:
    """The moment at ``LOG@TIME``, with its span and how it felt. Raises ``UserError``."""
    log, window, t_mono_ns = window_of(place)
    middle = min(window, key=lambda tick: abs(tick.sense.t_mono_ns - t_mono_ns)).sense
    session = log.header.session_id
    span = LogSpan(session, t_mono_ns - HALF_WINDOW_NS, t_mono_ns + HALF_WINDOW_NS)
    return Moment(text, middle.t_wall_ns, salience, span, people, feeling(window))


def feeling_of_log(place: str) -> Feeling:
    """How the moment at ``LOG@TIME`` felt. Raises ``UserError``."""
    return feeling(window_of(place)[1])


def window_of(place: str) -> tuple[Log, list[TickRecord], int]:
    """The log, the ticks around and the monotonic time of ``LOG@TIME``. Raises ``UserError``."""
    path, at, time = place.rpartition("@")
    if not at or not path:
        raise UserError(f"{place!r} is not LOG@TIME, for instance logs@12.5")
    try:
        log = Log(Path(path))
        header = log.header
    except LogError as error:
        raise UserError(str(error)) from error
    t_mono_ns = header.t_mono_ns + _since_start_ns(time, header.t_wall_ns)
    first, last, window = None, 0, []
    for tick in log.ticks():
        now_ns = tick.sense.t_mono_ns
        first, last = (now_ns if first is None else first), now_ns
        if abs(now_ns - t_mono_ns) <= HALF_WINDOW_NS:
            window.append(tick)
        elif now_ns > t_mono_ns:
            break
    if len(window) < LEAST_TICKS:
        raise UserError(
            f"{place}: {len(window)} ticks within half a second of it, {LEAST_TICKS} are needed; "
            f"what was read goes from {((first or 0) - header.t_mono_ns) / _SECOND_NS:.1f} to "
            f"{(last - header.t_mono_ns) / _SECOND_NS:.1f} s"
        )
    return log, window, t_mono_ns


def line(memory: Memory) -> str:
    """A memory in one line: number, when, text."""
    when = datetime.fromtimestamp(memory.t_wall_ns / _SECOND_NS, UTC)
    text = " ".join(memory.text.split()) or "(only felt)"
    return f"{memory.number:>6}  {when:%Y-%m-%d %H:%M:%S}  {text}"


def facts(memory: Memory) -> dict[str, object]:
    """A memory as plain JSON types."""
    found: dict[str, object] = msgspec.to_builtins(memory)
    return found


def _since_start_ns(time: str, start_wall_ns: int) -> int:
    """Seconds since the start of the session, or a UTC time as 2026-11-22T10:00:00."""
    try:
        return round(float(time) * _SECOND_NS)
    except ValueError:
        pass
    try:
        wall = datetime.fromisoformat(time)
    except ValueError:
        raise UserError(
            f"{time!r} is neither seconds since the start nor a time like 2026-11-22T10:00:00"
        ) from None
    wall = wall if wall.tzinfo else wall.replace(tzinfo=UTC)
    return round(wall.timestamp() * _SECOND_NS) - start_wall_ns


def _first_encoder(store: MemoryStore, tokenizer: Path | None) -> TextEncoder:
    """For a memory that begins: the sentence network where its tokenizer is named."""
    if tokenizer is None and not (store.folder / TOKENIZER_FILE).is_file():
        return HashingEncoder()
    return _encoder_of(SENTENCE, store, tokenizer)


def _encoder_of(name: str, store: MemoryStore, tokenizer: Path | None) -> TextEncoder:
    if name != SENTENCE:
        return HashingEncoder()
    kept = store.folder / TOKENIZER_FILE
    try:
        encoder = sentence_encoder(tokenizer or (kept if kept.is_file() else None))
    except EncoderMissingError as error:
        raise UserError(str(error)) from error
    if tokenizer is not None and not kept.exists():
        store.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tokenizer, kept)
    return encoder
