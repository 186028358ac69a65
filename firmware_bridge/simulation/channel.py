"""The way from a sensor to the loop: delay, spacing, and everything that goes wrong with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Generic, TypeVar

import numpy as np

from firmware_bridge.sensors.reader import INTERVAL_WINDOW
from firmware_bridge.simulation.scenario import WorldChange

EXTRA_DELAY_NS: Final = 400_000_000
SLOW_FACTOR: Final = 5
"""A slow stream gives one sample in this many."""
INTERMITTENT_LOSS: Final = 0.6
GARBAGE_SCALE: Final = 1e3


@dataclass(frozen=True, slots=True)
class ImuSample:
    """One reading in the axes of the part that the chip is mounted on."""

    t_mono_ns: int
    valid: bool
    accelerometer_m_s2: tuple[float, float, float]
    gyroscope_rad_s: tuple[float, float, float]
    orientation_wxyz: tuple[float, float, float, float]
    temperature_c: float


@dataclass(frozen=True, slots=True)
class DoaSample:
    """One reading of the array: angle 0 (left) to pi (right) in the head's frame."""

    t_mono_ns: int
    valid: bool
    angle_rad: float
    speech: bool
    energy: float


@dataclass(frozen=True, slots=True)
class FaceSample:
    """The best face of one picture: bearing in the camera's axes, confidence 0 when none."""

    t_mono_ns: int
    valid: bool
    yaw_rad: float
    pitch_rad: float
    size_rad: float
    confidence: float
    features: tuple[float, ...]


SampleT = TypeVar("SampleT", ImuSample, DoaSample, FaceSample)


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

    def __init__(self, name: str, failures: Failures, generator: np.random.Generator) -> None:
        self._name = name
        self._failures = failures
        self._generator = generator
        self._way: deque[tuple[int, SampleT]] = deque()
        self._last: SampleT | None = None
        self._newest: SampleT | None = None
        self._times: deque[int] = deque(maxlen=INTERVAL_WINDOW)
        self._arrived_ns = 0
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
            return replace(self._last, t_mono_ns=sample.t_mono_ns)
        if kind == "garbage":
            return self._garbage(sample)
        return sample

    def _garbage(self, sample: SampleT) -> SampleT:
        """Wild numbers, as from bytes that slipped by one; the driver sees that and says so."""
        wild: dict[str, Any] = {"valid": False}
        for field in fields(sample):
            value = getattr(sample, field.name)
            if isinstance(value, float):
                wild[field.name] = float(self._generator.normal(0.0, GARBAGE_SCALE))
            elif isinstance(value, tuple):
                drawn = self._generator.normal(0.0, GARBAGE_SCALE, len(value))
                wild[field.name] = tuple(drawn.tolist())
        return replace(sample, **wild)

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
