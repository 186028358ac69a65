"""The table of topics: what stands where in a log, and its schema as viewers read it.

Ids of schemas and channels follow the order of the table, so that messages can still be told
apart when damage has taken the chunk that declared them. New topics go to the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from foxglove_schemas_protobuf.FrameTransforms_pb2 import FrameTransforms
from foxglove_schemas_protobuf.Log_pb2 import Log as LogMessage
from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message

from hippocampus import ember_pb2 as pb
from hippocampus.tick_record import (
    EventRecord,
    HeaderRecord,
    LearningRecord,
    Record,
    SnapshotRecord,
    TickRecord,
    TimingRecord,
    WorldRecord,
)

PROTOBUF: Final = "protobuf"
"""Name of the encoding of schemas and messages (MCAP specification, well-known encodings)."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One line of the table. ``kind`` is None for messages that only viewers read."""

    name: str
    kind: type[Record] | None
    message: type[Message]


TOPICS: Final[tuple[Topic, ...]] = (
    Topic("/header", HeaderRecord, pb.HeaderRecord),
    Topic("/snapshot", SnapshotRecord, pb.SnapshotRecord),
    Topic("/tick", TickRecord, pb.TickRecord),
    Topic("/timing", TimingRecord, pb.TimingRecord),
    Topic("/event", EventRecord, pb.EventRecord),
    Topic("/world", WorldRecord, pb.WorldRecord),
    Topic("/log", None, LogMessage),
    Topic("/tf", None, FrameTransforms),
    Topic("/learning", LearningRecord, pb.LearningRecord),
)
CHANNEL_IDS: Final[dict[str, int]] = {topic.name: i for i, topic in enumerate(TOPICS, start=1)}
TOPIC_OF: Final[dict[type[Record], str]] = {t.kind: t.name for t in TOPICS if t.kind is not None}
KIND_OF: Final[dict[str, type[Record]]] = {name: kind for kind, name in TOPIC_OF.items()}


def schema(message: type[Message]) -> bytes:
    """The message, and only what it is made of, as a serialised ``FileDescriptorSet``.

    Every log file holds each schema twice, so messages of the same .proto file that this one does
    not use are left out.
    """
    descriptor = cast(Descriptor, message.DESCRIPTOR)
    used = set(_reachable(descriptor))
    files = FileDescriptorSet()
    for file in _files(descriptor.file, {}).values():
        proto = files.file.add()
        file.CopyToProto(proto)
        if file is descriptor.file:
            for part in [*proto.message_type]:
                if f"{file.package}.{part.name}" not in used:
                    proto.message_type.remove(part)
    return files.SerializeToString(deterministic=True)


def _reachable(descriptor: Descriptor) -> Iterator[str]:
    yield descriptor.full_name
    for field in descriptor.fields:
        if field.message_type is not None:
            yield from _reachable(field.message_type)


def _files(file: FileDescriptor, found: dict[str, FileDescriptor]) -> dict[str, FileDescriptor]:
    """The file after everything that it imports."""
    for imported in file.dependencies:
        _files(imported, found)
    found.setdefault(file.name, file)
    return found
