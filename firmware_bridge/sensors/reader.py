"""How the loop reads a sensor that lives on a thread of its own, and where the head was then.

The loop never waits for a sensor: a thread keeps the newest sample, the loop takes it. A sample
that depends on the head's pose is turned into the base frame when the loop takes it, not when it
was captured: by then the pose on both sides of the capture is known, so it is interpolated
instead of guessed.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from firmware_bridge.clock import Clock, Pacer
from firmware_bridge.senses import JOINTS_STREAM, HeadSense

SenseT = TypeVar("SenseT")
SenseT_co = TypeVar("SenseT_co", covariant=True)

INTERVAL_WINDOW: Final = 16
"""Captures over which the mean spacing is taken."""
REOPEN_AFTER_NS: Final = 1_000_000_000
JOIN_TIMEOUT_S: Final = 2.0
POSE_HISTORY_LENGTH: Final = 64
"""1.3 s at 50 Hz, 6 s at 10 Hz: longer than any sensor's delay."""


class SensorError(Exception):
    """A sensor does not answer as it should; the message is one line for a person."""


class SenseReader(Protocol[SenseT_co]):
    """What a body knows of a sensor."""

    def start(self) -> None:
        """Begin to read in the background. Returns at once, also when the sensor is missing."""
        ...

    def latest(self, now_ns: int) -> SenseT_co | None:
        """The newest sample, however old, or None when there was none yet. Never waits.

        The body records the head's pose of this tick in the ``PoseHistory`` first.
        """
        ...

    def stop(self) -> None:
        """End the thread and let go of the device. May be called twice."""
        ...

    def problem(self) -> str | None:
        """One line on what is wrong and how to mend it; None while the sensor answers."""
        ...


class Sample(Protocol):
    """What a device gives: anything that carries its time of capture."""

    @property
    def t_mono_ns(self) -> int:
        """Time of capture, ns."""
        ...


SampleT = TypeVar("SampleT", bound=Sample)


class Device(Protocol[SampleT, SenseT_co]):
    """A sensor at the end of a wire. Only its thread calls it, except for ``sense``."""

    @property
    def name(self) -> str:
        """Name of the sensor for people."""
        ...

    @property
    def period_ns(self) -> int:
        """Time from one sample to the next, ns."""
        ...

    def open(self) -> None:
        """Connect and configure. Raises ``SensorError``."""
        ...

    def sample(self) -> SampleT | None:
        """Read once, in bounded time; None when there is nothing new. Raises ``SensorError``."""
        ...

    def close(self) -> None:
        """Let go of the wire; never raises, may be called when not open."""
        ...

    def sense(self, sample: SampleT, interval_ns: int) -> SenseT_co:
        """Turn a sample into the record of the sense table. Called by the loop: cheap, pure."""
        ...


