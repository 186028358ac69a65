"""``kill -9`` loses at most a second and never a file; the next session mends what was torn."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from mcap.reader import make_reader

from ember_embodied.bench import synthetic_life
from firmware_bridge.clock import SystemClock
from hippocampus.reader import Log
from hippocampus.recorder import Recorder
from hippocampus.segment import being_written
from hippocampus.session import LogSettings
from hippocampus.survey import survey

RATE_HZ = 50.0
SECOND_NS = 1_000_000_000


def record_and_kill(root, session: str, seconds: float) -> tuple[list[tuple[int, int]], int]:
    """Ticks that were put, each with the time at which it was, and the time of the kill."""
    command = [sys.executable, "-m", "ember_embodied.bench.log_writer", str(root), session]
    with subprocess.Popen([*command, str(RATE_HZ)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        put = [child.stdout.readline()]
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            put.append(child.stdout.readline())
        killed_ns = time.monotonic_ns()
        child.send_signal(signal.SIGKILL)
        put += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    lines = [line.split() for line in put if line.endswith("\n")]
    return [(int(number), int(at_ns)) for number, at_ns in lines], killed_ns


def test_kill_9_loses_at_most_a_second_and_the_file_is_mended(tmp_path):
    for session, seconds in (("a", 0.4), ("b", 1.5), ("c", 2.7)):
        put, killed_ns = record_and_kill(tmp_path, session, seconds)
        log = Log(tmp_path / session)
        found = [tick.tick for tick in log.ticks()]
        assert found == list(range(len(found))), "no holes"
        must = [number for number, at_ns in put if at_ns < killed_ns - SECOND_NS]
        assert len(found) >= len(must)
        names = [segment.name for segment in log.segments]
        begun = 1 + (put[-1][0] >= 2 * RATE_HZ + RATE_HZ / 5)
        assert names == ["000000.mcap", "000001.mcap"][: len(names)]
        assert len(names) >= begun, "no file is lost"
        assert log.damage
        assert all(damage.torn for damage in log.damage)
        assert not any(being_written(segment) for segment in log.segments)
    torn = {folder: list(Log(tmp_path / folder).ticks()) for folder in "abc"}

    Recorder(LogSettings(tmp_path), synthetic_life.header("next"), SystemClock()).close()

    for session, ticks in torn.items():
        log = Log(tmp_path / session)
        assert list(log.ticks()) == ticks, "mending keeps every tick"
        assert survey(log).whole
        for segment in log.segments:
            with segment.open("rb") as file:
                assert make_reader(file, validate_crcs=True).get_summary() is not None
        assert not list((tmp_path / session).glob("*.open"))
