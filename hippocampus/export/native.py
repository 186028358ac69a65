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
from hippocampus.export.wire_columns import Column, Columns
from hippocampus.reader import TicksDigest
from hippocampus.salvage import RawMessage
from hippocampus.tick_record import TickRecord

COMPRESSION: Final = "zstd"
COMPRESSION_LEVEL: Final = 1
NATIVE_FOLDER: Final = "native"
_DICTIONARY_SHARE: Final = 0.05
"""A column with fewer different values than this share of its entries is stored as a dictionary."""
_SAMPLED: Final = 256
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
    arrays = (
        pa.array([item.topic for item in beside], pa.string()).dictionary_encode(),
        [item.log_time_ns for item in beside],
        [item.sequence for item in beside],
        [item.data for item in beside],
    )
    return pa.table(
        [
            pa.array(array, field.type) if isinstance(array, list) else array.cast(field.type)
            for array, field in zip(arrays, _RECORDS_SCHEMA, strict=True)
        ],
        schema=_RECORDS_SCHEMA,
    )


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as one row group. Raises ``OSError``."""
    pq.write_table(
        table,
        path,
        compression=COMPRESSION,
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=_repetitive(table),
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
        for batch in file.iter_batches(batch_size=_SAMPLED):
            for row in batch.to_pylist():
                yield _message(row).SerializeToString(deterministic=True)


def native_digest(folder: Path) -> str:
    """The digest over every tick of a sidecar, as ``Log.ticks_digest`` is over the log's."""
    digest = TicksDigest()
    for data in native_tick_bytes(folder):
        digest.add(data)
    return digest.hex()


def _array(column: Column) -> pa.Array:
    absent = None if column.present.all() else ~column.present
    if column.lengths is None:
        return pa.array(column.values, mask=absent)
    offsets = np.concatenate(([0], np.cumsum(column.lengths))).astype(np.int32)
    mask = None if absent is None else pa.array(absent)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(column.values), mask=mask)


def _repetitive(table: pa.Table) -> list[str]:
    """Columns for which a dictionary pays, by their first entries."""
    names = []
    for field in table.schema:
        entries = table[field.name].slice(0, _SAMPLED).combine_chunks()
        if pa.types.is_list(field.type) or pa.types.is_fixed_size_list(field.type):
            entries = entries.flatten().slice(0, _SAMPLED)
            name = f"{field.name}.list.element"
        else:
            name = field.name
        if pa.types.is_boolean(entries.type) or len(entries) == 0:
            continue
        if len(entries.unique()) <= max(1, _DICTIONARY_SHARE * len(entries)):
            names.append(name)
    return names


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
