"""Many protobuf messages of one kind into columns, all rows at once.

A message object for each tick costs more than everything else that an export does. The bytes of
a log's ticks are canonical, though (``hippocampus.codec``): fields in the order of their numbers,
lists packed. So the fields of all rows can be read side by side, one after the other: does the
next tag say this field, and what stands behind it. Rows of another writer, which do not fit, are
made canonical by protobuf itself first.

Wire format: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import numpy as np
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from numpy.typing import NDArray

Offsets: TypeAlias = NDArray[np.int64]

_LONGEST_VARINT: Final = 10
_PADDING: Final = 2 * _LONGEST_VARINT
"""Zero bytes behind the content, so that a look at the next tag never leaves the buffer."""
_MORE: Final = 0x80
_BITS: Final = 0x7F
_BITS_A_BYTE: Final = 7
_DOUBLE_BYTES: Final = 8
_WIRE_VARINT, _WIRE_DOUBLE, _WIRE_LENGTH = 0, 1, 2
_ONE_BYTE_TAGS: Final = 16
_F: Final = FieldDescriptor
_LENGTH_AHEAD: Final = (_F.TYPE_MESSAGE, _F.TYPE_STRING, _F.TYPE_BYTES)
_VARINTS: Final[dict[int, type[np.generic]]] = {
    _F.TYPE_INT64: np.int64,
    _F.TYPE_SINT64: np.int64,
    _F.TYPE_INT32: np.int64,
    _F.TYPE_ENUM: np.int64,
    _F.TYPE_UINT32: np.uint64,
    _F.TYPE_UINT64: np.uint64,
    _F.TYPE_BOOL: np.bool_,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of every row.

    ``values`` has one entry a row, or for a list those of all rows one after the other; then
    ``lengths`` has each row's share. ``present``: the message that the field belongs to is there;
    where it is not, the value is 0 and a list is empty.
    """

    values: NDArray[Any]
    present: NDArray[np.bool_]
    lengths: NDArray[np.int64] | None = None

    def matrix(self, width: int) -> NDArray[Any]:
        """A list column as [rows, ``width``]: cut there, filled up with zeros."""
        assert self.lengths is not None
        rows = self.lengths.size
        if self.values.size == rows * width and np.all(self.lengths == width):
            return self.values.reshape(rows, width)
        out = np.zeros((rows, width), dtype=self.values.dtype)
        inside = np.arange(width) < self.lengths[:, None]
        starts = np.cumsum(self.lengths) - self.lengths
        at = starts[:, None] + np.arange(width)
        out[inside] = self.values[at[inside]]
        return out


Columns: TypeAlias = dict[str, Column]
"""By path, as ``sense.imu.gyroscope_rad_s``; the order is that of the fields' numbers."""


def decode_columns(
    kind: type[Message], rows: list[bytes], opaque: frozenset[str] = frozenset()
) -> tuple[Columns, NDArray[np.bool_]]:
    """The fields of all rows, and which rows could be read (the others are not in the columns).

    Of a field whose path is in ``opaque`` (text, bytes, messages) only whether it is there is
    told. Raises ``TypeError`` when another field is text, bytes, or a list of messages.
    """
    walk = _Walk(rows, opaque)
    walk.message(cast(Descriptor, kind.DESCRIPTOR), "")
    if not walk.odd.any():
        return walk.columns, np.ones(len(rows), dtype=np.bool_)
    readable = np.ones(len(rows), dtype=np.bool_)
    for row in np.flatnonzero(walk.odd).tolist():
        canonical = _canonical(kind, rows[row])
        readable[row] = canonical is not None
        rows[row] = canonical or b""
    walk = _Walk([row for row, kept in zip(rows, readable, strict=True) if kept], opaque)
    walk.message(cast(Descriptor, kind.DESCRIPTOR), "")
    assert not walk.odd.any()
    return walk.columns, readable


def _canonical(kind: type[Message], data: bytes) -> bytes | None:
    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None
    message.DiscardUnknownFields()
    return message.SerializeToString(deterministic=True)


