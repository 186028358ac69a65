"""The servo body against the virtual bus: real bytes, real timeouts, real physics."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from firmware_bridge.body import BodyError
from firmware_bridge.clock import SystemClock
from firmware_bridge.command import JointTargets
from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.bus import READ_ATTEMPTS, ServoBus
from firmware_bridge.dynamixel.servo_body import ServoBody
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import JOINTS, raw_to_rad
from firmware_bridge.senses import Fault

PERIOD_NS = 20_000_000
HEARD_S = 0.1
"""By then the other process has written down what it heard."""
IDS = [joint.servo_id for joint in JOINTS]
NEUTRAL = (0.3, 0.6265, -0.6265, 0.6265, -0.6265, 0.6265, -0.6265, -0.17, 0.17)
SYNC_WRITE_GOALS = (b"\x83\x74\x00\x04\x00", b"\x83\x70\x00\x08\x00")


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


def bus_at(port: str, clock: SystemClock) -> ServoBus:
    bus = ServoBus(port, IDS, 1_000_000, 8_000_000, clock)
    bus.port.open()
    return bus


def goals_of(data: bytes) -> dict[int, int]:
    """Goals by servo id in a sync write of goals, empty for anything else."""
    for start in SYNC_WRITE_GOALS:
        at = data.find(start)
        if at >= 0:
            length = start[3]
            body = data[at + len(start) : -2]
            return {
                body[i]: int.from_bytes(
                    body[i + length - 3 : i + length + 1], "little", signed=True
                )
                for i in range(0, len(body) - length, length + 1)
            }
    return {}


def drive(body: ServoBody, goal: tuple[float, ...], ticks: int, *, torque: bool = True) -> Fault:
    faults = Fault.NONE
    for _ in range(ticks):
        start_ns = body.clock.mono_ns()
        faults |= body.sense().fault_bits
        body.act(JointTargets(goal, torque, PERIOD_NS * 1e-9))
        body.clock.sleep_until_ns(start_ns + PERIOD_NS)
    return faults


def test_open_mends_the_eeprom_once_and_moves_nothing(servo_bus: Any, clock: SystemClock) -> None:
    settings = ServoSettings(port=servo_bus.start())
    for number in range(2):
        body = ServoBody(settings, clock)
        body.open()
        checks = {check.name: check for check in body.checks()}
        assert all(check.passed for check in checks.values())
        assert ("rewritten now" in checks["servo configuration"].found) == (number == 0)
        body.close()
    bus = bus_at(settings.port, clock)
    for register, value in ((reg.DRIVE_MODE, 4), (reg.SHUTDOWN, 52), (reg.CURRENT_LIMIT, 1200)):
        readings = bus.sync_read(register.address, register.size, IDS)
        assert {register.decode(readings[i].data) for i in IDS} == {value}
    assert {r.data[0] for r in bus.sync_read(64, 1, IDS).values()} == {0}
    bus.port.close()


def test_eeprom_that_differs_under_torque_is_a_failed_check(
    servo_bus: Any, clock: SystemClock
) -> None:
    settings = ServoSettings(port=servo_bus.start())
    bus = bus_at(settings.port, clock)
    assert bus.write(14, reg.RETURN_DELAY_TIME, 100)
    bus.write_all(reg.STATUS_RETURN_LEVEL, {12: 0})
    assert bus.read(12, 64, 1) is None
    assert bus.write(14, reg.TORQUE_ENABLE, 1)
    bus.port.close()
    body = ServoBody(settings, clock)
    body.open()
    (check,) = [check for check in body.checks() if check.name == "servo configuration"]
    assert not check.passed
    assert "stewart_4: return_delay_time 100 (wants 0)" in check.found
    assert "park" in check.remedy
    assert next(check for check in body.checks() if check.name == "servos answer").passed
    body.close()


def test_first_goal_is_the_present_pose_then_it_moves_and_parks(
    servo_bus: Any, clock: SystemClock
) -> None:
    body = ServoBody(ServoSettings(port=servo_bus.start()), clock)
    body.open()
    assert body.act(JointTargets(NEUTRAL, torque_enabled=False, duration_s=0.02)) is None
    before = body.sense()
    assert before.joints is not None
    sent = body.act(JointTargets(NEUTRAL, torque_enabled=True, duration_s=0.02))
    assert sent is not None
    assert sent.position_rad == pytest.approx(
        [joint.position_rad for joint in before.joints.joints], abs=0.06
    )
    start = sent.position_rad
    for tick in range(60):
        share = tick / 60
        goal = tuple(a + share * (b - a) for a, b in zip(start, NEUTRAL, strict=True))
        assert not drive(body, goal, 1) & ~Fault.SERVO_SILENT
    drive(body, NEUTRAL, 25)
    moved = body.sense()
    assert moved.joints is not None
    for joint, goal in zip(moved.joints.joints, NEUTRAL, strict=True):
        assert joint.position_rad == pytest.approx(goal, abs=0.15)
        assert joint.torque_enabled
        assert 6.5 < joint.voltage_v < 7.2
        assert 20 < joint.temperature_c < 45
    assert moved.head.yaw_rad == pytest.approx(moved.joints.joints[0].position_rad, abs=0.1)

    packets = [goals_of(data) for _, data in servo_bus.packets()]
    first = next(goals for goals in packets if goals)
    assert {i: raw_to_rad(raw) for i, raw in first.items()} == pytest.approx(
        dict(zip(IDS, start, strict=True))
    )
    body.park()
    rested = body.sense()
    assert rested.joints is not None
    for joint, rest in zip(rested.joints.joints[1:7], JOINTS[1:7], strict=True):
        assert joint.position_rad == pytest.approx(rest.rest_rad, abs=0.15)
    bus_bits = body.bus.sync_read(64, 1, IDS)
    assert {reading.data[0] for reading in bus_bits.values()} == {0}
    body.close()


def test_a_tick_costs_one_sync_read_one_small_read_and_one_sync_write(
    servo_bus: Any, clock: SystemClock
) -> None:
    body = ServoBody(ServoSettings(port=servo_bus.start()), clock)
    body.open()
    drive(body, NEUTRAL, 4)
    time.sleep(HEARD_S)
    seen = len(servo_bus.packets())
    drive(body, NEUTRAL, 9)
    time.sleep(HEARD_S)
    sent = [data for _, data in servo_bus.packets()[seen:]]
    once = {data for data in sent if data[7] == 0x82}
    assert {data[8:12] for data in once} == {b"\x7e\x00\x15\x00"}
    assert {data[4] for data in sent if data[7] == 0x02} == set(IDS)
    assert {data[7] for data in sent} == {0x82, 0x02, 0x83}
    assert sum(data[7] == 0x83 for data in sent) == 9
    body.close()


def test_non_finite_and_far_targets_are_contained(servo_bus: Any, clock: SystemClock) -> None:
    body = ServoBody(ServoSettings(port=servo_bus.start()), clock)
    body.open()
    drive(body, NEUTRAL, 3)
    body.sense()
    wild = (float("nan"), 99.0, -99.0, float("inf"), 0.0, 0.0, 0.0, 0.0, 0.0)
    sent = body.act(JointTargets(wild, torque_enabled=True, duration_s=0.02))
    assert sent is not None
    for joint, position in zip(JOINTS, sent.position_rad, strict=True):
        assert raw_to_rad(joint.min_raw) <= position <= raw_to_rad(joint.max_raw)
    body.close()


@pytest.mark.parametrize(
    ("fault", "share"), [("drop:*:0.05", 0.9), ("crc:*:0.05", 0.9), ("garbage:*:0.2", 0.9)]
)
def test_a_bad_line_costs_retries_not_seconds(
    servo_bus: Any, clock: SystemClock, fault: str, share: float
) -> None:
    bus = bus_at(servo_bus.start(fault), clock)
    whole = 0
    for _ in range(40):
        start_ns = clock.mono_ns()
        whole += len(bus.sync_read(126, 21, IDS)) == 9
        clock.sleep_until_ns(start_ns + PERIOD_NS)
    assert whole >= share * 40, bus.counters
    assert 40 <= len(servo_bus.packets()) <= 40 * READ_ATTEMPTS
    assert sum(counters.retries for counters in bus.counters.values()) > 0 or "garbage" in fault
    bus.port.close()


def test_partial_answers_are_used(servo_bus: Any, clock: SystemClock) -> None:
    body = ServoBody(ServoSettings(port=servo_bus.start("servo_silent:13")), clock)
    body.open()
    (check,) = [check for check in body.checks() if check.name == "servos answer"]
    assert "stewart_3 (id 13)" in check.found
    time.sleep(0.3)
    drive(body, NEUTRAL, 10, torque=False)
    sense = body.sense()
    assert sense.joints is not None
    assert [joint.answered for joint in sense.joints.joints].count(True) >= 7
    assert not sense.joints.joints[3].answered
    assert sense.fault_bits & Fault.SERVO_SILENT
    body.close()


def test_second_opener_and_missing_port_get_one_clear_line(
    servo_bus: Any, clock: SystemClock
) -> None:
    settings = ServoSettings(port=servo_bus.start())
    body = ServoBody(settings, clock)
    body.open()
    with pytest.raises(BodyError, match="in use by another program"):
        ServoBody(settings, clock).open()
    body.close()
    with pytest.raises(BodyError, match="there is no /dev/nowhere"):
        ServoBody(ServoSettings(port="/dev/nowhere"), clock).open()
    with pytest.raises(BodyError, match="no serial port"):
        ServoBody(ServoSettings(port="/dev/null"), clock).open()


def test_a_port_with_nobody_on_it_says_so(clock: SystemClock) -> None:
    master, slave = os.openpty()
    with pytest.raises(BodyError, match="no servo answers"):
        ServoBody(ServoSettings(port=os.ttyname(slave)), clock).open()
    os.close(master)
    os.close(slave)


def test_waiting_does_not_spin(clock: SystemClock) -> None:
    master, slave = os.openpty()
    bus = ServoBus(os.ttyname(slave), IDS, 1_000_000, 50_000_000, clock)
    bus.port.open()
    cpu = time.thread_time_ns()
    assert bus.sync_read(126, 21, IDS) == {}
    assert bus.port.io_ns > 40_000_000
    assert time.thread_time_ns() - cpu < 30_000_000
    bus.port.close()
    os.close(master)
    os.close(slave)
