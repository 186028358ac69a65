"""What the cerebellum costs a tick: before the command, and learning after it, part by part.

A simulated life is recorded once at each rate; then the same ticks go through fresh cerebella. The
least of ``PASSES`` times of each tick is what it costs by itself: it starts from the same state and
does the same work in each, so that what differs is what else the machine does. Beside wall time
stands the thread's own CPU time, in which no other program is but for the caches that they share;
and what an addition of nine numbers took meanwhile, by which machines can be compared.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum import in_flight
from cerebellum.cerebellum import Cerebellum
from cerebellum.settings import CerebellumSettings
from ember_embodied import bundle as bundles
from ember_embodied.arming import ArmingSettings
from ember_embodied.bench.claims import Claim, claim, quantile_claim
from ember_embodied.event_driven import network_of
from ember_embodied.guidance import guidance, heard, learn
from ember_embodied.life import Life
from ember_embodied.loop import Mind
from ember_embodied.sense_vector import encode
from firmware_bridge.clock import SystemClock
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.suite import draw_life, load_suite
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord

SUITE: Final = "standard"
SECONDS: Final = {10.0: 60.0, 50.0: 20.0}
"""Of the life, by the rate of the loop."""
PASSES: Final = 5
BOUND_US: Final = "<= 150"
ADDITIONS: Final = 100
WARM_UP: Final = 20
"""Ticks that are not counted: the first ones fill caches."""
_PARTS: Final = (
    ("forward model", "model", "step"),
    ("forward model, learning", "model", "learn"),
    ("touch", "_touch", "step"),
    ("own motion", "own_motion", "step"),
    ("agency", "agency", "step"),
    ("body turns", "turning", "follow"),
    ("looks", "_looks", "step"),
)
"""Name, and the part and its method that is timed."""


@dataclass(slots=True)
class _Memory:
    records: list[TickRecord]

    def follow(self, record: TickRecord, timing: TimingRecord, events: list[EventRecord]) -> None:  # noqa: ARG002
        """Keep the tick."""
        self.records.append(record)


def measure(seeds: range) -> tuple[Claim, ...]:
    """Cost by rate, of the first of ``seeds``, and of each part."""
    return tuple(one for rate_hz in SECONDS for one in _measured(seeds[0], rate_hz))


def _measured(seed: int, rate_hz: float) -> list[Claim]:
    records = _recorded(seed, rate_hz)
    organ = _organ(seed, rate_hz)
    start = in_flight.to_bytes(organ)
    passes, parts, additions = [], [], []
    gc.collect()
    gc.freeze()
    gc.disable()  # as a life does
    try:
        for _ in range(PASSES):  # by turns: the machine is busier at some times than at others
            additions.append(_addition_us())
            passes.append(_timed(records, in_flight.from_bytes(start, Cerebellum)))
            parts.append(_by_part(records, in_flight.from_bytes(start, Cerebellum)))
    finally:
        gc.enable()
        gc.unfreeze()
    least = np.min(passes, axis=0)[WARM_UP:] * 1e-3
    before, learning, own = least.T
    at = f"at {rate_hz:g} Hz"
    claims = [
        quantile_claim(f"whole, {at}, p99", (before + learning).tolist(), 0.99, "us", BOUND_US),
        quantile_claim(f"whole, {at}, median", (before + learning).tolist(), 0.5, "us"),
        quantile_claim(f"whole, {at}, CPU time, p99", own.tolist(), 0.99, "us"),
        quantile_claim(f"whole, {at}, CPU time, median", own.tolist(), 0.5, "us"),
        claim(f"meanwhile: numpy's addition of nine numbers, {at}", min(additions), "us"),
        quantile_claim(f"before the command, {at}, p99", before.tolist(), 0.99, "us"),
        quantile_claim(f"learning, {at}, p99", learning.tolist(), 0.99, "us"),
    ]
    once = np.concatenate([one[WARM_UP:, :2].sum(axis=1) for one in passes]) * 1e-3
    claims.append(
        quantile_claim(f"whole, {at}, p99 as it came on this machine", once.tolist(), 0.99, "us")
    )
    for name, _, _ in _PARTS:
        each = np.min([one[name] for one in parts], axis=0)[WARM_UP:] * 1e-3
        claims.append(quantile_claim(f"{name}, {at}, p99", each.tolist(), 0.99, "us"))
        claims.append(quantile_claim(f"{name}, {at}, median", each.tolist(), 0.5, "us"))
    size, written_us = _written(organ)
    claims.append(claim(f"state at the head of a file, {at}", size / 1e3, "kB"))
    claims.append(claim(f"the same: writing it, least of {PASSES}, {at}", written_us, "us"))
    return claims


def _written(organ: Cerebellum) -> tuple[int, float]:
    """Bytes of the state at the head of a log's file, and us to write it down."""
    read, least = SystemClock().mono_ns, math.inf
    for _ in range(PASSES):
        begun_ns = read()
        size = len(in_flight.to_bytes(organ))
        least = min(least, (read() - begun_ns) * 1e-3)
    return size, least


