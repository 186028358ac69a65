"""The logs without what is to be forgotten: files rewritten, or gone, and the gap told.

A rewritten file has every message that stays, byte for byte, and an event ``forgotten`` at the edge
of each gap that says which ticks are missing, and nothing else of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from hippocampus import ember_pb2 as pb
from hippocampus.codec import decode, encode
from hippocampus.forgetting.erasure import Erasure
from hippocampus.forgetting.gap import FORGOTTEN_EVENT, gap_text
from hippocampus.forgetting.judging import Judged, Wanted, judge
from hippocampus.reader import session_folders
from hippocampus.retention import KEEP_SUFFIX
from hippocampus.salvage import Damage, RawMessage, chunk_times, messages
from hippocampus.segment import SEGMENT_SUFFIX, DiskFile, Segment, being_written, marker_path
from hippocampus.tick_record import EventRecord, HeaderRecord, TickRecord
from hippocampus.topics import CHANNEL_IDS, TOPIC_OF
from hippocampus.viewer_messages import log_line

_INFO_LEVEL: Final = 2
_TICK: Final = TOPIC_OF[TickRecord]

Progress = Callable[[int, int], None]
"""Called with files looked at, and all."""


class BeingWrittenError(Exception):
    """A recorder writes a file that must change; one line for a person."""


@dataclass(slots=True)
class ErasedLog:
    """What one file loses."""

    name: str
    """SESSION/000012.mcap"""
    ticks: int
    messages: int
    stripped: int
    altered: int
    removed: bool
    """The whole file goes: nothing of it stays."""
    size_bytes: int
    digest: str
    """SHA-256 over the messages that go, each after its length."""


@dataclass(slots=True)
class _Gap:
    """Ticks that go, between two that stay; a number is None where none stays on that side."""

    before: int | None
    after: int | None
    count: int


@dataclass(slots=True)
class _File:
    path: Path
    ticks: list[tuple[int, bool]] = field(default_factory=list)
    changed: bool = False
    empty: bool = False
    """No tick stays of those that it had."""


def erase(
    root: Path, wanted: Wanted, erasure: Erasure | None, progress: Progress
) -> Iterator[ErasedLog]:
    """Stage every file of ``root`` without what is to be forgotten; None only looks.

    Raises ``BeingWrittenError``, ``OSError``.
    """
    sessions = session_folders(root) if root.is_dir() else ()
    files = [sorted(folder.glob(f"*{SEGMENT_SUFFIX}")) for folder in sessions]
    total, done = sum(map(len, files)), 0
    for paths in files:
        affected: list[_File] = []
        untouched: Path | None = None
        for path in paths:
            done += 1
            progress(done, total)
            found = _look(path, wanted)
            if found is not None:
                affected.append(found)
            elif not affected:
                untouched = path
        if any(file.changed for file in affected):
            if untouched is not None:
                affected.insert(
                    0, _edges(untouched, judge(_readable(untouched.read_bytes()), wanted))
                )
            yield from _rewrite_session(affected, root, wanted, erasure)


def _look(path: Path, wanted: Wanted) -> _File | None:
    """The file where it may change, judged; None where it stays as it is."""
    content = path.read_bytes()
    if wanted.name is None and not _may_change(content, wanted):
        return None
    judged = judge(_readable(content), wanted)
    if not judged.changed and not _scratched(content, wanted):
        return _edges(path, judged)
    if being_written(path):
        raise BeingWrittenError(
            f"{path} is being written: stop the robot first, for instance with "
            "'systemctl stop ember'"
        )
    stays = any(stays for _, stays in judged.ticks)
    return _File(path, judged.ticks, changed=True, empty=not stays and bool(judged.ticks))


def _edges(path: Path, judged: Judged) -> _File:
    """A file that stays: a gap may begin or end at its edges."""
    return _File(path, judged.ticks[:1] + judged.ticks[1:][-1:])


def _may_change(content: bytes, wanted: Wanted) -> bool:
    """Whether anything in the file is as late as the first stretch; without unpacking it."""
    since_ns = wanted.learned_since_ns
    if since_ns is None:
        return False
    times = list(chunk_times(content))
    return not times or max(last for _, last in times) >= since_ns


def _scratched(content: bytes, wanted: Wanted) -> bool:
    """Whether the file has unreadable bytes that may be of a stretch; those cannot be judged."""
    if not any(isinstance(item, Damage) for item in messages(content)):
        return False
    times = list(chunk_times(content))
    if not times:
        return True
    first, last = min(t for t, _ in times), max(t for _, t in times)
    return wanted.stretches.overlap(first, last)


def _readable(content: bytes) -> list[RawMessage]:
    return [
        item
        for item in messages(content)
        if isinstance(item, RawMessage) and item.topic in CHANNEL_IDS
    ]


def _rewrite_session(
    files: list[_File], root: Path, wanted: Wanted, erasure: Erasure | None
) -> Iterator[ErasedLog]:
    gaps = _gaps([tick for file in files for tick in file.ticks])
    _have_told(files, gaps)
    for file in files:
        if not file.changed:
            continue
        read = _readable(file.path.read_bytes())
        judged = judge(read, wanted)
        yield _facts(file, root, read, judged)
        if erasure is None:
            continue
        if file.empty:
            erasure.remove(file.path)
            for beside in (marker_path(file.path), file.path.with_suffix(KEEP_SUFFIX)):
                if beside.exists():
                    erasure.remove(beside)
            continue
        told = list(_with_gaps(judged, gaps))
        _write(erasure.replace(file.path), told)


def _gaps(ticks: list[tuple[int, bool]]) -> list[_Gap]:
    """The runs of ticks that go, in the order of the log."""
    gaps = []
    runs = [(stays, [n for n, _ in run]) for stays, run in groupby(ticks, key=lambda t: t[1])]
    edges = [(False, None), *runs, (False, None)]
    for (_, earlier), (stays, run), (_, later) in zip(edges, edges[1:], edges[2:], strict=False):
        if not stays and run:
            before = earlier[-1] if earlier else None
            gaps.append(_Gap(before, later[0] if later else None, len(run)))
    return gaps


def _have_told(files: list[_File], gaps: list[_Gap]) -> None:
    """See to it that a file at the edge of each gap is rewritten, so that it can tell of it."""
    at = {number: file for file in files for number, stays in file.ticks if stays}
    for gap in gaps:
        edges = [at[n] for n in (gap.after, gap.before) if n is not None]
        if edges and not any(file.changed for file in edges):
            edges[0].changed = True


def _facts(file: _File, root: Path, read: list[RawMessage], judged: Judged) -> ErasedLog:
    digest = hashlib.sha256()
    for before, after in zip(read, judged.messages, strict=True):
        if after is None or after.data != before.data:
            digest.update(len(before.data).to_bytes(8, "little"))
            digest.update(before.data)
    return ErasedLog(
        name=file.path.relative_to(root).as_posix(),
        ticks=sum(not stays for _, stays in judged.ticks),
        messages=judged.dropped,
        stripped=judged.stripped,
        altered=judged.altered,
        removed=file.empty,
        size_bytes=file.path.stat().st_size,
        digest=digest.hexdigest(),
    )


def _with_gaps(judged: Judged, gaps: list[_Gap]) -> Iterator[RawMessage]:
    """What stays, with an event at each edge of a gap that is in this file."""
    ends = {gap.before: gap for gap in gaps if gap.before is not None}
    begins = {gap.after: gap for gap in gaps if gap.after is not None}
    mine = {number for number, stays in judged.ticks if stays}
    pending: tuple[RawMessage, ...] = ()
    for message in judged.messages:
        if message is None:
            yield from pending
            pending = ()
            continue
        if message.topic == _TICK:
            yield from pending
            pending = ()
            tick = pb.TickRecord.FromString(message.data)
            before = begins.get(tick.tick)
            if before is not None and before.before not in mine:
                yield from _event(before, message, tick)
            yield message
            if tick.tick in ends:
                pending = tuple(_event(ends[tick.tick], message, tick))
            continue
        yield message
    yield from pending


def _event(gap: _Gap, beside: RawMessage, tick: pb.TickRecord) -> Iterator[RawMessage]:
    first = 0 if gap.before is None else gap.before + 1
    last = first + gap.count - 1 if gap.after is None else gap.after - 1
    text = gap_text(first, last, gap.count)
    sense = tick.sense
    event = EventRecord(
        sense.t_mono_ns, sense.t_wall_ns, tick.tick, _INFO_LEVEL, FORGOTTEN_EVENT, text
    )
    at_ns = beside.log_time_ns
    yield RawMessage(TOPIC_OF[EventRecord], at_ns, 0, encode(event))
    yield RawMessage("/log", at_ns, 0, log_line(event, at_ns))


def _write(path: Path, kept: list[RawMessage]) -> None:
    segment = Segment(DiskFile(path), None)
    try:
        for message in kept:
            segment.add_raw(message.topic, message.log_time_ns, message.data, message.sequence)
        segment.seal()
    except OSError:
        segment.abandon()
        raise


def session_starts(root: Path) -> dict[str, int]:
    """For each session what to add to its monotonic times to have Unix times, ns."""
    found = {}
    for folder in session_folders(root) if root.is_dir() else ():
        for path in sorted(folder.glob(f"*{SEGMENT_SUFFIX}")):
            header = _header(path)
            if header is not None:
                found[header.session_id] = header.t_wall_ns - header.t_mono_ns
                break
    return found


def _header(path: Path) -> HeaderRecord | None:
    for item in messages(path.read_bytes()):
        if isinstance(item, RawMessage) and item.topic == TOPIC_OF[HeaderRecord]:
            return decode(HeaderRecord, item.data)
    return None
