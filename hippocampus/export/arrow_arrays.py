"""Numpy arrays as Arrow arrays that lie on the same memory.

``pyarrow.array`` asks of every array whether it is one of pandas, and imports that for the
question; it then looks for what is null. Here both are known: what is not there is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def flat_array(values: NDArray[Any], present: NDArray[np.bool_] | None = None) -> pa.Array:
    """``values`` [n], null where they are not ``present`` [n]; None: all are."""
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, values.size, [_bits(present), _content(values)])


def list_array(
    values: NDArray[Any], lengths: NDArray[np.int64], present: NDArray[np.bool_] | None = None
) -> pa.Array:
    """Lists of ``lengths`` [n] whose entries stand one after the other in ``values``."""
    offsets = np.zeros(lengths.size + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    entries = flat_array(values)
    kind = pa.list_(pa.field("element", entries.type, nullable=False))
    buffers = [_bits(present), pa.py_buffer(offsets)]
    return pa.Array.from_buffers(kind, lengths.size, buffers, children=[entries])


def rows_array(values: NDArray[Any]) -> pa.Array:
    """``values`` [n, width] as lists of fixed size; of width 1 as scalars."""
    entries = flat_array(values.reshape(-1))
    width = values.shape[1]
    return entries if width == 1 else pa.FixedSizeListArray.from_arrays(entries, width)


def bytes_array(items: Sequence[bytes]) -> pa.Array:
    """Binary [n]."""
    return _packed(items, pa.binary())


def text_array(texts: Sequence[str]) -> pa.Array:
    """Text [n]."""
    return _packed([text.encode() for text in texts], pa.string())


def _packed(items: Sequence[bytes], kind: pa.DataType) -> pa.Array:
    offsets = np.zeros(len(items) + 1, dtype=np.int32)
    np.cumsum(np.fromiter(map(len, items), dtype=np.int64, count=len(items)), out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(items))]
    return pa.Array.from_buffers(kind, len(items), buffers)


def _content(values: NDArray[Any]) -> pa.Buffer:
    if values.dtype == np.bool_:
        return pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.py_buffer(np.ascontiguousarray(values))


def _bits(present: NDArray[np.bool_] | None) -> pa.Buffer | None:
    return None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