def _recorded(seed: int, rate_hz: float) -> list[TickRecord]:
    """The ticks of a life that learns."""
    seconds = SECONDS[rate_hz]
    body = SimBody(draw_life(load_suite(SUITE), seed, seconds), seed)
    body.open()
    mind = Mind(
        network_of(bundles.load(bundles.DEFAULT_BUNDLE), event_driven=False), round(1e9 / rate_hz)
    )
    memory = _Memory([])
    life = Life(
        body,
        mind,
        ArmingSettings(),
        companions=(memory,),
        stopwatch=SystemClock(),
        cerebellum=_organ(seed, rate_hz),
    )
    life.run(round(seconds * rate_hz))
    body.close()
    return memory.records


def _organ(seed: int, rate_hz: float) -> Cerebellum:
    return Cerebellum(
        CerebellumSettings(enabled=True), 1.0 / rate_hz, np.random.default_rng([seed, 12])
    )


def _timed(records: list[TickRecord], organ: Cerebellum) -> NDArray[np.float64]:
    """[T, 3] ns that each tick takes before the command and after it; CPU time of both."""
    read, spent = SystemClock().mono_ns, time.thread_time_ns
    costs = []
    for record in records:
        sense, intent = record.sense, record.goal_rad
        cpu_ns, begun_ns = spent(), read()
        corrections = organ.correct(sense)
        felt = heard(sense, *corrections)
        goal = (organ.body_goal(record.requested.body_yaw_rad), *intent[1:])
        altered = organ.altered(goal, sense.t_mono_ns)
        told = guidance(organ, corrections, organ.fault, goal, altered)
        out_ns, out_cpu_ns = read(), spent()
        encode(felt, record.requested)  # as the tick does before the network steps
        lived = replace(record, guidance=told)
        after_cpu_ns, after_ns = spent(), read()
        learn(organ, lived)
        end_ns, end_cpu_ns = read(), spent()
        cpu_ns = end_cpu_ns - after_cpu_ns + out_cpu_ns - cpu_ns
        costs.append((out_ns - begun_ns, end_ns - after_ns, cpu_ns))
    return np.array(costs, dtype=np.float64)


def _addition_us() -> float:
    """The least time of many."""
    read, nine, least = SystemClock().mono_ns, np.ones(9), math.inf
    out = nine.copy()
    for _ in range(ADDITIONS):
        begun_ns = read()
        for _ in range(ADDITIONS):
            np.add(nine, nine, out=out)
        least = min(least, (read() - begun_ns) * 1e-3 / ADDITIONS)
    return least


def _by_part(records: list[TickRecord], organ: Cerebellum) -> dict[str, NDArray[np.float64]]:
    """[T] ns that each part takes of each tick; 0 where it has nothing to do."""
    read = SystemClock().mono_ns
    spent: dict[str, list[float]] = {name: [] for name, _, _ in _PARTS}

    def watched(method: Callable[..., Any], costs: list[float]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            begun_ns = read()
            result = method(*arguments, **named)
            costs[-1] += read() - begun_ns
            return result

        return call

    for name, part, method in _PARTS:
        owner = getattr(organ, part)
        setattr(owner, method, watched(getattr(owner, method), spent[name]))
    for record in records:
        for costs in spent.values():
            costs.append(0.0)
        learn(organ, record)
    return {name: np.array(costs) for name, costs in spent.items()}
