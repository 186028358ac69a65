"""The servo body on the virtual bus: what a tick costs, how fast it starts and comes back.

The bus is a process of its own on a pty, with 1 Mbaud timing and the simulated physics; the seed
draws its nine servos. Work is the time of ``sense`` and ``act`` without what they spent waiting
for the port.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ember_embodied.bench.claims import Claim, claim, mean_claim, quantile_claim
from firmware_bridge.clock import Clock, Pacer, SystemClock
from firmware_bridge.command import JointTargets
from firmware_bridge.dynamixel.servo_body import ServoBody
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import JOINT_COUNT
from firmware_bridge.senses import BodySense, Fault

RATE_HZ: Final = 50
TICKS: Final = 400
SWING_RAD: Final = 0.15
SWING_S: Final = 2.0
LOST_S: Final = 0.8
LOST_AFTER_S: Final = 1.0
OVERLOADED: Final = 7
PIN_BOUND: Final = f"<= {2.0 * np.pi / 4096:.6f}"
"""One pulse of the encoder."""
_NEW_PROCESS: Final = """
import resource, sys, time
start = time.monotonic()
from firmware_bridge.clock import SystemClock
from firmware_bridge.command import JointTargets
from firmware_bridge.dynamixel.servo_body import ServoBody
from firmware_bridge.dynamixel.settings import ServoSettings
body = ServoBody(ServoSettings(port=sys.argv[1]), SystemClock())
body.open()
joints = body.sense().joints.joints
sent = body.act(JointTargets(tuple(joint.position_rad for joint in joints), True, 0.02))
assert sent is not None
first = time.monotonic()
body.act(JointTargets(sent.position_rad, False, 0.02))
print(first - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@dataclass(slots=True)
class _Costs:
    """Milliseconds, one number a tick."""

    serial: list[float]
    work: list[float]


def run(seeds: range) -> list[Claim]:
    """Measure with each seed's servos. Takes about 15 s a seed."""
    costs = _Costs([], [])
    reconnects: list[float] = []
    pins: list[float] = []
    starts: list[float] = []
    sizes: list[float] = []
    unanswered = 0
    stopped = 0
    for seed in seeds:
        with _bus(seed) as port:
            unanswered += _tick_costs(port, costs)
            start_s, size_mb = _fresh_process(port)
            starts.append(start_s)
            sizes.append(size_mb)
        with _bus(seed, f"port_lost@{LOST_AFTER_S}+{LOST_S}") as port:
            back_s, pin_rad = _reconnect(port)
            reconnects.append(back_s)
            pins.append(pin_rad)
        with _bus(seed, f"overload:{JOINT_COUNT + OVERLOADED + 1}@0.5") as port:
            stopped += _stopped_by_overload(port)
    answers = len(costs.work) * JOINT_COUNT
    return [
        mean_claim("tick, serial time", costs.serial, "ms"),
        quantile_claim("tick, work p50", costs.work, 0.5, "ms"),
        quantile_claim("tick, work p99", costs.work, 0.99, "ms", "<= 3"),
        claim("answers missed for good", unanswered / answers, "share", "<= 0.001", n=answers),
        mean_claim("port back to first goal", reconnects, "s", "<= 3"),
        claim(
            "first goal from present pose",
            max(pins),
            "rad",
            PIN_BOUND,
            n=len(pins),
        ),
        claim("others stopped by an overload", float(stopped), "servos", "== 0", n=len(seeds)),
        mean_claim("start to first command", starts, "s", "<= 1.5"),
        mean_claim("memory of the body's process", sizes, "MB", "<= 120"),
    ]


@contextmanager
def _bus(seed: int, fault: str | None = None) -> Iterator[str]:
    """A virtual bus with the seed's servos; gives its port."""
    words = ["--seed", str(seed), "--spread", "1", *(("--fault", fault) if fault else ())]
    with tempfile.TemporaryDirectory() as folder:
        port = str(Path(folder) / "servos")
        command = [sys.executable, "-m", "firmware_bridge.simulation.virtual_bus", "--pty", port]
        with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                yield port
            finally:
                process.terminate()


def _open(port: str, clock: Clock) -> tuple[ServoBody, tuple[float, ...]]:
    body = ServoBody(ServoSettings(port=port), clock)
    body.open()
    return body, _pose(body.sense())


def _targets(pose: tuple[float, ...], *, torque: bool = True) -> JointTargets:
    return JointTargets(pose, torque, 1.0 / RATE_HZ)


def _pose(sense: BodySense) -> tuple[float, ...]:
    assert sense.joints is not None
    return tuple(joint.position_rad for joint in sense.joints.joints)


def _tick_costs(port: str, costs: _Costs) -> int:
    """Swing body and antennas at 50 Hz; answers that were missed after every retry."""
    clock = SystemClock()
    body, pose = _open(port, clock)
    pacer = Pacer(clock, 1_000_000_000 // RATE_HZ)
    for tick in range(TICKS):
        swing = SWING_RAD * float(np.sin(2.0 * np.pi * tick / (SWING_S * RATE_HZ)))
        pacer.wait()
        begin_ns, io_ns = clock.mono_ns(), body.io_ns
        body.sense()
        body.act(_targets((pose[0] + swing, *pose[1:])))
        spent_ns, waited_ns = clock.mono_ns() - begin_ns, body.io_ns - io_ns
        costs.serial.append(waited_ns * 1e-6)
        costs.work.append((spent_ns - waited_ns) * 1e-6)
    body.act(_targets(pose, torque=False))
    missed = sum(counters.missed for counters in body.bus.counters.values())
    body.close()
    return missed


def _fresh_process(port: str) -> tuple[float, float]:
    """Seconds from the first import to the first goal written, and megabytes, in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", _NEW_PROCESS, port], capture_output=True, text=True, check=True
    )
    start_s, size_mb = map(float, done.stdout.split())
    return start_s, size_mb


def _reconnect(port: str) -> tuple[float, float]:
    """Seconds from the port's return to the first goal, and how far that is from the pose, rad."""
    clock = SystemClock()
    body, pose = _open(port, clock)
    pacer = Pacer(clock, 1_000_000_000 // RATE_HZ)
    elsewhere = (pose[0] + 1.0, *pose[1:])
    away, back_ns = False, 0
    while True:
        pacer.wait()
        if away and not back_ns and Path(port).exists():
            back_ns = clock.mono_ns()
        sense = body.sense()
        away = away or bool(sense.fault_bits & Fault.BUS_LOST)
        sent = body.act(_targets(elsewhere if away else pose))
        if away and sent is not None:
            back_s = (clock.mono_ns() - back_ns) * 1e-9
            pin_rad = abs(sent.position_rad[0] - _pose(sense)[0])
            body.close()
            return back_s, pin_rad


def _stopped_by_overload(port: str) -> int:
    """How many of the other servos do not answer or do not hold once one is in overload."""
    clock = SystemClock()
    body, pose = _open(port, clock)
    pacer = Pacer(clock, 1_000_000_000 // RATE_HZ)
    sense = body.sense()
    for _ in range(2 * RATE_HZ):
        pacer.wait()
        sense = body.sense()
        body.act(_targets(pose))
    body.close()
    assert sense.fault_bits & Fault.SERVO_OVERLOAD
    assert sense.joints is not None
    joints = sense.joints.joints
    return sum(
        not (joint.answered and joint.torque_enabled)
        for index, joint in enumerate(joints)
        if index != OVERLOADED
    )
