"""The thread that keeps the newest sample, and the ring that knows where the head was."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.clock import SystemClock, VirtualClock
from firmware_bridge.senses import HeadSense
from firmware_bridge.sensors.reader import (
    REOPEN_AFTER_NS,
    PoseHistory,
    SensorError,
    SensorThread,
    wrap_angle,
)


@dataclass(frozen=True, slots=True)
class Reading:
    t_mono_ns: int


class Thermometer:
    """A device whose wire can be cut."""

    name = "thermometer"
    period_ns = 1_000_000

    def __init__(self, clock: VirtualClock | SystemClock) -> None:
        self.clock = clock
        self.wire_cut = False
        self.opened = 0
        self.closed = 0
        self.sampled = threading.Event()

    def open(self) -> None:
        if self.wire_cut:
            raise SensorError("wire cut; mend the wire")
        self.opened += 1

    def sample(self) -> Reading | None:
        if self.wire_cut:
            raise SensorError("wire cut; mend the wire")
        self.sampled.set()
        return Reading(self.clock.mono_ns())

    def close(self) -> None:
        self.closed += 1

    def sense(self, sample: Reading, interval_ns: int) -> tuple[int, int]:
        return sample.t_mono_ns, interval_ns


def test_measures_the_spacing_and_says_when_the_stream_ends() -> None:
    clock = VirtualClock()
    reader = SensorThread(Thermometer(clock), clock)
    assert reader.latest(0) is None
    for _ in range(40):
        reader.poll()
        clock.sleep_until_ns(clock.mono_ns() + 20_000_000)
    last_ns = 39 * 20_000_000
    assert reader.latest(last_ns + 5) == (last_ns, 20_000_000)
    assert reader.latest(last_ns + 900_000_000) == (last_ns, 900_000_000)


def test_names_the_problem_and_opens_again() -> None:
    clock = VirtualClock()
    device = Thermometer(clock)
    reader = SensorThread(device, clock)
    reader.poll()
    assert reader.problem() is None
    device.wire_cut = True
    reader.poll()
    assert reader.problem() == "thermometer: wire cut; mend the wire"
    device.wire_cut = False
    reader.poll()
    assert device.opened == 1, "must wait before it opens again"
    clock.sleep_until_ns(clock.mono_ns() + REOPEN_AFTER_NS)
    reader.poll()
    assert (device.opened, device.closed, reader.problem()) == (2, 1, None)


def test_thread_reads_and_lets_go() -> None:
    clock = SystemClock()
    device = Thermometer(clock)
    reader = SensorThread(device, clock)
    reader.start()
    assert device.sampled.wait(5.0)
    reader.stop()
    reader.stop()
    assert device.closed == 1
    assert reader.latest(clock.mono_ns()) is not None


def _head(yaw_rad: float, pitch_rad: float = 0.0) -> HeadSense:
    return HeadSense(yaw_rad, pitch_rad, 0.0, 0.0)


def test_pose_is_interpolated_the_short_way_round() -> None:
    history = PoseHistory()
    assert not history.at(0).known
    history.record(0, _head(math.pi - 0.1, 0.2))
    history.record(100_000_000, _head(-math.pi + 0.1, 0.4))
    middle = history.at(75_000_000)
    assert wrap_angle(middle.yaw_rad - (-math.pi + 0.05)) == pytest.approx(0.0, abs=1e-12)
    assert middle.pitch_rad == pytest.approx(0.35)
    assert history.at(200_000_000).pitch_rad == 0.4
    assert history.at(200_000_000).known
    assert not history.at(900_000_000).known, "held for too long to be believed"
    assert not history.at(-900_000_000).known


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 10**9), min_size=2, max_size=100),
    st.floats(0.0, 1.0),
    st.floats(-1.0, 1.0),
)
def test_pose_of_a_steady_turn_is_exact(gaps: list[int], share: float, rate: float) -> None:
    history = PoseHistory()
    times = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    for t_ns in times:
        history.record(t_ns, _head(wrap_angle(rate * t_ns * 1e-9)))
    asked = round(times[-2] + share * (times[-1] - times[-2]))
    error = wrap_angle(history.at(asked).yaw_rad - rate * asked * 1e-9)
    assert error == pytest.approx(0.0, abs=1e-6)


@settings(deadline=None)
@given(st.floats(-100.0, 100.0))
def test_wrap_angle(angle: float) -> None:
    wrapped = wrap_angle(angle)
    assert -math.pi < wrapped <= math.pi
    assert math.sin(wrapped) == pytest.approx(math.sin(angle), abs=1e-9)
    assert math.cos(wrapped) == pytest.approx(math.cos(angle), abs=1e-9)
