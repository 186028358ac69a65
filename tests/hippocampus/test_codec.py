"""A record comes back from its bytes bit for bit."""

from __future__ import annotations

import struct
from dataclasses import fields, is_dataclass, replace
from importlib import resources
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import command, senses
from hippocampus import ember_pb2, tick_record
from hippocampus.codec import decode, encode
from hippocampus.topics import KIND_OF

ROOT = Path(__file__).parents[2]
TIMES = st.integers(-(2**61), 2**61)
FLOATS = st.one_of(
    st.floats(width=64),
    st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0]),
)
JOINT_FIELDS = st.builds(
    senses.JointSense,
    t_mono_ns=TIMES,
    answered=st.booleans(),
    position_rad=FLOATS,
    velocity_rad_s=FLOATS,
    t_telemetry_ns=TIMES,
    current_a=FLOATS,
    temperature_c=FLOATS,
    voltage_v=FLOATS,
    error_bits=st.integers(0, 255),
    torque_enabled=st.booleans(),
)
STREAM = {"t_mono_ns": TIMES, "interval_ns": st.integers(0, 2**62), "valid": st.booleans()}
NUMBERS = st.lists(FLOATS, max_size=12).map(tuple)
TARGETS = st.builds(
    command.JointTargets, position_rad=NUMBERS, torque_enabled=st.booleans(), duration_s=FLOATS
)
SMALL = st.integers(-(2**31), 2**31 - 1)
FAULTS = st.integers(0, 2**18 - 1).map(senses.Fault)
SENSES = st.builds(
    senses.BodySense,
    t_mono_ns=TIMES,
    t_wall_ns=TIMES,
    seq=st.integers(0, 2**62),
    joints=st.none()
    | st.builds(senses.JointsSense, **STREAM, joints=st.lists(JOINT_FIELDS, max_size=9).map(tuple)),
    head=st.builds(senses.HeadSense, FLOATS, FLOATS, FLOATS, FLOATS),
    imu=st.none()
    | st.builds(
        senses.ImuSense,
        **STREAM,
        accelerometer_m_s2=st.tuples(*[FLOATS] * 3),
        gyroscope_rad_s=st.tuples(*[FLOATS] * 3),
        orientation_wxyz=st.tuples(*[FLOATS] * 4),
        temperature_c=FLOATS,
    ),
    doa=st.none()
    | st.builds(
        senses.DoaSense,
        **STREAM,
        azimuth_rad=FLOATS,
        mirror_rad=FLOATS,
        speech=st.booleans(),
        energy=FLOATS,
        head_yaw_rad=FLOATS,
    ),
    camera=st.none()
    | st.builds(
        senses.CameraSense,
        **STREAM,
        face_yaw_rad=FLOATS,
        face_pitch_rad=FLOATS,
        size_rad=FLOATS,
        confidence=FLOATS,
        features=NUMBERS,
        head_yaw_rad=FLOATS,
        head_pitch_rad=FLOATS,
    ),
    intent=st.none()
    | st.builds(
        senses.IntentSense,
        **STREAM,
        gaze_yaw_rad=FLOATS,
        gaze_pitch_rad=FLOATS,
        gaze_weight=FLOATS,
        arousal=FLOATS,
        request=st.sampled_from(senses.ModeRequest),
    ),
    fault_bits=FAULTS,
)
TICKS = st.builds(
    tick_record.TickRecord,
    tick=st.integers(0, 2**62),
    sense=SENSES,
    requested=st.builds(command.MotorCommand, *[FLOATS] * 5),
    prediction=NUMBERS,
    confidence=FLOATS,
    gates=NUMBERS,
    mode=st.sampled_from(command.Mode),
    fault_bits=FAULTS,
    goal_rad=NUMBERS,
    gated=TARGETS,
    clip_bits=st.integers(0, 2**32 - 1),
    sent=st.none() | TARGETS,
    stepped=st.booleans(),
    variance=NUMBERS,
    guidance=st.none()
    | st.builds(
        tick_record.GuidanceRecord,
        *[FLOATS] * 2,
        *[SMALL] * 2,
        FLOATS,
        FAULTS,
        *[SMALL] * 2,
        NUMBERS,
        st.booleans(),
    ),
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEARNINGS = st.builds(
    tick_record.LearningRecord,
    tick=st.integers(0, 2**62),
    t_mono_ns=TIMES,
    verdicts=st.lists(SMALL, max_size=4).map(tuple),
    strangeness=NUMBERS,
    lost=st.lists(SMALL, max_size=9).map(tuple),
    hearing_counts=st.booleans(),
    surprise=FLOATS,
    touches=st.lists(
        st.builds(tick_record.TouchRecord, TIMES, TIMES, *[TEXT] * 4, *[FLOATS] * 2), max_size=2
    ).map(tuple),
    look=st.none()
    | st.builds(
        tick_record.LookRecord,
        *[FLOATS] * 3,
        TEXT,
        *[FLOATS] * 2,
        *[SMALL] * 2,
        *[FLOATS] * 2,
        SMALL,
        *[FLOATS] * 2,
    ),
    reach=st.none() | st.builds(tick_record.ReachRecord, *[FLOATS] * 3, TEXT),
    predicted_rad=NUMBERS,
)
STRUCTURED = (tick_record.TickRecord, tick_record.LearningRecord)
FLAT_VALUES = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": FLOATS,
    "str": TEXT,
    "bytes": st.binary(),
    "bool": st.booleans(),
    "tuple[float, ...]": NUMBERS,
}
FLAT = st.sampled_from([k for k in KIND_OF.values() if k not in STRUCTURED]).flatmap(
    lambda kind: st.builds(kind, **{f.name: FLAT_VALUES[f.type] for f in fields(kind)})
)


