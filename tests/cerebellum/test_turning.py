from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import pytest

from cerebellum.reach_table import ReachTable, ReachVerdict
from cerebellum.turning import Turning
from firmware_bridge.senses import BodySense, Fault, HeadSense, JointSense, JointsSense

TICK_NS = 100_000_000
SHORT_RAD = math.radians(5.0)


def sense(
    t_ns: int, place_rad: float, speed_rad_s: float = 0.0, answered: bool = True
) -> BodySense:
    joint = JointSense(t_ns, answered, place_rad, speed_rad_s, t_ns, 0.0, 30.0, 7.0, 0, True)
    joints = JointsSense(t_ns, TICK_NS, True, (joint,) * 9)
    return BodySense(
        t_ns, 0, 0, joints, HeadSense(0.0, 0.0, 0.0, 0.0), None, None, None, None, Fault.NONE
    )


@dataclass
class Servo:
    """Goes towards its goal at 1 rad/s and stops short by friction, on the side it comes from."""

    place_rad: float = 0.0
    speed_rad_s: float = 0.0

    def step(self, goal_rad: float) -> None:
        way = goal_rad - self.place_rad
        reach = max(0.0, abs(way) - SHORT_RAD)
        step = math.copysign(min(reach, 0.1), way)
        self.place_rad += step
        self.speed_rad_s = step / 0.1


class Life:
    def __init__(self) -> None:
        self.turning, self.servo, self.t_ns = Turning(ReachTable()), Servo(), 0
        self.verdicts: list[ReachVerdict] = []

    def want(self, wanted_rad: float, ticks: int = 30, disturbed: bool = False) -> list[float]:
        goals = []
        for _ in range(ticks):
            self.t_ns += TICK_NS
            felt = sense(self.t_ns, self.servo.place_rad, self.servo.speed_rad_s)
            goal = self.turning.command(wanted_rad)
            reach = self.turning.follow(felt, wanted_rad, goal, disturbed=disturbed)
            if reach is not None:
                self.verdicts.append(reach.verdict)
            self.servo.step(goal)
            goals.append(goal)
        return goals


def test_it_arrives_after_a_few_movements_from_both_sides() -> None:
    life = Life()
    life.want(0.5, ticks=6)
    assert life.servo.place_rad == pytest.approx(0.5 - SHORT_RAD)
    life.want(0.5)
    assert life.verdicts == [ReachVerdict.LEARNT]
    assert life.servo.place_rad == pytest.approx(0.5, abs=math.radians(1.0)), "it goes on"
    for wanted in (-0.4, 0.6, -0.3, 0.5, -0.5):
        life.want(wanted)
    assert len(life.verdicts) == 6, "one movement, one experience"
    for wanted in (0.45, -0.35):
        life.want(wanted)
        assert life.servo.place_rad == pytest.approx(wanted, abs=math.radians(1.0))


def test_a_goal_does_not_jump_while_what_is_wanted_goes_one_way() -> None:
    life = Life()
    for wanted in (0.5, -0.4, 0.6, -0.3):
        life.want(wanted)
    goals = [life.want(-0.3 + 0.02 * step, ticks=1)[0] for step in range(40)]
    steps = [b - a for a, b in pairwise(goals)]
    jumps = [step for step in steps if abs(step) > 0.05]
    assert len(jumps) <= 1, "only where the way has become long enough to have a side"
    rests = [life.want(0.5 + wiggle, ticks=8) for wiggle in (0.0, 0.01, -0.01, 0.02, 0.0)]
    assert max(max(r) for r in rests) - min(min(r) for r in rests) < 0.05, (
        "it is not let go at rest"
    )


def test_who_is_held_or_unseen_teaches_nothing() -> None:
    life = Life()
    life.want(0.5, disturbed=True)
    assert life.verdicts == [ReachVerdict.DISTURBED]
    assert life.turning.table.shortfall_rad(0.5, 0) == 0.0
    for felt in (
        sense(life.t_ns + TICK_NS, math.nan),
        sense(life.t_ns + TICK_NS, 0.3, answered=False),
        sense(life.t_ns + TICK_NS, 0.3, math.inf),
    ):
        assert life.turning.follow(felt, 0.2, 0.2, disturbed=False) is None
        assert life.turning.command(0.7) == 0.7, "it does not know where it comes from"
