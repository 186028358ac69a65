"""How a log tells that ticks are missing because a person asked for it."""

from __future__ import annotations

import re
from typing import Final

from hippocampus.tick_record import EventRecord

FORGOTTEN_EVENT: Final = "forgotten"
_TEXT: Final = re.compile(r"ticks (\d+) to (\d+) are missing")


def gap_text(first: int, last: int, count: int) -> str:
    """What the event says: which ticks are missing, and how many of them there were."""
    return f"ticks {first} to {last} are missing: {count} of them were forgotten on request"


def gap_of(event: EventRecord) -> tuple[int, int] | None:
    """First and last missing tick that an event tells of; None for another event."""
    found = _TEXT.match(event.text) if event.name == FORGOTTEN_EVENT else None
    return (int(found[1]), int(found[2])) if found else None
