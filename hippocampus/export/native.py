"""The sidecar at the log's own rate, which loses nothing.

``native/ticks-NNNNNN.parquet`` has a column for every field of every tick, in float64, with the
paths of ``ember.proto`` as names; a field of a stream that was absent is null.
``native/records-NNNNNN.parquet`` has every other record as the bytes that stood in the log. Ticks
come back from it bit for bit: ``native_ticks`` and the digest say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hippocampus import ember_pb2 as pb
from hippocampus.codec import decode
from hippocampus.export.arrow_arrays import bytes_array, flat_array, list_array, text_array
from hippocampus.export.wire_columns import Column, Columns
from hippocampus.reader import TicksDigest
from hippocampus.salvage import RawMessage
from hippocampus.tick_record import TickRecord
from hippocampus.topics import KIND_OF

NATIVE_FOLDER: Final = "native"
_BATCH_TICKS: Final = 256
_RECORDS_SCHEMA: Final = pa.schema(
    [
        ("topic", pa.dictionary(pa.int8(), pa.string())),
        ("log_time_ns", pa.int64()),
        ("sequence", pa.uint32()),
        ("data", pa.binary()),
    ]
)


def ticks_table(columns: Columns) -> pa.Table:
    """Ticks as a table, one column for each field."""
    return pa.table({path: _array(column) for path, column in columns.items()})


def records_table(beside: Sequence[RawMessage]) -> pa.Table:
    """Every record that is no tick, as it stood in the log."""
    topics = {topic: number for number, topic in enumerate(KIND_OF)}
    of = flat_array(np.array([topics[item.topic] for item in beside], dtype=np.int8))
    arrays = [
        pa.DictionaryArray.from_arrays(of, text_array(list(topics))),
        flat_array(np.array([item.log_time_ns for item in beside], dtype=np.int64)),
        flat_array(np.array([item.sequence for item in beside], dtype=np.uint32)),
        bytes_array([item.data for item in beside]),
    ]
    return pa.table(arrays, schema=_RECORDS_SCHEMA)


def write_ticks(columns: Columns, path: Path) -> None:
    """Write ticks as one row group. Raises ``OSError``.

    Numbers that the world gives do not repeat: no dictionaries, but the first bytes of all of them
    side by side, then the second ones, and so on, which packs well even by a fast codec.
    """
    table = ticks_table(columns)
    pq.write_table(
        table,
        path,
        compression="lz4",
        use_dictionary=False,
        use_byte_stream_split=[name for name in map(_leaf, table.schema) if name is not None],
        row_group_size=max(1, table.num_rows),
        write_statistics=False,
    )


def write_records(beside: Sequence[RawMessage], path: Path) -> None:
    """Write what is no tick as one row group. Raises ``OSError``."""
    table = records_table(beside)
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=1,
        use_dictionary=["topic"],
        row_group_size=max(1, table.num_rows),
        write_statistics=False,
    )


def native_ticks(folder: Path) -> Iterator[TickRecord]:
    """Every tick of a sidecar, as the log had it. Raises ``OSError``."""
    for data in native_tick_bytes(folder):
        record = decode(TickRecord, data)
        assert record is not None
        yield record


def native_tick_bytes(folder: Path) -> Iterator[bytes]:
    """The canonical bytes of every tick of a sidecar."""
    for path in sorted(folder.glob("ticks-*.parquet")):
        file = pq.ParquetFile(path)
        for batch in file.iter_batches(batch_size=_BATCH_TICKS):
            for row in batch.to_pylist():
                yield _message(row).SerializeToString(deterministic=True)


def native_digest(folder: Path) -> str:
    """The digest over every tick of a sidecar, as ``Log.ticks_digest`` is over the log's."""
    digest = TicksDigest()
    for data in native_tick_bytes(folder):
        digest.add(data)
    return digest.hex()


def _array(column: Column) -> pa.Array:
    present = None if column.present.all() else column.present
    if column.lengths is None:
        return flat_array(column.values, present)
    return list_array(column.values, column.lengths, present)


def _leaf(field: pa.Field) -> str | None:
    """Path in the file of a column of floats, None of another."""
    if pa.types.is_list(field.type):
        floats = pa.types.is_floating(field.type.value_type)
        return f"{field.name}.list.element" if floats else None
    return field.name if pa.types.is_floating(field.type) else None


def _message(row: dict[str, Any]) -> pb.TickRecord:
    message = pb.TickRecord()
    for path, value in row.items():
        if value is None:
            continue
        *parents, name = path.split(".")
        part: Any = message
        for parent in parents:
            part = getattr(part, parent)
            part.SetInParent()
        if isinstance(value, list):
            getattr(part, name).extend(value)
        else:
            setattr(part, name, value)
    return message
