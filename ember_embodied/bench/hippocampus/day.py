"""A day is slept on and exported, beside the raw read of it and the same done the naive way.

The day is real log files of one session (``a_day``). The night is the command itself, in processes
of its own; its memory is what all of them hold together, shared pages counted once (PSS), looked at
ten times a second. The naive way makes a record of each message and a row of each record; it is
measured on a part of the day and scaled.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from ember_embodied.bench.claims import Claim, claim
from ember_embodied.bench.hippocampus import Note, unheard
from ember_embodied.bench.hippocampus.a_day import lived, long_day
from firmware_bridge.clock import SystemClock
from hippocampus.dataset_check.check import check
from hippocampus.reader import Log
from hippocampus.tick_record import EventRecord, LearningRecord, TickRecord

DAY_TICKS: Final = 864_000
SHORT_SHARE: Final = 8
"""The memory of a whole day is held against that of a day's eighth."""
NAIVE_RECORDS: Final = 2_000
LOOK_S: Final = 0.1
TOLD_EVERY: Final = 24
_KIB: Final = 1024
_MB: Final = 1e6
_NS_PER_S: Final = 1e9


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(seeds: range, note: Note = unheard, ticks: int = DAY_TICKS) -> tuple[Claim, ...]:
    """Sleep on a day of the first seed's life; some minutes, and 5 GB of the temporary folder."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        note("day: a simulated life is recorded")
        session = lived(root / "life", seeds[0])

        def told(done: int, copies: int) -> None:
            if done % TOLD_EVERY == 0:
                note(f"day: {done} of {copies} stretches written")

        day = long_day(session, root / "day", ticks, told)
        eighth = long_day(session, root / "eighth", ticks // SHORT_SHARE, lambda _, __: None)
        note("day: read, no more")
        raw_s = _read_files(day)
        note("day: slept on an eighth, then on the day, then without the export")
        short = _slept(eighth, root / "short", export=True)
        whole = _slept(day, root / "whole", export=True)
        alone = _slept(day, root / "alone", export=False)
        undone = _run("sleep", "undo", "--nights", str(root / "whole" / "nights"))
        note("day: the naive way, and the check of the dataset")
        naive_s = _naive(day, root / "naive.parquet") * ticks
        defects = len(list(check(root / "whole" / "dataset")))
    return (
        claim("a day slept on, with its dataset: wall time", whole.wall_s, "s", "<= 60", n=ticks),
        claim("the same, CPU time", whole.cpu_s, "s", n=ticks),
        claim("the same, peak memory of all processes", whole.peak_mb, "MB", "<= 512"),
        claim("the same of an eighth of a day", short.peak_mb, "MB"),
        claim("a day slept on, without a dataset: wall time", alone.wall_s, "s", n=ticks),
        claim("the same, peak memory of all processes", alone.peak_mb, "MB", "<= 512"),
        claim("files of a day read, no more", raw_s, "s"),
        claim("the same night naively, record by record (scaled)", naive_s, "s", n=NAIVE_RECORDS),
        claim("naive by ours", naive_s / whole.wall_s, "x"),
        claim("the night undone", undone.wall_s, "s", "<= 5"),
        claim("defects in the dataset", defects, "defects", "== 0"),
    )


def _slept(logs: Path, out: Path, *, export: bool) -> Run:
    """``ember sleep`` on a folder of logs, everything kept raw so that it can be done again."""
    out.mkdir()
    config = out / "ember.toml"
    config.write_text("[sleep]\nraw_bytes = 100000000000\n", encoding="utf-8")
    options = ["--config", config, "--log", logs, "--state", out / "state"]
    options += ["--memory", out / "memory", "--nights", out / "nights"]
    options += ["--export", out / "dataset"] if export else []
    return _run("sleep", *map(str, options))


def _run(*arguments: str) -> Run:
    clock = SystemClock()
    begin_ns = clock.mono_ns()
    command = [sys.executable, "-m", "ember_embodied.cli.main", *arguments]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = os.times()
    peak = 0
    while child.poll() is None:
        peak = max(peak, sum(map(_pss_bytes, _family(child.pid))))
        clock.sleep_until_ns(clock.mono_ns() + round(LOOK_S * _NS_PER_S))
    assert child.returncode == 0, f"'ember {' '.join(arguments)}' ended with {child.returncode}"
    after = os.times()
    cpu_s = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return Run((clock.mono_ns() - begin_ns) / _NS_PER_S, cpu_s, peak / _MB)


def _family(pid: int) -> list[int]:
    """A process and all that it has begun."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [pid, *(one for child in text.split() for one in _family(int(child)))]


def _pss_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * _KIB for line in lines if line.startswith("Pss:"))


def _read_files(root: Path) -> float:
    clock = SystemClock()
    begin_ns = clock.mono_ns()
    for path in sorted(root.glob("*/*.mcap")):
        path.read_bytes()
    return (clock.mono_ns() - begin_ns) / _NS_PER_S


def _naive(logs: Path, out: Path) -> float:
    """Seconds a tick of what one would write first: a record and a row for each message."""
    clock = SystemClock()
    begin_ns = clock.mono_ns()
    rows: dict[str, list[dict[str, object]]] = {"tick": [], "learning": [], "event": []}
    voices = people = touches = 0
    for record in Log(logs).records(TickRecord, LearningRecord, EventRecord):
        if isinstance(record, TickRecord):
            doa, camera = record.sense.doa, record.sense.camera
            voices += doa is not None and doa.speech
            people += camera is not None and camera.confidence > 0.0
            rows["tick"].append(asdict(record))
        elif isinstance(record, LearningRecord):
            touches += len(record.touches)
            rows["learning"].append(
                {"tick": record.tick, "verdicts": record.verdicts, "surprise": record.surprise}
            )
        elif isinstance(record, EventRecord):
            rows["event"].append({"tick": record.tick, "name": record.name, "text": record.text})
        if len(rows["tick"]) == NAIVE_RECORDS:
            break
    for name, part in rows.items():
        if part:
            pq.write_table(pa.Table.from_pylist(part), out.with_suffix(f".{name}.parquet"))
    return (clock.mono_ns() - begin_ns) / _NS_PER_S / len(rows["tick"])
