"""Frames and episodes as Arrow tables, typed as LeRobotDataset v3.0 has them.

One entry a frame is a scalar column, more are a list of fixed size; text is text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hippocampus.export.features import Feature, Frames
from hippocampus.export.leg import Exported
from hippocampus.export.statistics import MOMENTS

FILES_A_CHUNK: Final = 1000
_ROWS_A_GROUP: Final = 8192


def data_path(number: int) -> str:
    """Where a data file stands, under the dataset's folder."""
    chunk, file = divmod(number, FILES_A_CHUNK)
    return f"data/chunk-{chunk:03d}/file-{file:03d}.parquet"


def episodes_path(number: int) -> str:
    """Where the episodes of a data file stand, under the dataset's folder."""
    chunk, file = divmod(number, FILES_A_CHUNK)
    return f"meta/episodes/chunk-{chunk:03d}/file-{file:03d}.parquet"


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


def episodes_table(exported: Exported) -> pa.Table:
    """The lines of meta/episodes for the episodes of a leg, with the statistics of each."""
    count = len(exported.episodes)
    chunk, file = divmod(exported.before.data_files, FILES_A_CHUNK)
    begins = exported.before.frames + exported.first_frames
    ends = np.append(begins[1:], exported.after.frames)
    session = exported.frames["log.session"][exported.first_frames, 0]
    table: dict[str, Any] = {
        "episode_index": exported.before.episodes + np.arange(count),
        "tasks": pa.array([[episode.task] for episode in exported.episodes], _TEXTS),
        "length": ends - begins,
        "data/chunk_index": np.full(count, chunk),
        "data/file_index": np.full(count, file),
        "dataset_from_index": begins,
        "dataset_to_index": ends,
        "meta/episodes/chunk_index": np.full(count, chunk),
        "meta/episodes/file_index": np.full(count, file),
        "ember/session": session,
        "ember/first_tick": exported.first_ticks,
        "ember/begun_by": pa.array([e.begun_by for e in exported.episodes], pa.string()),
    }
    for name, moments in exported.moments.items():
        for kind in MOMENTS:
            table[f"stats/{name}/{kind}"] = _lists(getattr(moments, kind))
    return pa.table(table)


def write_episodes(table: pa.Table, path: Path) -> None:
    """Write a file of episodes. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, use_dictionary=False, write_statistics=False)


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
    return pa.table([pa.array(range(len(tasks)), pa.int64()), list(tasks)], schema=schema)


_TEXTS: Final = pa.list_(pa.string())


def _column(feature: Feature, frames: Frames) -> pa.Array:
    values = frames[feature.name]
    if feature.dtype == "string":
        return pa.array(values, pa.string())
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    return flat if feature.width == 1 else pa.FixedSizeListArray.from_arrays(flat, feature.width)


def _lists(values: np.ndarray[Any, np.dtype[Any]]) -> pa.Array:
    """[episodes, entries] or [episodes] as a list column."""
    width = 1 if values.ndim == 1 else values.shape[1]
    offsets = np.arange(0, values.size + 1, width, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))
