"""A whole segment at once: the bytes of its ticks, and what stands beside them.

A file without a scratch is read by the shortest way: chunk by chunk, every CRC checked, messages
cut out of it. At the first thing that is not as a whole file has it, ``hippocampus.salvage`` reads
the file instead, which is slower and finds all that is left.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import zstandard
from mcap.opcode import Opcode

from hippocampus import salvage
from hippocampus.salvage import MAGIC, MAX_CHUNK_BYTES, RawMessage
from hippocampus.tick_record import TickRecord
from hippocampus.topics import CHANNEL_IDS, KIND_OF, TOPIC_OF

_RECORD: Final = struct.Struct("<BQ")
_CHUNK: Final = struct.Struct("<QQQII")
_MESSAGE: Final = struct.Struct("<BQHIQQ")
_MESSAGE_FIELDS: Final = _MESSAGE.size - _RECORD.size
_LENGTH: Final = struct.Struct("<Q")
_TICK: Final = TOPIC_OF[TickRecord]
_TICK_CHANNEL: Final = CHANNEL_IDS[_TICK]
_TOPIC_OF_CHANNEL: Final = {number: name for name, number in CHANNEL_IDS.items() if name in KIND_OF}


@dataclass(slots=True)
class BulkSegment:
    """What one file holds."""

    ticks: list[bytes] = field(default_factory=list)
    beside: list[RawMessage] = field(default_factory=list)
    """Every other record, in the order of the file; what only viewers read is left out."""
    damage: tuple[salvage.Damage, ...] = ()


class _ScratchedError(Exception):
    """The file is not as a whole one is."""


def read_segment(path: Path) -> BulkSegment:
    """Everything whole in a file. Raises ``OSError``."""
    content = path.read_bytes()
    try:
        return _read_whole(content)
    except (_ScratchedError, struct.error, zstandard.ZstdError):
        return _read_salvaged(content)


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


def _read_whole(content: bytes) -> BulkSegment:
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
            _, _, size, crc, name_length = _CHUNK.unpack_from(view, start)
            name_at = start + _CHUNK.size
            data_at = name_at + name_length + _LENGTH.size
            if content[name_at : name_at + name_length] != b"zstd" or size > MAX_CHUNK_BYTES:
                raise _ScratchedError
            chunk = unpack(view[data_at:position], max_output_size=size)
            if len(chunk) != size or zlib.crc32(chunk) != crc:
                raise _ScratchedError
            _cut_messages(chunk, found)
        elif opcode == Opcode.DATA_END:
            (data_crc,) = struct.unpack_from("<I", view, start)
            if data_crc != zlib.crc32(view[: start - _RECORD.size]):
                raise _ScratchedError
            return found
        elif opcode not in (Opcode.HEADER, Opcode.MESSAGE_INDEX):
            raise _ScratchedError


def _cut_messages(chunk: bytes, found: BulkSegment) -> None:
    position, end = 0, len(chunk)
    unpack, ticks = _MESSAGE.unpack_from, found.ticks
    while position < end:
        opcode = chunk[position]
        if opcode == Opcode.MESSAGE:
            _, length, channel, sequence, log_time_ns, _ = unpack(chunk, position)
            start = position + _MESSAGE.size
            position = start + length - _MESSAGE_FIELDS
            if channel == _TICK_CHANNEL:
                ticks.append(chunk[start:position])
            elif channel in _TOPIC_OF_CHANNEL:
                topic = _TOPIC_OF_CHANNEL[channel]
                found.beside.append(RawMessage(topic, log_time_ns, sequence, chunk[start:position]))
        else:
            _, length = _RECORD.unpack_from(chunk, position)
            position += _RECORD.size + length
    if position != end:
        raise _ScratchedError
