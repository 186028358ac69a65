"""Movements of the body, found in what is wanted tick by tick; the reach table corrects them.

The network wants a yaw at every tick. The side that a movement comes from is what its shortfall
depends on, so a movement goes on until what is wanted turns back, or goes on after the body had
come to rest. Within it a command is corrected all the way, so that the goal never jumps; where the
side changes it must, for friction holds the body on the other side now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from cerebellum.reach_table import (
    SETTLED_RAD_S,
    SHORTEST_MOVE_RAD,
    Movement,
    ReachTable,
    ReachVerdict,
)
from firmware_bridge.joints import BODY_YAW
from firmware_bridge.senses import JOINTS_STREAM, BodySense, usable

STILL_RAD: Final = math.radians(0.5)
"""A goal that changes by less stands still."""
REST_S: Final = 0.6
"""A goal that stood for so long has been reached as far as it will be."""
_NS: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Reach:
    """One movement, and what was learned from it."""

    movement: Movement
    verdict: ReachVerdict


class Turning:
    """``command`` before the gate; ``follow`` after the command is out."""

    def __init__(self, table: ReachTable) -> None:
        self.table = table
        self.forget()

    def forget(self) -> None:
        """No movement is under way: torque was off, or another than the network moved the body."""
        self._start_rad: float | None = None
        self._far_rad = 0.0
        self._rest_rad: float | None = None
        self._goal_rad = 0.0
        self._goal_ns = 0
        self._disturbed = False

    def command(self, wanted_rad: float) -> float:
        """The body's goal for what is wanted, rad, within the joint's limits."""
        if self._start_rad is None:
            return wanted_rad
        return self.table.command(wanted_rad, self._start_rad)

    def follow(
        self, sense: BodySense, wanted_rad: float, goal_rad: float, *, disturbed: bool
    ) -> Reach | None:
        """Take in one tick; the movement that it brought to an end, if it did.

        Args:
            sense: as felt now.
            wanted_rad: what the network wants, finite.
            goal_rad: what was sent to the body's servo in this tick, finite.
            disturbed: somebody or something else has a part in how the body moves.
        """
        joints = sense.joints
        if joints is None or not usable(joints, JOINTS_STREAM, sense.t_mono_ns):
            self.forget()
            return None
        body = joints.joints[BODY_YAW]
        if not (body.answered and math.isfinite(body.position_rad + body.velocity_rad_s)):
            self.forget()
            return None
        if self._start_rad is None:
            self._begin(body.position_rad, wanted_rad)
        self._disturbed |= disturbed
        start_rad = self._turn(body.position_rad, wanted_rad)
        if abs(goal_rad - self._goal_rad) > STILL_RAD:
            self._goal_rad, self._goal_ns = goal_rad, sense.t_mono_ns
        if self._rest_rad is not None or not self._at_rest(sense, body.velocity_rad_s):
            return None
        if abs(goal_rad - start_rad) < SHORTEST_MOVE_RAD:
            return None
        self._rest_rad = wanted_rad
        movement = Movement(
            start_rad,
            goal_rad,
            body.position_rad,
            body.velocity_rad_s,
            disturbed=self._disturbed,
        )
        return Reach(movement, self.table.learn(movement))

    def _begin(self, start_rad: float, wanted_rad: float) -> None:
        self._start_rad, self._far_rad = start_rad, wanted_rad
        self._rest_rad, self._disturbed = None, False

    def _turn(self, place_rad: float, wanted_rad: float) -> float:
        """Begin another movement where there is one; where the present one began."""
        start_rad, rest = self._start_rad, self._rest_rad
        assert start_rad is not None, "a movement has begun"
        way = self._far_rad - start_rad
        if abs(way) < SHORTEST_MOVE_RAD:
            self._far_rad = wanted_rad
            return start_rad
        further = math.copysign(1.0, way) * (wanted_rad - self._far_rad)
        again = rest is not None and (wanted_rad - rest) * way >= SHORTEST_MOVE_RAD * abs(way)
        if further <= -SHORTEST_MOVE_RAD or again:
            self._begin(place_rad, wanted_rad)
            return place_rad
        if further > 0.0:
            self._far_rad = wanted_rad
        return start_rad

    def _at_rest(self, sense: BodySense, speed_rad_s: float) -> bool:
        """The goal stood for long enough, and the body does not move."""
        stood_s = (sense.t_mono_ns - self._goal_ns) * _NS
        return stood_s >= REST_S and abs(speed_rad_s) <= SETTLED_RAD_S
