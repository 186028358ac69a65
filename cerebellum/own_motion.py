"""The gate in front of the ears: while the own motors are loud, a direction is no evidence.

Motors make noise with the square of their speed (as power), and the array's firmware takes it now
and then for speech. A reading counts only where the array hears more power than the motors and the
room can make at most: ``floor + gain * speed^2``. Both are envelopes that adapt to what the array
says while nothing speaks: a flag that comes and goes with the own motion is the motors', a short
weak one out of stillness is the room's. What else is flagged is speech, and teaches nothing.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from operator import sub
from typing import ClassVar, Final

import msgspec
from msgspec import structs

from cerebellum.proprioception import Felt, feel
from firmware_bridge.command import JointTargets
from firmware_bridge.senses import DOA_STREAM, BodySense, usable

GAIN: Final = 0.024
"""Power per (rad/s)^2 of all nine shafts together, at most; power 1 reads as an energy of 0.5."""
FLOOR: Final = 0.03
SPAN: Final = 8.0
"""Neither becomes so many times more, or less."""
ENVELOPE: Final = 0.98
"""Share of own readings under the envelope."""
STEP: Final = 0.15
"""Of the logarithm, at a reading above it; one below lowers it by as much less as it is rarer."""
NEAR_S: Final = 3.0
"""A flagged power this many times over the envelope was somebody and teaches nothing."""
LOUD_RAD_S: Final = 1.0
STILL_RAD_S: Final = 0.3
"""Speeds of all shafts together at which the motors can be heard, and cannot."""
BEFORE_S: Final = 0.35
AFTER_S: Final = 0.15
"""Motors are as loud as the fastest tick from this long before a reading until so long after."""
BEFORE_NS: Final = round(BEFORE_S * 1e9)
AFTER_NS: Final = round(AFTER_S * 1e9)
ECHO_S: Final = 0.35
"""A run of flags goes on over gaps up to this; the firmware itself holds a flag for a reading."""
SHORT_S: Final = 0.6
"""A flag that lasts longer out of stillness was somebody."""
GOING_ON: Final = 0.5
"""Who has been heard once stays heard at this share of the power, while the flag lasts."""
HISTORY_S: Final = 1.0
HISTORY_NS: Final = round(HISTORY_S * 1e9)


@dataclass(frozen=True, slots=True)
class OwnMotionState:
    """The two envelopes, as powers."""

    KIND: ClassVar[str] = "own_motion"
    VERSION: ClassVar[int] = 1
    gain: float = GAIN
    floor: float = FLOOR


class Hearing(msgspec.Struct, frozen=True):
    """Whether this tick's direction of sound is evidence, and why."""

    counts: bool
    """True: there is a sound reading, flagged as speech, louder than anything of one's own."""
    fresh: bool
    """The reading is new in this tick."""
    loudness_rad_s: float
    """Speeds of all shafts together, about when the reading was taken."""
    power: float
    needed: float
    """Power from which on a reading counts."""


@dataclass(slots=True)
class _Run:
    """Flags in a row that may be of the own motion, or of the room."""

    start_ns: int
    last_ns: int
    admitted: bool
    quietest_rad_s: float
    loudest_rad_s: float
    gain: float
    power: float


