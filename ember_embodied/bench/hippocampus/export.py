"""What it takes to read a day and export it: time beside the raw read, and memory.

The day is a synthetic stretch, recorded once as real log files, and then as many sessions of it as
make 864,000 ticks: links to the same bytes, so that the disk of the machine is not measured. The
export is the command itself, in a process of its own. The naive way decodes tick by tick into
records and builds the rows one after the other; it is measured on part of the stretch and scaled.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ember_embodied.bench import synthetic_life
from ember_embodied.bench.claims import Claim, claim
from ember_embodied.bench.hippocampus import Note, unheard
from firmware_bridge.clock import SystemClock
from hippocampus.dataset_check.check import check
from hippocampus.export.bulk import read_segment
from hippocampus.export.native import native_digest
from hippocampus.reader import Log

DAY_TICKS: Final = 864_000
STRETCH_TICKS: Final = 3_000
NAIVE_TICKS: Final = 300
SHORT_SHARE: Final = 8
"""The memory of a whole day is held against that of a day's eighth."""
_KIB: Final = 1024
_MB: Final = 1e6
_NS_PER_S: Final = 1e9


def measure(seeds: range, note: Note = unheard) -> tuple[Claim, ...]:
    """Export a day for the first seed; several minutes, and 3 GB of the temporary folder."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        note("export: recording a stretch")
        life = synthetic_life.ticks(np.random.default_rng(seeds[0]), STRETCH_TICKS)
        stretch = synthetic_life.record(root / "stretch", life)
        copies = DAY_TICKS // STRETCH_TICKS
        day = _repeated(stretch, root / "day", copies)
        eighth = _repeated(stretch, root / "eighth", copies // SHORT_SHARE)
        note("export: reading a day")
        raw_s = _seconds(lambda: _read_files(day))
        bulk_s = _seconds(lambda: _read_messages(day))
        note("export: exporting an eighth of a day, then a day")
        _, _, short_mb = _exported(eighth, root / "short")
        wall_s, cpu_s, peak_mb = _exported(day, root / "dataset")
        note("export: the naive way, the check, the sidecar")
        naive_s = _seconds(lambda: _naive(stretch, root / "naive.parquet"))
        naive_s *= DAY_TICKS / NAIVE_TICKS
        check_s = _seconds(lambda: list(check(root / "dataset")))
        defects = len(list(check(root / "short")))
        _exported(stretch, root / "once")
        changed = native_digest(root / "once" / "native") != Log(stretch).ticks_digest
    return (
        claim("export of a day, wall time", wall_s, "s", "<= 60", n=DAY_TICKS),
        claim("export of a day, CPU time", cpu_s, "s", n=DAY_TICKS),
        claim("export of a day, peak memory", peak_mb, "MB", "<= 512"),
        claim("the same of an eighth of a day", short_mb, "MB"),
        claim("files of a day read, no more", raw_s, "s"),
        claim("the same unpacked, checked and cut into messages", bulk_s, "s"),
        claim("a day exported naively, tick by tick (scaled)", naive_s, "s", n=NAIVE_TICKS),
        claim("naive by ours", naive_s / wall_s, "x"),
        claim("check of the day's dataset", check_s, "s"),
        claim("defects in an export", defects, "defects", "== 0"),
        claim("sidecars whose ticks are not the log's", int(changed), "sidecars", "== 0"),
    )


def _repeated(stretch: Path, root: Path, copies: int) -> Path:
    for number in range(copies):
        session = root / f"{number:04d}"
        session.mkdir(parents=True)
        for path in stretch.glob("*.mcap"):
            os.link(path, session / path.name)
    return root


def _seconds(work: Callable[[], object]) -> float:
    clock = SystemClock()
    begin_ns = clock.mono_ns()
    work()
    return (clock.mono_ns() - begin_ns) / _NS_PER_S


def _read_files(root: Path) -> None:
    for path in sorted(root.glob("*/*.mcap")):
        path.read_bytes()


def _read_messages(root: Path) -> None:
    for path in sorted(root.glob("*/*.mcap")):
        read_segment(path)


def _exported(log: Path, out: Path) -> tuple[float, float, float]:
    """Wall and CPU time in s and peak memory in MB of ``ember export``."""
    clock = SystemClock()
    begin_ns = clock.mono_ns()
    command = [sys.executable, "-m", "ember_embodied.cli.main", "export", log, "--out", out]
    child = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"the export ended with {child.returncode}"
    wall_s = (clock.mono_ns() - begin_ns) / _NS_PER_S
    return wall_s, _cpu_s(usage), usage.ru_maxrss * _KIB / _MB


def _cpu_s(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def _naive(log: Path, out: Path) -> None:
    """What one would write first: a record, a dict and a row for each tick."""
    rows = []
    for tick in Log(log).ticks():
        rows.append(asdict(tick))
        if len(rows) == NAIVE_TICKS:
            break
    pq.write_table(pa.Table.from_pylist(rows), out)
