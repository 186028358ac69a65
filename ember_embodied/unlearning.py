"""The cerebellum as if a stretch of time had not been: rebuilt from the log without it.

The last snapshot in the log from before the stretch is the cerebellum as it stood. Onto it goes
every look and every movement that was learned from since, but those of the stretch, in their order
(from the nights where a file is gone from the log):
the tables of hearing and reach, the choice among ways to correct, and when they were confirmed.
What learns from every tick (forward model, own noise, agency) stays as it was in that snapshot; it
learns again within minutes. Where no snapshot from before the stretch is left, the parts that
learned in it begin anew: their cells lean on each other, so none can be taken out alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from cerebellum import in_flight, snapshot
from cerebellum.cerebellum import CARRIED_S, SURE_CARRIED, Cerebellum
from cerebellum.felt import Kind, Phase
from cerebellum.keeping import KINDS, path_of
from cerebellum.plasticity import Evidence, Verdict
from cerebellum.pointing import RenewalState
from cerebellum.reach_table import Movement, ReachTableState, ReachVerdict
from cerebellum.selector_state import SelectorState
from cerebellum.snapshot import SUFFIX, PartState
from cerebellum.yaw_table import RESTARTED_CHANGE, YawTableState
from ember_embodied import learning_history
from hippocampus.codec import decode
from hippocampus.forgetting.erasure import Erasure
from hippocampus.forgetting.judging import LATE_NS, Wanted, judge
from hippocampus.night.reading import HeardLook, MadeReach
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
    TouchRecord,
)
from hippocampus.topics import TOPIC_OF

Progress = Callable[[int, int], None]
LOOKED_PARTS: Final[tuple[type[PartState], ...]] = (YawTableState, SelectorState, RenewalState)
MOVED_PARTS: Final[tuple[type[PartState], ...]] = (ReachTableState,)
_BELIEVED: Final = (Verdict.LEARNT, Verdict.CONFIRMED)
_NS: Final = 1e-9
_RESET_FOLDERS: Final = "reset-*"


@dataclass(frozen=True, slots=True)
class Unlearned:
    """What the cerebellum loses, and how it was rebuilt."""

    looks: int
    """Looks of the stretch that it had learned from."""
    movements: int
    rebuilt: bool
    """False: no snapshot from before the stretch is left, and ``anew`` begin anew."""
    relearned: int
    """Looks and movements that were learned again."""
    anew: tuple[str, ...]
    as_before: tuple[str, ...]
    """Parts that are as they were in the snapshot before the stretch."""
    digest: str
    """SHA-256 over what was learned in the stretch."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """One thing in the log that the tables hear of, in its order; Unix time."""

    t_wall_ns: int
    t_mono_ns: int
    learned: LearningRecord | None
    """None: the robot was started here."""
    stays: bool
    session: str


@dataclass(frozen=True, slots=True)
class _Start:
    """The cerebellum before the stretch."""

    cerebellum: Cerebellum
    t_wall_ns: int
    period_s: float


def unlearn(
    logs: Path,
    folder: Path,
    wanted: Wanted,
    erasure: Erasure | None,
    progress: Progress,
    nights: EpisodeStore | None = None,
) -> Unlearned | None:
    """Stage the state folder as if the stretches had not been; None looks only.

    ``nights`` still has the looks and movements of files that the log no longer has. Returns None
    where nothing was learned since. Raises ``OSError``. The folder must be locked.
    """
    since_ns = wanted.learned_since_ns
    files = _state_files(folder)
    if since_ns is None or not files:
        return None
    start, moments, lived = _read(logs, wanted, progress)
    if nights is not None:
        moments = _with_older(
            moments, nights, wanted, since_ns if start is None else start.t_wall_ns
        )
        lived |= not all(one.stays for one in moments)
    if not lived and max(path.stat().st_mtime_ns for path in files) < since_ns:
        return None
    lost = [one for one in moments if not one.stays and one.learned is not None]
    looks = sum(one.learned is not None and _learned_look(one.learned.look) for one in lost)
    moves = sum(one.learned is not None and _learned_reach(one.learned.reach) for one in lost)
    digest = hashlib.sha256(msgspec.msgpack.encode([one.learned for one in lost])).hexdigest()
    if start is None:
        gone = _part_names(files)
        if erasure is not None:
            for path in files:
                erasure.remove(path)
            _stage_history(folder, since_ns, None, erasure)
        return Unlearned(
            looks, moves, rebuilt=False, relearned=0, anew=gone, as_before=(), digest=digest
        )
    relearned = _relearn(start, moments)
    states = start.cerebellum.states()
    if erasure is not None:
        _stage(folder, files, start, states, erasure)
        _stage_history(folder, since_ns, (start.t_wall_ns, states), erasure)
    told = {*LOOKED_PARTS, *MOVED_PARTS}
    as_before = tuple(kind.KIND for kind in KINDS if kind not in told)
    return Unlearned(
        looks, moves, rebuilt=True, relearned=relearned, anew=(), as_before=as_before, digest=digest
    )


def _state_files(folder: Path) -> list[Path]:
    """Every file that may hold what was learned: parts, previous, torn and set aside ones."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for top in (folder, *folder.glob(_RESET_FOLDERS))
        for path in top.iterdir()
        if SUFFIX in path.name and path.is_file()
    )


