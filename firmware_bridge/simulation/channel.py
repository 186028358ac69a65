"""The way from a sensor to the loop: delay, spacing, and everything that goes wrong with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Generic, Protocol, TypeVar

import numpy as np

from firmware_bridge.sensors.reader import INTERVAL_WINDOW
from firmware_bridge.simulation.scenario import WorldChange

EXTRA_DELAY_NS: Final = 400_000_000
SLOW_FACTOR: Final = 5
"""A slow stream gives one sample in this many."""
INTERMITTENT_LOSS: Final = 0.6


class Sample(Protocol):
    """What a sensor gives: anything that carries its time of capture."""

    @property
    def t_mono_ns(self) -> int:
        """Time of capture, ns."""
        ...


SampleT = TypeVar("SampleT", bound=Sample)


class Failures:
    """Which stream or servo misbehaves now, and how."""

    def __init__(self) -> None:
        self._running: list[WorldChange] = []

    @property
    def any(self) -> bool:
        """Whether anything misbehaves."""
        return bool(self._running)

    def begin(self, change: WorldChange) -> None:
        """A failure starts; ``change.kind`` is ``failure_...``."""
        self._running.append(change)

    def expire(self, t_ns: int) -> tuple[WorldChange, ...]:
        """Forget the failures that are over, and return them."""
        over = [c for c in self._running if t_ns - c.t_mono_ns >= c.values[0] * 1e9]
        for change in over:
            self._running.remove(change)
        return tuple(over)

    def of(self, who: str) -> str | None:
        """The kind of failure of a stream or servo, without ``failure_``; the latest wins."""
        for change in reversed(self._running):
            if change.who == who:
                return change.kind.removeprefix("failure_")
        return None

    def running(self) -> Iterable[tuple[str, str]]:
        """Every (who, kind) that misbehaves now."""
        return [(change.who, change.kind.removeprefix("failure_")) for change in self._running]


class Channel(Generic[SampleT]):
    """One sensor's samples on their way: ``capture`` puts in, ``newest`` takes out."""

    def __init__(
        self,
        name: str,
        failures: Failures,
        generator: np.random.Generator,
        garble: Callable[[SampleT, np.random.Generator], SampleT],
        restamp: Callable[[SampleT, int], SampleT],
    ) -> None:
        """``garble`` makes nonsense of a sample; ``restamp`` gives it another time of capture."""
        self._name = name
        self._failures = failures
        self._generator = generator
        self._garble = garble
        self._restamp = restamp
        self._way: deque[tuple[int, SampleT]] = deque()
        self._last: SampleT | None = None
        self._newest: SampleT | None = None
        self._arrived_ns = 0
        self._times: deque[int] = deque(maxlen=INTERVAL_WINDOW)
        self._count = 0

    def capture(self, sample: SampleT, delay_ns: int) -> None:
        """A sample is taken now and arrives ``delay_ns`` later, unless something is wrong."""
        self._count += 1
        kind = self._failures.of(self._name)
        if kind is not None:
            spoilt = self._spoil(kind, sample)
            if spoilt is None:
                return
            sample = spoilt
            delay_ns += EXTRA_DELAY_NS if kind == "delayed" else 0
        self._last = sample
        self._way.append((sample.t_mono_ns + delay_ns, sample))

    def _spoil(self, kind: str, sample: SampleT) -> SampleT | None:
        if kind == "off":
            return None
        if kind == "slow":
            return sample if self._count % SLOW_FACTOR == 0 else None
        if kind == "intermittent":
            return None if self._generator.random() < INTERMITTENT_LOSS else sample
        if kind == "stuck" and self._last is not None:
            return self._restamp(self._last, sample.t_mono_ns)
        if kind == "garbage":
            return self._garble(sample, self._generator)
        return sample

    def newest(self, now_ns: int) -> tuple[SampleT, int] | None:
        """The newest sample that has arrived by ``now_ns`` and the stream's mean spacing, ns."""
        while self._way and self._way[0][0] <= now_ns:
            self._arrived_ns, self._newest = self._way.popleft()
            self._times.append(self._newest.t_mono_ns)
        if self._newest is None:
            return None
        gaps = max(1, len(self._times) - 1)
        spacing_ns = (self._times[-1] - self._times[0]) // gaps
        return self._newest, max(spacing_ns, now_ns - self._arrived_ns)