class _Walk:
    """The state of one pass: where each row stands."""

    def __init__(self, rows: list[bytes], opaque: frozenset[str]) -> None:
        self._opaque = opaque
        content = b"".join((*rows, bytes(_PADDING)))
        self.columns: Columns = {}
        self.odd = np.zeros(len(rows), dtype=np.bool_)
        self._content = content
        self._bytes = np.frombuffer(content, dtype=np.uint8)
        sizes = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        self._end = np.cumsum(sizes)
        self._begin = self._end - sizes

    def message(self, descriptor: Descriptor, prefix: str) -> None:
        """Read every row as a message of this kind."""
        self._message(descriptor, prefix, np.arange(self.odd.size), self._begin, self._end)

    def _message(
        self, descriptor: Descriptor, prefix: str, rows: Offsets, begin: Offsets, end: Offsets
    ) -> None:
        """Read the messages of ``rows`` that stand from ``begin`` to ``end``."""
        present = np.zeros(self.odd.size, dtype=np.bool_)
        present[rows] = True
        position = begin.copy()
        for field in sorted(descriptor.fields, key=lambda field: field.number):
            path = f"{prefix}{field.name}"
            if path in self._opaque:
                self.columns[path] = Column(self._passed(field, rows, position, end), present)
                continue
            hit, behind = self._tagged(field, position, end)
            if field.type == _F.TYPE_MESSAGE and not field.is_repeated:
                start, stop = self._span(rows[hit], behind, end[hit])
                self._message(
                    cast(Descriptor, field.message_type), f"{path}.", rows[hit], start, stop
                )
                position[hit] = stop
            elif field.is_repeated:
                start, stop = self._span(rows[hit], behind, end[hit])
                self._list(field, path, present, rows[hit], start, stop)
                position[hit] = stop
            else:
                values, position[hit] = self._scalars(field, behind)
                column = np.zeros(self.odd.size, dtype=values.dtype)
                column[rows[hit]] = values
                self.columns[path] = Column(column, present)
        self.odd[rows[position != end]] = True

    def _passed(
        self, field: FieldDescriptor, rows: Offsets, position: Offsets, end: Offsets
    ) -> NDArray[np.bool_]:
        """Step over a field, however often it is there; for each row whether it was."""
        there = np.zeros(self.odd.size, dtype=np.bool_)
        while True:
            hit, behind = self._tagged(field, position, end)
            if behind.size == 0:
                return there
            there[rows[hit]] = True
            _, position[hit] = self._span(rows[hit], behind, end[hit])

    def _tagged(
        self, field: FieldDescriptor, position: Offsets, end: Offsets
    ) -> tuple[Offsets | slice, Offsets]:
        """Which rows have the field next, and where what stands behind its tag begins."""
        length_ahead = field.is_repeated or field.type in _LENGTH_AHEAD
        wire = _WIRE_DOUBLE if field.type == _F.TYPE_DOUBLE else _WIRE_VARINT
        tag = field.number << 3 | (_WIRE_LENGTH if length_ahead else wire)
        size = 1 if field.number < _ONE_BYTE_TAGS else 2
        first = tag if size == 1 else tag & _BITS | _MORE
        is_next = (position < end) & (self._bytes[position] == first)
        if size == 2:
            is_next &= self._bytes[position + 1] == tag >> _BITS_A_BYTE
        if is_next.all():
            return slice(None), position + size
        hit = np.flatnonzero(is_next)
        return hit, position[hit] + size

    def _span(self, rows: Offsets, at: Offsets, end: Offsets) -> tuple[Offsets, Offsets]:
        """Begin and end of contents whose lengths stand at ``at``."""
        lengths, start = self._varints(at)
        stop = start + np.minimum(lengths, np.uint64(self._bytes.size)).astype(np.int64)
        self.odd[rows[stop > end]] = True
        return np.minimum(start, end), np.minimum(stop, end)

    def _scalars(self, field: FieldDescriptor, at: Offsets) -> tuple[NDArray[Any], Offsets]:
        if field.type == _F.TYPE_DOUBLE:
            return self._doubles_at(at, 1).reshape(-1), at + _DOUBLE_BYTES
        raw, behind = self._varints(at)
        return _typed(field, raw), behind

    def _list(
        self,
        field: FieldDescriptor,
        path: str,
        present: NDArray[np.bool_],
        rows: Offsets,
        start: Offsets,
        stop: Offsets,
    ) -> None:
        """Read packed lists."""
        lengths = np.zeros(self.odd.size, dtype=np.int64)
        if field.type == _F.TYPE_DOUBLE:
            sizes = stop - start
            self.odd[rows[sizes % _DOUBLE_BYTES != 0]] = True
            lengths[rows] = sizes // _DOUBLE_BYTES
            values: NDArray[Any] = self._double_lists(start, lengths[rows])
        else:
            raw, lengths[rows] = self._varint_lists(start, stop)
            values = _typed(field, raw)
        self.columns[path] = Column(values, present, lengths)

    def _double_lists(self, start: Offsets, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        if lengths.size == 0:
            return np.zeros(0)
        width = int(lengths[0])
        if np.all(lengths == width):
            return self._doubles_at(start, width).reshape(-1)
        return np.concatenate(
            [
                np.frombuffer(self._content, "<f8", int(count), int(at))
                for at, count in zip(start, lengths, strict=True)
            ]
        )

    def _doubles_at(self, at: Offsets, width: int) -> NDArray[np.float64]:
        """``width`` doubles from each place; [places, width]."""
        size = width * _DOUBLE_BYTES
        if size == 0 or at.size == 0:
            return np.zeros((at.size, width))
        last = self._bytes.size - size
        if int(at.max()) > last:  # only a row that is odd can ask for more than there is
            at = np.minimum(at, max(last, 0))
        places = max(last, 0) + 1
        # Every place of the buffer as if a block of doubles began there: no copy is made of it.
        blocks = np.ndarray((places,), dtype=f"V{size}", buffer=self._content, strides=(1,))
        return blocks[at].view("<f8").reshape(at.size, width)

    def _varints(self, at: Offsets) -> tuple[NDArray[np.uint64], Offsets]:
        """One number from each place, and where what follows it begins."""
        last = self._bytes.size - 1
        byte = self._bytes[at]
        value = (byte & _BITS).astype(np.uint64)
        behind = at + 1
        more = np.flatnonzero(byte >= _MORE)
        for number in range(1, _LONGEST_VARINT):
            if more.size == 0:
                break
            byte = self._bytes[np.minimum(behind[more], last)]
            shift = np.uint64(number * _BITS_A_BYTE)
            value[more] |= (byte & _BITS).astype(np.uint64) << shift
            behind[more] += 1
            more = more[byte >= _MORE]
        return value, np.minimum(behind, last)

    def _varint_lists(
        self, start: Offsets, stop: Offsets
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The numbers of all packed lists one after the other, and how many each list has."""
        sizes = stop - start
        total = int(sizes.sum())
        if total == 0:
            return np.zeros(0, dtype=np.uint64), np.zeros(sizes.size, dtype=np.int64)
        before = np.cumsum(sizes) - sizes
        at = np.arange(total) + np.repeat(start - before, sizes)
        ends_number = self._bytes[at] < _MORE
        counted = np.concatenate(([0], np.cumsum(ends_number)))
        lengths = counted[before + sizes] - counted[before]
        begins = np.concatenate(([True], ends_number[:-1]))
        begins[before[sizes > 0]] = True
        values, _ = self._varints(at[begins])
        return values[: int(lengths.sum())], lengths


def _typed(field: FieldDescriptor, raw: NDArray[np.uint64]) -> NDArray[Any]:
    """Raw varints as the field's type. Raises ``TypeError`` where that is no number."""
    if field.type not in _VARINTS:
        raise TypeError(f"{field.full_name} is neither a number nor a list of numbers")
    if field.type == _F.TYPE_SINT64:
        half = (raw >> np.uint64(1)).astype(np.int64)
        return np.where(raw & np.uint64(1), ~half, half)
    return raw.astype(_VARINTS[field.type])
