"""The unfinished dataset: a folder beside the one that it will be, and what is whole in it.

A leg is whole when its note is there; the note is written last and at once, after all its files
are on the disk. So whatever ends an export, nothing half-written is ever taken for whole.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from hippocampus.export.leg import Counted, Exported
from hippocampus.export.plan import ExportError, Plan
from hippocampus.export.statistics import side_by_side
from hippocampus.segment import sync_folder

UNFINISHED_SUFFIX: Final = ".unfinished"
_WORK: Final = "work"


class LegNote(msgspec.Struct, frozen=True):
    """What is known of a leg that is whole."""

    frames: int
    """Of the dataset, with this leg."""
    episodes: int
    data_files: int
    tasks: tuple[str, ...]
    leg_frames: int
    ticks: int
    digest: str
    damage: tuple[str, ...]

    @property
    def after(self) -> Counted:
        """Where the next leg goes on."""
        return Counted(self.frames, self.episodes, self.data_files, self.tasks)


@dataclass(frozen=True, slots=True)
class Work:
    """The folder of an unfinished dataset."""

    root: Path

    def note_path(self, number: int) -> Path:
        """The note of a leg."""
        return self.root / _WORK / f"leg-{number:06d}.json"

    def moments_path(self, number: int) -> Path:
        """Minimum, maximum, mean and deviation of every entry over a leg."""
        return self.root / _WORK / f"moments-{number:06d}.npy"

    def sample_path(self, number: int) -> Path:
        """The sampled frames of a leg."""
        return self.root / _WORK / f"sample-{number:06d}.npy"

    def notes(self, legs: int) -> list[LegNote]:
        """Of every whole leg, from the first up to the first that is missing."""
        found: list[LegNote] = []
        for number in range(legs):
            path = self.note_path(number)
            if not path.exists():
                break
            found.append(msgspec.json.decode(path.read_bytes(), type=LegNote))
        return found

    def finish_leg(self, number: int, exported: Exported, files: list[Path]) -> None:
        """Say that a leg is whole, once its files are on the disk."""
        np.save(self.sample_path(number), exported.sample, allow_pickle=False)
        np.save(self.moments_path(number), side_by_side(exported.moments), allow_pickle=False)
        for path in (*files, self.sample_path(number), self.moments_path(number)):
            sync_file(path)
        for folder in {path.parent for path in files}:
            sync_folder(folder)
        after = exported.after
        note = LegNote(
            frames=after.frames,
            episodes=after.episodes,
            data_files=after.data_files,
            tasks=after.tasks,
            leg_frames=after.frames - exported.before.frames,
            ticks=exported.columns["tick"].values.size,
            digest=exported.digest,
            damage=exported.damage,
        )
        write_atomically(self.note_path(number), msgspec.json.encode(note))

    def close(self, out: Path) -> None:
        """The dataset is whole: drop the notes, and let it appear under its name."""
        shutil.rmtree(self.root / _WORK)
        for path in self.root.rglob("*"):
            if path.is_dir():
                sync_folder(path)
        sync_folder(self.root)
        os.replace(self.root, out)
        sync_folder(out.parent)


def open_work(out: Path, plan: Plan, *, resume: bool) -> Work:
    """Begin an unfinished dataset, or go on with one. Raises ``ExportError`` and ``OSError``."""
    if out.exists():
        raise ExportError(f"{out} is there already: give --out a new folder")
    work = Work(out.with_name(out.name + UNFINISHED_SUFFIX))
    planned = work.root / _WORK / "plan.json"
    if planned.exists():
        if not resume:
            raise ExportError(
                f"{work.root} is an unfinished export: go on with --resume, or delete it"
            )
        earlier = msgspec.json.decode(planned.read_bytes(), type=Plan)
        _same(earlier, plan)
        return work
    if work.root.exists() and {path.name for path in work.root.iterdir()} - {_WORK}:
        raise ExportError(f"{work.root} is no unfinished export: move it out of the way")
    planned.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(planned, msgspec.json.encode(plan))
    return work


def _same(earlier: Plan, now: Plan) -> None:
    for name in Plan.__struct_fields__:
        if getattr(earlier, name) != getattr(now, name):
            what = "the logs" if name in {"legs", "sessions", "left_out"} else name
            raise ExportError(
                f"cannot resume: {what} changed since the export began; export again without"
                " --resume into a new folder"
            )


def write_atomically(path: Path, content: bytes) -> None:
    """Old or new, never a part. Raises ``OSError``."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    sync_file(part)
    os.replace(part, path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Return when a file is on the disk."""
    with path.open("rb") as file:
        os.fdatasync(file.fileno())