class SensorThread(Generic[SampleT, SenseT]):
    """A ``SenseReader`` over a ``Device``: reads at its period, opens it again after trouble."""

    def __init__(self, device: Device[SampleT, SenseT], clock: Clock) -> None:
        """Nothing is opened before ``start``."""
        self._device = device
        self._clock = clock
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._open = False
        self._reopen_ns = clock.mono_ns()
        self._problem: str | None = f"{device.name}: not started"
        self._times: deque[int] = deque(maxlen=INTERVAL_WINDOW)
        # One tuple, replaced whole: the loop sees a sample and its spacing together or not at all.
        self._newest: tuple[SampleT, int] | None = None

    def start(self) -> None:
        """Begin to read in the background. Returns at once, also when the sensor is missing."""
        if self._thread is None:
            self._problem = f"{self._device.name}: still starting; ask again in a moment"
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name=self._device.name, daemon=True)
            self._thread.start()

    def latest(self, now_ns: int) -> SenseT | None:
        """The newest sample; its spacing grows with its age once the sensor has gone quiet."""
        if self._newest is None:
            return None
        sample, interval_ns = self._newest
        return self._device.sense(sample, max(interval_ns, now_ns - sample.t_mono_ns))

    def stop(self) -> None:
        """End the thread and let go of the device. May be called twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(JOIN_TIMEOUT_S)
            self._thread = None

    def problem(self) -> str | None:
        """One line on what is wrong and how to mend it; None while the sensor answers."""
        return self._problem

    def poll(self) -> None:
        """One turn of the thread: open when due, read, keep. Never raises ``SensorError``."""
        try:
            if not self._open:
                if self._clock.mono_ns() < self._reopen_ns:
                    return
                self._device.open()
                self._open = True
            sample = self._device.sample()
        except SensorError as error:
            self._problem = f"{self._device.name}: {error}"
            self._close()
            return
        self._problem = None
        if sample is not None:
            self._keep(sample)

    def _keep(self, sample: SampleT) -> None:
        self._times.append(sample.t_mono_ns)
        gaps = max(1, len(self._times) - 1)
        self._newest = (sample, (self._times[-1] - self._times[0]) // gaps)

    def _close(self) -> None:
        self._device.close()
        self._open = False
        self._times.clear()
        self._reopen_ns = self._clock.mono_ns() + REOPEN_AFTER_NS

    def _run(self) -> None:
        pacer = Pacer(self._clock, self._device.period_ns)
        while not self._stopping.is_set():
            self.poll()
            pacer.wait()
        self._close()


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Direction of the head, and of the body under it, in the base frame at one moment."""

    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    body_yaw_rad: float
    known: bool
    """False when no joint was read near that moment: the pose is the nearest one, or zero."""


_Entry = tuple[int, HeadSense, float]
UNKNOWN_POSE: Final = HeadPose(0.0, 0.0, 0.0, 0.0, known=False)


def within(name: str, value: float, lower: float, upper: float) -> None:
    """Raise ``ValueError`` naming the setting when it is not in its range."""
    if not lower <= value <= upper:
        raise ValueError(f"{name} must be {lower:g} to {upper:g}, not {value:g}")


def wrap_angle(angle_rad: float) -> float:
    """The same direction in (-pi, pi]."""
    wrapped = math.remainder(angle_rad, math.tau)
    return math.pi if wrapped == -math.pi else wrapped


class PoseHistory:
    """Where the head was: a ring that the body fills each tick and its sensors ask.

    Used by the loop's thread alone (``record`` in ``Body.sense``, ``at`` in ``latest``).
    """

    def __init__(self) -> None:
        """Empty: every pose is unknown."""
        self._ring: deque[_Entry] = deque(maxlen=POSE_HISTORY_LENGTH)

    def record(self, t_mono_ns: int, head: HeadSense, body_yaw_rad: float = 0.0) -> None:
        """Add the pose of ``t_mono_ns``; a time that is not after the last one is ignored."""
        if not self._ring or t_mono_ns > self._ring[-1][0]:
            self._ring.append((t_mono_ns, head, body_yaw_rad))

    def at(self, t_mono_ns: int) -> HeadPose:
        """The pose at ``t_mono_ns``, linear between its neighbours, held outside them."""
        newer: _Entry | None = None
        for entry in reversed(self._ring):
            if entry[0] <= t_mono_ns:
                return _between(entry, newer or entry, t_mono_ns)
            newer = entry
        return UNKNOWN_POSE if newer is None else _between(newer, newer, t_mono_ns)


def _between(old: _Entry, new: _Entry, t_mono_ns: int) -> HeadPose:
    (old_ns, before, old_body_rad), (new_ns, after, new_body_rad) = old, new
    share = (t_mono_ns - old_ns) / (new_ns - old_ns) if new_ns > old_ns else 0.0
    turn = wrap_angle(after.yaw_rad - before.yaw_rad)
    far_ns = min(abs(t_mono_ns - old_ns), abs(t_mono_ns - new_ns))
    return HeadPose(
        yaw_rad=wrap_angle(before.yaw_rad + share * turn),
        pitch_rad=before.pitch_rad + share * (after.pitch_rad - before.pitch_rad),
        roll_rad=before.roll_rad + share * (after.roll_rad - before.roll_rad),
        body_yaw_rad=old_body_rad + share * (new_body_rad - old_body_rad),
        known=far_ns <= JOINTS_STREAM.stale_after_s * 1e9,
    )
