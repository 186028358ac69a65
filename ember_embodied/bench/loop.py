"""The whole tick: work and lateness at 50 Hz on the virtual bus, start-up, memory, replay.

Everything is measured from outside, on ``ember run`` in a process of its own, as a user starts
it. What a tick took is read from the log that it wrote.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ember_embodied.bench.claims import Claim, claim, quantile_claim
from ember_embodied.bench.virtual_robot import ember, virtual_robot
from firmware_bridge.clock import SystemClock
from hippocampus.reader import Log
from hippocampus.tick_record import TimingRecord

RATE_HZ: Final = 50
SERVO_SECONDS: Final = 20
START_REPEATS: Final = 5
HOUR_S: Final = 3600
TWIN_S: Final = 120
_MS_NS: Final = 1e6
_US_NS: Final = 1e3
_POLL_NS: Final = 50_000_000
_NO_TORCH: Final = (
    "import sys; sys.argv = ['ember', 'run', '--help']; import ember_embodied.cli.run, "
    "firmware_bridge.dynamixel.servo_body, firmware_bridge.simulation.body; "
    "print(sum(name.split('.')[0] == 'torch' for name in sys.modules))"
)


@dataclass(frozen=True, slots=True)
class ServoRun:
    """One run on the virtual bus, seen from outside."""

    log: Log
    started_ns: int
    peak_rss_mb: float


def run(seeds: range) -> list[Claim]:
    """Measure the loop; the simulated lives take the first of ``seeds``. Takes some minutes."""
    return [*_on_servos(), *_start_up(), _torch_modules(), *_in_simulation(seeds[0])]


def _servo_run(folder: Path, seconds: int) -> ServoRun:
    """Run ``ember run --body servos`` at 50 Hz and watch its memory."""
    clock = SystemClock()
    config = folder / "ember.toml"
    with virtual_robot() as port:
        config.write_text(f'[servos]\nport = "{port}"\n[wire]\nenabled = false\n')
        state = folder / "state"
        command = ["run", "--body", "servos", "--config", str(config), "--rate", str(RATE_HZ)]
        command += ["--seconds", str(seconds), "--log", str(folder / "logs"), "--no-view"]
        command += ["--state", str(state)]
        started_ns = clock.mono_ns()
        process = subprocess.Popen([*ember(), *command], stdout=subprocess.DEVNULL)
        peak_mb = 0.0
        while process.poll() is None:
            peak_mb = max(peak_mb, _peak_rss_mb(process.pid))
            clock.sleep_until_ns(clock.mono_ns() + _POLL_NS)
        if process.returncode != 0:
            raise RuntimeError(f"ember run ended with {process.returncode}")
    return ServoRun(Log(folder / "logs"), started_ns, peak_mb)


def _peak_rss_mb(pid: int) -> float:
    """VmHWM of a process: the most memory that it ever had resident."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return max(
        (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0
    )


def _on_servos() -> list[Claim]:
    with tempfile.TemporaryDirectory() as folder:
        lived = _servo_run(Path(folder), SERVO_SECONDS)
        timings = list(lived.log.timings())
    work = [(_work_ns(t)) / _MS_NS for t in timings]
    record = [t.record_ns / _US_NS for t in timings]
    learning = [t.learn_ns / _MS_NS for t in timings]
    late = [t.lateness_ns / _MS_NS for t in timings]
    drift_ms = _drift_ns(timings) / _MS_NS
    return [
        quantile_claim("tick: work without serial time, p99", work, 0.99, "ms", "<= 3"),
        quantile_claim("tick: work without serial time, median", work, 0.5, "ms"),
        quantile_claim("tick: serial time, median", [t.io_ns / _MS_NS for t in timings], 0.5, "ms"),
        quantile_claim("tick: of that, learning, p99", learning, 0.99, "ms"),
        quantile_claim("recorder: cost to the loop, p99", record, 0.99, "us", "<= 60"),
        quantile_claim("recorder: cost to the loop, median", record, 0.5, "us"),
        quantile_claim("loop: lateness, p99", late, 0.99, "ms"),
        claim("loop: drift over the run", drift_ms, "ms", "<= 1", n=len(timings)),
        claim("loop: missed cycles", sum(t.missed_cycles for t in timings), "", n=len(timings)),
        claim("loop: peak RSS, servo body", lived.peak_rss_mb, "MB", "<= 120"),
    ]


def _work_ns(timing: TimingRecord) -> int:
    work = timing.sense_ns + timing.think_ns + timing.act_ns + timing.record_ns
    return work + timing.learn_ns - timing.io_ns


def _drift_ns(timings: list[TimingRecord]) -> float:
    """How far the last deadline stands from where the first and the period put it."""
    cycles = sum(1 + timing.missed_cycles for timing in timings[1:])
    first = timings[0].t_mono_ns - timings[0].lateness_ns
    last = timings[-1].t_mono_ns - timings[-1].lateness_ns
    return abs(last - first - cycles * 1e9 / RATE_HZ)


def _start_up() -> list[Claim]:
    seconds = []
    for _ in range(START_REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            lived = _servo_run(Path(folder), 1)
            first = next(tick for tick in lived.log.ticks() if tick.sent is not None)
            timing = next(t for t in lived.log.timings() if t.tick == first.tick)
        written_ns = timing.t_mono_ns + timing.sense_ns + timing.think_ns + timing.act_ns
        seconds.append((written_ns - lived.started_ns) * 1e-9)
    return [quantile_claim("start to first command, servo body", seconds, 0.5, "s", "<= 1.5")]


def _torch_modules() -> Claim:
    """Everything that ``ember run`` can load, in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", _NO_TORCH], capture_output=True, text=True, check=True
    )
    return claim("torch modules loaded by ember run", int(done.stdout), "", "== 0")


def _in_simulation(seed: int) -> list[Claim]:
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        begun_ns = clock.mono_ns()
        hour = _simulated(Path(folder) / "hour", seed, HOUR_S)
        lived_s = (clock.mono_ns() - begun_ns) * 1e-9
        begun_ns = clock.mono_ns()
        done = subprocess.run(
            [*ember(), "replay", str(hour), "--json"], capture_output=True, text=True, check=False
        )
        replay_s = (clock.mono_ns() - begun_ns) * 1e-9
        report = json.loads(done.stdout)
        digests = {
            Log(_simulated(Path(folder) / f"twin{n}", seed, TWIN_S)).ticks_digest for n in range(2)
        }
    share = report["identical"] / report["ticks"]
    return [
        claim("an hour in simulation, times real time", HOUR_S / lived_s, "x", ">= 20"),
        claim("an hour replayed in model", replay_s, "s", "<= 60", n=report["ticks"]),
        claim("an hour replayed in model: identical", share, "share", "== 1", n=report["ticks"]),
        claim("same seed twice: different tick contents", len(digests) - 1, "", "== 0", n=2),
    ]


def _simulated(folder: Path, seed: int, seconds: int) -> Path:
    """A life at full speed; the folder of its log."""
    command = ["run", "--suite", "standard", "--seed", str(seed), "--seconds", str(seconds)]
    command += ["--speed", "max", "--log", str(folder), "--no-view"]
    subprocess.run([*ember(), *command], stdout=subprocess.DEVNULL, check=True)
    return Log(folder).folder
