"""A life with agency in it: hands, things in the way, dead motors, and what was said of them.

A hand counts from when its torque on the part is more than the part's own dry friction and the part
has begun to move, or is asked to: before that nothing that could be felt has happened.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Final

import numpy as np

from cerebellum.agency import Agency
from cerebellum.probe import Part, Prober
from cerebellum.verdict import ASKED_RAD, AgencyTick, Verdict
from ember_embodied.bench.cerebellum.disturbed_lives import (
    Disturbance,
    Plan,
    live,
)
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import STEWART
from firmware_bridge.senses import BodySense
from firmware_bridge.simulation.body import SimBody

RATES_HZ: Final = (10.0, 50.0)
ANSWER_S: Final = 0.3
FELT: Final = 1.5
"""Torque of a hand, in parts of the dry friction under it, from which it counts."""
SHIFTED_RAD: Final = 0.02
"""A part at rest that a hand has moved this far is pushed."""
LEVERS_M: Final = {"head": 0.09, "left_antenna": 0.075, "right_antenna": 0.075, "body": 0.07}
STOPPED: Final = (-0.15, 0.5)
"""A push that keeps a part, by its true joints, to this share of its commanded way has blocked it,
whatever the hand was meant for."""
PART_OF: Final = {
    "body": Part.BODY,
    "head": Part.HEAD,
    "right_antenna": Part.RIGHT_ANTENNA,
    "left_antenna": Part.LEFT_ANTENNA,
}


@dataclass(slots=True)
class Judged:
    """One life as it was judged."""

    plan: Plan
    t_s: list[float] = field(default_factory=list)
    ticks: list[AgencyTick] = field(default_factory=list)
    onsets_s: dict[float, float] = field(default_factory=dict)
    """From the time of a disturbance to that at which it could be felt."""
    cost_us: list[float] = field(default_factory=list)
    """Time of this thread alone, so that other programs on the machine do not count."""
    true_rad: list[tuple[float, ...]] = field(default_factory=list)
    probes: int = 0

    def verdicts(self, part: Part) -> list[Verdict]:
        """Of one part, tick by tick."""
        return [tick.verdicts[part] for tick in self.ticks]

    def verdict_at(self, part: Part, t_s: float) -> Verdict:
        """Of the last tick until then."""
        index = int(np.searchsorted(self.t_s, t_s + 1e-6)) - 1
        return self.ticks[index].verdicts[part]

    def stopped(self, part: str, onset_s: float) -> bool:
        """Whether a part truly went less than half of its commanded way, and not back."""
        joints = joints_of_part(part)
        begin, end = (
            int(np.searchsorted(self.t_s, t_s + 1e-6)) - 1 for t_s in (onset_s, onset_s + ANSWER_S)
        )
        sent = np.subtract(
            self.ticks[end].command_rad[joints], self.ticks[begin].command_rad[joints]
        )
        moved = np.array(self.true_rad[end][joints]) - np.array(self.true_rad[begin][joints])
        way = float(sent @ sent)
        return way > ASKED_RAD**2 and STOPPED[0] < float(moved @ sent) / way < STOPPED[1]

    def first(self, part: Part, verdict: Verdict, since_s: float, until_s: float) -> float:
        """How long after ``since_s`` this verdict first came; infinite when it did not."""
        for t_s, tick in zip(self.t_s, self.ticks, strict=True):
            if since_s < t_s <= until_s and tick.verdicts[part] is verdict:
                return t_s - since_s
        return inf


def judge(
    plan: Plan, seed: int, rate_hz: float, seconds: float, *, probing: bool, currents: bool = True
) -> Judged:
    """Live a plan with agency in it: with probes or without, told the currents or not."""
    agency, judged = Agency(), Judged(plan)
    prober = Prober(np.random.default_rng([seed, 7]))
    intents: list[tuple[float, ...]] = []
    watch: list[_Watch] = []

    def alter(sense: BodySense, goal: JointTargets) -> JointTargets:
        """Note the goal as it was wanted; with probing, give it back with a probe in it."""
        intents.append(goal.position_rad)
        if not probing:
            return goal
        calm = bool(judged.ticks) and judged.ticks[-1].calm
        was = prober.running
        altered = prober.alter(goal.position_rad, sense.t_mono_ns, allowed=calm, doubt=agency.doubt)
        judged.probes += prober.running is not None and prober.running is not was
        return JointTargets(altered, goal.torque_enabled, goal.duration_s)

    def follow(
        sense: BodySense, goal: JointTargets, sent: JointTargets | None, body: SimBody
    ) -> None:
        """Let agency judge the tick, take its time in us, and note the truth."""
        if not watch:
            watch.append(_Watch(body, plan.disturbances, judged.onsets_s))
        sense = sense if currents else _without_currents(sense)
        begun_ns = time.thread_time_ns()
        tick = agency.step(sense, intents[-1], goal.position_rad, sent)
        judged.cost_us.append((time.thread_time_ns() - begun_ns) * 1e-3)
        judged.t_s.append(sense.t_mono_ns * 1e-9)
        judged.ticks.append(tick)
        judged.true_rad.append(tuple(body.world.plant.position_rad.tolist()))

    live(plan.scenario, plan.command, seed, rate_hz, seconds, alter=alter, follow=follow)
    return judged


def _without_currents(sense: BodySense) -> BodySense:
    """As a daemon gives it that reads positions alone."""
    assert sense.joints is not None, "the simulated bus answers from the start"
    joints = tuple(replace(joint, t_telemetry_ns=0, current_a=0.0) for joint in sense.joints.joints)
    return replace(sense, joints=replace(sense.joints, joints=joints))


class _Watch:
    """Notes when each hand could first be felt, by what truly rests on the plant's joints."""

    def __init__(
        self, body: SimBody, disturbances: Sequence[Disturbance], onsets_s: dict[float, float]
    ) -> None:
        self._world = body.world
        self._coming = [one for one in disturbances if not one.kind.startswith("loss")]
        self._onsets_s = onsets_s
        self._start: np.ndarray | None = None
        self._then = body.world.plant.before_substep
        body.world.plant.before_substep = self
        for one in disturbances:
            if one.kind.startswith("loss"):
                onsets_s[one.t_s] = one.t_s

    def __call__(self, t_ns: int) -> None:
        if self._then is not None:
            self._then(t_ns)
        if not self._coming or t_ns * 1e-9 < self._coming[0].t_s:
            return
        one, plant = self._coming[0], self._world.plant
        joints = joints_of_part(one.part)
        if self._start is None:
            self._start = plant.position_rad[joints].copy()
        friction = float(plant.servos.friction_base_n_m[joints].sum())
        friction *= 0.45 if one.part == "head" else 1.0  # a leg turns 0.45 rad a rad of the head
        force = sum(touch.force_n for touch in self._world.hands.touches())
        shifted = float(np.abs(plant.position_rad[joints] - self._start).max()) > SHIFTED_RAD
        felt = force * LEVERS_M[one.part] > FELT * friction
        if felt and (shifted or one.kind != "push_at_rest"):
            self._onsets_s[one.t_s] = t_ns * 1e-9
        if one.t_s in self._onsets_s or t_ns * 1e-9 > one.t_s + one.seconds:
            self._coming.pop(0)
            self._start = None


def joints_of_part(part: str) -> slice:
    """Where a part's joints are among the nine."""
    return STEWART if part == "head" else slice(PART_INDEX[part], PART_INDEX[part] + 1)


PART_INDEX: Final = {"body": 0, "right_antenna": 7, "left_antenna": 8}
