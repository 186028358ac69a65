"""What goes wrong on the servo bus becomes a fault bit, and the rest of the robot goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from firmware_bridge.clock import SystemClock
from firmware_bridge.command import JointTargets
from firmware_bridge.dynamixel.servo_body import ServoBody
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import JOINTS, raw_to_rad
from firmware_bridge.senses import BodySense, Fault

PERIOD_NS = 20_000_000
SECOND = 50
"""Ticks in a second."""
STEPS = (b"\x83\x74\x00\x04\x00", b"\x83\x70\x00\x08\x00")


class Robot:
    """A body at 50 Hz that keeps every sense, with what was sent after it."""

    def __init__(self, port: str) -> None:
        self.body = ServoBody(ServoSettings(port=port), SystemClock())
        self.body.open()
        self.life: list[tuple[BodySense, JointTargets | None]] = []

    def run(self, ticks: int, goal: tuple[float, ...] | None = None) -> BodySense:
        """Hold the pose of the first tick, or go to ``goal``."""
        sense = self.body.sense()
        assert sense.joints is not None
        hold = goal or tuple(joint.position_rad for joint in sense.joints.joints)
        for _ in range(ticks):
            start_ns = self.body.clock.mono_ns()
            sense = self.body.sense()
            sent = self.body.act(JointTargets(hold, torque_enabled=True, duration_s=0.02))
            self.life.append((sense, sent))
            self.body.clock.sleep_until_ns(start_ns + PERIOD_NS)
        return sense

    def until(self, wanted: Fault, ticks: int) -> BodySense:
        """Run until the fault bit is seen."""
        for _ in range(ticks):
            sense = self.run(1)
            if sense.fault_bits & wanted:
                return sense
        raise AssertionError(f"no {wanted!r} in {ticks} ticks, only {sense.fault_bits!r}")


@pytest.fixture
def robots() -> Iterator[list[Robot]]:
    made: list[Robot] = []
    yield made
    for robot in made:
        robot.body.close()


SERVO_FAULTS = {
    "overload:12": Fault.SERVO_OVERLOAD,
    "overheat:13": Fault.SERVO_OVERHEAT,
    "overheat:14:62": Fault.TEMPERATURE_HIGH,
    "servo_silent:15": Fault.SERVO_SILENT,
    "shock:17": Fault.SERVO_SHOCK,
    "torque_lost:18": Fault.TORQUE_LOST,
}


def test_each_servo_fault_has_its_bit(servo_bus: Any, robots: list[Robot]) -> None:
    robots.append(Robot(servo_bus.start(*(f"{words}@0.5" for words in SERVO_FAULTS))))
    robot = robots[0]
    robot.run(5)
    assert robot.life[-1][0].fault_bits == Fault.NONE
    for bit in SERVO_FAULTS.values():
        robot.until(bit, 3 * SECOND)
    last = robot.life[-1][0].joints
    assert last is not None
    bits = [joint.error_bits for joint in last.joints]
    assert (bits[2], bits[3], bits[7]) == (0x20, 0x04, 0x10)
    assert (bits[0], bits[1], bits[6]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("voltage_low:*:4.2@0.5", Fault.VOLTAGE_LOW),
        ("brownout@0.5", Fault.TORQUE_LOST),
        ("drop:*:1@0.5", Fault.BUS_LOST),
        ("crc:16:1@0.5", Fault.SERVO_SILENT),
    ],
)
def test_each_fault_of_the_bus_has_its_bit(
    servo_bus: Any, robots: list[Robot], fault: str, wanted: Fault
) -> None:
    robots.append(Robot(servo_bus.start(fault)))
    robots[0].run(5)
    assert robots[0].life[-1][0].fault_bits == Fault.NONE
    robots[0].until(wanted, 3 * SECOND)


def test_a_servo_in_overload_does_not_stop_the_others(servo_bus: Any, robots: list[Robot]) -> None:
    robots.append(Robot(servo_bus.start("overload:17@0.8")))
    robot = robots[0]
    robot.run(SECOND // 4)
    robot.until(Fault.SERVO_OVERLOAD, 2 * SECOND)
    before = robot.run(1)
    assert before.joints is not None
    goal = [joint.position_rad for joint in before.joints.joints]
    goal[0] += 0.4
    goal[8] -= 0.8
    after = robot.run(SECOND, tuple(goal))
    assert after.joints is not None
    assert all(joint.answered for joint in after.joints.joints)
    assert after.joints.joints[7].error_bits & 0x20
    for index in (0, 8):
        assert after.joints.joints[index].position_rad == pytest.approx(goal[index], abs=0.15)
    robot.body.park()


def goals(data: bytes) -> list[int]:
    """Nine goals in a sync write of goals, else nothing."""
    for start in STEPS:
        if start in data:
            size = start[3] + 1
            body = data[data.index(start) + 5 : -2]
            ends = range(size, len(body) + 1, size)
            return [int.from_bytes(body[e - 4 : e], "little") for e in ends]
    return []


def test_kill_of_the_bus_while_moving_ends_in_the_present_pose(
    servo_bus: Any, robots: list[Robot]
) -> None:
    robots.append(Robot(servo_bus.start()))
    robot = robots[0]
    start = robot.run(SECOND // 2)
    assert start.joints is not None
    pose = [joint.position_rad for joint in start.joints.joints]
    for step in range(25):
        robot.run(1, (0.02 * step, *pose[1:]))
    servo_bus.kill()
    lost = robot.until(Fault.BUS_LOST, SECOND)
    robot.run(5)
    assert robot.life[-1][1] is None
    servo_bus.start()
    for _ in range(3 * SECOND):
        robot.run(1, tuple(pose))
        if robot.life[-1][1] is not None:
            break
    sense, sent = robot.life[-1]
    assert sent is not None
    assert sense.joints is not None
    assert sense.t_mono_ns - lost.t_mono_ns < 4e9
    measured = [joint.position_rad for joint in sense.joints.joints]
    assert sent.position_rad == pytest.approx(measured, abs=0.06)
    (first,) = [raw for _, data in servo_bus.packets() if (raw := goals(data))][:1]
    assert [raw_to_rad(raw) for raw in first] == pytest.approx(sent.position_rad)
    calm = robot.run(SECOND)
    assert calm.fault_bits == Fault.NONE
    assert all(joint.torque_enabled for joint in (calm.joints.joints if calm.joints else ()))


def test_a_lost_port_comes_back_under_the_same_name_and_nothing_jumps(
    servo_bus: Any, robots: list[Robot]
) -> None:
    robots.append(Robot(servo_bus.start("port_lost@1+0.7")))
    robot = robots[0]
    start = robot.run(SECOND // 4)
    assert start.joints is not None
    pose = [joint.position_rad for joint in start.joints.joints]
    far = (pose[0] + 1.0, *pose[1:])
    robot.until(Fault.BUS_LOST, 3 * SECOND)
    for _ in range(3 * SECOND):
        sense = robot.run(1, far)
        if robot.life[-1][1] is not None:
            break
    sent = robot.life[-1][1]
    assert sent is not None
    assert sense.joints is not None
    assert sent.position_rad[0] == pytest.approx(sense.joints.joints[0].position_rad, abs=0.02)
    assert sense.joints.joints[0].torque_enabled
    assert robot.run(SECOND // 4).fault_bits == Fault.NONE


def test_after_a_pause_the_watchdog_is_cleared_and_the_goal_is_the_present_pose(
    servo_bus: Any, robots: list[Robot]
) -> None:
    robots.append(Robot(servo_bus.start()))
    robot = robots[0]
    robot.run(SECOND // 4)
    clock = robot.body.clock
    clock.sleep_until_ns(clock.mono_ns() + 900_000_000)
    assert robot.body.bus.read(10, 98, 1).data == b"\xff"
    clock.sleep_until_ns(clock.mono_ns() + 600_000_000)
    sense = robot.body.sense()
    assert sense.joints is not None
    pose = [joint.position_rad for joint in sense.joints.joints]
    sent = robot.body.act(JointTargets((1.0, *pose[1:]), torque_enabled=True, duration_s=0.02))
    assert sent is not None
    assert sent.position_rad[0] == pytest.approx(pose[0], abs=0.01)
    robot.body.sense()
    sent = robot.body.act(JointTargets((0.1, *pose[1:]), torque_enabled=True, duration_s=0.02))
    assert sent is not None
    assert sent.position_rad[0] == pytest.approx(0.1, abs=0.01)
    goal = robot.body.bus.read(10, 116, 4)
    assert goal is not None
    assert raw_to_rad(int.from_bytes(goal.data, "little")) == pytest.approx(0.1, abs=0.01)


def test_park_never_raises_whatever_the_bus_does(servo_bus: Any, robots: list[Robot]) -> None:
    robots.append(Robot(servo_bus.start("overload:17@0.6", "servo_silent:12@0.6")))
    robot = robots[0]
    robot.run(SECOND // 4)
    robot.until(Fault.SERVO_SILENT, 3 * SECOND)
    robot.body.park()
    readings = robot.body.bus.sync_read(64, 1, [joint.servo_id for joint in JOINTS])
    assert len(readings) == 8
    assert {reading.data[0] for reading in readings.values()} == {0}
    servo_bus.kill()
    robot.body.park()


def test_arming_restarts_a_servo_that_shut_itself_down(servo_bus: Any, robots: list[Robot]) -> None:
    robots.append(Robot(servo_bus.start("overload:17@0.5+0.3")))
    robot = robots[0]
    robot.run(5)
    robot.until(Fault.SERVO_OVERLOAD, 2 * SECOND)
    off = JointTargets((0.0,) * len(JOINTS), torque_enabled=False, duration_s=0.02)
    for _ in range(SECOND):
        robot.body.sense()
        robot.body.act(off)
        robot.body.clock.sleep_until_ns(robot.body.clock.mono_ns() + PERIOD_NS)
    robot.run(SECOND)
    calm = robot.run(2 * len(JOINTS))
    assert calm.fault_bits == Fault.NONE
    assert calm.joints is not None
    assert all(joint.torque_enabled and joint.error_bits == 0 for joint in calm.joints.joints)
