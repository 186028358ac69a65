"""Logs into datasets that other tools load: streaming, offline, whole or not at all.

    plan = make_plan((Path("logs"),), "lerobot", None, (), native=True)
    export(plan, Path("dataset"))

Legs are made by several processes; each has one leg in memory, however long the log is. What comes
out is the same, byte for byte, whatever their number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hippocampus.export.arrow_arrays import text_array
from hippocampus.export.card import card
from hippocampus.export.crew import Turn, in_order
from hippocampus.export.leg import (
    Counted,
    Exported,
    LegContent,
    Share,
    all_features,
    draft_leg,
    follow,
    numbered,
    read_leg,
)
from hippocampus.export.lerobot import write_meta
from hippocampus.export.native import NATIVE_FOLDER, write_records, write_ticks
from hippocampus.export.plan import ExportError, Plan
from hippocampus.export.shards import shard_path, write_shard
from hippocampus.export.table import data_path, frames_table, write_frames
from hippocampus.export.work import LegNote, Settler, Work, WrittenLeg, open_work

Progress = Callable[[int, int], None]
"""Called with the number of legs that are whole, and of all."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What an export has made."""

    out: Path
    frames: int
    episodes: int
    tasks: int
    ticks: int
    """That the logs held, wanted or not."""
    damage: tuple[str, ...]
    left_out: tuple[str, ...]


def _silent(_done: int, _all: int) -> None:
    pass


def export(
    plan: Plan,
    out: Path,
    *,
    resume: bool = False,
    processes: int = 1,
    progress: Progress = _silent,
) -> Summary:
    """Make the dataset ``out``, which appears whole or not at all.

    Raises ``ExportError`` when it cannot be made as asked, ``OSError`` as the disk does; what was
    done then stays beside ``out`` and can be resumed.
    """
    work = open_work(out, plan, resume=resume)
    notes = work.notes(len(plan.legs))
    settler = Settler(work)
    numbers = range(len(notes), len(plan.legs))
    progress(len(notes), len(plan.legs))
    before = notes[-1].after if notes else Counted()
    done = in_order(LegWork(plan, work), numbers, before, follow, processes)
    for leg in done:
        settler.take(leg)
        progress(leg.number + 1, len(plan.legs))
    settler.flush()
    return finish(work, plan, out)


@dataclass(frozen=True, slots=True)
class LegWork:
    """Makes one leg, by its number."""

    plan: Plan
    work: Work

    def __call__(self, number: int, turn: Turn[Share, Counted]) -> WrittenLeg:
        """Read the leg and write its files. Raises ``OSError``."""
        return make_leg(self.plan, self.work, number, read_leg(self.plan.legs[number]), turn)


def make_leg(
    plan: Plan, work: Work, number: int, content: LegContent, turn: Turn[Share, Counted]
) -> WrittenLeg:
    """Write the files of a leg that was read. Raises ``OSError``."""
    draft = draft_leg(plan, plan.legs[number], content)
    return _write_leg(work, plan, number, numbered(plan, draft, turn(draft.share)))


def _write_leg(work: Work, plan: Plan, number: int, exported: Exported) -> WrittenLeg:
    files = []
    if exported.episodes:
        files.append(_write_frames(work, plan, exported))
    if plan.native:
        folder = work.root / NATIVE_FOLDER
        folder.mkdir(exist_ok=True)
        ticks, records = (folder / f"{kind}-{number:06d}.parquet" for kind in ("ticks", "records"))
        write_ticks(exported.columns, ticks)
        write_records(exported.beside, records)
        files += [ticks, records]
    return work.write_sums(number, exported, files)


def _write_frames(work: Work, plan: Plan, exported: Exported) -> Path:
    number = exported.before.data_files
    if plan.format == "webdataset":
        path = work.root / shard_path(number)
        write_shard(plan, exported, path)
        return path
    path = work.root / data_path(number)
    table = frames_table(all_features(plan), exported.frames)
    if plan.format == "parquet":
        of = exported.frames["task_index"][:, 0].tolist()
        own = text_array([exported.after.tasks[number] for number in of])
        table = table.append_column("task", own)
    write_frames(table, path)
    return path


def finish(work: Work, plan: Plan, out: Path) -> Summary:
    """Every leg is whole: let the dataset appear. Raises ``ExportError`` and ``OSError``."""
    notes: list[LegNote] = work.notes(len(plan.legs))
    if notes[-1].after.frames == 0:
        raise ExportError(
            f"no tick of the logs is wanted: --where {' '.join(plan.where)} leaves nothing"
            if plan.where
            else "the logs hold no tick"
        )
    write_meta(work, plan, notes)
    (work.root / "README.md").write_text(card(plan, notes), encoding="utf-8")
    work.close(out)
    last = notes[-1].after
    return Summary(
        out=out,
        frames=last.frames,
        episodes=last.episodes,
        tasks=len(last.tasks),
        ticks=sum(note.ticks for note in notes),
        damage=tuple(text for note in notes for text in note.damage),
        left_out=plan.left_out,
    )
