"""Checks of the data files: types and shapes, numbers of frames, times, and what is not finite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hippocampus.dataset_check.declared import NUMBERS, PICTURE_TYPES, TEXT_TYPES, Declared
from hippocampus.dataset_check.defect import Defect
from hippocampus.dataset_check.index_tables import Bounds, unreadable
from hippocampus.export.statistics import Moments, group_moments, joined, merged

ROWS_AT_ONCE: Final = 8192
DATA: Final = "data"
_ARROW_NAMES: Final = {"float": "float32", "double": "float64", "halffloat": "float16"}


@dataclass(slots=True)
class Seen:
    """What a pass over the data has found out."""

    frames: int = 0
    moments: dict[str, Moments] = field(default_factory=dict)
    sample: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    sound: set[str] = field(default_factory=set)
    """Features whose columns could be read everywhere."""
    stained: set[str] = field(default_factory=set)
    """Features with numbers that are not finite: they have no statistics."""


def check_data(
    root: Path, declared: Declared, tasks: int | None, bounds: Bounds | None, seen: Seen, step: int
) -> Iterator[Defect]:
    """Go through every data file, in their order; of ``step`` frames one is sampled."""
    paths = sorted((root / DATA).glob("*/*.parquet"))
    seen.sound = set(declared.numeric())
    named = set(bounds.files) if bounds is not None else set()
    for name in sorted(named - {path.relative_to(root).as_posix() for path in paths}):
        yield Defect(name, "", None, "no such file", "the frames of its episodes")
    for path in paths:
        name = path.relative_to(root).as_posix()
        if named and name not in named:
            yield Defect(name, "", None, "a file that no episode names", "no such file")
        try:
            file = pq.ParquetFile(path)
            yield from _schema_faults(name, file.schema_arrow, declared, seen)
            row = 0
            for batch in file.iter_batches(ROWS_AT_ONCE):
                pass_ = _Pass(name, row, declared, tasks, bounds, seen, step)
                yield from pass_.faults(batch)
                row += batch.num_rows
                seen.frames += batch.num_rows
        except (OSError, pa.ArrowException) as error:
            yield unreadable(root, path, error)
            seen.sound = set()


def _schema_faults(
    name: str, schema: pa.Schema, declared: Declared, seen: Seen
) -> Iterator[Defect]:
    stored = {
        key: feature for key, feature in declared.features.items() if feature["dtype"] != "video"
    }
    for key in schema.names:
        if key not in stored:
            yield Defect(name, key, None, "a column that info.json does not declare", "no column")
    for key, feature in stored.items():
        if key not in schema.names:
            yield Defect(name, key, None, "no such column", feature["dtype"])
            seen.sound.discard(key)
            continue
        kind = schema.field(key).type
        wanted = _type_text(feature)
        if not _fits(kind, feature):
            yield Defect(name, key, None, _arrow_text(kind), wanted)
            seen.sound.discard(key)


def _fits(kind: pa.DataType, feature: dict[str, Any]) -> bool:
    shape = feature["shape"]
    if feature["dtype"] in PICTURE_TYPES:
        return True
    if feature["dtype"] in TEXT_TYPES:
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
    if shape == [1]:
        return bool(_element(kind) == feature["dtype"])
    depth = 0
    sizes = list(shape)
    while _is_list(kind):
        if pa.types.is_fixed_size_list(kind) and (
            depth >= len(sizes) or kind.list_size != sizes[depth]
        ):
            return False
        kind = kind.value_type
        depth += 1
    return bool(depth == len(sizes) and _element(kind) == feature["dtype"])


def _is_list(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _element(kind: pa.DataType) -> str:
    return _ARROW_NAMES.get(str(kind), str(kind))


def _arrow_text(kind: pa.DataType) -> str:
    if not _is_list(kind):
        return _element(kind)
    size = f"[{kind.list_size}]" if pa.types.is_fixed_size_list(kind) else "[]"
    return f"a list of {_arrow_text(kind.value_type)}{size}"


def _type_text(feature: dict[str, Any]) -> str:
    if feature["dtype"] in TEXT_TYPES:
        return "text"
    if feature["shape"] == [1]:
        return f"a scalar {feature['dtype']}"
    return f"lists of {feature['dtype']}, shape {feature['shape']}"


@dataclass(frozen=True, slots=True)
class _Pass:
    """The checks of one batch of rows."""

    name: str
    row: int
    declared: Declared
    tasks: int | None
    bounds: Bounds | None
    seen: Seen
    step: int

    def faults(self, batch: pa.RecordBatch) -> Iterator[Defect]:
        numbers: dict[str, NDArray[Any]] = {}
        for key, width in self.declared.numeric().items():
            if key not in self.seen.sound:
                continue
            column = batch.column(key)
            values, fault = self._values(key, column, width)
            if fault is not None:
                self.seen.sound.discard(key)
                yield fault
                continue
            assert values is not None
            yield from self._not_finite(key, values)
            if key not in self.seen.stained:
                self._remember(key, values)
            if key in NUMBERS:
                numbers[key] = values[:, 0]
        yield from self._numbering(numbers, batch.num_rows)

    def _values(
        self, key: str, column: pa.Array, width: int
    ) -> tuple[NDArray[Any] | None, Defect | None]:
        """The column as [rows, entries], or why it cannot be."""
        missing = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
        if missing.size:
            return None, self._fault(key, missing, "nothing", "a value")
        rows = len(column)
        feature = self.declared.features[key]
        for size in feature["shape"] if feature["shape"] != [1] else ():
            if not pa.types.is_fixed_size_list(column.type):
                lengths = column.value_lengths().to_numpy(zero_copy_only=False)
                odd = np.flatnonzero(lengths != size)
                if odd.size:
                    at = odd // (len(column) // rows)
                    told = f"{lengths[odd[0]]} entries"
                    return None, self._fault(key, at, told, f"{size} entries")
            column = column.flatten()
        if column.null_count:
            empty = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False)) // width
            return None, self._fault(key, empty, "nothing in an entry", "a value")
        flat = column.to_numpy(zero_copy_only=False)
        return flat.reshape(rows, width), None

    def _not_finite(self, key: str, values: NDArray[Any]) -> Iterator[Defect]:
        if values.dtype.kind != "f":
            return
        odd = ~np.isfinite(values)
        if odd.any():
            self.seen.stained.add(key)
            rows = np.flatnonzero(odd.any(axis=1))
            entry = int(np.flatnonzero(odd[rows[0]])[0])
            told = f"{values[rows[0], entry]} in entry {entry}"
            yield self._fault(key, rows, told, "a finite number")

    def _remember(self, key: str, values: NDArray[Any]) -> None:
        if len(values) == 0:
            return
        found = merged(group_moments(values, np.zeros(1, dtype=np.int64)))
        before = self.seen.moments.get(key)
        self.seen.moments[key] = found if before is None else merged(joined([before, found]))
        first = -self.seen.frames % self.step
        some = values[first :: self.step].astype(np.float64)
        self.seen.sample.setdefault(key, []).append(some)

    def _numbering(self, numbers: dict[str, NDArray[Any]], rows: int) -> Iterator[Defect]:
        at = self.seen.frames + np.arange(rows)
        if "index" in numbers:
            yield from self._differs("index", numbers["index"], at)
        frame = numbers.get("frame_index")
        if self.bounds is not None and self.bounds.begin.size:
            episode = np.searchsorted(self.bounds.begin, at, side="right") - 1
            begin = self.bounds.begin[np.maximum(episode, 0)]
            if "episode_index" in numbers:
                yield from self._differs("episode_index", numbers["episode_index"], episode)
            if frame is not None:
                yield from self._differs("frame_index", frame, at - begin)
        if frame is not None and "timestamp" in numbers:
            wanted = (frame / self.declared.fps).astype(np.float32)
            yield from self._differs("timestamp", numbers["timestamp"], wanted)
        if self.tasks is not None and "task_index" in numbers:
            task = numbers["task_index"]
            odd = np.flatnonzero((task < 0) | (task >= self.tasks))
            if odd.size:
                yield self._fault("task_index", odd, str(task[odd[0]]), f"0 to {self.tasks - 1}")

    def _differs(self, key: str, found: NDArray[Any], wanted: NDArray[Any]) -> Iterator[Defect]:
        odd = np.flatnonzero(found != wanted)
        if odd.size:
            yield self._fault(key, odd, str(found[odd[0]]), str(wanted[odd[0]]))

    def _fault(self, key: str, rows: NDArray[Any], found: str, wanted: str) -> Defect:
        more = f" (and in {rows.size - 1} rows more)" if rows.size > 1 else ""
        return Defect(self.name, key, self.row + int(rows[0]), f"{found}{more}", wanted)