def _part_names(files: list[Path]) -> tuple[str, ...]:
    return tuple(sorted({path.name.partition(SUFFIX)[0] for path in files}))


def _read(
    logs: Path, wanted: Wanted, progress: Progress
) -> tuple[_Start | None, list[_Moment], bool]:
    """The cerebellum before the stretch, what it learned from since; whether it lived then."""
    paths = [
        path
        for session in (session_folders(logs) if logs.is_dir() else ())
        for path in sorted(session.glob(f"*{SEGMENT_SUFFIX}"))
    ]
    since_ns = wanted.learned_since_ns or 0
    found: list[list[_Moment]] = []
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


def _ordered(found: list[list[_Moment]]) -> list[_Moment]:
    return [one for moments in reversed(found) for one in moments]


def _read_file(
    path: Path, wanted: Wanted, since_ns: int
) -> tuple[_Start | None, list[_Moment], bool]:
    read = [item for item in messages(path.read_bytes()) if isinstance(item, RawMessage)]
    judged = judge(read, wanted)
    start: _Start | None = None
    moments: list[_Moment] = []
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
                moments.append(_Moment(at_ns, record.t_mono_ns, None, stays=True, session=session))
            if message.log_time_ns < since_ns and record.cerebellum and period_s:
                start = _start(record, message.log_time_ns, period_s) or start
        elif message.topic == TOPIC_OF[LearningRecord]:
            learned = decode(LearningRecord, message.data)
            if learned is not None and (learned.look or learned.reach or learned.touches):
                stays = after is not None
                at_ns = message.log_time_ns
                at = (at_ns, learned.t_mono_ns)
                moments.append(_Moment(*at, learned, stays=stays, session=session))
    return start, moments, judged.dropped > 0


def _with_older(
    moments: list[_Moment], nights: EpisodeStore, wanted: Wanted, from_ns: int
) -> list[_Moment]:
    """The moments, and those that only a night still has, in their order."""
    known = {(one.session, one.learned.tick) for one in moments if one.learned is not None}
    found = list(moments)
    older: list[HeardLook | MadeReach] = [*nights.looks(), *nights.reaches()]
    for past in older:
        at_ns = past.t_wall_ns
        if at_ns >= from_ns and (past.session, past.tick) not in known:
            stays = not wanted.stretches.overlap(at_ns - LATE_NS, at_ns)
            found.append(_Moment(at_ns, at_ns, _record(past), stays=stays, session=past.session))
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


def _start(record: SnapshotRecord, t_wall_ns: int, period_s: float) -> _Start | None:
    try:
        cerebellum = in_flight.from_bytes(record.cerebellum, Cerebellum)
    except in_flight.InFlightError:
        return None  # of another version of ember; an older file may do
    return _Start(cerebellum, t_wall_ns, period_s)


