"""The body protocol: five verbs that the hardware, its stand-ins and a log all answer to.

Expected trouble (a lost port, a servo in overload, a silent sensor) is never an exception here:
it is a bit in the next ``BodySense.fault_bits``. ``open`` may raise ``BodyError`` with one line
that names the thing and the way out; nothing else raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from firmware_bridge.clock import Clock
from firmware_bridge.command import JointTargets
from firmware_bridge.senses import BodySense


class BodyError(Exception):
    """The body cannot be opened; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Check:
    """One pre-arm check: what was looked at, what was found, how to mend it."""

    name: str
    passed: bool
    found: str
    remedy: str
    required: bool = True
    """False: a warning only, arming goes on."""


class Body(Protocol):
    """A robot, or something that stands in for one."""

    @property
    def clock(self) -> Clock:
        """The clock that this body lives by: virtual for a simulation or a log."""
        ...

    @property
    def io_ns(self) -> int:
        """Nanoseconds that all sense() and act() calls so far spent waiting for hardware."""
        ...

    def open(self) -> None:
        """Connect. Moves nothing and switches no torque. Raises ``BodyError``."""
        ...

    def checks(self) -> tuple[Check, ...]:
        """Every pre-arm check, without motion. Valid after open()."""
        ...

    def sense(self) -> BodySense:
        """Read every stream once. Never raises for expected trouble, never blocks for long."""
        ...

    def act(self, targets: JointTargets) -> JointTargets | None:
        """Write the targets; return what was really written, None when nothing was."""
        ...

    def park(self) -> None:
        """Best effort: slowly to the rest pose, then torque off. Never raises."""
        ...

    def close(self) -> None:
        """Let go of every device. Torque is left as it is; call ``park`` first."""
        ...