def bits(value: object) -> object:
    """A value that is equal only when every float has the same 64 bits and every type agrees."""
    if is_dataclass(value):
        return type(value), [bits(getattr(value, f.name)) for f in fields(value)]
    if isinstance(value, tuple):
        return tuple, [bits(item) for item in value]
    return type(value), struct.pack("<d", value) if isinstance(value, float) else value


@settings(deadline=None)
@given(TICKS | LEARNINGS | FLAT)
def test_round_trip_is_bit_for_bit_and_the_bytes_are_canonical(record):
    data = encode(record)
    back = decode(type(record), data)
    assert bits(back) == bits(record)
    assert encode(back) == data


@settings(deadline=None)
@given(st.sampled_from(list(KIND_OF.values())), st.binary(max_size=200), TICKS, st.data())
def test_any_bytes_decode_to_a_record_or_to_none(kind, noise, tick, data):
    assert isinstance(decode(kind, noise), kind | None)
    cut = encode(tick)
    at = data.draw(st.integers(0, len(cut)))
    assert isinstance(decode(tick_record.TickRecord, cut[:at]), tick_record.TickRecord | None)


SKIPPED_FIELD = b"\x68\x01"
"""Field 13, a varint, of one."""


@settings(deadline=None, max_examples=20)
@given(TICKS)
def test_a_tick_of_before_there_was_skipping_has_stepped(tick):
    tick = replace(tick, variance=(), guidance=None)
    data = encode(replace(tick, stepped=False))
    assert data.endswith(SKIPPED_FIELD)
    old = data.removesuffix(SKIPPED_FIELD)
    assert decode(tick_record.TickRecord, old).stepped
    assert encode(replace(tick, stepped=True)) == old, "an old log keeps its digest"


def test_an_integer_that_does_not_fit_is_a_bug_that_raises():
    with pytest.raises(ValueError, match=r"[Rr]ange"):
        encode(tick_record.SnapshotRecord(tick=2**64, t_mono_ns=0, state=b""))


def test_generated_code_is_current(tmp_path):
    out = tmp_path / "ember.binpb"
    well_known = str(resources.files("grpc_tools") / "_proto")
    arguments = ["protoc", f"-I{ROOT}", f"-I{well_known}", f"--descriptor_set_out={out}"]
    assert protoc.main([*arguments, str(ROOT / "hippocampus" / "ember.proto")]) == 0
    [source] = FileDescriptorSet.FromString(out.read_bytes()).file
    for message in source.message_type:
        for field in message.field:
            field.ClearField("json_name")
    generated = FileDescriptorProto()
    ember_pb2.DESCRIPTOR.CopyToProto(generated)
    assert source == generated


def test_the_mode_of_the_proto_is_the_mode_of_the_robot():
    assert {m.name: m.value for m in command.Mode} == dict(ember_pb2.Mode.items())
