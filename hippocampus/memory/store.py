"""The book on the disk: a folder of whole versions, old or new, never mixed.

    MEMORY/000012.memory     one version: magic, layout, length, SHA-256, payload (msgpack)
    MEMORY/head              number of the version that holds; renamed over, so it is old or new
    MEMORY/lock              held while somebody changes the folder

A version knows the one that it was made from, which is what undo goes back to. The newest
``KEPT`` are kept, undone ones too, until something new is saved. What must be gone for good is
gone with every older version.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import numpy as np

from hippocampus.memory.book import BookState
from hippocampus.segment import sync_folder
from hippocampus.whole_file import write_whole

MAGIC: Final = b"EMBRMEMO"
LAYOUT: Final = 1
SUFFIX: Final = ".memory"
HEAD_FILE: Final = "head"
LOCK_FILE: Final = "lock"
KEPT: Final = 5
_FRAME: Final = struct.Struct("<8sIQ32s")
_NAME: Final = re.compile(r"(\d{6,})\.memory")
_TEMPORARY_SUFFIX: Final = ".new"


class StoreError(ValueError):
    """A version that cannot be read, or one that is not there; one line for a person."""


@dataclass(frozen=True, slots=True)
class Version:
    """What is told of a version without its memories."""

    number: int
    parent: int | None
    """The version that it was made from; None for the first."""
    t_wall_ns: int
    action: str
    """What made it: "add", "forget", "sleep"."""
    changed: tuple[int, ...]
    """Numbers of the memories that came or went."""
    memories: int


@dataclass(frozen=True, slots=True)
class _File:
    version: Version
    book: BookState


@dataclass(frozen=True, slots=True)
class Loaded:
    """A book from the disk. ``message`` is a line for a person where not all was well."""

    book: BookState
    version: Version
    message: str | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A new version that is not written yet."""

    version: Version
    content: bytes
    """Of its file."""
    head: bytes
    """Of ``HEAD_FILE``."""
    gone: tuple[int, ...]
    """Versions that it makes too old."""


