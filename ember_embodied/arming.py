"""When the loop asks to arm: at the start, and again after a fault has passed, a few times.

The request reaches the tick only when every required pre-arm check has passed, so a log in which
ARM stands has been checked, and a replay needs no checks of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from firmware_bridge.body import Body, Check
from firmware_bridge.command import Mode
from firmware_bridge.senses import ModeRequest

_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ArmingSettings:
    """How eager the loop is to hold and move."""

    at_start: bool = True
    """False: torque stays off until an operator says ``ember intent --arm``."""
    attempts: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    """How often the loop arms again by itself after a fault has switched it off."""
    pause_s: Annotated[float, msgspec.Meta(ge=1.0, le=600.0)] = 5.0
    """Time between two attempts."""
    forgiven_after_s: Annotated[float, msgspec.Meta(ge=1.0)] = 60.0
    """Time in RUN after which earlier attempts no longer count."""


class Arming:
    """Turns an operator's wish and the mode into the request that the next tick gets."""

    def __init__(self, body: Body, settings: ArmingSettings) -> None:
        self._body = body
        self._settings = settings
        self._wanted = settings.at_start
        self._attempts = -1
        self._next_ns: int | None = None
        self._running_since_ns: int | None = None
        self.refusals: tuple[Check, ...] = ()
        """The checks that stood in the way of the last attempt."""

    def request(self, mode: Mode, asked: ModeRequest, now_ns: int) -> ModeRequest:
        """The request for this tick.

        ``mode`` is the mode of the tick before, ``asked`` what an operator or the cortex asks
        now. REST and CLEAR pass; ARM passes when the checks do. Without a wish of anyone, an OFF
        body is armed as the settings say.
        """
        if asked is ModeRequest.REST:
            self._wanted = False
            return asked
        if asked is ModeRequest.CLEAR:
            return asked
        if asked is ModeRequest.ARM:
            self._wanted, self._attempts, self._next_ns = True, -1, None
        self._forgive(mode, now_ns)
        may_try = self._wanted and mode is Mode.OFF and self._attempts < self._settings.attempts
        if not may_try or (self._next_ns is not None and now_ns < self._next_ns):
            return ModeRequest.NONE
        self._attempts += 1
        self._next_ns = now_ns + round(self._settings.pause_s * _SECOND_NS)
        checks = self._body.checks()
        self.refusals = tuple(check for check in checks if check.required and not check.passed)
        return ModeRequest.NONE if self.refusals else ModeRequest.ARM

    def _forgive(self, mode: Mode, now_ns: int) -> None:
        if mode is not Mode.RUN:
            self._running_since_ns = None
        elif self._running_since_ns is None:
            self._running_since_ns = now_ns
        elif now_ns - self._running_since_ns >= self._settings.forgiven_after_s * _SECOND_NS:
            self._attempts = 0
