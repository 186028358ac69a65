"""Marks planted in what a robot keeps, and the search for them: as they stand, and unpacked."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import zstandard

_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_MOST_BYTES: Final = 256 << 20


def number_mark(number: float) -> bytes:
    """The eight bytes of a float64, as protobuf and arrays have it."""
    return struct.pack("<d", number)


def holding(root: Path, marks: Iterable[bytes]) -> list[Path]:
    """Every file under ``root`` that has a mark in its bytes or in anything zstd packed in it."""
    wanted = tuple(marks)
    return [path for path in sorted(root.rglob("*")) if path.is_file() and _holds(path, wanted)]


def _holds(path: Path, marks: tuple[bytes, ...]) -> bool:
    content = path.read_bytes()
    if any(mark in content for mark in marks):
        return True
    at = content.find(_ZSTD_MAGIC)
    while at >= 0:
        unpacked = _unpacked(content[at:])
        if any(mark in unpacked for mark in marks):
            return True
        at = content.find(_ZSTD_MAGIC, at + 1)
    return False


def _unpacked(content: bytes) -> bytes:
    """What can be unpacked from here on, also where the end is missing."""
    parts = []
    try:
        with zstandard.ZstdDecompressor().stream_reader(content) as reader:
            while part := reader.read(1 << 20):
                parts.append(part)
                if sum(map(len, parts)) > _MOST_BYTES:
                    break
    except zstandard.ZstdError:
        pass
    return b"".join(parts)
