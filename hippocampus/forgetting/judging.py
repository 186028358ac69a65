"""What of one log file is to go: message by message, and what came late out of the stretch.

A tick goes when it was lived in a stretch, by its own wall clock or by the file's. With it goes
what was recorded of it, and what shows up only after the stretch but was taken in it: a reading
that was already old, a touch that had begun, a look for a voice heard then. What the cerebellum had
learned goes from every snapshot after the stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from foxglove_schemas_protobuf.Log_pb2 import Log as LogMessage
from google.protobuf.message import DecodeError

from hippocampus import ember_pb2 as pb
from hippocampus.codec import decode, encode
from hippocampus.forgetting.times import Name, Stretch, Stretches
from hippocampus.salvage import RawMessage
from hippocampus.tick_record import (
    EventRecord,
    HeaderRecord,
    LearningRecord,
    SnapshotRecord,
    TickRecord,
    WorldRecord,
)
from hippocampus.topics import TOPIC_OF

LATE_NS: Final = 6_000_000_000
"""A look for a voice is over, or given up, five seconds after it was heard
(``cerebellum.looking``), a movement sooner; an old reading of a dead stream may come any time."""
_TICK: Final = TOPIC_OF[TickRecord]
_LOG_LINE: Final = "/log"
_STREAMS: Final = ("joints", "imu", "doa", "camera", "intent")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be forgotten."""

    stretches: Stretches
    name: Name | None = None

    @property
    def learned_since_ns(self) -> int | None:
        """From here on what was learned may come from what is to be forgotten."""
        return min((one.start_ns for one in self.stretches), default=None)


@dataclass(slots=True)
class Judged:
    """One file: what each message becomes, in its order; None for one that goes."""

    messages: list[RawMessage | None]
    ticks: list[tuple[int, bool]]
    """Number of every tick, and whether it stays."""
    stripped: int = 0
    """Snapshots that lost what the cerebellum had learned."""
    altered: int = 0
    """Other messages that lost a part."""

    @property
    def dropped(self) -> int:
        """Messages that go."""
        return sum(message is None for message in self.messages)

    @property
    def changed(self) -> bool:
        """Whether the file is another one now."""
        return bool(self.dropped or self.stripped or self.altered)


def judge(messages: Sequence[RawMessage], wanted: Wanted) -> Judged:
    """What becomes of the messages of one file."""
    judged = Judged(list(messages), [])
    gone = _judge_ticks(messages, wanted, judged)
    for index, message in enumerate(messages):
        if message.topic != _TICK:
            after = _judge_beside(message, wanted, gone)
            if after is not None and after.data != message.data:
                judged.stripped += message.topic == TOPIC_OF[SnapshotRecord]
                judged.altered += message.topic != TOPIC_OF[SnapshotRecord]
            judged.messages[index] = after
    return judged


def _judge_ticks(messages: Sequence[RawMessage], wanted: Wanted, judged: Judged) -> Stretches:
    """Judge the ticks; the log times in which nothing stays."""
    gone: list[Stretch] = []
    began_ns: int | None = None
    last_ns = 0
    if _all_stay(messages, wanted):
        # The number of a tick is the sequence of its message too.
        judged.ticks += [(one.sequence, True) for one in messages if one.topic == _TICK]
        return wanted.stretches
    for index, message in enumerate(messages):
        if message.topic != _TICK:
            continue
        tick = _tick(message)
        stays = tick is not None and _tick_stays(tick, message.log_time_ns, wanted.stretches)
        if not stays:
            judged.messages[index] = None
            began_ns = message.log_time_ns if began_ns is None else began_ns
        else:
            if began_ns is not None:
                gone.append(Stretch(began_ns, max(began_ns, message.log_time_ns - 1)))
                began_ns = None
            if tick is not None and _clear_old_readings(tick, message.log_time_ns, wanted):
                data = tick.SerializeToString(deterministic=True)
                judged.messages[index] = msgspec.structs.replace(message, data=data)
                judged.altered += 1
        last_ns = message.log_time_ns
        if tick is not None:
            judged.ticks.append((tick.tick, stays))
    if began_ns is not None:
        gone.append(Stretch(began_ns, max(began_ns, last_ns)))
    return Stretches([*gone, *wanted.stretches])


