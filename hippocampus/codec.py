"""Records to protobuf messages (``ember.proto``) and back, exactly.

Every float is stored as float64, so a record comes back bit for bit, NaN payloads included. The
nine joints are stored as one list for each quantity: smaller, faster and easier to plot than nine
messages. Times of capture are stored as ages relative to the tick, which cost one to four bytes
in place of nine; the sum is exact as long as times lie within +-2^62 ns (146 years).

The bytes of a ``TickRecord`` are canonical: fields in the order of their numbers, defaults left
out, no maps and no unknown fields. So a digest of ticks may be taken over the bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar, cast

from google.protobuf.message import DecodeError, Message

from firmware_bridge.command import JointTargets, Mode, MotorCommand
from firmware_bridge.senses import (
    BodySense,
    CameraSense,
    DoaSense,
    Fault,
    HeadSense,
    ImuSense,
    IntentSense,
    JointSense,
    JointsSense,
    ModeRequest,
)
from hippocampus import ember_pb2 as pb
from hippocampus.tick_record import (
    EventRecord,
    GuidanceRecord,
    HeaderRecord,
    LearningRecord,
    LookRecord,
    ReachRecord,
    Record,
    SnapshotRecord,
    TickRecord,
    TimingRecord,
    TouchRecord,
    WorldRecord,
)

RecordT = TypeVar("RecordT", bound=Record)
PartT = TypeVar("PartT", TouchRecord, LookRecord, ReachRecord)


def encode(record: Record) -> bytes:
    """Canonical protobuf bytes of a record.

    Raises ``ValueError`` for an integer that its field cannot hold: a bug in the caller.
    """
    if isinstance(record, TickRecord):
        return _tick_message(record).SerializeToString(deterministic=True)
    if isinstance(record, LearningRecord):
        return _learning_message(record).SerializeToString(deterministic=True)
    return _flat_message(record).SerializeToString(deterministic=True)


def decode(kind: type[RecordT], data: bytes) -> RecordT | None:
    """The record of type ``kind`` in ``data``; None when the bytes do not hold one."""
    any_kind = cast(type[Record], kind)
    message = _MESSAGES[any_kind]()
    try:
        message.ParseFromString(data)
        if kind is TickRecord:
            return cast(RecordT, _tick_record(message))
        if kind is LearningRecord:
            return cast(RecordT, _learning_record(message))
        return cast(RecordT, _flat_record(any_kind, message))
    except (DecodeError, ValueError):
        # A CRC that happens to match over damaged bytes, or another writer's enum value.
        return None


_MESSAGES: Final[dict[type[Record], Callable[[], Any]]] = {
    TickRecord: pb.TickRecord,
    TimingRecord: pb.TimingRecord,
    EventRecord: pb.EventRecord,
    WorldRecord: pb.WorldRecord,
    SnapshotRecord: pb.SnapshotRecord,
    HeaderRecord: pb.HeaderRecord,
    LearningRecord: pb.LearningRecord,
}
_FLAT_FIELDS: Final[dict[type, tuple[str, ...]]] = {
    kind: tuple(kind.__dataclass_fields__)
    for kind in (*_MESSAGES, GuidanceRecord, TouchRecord, LookRecord, ReachRecord)
    if kind is not TickRecord
}


_PlainStream: TypeAlias = ImuSense | DoaSense | CameraSense | IntentSense
StreamT = TypeVar("StreamT", ImuSense, DoaSense, CameraSense, IntentSense)
_PLAIN_STREAMS: Final[dict[type[_PlainStream], tuple[Callable[..., Any], tuple[str, ...]]]] = {
    kind: (message, tuple(name for name in kind.__dataclass_fields__ if name != "t_mono_ns"))
    for kind, message in (
        (ImuSense, pb.Imu),
        (DoaSense, pb.Doa),
        (CameraSense, pb.Camera),
        (IntentSense, pb.Intent),
    )
}
"""Streams whose messages have the records' own names, but for the age in place of the time."""
_LISTS: Final = {"accelerometer_m_s2", "gyroscope_rad_s", "orientation_wxyz", "features"}


def _flat_message(record: Record) -> Message:
    kind = type(record)
    return cast(
        Message, _MESSAGES[kind](**{name: getattr(record, name) for name in _FLAT_FIELDS[kind]})
    )


