"""A file of the log with fewer ticks, which every reader of logs still opens and verifies.

Of ``every`` ticks one stays, and each that tells of a touch, a look, a movement that came to rest,
an event or a change of the world; the first and the last of the file too, so that its neighbours
still join on. The header says how much it was thinned. The snapshot at its head keeps the loop's
state and leaves out the cerebellum's, which is most of it: what is left out cannot be lived again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hippocampus import ember_pb2 as pb
from hippocampus.export.bulk import BulkSegment
from hippocampus.salvage import RawMessage
from hippocampus.segment import DiskFile, Segment
from hippocampus.tick_record import (
    EventRecord,
    HeaderRecord,
    LearningRecord,
    SnapshotRecord,
    TickRecord,
    TimingRecord,
    WorldRecord,
)
from hippocampus.topics import CHANNEL_IDS, TOPIC_OF

_TICK, _HEADER, _SNAPSHOT, _LEARNING, _TIMING, _EVENT = (
    TOPIC_OF[kind]
    for kind in (
        TickRecord,
        HeaderRecord,
        SnapshotRecord,
        LearningRecord,
        TimingRecord,
        EventRecord,
    )
)
_WORLD: Final = TOPIC_OF[WorldRecord]
_FRAMES: Final = "/tf"
_NUMBERED: Final = frozenset({_TICK, _LEARNING, _TIMING})
"""Records whose first field is the number of a tick."""
_FIRST_FIELD: Final = 0x08
_MORE: Final = 0x80
_BITS: Final = 0x7F
_BITS_A_BYTE: Final = 7


def thin(segment: BulkSegment, destination: Path, every: int) -> int | None:
    """Write the thinned copy of a file that was read in order; its size in bytes.

    None where there is nothing to thin: it has no tick or header, or was thinned before. Raises
    ``OSError``; nothing is left then.
    """
    header = next((item for item in segment.whole if item.topic == _HEADER), None)
    if header is None or not segment.ticks or pb.HeaderRecord.FromString(header.data).thinned:
        return None
    stays = _staying(segment, every)
    destination.unlink(missing_ok=True)
    file = DiskFile(destination)
    try:
        copy = Segment(file, None)
        for item in segment.whole:
            if _remains(item, stays):
                data = _told(item, every)
                if item.topic in CHANNEL_IDS:
                    copy.add_raw(item.topic, item.log_time_ns, data, item.sequence)
        copy.seal()
    except OSError:
        file.close()
        destination.unlink(missing_ok=True)
        raise
    return destination.stat().st_size


def _staying(segment: BulkSegment, every: int) -> frozenset[int]:
    """Numbers of the ticks that stay."""
    numbers = [_number(data) for data in segment.ticks]
    stays = {number for number in numbers if number % every == 0}
    stays |= {numbers[0], numbers[-1]}
    for item in segment.beside:
        if item.topic == _EVENT:
            stays.add(pb.EventRecord.FromString(item.data).tick)
        elif item.topic == _LEARNING:
            learnt = pb.LearningRecord.FromString(item.data)
            if learnt.touches or learnt.HasField("look") or learnt.HasField("reach"):
                stays.add(learnt.tick)
    return frozenset(stays)


def _remains(item: RawMessage, stays: frozenset[int]) -> bool:
    if item.topic in _NUMBERED:
        return _number(item.data) in stays
    if item.topic == _FRAMES:
        return item.sequence in stays
    return True


def _told(item: RawMessage, every: int) -> bytes:
    """The bytes of a message in the copy."""
    if item.topic == _HEADER:
        header = pb.HeaderRecord.FromString(item.data)
        header.thinned = every
        return header.SerializeToString(deterministic=True)
    if item.topic == _SNAPSHOT:
        snapshot = pb.SnapshotRecord.FromString(item.data)
        snapshot.ClearField("cerebellum")
        return snapshot.SerializeToString(deterministic=True)
    return item.data


def _number(data: bytes) -> int:
    """The first field of a record, a tick's number; a number that is left out is 0."""
    if not data or data[0] != _FIRST_FIELD:
        return 0
    number = shift = 0
    for byte in data[1:]:
        number |= (byte & _BITS) << shift
        if byte < _MORE:
            break
        shift += _BITS_A_BYTE
    return number
