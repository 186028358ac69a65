"""The unfinished dataset: a folder beside the one that it will be, and what is whole in it.

A leg is whole when its note is there; notes are written last, of a few legs at once, after all
files of those are on the disk. So whatever ends an export, nothing half-written is ever taken for
whole. Who makes legs need not wait for the disk: that does the process that takes them in.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from hippocampus.export.leg import SESSION, Counted, Exported
from hippocampus.export.plan import ExportError, Plan
from hippocampus.export.statistics import MOMENTS
from hippocampus.segment import sync_folder

UNFINISHED_SUFFIX: Final = ".unfinished"
_WORK: Final = "work"
SETTLED_TOGETHER: Final = 8
"""Legs that wait for the disk together; so many are made again after a power cut."""


class EpisodeNote(msgspec.Struct, frozen=True):
    """What is known of an episode."""

    task: int
    begun_by: str
    length: int
    """Frames."""
    session: int
    first_tick: int


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
    episodes_here: tuple[EpisodeNote, ...]

    @property
    def after(self) -> Counted:
        """Where the next leg goes on."""
        return Counted(self.frames, self.episodes, self.data_files, self.tasks)


class WrittenLeg(msgspec.Struct, frozen=True):
    """A leg whose files are written, and may not be on the disk yet."""

    number: int
    note: LegNote
    files: tuple[str, ...]
    """Under the folder of the unfinished dataset."""


@dataclass(frozen=True, slots=True)
class Work:
    """The folder of an unfinished dataset."""

    root: Path

    def moments_path(self, number: int) -> Path:
        """Minimum, maximum, mean and deviation [4, episodes, entries] of a leg."""
        return self.root / _WORK / f"moments-{number:06d}.npy"

    def sample_path(self, number: int) -> Path:
        """The sampled frames [entries, frames] of a leg."""
        return self.root / _WORK / f"sample-{number:06d}.npy"

    def notes(self, legs: int) -> list[LegNote]:
        """Of every whole leg, from the first up to the first that is missing."""
        found: list[LegNote] = []
        while len(found) < legs and (path := self._notes_path(len(found))).exists():
            found += msgspec.json.decode(path.read_bytes(), type=tuple[LegNote, ...])
        return found

    def write_sums(self, number: int, exported: Exported, files: Iterable[Path]) -> WrittenLeg:
        """Write beside the ``files`` of a leg what the whole dataset needs to know of it."""
        kinds = (getattr(exported.moments, kind) for kind in MOMENTS[:-1])
        np.save(self.moments_path(number), np.stack([*kinds]), allow_pickle=False)
        sample = np.ascontiguousarray(exported.sample)
        np.save(self.sample_path(number), sample, allow_pickle=False)
        written = (*files, self.moments_path(number), self.sample_path(number))
        names = tuple(path.relative_to(self.root).as_posix() for path in written)
        return WrittenLeg(number, _note(exported), names)

    def settle(self, legs: Sequence[WrittenLeg]) -> None:
        """Say that neighbouring legs are whole, once their files are on the disk."""
        paths = [self.root / name for leg in legs for name in leg.files]
        for path in paths:
            sync_file(path)
        for folder in {path.parent for path in paths}:
            sync_folder(folder)
        notes = msgspec.json.encode([leg.note for leg in legs])
        write_atomically(self._notes_path(legs[0].number), notes)

    def _notes_path(self, number: int) -> Path:
        """The notes of a leg and some after it."""
        return self.root / _WORK / f"legs-{number:06d}.json"

    def close(self, out: Path) -> None:
        """The dataset is whole: drop the notes, and let it appear under its name."""
        shutil.rmtree(self.root / _WORK)
        for path in self.root.rglob("*"):
            if path.is_dir():
                sync_folder(path)
        sync_folder(self.root)
        os.replace(self.root, out)
        sync_folder(out.parent)


class Settler:
    """Takes in legs in their order, and lets the disk have a few at once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._waiting: list[WrittenLeg] = []

    def take(self, leg: WrittenLeg) -> None:
        """Raises ``OSError``."""
        self._waiting.append(leg)
        if len(self._waiting) >= SETTLED_TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Let the disk have all. Raises ``OSError``."""
        if self._waiting:
            self._work.settle(self._waiting)
            self._waiting = []


def _note(exported: Exported) -> LegNote:
    after, tasks = exported.after, exported.after.tasks
    ends = np.append(exported.first_frames, after.frames - exported.before.frames)[1:]
    return LegNote(
        frames=after.frames,
        episodes=after.episodes,
        data_files=after.data_files,
        tasks=tasks,
        leg_frames=after.frames - exported.before.frames,
        ticks=exported.columns["tick"].values.size,
        digest=exported.digest,
        damage=exported.damage,
        episodes_here=tuple(
            EpisodeNote(
                task=tasks.index(episode.task),
                begun_by=episode.begun_by,
                length=int(end - begin),
                session=int(exported.frames[SESSION][begin, 0]),
                first_tick=int(first_tick),
            )
            for episode, begin, end, first_tick in zip(
                exported.episodes, exported.first_frames, ends, exported.first_ticks, strict=True
            )
        ),
    )


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