def _flat_record(kind: type[Record], message: Any) -> Record:
    values = {name: getattr(message, name) for name in _FLAT_FIELDS[kind]}
    if kind is WorldRecord:
        values["values"] = tuple(values["values"])
    return kind(**values)


def _tick_message(record: TickRecord) -> pb.TickRecord:
    sense = record.sense
    now_ns = sense.t_mono_ns
    asked = record.requested
    sent = record.sent
    return pb.TickRecord(
        tick=record.tick,
        sense=pb.BodySense(
            t_mono_ns=now_ns,
            t_wall_ns=sense.t_wall_ns,
            seq=sense.seq,
            joints=_joints_message(sense.joints, now_ns),
            head=pb.Head(
                yaw_rad=sense.head.yaw_rad,
                pitch_rad=sense.head.pitch_rad,
                roll_rad=sense.head.roll_rad,
                z_m=sense.head.z_m,
            ),
            imu=_stream_message(sense.imu, now_ns),
            doa=_stream_message(sense.doa, now_ns),
            camera=_stream_message(sense.camera, now_ns),
            intent=_stream_message(sense.intent, now_ns),
            fault_bits=sense.fault_bits,
        ),
        requested=pb.MotorCommand(
            head_yaw_rad=asked.head_yaw_rad,
            head_pitch_rad=asked.head_pitch_rad,
            antenna_left_rad=asked.antenna_left_rad,
            antenna_right_rad=asked.antenna_right_rad,
            body_yaw_rad=asked.body_yaw_rad,
        ),
        prediction=record.prediction,
        confidence=record.confidence,
        gates=record.gates,
        mode=cast(pb.Mode, int(record.mode)),
        fault_bits=record.fault_bits,
        goal_rad=record.goal_rad,
        gated=_targets_message(record.gated),
        clip_bits=record.clip_bits,
        sent=None if sent is None else _targets_message(sent),
        skipped=not record.stepped,
        variance=record.variance,
        guidance=None if record.guidance is None else _part(pb.Guidance, record.guidance),
    )


def _part(message: Callable[..., Any], part: Any) -> Any:
    """A part of a record whose message has the record's own names."""
    return message(**{name: getattr(part, name) for name in _FLAT_FIELDS[type(part)]})


def _part_record(kind: type[PartT], message: Any) -> PartT:
    return kind(**{name: getattr(message, name) for name in _FLAT_FIELDS[kind]})


def _learning_message(record: LearningRecord) -> pb.LearningRecord:
    look, reach = record.look, record.reach
    return pb.LearningRecord(
        tick=record.tick,
        t_mono_ns=record.t_mono_ns,
        verdicts=record.verdicts,
        strangeness=record.strangeness,
        lost=record.lost,
        hearing_counts=record.hearing_counts,
        surprise=record.surprise,
        touches=[_part(pb.Touch, touch) for touch in record.touches],
        look=None if look is None else _part(pb.Look, look),
        reach=None if reach is None else _part(pb.Reach, reach),
        predicted_rad=record.predicted_rad,
    )


def _learning_record(message: pb.LearningRecord) -> LearningRecord:
    return LearningRecord(
        tick=message.tick,
        t_mono_ns=message.t_mono_ns,
        verdicts=tuple(message.verdicts),
        strangeness=tuple(message.strangeness),
        lost=tuple(message.lost),
        hearing_counts=message.hearing_counts,
        surprise=message.surprise,
        touches=tuple(_part_record(TouchRecord, touch) for touch in message.touches),
        look=_part_record(LookRecord, message.look) if message.HasField("look") else None,
        reach=_part_record(ReachRecord, message.reach) if message.HasField("reach") else None,
        predicted_rad=tuple(message.predicted_rad),
    )


def _guidance(message: pb.Guidance) -> GuidanceRecord:
    values = {name: getattr(message, name) for name in _FLAT_FIELDS[GuidanceRecord]}
    values["intent_rad"] = tuple(values["intent_rad"])
    values["fault_bits"] = Fault(values["fault_bits"])
    return GuidanceRecord(**values)


def _targets_message(targets: JointTargets) -> pb.JointTargets:
    return pb.JointTargets(
        position_rad=targets.position_rad,
        torque_enabled=targets.torque_enabled,
        duration_s=targets.duration_s,
    )


