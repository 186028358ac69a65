"""What the log costs the loop, how much it writes, how fast it reads, and what it loses.

A synthetic life (``synthetic_life``) is recorded in real time, torn, flipped and killed. Nothing
here is simulated but the numbers in the ticks: files, syncs and kills are real.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from ember_embodied.bench import synthetic_life
from ember_embodied.bench.claims import Claim, claim, mean_claim, quantile_claim
from firmware_bridge.clock import Pacer, SystemClock
from hippocampus import salvage
from hippocampus.codec import decode, encode
from hippocampus.reader import Log
from hippocampus.recorder import Recorder
from hippocampus.segment import DiskFile, Segment
from hippocampus.session import LogSettings
from hippocampus.tick_record import SnapshotRecord, TickRecord

LOOP_HZ: Final = 50.0
DAY_S: Final = 86_400.0
PUT_TICKS: Final = 250
"""Ticks in real time for each seed: five seconds."""
ENCODED_TICKS: Final = 500
STORED_S: Final = 120.0
TEARS: Final = 200
FLIPS: Final = 200
_SECOND_NS: Final = 1_000_000_000
_MICROSECOND_NS: Final = 1_000.0


def run(seeds: range) -> list[Claim]:
    """Measure every claim of the log; about ten seconds a seed."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        puts = [cost for seed in seeds for cost in _put_costs_us(root / f"put{seed}", seed)]
        encodes = [cost for seed in seeds for cost in _writer_costs_us(root / f"code{seed}", seed)]
        losses = [_loss_at_kill_s(root, seed) for seed in seeds]
        claims = [
            quantile_claim("recorder cost to the loop, p50 a tick", puts, 0.5, "us"),
            quantile_claim("recorder cost to the loop, p99 a tick", puts, 0.99, "us", "<= 60"),
            mean_claim("CPU time of the writer a tick", encodes, "us", "<= 150"),
            claim("loss at kill -9, worst", max(losses), "s", "<= 1.0", n=len(losses)),
        ]
        for rate_hz in (10.0, LOOP_HZ):
            stored = _store(root / f"stored{rate_hz:.0f}", seeds[0], rate_hz)
            size = sum(segment.stat().st_size for segment in stored.segments)
            megabytes = size / STORED_S * DAY_S / 1e6
            claims.append(claim(f"size at {rate_hz:.0f} Hz", megabytes, "MB/day"))
        return [*claims, *_reading(stored), *_damage(stored, seeds)]


def _put_costs_us(root: Path, seed: int) -> list[float]:
    """Time that the recorder takes from each tick of a loop at 50 Hz, the writer running."""
    rng = np.random.default_rng(seed)
    clock = SystemClock()
    period_ns = round(_SECOND_NS / LOOP_HZ)
    ticks = [synthetic_life.tick(rng, number, period_ns) for number in range(PUT_TICKS)]
    timings = [synthetic_life.timing(rng, tick) for tick in ticks]
    state = bytes(synthetic_life.SNAPSHOT_BYTES)
    recorder = Recorder(LogSettings(root, segment_s=2.0), synthetic_life.header("put"), clock)
    pacer = Pacer(clock, period_ns)
    costs_us = []
    for tick, timing in zip(ticks, timings, strict=True):
        pacer.wait()
        now_ns = tick.sense.t_mono_ns
        begin_ns = time.perf_counter_ns()
        if recorder.wants_snapshot(now_ns):
            recorder.put(SnapshotRecord(tick.tick, now_ns, state))
        recorder.put(tick)
        recorder.put(timing)
        costs_us.append((time.perf_counter_ns() - begin_ns) / _MICROSECOND_NS)
    recorder.close()
    return costs_us


def _writer_costs_us(root: Path, seed: int) -> list[float]:
    """CPU time of the writer thread for each tick: encoding, frames, chunk."""
    root.mkdir()
    rng = np.random.default_rng(seed)
    ticks = list(synthetic_life.ticks(rng, ENCODED_TICKS))
    segment = Segment(DiskFile(root / "000000.mcap"), synthetic_life.header("code"))
    costs_us = []
    for tick in ticks:
        begin_ns = time.thread_time_ns()
        segment.add(tick)
        costs_us.append((time.thread_time_ns() - begin_ns) / _MICROSECOND_NS)
    segment.seal()
    return costs_us


def _store(root: Path, seed: int, rate_hz: float) -> Log:
    """Two minutes of life in files as they are on a robot: a chunk for each sync."""
    life = synthetic_life.ticks(np.random.default_rng(seed), round(STORED_S * rate_hz), rate_hz)
    segment = round(LogSettings().segment_s * rate_hz)
    return Log(synthetic_life.record(root, life, rate_hz=rate_hz, ticks_a_segment=segment))


def _reading(log: Log) -> Iterator[Claim]:
    begin_ns = time.thread_time_ns()
    ticks = list(log.ticks())
    seconds = (time.thread_time_ns() - begin_ns) / _SECOND_NS
    yield claim(
        "ticks read in a second of CPU time", len(ticks) / seconds, "ticks", ">= 4500", n=len(ticks)
    )
    changed = sum(decode(TickRecord, encode(tick)) != tick for tick in ticks)
    yield claim("ticks changed by encoding", changed, "ticks", "== 0", n=len(ticks))


def _damage(log: Log, seeds: range) -> Iterator[Claim]:
    """Tear and flip one file; count whole messages that were lost or wrong."""
    content = log.segments[0].read_bytes()
    whole = [item for item in salvage.messages(content) if isinstance(item, salvage.RawMessage)]
    rng = np.random.default_rng(seeds[0])
    failures = 0
    for cut in rng.integers(0, len(content), TEARS).tolist():
        torn = content[:cut]
        found = [item for item in salvage.messages(torn) if isinstance(item, salvage.RawMessage)]
        in_whole_chunks = salvage.whole_end(torn)
        must = sum(
            isinstance(item, salvage.RawMessage)
            for item in salvage.messages(content[:in_whole_chunks])
        )
        failures += found != whole[: len(found)] or len(found) < must
    yield claim("torn files that lose a whole message", failures, "files", "== 0", n=TEARS)
    unnoticed = 0
    for at in rng.integers(0, len(content), FLIPS).tolist():
        flipped = bytearray(content)
        flipped[at] ^= 1 << int(rng.integers(8))
        items = list(salvage.messages(bytes(flipped)))
        unnoticed += not any(isinstance(item, salvage.Damage) for item in items)
    yield claim("flipped bits that go unnoticed", unnoticed, "bits", "== 0", n=FLIPS)


def _loss_at_kill_s(root: Path, seed: int) -> float:
    """Seconds of life before a ``kill -9`` that are not in the log."""
    rng = np.random.default_rng(seed)
    session = f"kill{seed}"
    command = [sys.executable, "-m", "ember_embodied.bench.log_writer", str(root), session]
    clock = SystemClock()
    with subprocess.Popen([*command, str(LOOP_HZ)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        clock.sleep_until_ns(clock.mono_ns() + int(rng.uniform(1.0, 3.0) * _SECOND_NS))
        killed_ns = clock.mono_ns()
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
    kept = {tick.tick for tick in Log(root / session).ticks()}
    put = [tuple(map(int, line.split())) for line in lines if line.endswith("\n")]
    lost = [at_ns for number, at_ns in put if number not in kept]
    return (killed_ns - min(lost)) / _SECOND_NS if lost else 0.0
