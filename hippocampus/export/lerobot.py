"""What makes a folder a dataset: info, tasks, episodes and statistics, as LeRobotDataset v3.0.

Read from the public package's ``datasets/utils.py``, ``feature_utils.py`` and ``dataset_metadata``
of release 0.6.1. Keys that its info.json does not know stand in ``meta/ember.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow.parquet as pq

from hippocampus.export.features import Feature
from hippocampus.export.leg import all_features, numeric_features
from hippocampus.export.plan import Plan
from hippocampus.export.statistics import MOMENTS
from hippocampus.export.sums import quantiles_of, write_episodes_of
from hippocampus.export.table import FILES_A_CHUNK, tasks_table
from hippocampus.export.work import LegNote, Work

CODEBASE_VERSION: Final = "v3.0"
ROBOT_TYPE: Final = "reachy_mini"
DATA_PATH: Final = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
_DATA_FILES_MB: Final = 100
_VIDEO_FILES_MB: Final = 200
_NUMBERS: Final = ("timestamp", "frame_index", "episode_index", "index", "task_index")


def write_meta(work: Work, plan: Plan, notes: list[LegNote]) -> None:
    """Write everything under meta/ from what is known of the legs. Raises ``OSError``."""
    features = all_features(plan)
    last = notes[-1].after
    meta = work.root / "meta"
    meta.mkdir(exist_ok=True)
    pq.write_table(tasks_table(last.tasks), meta / "tasks.parquet")
    info = {
        "codebase_version": CODEBASE_VERSION,
        "robot_type": ROBOT_TYPE,
        "total_episodes": last.episodes,
        "total_frames": last.frames,
        "total_tasks": len(last.tasks),
        "chunks_size": FILES_A_CHUNK,
        "data_files_size_in_mb": _DATA_FILES_MB,
        "video_files_size_in_mb": _VIDEO_FILES_MB,
        "fps": plan.fps,
        "splits": {"train": f"0:{last.episodes}"},
        "data_path": DATA_PATH,
        "video_path": None,
        "features": {feature.name: _declared(feature) for feature in features},
    }
    write_json(meta / "info.json", info)
    write_json(meta / "stats.json", _stats(work, plan, notes))
    write_json(meta / "ember.json", _provenance(plan, notes))


def _declared(feature: Feature) -> dict[str, Any]:
    names = None if feature.name in _NUMBERS else list(feature.names)
    return {"dtype": feature.dtype, "shape": [feature.width], "names": names}


def _stats(work: Work, plan: Plan, notes: list[LegNote]) -> dict[str, Any]:
    moments = write_episodes_of(work, plan, notes)
    quantiles = quantiles_of(work, notes)
    stats: dict[str, Any] = {}
    begin = 0
    for feature in numeric_features(plan):
        own = slice(begin, begin + feature.width)
        begin = own.stop
        stats[feature.name] = {
            **{kind: getattr(moments, kind)[0, own].tolist() for kind in MOMENTS[:-1]},
            "count": moments.count.tolist(),
            **{name: values[own].tolist() for name, values in quantiles.items()},
        }
    return stats


def _provenance(plan: Plan, notes: list[LegNote]) -> dict[str, Any]:
    """Where the frames are from, and what the logs had lost."""
    return {
        "format": plan.format,
        "fps": plan.fps,
        "where": plan.where,
        "sessions": msgspec.to_builtins(plan.sessions),
        "left_out": plan.left_out,
        "legs": [
            {
                "session": leg.session,
                "files": [Path(file.path).name for file in leg.files],
                "ticks": note.ticks,
                "ticks_digest": note.digest,
                "frames": note.leg_frames,
                "damage": note.damage,
            }
            for leg, note in zip(plan.legs, notes, strict=True)
        ],
    }


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON for people and programs."""
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
