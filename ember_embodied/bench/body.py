"""Kinematics, gate and pacer: how fast, how exact, how safe.

Times are taken call by call on this machine, over inputs drawn from the seeds; the cost of
reading the clock (some 0.2 us) is in them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import radians
from typing import Final

import numpy as np

from ember_embodied.bench.claims import Claim, claim, quantile_claim
from ember_embodied.bench.gate_fuzz import fuzz_gate
from firmware_bridge.clock import Clock, Pacer, SystemClock
from firmware_bridge.command import JointTargets, MotorCommand
from firmware_bridge.gate import gate, pin
from firmware_bridge.joints import REST_POSE_RAD
from firmware_bridge.kinematics import (
    HeadPose,
    head_of_legs,
    joints_of_command,
    legs_of_head,
    stiffness_of_head,
    within_limits,
)

POSES_A_SEED: Final = 2_000
CALLS_A_SEED: Final = 200_000
"""Of the gate: a million for the five seeds that are the default."""
TICKS_A_SEED: Final = 2_000
LOWEST_POSE: Final = (radians(-65), radians(-60), radians(-48), -0.047, -0.048, -0.051)
HIGHEST_POSE: Final = (radians(65), radians(48.5), radians(48), 0.051, 0.048, 0.0235)
"""The box around the reachable space: yaw, pitch, roll, x, y, z."""
LEAST_STIFFNESS: Final = 0.02
"""Poses nearer to the singularity than this share of neutral's do not count as reachable."""
RATE_HZ: Final = 50
PACED_S: Final = 4
"""Drift is how much later the last second wakes than the first."""
WORK_NS: Final = 2_000_000
_SECOND_NS: Final = 1_000_000_000

Pose = tuple[float, ...]


def run(seeds: range) -> list[Claim]:
    """Measure all; some twenty seconds for five seeds on a quiet core."""
    random = [np.random.default_rng(seed) for seed in seeds]
    poses = [pose for one in random for pose in _reachable_poses(one)]
    return [
        *_kinematics(poses),
        *_gate(random),
        *_fuzz(seeds),
        *_pacing(SystemClock()),
    ]


def _reachable_poses(random: np.random.Generator) -> Iterator[Pose]:
    found = 0
    while found < POSES_A_SEED:
        pose = tuple(random.uniform(LOWEST_POSE, HIGHEST_POSE).tolist())
        legs = legs_of_head(*pose)
        if legs is None or not within_limits(legs):
            continue
        if stiffness_of_head(HeadPose(*pose)) > LEAST_STIFFNESS:
            found += 1
            yield pose


def _kinematics(poses: Sequence[Pose]) -> list[Claim]:
    legs = [found for pose in poses if (found := legs_of_head(*pose)) is not None]
    near = [HeadPose(*(0.95 * number for number in pose)) for pose in poses]
    error, unsolved = 0.0, 0
    for pose, six in zip(poses, legs, strict=True):
        back = head_of_legs(six)
        if back is None:
            unsolved += 1
            continue
        numbers = (back.yaw_rad, back.pitch_rad, back.roll_rad, back.x_m, back.y_m, back.z_m)
        error = max(error, *(abs(a - b) for a, b in zip(numbers, pose, strict=True)))
    commands = [MotorCommand(pose[0], pose[1], 0.0, 0.0, 0.0) for pose in poses]
    beyond = [MotorCommand(2.0 * pose[0], 1.2, 0.0, 0.0, 0.0) for pose in poses]
    inverse = _times_us([partial(legs_of_head, *pose) for pose in poses])
    warm = _times_us([partial(head_of_legs, *each) for each in zip(legs, near, strict=True)])
    cold = _times_us([partial(head_of_legs, six) for six in legs])
    kept = _times_us([partial(joints_of_command, command) for command in commands])
    scaled = _times_us([partial(joints_of_command, command) for command in beyond])
    return [
        claim("kinematics round trip, worst", error, "rad or m", "<= 1e-6", n=len(poses)),
        claim("kinematics round trip, unsolved", unsolved, "poses", "== 0", n=len(poses)),
        quantile_claim("inverse kinematics, median", inverse, 0.5, "us", "<= 50"),
        quantile_claim("inverse kinematics, p99", inverse, 0.99, "us"),
        quantile_claim("forward kinematics near the last pose, median", warm, 0.5, "us", "<= 150"),
        quantile_claim("forward kinematics from neutral, median", cold, 0.5, "us"),
        quantile_claim("joints of a command, median", kept, 0.5, "us"),
        quantile_claim("joints of a command out of reach, median", scaled, 0.5, "us"),
    ]


