from __future__ import annotations

import dataclasses
from dataclasses import replace
from math import cos, inf, nan, pi, sin
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ember_embodied import sense_vector
from ember_embodied.sense_vector import (
    CLIP,
    INDEX,
    PREDICTED,
    SENSES,
    STREAM_OF_SENSE,
    STREAMS,
    encode,
    schema_hash,
    wrap,
)
from firmware_bridge.command import MotorCommand
from firmware_bridge.senses import BodySense


def test_every_input_means_what_the_table_says(sense: BodySense, command: MotorCommand) -> None:
    senses, mask = encode(sense, command)
    assert senses.dtype == mask.dtype == np.float32
    assert mask.tolist() == [1.0] * len(STREAMS)
    expected = {
        "joints.stewart_2.position": 0.2,
        "joints.right_antenna.velocity": 1.4,
        "joints.left_antenna.current": 0.24,
        "head.yaw": 0.3,
        "head.height": 0.006,
        "head.yaw_from_body": 0.3,
        "command.antenna_right": 0.6,
        "command.head_yaw_lag": 0.05,
        "command.antenna_left_lag": 0.1,
        "command.antenna_right_lag": -0.1,
        "command.body_yaw_lag": 0.15,
        "imu.accelerometer_z": 9.7,
        "imu.gyroscope_y": 0.02,
        "imu.up_z": 1.0,
        "doa.front": 0.8,
        "doa.mirror": 2.94,
        "doa.mirror_cos": cos(2.94),
        "doa.front_from_head": 0.5,
        "doa.front_from_head_sin": sin(0.5),
        "doa.mirror_from_head_cos": cos(2.64),
        "doa.speech": 1.0,
        "doa.age": 0.04,
        "camera.yaw_from_head": 0.2,
        "camera.pitch_from_head": -0.2,
        "camera.confidence": 0.9,
        "camera.feature_7": 0.5,
        "intent.yaw_from_head": -0.1,
        "intent.arousal": 0.4,
    }
    for name, value in expected.items():
        scale = SENSES[INDEX[name]].scale
        assert senses[INDEX[name]] * scale == pytest.approx(value, abs=1e-6), name


def test_up_is_the_third_row_of_the_rotation(sense: BodySense, command: MotorCommand) -> None:
    assert sense.imu is not None
    half = 0.5 * 0.4
    rolled = replace(sense.imu, orientation_wxyz=(cos(half), sin(half), 0.0, 0.0))
    senses, _ = encode(replace(sense, imu=rolled), command)
    up = senses[INDEX["imu.up_x"] : INDEX["imu.up_z"] + 1]
    assert up == pytest.approx([0.0, sin(0.4), cos(0.4)], abs=1e-6)


@pytest.mark.parametrize("stream", ["joints", "imu", "doa", "camera", "intent"])
@pytest.mark.parametrize("trouble", ["absent", "stale", "invalid"])
def test_a_stream_that_cannot_be_used_is_a_mask_bit(
    sense: BodySense, command: MotorCommand, stream: str, trouble: str
) -> None:
    part: Any = getattr(sense, stream)
    changes: dict[str, Any] = {
        "absent": None,
        "stale": replace(part, t_mono_ns=part.t_mono_ns - 10_000_000_000),
        "invalid": replace(part, valid=False),
    }
    senses, mask = encode(replace(sense, **{stream: changes[trouble]}), command)
    lost = {stream, "head"} if stream == "joints" else {stream}
    assert {s for s, bit in zip(STREAMS, mask, strict=True) if bit == 0.0} == lost
    for name in lost:
        assert not senses[STREAMS.index(name) == STREAM_OF_SENSE].any()


def _numbers(record: Any) -> list[str]:
    return [
        f.name for f in dataclasses.fields(record) if isinstance(getattr(record, f.name), float)
    ]


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_a_number_that_is_not_finite_clears_its_stream(
    sense: BodySense, command: MotorCommand, bad: float
) -> None:
    never_read = {"temperature_c", "head_pitch_rad"}
    for stream in ("imu", "doa", "camera", "intent"):
        part: Any = getattr(sense, stream)
        for field in set(_numbers(part)) - never_read - {"head_yaw_rad"}:
            broken = replace(sense, **{stream: replace(part, **{field: bad})})
            senses, mask = encode(broken, command)
            assert np.isfinite(senses).all(), field
            assert mask[STREAMS.index(stream)] == 0.0, (stream, field)
    assert sense.joints is not None
    servo = replace(sense.joints.joints[3], current_a=bad)
    servos = (*sense.joints.joints[:3], servo, *sense.joints.joints[4:])
    broken = replace(sense, joints=replace(sense.joints, joints=servos))
    assert encode(broken, command)[1][:2].tolist() == [0.0, 0.0]
    asked = replace(command, body_yaw_rad=bad)
    assert encode(sense, asked)[1][STREAMS.index("command")] == 0.0
    lost = replace(sense, head=replace(sense.head, yaw_rad=bad))
    senses, mask = encode(lost, command)
    assert mask[STREAMS.index("head")] == 0.0
    assert np.isfinite(senses).all()


def test_no_face_leaves_no_bearing(sense: BodySense, command: MotorCommand) -> None:
    assert sense.camera is not None
    blind = replace(sense.camera, confidence=0.0, face_yaw_rad=0.0)
    senses, mask = encode(replace(sense, camera=blind), command)
    assert mask[STREAMS.index("camera")] == 1.0
    assert senses[INDEX["camera.yaw_from_head"]] == 0.0


def test_wild_numbers_are_clipped(sense: BodySense, command: MotorCommand) -> None:
    assert sense.doa is not None
    loud = replace(sense, doa=replace(sense.doa, energy=1e300))
    senses, _ = encode(loud, command)
    assert senses[INDEX["doa.energy"]] == CLIP


@given(st.floats(-1e6, 1e6))
def test_wrap_keeps_the_direction(angle_rad: float) -> None:
    wrapped = wrap(angle_rad)
    assert -pi <= wrapped <= pi
    assert cos(wrapped - angle_rad) == pytest.approx(1.0)


def test_the_schema_hash_follows_every_part_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema_hash()
    assert before == schema_hash()
    for key, value in sense_vector.SCHEMA.items():
        changed = {**sense_vector.SCHEMA, key: [value]}
        monkeypatch.setattr(sense_vector, "SCHEMA", changed)
        assert schema_hash() != before, key
        monkeypatch.undo()


def test_names_are_unique_and_what_is_predicted_is_sensed() -> None:
    assert len(INDEX) == len(SENSES)
    assert set(PREDICTED) <= set(INDEX)
