"""Frames and tasks as Arrow tables, typed as LeRobotDataset v3.0 has them.

One entry a frame is a scalar column, more are a list of fixed size; text is text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hippocampus.export.arrow_arrays import flat_array, rows_array, text_array
from hippocampus.export.features import Feature, Frames

FILES_A_CHUNK: Final = 1000
_ROWS_A_GROUP: Final = 8192


def data_path(number: int) -> str:
    """Where a data file stands, under the dataset's folder."""
    chunk, file = divmod(number, FILES_A_CHUNK)
    return f"data/chunk-{chunk:03d}/file-{file:03d}.parquet"


def frames_table(features: Sequence[Feature], frames: Frames) -> pa.Table:
    """Frames with one column for each feature."""
    return pa.table({feature.name: _column(feature, frames) for feature in features})


def write_frames(table: pa.Table, path: Path) -> None:
    """Write a data file. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    repetitive = [
        field.name
        for field in table.schema
        if not pa.types.is_fixed_size_list(field.type) and not pa.types.is_boolean(field.type)
    ]
    pq.write_table(
        table,
        path,
        compression="snappy",
        use_dictionary=[name for name in repetitive if name not in {"index", "time.mono_ns"}],
        row_group_size=_ROWS_A_GROUP,
        write_statistics=False,
    )


def tasks_table(tasks: Sequence[str]) -> pa.Table:
    """meta/tasks.parquet: numbers, with the text as the index that pandas would write.

    Without the "pandas" metadata public readers load the table and take the number for the text.
    """
    index = {"name": "task", "field_name": "task", "pandas_type": "unicode"}
    number = {"name": "task_index", "field_name": "task_index", "pandas_type": "int64"}
    level = {"name": None, "field_name": None, "pandas_type": "unicode"}
    metadata = {
        "index_columns": ["task"],
        "column_indexes": [level | {"numpy_type": "object", "metadata": {"encoding": "UTF-8"}}],
        "columns": [
            number | {"numpy_type": "int64", "metadata": None},
            index | {"numpy_type": "object", "metadata": None},
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.0.0",
    }
    schema = pa.schema(
        [("task_index", pa.int64()), ("task", pa.string())],
        metadata={"pandas": json.dumps(metadata)},
    )
    return pa.table([flat_array(np.arange(len(tasks))), text_array(tasks)], schema=schema)


def _column(feature: Feature, frames: Frames) -> pa.Array:
    values = frames[feature.name]
    return text_array(values.tolist()) if feature.dtype == "string" else rows_array(values)