def _relearn(start: _Start, moments: list[_Moment]) -> int:
    """Learn again what stays; how much it was."""
    cerebellum, count = start.cerebellum, 0
    cerebellum.pointing.table.frozen = cerebellum.turning.table.frozen = False
    # A look is learned over some ticks and recorded at the end: one that was under way is whole.
    recorded_yet = cerebellum.pointing.at_rest
    cerebellum.pointing.finish()
    for one in moments:
        if one.learned is None:
            if one.t_wall_ns > start.t_wall_ns:
                cerebellum.pointing.moved(RESTARTED_CHANGE)
            continue
        if not one.stays:
            continue
        record = one.learned
        if record.reach is not None and _learned_reach(record.reach):
            cerebellum.turning.table.learn(_movement(record.reach))
            count += 1
        if any(_carried(touch, one.t_mono_ns) for touch in record.touches):
            cerebellum.pointing.moved()
        if record.look is not None and _learned_look(record.look):
            if not recorded_yet:
                recorded_yet = True
                continue
            evidence = _evidence(record.look, one.t_mono_ns)
            cerebellum.pointing.learn(evidence, one.t_mono_ns, one.t_wall_ns)
            count += 1
    return count


def _learned_look(look: LookRecord | None) -> bool:
    return look is not None and look.verdict in {verdict.name for verdict in _BELIEVED}


def _learned_reach(reach: ReachRecord | None) -> bool:
    names = {ReachVerdict.LEARNT.name, ReachVerdict.CONFIRMED.name}
    return reach is not None and reach.verdict in names


def _carried(touch: TouchRecord, now_ns: int) -> bool:
    """As ``cerebellum.cerebellum`` takes it, of a touch that was told of in this tick."""
    over = touch.phase == Phase.OVER.value and touch.kind in (Kind.LIFT.value, Kind.TURN.value)
    lasted_s = (now_ns - touch.since_ns) * _NS
    return over and lasted_s >= CARRIED_S and touch.confidence >= SURE_CARRIED


def _evidence(look: LookRecord, now_ns: int) -> Evidence:
    """A trial that was believed once, told so that it is believed again."""
    return Evidence(
        heard_rad=look.heard_rad,
        heard_head_yaw_rad=look.head_rad,
        heard_t_ns=now_ns,
        speech=True,
        energy=1.0,
        own_motion=False,
        seen_rad=look.seen_rad,
        seen_t_ns=now_ns,
        seen_confidence=1.0,
        seen_faces=1,
        seen_spread_rad=0.0,
        head_speed_rad_s=0.0,
    )


def _movement(reach: ReachRecord) -> Movement:
    return Movement(reach.start_rad, reach.commanded_rad, reach.measured_rad, 0.0, disturbed=False)


def _stage(
    folder: Path,
    files: list[Path],
    start: _Start,
    states: tuple[PartState, ...],
    erasure: Erasure,
) -> None:
    """Stage the rebuilt parts; previous ones, those set aside and those of another rate go."""
    rebuilt = {path_of(folder, type(state), start.period_s): state for state in states}
    for path in files:
        if path not in rebuilt:
            erasure.remove(path)
    for path, state in rebuilt.items():
        erasure.write(path, snapshot.to_bytes(state))


def _stage_history(
    folder: Path,
    since_ns: int,
    now: tuple[int, tuple[PartState, ...]] | None,
    erasure: Erasure,
) -> None:
    """Stage how learning went: up to the stretch, and where it stands now."""
    for path in (folder / learning_history.NAME, *folder.glob(f"{_RESET_FOLDERS}/*.jsonl")):
        if not path.exists():
            continue
        kept = [one for one in learning_history.read(path.parent) if one.t_wall_ns < since_ns]
        if now is not None and path.parent == folder:
            kept.append(learning_history.entry(*now))
        erasure.write(path, b"".join(msgspec.json.encode(one) + b"\n" for one in kept))
