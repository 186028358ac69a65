"""A log opens in other people's tools: MCAP's own reader, its protobuf decoder, foxglove types."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

from hippocampus.ember_pb2 import TickRecord, TimingRecord
from hippocampus.topics import TOPICS

ROOT = Path(__file__).parents[2]

NAMES = {
    "/header": "ember.HeaderRecord",
    "/snapshot": "ember.SnapshotRecord",
    "/tick": "ember.TickRecord",
    "/timing": "ember.TimingRecord",
    "/event": "ember.EventRecord",
    "/world": "ember.WorldRecord",
    "/log": "foxglove.Log",
    "/tf": "foxglove.FrameTransforms",
    "/learning": "ember.LearningRecord",
}


@pytest.fixture(scope="module")
def decoded(recorded):
    with (recorded / "000000.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])
        assert reader.get_summary().statistics.chunk_count > 1
        return [
            (channel.topic, schema, message.log_time, content)
            for schema, channel, message, content in reader.iter_decoded_messages()
        ]


def test_every_topic_is_protobuf_with_a_whole_schema(recorded):
    with (recorded / "000000.mcap").open("rb") as file:
        summary = make_reader(file).get_summary()
    found = {}
    for channel in summary.channels.values():
        schema = summary.schemas[channel.schema_id]
        assert channel.message_encoding == schema.encoding == "protobuf"
        files = FileDescriptorSet.FromString(schema.data).file
        declared = {f"{file.package}.{m.name}" for file in files for m in file.message_type}
        assert schema.name in declared
        found[channel.topic] = schema.name
    assert found == NAMES
    assert list(NAMES) == [topic.name for topic in TOPICS], "ids follow the order of the table"


def test_plots_have_simple_paths(decoded, life):
    ticks = [content for topic, _, _, content in decoded if topic == "/tick"]
    assert len(ticks) == 30
    for message, tick in zip(ticks, life, strict=False):
        joints = tick.sense.joints.joints
        assert list(message.sense.joints.current_a) == [joint.current_a for joint in joints]
        assert message.sense.joints.age_ns == 900_000
        assert message.requested.head_yaw_rad == tick.requested.head_yaw_rad
        assert message.DESCRIPTOR.fields_by_name["mode"].enum_type.values_by_number[0].name == "RUN"


def test_messages_are_stamped_with_unix_time_in_order(decoded, life):
    times = [time for topic, _, time, _ in decoded if topic == "/tick"]
    assert times == [tick.sense.t_wall_ns for tick in life[:30]]


def test_events_are_lines_of_a_foxglove_log(decoded):
    lines = [content for topic, _, _, content in decoded if topic == "/log"]
    assert [(line.name, line.message, line.level) for line in lines] == [("touch", "a tap", 2)]
    assert lines[0].timestamp.seconds > 1_700_000_000


def test_head_and_body_move_as_foxglove_frames(decoded, life):
    transforms = [content.transforms for topic, _, _, content in decoded if topic == "/tf"]
    for (head, body), tick in zip(transforms, life, strict=False):
        assert (head.parent_frame_id, head.child_frame_id) == ("base", "head")
        assert (body.parent_frame_id, body.child_frame_id) == ("base", "body")
        assert head.translation.z == pytest.approx(0.177 + tick.sense.head.z_m)
        turned = 2.0 * math.atan2(body.rotation.z, body.rotation.w)
        assert turned == pytest.approx(tick.sense.joints.joints[0].position_rad)
        assert rotate(head.rotation, (1.0, 0.0, 0.0)) == pytest.approx(gaze(tick.sense.head))


def rotate(q, v):
    """The vector turned by the quaternion: q v q*."""
    x, y, z = v
    tx, ty, tz = 2 * (q.y * z - q.z * y), 2 * (q.z * x - q.x * z), 2 * (q.x * y - q.y * x)
    return (
        x + q.w * tx + q.y * tz - q.z * ty,
        y + q.w * ty + q.z * tx - q.x * tz,
        z + q.w * tz + q.x * ty - q.y * tx,
    )


def gaze(head):
    """Where x looks after yaw and pitch, pitch positive downwards; roll does not turn it."""
    level = math.cos(head.pitch_rad)
    return (
        math.cos(head.yaw_rad) * level,
        math.sin(head.yaw_rad) * level,
        -math.sin(head.pitch_rad),
    )


def test_every_plot_of_the_rerun_tool_names_a_field_of_the_log():
    source = (ROOT / "tools" / "viewers" / "rerun_plots.py").read_text()
    selectors = re.findall(r'"(\.[a-z_.\[\]]+)"', source)
    assert len(selectors) >= 10
    for selector in selectors:
        names = selector.removesuffix(".value").strip(".").split(".")
        kind = TimingRecord if names == ["lateness_ns"] else TickRecord
        fields = kind.DESCRIPTOR.fields_by_name
        for name in names:
            field = fields[name.removesuffix("[]")]
            assert field.is_repeated == name.endswith("[]"), selector
            fields = field.message_type.fields_by_name if field.message_type else {}
