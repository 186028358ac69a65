"""Walks the bytes of an MCAP file and gives every whole message, whatever has happened to them.

Libraries stop at the first damage. Here a torn end gives what is whole before the tear, the
readable part of a torn chunk included, and damage in the middle costs the chunk that it hit: the
walk goes on at the next chunk. What was lost is told as ``Damage``; nothing is raised for it. A
whole chunk whose CRC does not match is never believed.

Layout: MCAP specification, version 0 (magic, then records of opcode, length, content).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import msgspec
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel

from hippocampus.topics import CHANNEL_IDS

MAGIC: Final = b"\x89MCAP0\r\n"
MAX_CHUNK_BYTES: Final = 256 * 1024 * 1024
"""No chunk may unpack to more: a flipped bit must not ask for all the memory there is."""
_RECORD: Final = struct.Struct("<BQ")
_MESSAGE: Final = struct.Struct("<HIQQ")
_CHUNK: Final = struct.Struct("<QQQII")
"""First and last time, size and CRC of the unpacked content, length of the compression's name."""
_LENGTH: Final = struct.Struct("<Q")
_INDEX: Final = struct.Struct("<HI")
_CRC: Final = struct.Struct("<I")
_FOOTER: Final = struct.Struct("<BQQQI")
_CHUNK_NAME: Final = _CRC.pack(4) + b"zstd"
_CHUNK_NAME_AT: Final = _RECORD.size + _CHUNK.size - _CRC.size
_READ_BYTES: Final = 16 * 1024
_BESIDE_CHUNKS: Final = frozenset(
    {Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE, Opcode.ATTACHMENT, Opcode.METADATA}
)
"""What other writers put outside of chunks; ours does not."""


class RawMessage(msgspec.Struct, frozen=True, gc=False):
    """One message as it stands in the file.

    A struct that the garbage collector passes over: a day has millions of them, and none can be
    part of a cycle.
    """

    topic: str
    log_time_ns: int
    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Something lost: where in the file, and what, in words for a person."""

    offset: int
    text: str
    torn: bool = False
    """True: only the end is missing, as in a file that is being written."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    size: int
    crc: int
    compression: bytes
    data: memoryview
    whole: bool


def messages(content: bytes) -> Iterator[RawMessage | Damage]:
    """Every whole message of a file, in its order, and what was lost.

    A file without an end gives ``Damage``.
    """
    view = memoryview(content)
    channels = {channel_id: name for name, channel_id in CHANNEL_IDS.items()}
    if not content.startswith(MAGIC):
        yield Damage(0, "no MCAP magic at the start", torn=MAGIC.startswith(content))
    position = len(MAGIC)
    while position < len(content):
        opcode, end = _record_at(view, position)
        if end is None:
            following = _next_chunk(view, position + 1)
            torn = _chunk_at(view, position) if following == len(content) else None
            if torn is not None:
                yield from _chunk_messages(torn, position, channels)
            else:
                text = f"{following - position} unreadable bytes"
                yield Damage(position, text, torn=following == len(content))
            position = following
            continue
        if opcode == Opcode.CHUNK:
            chunk = _chunk_at(view, position)
            assert chunk is not None
            yield from _chunk_messages(chunk, position, channels)
        elif opcode == Opcode.DATA_END:
            yield from _check_end(view, position, end)
            return
        else:
            yield from _inner(view[position:end], position, channels)
        position = end
    yield Damage(len(content), "no end: the writing was cut off", torn=True)


def chunk_times(content: bytes) -> Iterator[tuple[int, int]]:
    """First and last time, ns, of every chunk whose head can be read; nothing is unpacked."""
    view = memoryview(content)
    position = min(len(MAGIC), len(content))
    while position < len(content):
        _, end = _record_at(view, position)
        following = _next_chunk(view, position + 1) if end is None else end
        chunk = position + _RECORD.size
        if view[position] == Opcode.CHUNK and chunk + _CHUNK.size <= len(view):
            first_ns, last_ns, size, *_ = _CHUNK.unpack_from(view, chunk)
            if size:
                yield first_ns, last_ns
        position = following


def whole_end(content: bytes) -> int:
    """Where the last whole record of the data ends; for who follows a growing file."""
    view = memoryview(content)
    position = min(len(MAGIC), len(content))
    while position < len(content):
        _, end = _record_at(view, position)
        if end is None:
            break
        position = end
    return position


def sealed(content: bytes) -> bool:
    """Whether the file was closed: it ends as an MCAP file ends."""
    return len(content) > len(MAGIC) and content.endswith(MAGIC)


def _record_at(view: memoryview, position: int) -> tuple[int, int | None]:
    """Opcode and end of the record at ``position``; no end when it is torn or makes no sense."""
    start = position + _RECORD.size
    if start > len(view):
        return 0, None
    opcode, length = _RECORD.unpack_from(view, position)
    end = start + length
    if end > len(view):
        return opcode, None
    if opcode == Opcode.CHUNK:
        chunk = _chunk_at(view, position)
        sound = chunk is not None and chunk.whole
    elif opcode == Opcode.MESSAGE_INDEX:
        sound = length >= _INDEX.size and (
            _INDEX.unpack_from(view, start)[1] == length - _INDEX.size
        )
    elif opcode == Opcode.DATA_END:
        sound = length == _CRC.size
    elif opcode == Opcode.HEADER:
        sound = position == len(MAGIC) and _two_texts(view[start:end])
    else:
        sound = opcode in _BESIDE_CHUNKS
    return opcode, end if sound else None


