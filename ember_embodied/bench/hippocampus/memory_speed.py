"""Time and room: learning in bulk and one by one, recall, ten hops, beside nearest neighbour."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ember_embodied.bench.claims import Claim, claim, quantile_claim
from ember_embodied.bench.hippocampus import Note
from ember_embodied.bench.interleaved import Call, ratio_claim, warm
from firmware_bridge.clock import SystemClock
from hippocampus.memory.associative import AssociativeMemory

WIDTH: Final = 384
SIZES: Final = (1_000, 20_000, 100_000)
JUDGED: Final = 20_000
"""The size that the bounds are about."""
BULK: Final = 5_000
"""Memories that are learned at a time in bulk."""
SINGLE: Final = 2_048
"""Memories learned one by one: twice what may wait, so that merging is counted."""
ROUNDS: Final = 200
HOPS: Final = 10
NOISE: Final = 0.5
"""Of a cue, in spreads of the key: a cosine of 0.89."""
BULK_BOUND: Final = ">= 20000"
SINGLE_BOUND: Final = ">= 5000"
RECALL_BOUND: Final = "<= 400"
HOPS_BOUND: Final = "<= 1000"
ROOM_BOUND: Final = "<= 64"
_MEBI: Final = 1e6
_JUDGED_CALLS: Final = {"recall": "a recall, encoding included", "hops": "ten hops"}

Floats = NDArray[np.float32]


def speed(seed: int, note: Note) -> Iterator[Claim]:
    """The claims of time and room."""
    with threadpool_limits(1):
        for size in SIZES:
            note(f"memory: {size} memories, time and room")
            yield from _of_size(size, np.random.default_rng(seed))


def _of_size(size: int, rng: np.random.Generator) -> Iterator[Claim]:
    keys = rng.standard_normal((size, WIDTH)).astype(np.float32)
    memory, judged = AssociativeMemory(WIDTH, seed=0), size == JUDGED
    parts = [keys[start : start + BULK] for start in range(0, size, BULK)]
    bulk = [_timed(partial(memory.learn, part), len(part)) for part in parts]
    yield from _rates(f"{size}: learned a second in bulk", bulk, BULK_BOUND if judged else None)
    numbers = memory.numbers
    memory.associate(numbers[:-1], numbers[1:])
    yield claim(
        f"{size}: room of keys, lists and links",
        memory.bytes_held / _MEBI,
        "MB",
        ROOM_BOUND if size >= JUDGED else None,
    )
    yield from _recalls(size, memory, keys, rng)
    more = rng.standard_normal((SINGLE, WIDTH)).astype(np.float32)
    single = [_timed(lambda: [memory.learn(key[None]) for key in more], SINGLE)]
    yield from _rates(
        f"{size}: learned a second one by one", single, SINGLE_BOUND if judged else None
    )


def _recalls(
    size: int, memory: AssociativeMemory, keys: Floats, rng: np.random.Generator
) -> Iterator[Claim]:
    """A recall, ten hops, a recall with all compared, and plain nearest neighbour, in turn."""
    cues, others = cycle(_cues(keys, rng)), cycle(_cues(keys, rng))
    stranger = rng.standard_normal(WIDTH).astype(np.float32)
    lengths = np.linalg.norm(keys, axis=1)
    first = memory.recall(keys[0])

    def neighbour() -> int:
        return int(np.argmax(keys @ next(others) / lengths))

    contenders: dict[str, Call] = {
        "recall": lambda: memory.recall(next(cues)),
        "hops": lambda: memory.chain(first, HOPS),
        "neighbour": neighbour,
        "vague": lambda: memory.recall(stranger),
    }
    busy = warm({name: contenders[name] for name in _JUDGED_CALLS}, ROUNDS, time.thread_time_ns)
    times = warm(contenders, ROUNDS)
    judged = size == JUDGED
    bounds = (RECALL_BOUND, HOPS_BOUND) if judged else (None, None)
    for (name, told), bound in zip(_JUDGED_CALLS.items(), bounds, strict=True):
        yield quantile_claim(f"{size}: {told}, median, a core", busy[name], 0.5, "us", bound)
        yield quantile_claim(f"{size}: {told}, median, by the clock", times[name], 0.5, "us")
    yield quantile_claim(
        f"{size}: a recall by a cue like nothing, median", times["vague"], 0.5, "us"
    )
    yield quantile_claim(f"{size}: plain nearest neighbour, median", times["neighbour"], 0.5, "us")
    yield ratio_claim(
        f"{size}: nearest neighbour's time by a recall's", ["neighbour"], ["recall"], times
    )


def _cues(keys: Floats, rng: np.random.Generator) -> Floats:
    """Noisy cues, one for each round."""
    rows = rng.integers(len(keys), size=ROUNDS)
    return keys[rows] + NOISE * rng.standard_normal((len(rows), WIDTH)).astype(np.float32)


def _timed(work: Callable[[], object], count: int) -> tuple[float, float]:
    """Processor time of this thread and time by the clock, s each of ``count``."""
    clock = SystemClock()
    start_ns, busy_ns = clock.mono_ns(), time.thread_time_ns()
    work()
    busy_ns = time.thread_time_ns() - busy_ns
    return busy_ns * 1e-9 / count, (clock.mono_ns() - start_ns) * 1e-9 / count


def _rates(name: str, times: list[tuple[float, float]], bound: str | None) -> Iterator[Claim]:
    busy, wall = np.median(np.array(times), axis=0)
    yield claim(f"{name}, a core", 1.0 / busy, "1/s", bound, n=len(times))
    yield claim(f"{name}, by the clock", 1.0 / wall, "1/s", n=len(times))
