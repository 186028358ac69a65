"""A really full disk: the log stops and says so, the loop goes on, the log resumes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hippocampus.reader import Log
from hippocampus.session import GAP_EVENT
from hippocampus.survey import survey

BALLAST_BYTES = 150_000
LIFE_ON_A_SMALL_DISK = textwrap.dedent(
    """
    import resource, sys, time
    from pathlib import Path
    import numpy as np
    from ember_embodied.bench import synthetic_life
    from firmware_bridge.clock import SystemClock
    from hippocampus.recorder import Recorder
    from hippocampus.session import LogSettings, Phase
    from hippocampus.tick_record import SnapshotRecord

    root, how = Path(sys.argv[1]), sys.argv[2]
    if how == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
    settings = LogSettings(
        root / "log", sync_s=0.02, retry_s=0.05, segment_s=1000.0, min_free_bytes=0,
        resume_free_bytes=100_000, quota_bytes=10**9,
    )
    recorder = Recorder(settings, synthetic_life.header("s"), SystemClock())
    rng = np.random.default_rng(0)
    stopped = resumed = None
    worst_ns = 0
    for number in range(1500):
        tick = synthetic_life.tick(rng, number, 100_000_000)
        begin_ns = time.perf_counter_ns()
        if recorder.wants_snapshot(tick.sense.t_mono_ns):
            recorder.put(SnapshotRecord(number, tick.sense.t_mono_ns, b"state"))
        recorder.put(tick)
        phase = recorder.state.phase
        if stopped is None and phase is Phase.STOPPED:
            stopped = number
            reason = recorder.state.reason
            if how == "limit":
                resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        if stopped is not None and number == stopped + 50:
            assert recorder.state.phase is Phase.STOPPED, recorder.state
            if how == "limit":
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            else:
                (root / "ballast").unlink()
        if stopped is not None and resumed is None and number > stopped + 50:
            if phase is Phase.RECORDING:
                resumed = number
        if resumed is not None and number > resumed + 30:
            break
        time.sleep(0.003)
    assert stopped is not None and resumed is not None, (stopped, resumed, recorder.state)
    state = recorder.close()
    assert state.lost_records > 0 and recorder.dropped == 0, state
    print(stopped, resumed, state.lost_records, reason)
    """
)


def live_on_a_small_disk(root: Path, how: str) -> tuple[int, int, int, str]:
    done = subprocess.run(
        [sys.executable, "-c", LIFE_ON_A_SMALL_DISK, str(root), how],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    stopped, resumed, lost, reason = done.stdout.split(maxsplit=3)
    return int(stopped), int(resumed), int(lost), reason


def check(log: Log, stopped: int, resumed: int, lost: int) -> None:
    first, second = log.segments[0], log.segments[-1]
    before = [tick.tick for tick in Log(first).ticks()]
    assert before == list(range(len(before)))
    assert 0 < len(before) <= stopped + 1
    after = [tick.tick for tick in Log(second).ticks()]
    assert after == list(range(after[0], after[-1] + 1))
    assert stopped < after[0] <= resumed
    [snapshot] = Log(second).snapshots()
    assert snapshot.tick == after[0], "the resumed file replays alone"
    [gap] = [event for event in Log(second).events() if event.name == GAP_EVENT]
    assert f"{lost} records" in gap.text
    found = survey(log)
    assert [(hole.first, hole.last) for hole in found.gaps] == [(before[-1] + 1, after[0] - 1)]


def test_a_file_size_limit_stops_the_log_and_not_the_robot(tmp_path):
    stopped, resumed, lost, reason = live_on_a_small_disk(tmp_path, "limit")
    assert "File too large" in reason
    check(Log(tmp_path / "log"), stopped, resumed, lost)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_tmpfs_stops_the_log_and_not_the_robot(tmp_path):
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"this machine mounts nothing: {mounted.stderr.strip()}")
    try:
        (tmp_path / "ballast").write_bytes(b"x" * BALLAST_BYTES)
        stopped, resumed, lost, reason = live_on_a_small_disk(tmp_path, "tmpfs")
        assert "No space left on device" in reason
        check(Log(tmp_path / "log"), stopped, resumed, lost)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
