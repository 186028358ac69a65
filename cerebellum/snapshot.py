"""States on disk: old or new, never mixed, never with a number that is not finite.

A file is ``magic, version of this layout, length, SHA-256, payload``; the payload is msgpack of a
frozen record with its kind and version, arrays as (type, shape, little-endian bytes), so that what
is read back is what was written, to the bit. It is written to a temporary file, synced, renamed,
and the folder synced. The version before it stays beside it; a damaged file falls back to that.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar, get_args

import msgspec
import numpy as np

MAGIC: Final = b"EMBRCBLM"
LAYOUT: Final = 1
SUFFIX: Final = ".snapshot"
PREVIOUS_SUFFIX: Final = ".previous"
_TEMPORARY_SUFFIX: Final = ".new"
_HEAD: Final = struct.Struct("<8sIQ32s")
_PLAIN_KINDS: Final = "fiub"
"""numpy's letters of the arrays that a state may hold: floats, integers, booleans."""


class SnapshotError(ValueError):
    """Bytes that are not a whole state of this kind and version; one line for a person."""


class PartState(Protocol):
    """The state of one part: a frozen dataclass of numbers, text, arrays, tuples and such records.

    ``VERSION`` grows whenever the meaning or the shape of a field changes.
    """

    KIND: ClassVar[str]
    VERSION: ClassVar[int]
    __dataclass_fields__: ClassVar[dict[str, Any]]


State = TypeVar("State", bound=PartState)


@dataclass(frozen=True, slots=True)
class Restored(Generic[State]):
    """What was found on the disk.

    ``state`` is None where there is nothing to go on from; ``message`` is one line for a person,
    None where all is well (which a first start without any file is too).
    """

    state: State | None
    message: str | None


@dataclass(frozen=True, slots=True)
class _Envelope:
    kind: str
    version: int
    state: msgspec.Raw


def to_bytes(state: PartState) -> bytes:
    """A state as the bytes of a file.

    Raises ``SnapshotError`` on a number that is not finite, and ``TypeError`` on what is neither
    number, text, array, tuple nor record.
    """
    body = msgspec.msgpack.encode(state, enc_hook=_write_array)
    if not _finite(msgspec.msgpack.decode(body)):
        raise SnapshotError(f"the state of {state.KIND} holds a number that is not finite")
    envelope = _Envelope(state.KIND, state.VERSION, msgspec.Raw(body))
    payload = msgspec.msgpack.encode(envelope)
    return _HEAD.pack(MAGIC, LAYOUT, len(payload), hashlib.sha256(payload).digest()) + payload


def from_bytes(data: bytes, kind: type[State]) -> State:
    """A state from the bytes of a file. Raises ``SnapshotError``."""
    payload = _checked_payload(data)
    try:
        envelope = msgspec.msgpack.decode(payload, type=_Envelope)
        if envelope.kind != kind.KIND:
            raise SnapshotError(f"it is a state of {envelope.kind}, not of {kind.KIND}")
        if envelope.version != kind.VERSION:
            raise SnapshotError(
                f"its version is {envelope.version}, this program reads {kind.VERSION}"
            )
        if not _finite(msgspec.msgpack.decode(envelope.state)):
            raise SnapshotError("it holds a number that is not finite")
        return msgspec.msgpack.decode(envelope.state, type=kind, dec_hook=_read_array)
    except msgspec.DecodeError as error:
        raise SnapshotError(f"it is not a state of {kind.KIND}: {error}") from error


def save(path: Path, state: PartState) -> None:
    """Write a state; the whole one that was there before becomes the previous one.

    A file that is damaged does not take the place of a sound previous one. Raises ``OSError`` as
    the disk does, ``SnapshotError`` and ``TypeError`` as ``to_bytes``; the file is then as before.
    """
    data = to_bytes(state)
    before = _read(path)
    if before is not None and _whole(before):
        _replace(_previous(path), before)
    _replace(path, data)


def load(path: Path, kind: type[State]) -> Restored[State]:
    """Read a state, or the previous one where it is damaged.

    Nothing raises for what the files hold; ``OSError`` means that they cannot be read at all.
    """
    data = _read(path)
    trouble = "it is missing" if data is None else None
    if data is not None:
        try:
            return Restored(from_bytes(data, kind), None)
        except SnapshotError as error:
            trouble = str(error)
    before = _read(_previous(path))
    if before is None:
        found = f"{path}: {trouble}; there is no previous one, so {kind.KIND} starts anew"
        return Restored(None, found if data is not None else None)
    try:
        state = from_bytes(before, kind)
    except SnapshotError as error:
        return Restored(
            None, f"{path}: {trouble}; the previous one: {error}; {kind.KIND} starts anew"
        )
    return Restored(state, f"{path}: {trouble}; {kind.KIND} goes on from the previous one")


def _previous(path: Path) -> Path:
    return path.with_name(path.name + PREVIOUS_SUFFIX)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _whole(data: bytes) -> bool:
    try:
        _checked_payload(data)
    except SnapshotError:
        return False
    return True


def _checked_payload(data: bytes) -> bytes:
    if len(data) < _HEAD.size:
        raise SnapshotError(f"it ends after {len(data)} bytes")
    magic, layout, length, digest = _HEAD.unpack_from(data)
    if magic != MAGIC:
        raise SnapshotError("it is no snapshot")
    if layout != LAYOUT:
        raise SnapshotError(f"its layout is {layout}, this program reads {LAYOUT}")
    payload = data[_HEAD.size :]
    if len(payload) != length:
        raise SnapshotError(f"it holds {len(payload)} of {length} bytes")
    if hashlib.sha256(payload).digest() != digest:
        raise SnapshotError("its checksum does not fit")
    return payload


def _replace(path: Path, data: bytes) -> None:
    """Write the file whole or not at all, and return when it is on the disk."""
    temporary = path.with_name(path.name + _TEMPORARY_SUFFIX)
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_array(value: Any) -> tuple[str, tuple[int, ...], bytes]:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in _PLAIN_KINDS:
        raise TypeError(f"a state holds numbers, text, arrays and records, not {type(value)}")
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise SnapshotError("an array of the state holds a number that is not finite")
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
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        raise ValueError("an array with a number that is not finite")
    return found.astype(wanted)


def _finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_finite, value))
    return True