def _two_texts(content: memoryview) -> bool:
    """Whether the content is two prefixed strings and nothing else, as an MCAP header is."""
    position = 0
    for _ in range(2):
        if position + _CRC.size > len(content):
            return False
        position += _CRC.size + _CRC.unpack_from(content, position)[0]
    return position == len(content)


def _chunk_at(view: memoryview, position: int) -> _Chunk | None:
    """The chunk at ``position``, whole or torn by the end of the file; None when it is none."""
    start = position + _RECORD.size
    if start + _CHUNK.size > len(view) or view[position] != Opcode.CHUNK:
        return None
    _, length = _RECORD.unpack_from(view, position)
    _, _, size, crc, name_length = _CHUNK.unpack_from(view, start)
    name_at = start + _CHUNK.size
    data_at = name_at + name_length + _LENGTH.size
    if data_at > len(view):
        return None
    (data_length,) = _LENGTH.unpack_from(view, data_at - _LENGTH.size)
    end = data_at + data_length
    if end != start + length:
        return None
    return _Chunk(
        size=size,
        crc=crc,
        compression=bytes(view[name_at : name_at + name_length]),
        data=view[data_at : min(end, len(view))],
        whole=end <= len(view),
    )


def _next_chunk(view: memoryview, start: int) -> int:
    """Where the next chunk begins at or behind ``start``; the end of the file when none does."""
    content = view.obj
    assert isinstance(content, bytes)
    found = content.find(_CHUNK_NAME, start + _CHUNK_NAME_AT)
    while found >= 0:
        position = found - _CHUNK_NAME_AT
        if _chunk_at(view, position) is not None:
            return position
        found = content.find(_CHUNK_NAME, found + 1)
    return len(view)


def _chunk_messages(
    chunk: _Chunk, offset: int, channels: dict[int, str]
) -> Iterator[RawMessage | Damage]:
    content = _unpack(chunk)
    if len(content) == chunk.size and chunk.crc in (0, zlib.crc32(content)):
        yield from _inner(memoryview(content), offset, channels)
    elif chunk.whole:
        yield Damage(offset, f"a chunk of {chunk.size} bytes does not match its CRC")
    else:
        whole = whole_end(MAGIC + content) - len(MAGIC)
        yield from _inner(memoryview(content)[:whole], offset, channels)
        text = f"a torn chunk: {whole} of {chunk.size} bytes could be read"
        yield Damage(offset, text, torn=True)


def _unpack(chunk: _Chunk) -> bytes:
    """As much of the chunk's content as can be had, at most what it claims to hold."""
    limit = min(chunk.size, MAX_CHUNK_BYTES)
    if chunk.compression == b"":
        return bytes(chunk.data[:limit])
    if chunk.compression != b"zstd":
        return b""
    parts = []
    with zstandard.ZstdDecompressor().stream_reader(chunk.data) as reader:
        try:
            while limit > 0 and (part := reader.read(min(limit, _READ_BYTES))):
                parts.append(part)
                limit -= len(part)
        except zstandard.ZstdError:
            # The rest does not unpack; what came before it stands.
            pass
    return b"".join(parts)


def _inner(
    view: memoryview, offset: int, channels: dict[int, str]
) -> Iterator[RawMessage | Damage]:
    """Messages among whole records; channels that are declared on the way are learnt."""
    position = 0
    while position + _RECORD.size <= len(view):
        opcode, length = _RECORD.unpack_from(view, position)
        start = position + _RECORD.size
        position = start + length
        if opcode == Opcode.MESSAGE and length >= _MESSAGE.size and position <= len(view):
            channel_id, sequence, log_time_ns, _ = _MESSAGE.unpack_from(view, start)
            data = bytes(view[start + _MESSAGE.size : position])
            topic = channels.get(channel_id)
            if topic is None:
                yield Damage(offset, f"a message of the unknown channel {channel_id}")
            else:
                yield RawMessage(topic, log_time_ns, sequence, data)
        elif opcode == Opcode.CHANNEL:
            try:
                channel = Channel.read(ReadDataStream(BytesIO(view[start:position])))
                channels[channel.id] = channel.topic
            except (McapError, struct.error, UnicodeDecodeError):
                yield Damage(offset, "an unreadable channel")
    if position != len(view):
        yield Damage(offset, "records that do not fit their chunk")


def _check_end(view: memoryview, position: int, end: int) -> Iterator[Damage]:
    """The CRCs over the data and over the index, and the magic at the end."""
    (data_crc,) = _CRC.unpack_from(view, end - _CRC.size)
    if data_crc not in (0, zlib.crc32(view[:position])):
        yield Damage(position, "the data does not match its CRC")
    footer_at = len(view) - len(MAGIC) - _FOOTER.size
    if footer_at < end or bytes(view[-len(MAGIC) :]) != MAGIC:
        yield Damage(end, "no end: the index was cut off", torn=True)
        return
    opcode, _, summary_start, _, summary_crc = _FOOTER.unpack_from(view, footer_at)
    summary = view[end : footer_at + _FOOTER.size - _CRC.size]
    if opcode != Opcode.FOOTER or summary_start not in (0, end):
        yield Damage(end, "the index is not where the footer says")
    elif summary_crc not in (0, zlib.crc32(summary)):
        yield Damage(end, "the index does not match its CRC")
