"""The same robot out of a log: it senses what was sensed, and moves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from firmware_bridge.body import BodyError, Check
from firmware_bridge.clock import Clock, VirtualClock
from firmware_bridge.command import JointTargets
from firmware_bridge.senses import BodySense, Fault


class ReplayBody:
    """Plays recorded senses one by one; its clock stands where the next one was felt.

    What the loop decides changes nothing here: the joints go where they went. It shows what a
    network makes of a day, not what the day would have become (that is ``ember replay --in sim``).
    """

    def __init__(self, senses: Iterator[BodySense]) -> None:
        """``senses`` in the order in which they were felt. Nothing is read before ``open``."""
        self._senses = senses
        self._next: BodySense | None = None
        self._last: BodySense | None = None
        self._clock = VirtualClock()

    @property
    def clock(self) -> Clock:
        """Virtual time; it begins one tick before the first sense."""
        return self._clock

    @property
    def io_ns(self) -> int:
        """Nothing here waits for hardware: 0."""
        return 0

    @property
    def exhausted(self) -> bool:
        """True when every sense has been played."""
        return self._next is None

    def open(self) -> None:
        """Read the first sense. Raises ``BodyError`` for a log without a tick."""
        self._next = next(self._senses, None)
        if self._next is None:
            raise BodyError("the log holds no tick; ember log verify tells what is in it")
        self._clock = VirtualClock(self._next.t_mono_ns, self._next.t_wall_ns)

    def checks(self) -> tuple[Check, ...]:
        """The one thing that can be wrong: that there is nothing to play."""
        left = not self.exhausted
        return (Check("log", left, "senses to play" if left else "at its end", "start again"),)

    def sense(self) -> BodySense:
        """The next recorded sense; the last one again, older by now, at the end of the log."""
        if self._next is not None:
            self._last, self._next = self._next, next(self._senses, None)
            self._clock.sleep_until_ns(self._last.t_mono_ns)
            return self._last
        if self._last is None:
            raise RuntimeError("sense() before open()")
        return replace(self._last, t_mono_ns=self._clock.mono_ns(), fault_bits=Fault.BUS_LOST)

    def act(self, targets: JointTargets) -> JointTargets | None:  # noqa: ARG002
        """Write nothing."""
        return None

    def park(self) -> None:
        """Nothing to park."""

    def close(self) -> None:
        """Nothing to let go of."""
