"""BodySense -> the network's input: one float32 vector and one mask bit for each stream.

``SENSES`` is the whole truth about the vector: every input by name, with its stream, its unit
and the scale it is divided by; the quotient is clipped to +-``CLIP``. A stream that is absent,
stale, invalid or not finite is all zeros with mask 0, so the network can tell "nothing there"
from "zero". ``schema_hash`` is the digest of that truth: a bundle trained on another vector is
refused.

Angles of sound and faces appear twice: in the base frame (x forward, y left), where a person
stays while the head turns, and relative to the head, where "straight ahead" is zero.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from math import cos, isfinite, pi, sin
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.command import MotorCommand
from firmware_bridge.joints import BODY_YAW, JOINTS, LEFT_ANTENNA, RIGHT_ANTENNA
from firmware_bridge.senses import (
    CAMERA_STREAM,
    DOA_STREAM,
    FACE_FEATURES,
    IMU_STREAM,
    INTENT_STREAM,
    JOINTS_STREAM,
    BodySense,
    CameraSense,
    DoaSense,
    HeadSense,
    ImuSense,
    IntentSense,
    JointsSense,
    usable,
)

CLIP: Final = 4.0
"""Largest normalised value: far outside what a sound body says, so a wild reading stays finite."""
GRAVITY_M_S2: Final = 9.81
NS: Final = 1e-9


@dataclass(frozen=True, slots=True)
class SenseInput:
    """One number of the vector: the value in ``unit``, divided by ``scale``."""

    name: str
    stream: str
    unit: str
    scale: float


def _inputs(stream: str, *rows: tuple[str, str, float]) -> tuple[SenseInput, ...]:
    return tuple(SenseInput(f"{stream}.{name}", stream, unit, scale) for name, unit, scale in rows)


STREAMS: Final = ("joints", "head", "command", "imu", "doa", "camera", "intent")
"""One mask bit each, in this order. ``head`` is the measured pose, ``command`` the efference copy
of the last command and how far the body lags behind it."""

SENSES: Final[tuple[SenseInput, ...]] = (
    *(SenseInput(f"joints.{j.name}.position", "joints", "rad", 1.0) for j in JOINTS),
    *(SenseInput(f"joints.{j.name}.velocity", "joints", "rad/s", 2.0) for j in JOINTS),
    *(SenseInput(f"joints.{j.name}.current", "joints", "A", 0.15) for j in JOINTS),
    *_inputs(
        "head",
        ("yaw", "rad", 1.0),
        ("pitch", "rad", 0.5),
        ("roll", "rad", 0.5),
        ("height", "m", 0.03),
        ("yaw_from_body", "rad", 1.0),
    ),
    *_inputs(
        "command",
        ("head_yaw", "rad", 1.0),
        ("head_pitch", "rad", 0.5),
        ("antenna_left", "rad", 1.0),
        ("antenna_right", "rad", 1.0),
        ("body_yaw", "rad", 1.0),
        ("head_yaw_lag", "rad", 0.1),
        ("head_pitch_lag", "rad", 0.1),
        ("antenna_left_lag", "rad", 0.08),
        ("antenna_right_lag", "rad", 0.08),
        ("body_yaw_lag", "rad", 0.2),
    ),
    *_inputs(
        "imu",
        ("accelerometer_x", "m/s2", GRAVITY_M_S2),
        ("accelerometer_y", "m/s2", GRAVITY_M_S2),
        ("accelerometer_z", "m/s2", GRAVITY_M_S2),
        ("gyroscope_x", "rad/s", 1.0),
        ("gyroscope_y", "rad/s", 1.0),
        ("gyroscope_z", "rad/s", 1.0),
        ("up_x", "1", 1.0),
        ("up_y", "1", 1.0),
        ("up_z", "1", 1.0),
    ),
    *_inputs(
        "doa",
        ("front", "rad", 1.0),
        ("mirror", "rad", 1.0),
        ("front_sin", "1", 1.0),
        ("front_cos", "1", 1.0),
        ("mirror_sin", "1", 1.0),
        ("mirror_cos", "1", 1.0),
        ("front_from_head", "rad", 1.0),
        ("front_from_head_sin", "1", 1.0),
        ("front_from_head_cos", "1", 1.0),
        ("mirror_from_head_sin", "1", 1.0),
        ("mirror_from_head_cos", "1", 1.0),
        ("speech", "1", 1.0),
        ("energy", "1", 1.0),
        ("age", "s", 0.1),
    ),
    *_inputs(
        "camera",
        ("yaw", "rad", 1.0),
        ("pitch", "rad", 0.5),
        ("yaw_from_head", "rad", 0.5),
        ("pitch_from_head", "rad", 0.5),
        ("size", "rad", 0.2),
        ("confidence", "1", 1.0),
        ("age", "s", 0.1),
        *((f"feature_{i}", "1", 1.0) for i in range(FACE_FEATURES)),
    ),
    *_inputs(
        "intent",
        ("yaw", "rad", 1.0),
        ("pitch", "rad", 0.5),
        ("yaw_from_head", "rad", 1.0),
        ("pitch_from_head", "rad", 0.5),
        ("weight", "1", 1.0),
        ("arousal", "1", 1.0),
    ),
)

PREDICTED: Final[tuple[str, ...]] = (
    *(f"joints.{JOINTS[i].name}.current" for i in (BODY_YAW, RIGHT_ANTENNA, LEFT_ANTENNA)),
    "head.yaw",
    "head.pitch",
    "head.yaw_from_body",
    "command.antenna_left_lag",
    "command.antenna_right_lag",
    "command.body_yaw_lag",
    "imu.gyroscope_x",
    "imu.gyroscope_y",
    "imu.gyroscope_z",
    "doa.front_from_head_sin",
    "doa.front_from_head_cos",
    "doa.speech",
    "doa.energy",
    "camera.yaw_from_head",
    "camera.pitch_from_head",
    "camera.confidence",
)
"""What the network foretells of the next tick: the senses that a touch, a voice, a face or its
own movement changes. Same order and normalisation as in ``SENSES``."""

SENSE_COUNT: Final = len(SENSES)
MASK_COUNT: Final = len(STREAMS)
INDEX: Final[dict[str, int]] = {sense.name: i for i, sense in enumerate(SENSES)}
PREDICTED_INDEX: Final[NDArray[np.intp]] = np.array([INDEX[n] for n in PREDICTED], dtype=np.intp)
STREAM_OF_SENSE: Final[NDArray[np.intp]] = np.array(
    [STREAMS.index(s.stream) for s in SENSES], dtype=np.intp
)
SCHEMA: Final[dict[str, object]] = {
    "senses": [[s.name, s.stream, s.unit, s.scale] for s in SENSES],
    "streams": list(STREAMS),
    "predicted": list(PREDICTED),
    "clip": CLIP,
}

_INVERSE_SCALE: Final = np.array([1.0 / s.scale for s in SENSES])
_ABSENT: Final = {stream: (0.0,) * sum(s.stream == stream for s in SENSES) for stream in STREAMS}


def schema_hash() -> str:
    """SHA-256 of the canonical JSON of ``SCHEMA``: names, order, units, normalisation."""
    canonical = json.dumps(SCHEMA, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def encode(
    sense: BodySense, last_command: MotorCommand
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The network's view of one tick.

    Args:
        sense: one tick as the body felt it.
        last_command: what the network asked for in the tick before.

    Returns:
        ``(senses float32[SENSE_COUNT], mask float32[MASK_COUNT])``, both fresh and finite,
        senses within +-``CLIP``, mask bits 0 or 1 in the order of ``STREAMS``.
    """
    now_ns = sense.t_mono_ns
    head = sense.head
    joints = _joints(sense.joints) if usable(sense.joints, JOINTS_STREAM, now_ns) else None
    pose = _head(head, sense.joints) if joints is not None and sense.joints is not None else None
    measured = pose is not None
    parts = (
        joints,
        pose,
        _command(last_command, head, sense.joints if measured else None),
        _imu(sense.imu) if usable(sense.imu, IMU_STREAM, now_ns) else None,
        _doa(sense.doa, head, now_ns, measured=measured)
        if usable(sense.doa, DOA_STREAM, now_ns)
        else None,
        _camera(sense.camera, head, now_ns, measured=measured)
        if usable(sense.camera, CAMERA_STREAM, now_ns)
        else None,
        _intent(sense.intent, head, measured=measured)
        if usable(sense.intent, INTENT_STREAM, now_ns)
        else None,
    )
    raw: list[float] = []
    for stream, part in zip(STREAMS, parts, strict=True):
        raw.extend(_ABSENT[stream] if part is None else part)
    values = np.array(raw)
    values *= _INVERSE_SCALE
    np.clip(values, -CLIP, CLIP, out=values)
    mask = np.array([0.0 if part is None else 1.0 for part in parts], dtype=np.float32)
    return values.astype(np.float32), mask


