"""Checks of meta/tasks.parquet and meta/episodes: names, numbers and bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hippocampus.dataset_check.declared import INFO, Declared
from hippocampus.dataset_check.defect import Defect

TASKS: Final = "meta/tasks.parquet"
EPISODES: Final = "meta/episodes"
_BOUNDS: Final = ("episode_index", "dataset_from_index", "dataset_to_index")
_PLACE: Final = ("data/chunk_index", "data/file_index")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which frames belong to which episode, and in which file they stand."""

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    files: tuple[str, ...]
    """Every data file that an episode names, in their order."""


def unreadable(root: Path, path: Path, error: Exception) -> Defect:
    """A Parquet file that is missing or torn."""
    name = path.relative_to(root).as_posix()
    if not path.exists():
        return Defect(name, "", None, "no such file", "a Parquet file")
    size = path.stat().st_size
    told = " ".join(str(error).split()).partition(".")[0]
    return Defect(name, "", None, f"{size} bytes that cannot be read ({told})", "a Parquet file")


def read_tasks(root: Path, declared: Declared) -> tuple[int | None, list[Defect]]:
    """How many tasks there are, None when that cannot be told."""
    try:
        table = pq.read_table(root / TASKS)
    except (OSError, pa.ArrowException) as error:
        return None, [unreadable(root, root / TASKS, error)]
    return table.num_rows, [*_task_faults(table, declared)]


def _task_faults(table: pa.Table, declared: Declared) -> Iterator[Defect]:
    total = declared.totals["total_tasks"]
    if total != table.num_rows:
        yield Defect(INFO, "total_tasks", None, repr(total), f"{table.num_rows}, as in {TASKS}")
    for name, right in (("task_index", pa.types.is_integer), ("task", _is_text)):
        if name not in table.schema.names:
            yield Defect(TASKS, name, None, "no such column", f"a column {name}")
        elif not right(table.schema.field(name).type):
            kind = "text" if name == "task" else "integers"
            yield Defect(TASKS, name, None, str(table.schema.field(name).type), kind)
    if "task" in table.schema.names and _is_text(table.schema.field("task").type):
        if "task" not in _pandas_index(table.schema):
            told = "a plain column: loaders give the task as a number"
            yield Defect(TASKS, "task", None, told, "the index of a pandas table")
        for row, task in enumerate(table["task"].to_pylist()):
            if not task:
                yield Defect(TASKS, "task", row, repr(task), "a text")
    if "task_index" in table.schema.names:
        for row, number in enumerate(table["task_index"].to_pylist()):
            if number != row:
                yield Defect(TASKS, "task_index", row, repr(number), str(row))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _pandas_index(schema: pa.Schema) -> list[Any]:
    metadata = (schema.metadata or {}).get(b"pandas")
    if metadata is None:
        return []
    try:
        found = json.loads(metadata)
    except ValueError:
        return []
    index = found.get("index_columns", []) if isinstance(found, dict) else []
    columns = found.get("columns", []) if isinstance(found, dict) else []
    names = {entry.get("field_name"): entry.get("name") for entry in columns}
    return [names.get(name, name) for name in index if isinstance(name, str)]


def read_bounds(root: Path, declared: Declared) -> tuple[Bounds | None, list[Defect]]:
    """The bounds of every episode, None when they cannot be told."""
    paths = sorted((root / EPISODES).glob("*/*.parquet"))
    if not paths:
        missing = f"{EPISODES}/chunk-000/file-000.parquet"
        return None, [Defect(missing, "", None, "no such file", "the table of episodes")]
    wanted = (*_BOUNDS, "length", *_PLACE)
    tables = []
    for path in paths:
        try:
            file = pq.ParquetFile(path)
            tables.append(file.read([name for name in wanted if name in file.schema_arrow.names]))
        except (OSError, pa.ArrowException) as error:
            return None, [unreadable(root, path, error)]
    table = pa.concat_tables(tables, promote_options="default")
    name = paths[0].relative_to(root).as_posix()
    lacking = [
        Defect(name, column, None, "no such column", f"integers in {column}")
        for column in _BOUNDS
        if column not in table.schema.names or not pa.types.is_integer(table[column].type)
    ]
    if lacking:
        return None, lacking
    lists = {column: table[column].to_pylist() for column in table.schema.names}
    nulls = [
        Defect(EPISODES, column, values.index(None), "nothing", "a number")
        for column, values in lists.items()
        if None in values
    ]
    if nulls:
        return None, nulls
    begin, end = (np.array(lists[column], dtype=np.int64) for column in _BOUNDS[1:])
    places = zip(*(lists[column] for column in _PLACE), strict=True) if _placed(lists) else ()
    files = tuple(
        declared.data_path.format(chunk_index=chunk, file_index=file)
        for chunk, file in dict.fromkeys(places)
    )
    names = [path.relative_to(root).as_posix() for path in paths]
    sizes = [part.num_rows for part in tables]
    faults = [_in_file(fault, names, sizes) for fault in _bound_faults(name, lists, declared)]
    return Bounds(begin, end, files), faults


def _in_file(fault: Defect, names: list[str], sizes: list[int]) -> Defect:
    """The fault with the file that holds its row, and the row's number in there."""
    if fault.row is None:
        return fault
    row = fault.row
    for name, size in zip(names, sizes, strict=True):
        if row < size:
            return replace(fault, file=name, row=row)
        row -= size
    raise AssertionError("the row is in one of the files")


def _placed(lists: dict[str, list[Any]]) -> bool:
    return all(column in lists for column in _PLACE)


def _bound_faults(name: str, lists: dict[str, list[Any]], declared: Declared) -> Iterator[Defect]:
    numbers, begins, ends = (lists[column] for column in _BOUNDS)
    expected = 0
    for row, (number, begin, end) in enumerate(zip(numbers, begins, ends, strict=True)):
        if number != row:
            yield Defect(name, "episode_index", row, str(number), str(row))
        if begin != expected:
            what = "overlaps the one before" if begin < expected else "leaves frames out"
            yield Defect(name, "dataset_from_index", row, f"{begin} ({what})", str(expected))
        if end <= begin:
            yield Defect(name, "dataset_to_index", row, str(end), f"more than {begin}")
        if "length" in lists and lists["length"][row] != end - begin:
            yield Defect(name, "length", row, str(lists["length"][row]), str(end - begin))
        expected = end
    for total, found in (("total_episodes", len(numbers)), ("total_frames", expected)):
        if declared.totals[total] != found:
            told = repr(declared.totals[total])
            yield Defect(INFO, total, None, told, f"{found}, as in {EPISODES}")
