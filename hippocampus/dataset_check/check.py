"""The whole check of a LeRobotDataset v3.0: every file is read once, row by row, nothing is loaded.

for defect in check(Path("dataset")):
print(defect)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from hippocampus.dataset_check.columns import DATA, Seen, check_data
from hippocampus.dataset_check.declared import INFO, read_declared
from hippocampus.dataset_check.defect import Defect
from hippocampus.dataset_check.index_tables import read_bounds, read_tasks
from hippocampus.dataset_check.staleness import check_staleness
from hippocampus.dataset_check.stats_file import check_stats
from hippocampus.export.statistics import SAMPLED_FRAMES

_UNFINISHED: Final = "work"


def check(root: Path) -> Iterator[Defect]:
    """Every defect that is found; memory does not grow with the dataset.

    Raises ``NoDataset`` when there is none at ``root``, ``OSError`` as the disk does.
    """
    if (root / _UNFINISHED / "plan.json").exists():
        yield Defect(_UNFINISHED, "", None, "an unfinished export", "a whole dataset")
        return
    yield from check_staleness(root)
    declared, defects = read_declared(root)
    yield from defects
    if declared is None:
        return
    tasks, defects = read_tasks(root, declared)
    yield from defects
    bounds, defects = read_bounds(root, declared)
    yield from defects
    seen = Seen()
    step = max(1, _rows(root) // SAMPLED_FRAMES)
    yield from check_data(root, declared, tasks, bounds, seen, step)
    total = declared.totals["total_frames"]
    if seen.frames != total:
        yield Defect(INFO, "total_frames", None, repr(total), f"{seen.frames}, as in {DATA}")
    yield from check_stats(root, declared, seen)


def _rows(root: Path) -> int:
    """Rows of all data files that can be opened."""
    rows = 0
    for path in (root / DATA).glob("*/*.parquet"):
        try:
            rows += pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowException):
            continue  # told by the pass over the data
    return rows
