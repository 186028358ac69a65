"""Whether the neck holds the head: swings from edge to edge of what kinematics allows.

With a P gain alone the legs give way under the head's weight, the more so the further it is
turned; too far, and it falls onto the body, from where the legs cannot lift it. Each seed is
another set of servo units on a weak battery. A head that has fallen shows as legs that stay far
from their goals.
"""

from __future__ import annotations

from math import cos, degrees, pi, sin
from typing import Final

import numpy as np

from ember_embodied.bench.claims import Claim, claim, quantile_claim
from firmware_bridge.clock import VirtualClock
from firmware_bridge.command import GateState, JointTargets, MotorCommand
from firmware_bridge.gate import gate, pin
from firmware_bridge.joints import STEWART
from firmware_bridge.kinematics import (
    HEAD_TO_BODY_LIMIT_RAD,
    PITCH_DOWN_LIMIT_RAD,
    PITCH_UP_LIMIT_RAD,
    joints_of_command,
)
from firmware_bridge.senses import BodySense
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.scenario import Robot, Scenario

PERIOD_NS: Final = 100_000_000
SWINGS_A_SEED: Final = 25
SWING_TICKS: Final = 10
FALLEN_DEG: Final = 6.0
WEAK_BATTERY_V: Final = 6.8


def run(seeds: range) -> list[Claim]:
    """Swing 25 times a seed, each time to another place on the edge of the ellipse."""
    fallen, off = 0, []
    for seed in seeds:
        falls, errors = _swing(seed)
        fallen += falls
        off += errors
    swings = SWINGS_A_SEED * len(seeds)
    return [
        claim("neck: falls in swings from edge to edge", fallen, "", "== 0", n=swings),
        quantile_claim("neck: head off its goal at the edge, median", off, 0.5, "deg"),
        quantile_claim("neck: head off its goal at the edge, p95", off, 0.95, "deg"),
    ]


def _swing(seed: int) -> tuple[int, list[float]]:
    generator = np.random.default_rng(seed)
    robot = _Robot(seed)
    fallen, off = 0, []
    for _ in range(SWINGS_A_SEED):
        way = generator.uniform(0.0, 2.0 * pi)
        pitch_limit = PITCH_DOWN_LIMIT_RAD if sin(way) > 0.0 else PITCH_UP_LIMIT_RAD
        yaw, pitch = HEAD_TO_BODY_LIMIT_RAD * cos(way), pitch_limit * sin(way)
        legs_off_deg, sense = robot.turn(yaw, pitch)
        head = sense.head
        off.append(degrees(max(abs(head.yaw_rad - yaw), abs(head.pitch_rad - pitch))))
        if legs_off_deg > FALLEN_DEG:
            fallen += 1
            robot = _Robot(seed)
    return fallen, off


class _Robot:
    """A simulated robot that goes where it is told, at 10 Hz through the gate."""

    def __init__(self, seed: int) -> None:
        self._clock = VirtualClock()
        scenario = Scenario(robot=Robot(spread=1.0, voltage_v=WEAK_BATTERY_V))
        self._body = SimBody(scenario, seed, self._clock)
        self._body.open()
        self._state: GateState | None = None
        self.turn(0.0, 0.0)
        self.turn(0.0, 0.0)

    def turn(self, yaw_rad: float, pitch_rad: float) -> tuple[float, BodySense]:
        """A second on the way there; the worst leg's distance from its goal, and what is felt."""
        goal, _ = joints_of_command(MotorCommand(yaw_rad, pitch_rad, 0.0, 0.0, 0.0))
        for _ in range(SWING_TICKS):
            self._clock.sleep_until_ns(self._clock.mono_ns() + PERIOD_NS)
            sense = self._body.sense()
            measured = _positions(sense)
            targets = JointTargets(goal, torque_enabled=True, duration_s=PERIOD_NS * 1e-9)
            result = gate(targets, self._state or pin(measured), measured, PERIOD_NS * 1e-9, 1.0)
            self._state = result.state
            self._body.act(result.targets)
        apart = zip(goal[STEWART], measured[STEWART], strict=True)
        return degrees(max(abs(g - m) for g, m in apart)), sense


def _positions(sense: BodySense) -> tuple[float, ...]:
    if sense.joints is None:
        raise RuntimeError("the simulated robot gave no positions")
    return tuple(joint.position_rad for joint in sense.joints.joints)
