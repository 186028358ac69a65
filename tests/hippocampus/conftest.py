"""A life of a few seconds and the log of it, shared by the tests of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ember_embodied.bench import synthetic_life
from firmware_bridge.clock import VirtualClock
from hippocampus.session import LogSettings, Session
from hippocampus.tick_record import EventRecord, SnapshotRecord, TickRecord

RATE_HZ = 10.0
WriteLog = Callable[..., Path]


@pytest.fixture(scope="session")
def life() -> Sequence[TickRecord]:
    """Eight seconds of ticks."""
    return list(synthetic_life.ticks(np.random.default_rng(7), 80, RATE_HZ))


@pytest.fixture(scope="session")
def write_log() -> WriteLog:
    """Writes ticks as a session whose chunks and segments are cut as told; returns its folder."""

    def write(
        root: Path,
        ticks: Iterable[TickRecord],
        *,
        session_id: str = "2026-01-01T00-00-00Z",
        sync_s: float = 0.9,
        ticks_a_segment: int = 30,
        timings: bool = True,
    ) -> Path:
        rng = np.random.default_rng(3)
        clock = VirtualClock()
        header = synthetic_life.header(session_id)
        session = Session(LogSettings(root, sync_s=sync_s), header, clock)
        for count, tick in enumerate(ticks):
            now_ns = tick.sense.t_mono_ns
            if count % ticks_a_segment == 0:
                session.write(SnapshotRecord(tick.tick, now_ns, b"state" * 40))
            session.write(tick)
            if timings:
                session.write(synthetic_life.timing(rng, tick))
            if count % 20 == 7:
                wall_ns = tick.sense.t_wall_ns
                session.write(EventRecord(now_ns, wall_ns, tick.tick, 2, "touch", "a tap"))
            clock.sleep_until_ns(clock.mono_ns() + round(1e9 / RATE_HZ))
            session.poll()
        session.close()
        return session.folder

    return write


@pytest.fixture(scope="session")
def recorded(life, write_log, tmp_path_factory) -> Path:
    """The session's folder of ``life``: three segments, a chunk for each second or so."""
    return write_log(tmp_path_factory.mktemp("recorded"), life)
