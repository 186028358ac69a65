from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ember_embodied.loop import Mind, initial_state, tick
from ember_embodied.runtime import Step
from firmware_bridge.command import Mode
from firmware_bridge.joints import JOINTS, REST_POSE_RAD
from firmware_bridge.senses import (
    BodySense,
    Fault,
    HeadSense,
    IntentSense,
    JointSense,
    JointsSense,
    ModeRequest,
)

PERIOD_NS = 100_000_000


def sense(t_ns: int, request: ModeRequest = ModeRequest.NONE, **changes: Any) -> BodySense:
    joints = tuple(
        JointSense(t_ns, True, position, 0.0, t_ns, 0.05, 30.0, 7.2, 0, torque_enabled=True)
        for position in REST_POSE_RAD
    )
    whole = BodySense(
        t_mono_ns=t_ns,
        t_wall_ns=t_ns,
        seq=t_ns // PERIOD_NS,
        joints=JointsSense(t_ns, PERIOD_NS, valid=True, joints=joints),
        head=HeadSense(0.0, 0.0, 0.0, 0.0),
        imu=None,
        doa=None,
        camera=None,
        intent=IntentSense(t_ns, 0, False, 0.0, 0.0, 0.0, 0.0, request),
        fault_bits=Fault.NONE,
    )
    return replace(whole, **changes)


class Broken:
    """The real network with some of its outputs spoilt: what a bad bundle would do."""

    def __init__(self, mind: Mind, value: float) -> None:
        self._runtime = mind.runtime
        self._value = value

    def initial_state(self) -> Any:
        return self._runtime.initial_state()

    def step(self, *arguments: Any) -> Step:
        step = self._runtime.step(*arguments)
        return replace(step, command=np.full(5, self._value, dtype=np.float32))


def test_nothing_moves_before_it_is_armed(mind: Mind) -> None:
    state = initial_state(mind)
    for n in range(1, 20):
        record, state = tick(sense(n * PERIOD_NS), state, mind)
        assert record.mode is Mode.OFF
        assert not record.gated.torque_enabled
        assert record.gated.position_rad == pytest.approx(REST_POSE_RAD)


def test_armed_it_starts_from_the_present_pose(mind: Mind) -> None:
    state = initial_state(mind)
    record, state = tick(sense(PERIOD_NS, ModeRequest.ARM), state, mind)
    assert record.mode is Mode.RUN
    assert record.gated.torque_enabled
    for joint, target, present in zip(
        JOINTS, record.gated.position_rad, REST_POSE_RAD, strict=True
    ):
        assert abs(target - present) <= joint.max_acceleration_rad_s2 * 0.1**2 + 1e-9


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_command_that_is_no_number_holds_the_pose(mind: Mind, value: float) -> None:
    broken = Mind(Broken(mind, value), PERIOD_NS)  # type: ignore[arg-type]
    state = initial_state(broken)
    record, state = tick(sense(PERIOD_NS, ModeRequest.ARM), state, broken)
    assert Fault.COMMAND_INVALID in record.fault_bits
    for n in range(2, 30):
        record, state = tick(sense(n * PERIOD_NS, ModeRequest.ARM), state, broken)
        assert all(map(math.isfinite, record.gated.position_rad))
        assert record.mode in (Mode.OFF, Mode.HOLD)


def test_a_huge_command_stays_within_limits(mind: Mind) -> None:
    wild = Mind(Broken(mind, 3e38), PERIOD_NS)  # type: ignore[arg-type]
    state = initial_state(wild)
    for n in range(1, 30):
        record, state = tick(sense(n * PERIOD_NS, ModeRequest.ARM), state, wild)
        assert record.mode is Mode.RUN
        for joint, target in zip(JOINTS, record.gated.position_rad, strict=True):
            assert joint.lower_rad <= target <= joint.upper_rad


def test_a_late_tick_is_a_fault_and_the_network_is_told_the_true_time(mind: Mind) -> None:
    state = initial_state(mind)
    _, state = tick(sense(PERIOD_NS), state, mind)
    record, _ = tick(sense(PERIOD_NS * 5), state, mind)
    assert Fault.LOOP_LATE in record.fault_bits
    on_time, _ = tick(sense(PERIOD_NS * 2), state, mind)
    assert Fault.LOOP_LATE not in on_time.fault_bits
    assert on_time.prediction != record.prediction


def test_a_stream_that_was_there_and_goes_is_missed(mind: Mind) -> None:
    state = initial_state(mind)
    record, state = tick(sense(PERIOD_NS), state, mind)
    assert Fault.IMU_STALE not in record.fault_bits, "a robot without IMU lacks nothing"
    record, _ = tick(sense(2 * PERIOD_NS, joints=None), state, mind)
    assert Fault.JOINTS_STALE in record.fault_bits


def test_a_tick_is_pure(mind: Mind) -> None:
    state = initial_state(mind)
    for n in range(1, 4):
        first = tick(sense(n * PERIOD_NS, ModeRequest.ARM), state, mind)
        again = tick(sense(n * PERIOD_NS, ModeRequest.ARM), state, mind)
        assert first[0] == again[0]
        state = first[1]
