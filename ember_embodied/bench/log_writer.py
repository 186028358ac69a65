"""A process that records a synthetic life in real time until it is killed.

    python -m ember_embodied.bench.log_writer FOLDER SESSION RATE_HZ

After each ``put`` it prints the tick's number and the monotonic time, so that whoever kills it
knows what the log must hold.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ember_embodied.bench import synthetic_life
from firmware_bridge.clock import Pacer, SystemClock
from hippocampus.recorder import Recorder
from hippocampus.session import LogSettings
from hippocampus.tick_record import SnapshotRecord


def main(folder: Path, session_id: str, rate_hz: float) -> None:
    """Record for ever, a file every two seconds."""
    clock = SystemClock()
    rng = np.random.default_rng(0)
    period_ns = round(1e9 / rate_hz)
    recorder = Recorder(
        LogSettings(folder, segment_s=2.0), synthetic_life.header(session_id), clock
    )
    pacer = Pacer(clock, period_ns)
    number = 0
    while True:
        pacer.wait()
        tick = synthetic_life.tick(rng, number, period_ns)
        if recorder.wants_snapshot(tick.sense.t_mono_ns):
            recorder.put(SnapshotRecord(number, tick.sense.t_mono_ns, bytes(4000)))
        recorder.put(tick)
        recorder.put(synthetic_life.timing(rng, tick))
        print(number, clock.mono_ns(), flush=True)
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
