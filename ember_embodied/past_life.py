"""What the cerebellum lived since a moment: its snapshot from before, and what it learned from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cerebellum import in_flight
from cerebellum.cerebellum import Cerebellum
from ember_embodied.past_trials import believed_look, believed_reach
from hippocampus.codec import decode
from hippocampus.forgetting.judging import LATE_NS, Wanted, judge
from hippocampus.night.moments import HeardLook, MadeReach
from hippocampus.night.store import EpisodeStore
from hippocampus.reader import session_folders
from hippocampus.salvage import RawMessage, messages
from hippocampus.segment import SEGMENT_SUFFIX
from hippocampus.tick_record import (
    HeaderRecord,
    LearningRecord,
    LookRecord,
    ReachRecord,
    SnapshotRecord,
)
from hippocampus.topics import TOPIC_OF

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing in the log that the tables hear of, in its order; Unix time."""

    t_wall_ns: int
    t_mono_ns: int
    learned: LearningRecord | None
    """None: the robot was started here."""
    stays: bool
    session: str

    @property
    def look(self) -> LookRecord | None:
        """The look that was learned from, where there was one."""
        look = None if self.learned is None else self.learned.look
        return look if look is not None and believed_look(look) else None

    @property
    def reach(self) -> ReachRecord | None:
        """The movement that was learned from, where there was one."""
        reach = None if self.learned is None else self.learned.reach
        return reach if reach is not None and believed_reach(reach) else None


@dataclass(frozen=True, slots=True)
class Start:
    """The cerebellum before the stretch."""

    cerebellum: Cerebellum
    t_wall_ns: int
    period_s: float


def read_since(
    logs: Path, wanted: Wanted, progress: Progress
) -> tuple[Start | None, list[Moment], bool]:
    """The cerebellum before the stretch, what it learned from since; whether it lived then."""
    paths = [
        path
        for session in (session_folders(logs) if logs.is_dir() else ())
        for path in sorted(session.glob(f"*{SEGMENT_SUFFIX}"))
    ]
    since_ns = wanted.learned_since_ns or 0
    found: list[list[Moment]] = []
    lived = False
    for count, path in enumerate(reversed(paths), 1):
        progress(count, len(paths))
        start, moments, gone = _read_file(path, wanted, since_ns)
        found.append(moments)
        lived |= gone
        if start is not None:
            began_ns = start.t_wall_ns
            return start, [one for one in _ordered(found) if one.t_wall_ns >= began_ns], lived
    return None, _ordered(found), lived


def _ordered(found: list[list[Moment]]) -> list[Moment]:
    return [one for moments in reversed(found) for one in moments]


def _read_file(
    path: Path, wanted: Wanted, since_ns: int
) -> tuple[Start | None, list[Moment], bool]:
    read = [item for item in messages(path.read_bytes()) if isinstance(item, RawMessage)]
    judged = judge(read, wanted)
    start: Start | None = None
    moments: list[Moment] = []
    period_s, session = 0.0, path.parent.name
    for message, after in zip(read, judged.messages, strict=True):
        if message.topic == TOPIC_OF[HeaderRecord]:
            header = decode(HeaderRecord, message.data)
            period_s = 1.0 / header.rate_hz if header is not None else period_s
        elif message.topic == TOPIC_OF[SnapshotRecord]:
            record = decode(SnapshotRecord, message.data)
            if record is None:
                continue
            if record.tick == 0:
                at_ns = message.log_time_ns
                moments.append(Moment(at_ns, record.t_mono_ns, None, stays=True, session=session))
            if message.log_time_ns < since_ns and record.cerebellum and period_s:
                start = _start(record, message.log_time_ns, period_s) or start
        elif message.topic == TOPIC_OF[LearningRecord]:
            learned = decode(LearningRecord, message.data)
            if learned is not None and (learned.look or learned.reach or learned.touches):
                stays = after is not None
                at_ns = message.log_time_ns
                at = (at_ns, learned.t_mono_ns)
                moments.append(Moment(*at, learned, stays=stays, session=session))
    return start, moments, judged.dropped > 0


def with_older(
    moments: list[Moment], nights: EpisodeStore, wanted: Wanted, from_ns: int
) -> list[Moment]:
    """The moments, and those that only a night still has, in their order."""
    known = {(one.session, one.learned.tick) for one in moments if one.learned is not None}
    found = list(moments)
    older: list[HeardLook | MadeReach] = [*nights.looks(), *nights.reaches()]
    for past in older:
        at_ns = past.t_wall_ns
        if at_ns >= from_ns and (past.session, past.tick) not in known:
            stays = not wanted.stretches.overlap(at_ns - LATE_NS, at_ns)
            found.append(Moment(at_ns, at_ns, _record(past), stays=stays, session=past.session))
    return sorted(found, key=lambda one: one.t_wall_ns)


def _record(past: HeardLook | MadeReach) -> LearningRecord:
    """As the log had it, as far as learning again needs it."""
    record = LearningRecord(
        past.tick, past.t_wall_ns, (), (), (), hearing_counts=False, surprise=0.0
    )
    if isinstance(past, MadeReach):
        angles = (past.start_rad, past.commanded_rad, past.measured_rad)
        return replace(record, reach=ReachRecord(*angles, past.verdict))
    angles = (past.heard_rad, past.head_rad, past.seen_rad)
    look = LookRecord(*angles, past.verdict, 0.0, 0.0, 0, 0, 0.0, 0.0, past.room, past.sure, 0.0)
    return replace(record, look=look)


def _start(record: SnapshotRecord, t_wall_ns: int, period_s: float) -> Start | None:
    try:
        cerebellum = in_flight.from_bytes(record.cerebellum, Cerebellum)
    except in_flight.InFlightError:
        return None  # of another version of ember; an older file may do
    return Start(cerebellum, t_wall_ns, period_s)
