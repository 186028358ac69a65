"""Contenders timed in turn, so that a busy machine is busy for all of them alike.

Warm means that the call before was the same: weights and code lie in the caches. Cold means that
more bytes than any cache holds were streamed in between, which is what a 10 Hz loop finds when
other programs ran in the 100 ms since its last step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from ember_embodied.bench.claims import Claim, claim
from firmware_bridge.clock import SystemClock

Call = Callable[[], object]
Times = dict[str, list[float]]
"""Microseconds of every round, by contender; round i of one ran beside round i of the others."""

WARM_CALLS: Final = 2
FLUSH_BYTES: Final = 64 << 20
RESAMPLES: Final = 2000
TAIL: Final = 0.025


def warm(
    contenders: Mapping[str, Call], rounds: int, now_ns: Callable[[], int] | None = None
) -> Times:
    """Time each contender once a round, after ``WARM_CALLS`` calls of itself; us.

    By ``now_ns``, for instance the processor time of this thread; by the clock where it is None.
    """
    return _rounds(contenders, rounds, lambda call: [call() for _ in range(WARM_CALLS)], now_ns)


def cold(contenders: Mapping[str, Call], rounds: int) -> Times:
    """Time each contender once a round, its data gone from every cache; us."""
    stream = np.zeros(FLUSH_BYTES, dtype=np.uint8)
    for call in contenders.values():
        call()
    return _rounds(contenders, rounds, lambda _: np.add(stream, 1, out=stream))


def _rounds(
    contenders: Mapping[str, Call],
    rounds: int,
    prepare: Callable[[Call], object],
    now_ns: Callable[[], int] | None = None,
) -> Times:
    now = SystemClock().mono_ns if now_ns is None else now_ns
    times: Times = {name: [] for name in contenders}
    order = list(contenders.items())
    for _ in range(rounds):
        for name, call in order:
            prepare(call)
            start_ns = now()
            call()
            times[name].append((now() - start_ns) * 1e-3)
        order.reverse()  # so that nobody always runs after the same neighbour
    return times


def ratio_claim(
    name: str, above: Sequence[str], below: Sequence[str], times: Times, bound: str | None = None
) -> Claim:
    """Claim the median of ``above`` over that of ``below``; more than one name is a sum.

    The interval is a percentile bootstrap over whole rounds, which keeps what ran side by side
    together (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).
    """
    columns = [*above, *below]
    rows = np.array([times[column] for column in columns])
    count = rows.shape[1]
    picks = np.random.default_rng(0).integers(count, size=(RESAMPLES, count))
    draws = np.stack([np.median(row[picks], axis=1) for row in rows])
    middle = np.median(rows, axis=1)
    split = len(above)
    ratios = draws[:split].sum(axis=0) / draws[split:].sum(axis=0)
    low, high = np.quantile(ratios, (TAIL, 1.0 - TAIL))
    value = float(middle[:split].sum() / middle[split:].sum())
    return claim(name, value, "x", bound, n=count, interval=(float(low), float(high)))
