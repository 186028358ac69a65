"""Time, only ever through here: a real clock, a virtual one, and the pacer of the loop.

``Pacer`` holds absolute deadlines, so lateness never accumulates into drift; a cycle that is
missed is skipped and counted, never made up for, since a burst of stale commands is worse than
a gap (ros2_control's rule).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock for the loop and a wall clock for people, both in nanoseconds."""

    def mono_ns(self) -> int:
        """Monotonic time, ns."""
        ...

    def wall_ns(self) -> int:
        """Unix time, ns."""
        ...

    def sleep_until_ns(self, deadline_ns: int) -> None:
        """Return when the monotonic clock reads ``deadline_ns`` or later."""
        ...


class SystemClock:
    """The machine's clocks."""

    def mono_ns(self) -> int:
        """Monotonic time, ns."""
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        """Unix time, ns."""
        return time.time_ns()

    def sleep_until_ns(self, deadline_ns: int) -> None:
        """Sleep until the monotonic clock reads ``deadline_ns``; return at once when it is past."""
        # Again and again, since seconds as a float may round to just before the deadline.
        while (remaining_ns := deadline_ns - time.monotonic_ns()) > 0:
            time.sleep(remaining_ns * 1e-9)


class VirtualClock:
    """A clock that moves only when it is told to: simulation and replay."""

    def __init__(self, mono_ns: int = 0, wall_ns: int = 1_767_225_600_000_000_000) -> None:
        """Start at ``mono_ns``; the default wall time is 2026-01-01 00:00 UTC."""
        self._mono_ns = mono_ns
        self._wall_offset_ns = wall_ns - mono_ns

    def mono_ns(self) -> int:
        """Virtual monotonic time, ns."""
        return self._mono_ns

    def wall_ns(self) -> int:
        """Virtual Unix time, ns."""
        return self._mono_ns + self._wall_offset_ns

    def sleep_until_ns(self, deadline_ns: int) -> None:
        """Jump to ``deadline_ns``; never back."""
        self._mono_ns = max(self._mono_ns, deadline_ns)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One wake-up of the pacer."""

    number: int
    """Cycles since start, the missed ones counted too."""
    deadline_ns: int
    lateness_ns: int
    missed: int
    """Whole cycles that were skipped just before this one."""


class Pacer:
    """Wakes the loop at ``start + n * period``, n whole and rising."""

    def __init__(self, clock: Clock, period_ns: int) -> None:
        """``period_ns`` > 0; the first cycle is due one period after construction."""
        if period_ns <= 0:
            raise ValueError(f"period_ns must be positive, got {period_ns}")
        self._clock = clock
        self._period_ns = period_ns
        self._start_ns = clock.mono_ns()
        self._number = 0

    def wait(self) -> Cycle:
        """Sleep to the next deadline that is not yet past by a whole period."""
        behind_ns = self._clock.mono_ns() - self._start_ns - (self._number + 1) * self._period_ns
        missed = max(0, behind_ns // self._period_ns)
        self._number += 1 + missed
        deadline_ns = self._start_ns + self._number * self._period_ns
        self._clock.sleep_until_ns(deadline_ns)
        lateness_ns = self._clock.mono_ns() - deadline_ns
        return Cycle(self._number, deadline_ns, lateness_ns, missed)
