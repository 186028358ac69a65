"""WebDataset: tar files of samples, an episode each: one .json, and one .npy for each feature.

Samples are named by their episode, so that ``000012.observation.state.npy`` and ``000012.json``
belong together. The bytes depend on nothing but the content: no time, no owner.
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np

from hippocampus.export.leg import Exported
from hippocampus.export.plan import Plan


def shard_path(number: int) -> str:
    """Where a shard stands, under the dataset's folder."""
    return f"shards/shard-{number:06d}.tar"


def write_shard(plan: Plan, exported: Exported, path: Path) -> None:
    """Write the episodes of a leg. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ends = np.append(exported.first_frames[1:], len(exported.frames["index"]))
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for number, episode in enumerate(exported.episodes):
            own = slice(int(exported.first_frames[number]), int(ends[number]))
            index = exported.before.episodes + number
            about = {
                "episode_index": index,
                "task": episode.task,
                "begun_by": episode.begun_by,
                "fps": plan.fps,
                "length": own.stop - own.start,
                "session": int(exported.frames["log.session"][own.start, 0]),
                "first_tick": int(exported.first_ticks[number]),
                "events": {
                    str(frame): text
                    for frame, text in enumerate(exported.frames["event.names"][own])
                    if text
                },
            }
            _add(tar, f"{index:08d}.json", json.dumps(about).encode())
            for name, values in exported.frames.items():
                if values.dtype == object:
                    continue
                content = io.BytesIO()
                np.save(content, np.ascontiguousarray(values[own]), allow_pickle=False)
                _add(tar, f"{index:08d}.{name}.npy", content.getvalue())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