def _gate(random: Sequence[np.random.Generator]) -> list[Claim]:
    """A life of goals that jump: each is kept for some ticks, and the servos follow."""
    times: list[float] = []
    for one in random:
        state, measured = pin(REST_POSE_RAD), REST_POSE_RAD
        goals = [
            joints_of_command(MotorCommand(*row))[0]
            for row in one.uniform(-1.2, 1.2, (TICKS_A_SEED // 10, 5)).tolist()
        ]
        calls: list[Callable[[], object]] = []
        for tick in range(TICKS_A_SEED):
            goal = JointTargets(goals[tick // 10], torque_enabled=True, duration_s=1.0 / RATE_HZ)
            calls.append(partial(gate, goal, state, measured, 1.0 / RATE_HZ, 1.0))
            state = gate(goal, state, measured, 1.0 / RATE_HZ, 1.0).state
            measured = tuple(
                seen + 0.5 * (target - seen)
                for seen, target in zip(measured, state.position_rad, strict=True)
            )
        times += _times_us(calls)
    return [
        quantile_claim("gate, median", times, 0.5, "us"),
        quantile_claim("gate, p99", times, 0.99, "us"),
    ]


def _fuzz(seeds: range) -> list[Claim]:
    results = [fuzz_gate(CALLS_A_SEED, seed) for seed in seeds]
    calls = sum(result.calls for result in results)
    outside = sum(result.outside for result in results)
    return [claim("gate, targets not finite or out of limits", outside, "calls", "== 0", n=calls)]


def _pacing(clock: Clock) -> list[Claim]:
    """Two loops side by side, each with 2 ms of work a cycle: on deadlines, and on sleeps."""
    cycles = PACED_S * RATE_HZ
    period_ns = _SECOND_NS // RATE_HZ
    off_grid: list[int] = []
    paced: list[int] = []
    slept: list[int] = []

    def on_deadlines() -> None:
        """Wait for absolute deadlines; note how far from its own each cycle begins, ns."""
        start_ns = clock.mono_ns()
        pacer = Pacer(clock, period_ns)
        while len(paced) < cycles:
            cycle = pacer.wait()
            paced.append(clock.mono_ns() - start_ns - cycle.number * period_ns)
            off_grid.append(cycle.lateness_ns < 0)
            clock.sleep_until_ns(clock.mono_ns() + WORK_NS)

    def on_sleeps() -> None:
        """Sleep one period after each cycle, as without deadlines; note the same, ns."""
        start_ns = clock.mono_ns()
        while len(slept) < cycles:
            clock.sleep_until_ns(clock.mono_ns() + period_ns)
            slept.append(clock.mono_ns() - start_ns - (len(slept) + 1) * period_ns)
            clock.sleep_until_ns(clock.mono_ns() + WORK_NS)

    threads = [threading.Thread(target=loop) for loop in (on_deadlines, on_sleeps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    late_us = [lateness * 1e-3 for lateness in paced]
    return [
        claim("pacer, drift", _drift_us(paced), "us", "<= 1000", n=cycles),
        claim("relative sleeps beside it, drift", _drift_us(slept), "us", n=cycles),
        claim("pacer, wake-ups before the deadline", sum(off_grid), "cycles", "== 0", n=cycles),
        quantile_claim("pacer, lateness, median", late_us, 0.5, "us"),
        quantile_claim("pacer, lateness, p99", late_us, 0.99, "us"),
    ]


def _drift_us(lateness_ns: Sequence[int]) -> float:
    """How much later the last quarter wakes than the first, by their medians."""
    quarter = len(lateness_ns) // 4
    first, last = np.median(lateness_ns[:quarter]), np.median(lateness_ns[-quarter:])
    return float(abs(last - first)) * 1e-3


def _times_us(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Time of each call, us; the first hundred are made once before, so that all is warm."""
    read = SystemClock().mono_ns
    for call in calls[:100]:
        call()
    times = []
    for call in calls:
        begin_ns = read()
        call()
        times.append((read() - begin_ns) * 1e-3)
    return times
