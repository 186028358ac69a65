"""What Foxglove and Rerun draw by themselves: the log as text, head and body as moving frames.

These messages are derived from the records beside them and are never read back.
"""

from __future__ import annotations

import math
from typing import Final

from foxglove_schemas_protobuf.FrameTransform_pb2 import FrameTransform
from foxglove_schemas_protobuf.FrameTransforms_pb2 import FrameTransforms
from foxglove_schemas_protobuf.Log_pb2 import Log as LogMessage
from foxglove_schemas_protobuf.Quaternion_pb2 import Quaternion
from foxglove_schemas_protobuf.Vector3_pb2 import Vector3
from google.protobuf.timestamp_pb2 import Timestamp

from firmware_bridge.joints import BODY_YAW
from firmware_bridge.senses import HeadSense
from hippocampus.tick_record import EventRecord, TickRecord

BASE_FRAME: Final = "base"
BODY_FRAME: Final = "body"
HEAD_FRAME: Final = "head"
NEUTRAL_HEAD_HEIGHT_M: Final = 0.177
"""Height of the head's frame over the base in the neutral pose, where ``HeadSense.z_m`` is 0."""


def log_line(event: EventRecord, log_time_ns: int) -> bytes:
    """``foxglove.Log``: the event as a line of text with its level."""
    return LogMessage(
        timestamp=_timestamp(log_time_ns),
        level=LogMessage.Level.ValueType(event.level),
        name=event.name,
        message=event.text,
    ).SerializeToString()


def frames(record: TickRecord, log_time_ns: int) -> bytes:
    """``foxglove.FrameTransforms``: base to body (where the joints are known) and base to head."""
    timestamp = _timestamp(log_time_ns)
    head = record.sense.head
    transforms = [
        FrameTransform(
            timestamp=timestamp,
            parent_frame_id=BASE_FRAME,
            child_frame_id=HEAD_FRAME,
            translation=Vector3(z=NEUTRAL_HEAD_HEIGHT_M + head.z_m),
            rotation=_rotation(head),
        )
    ]
    joints = record.sense.joints
    if joints is not None and joints.joints:
        half_rad = 0.5 * joints.joints[BODY_YAW].position_rad
        transforms.append(
            FrameTransform(
                timestamp=timestamp,
                parent_frame_id=BASE_FRAME,
                child_frame_id=BODY_FRAME,
                rotation=Quaternion(z=_sin(half_rad), w=_cos(half_rad)),
            )
        )
    return FrameTransforms(transforms=transforms).SerializeToString()


def _timestamp(time_ns: int) -> Timestamp:
    seconds, nanos = divmod(time_ns, 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)


def _rotation(head: HeadSense) -> Quaternion:
    """Yaw about z, then pitch about the new y, then roll about the new x (REP-103)."""
    cy, sy = _cos(0.5 * head.yaw_rad), _sin(0.5 * head.yaw_rad)
    cp, sp = _cos(0.5 * head.pitch_rad), _sin(0.5 * head.pitch_rad)
    cr, sr = _cos(0.5 * head.roll_rad), _sin(0.5 * head.roll_rad)
    return Quaternion(
        w=cy * cp * cr + sy * sp * sr,
        x=cy * cp * sr - sy * sp * cr,
        y=cy * sp * cr + sy * cp * sr,
        z=sy * cp * cr - cy * sp * sr,
    )


def _sin(angle_rad: float) -> float:
    """Sine that is total: an angle that is not finite is drawn as zero."""
    return math.sin(angle_rad) if math.isfinite(angle_rad) else 0.0


def _cos(angle_rad: float) -> float:
    return math.cos(angle_rad) if math.isfinite(angle_rad) else 1.0
