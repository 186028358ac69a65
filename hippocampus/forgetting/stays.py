"""How long somebody was there: from a moment to the stay around it.

The robot knows no faces: its camera gives a bearing and a size, its ears a direction. So that a
named person was there is only known for moments, and the stay is what the senses say: a face or a
voice that goes on, with pauses, on both sides of the moment. Whoever else was there is in it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from hippocampus import ember_pb2 as pb
from hippocampus.codec import decode
from hippocampus.forgetting.times import Name, Stretch, Stretches
from hippocampus.reader import session_folders
from hippocampus.salvage import RawMessage, messages
from hippocampus.segment import SEGMENT_SUFFIX
from hippocampus.tick_record import EventRecord, TickRecord, WorldRecord
from hippocampus.topics import TOPIC_OF

PAUSE_NS: Final = 60_000_000_000
"""Neither face nor voice for so long: whoever was there has left."""
MARGIN_NS: Final = 2_000_000_000
"""Steps and the door, before the first look and after the last."""
LONGEST_NS: Final = 3_600_000_000_000
"""A stay reaches no further from a moment with the person: a radio speaks all day."""
_LEAVES: Final = "leave"

Times = NDArray[np.int64]


def stays(logs: Path, moments: Iterable[Stretch], name: Name) -> Stretches:
    """The moments with the stays around them, and those that a simulated world tells of."""
    named = list(moments)
    wide = list(named)
    for folder in session_folders(logs) if logs.is_dir() else ():
        present, told = _session(folder, name)
        wide += told
        wide += [
            Stretch(
                max(stay.start_ns, moment.start_ns - LONGEST_NS),
                min(stay.end_ns, moment.end_ns + LONGEST_NS),
            )
            for stay in _joined(present)
            for moment in (*named, *told)
            if stay.start_ns <= moment.end_ns and moment.start_ns <= stay.end_ns
        ]
    return Stretches(
        Stretch(one.start_ns - MARGIN_NS, one.end_ns + MARGIN_NS) for one in Stretches(wide)
    )


def _session(folder: Path, name: Name) -> tuple[Times, list[Stretch]]:
    """Times with a face or a voice, and when the session itself says that the person was there."""
    present: list[int] = []
    told: list[Stretch] = []
    came_ns: int | None = None
    last_ns = 0
    for path in sorted(folder.glob(f"*{SEGMENT_SUFFIX}")):
        for message in messages(path.read_bytes()):
            if not isinstance(message, RawMessage):
                continue
            last_ns = max(last_ns, message.log_time_ns)
            if message.topic == TOPIC_OF[TickRecord]:
                if _somebody(message.data):
                    present.append(message.log_time_ns)
            elif message.topic == TOPIC_OF[EventRecord]:
                event = decode(EventRecord, message.data)
                if event is not None and name.within(event.text):
                    told.append(Stretch(message.log_time_ns, message.log_time_ns))
            elif message.topic == TOPIC_OF[WorldRecord]:
                world = decode(WorldRecord, message.data)
                if world is None or not name.is_(world.who):
                    continue
                came_ns = message.log_time_ns if came_ns is None else came_ns
                if world.kind == _LEAVES:
                    told.append(Stretch(came_ns, message.log_time_ns))
                    came_ns = None
    if came_ns is not None:
        told.append(Stretch(came_ns, max(came_ns, last_ns)))
    return np.array(present, dtype=np.int64), told


def _somebody(data: bytes) -> bool:
    try:
        sense = pb.TickRecord.FromString(data).sense
    except DecodeError:
        return False
    return sense.camera.confidence > 0.0 or sense.doa.speech


def _joined(present: Times) -> list[Stretch]:
    """Times joined across pauses."""
    if not len(present):
        return []
    breaks = np.flatnonzero(np.diff(present) > PAUSE_NS)
    firsts = present[np.concatenate(([0], breaks + 1))]
    lasts = present[np.concatenate((breaks, [len(present) - 1]))]
    return [Stretch(a, max(a, b)) for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)]