def _joints_message(sense: JointsSense | None, now_ns: int) -> pb.Joints | None:
    if sense is None:
        return None
    joints = sense.joints
    return pb.Joints(
        age_ns=now_ns - sense.t_mono_ns,
        interval_ns=sense.interval_ns,
        valid=sense.valid,
        position_rad=[joint.position_rad for joint in joints],
        velocity_rad_s=[joint.velocity_rad_s for joint in joints],
        current_a=[joint.current_a for joint in joints],
        temperature_c=[joint.temperature_c for joint in joints],
        voltage_v=[joint.voltage_v for joint in joints],
        error_bits=[joint.error_bits for joint in joints],
        answered=[joint.answered for joint in joints],
        torque_enabled=[joint.torque_enabled for joint in joints],
        position_age_ns=[now_ns - joint.t_mono_ns for joint in joints],
        telemetry_age_ns=[now_ns - joint.t_telemetry_ns for joint in joints],
    )


def _stream_message(sense: _PlainStream | None, now_ns: int) -> Any:
    if sense is None:
        return None
    message, names = _PLAIN_STREAMS[type(sense)]
    values = {name: getattr(sense, name) for name in names}
    return message(age_ns=now_ns - sense.t_mono_ns, **values)


def _tick_record(message: pb.TickRecord) -> TickRecord:
    sense = message.sense
    now_ns = sense.t_mono_ns
    head = sense.head
    asked = message.requested
    present = sense.HasField
    return TickRecord(
        tick=message.tick,
        sense=BodySense(
            t_mono_ns=now_ns,
            t_wall_ns=sense.t_wall_ns,
            seq=sense.seq,
            joints=_joints_sense(sense.joints, now_ns) if present("joints") else None,
            head=HeadSense(head.yaw_rad, head.pitch_rad, head.roll_rad, head.z_m),
            imu=_stream(ImuSense, sense, "imu"),
            doa=_stream(DoaSense, sense, "doa"),
            camera=_stream(CameraSense, sense, "camera"),
            intent=_stream(IntentSense, sense, "intent"),
            fault_bits=Fault(sense.fault_bits),
        ),
        requested=MotorCommand(
            head_yaw_rad=asked.head_yaw_rad,
            head_pitch_rad=asked.head_pitch_rad,
            antenna_left_rad=asked.antenna_left_rad,
            antenna_right_rad=asked.antenna_right_rad,
            body_yaw_rad=asked.body_yaw_rad,
        ),
        prediction=tuple(message.prediction),
        confidence=message.confidence,
        gates=tuple(message.gates),
        mode=Mode(message.mode),
        fault_bits=Fault(message.fault_bits),
        goal_rad=tuple(message.goal_rad),
        gated=_targets(message.gated),
        clip_bits=message.clip_bits,
        sent=_targets(message.sent) if message.HasField("sent") else None,
        stepped=not message.skipped,
        variance=tuple(message.variance),
        guidance=_guidance(message.guidance) if message.HasField("guidance") else None,
    )


def _targets(message: pb.JointTargets) -> JointTargets:
    return JointTargets(
        position_rad=tuple(message.position_rad),
        torque_enabled=message.torque_enabled,
        duration_s=message.duration_s,
    )


def _joints_sense(message: pb.Joints, now_ns: int) -> JointsSense:
    columns = zip(
        message.position_age_ns,
        message.answered,
        message.position_rad,
        message.velocity_rad_s,
        message.telemetry_age_ns,
        message.current_a,
        message.temperature_c,
        message.voltage_v,
        message.error_bits,
        message.torque_enabled,
        strict=True,
    )
    return JointsSense(
        t_mono_ns=now_ns - message.age_ns,
        interval_ns=message.interval_ns,
        valid=message.valid,
        joints=tuple(
            JointSense(now_ns - age, answered, position, velocity, now_ns - telemetry_age, *rest)
            for age, answered, position, velocity, telemetry_age, *rest in columns
        ),
    )


def _stream(kind: type[StreamT], message: pb.BodySense, name: str) -> StreamT | None:
    if not message.HasField(cast(Any, name)):
        return None
    part = getattr(message, name)
    values = {field: getattr(part, field) for field in _PLAIN_STREAMS[kind][1]}
    for field in _LISTS & values.keys():
        values[field] = tuple(values[field])
    if "request" in values:
        values["request"] = ModeRequest(values["request"])
    return kind(t_mono_ns=message.t_mono_ns - part.age_ns, **values)
