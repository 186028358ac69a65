"""A day of real log files: a simulated life, recorded once, and lived on until the day is full.

Each copy is the same life some minutes later: numbers of ticks, times and files go on as they do in
one long session, so that no reader can tell a copy by its numbers. Every message is written anew,
in chunks as a recorder makes them: the header's, then one a second.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from hippocampus import ember_pb2 as pb
from hippocampus.export.bulk import cut_segment
from hippocampus.salvage import RawMessage
from hippocampus.segment import CHUNK_NS, DiskFile, Segment

STRETCH_S: Final = 600
RATE_HZ: Final = 10
TICKS: Final = STRETCH_S * RATE_HZ
_SHIFT_NS: Final = STRETCH_S * 1_000_000_000
_KINDS: Final[dict[str, Callable[[], Any]]] = {
    "/header": pb.HeaderRecord,
    "/snapshot": pb.SnapshotRecord,
    "/tick": pb.TickRecord,
    "/timing": pb.TimingRecord,
    "/event": pb.EventRecord,
    "/world": pb.WorldRecord,
    "/learning": pb.LearningRecord,
}


def lived(root: Path, seed: int) -> Path:
    """Ten minutes of a simulated life with everything in the loop; the session's folder."""
    command = [sys.executable, "-m", "ember_embodied.cli.main", "run", "--suite", "standard"]
    command += ["--seed", str(seed), "--seconds", str(STRETCH_S), "--speed", "max", "--no-view"]
    command += ["--log", str(root / "logs"), "--state", str(root / "state")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (session,) = (path for path in (root / "logs").iterdir() if path.is_dir())
    return session


def long_day(session: Path, root: Path, ticks: int, done: Callable[[int, int], None]) -> Path:
    """A folder of logs with one session of ``ticks`` ticks, ``session`` again and again."""
    out = root / session.name
    out.mkdir(parents=True)
    segments = [
        cut_segment(path.read_bytes(), in_order=True).whole
        for path in sorted(session.glob("*.mcap"))
    ]
    copies = ticks // TICKS
    for copy in range(copies):
        for number, messages in enumerate(segments):
            name = copy * len(segments) + number
            file = Segment(_QuickFile(out / f"{name:06d}.mcap"), None)
            _write(file, messages, copy, name)
            file.seal()
        done(copy + 1, copies)
    return root


class _QuickFile(DiskFile):
    """A day that is made for a measurement need not outlast the machine."""

    def sync(self) -> None:
        """Do not wait for the disk."""


def _write(file: Segment, messages: Sequence[RawMessage], copy: int, name: int) -> None:
    """The messages of a file, ``copy`` stretches later."""
    began_ns: int | None = None
    for message in messages:
        if message.topic == "/tick":
            began_ns = message.log_time_ns if began_ns is None else began_ns
            if message.log_time_ns - began_ns >= CHUNK_NS:
                file.sync()
                began_ns = message.log_time_ns
        later = _later(message, copy, name)
        time_ns = message.log_time_ns + copy * _SHIFT_NS
        sequence = message.sequence + copy * TICKS if message.sequence else 0
        file.add_raw(message.topic, time_ns, later, sequence)
        if message.topic == "/header":
            file.sync()


def _later(message: RawMessage, copy: int, segment: int) -> bytes:
    """The bytes of a message as it is ``copy`` stretches later, in the file ``segment``."""
    if message.topic not in _KINDS:
        return message.data
    record = _KINDS[message.topic]()
    record.ParseFromString(message.data)
    if message.topic == "/tick":
        record.sense.t_mono_ns += copy * _SHIFT_NS
        record.sense.t_wall_ns += copy * _SHIFT_NS
        record.sense.seq += copy * TICKS
    else:
        record.t_mono_ns += copy * _SHIFT_NS
    if message.topic in ("/header", "/event"):
        record.t_wall_ns += copy * _SHIFT_NS
    if message.topic == "/header":
        record.segment = segment
    elif message.topic != "/world":
        record.tick += copy * TICKS
    if message.topic == "/learning":
        for touch in record.touches:
            touch.since_ns += copy * _SHIFT_NS
    data: bytes = record.SerializeToString(deterministic=True)
    return data
