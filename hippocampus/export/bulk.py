"""A whole segment at once: the bytes of its ticks, and what stands beside them.

A file without a scratch is read by the shortest way: chunk by chunk, every CRC checked, messages
cut out of it. At the first thing that is not as a whole file has it, ``hippocampus.salvage`` reads
the file instead, which is slower and finds all that is left.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import zstandard
from mcap.opcode import Opcode

from hippocampus import salvage
from hippocampus.codec import decode
from hippocampus.salvage import MAGIC, MAX_CHUNK_BYTES, RawMessage
from hippocampus.tick_record import HeaderRecord, TickRecord
from hippocampus.topics import CHANNEL_IDS, KIND_OF, TOPIC_OF

_RECORD: Final = struct.Struct("<BQ")
_CHUNK: Final = struct.Struct("<QQQII")
_MESSAGE: Final = struct.Struct("<BQHIQQ")
_MESSAGE_FIELDS: Final = _MESSAGE.size - _RECORD.size
_LENGTH: Final = struct.Struct("<Q")
_TICK: Final = TOPIC_OF[TickRecord]
_TICK_CHANNEL: Final = CHANNEL_IDS[_TICK]
_HEADER: Final = TOPIC_OF[HeaderRecord]
_TOPICS: Final = {number: name for name, number in CHANNEL_IDS.items()}
_BESIDE: Final = {
    number: name for number, name in _TOPICS.items() if name in KIND_OF and number != _TICK_CHANNEL
}
_HEAD_BYTES: Final = 1 << 18
"""More than the first chunk of a file, which is its header with the schemas."""


@dataclass(slots=True)
class BulkSegment:
    """What one file holds."""

    ticks: list[bytes] = field(default_factory=list)
    beside: list[RawMessage] = field(default_factory=list)
    """Every other record, in the order of the file."""
    whole: list[RawMessage] = field(default_factory=list)
    """Every message in the order of the file, ticks too, where that was asked for."""
    damage: tuple[salvage.Damage, ...] = ()


class _ScratchedError(Exception):
    """The file is not as a whole one is."""


def read_segment(path: Path) -> BulkSegment:
    """Everything whole in a file, but for what only viewers read. Raises ``OSError``."""
    return cut_segment(path.read_bytes())


def cut_segment(content: bytes, *, in_order: bool = False) -> BulkSegment:
    """The same of the bytes of a file; ``in_order``: each message in its place too."""
    try:
        return _read_whole(content, in_order=in_order)
    except (_ScratchedError, struct.error, zstandard.ZstdError):
        return _read_salvaged(content)


def first_header(path: Path) -> HeaderRecord | None:
    """The header of a file, from its first bytes alone; None where there is none.

    Raises ``OSError``.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    try:
        found = _first_chunk(head)
    except (_ScratchedError, struct.error, zstandard.ZstdError):
        found = _read_salvaged(head)
    for item in found.beside:
        if item.topic == _HEADER:
            return decode(HeaderRecord, item.data)
    return None


def _first_chunk(head: bytes) -> BulkSegment:
    """What the first chunk holds, which has the header. Raises as ``_read_whole`` does."""
    view = memoryview(head)
    position = len(MAGIC)
    while True:
        opcode, length = _RECORD.unpack_from(view, position)
        start = position + _RECORD.size
        position = start + length
        if opcode == Opcode.CHUNK:
            found = BulkSegment()
            unpack = zstandard.ZstdDecompressor().decompress
            _cut_messages(_unpacked(view, start, position, unpack), found, in_order=False)
            return found


def _read_salvaged(content: bytes) -> BulkSegment:
    found = BulkSegment()
    damage = []
    for item in salvage.messages(content):
        if isinstance(item, salvage.Damage):
            damage.append(item)
        elif item.topic == _TICK:
            found.ticks.append(item.data)
        elif item.topic in KIND_OF:
            found.beside.append(item)
    found.damage = tuple(damage)
    return found


def _read_whole(content: bytes, *, in_order: bool) -> BulkSegment:
    """Raises ``_ScratchedError`` or what unpacking raises at the first thing that does not fit."""
    if not (content.startswith(MAGIC) and content.endswith(MAGIC)):
        raise _ScratchedError
    found = BulkSegment()
    unpack = zstandard.ZstdDecompressor().decompress
    view = memoryview(content)
    position = len(MAGIC)
    while True:
        opcode, length = _RECORD.unpack_from(view, position)
        start = position + _RECORD.size
        position = start + length
        if opcode == Opcode.CHUNK:
            _cut_messages(_unpacked(view, start, position, unpack), found, in_order=in_order)
        elif opcode == Opcode.DATA_END:
            (data_crc,) = struct.unpack_from("<I", view, start)
            if data_crc != zlib.crc32(view[: start - _RECORD.size]):
                raise _ScratchedError
            return found
        elif opcode not in (Opcode.HEADER, Opcode.MESSAGE_INDEX):
            raise _ScratchedError


def _unpacked(view: memoryview, start: int, end: int, unpack: Callable[..., bytes]) -> bytes:
    """The records of the chunk from ``start`` to ``end``. Raises as ``_read_whole`` does."""
    _, _, size, crc, name_length = _CHUNK.unpack_from(view, start)
    name_at = start + _CHUNK.size
    data_at = name_at + name_length + _LENGTH.size
    packed = bytes(view[name_at : name_at + name_length]) == b"zstd"
    if not packed or size > MAX_CHUNK_BYTES or end > len(view):
        raise _ScratchedError
    chunk = unpack(view[data_at:end], max_output_size=size)
    if len(chunk) != size or zlib.crc32(chunk) != crc:
        raise _ScratchedError
    return chunk


def _cut_messages(chunk: bytes, found: BulkSegment, *, in_order: bool) -> None:
    position, end = 0, len(chunk)
    # Names of this function: this loop is a day's longest.
    unpack, size, fields = _MESSAGE.unpack_from, _MESSAGE.size, _MESSAGE_FIELDS
    message, tick, topic_of = int(Opcode.MESSAGE), _TICK_CHANNEL, _BESIDE.get
    add_tick, add_beside = found.ticks.append, found.beside.append
    while position < end:
        if chunk[position] != message:
            _, length = _RECORD.unpack_from(chunk, position)
            position += _RECORD.size + length
            continue
        _, length, channel, sequence, log_time_ns, _ = unpack(chunk, position)
        start = position + size
        position = start + length - fields
        if channel == tick:
            add_tick(chunk[start:position])
        elif (topic := topic_of(channel)) is not None:
            add_beside(RawMessage(topic, log_time_ns, sequence, chunk[start:position]))
        if in_order and channel in _TOPICS:
            data = chunk[start:position]
            found.whole.append(RawMessage(_TOPICS[channel], log_time_ns, sequence, data))
    if position != end:
        raise _ScratchedError