def wrap(angle_rad: float) -> float:
    """The same direction in [-pi, pi)."""
    return (angle_rad + pi) % (2.0 * pi) - pi


def _sound(values: tuple[float, ...]) -> tuple[float, ...] | None:
    """The values, or None when one is not finite (a sum is finite only if every term is)."""
    return values if isfinite(sum(values)) else None


def _joints(sense: JointsSense | None) -> tuple[float, ...] | None:
    assert sense is not None
    joints = sense.joints
    return _sound(
        (
            *[j.position_rad for j in joints],
            *[j.velocity_rad_s for j in joints],
            *[j.current_a for j in joints],
        )
    )


def _head(head: HeadSense, joints: JointsSense) -> tuple[float, ...] | None:
    body_yaw_rad = joints.joints[BODY_YAW].position_rad
    values = (head.yaw_rad, head.pitch_rad, head.roll_rad, head.z_m, body_yaw_rad)
    if _sound(values) is None:
        return None
    return (*values[:4], wrap(head.yaw_rad - body_yaw_rad))


def _command(
    command: MotorCommand, head: HeadSense, joints: JointsSense | None
) -> tuple[float, ...] | None:
    """Last command and lag; the lag is 0 while the pose is not measured (its own mask says so)."""
    asked = (
        command.head_yaw_rad,
        command.head_pitch_rad,
        command.antenna_left_rad,
        command.antenna_right_rad,
        command.body_yaw_rad,
    )
    if _sound(asked) is None:
        return None
    if joints is None:
        return (*asked, 0.0, 0.0, 0.0, 0.0, 0.0)
    measured = joints.joints
    return (
        *asked,
        wrap(asked[0] - head.yaw_rad),
        asked[1] - head.pitch_rad,
        asked[2] - measured[LEFT_ANTENNA].position_rad,
        asked[3] - measured[RIGHT_ANTENNA].position_rad,
        asked[4] - measured[BODY_YAW].position_rad,
    )


