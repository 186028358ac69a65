"""What is in a log and what is wrong with it, in one pass over its bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError

from firmware_bridge.command import Mode
from firmware_bridge.senses import SENSE_TABLE
from hippocampus import ember_pb2 as pb
from hippocampus.codec import decode
from hippocampus.forgetting.gap import gap_of
from hippocampus.reader import Damage, Log, LogError, TicksDigest, is_segment
from hippocampus.segment import being_written
from hippocampus.tick_record import EventRecord, HeaderRecord, SnapshotRecord, TickRecord
from hippocampus.topics import KIND_OF, TOPIC_OF

_NS_PER_S: Final = 1e9
_STREAMS: Final = tuple(spec.name for spec in SENSE_TABLE)


@dataclass(frozen=True, slots=True)
class Gap:
    """Ticks that are missing between two that are there."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a pass over a log has found."""

    header: HeaderRecord | None
    """The first that could be read."""
    segments: tuple[Path, ...]
    size_bytes: int
    ticks: int
    ticks_digest: str
    first_tick: int | None
    last_tick: int | None
    start_wall_ns: int | None
    duration_s: float
    """From the first tick to the last."""
    messages: dict[str, int]
    """Messages of each topic."""
    stream_shares: dict[str, float]
    """For each line of the sense table the share of ticks, 0 to 1, in which it was there."""
    mode_shares: dict[str, float]
    """For each mode that was seen its share of the ticks, 0 to 1."""
    damage: tuple[Damage, ...]
    """What the files have lost."""
    gaps: tuple[Gap, ...]
    """Ticks that were never written, or lost with a damaged chunk."""
    forgotten: tuple[Gap, ...]
    """Ticks that a person had erased; the log says so, and is whole all the same."""
    faults: tuple[str, ...]
    """What else is wrong, in words: a file without header or snapshot, time that runs back."""
    thinned: tuple[Path, ...]
    """Files in which a night has left out ticks; those are no gaps."""

    @property
    def whole(self) -> bool:
        """True when nothing is wrong."""
        return not (self.damage or self.gaps or self.faults)

    @property
    def rate_hz(self) -> float:
        """Mean rate of the ticks; 0 when there are fewer than two."""
        return (self.ticks - 1) / self.duration_s if self.duration_s > 0 else 0.0


@dataclass(slots=True)
class _Walk:
    """What the pass keeps in mind."""

    digest: TicksDigest = field(default_factory=TicksDigest)
    header: HeaderRecord | None = None
    ticks: int = 0
    first: pb.TickRecord | None = None
    last: pb.TickRecord | None = None
    messages: Counter[str] = field(default_factory=Counter)
    streams: Counter[str] = field(default_factory=Counter)
    modes: Counter[int] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    forgotten: dict[tuple[int, int], None] = field(default_factory=dict)
    damage: list[Damage] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    thinned: list[Path] = field(default_factory=list)
    stride: int = 1
    """Largest step from one tick of the present file to the next."""
    ticks_here: int = 0
    """Of the present file."""


def survey(log: Log) -> Survey:
    """Look at every byte. Raises ``LogError`` when the files are no log of ember at all."""
    walk = _Walk()
    for segment in log.segments:
        _walk_segment(walk, log, segment)
    if not walk.messages and not any(map(is_segment, log.segments)):
        raise LogError(f"{log.segments[0]} is not a log: it is no MCAP file")
    if walk.messages and not walk.messages.keys() & KIND_OF.keys():
        raise LogError(f"{log.segments[0]} is not a log of ember: an MCAP file of something else")
    first, last = walk.first, walk.last
    return Survey(
        header=walk.header,
        segments=log.segments,
        size_bytes=sum(segment.stat().st_size for segment in log.segments),
        ticks=walk.ticks,
        ticks_digest=walk.digest.hex(),
        first_tick=first.tick if first else None,
        last_tick=last.tick if last else None,
        start_wall_ns=first.sense.t_wall_ns if first else None,
        duration_s=(
            (last.sense.t_mono_ns - first.sense.t_mono_ns) / _NS_PER_S if first and last else 0.0
        ),
        messages=dict(walk.messages),
        stream_shares={name: walk.streams[name] / max(1, walk.ticks) for name in _STREAMS},
        mode_shares={
            Mode(number).name: count / walk.ticks for number, count in sorted(walk.modes.items())
        },
        damage=tuple(walk.damage),
        gaps=tuple(gap for gap in walk.gaps if (gap.first, gap.last) not in walk.forgotten),
        forgotten=tuple(Gap(first, last) for first, last in walk.forgotten),
        faults=tuple(walk.faults),
        thinned=tuple(walk.thinned),
    )


def _walk_segment(walk: _Walk, log: Log, segment: Path) -> None:
    live = being_written(segment)
    header = snapshot = forgotten = False
    for item in log.walk(segment):
        if isinstance(item, Damage):
            if not (live and item.torn):
                walk.damage.append(item)
            continue
        walk.messages[item.topic] += 1
        if item.topic == TOPIC_OF[TickRecord]:
            if not (header and (snapshot or forgotten)):
                missing = "snapshot" if header else "header"
                walk.faults.append(f"{segment.name}: no {missing} before its first tick")
                header = snapshot = forgotten = True
            _add_tick(walk, segment, item.data)
        elif item.topic == TOPIC_OF[SnapshotRecord]:
            snapshot = True
        elif item.topic == TOPIC_OF[EventRecord]:
            forgotten |= _note_forgotten(walk, item.data)
        elif item.topic == TOPIC_OF[HeaderRecord]:
            header = True
            found = decode(HeaderRecord, item.data)
            walk.header = walk.header or found
            if found is not None and found.thinned:
                walk.thinned.append(segment)
                walk.stride = found.thinned


def _note_forgotten(walk: _Walk, data: bytes) -> bool:
    """Whether the event tells of ticks that were forgotten on request."""
    event = decode(EventRecord, data)
    gap = gap_of(event) if event is not None else None
    if gap is not None:
        walk.forgotten[gap] = None
    return gap is not None


def _add_tick(walk: _Walk, segment: Path, data: bytes) -> None:
    try:
        tick = pb.TickRecord.FromString(data)
    except DecodeError:
        walk.faults.append(f"{segment.name}: a tick that cannot be decoded")
        return
    walk.digest.add(data)
    last = walk.last
    if last is not None:
        if tick.tick > last.tick + (walk.stride if walk.ticks_here else 1):
            walk.gaps.append(Gap(last.tick + 1, tick.tick - 1))
        elif tick.tick <= last.tick:
            walk.faults.append(f"{segment.name}: tick {tick.tick} comes after tick {last.tick}")
        if tick.sense.t_mono_ns <= last.sense.t_mono_ns:
            walk.faults.append(f"{segment.name}: time runs back at tick {tick.tick}")
    walk.first = walk.first or tick
    walk.last = tick
    walk.ticks += 1
    walk.ticks_here += 1
    walk.modes[tick.mode] += 1
    for name in _STREAMS:
        walk.streams[name] += tick.sense.HasField(name)
