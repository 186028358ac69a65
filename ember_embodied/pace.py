"""The pace of the loop: how often it ticks, and how the system is asked to let it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

import msgspec


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """The pace of the loop."""

    rate_hz: Annotated[float, msgspec.Meta(ge=1.0, le=50.0)] = 10.0
    """Ticks a second."""
    event_driven: bool = True
    """The network steps only when something changes, and twice a second; false: every tick."""
    realtime_priority: Annotated[int, msgspec.Meta(ge=0, le=90)] = 40
    """SCHED_FIFO priority of the loop's thread on hardware, where allowed; 0: the usual class."""


def take_priority(settings: LoopSettings) -> str:
    """Real-time class for the calling thread, where the system allows it; says what it got."""
    if settings.realtime_priority == 0:
        return "usual scheduling, as configured"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(settings.realtime_priority))
    except PermissionError:
        return "usual scheduling: real time is not allowed here (LimitRTPRIO)"
    return f"SCHED_FIFO {settings.realtime_priority}"
