"""What the network costs on the robot: one step, start-up, memory, and no torch anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Final

import numpy as np

from ember_embodied import bundle as bundles
from ember_embodied.bench.claims import Claim, claim, quantile_claim
from ember_embodied.runtime import Array, Runtime
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
from firmware_bridge.clock import SystemClock

STEPS: Final = 3000
WARM_UP: Final = 200
STARTS: Final = 5
FRESH_PROCESS: Final = """
import json, resource, sys
import numpy as np
from ember_embodied import bundle
from ember_embodied.runtime import Runtime
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
runtime = Runtime(bundle.load())
senses, mask = np.zeros(SENSE_COUNT, np.float32), np.ones(MASK_COUNT, np.float32)
runtime.step(senses, mask, 0.1, runtime.initial_state())
peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"rss_mib": peak_kib / 1024.0, "torch": int("torch" in sys.modules)}))
"""


def run(seeds: range) -> list[Claim]:
    """Measure the default bundle; the inputs are drawn from the first seed."""
    rng = np.random.default_rng(seeds.start)
    senses = rng.standard_normal(SENSE_COUNT).astype(np.float32)
    mask = np.ones(MASK_COUNT, dtype=np.float32)
    runtime = Runtime(bundles.load())
    state = runtime.initial_state()
    by_name = _by_name(runtime, senses, mask)
    bound_us, named_us = _interleaved(lambda: runtime.step(senses, mask, 0.1, state), by_name)
    starts = [_fresh_process() for _ in range(STARTS)]
    torch_loaded = sum(int(facts["torch"]) for _, facts in starts)
    return [
        quantile_claim("network step, p50", bound_us, 0.5, "us", "<= 200"),
        quantile_claim("network step, p99", bound_us, 0.99, "us", "<= 1000"),
        quantile_claim("the same by session.run, p50", named_us, 0.5, "us"),
        quantile_claim("process start to first step", [s for s, _ in starts], 0.5, "s", "<= 1.5"),
        quantile_claim(
            "memory after first step", [f["rss_mib"] for _, f in starts], 0.5, "MiB", "<= 120"
        ),
        claim("processes that loaded torch", torch_loaded, "1", "== 0", n=STARTS),
    ]


def _by_name(runtime: Runtime, senses: Array, mask: Array) -> Callable[[], object]:
    """The same step through ``InferenceSession.run``, for comparison."""
    names = [node.name for node in runtime.session.get_inputs()]
    values = (senses[np.newaxis], mask[np.newaxis], np.array([[0.1]], dtype=np.float32))
    feed = dict(zip(names, (*values, *runtime.initial_state()), strict=True))
    return lambda: runtime.session.run(None, feed)


def _interleaved(
    first: Callable[[], object], second: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Time both in turn, so that a busy machine is busy for both; us."""
    clock = SystemClock()
    times: tuple[list[float], list[float]] = ([], [])
    for step in range(WARM_UP + STEPS):
        for call, kept in zip((first, second), times, strict=True):
            start_ns = clock.mono_ns()
            call()
            if step >= WARM_UP:
                kept.append((clock.mono_ns() - start_ns) * 1e-3)
    return times


def _fresh_process() -> tuple[float, dict[str, float]]:
    """Seconds from the start of a new process to the end of its first step, and its facts."""
    clock = SystemClock()
    start_ns = clock.mono_ns()
    done = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS], capture_output=True, check=True, text=True
    )
    facts: dict[str, float] = json.loads(done.stdout)
    return (clock.mono_ns() - start_ns) * 1e-9, facts