def _imu(sense: ImuSense | None) -> tuple[float, ...] | None:
    """Specific force, rates and the world's up in base axes (third row of the rotation)."""
    assert sense is not None
    w, x, y, z = sense.orientation_wxyz
    return _sound(
        (
            *sense.accelerometer_m_s2,
            *sense.gyroscope_rad_s,
            2.0 * (x * z - w * y),
            2.0 * (y * z + w * x),
            1.0 - 2.0 * (x * x + y * y),
        )
    )


def _doa(
    sense: DoaSense | None, head: HeadSense, now_ns: int, *, measured: bool
) -> tuple[float, ...] | None:
    assert sense is not None
    front, mirror = sense.azimuth_rad, sense.mirror_rad
    # Without joints the pose at capture is the best guess of where the head points now.
    head_yaw = head.yaw_rad if measured else sense.head_yaw_rad
    if not isfinite(front + mirror + head_yaw + sense.energy):
        return None
    front_rel, mirror_rel = wrap(front - head_yaw), mirror - head_yaw
    return (
        wrap(front),
        wrap(mirror),
        sin(front),
        cos(front),
        sin(mirror),
        cos(mirror),
        front_rel,
        sin(front_rel),
        cos(front_rel),
        sin(mirror_rel),
        cos(mirror_rel),
        1.0 if sense.speech else 0.0,
        sense.energy,
        (now_ns - sense.t_mono_ns) * NS,
    )


def _camera(
    sense: CameraSense | None, head: HeadSense, now_ns: int, *, measured: bool
) -> tuple[float, ...] | None:
    """Face bearing; all of it 0 (but the age) while no face is seen: confidence says so."""
    assert sense is not None
    age_s = (now_ns - sense.t_mono_ns) * NS
    head_yaw = head.yaw_rad if measured else sense.head_yaw_rad
    head_pitch = head.pitch_rad if measured else sense.head_pitch_rad
    if sense.confidence == 0.0:
        return (0.0,) * 6 + (age_s,) + (0.0,) * FACE_FEATURES
    return _sound(
        (
            sense.face_yaw_rad,
            sense.face_pitch_rad,
            wrap(sense.face_yaw_rad - head_yaw),
            sense.face_pitch_rad - head_pitch,
            sense.size_rad,
            sense.confidence,
            age_s,
            *sense.features,
        )
    )


def _intent(
    sense: IntentSense | None, head: HeadSense, *, measured: bool
) -> tuple[float, ...] | None:
    assert sense is not None
    return _sound(
        (
            sense.gaze_yaw_rad,
            sense.gaze_pitch_rad,
            wrap(sense.gaze_yaw_rad - head.yaw_rad) if measured else 0.0,
            sense.gaze_pitch_rad - head.pitch_rad if measured else 0.0,
            sense.gaze_weight,
            sense.arousal,
        )
    )
