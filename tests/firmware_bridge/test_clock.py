"""The clocks, and a pacer that neither drifts nor makes up for what it missed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.clock import Pacer, SystemClock, VirtualClock

PERIOD_NS = 100_000_000
START_NS = 5_000_000_007


class LateClock(VirtualClock):
    """Wakes a little late, each time by the next of the given delays."""

    def __init__(self, delays_ns: list[int]) -> None:
        super().__init__(START_NS)
        self._delays_ns = iter(delays_ns)

    def sleep_until_ns(self, deadline_ns: int) -> None:
        super().sleep_until_ns(deadline_ns + next(self._delays_ns))


def test_the_system_clock_is_the_machine_s():
    clock = SystemClock()
    assert abs(clock.mono_ns() - time.monotonic_ns()) < 1_000_000_000
    assert abs(clock.wall_ns() - time.time_ns()) < 60_000_000_000


def test_the_system_clock_never_wakes_early():
    clock = SystemClock()
    for remaining_ns in (1, 999, 1_000_003, 2_345_679):
        deadline_ns = clock.mono_ns() + remaining_ns
        clock.sleep_until_ns(deadline_ns)
        assert clock.mono_ns() >= deadline_ns


def test_a_deadline_in_the_past_is_no_sleep():
    clock = VirtualClock(1000)
    clock.sleep_until_ns(400)
    assert clock.mono_ns() == 1000
    system = SystemClock()
    system.sleep_until_ns(system.mono_ns() - 10**18)


def test_a_virtual_clock_moves_only_when_told_to():
    clock = VirtualClock(mono_ns=7, wall_ns=1_000)
    assert (clock.mono_ns(), clock.wall_ns()) == (7, 1_000)
    clock.sleep_until_ns(107)
    assert (clock.mono_ns(), clock.wall_ns()) == (107, 1_100)
    assert VirtualClock().wall_ns() == 1_767_225_600_000_000_000


def test_the_first_cycle_is_one_period_away():
    clock = VirtualClock(START_NS)
    cycle = Pacer(clock, PERIOD_NS).wait()
    assert (cycle.number, cycle.deadline_ns) == (1, START_NS + PERIOD_NS)
    assert (cycle.lateness_ns, cycle.missed) == (0, 0)
    assert clock.mono_ns() == START_NS + PERIOD_NS


def test_lateness_does_not_add_up():
    """Two milliseconds late each time: a relative sleep would be two seconds behind at the end."""
    pacer = Pacer(LateClock([2_000_000] * 1000), PERIOD_NS)
    cycles = [pacer.wait() for _ in range(1000)]
    assert cycles[-1].deadline_ns == START_NS + 1000 * PERIOD_NS
    assert {cycle.lateness_ns for cycle in cycles} == {2_000_000}
    assert all(cycle.missed == 0 for cycle in cycles)


def test_missed_cycles_are_skipped_and_counted_and_never_made_up_for():
    clock = VirtualClock(START_NS)
    pacer = Pacer(clock, PERIOD_NS)
    pacer.wait()
    clock.sleep_until_ns(clock.mono_ns() + 3 * PERIOD_NS + 1)
    late = pacer.wait()
    assert (late.number, late.missed, late.lateness_ns) == (4, 2, 1)
    on_time = pacer.wait()
    assert (on_time.number, on_time.missed, on_time.lateness_ns) == (5, 0, 0)


@pytest.mark.parametrize(
    ("worked", "number", "missed", "lateness"),
    [(0.5, 2, 0, 0.0), (1.0, 2, 0, 0.0), (1.5, 2, 0, 0.5), (2.0, 3, 1, 0.0), (2.9, 3, 1, 0.9)],
)
def test_work_that_takes_longer_than_a_period(
    worked: float, number: int, missed: int, lateness: float
):
    clock = VirtualClock(START_NS)
    pacer = Pacer(clock, PERIOD_NS)
    pacer.wait()
    clock.sleep_until_ns(clock.mono_ns() + round(worked * PERIOD_NS))
    cycle = pacer.wait()
    assert (cycle.number, cycle.missed) == (number, missed)
    assert cycle.lateness_ns == round(lateness * PERIOD_NS)


@given(
    st.integers(1, 10**10),
    st.lists(st.tuples(st.integers(0, 3 * 10**10), st.integers(0, 10**9)), max_size=40),
)
def test_every_deadline_is_on_the_grid(period_ns: int, works: list[tuple[int, int]]):
    clock = LateClock([delay_ns for _, delay_ns in works])
    pacer = Pacer(clock, period_ns)
    number = 0
    for work_ns, _ in works:
        VirtualClock.sleep_until_ns(clock, clock.mono_ns() + work_ns)
        before_ns = clock.mono_ns()
        cycle = pacer.wait()
        assert cycle.deadline_ns == START_NS + cycle.number * period_ns
        assert cycle.number == number + 1 + cycle.missed
        assert cycle.lateness_ns == clock.mono_ns() - cycle.deadline_ns >= 0
        assert before_ns - cycle.deadline_ns < period_ns
        number = cycle.number


@pytest.mark.parametrize("period_ns", [0, -1])
def test_a_period_must_be_positive(period_ns: int):
    with pytest.raises(ValueError, match="period_ns must be positive, got"):
        Pacer(VirtualClock(), period_ns)
