"""What ``meta/episodes`` says: the bounds of every episode, its task, and statistics of its own.

A file has the episodes of some neighbouring legs: hundreds of columns are dear in a file for a few
lines, and all of a day's statistics at once would not fit a small computer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hippocampus.export.arrow_arrays import flat_array, text_array
from hippocampus.export.features import Feature
from hippocampus.export.statistics import MOMENTS, Moments
from hippocampus.export.table import FILES_A_CHUNK
from hippocampus.export.work import EpisodeNote

LEGS_A_FILE: Final = 16


@dataclass(frozen=True, slots=True)
class EpisodeLines:
    """Episodes one after the other."""

    first: int
    """Number of the first one."""
    first_frame: int
    """Of the dataset."""
    notes: Sequence[EpisodeNote]
    data_files: NDArray[np.int64]
    """Of each episode."""
    tasks: tuple[str, ...]
    moments: Moments
    """Of each episode, all entries of all features with numbers side by side."""


def episodes_path(number: int) -> str:
    """Where a file of episodes stands, under the dataset's folder."""
    chunk, file = divmod(number, FILES_A_CHUNK)
    return f"meta/episodes/chunk-{chunk:03d}/file-{file:03d}.parquet"


def episodes_table(numeric: Sequence[Feature], number: int, lines: EpisodeLines) -> pa.Table:
    """The lines of the file ``number``; ``numeric`` are the features that statistics are of."""
    count = len(lines.notes)
    chunk, file = divmod(number, FILES_A_CHUNK)
    ends = lines.first_frame + np.cumsum([note.length for note in lines.notes])
    lengths = np.array([note.length for note in lines.notes])
    table: dict[str, pa.Array] = {
        "episode_index": flat_array(lines.first + np.arange(count)),
        "tasks": _lists(text_array([lines.tasks[note.task] for note in lines.notes]), 1),
        "length": flat_array(lengths),
        "data/chunk_index": flat_array(lines.data_files // FILES_A_CHUNK),
        "data/file_index": flat_array(lines.data_files % FILES_A_CHUNK),
        "dataset_from_index": flat_array(ends - lengths),
        "dataset_to_index": flat_array(ends),
        "meta/episodes/chunk_index": flat_array(np.full(count, chunk)),
        "meta/episodes/file_index": flat_array(np.full(count, file)),
        "ember/session": flat_array(np.array([note.session for note in lines.notes])),
        "ember/first_tick": flat_array(np.array([note.first_tick for note in lines.notes])),
        "ember/begun_by": text_array([note.begun_by for note in lines.notes]),
    }
    begin = 0
    for feature in numeric:
        own = lines.moments.of(slice(begin, begin + feature.width))
        begin += feature.width
        for kind in MOMENTS:
            values: NDArray[Any] = getattr(own, kind)
            width = 1 if values.ndim == 1 else feature.width
            name = f"stats/{feature.name}/{kind}"
            table[name] = _lists(flat_array(values.reshape(-1)), width)
    return pa.table(table)


def write_episodes(table: pa.Table, path: Path) -> None:
    """Write a file of episodes. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, use_dictionary=False, write_statistics=False)


def _lists(entries: pa.Array, width: int) -> pa.Array:
    offsets = np.arange(0, len(entries) + 1, width, dtype=np.int32)
    return pa.ListArray.from_arrays(flat_array(offsets), entries)