class MemoryStore:
    """One folder. Raises ``OSError`` as the disk does; the folder is then as before."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder while it is read, changed and saved; waits for others."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def load(self) -> Loaded | None:
        """The version that holds; where it is damaged, the newest sound one before it.

        None where there is none yet. Raises ``StoreError`` where there are files and none is
        sound: nothing is started anew over memories that somebody may still mend.
        """
        numbers = self.numbers()
        head = self.head()
        if not numbers:
            return None
        wanted = head if head is not None else numbers[-1]
        troubles = []
        for number in [wanted, *reversed([n for n in numbers if n < wanted])]:
            try:
                file = self._file(number)
            except StoreError as error:
                troubles.append(str(error))
                continue
            message = f"{troubles[0]}; going on from version {number}" if troubles else None
            return Loaded(file.book, file.version, message)
        raise StoreError(f"{troubles[0]}; no older version is sound either")

    def save(
        self, book: BookState, action: str, changed: tuple[int, ...], t_wall_ns: int
    ) -> Version:
        """Write a new version and let it hold; the oldest ones beyond ``KEPT`` go."""
        self.folder.mkdir(parents=True, exist_ok=True)
        planned = self.planned(book, action, changed, t_wall_ns)
        write_whole(self.path(planned.version.number), planned.content, _TEMPORARY_SUFFIX)
        self._let_hold(planned.version.number)
        self._drop(planned.gone)
        return planned.version

    def planned(
        self, book: BookState, action: str, changed: tuple[int, ...], t_wall_ns: int
    ) -> Planned:
        """What ``save`` would do, for who writes the files as part of something greater."""
        numbers, head = self.numbers(), self.head()
        number = max([*numbers, head or 0]) + 1
        version = Version(number, head, t_wall_ns, action, changed, len(book.memories))
        gone = tuple(old for old in numbers if old <= number - KEPT)
        return Planned(version, _to_bytes(_File(version, book)), f"{number}\n".encode(), gone)

    def undo(self) -> Version:
        """Let the version hold that the present one was made from, and return it.

        Raises ``StoreError`` where there is none any more.
        """
        head = self.head()
        if head is None:
            raise StoreError(f"{self.folder}: no memory to undo anything of")
        parent = self._file(head).version.parent
        if parent is None or parent not in self.numbers():
            raise StoreError(f"version {head} is the oldest that is kept; nothing to undo")
        version = self._file(parent).version
        self._let_hold(parent)
        return version

    def purge(self) -> tuple[int, ...]:
        """Delete every version but the one that holds; returns their numbers."""
        head = self.head()
        gone = tuple(number for number in self.numbers() if number != head)
        self._drop(gone)
        return gone

    def version(self, number: int) -> Version:
        """What is told of a version. Raises ``StoreError``."""
        return self._file(number).version

    def book(self, number: int) -> BookState:
        """A version's memories. Raises ``StoreError``."""
        return self._file(number).book

    def numbers(self) -> list[int]:
        """Numbers of all versions there are, oldest first."""
        if not self.folder.is_dir():
            return []
        found = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def files(self) -> list[Path]:
        """Every file that may hold memories: versions, and what an interrupted writing left."""
        if not self.folder.is_dir():
            return []
        return sorted(
            path
            for path in self.folder.iterdir()
            if path.name.removesuffix(_TEMPORARY_SUFFIX).endswith(SUFFIX)
        )

    def head(self) -> int | None:
        """Number of the version that holds; None where there is none or it cannot be read."""
        try:
            return int((self.folder / HEAD_FILE).read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def path(self, number: int) -> Path:
        """Where a version lies."""
        return self.folder / f"{number:06d}{SUFFIX}"

    def _file(self, number: int) -> _File:
        path = self.path(number)
        try:
            return _from_bytes(path.read_bytes())
        except FileNotFoundError as error:
            raise StoreError(f"{path}: it is missing") from error
        except StoreError as error:
            raise StoreError(f"{path}: {error}") from error

    def _let_hold(self, number: int) -> None:
        write_whole(self.folder / HEAD_FILE, f"{number}\n".encode(), _TEMPORARY_SUFFIX)

    def _drop(self, numbers: tuple[int, ...] | list[int]) -> None:
        for number in numbers:
            self.path(number).unlink(missing_ok=True)
        sync_folder(self.folder)


def version_bytes(
    book: BookState, number: int, action: str, changed: tuple[int, ...], t_wall_ns: int
) -> bytes:
    """The file of a version that was made from no other: undo does not go behind it."""
    version = Version(number, None, t_wall_ns, action, changed, len(book.memories))
    return _to_bytes(_File(version, book))


def _to_bytes(file: _File) -> bytes:
    payload = msgspec.msgpack.encode(file, enc_hook=_write_array)
    digest = hashlib.sha256(payload).digest()
    return _FRAME.pack(MAGIC, LAYOUT, len(payload), digest) + payload


def _from_bytes(data: bytes) -> _File:
    if len(data) < _FRAME.size:
        raise StoreError(f"it ends after {len(data)} bytes")
    magic, layout, length, digest = _FRAME.unpack_from(data)
    payload = data[_FRAME.size :]
    if magic != MAGIC:
        raise StoreError("it is no file of memories")
    if layout != LAYOUT:
        raise StoreError(f"its layout is {layout}, this program reads {LAYOUT}")
    if len(payload) != length or hashlib.sha256(payload).digest() != digest:
        raise StoreError("it is damaged: its checksum does not fit")
    try:
        return msgspec.msgpack.decode(payload, type=_File, dec_hook=_read_array)
    except msgspec.DecodeError as error:
        raise StoreError(f"it is no book of memories: {error}") from error


def _write_array(value: Any) -> tuple[str, tuple[int, ...], bytes]:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        raise TypeError(f"a book holds numbers, text, arrays and records, not {type(value)}")
    little = value.dtype.newbyteorder("<")
    return little.str, value.shape, np.ascontiguousarray(value, dtype=little).tobytes()


def _read_array(kind: Any, stored: Any) -> Any:
    """An array again; msgspec makes of a ``ValueError`` a ``DecodeError`` that names the field."""
    try:
        name, shape, raw = stored
        found = np.frombuffer(raw, dtype=np.dtype(name)).reshape(tuple(shape))
    except TypeError as error:
        raise ValueError(f"not an array: {error}") from error
    (wanted,) = get_args(get_args(kind)[1])
    if found.dtype != np.dtype(wanted).newbyteorder("<"):
        raise ValueError(f"an array of {found.dtype} instead of {np.dtype(wanted)}")
    return found.astype(wanted)