def _all_stay(messages: Sequence[RawMessage], wanted: Wanted) -> bool:
    """Whether every tick is so late that none was lived in a stretch and no reading is from it.

    The readings of a dead stream only grow older, so the first tick speaks for all.
    """
    first = next((one for one in messages if one.topic == _TICK), None)
    last_ns = max((one.end_ns for one in wanted.stretches), default=None)
    if first is None or last_ns is None or first.log_time_ns <= last_ns + LATE_NS:
        return False
    tick = _tick(first)
    if tick is None or tick.sense.t_wall_ns <= last_ns + LATE_NS:
        return False
    return not _old_readings(tick, first.log_time_ns, wanted.stretches)


def _tick(message: RawMessage) -> pb.TickRecord | None:
    try:
        return pb.TickRecord.FromString(message.data)
    except DecodeError:
        return None


def _tick_stays(tick: pb.TickRecord, log_ns: int, stretches: Stretches) -> bool:
    if stretches.hold(tick.sense.t_wall_ns) or stretches.hold(log_ns):
        return False
    just_after = stretches.overlap(log_ns - LATE_NS, log_ns)
    return not (just_after and any(_old_readings(tick, log_ns, stretches)))


def _old_readings(tick: pb.TickRecord, log_ns: int, stretches: Stretches) -> list[str]:
    """Streams of the tick that were captured within a stretch."""
    sense = tick.sense
    return [
        name
        for name in _STREAMS
        if sense.HasField(name) and stretches.hold(log_ns - getattr(sense, name).age_ns)
    ]


def _clear_old_readings(tick: pb.TickRecord, log_ns: int, wanted: Wanted) -> bool:
    old = _old_readings(tick, log_ns, wanted.stretches)
    for name in old:
        tick.sense.ClearField(name)
    return bool(old)


def _judge_beside(message: RawMessage, wanted: Wanted, gone: Stretches) -> RawMessage | None:
    """What becomes of a message that is no tick."""
    topic, log_ns = message.topic, message.log_time_ns
    if topic == TOPIC_OF[HeaderRecord]:
        return _header(message, wanted.name)
    if gone.hold(log_ns):
        return None
    if topic == TOPIC_OF[SnapshotRecord]:
        return _snapshot(message, wanted)
    if topic == TOPIC_OF[LearningRecord] and _learned_late(message, wanted.stretches):
        return None
    if wanted.name is not None and _names(message, wanted.name):
        return None
    return message


def _header(message: RawMessage, name: Name | None) -> RawMessage:
    """A header stays, without a scenario that names the person."""
    header = decode(HeaderRecord, message.data) if name is not None else None
    if header is None or name is None or not name.within(header.scenario_toml):
        return message
    return msgspec.structs.replace(message, data=encode(replace(header, scenario_toml="")))


def _snapshot(message: RawMessage, wanted: Wanted) -> RawMessage | None:
    since_ns = wanted.learned_since_ns
    if since_ns is None or message.log_time_ns < since_ns:
        return message
    snapshot = decode(SnapshotRecord, message.data)
    if snapshot is None or not snapshot.cerebellum:
        return message
    return msgspec.structs.replace(message, data=encode(replace(snapshot, cerebellum=b"")))


def _learned_late(message: RawMessage, stretches: Stretches) -> bool:
    try:
        record = pb.LearningRecord.FromString(message.data)
    except DecodeError:
        return False
    log_ns = message.log_time_ns
    offset_ns = log_ns - record.t_mono_ns
    if any(stretches.hold(touch.since_ns + offset_ns) for touch in record.touches):
        return True
    looked = record.HasField("look") or record.HasField("reach")
    return looked and stretches.overlap(log_ns - LATE_NS, log_ns)


def _names(message: RawMessage, name: Name) -> bool:
    """Whether an event, a line for viewers or a change of the world names the person."""
    if message.topic == TOPIC_OF[EventRecord]:
        event = decode(EventRecord, message.data)
        return event is not None and (name.within(event.text) or name.within(event.name))
    if message.topic == TOPIC_OF[WorldRecord]:
        world = decode(WorldRecord, message.data)
        return world is not None and (name.within(world.who) or name.within(world.kind))
    if message.topic == _LOG_LINE:
        try:
            line = LogMessage.FromString(message.data)
        except DecodeError:
            return False
        return name.within(line.message)
    return False
