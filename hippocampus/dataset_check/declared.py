"""What a dataset says of itself in meta/info.json, and what of that cannot be right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from hippocampus.dataset_check.defect import Defect, NoDataset

INFO: Final = "meta/info.json"
VERSION: Final = "v3.0"
NUMBERS: Final = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
"""Columns that every dataset has, and their types."""
TEXT_TYPES: Final = ("string", "language")
PICTURE_TYPES: Final = ("image", "video")
_POSITIVE: Final = ("fps", "chunks_size", "data_files_size_in_mb", "video_files_size_in_mb")
_TOTALS: Final = ("total_episodes", "total_frames", "total_tasks")


@dataclass(frozen=True, slots=True)
class Declared:
    """What the checks of the data need to know."""

    fps: float
    totals: dict[str, Any]
    features: dict[str, dict[str, Any]]
    data_path: str

    def numeric(self) -> dict[str, int]:
        """Entries of every feature whose numbers stand in the data files."""
        return {
            name: math.prod(feature["shape"])
            for name, feature in self.features.items()
            if feature["dtype"] not in (*TEXT_TYPES, *PICTURE_TYPES)
        }


def read_declared(root: Path) -> tuple[Declared | None, list[Defect]]:
    """Read info.json; None when too little of it stands to go on.

    Raises ``NoDataset`` when the folder holds nothing of a dataset.
    """
    if not root.is_dir():
        raise NoDataset(f"no dataset {root}: there is no such folder")
    path = root / INFO
    if not path.is_file():
        if not (root / "meta").is_dir() and not (root / "data").is_dir():
            raise NoDataset(f"no dataset in {root}: it has neither meta/ nor data/")
        return None, [Defect(INFO, "", None, "no such file", "the dataset's info")]
    try:
        info = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        return None, [Defect(INFO, "", None, f"no JSON object ({error})", "a JSON object")]
    return _declared(info)


def _declared(info: dict[str, Any]) -> tuple[Declared | None, list[Defect]]:
    features, fps = info.get("features"), info.get("fps")
    defects = list(_plain_faults(info))
    misshapen = list(_shape_faults(features))
    defects += misshapen
    if misshapen or not isinstance(features, dict) or not _above_zero(fps):
        return None, defects
    defects += _number_faults(features)
    totals = {name: info.get(name) for name in _TOTALS}
    data_path = info.get("data_path")
    pattern = data_path if isinstance(data_path, str) else _DEFAULT_DATA_PATH
    return Declared(float(str(fps)), totals, features, pattern), defects


_DEFAULT_DATA_PATH: Final = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"


def _above_zero(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _plain_faults(info: dict[str, Any]) -> Iterator[Defect]:
    def fault(key: str, wanted: str) -> Defect:
        return Defect(INFO, key, None, repr(info.get(key, "nothing")), wanted)

    if info.get("codebase_version") != VERSION:
        yield fault("codebase_version", repr(VERSION))
    for key in _POSITIVE:
        value = info.get(key)
        if (key == "fps" or value is not None) and not _above_zero(value):
            yield fault(key, "a number above 0")
    if isinstance(info.get("fps"), float) and not info["fps"].is_integer():
        yield fault("fps", "a whole number")
    for key in _TOTALS:
        value = info.get(key)
        if value != 0 and not (isinstance(value, int) and _above_zero(value)):
            yield fault(key, "a count")
    if not isinstance(info.get("data_path"), str):
        yield fault("data_path", repr(_DEFAULT_DATA_PATH))
    wanted = f"0:{info.get('total_episodes')}"
    splits = info.get("splits")
    if isinstance(splits, dict) and set(splits) == {"train"} and splits["train"] != wanted:
        yield Defect(INFO, "splits.train", None, repr(splits["train"]), repr(wanted))


def _shape_faults(features: object) -> Iterator[Defect]:
    """What is no declaration of a feature at all."""
    if not isinstance(features, dict):
        yield Defect(INFO, "features", None, repr(features), "a table of features")
        return
    for name, feature in features.items():
        where = f"features.{name}"
        shape = feature.get("shape") if isinstance(feature, dict) else None
        if not isinstance(feature, dict) or not isinstance(feature.get("dtype"), str):
            yield Defect(INFO, where, None, repr(feature), "dtype and shape")
        elif not (isinstance(shape, list) and shape and all(map(_is_size, shape))):
            yield Defect(INFO, f"{where}.shape", None, repr(shape), "sizes above 0")


def _is_size(value: object) -> bool:
    return isinstance(value, int) and _above_zero(value)


def _number_faults(features: dict[str, dict[str, Any]]) -> Iterator[Defect]:
    for name in features:
        if "/" in name:
            yield Defect(INFO, f"features.{name}", None, "'/' in the name", "a name without it")
    for name, dtype in NUMBERS.items():
        found = features.get(name, {})
        told = (found.get("dtype"), found.get("shape"))
        if told != (dtype, [1]):
            text = f"{told[0]}, shape {told[1]}" if found else "nothing"
            yield Defect(INFO, f"features.{name}", None, text, f"{dtype}, shape [1]")