class OwnMotion:
    """``step`` once a tick."""

    def __init__(self, state: OwnMotionState) -> None:
        """Go on from a state; a new one knows a usual robot in a usual room."""
        self._gain, self._floor = state.gain, state.floor
        self._speeds: deque[tuple[int, float]] = deque()
        self._goal: tuple[float, ...] | None = None
        self._t_ns = 0
        self._doa_ns = -1
        self._run: _Run | None = None
        self._hearing = Hearing(
            counts=False, fresh=False, loudness_rad_s=0.0, power=0.0, needed=self._floor
        )

    def state(self) -> OwnMotionState:
        """What was learned."""
        return OwnMotionState(self._gain, self._floor)

    def step(
        self, sense: BodySense, sent: JointTargets | None, felt: Felt | None = None
    ) -> Hearing:
        """Judge this tick's reading.

        Args:
            sense: the body as felt now.
            sent: what was written after the tick before this one; None when nothing was.
            felt: the joints of ``sense``, where they have been read before.
        """
        now_ns = sense.t_mono_ns
        if felt is None and sense.joints is not None:
            felt = feel(sense.joints)
        self._note_speed(now_ns, felt, sent)
        doa = sense.doa
        if doa is None or not usable(doa, DOA_STREAM, now_ns) or not 0.0 <= doa.energy <= 1.0:
            self._hearing = self._silence()
            return self._hearing
        if doa.t_mono_ns == self._doa_ns:
            held = self._hearing
            if held.fresh:
                self._hearing = structs.replace(held, fresh=False)
            return self._hearing
        self._doa_ns = doa.t_mono_ns
        loudness = self._loudness(doa.t_mono_ns)
        needed = self._floor + self._gain * loudness * loudness
        power = doa.energy / max(1e-3, 1.0 - doa.energy)
        going_on = self._run is not None and self._run.admitted
        counts = doa.speech and power > needed * (GOING_ON if going_on else 1.0)
        self._follow_run(doa.t_mono_ns, loudness, power if doa.speech else None, admitted=counts)
        self._hearing = Hearing(
            counts=counts, fresh=True, loudness_rad_s=loudness, power=power, needed=needed
        )
        return self._hearing

    def _silence(self) -> Hearing:
        loudness = self._speeds[-1][1] if self._speeds else 0.0
        needed = self._floor + self._gain * loudness * loudness
        return Hearing(counts=False, fresh=False, loudness_rad_s=loudness, power=0.0, needed=needed)

    def _note_speed(self, now_ns: int, felt: Felt | None, sent: JointTargets | None) -> None:
        """The measured speeds, or those that the own command asks for: whichever are faster."""
        dt_s = (now_ns - self._t_ns) * 1e-9
        self._t_ns = now_ns
        measured = commanded = 0.0
        if felt is not None:
            measured = sum(map(abs, felt.velocity_rad_s))
        if sent is not None and sent.torque_enabled:
            if self._goal is not None and dt_s > 0.0:
                commanded = sum(map(abs, map(sub, sent.position_rad, self._goal))) / dt_s
            self._goal = sent.position_rad
        else:
            self._goal = None
        speed = max(measured, commanded)
        speeds = self._speeds
        if math.isfinite(speed):
            speeds.append((now_ns, speed))
        while speeds and now_ns - speeds[0][0] > HISTORY_NS:
            speeds.popleft()

    def _loudness(self, t_ns: int) -> float:
        first, last, most = t_ns - BEFORE_NS, t_ns + AFTER_NS, 0.0
        for at_ns, speed in reversed(self._speeds):  # the newest first
            if at_ns < first:
                break
            if at_ns <= last and speed > most:
                most = speed
        return most

    def _follow_run(
        self, t_ns: int, loudness: float, power: float | None, *, admitted: bool
    ) -> None:
        run = self._run
        if power is None:
            if run is not None and t_ns - run.last_ns > ECHO_S * 1e9:
                self._learn(run)
                self._run = None
            return
        gain = power / max(loudness, STILL_RAD_S) ** 2
        if run is None:
            self._run = _Run(t_ns, t_ns, admitted, loudness, loudness, gain, power)
            return
        run.last_ns = t_ns
        run.admitted |= admitted
        run.quietest_rad_s = min(run.quietest_rad_s, loudness)
        run.loudest_rad_s = max(run.loudest_rad_s, loudness)
        run.gain, run.power = max(run.gain, gain), max(run.power, power)

    def _learn(self, run: _Run) -> None:
        """A run that is over: the motors', the room's, or somebody's."""
        if run.quietest_rad_s >= LOUD_RAD_S:
            self._gain = _envelope(self._gain, run.gain, GAIN)
        elif run.loudest_rad_s < STILL_RAD_S and run.last_ns - run.start_ns <= SHORT_S * 1e9:
            self._floor = _envelope(self._floor, run.power, FLOOR)


def _envelope(envelope: float, found: float, first: float) -> float:
    """A high quantile by stochastic approximation (Robbins and Monro 1951), of the logarithm."""
    if found > NEAR_S * envelope:
        return envelope
    step = ENVELOPE if found > envelope else ENVELOPE - 1.0
    return min(max(envelope * math.exp(STEP * step), first / SPAN), first * SPAN)
