"""Lives in which parts move and are pushed, blocked, led or left without torque.

Every part of the robot goes its own way: rests, moves (minimum jerk) and sways, drawn from the
seed, through kinematics and gate as any command goes. Disturbances are laid onto movements and
rests that the draw has made, one at a time, with room between them. The hands are firm enough to
be more than the friction of the joint that they are on: a gentler touch moves nothing, and what
moves nothing is no question of agency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import degrees, pi, sin
from typing import Final

import numpy as np

from firmware_bridge.clock import VirtualClock
from firmware_bridge.command import JointTargets, MotorCommand
from firmware_bridge.gate import gate, pin
from firmware_bridge.joints import JOINTS
from firmware_bridge.kinematics import joints_of_command
from firmware_bridge.senses import BodySense
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.manner import smooth
from firmware_bridge.simulation.scenario import Failure, Hand, Scenario

HEAD_YAW, HEAD_PITCH, LEFT, RIGHT, BODY = range(5)
"""Channels of a command, in the order of ``MotorCommand``."""
PART_OF_CHANNEL: Final = ("head", "head", "left_antenna", "right_antenna", "body")
RANGES_RAD: Final = ((-0.45, 0.45), (-0.25, 0.4), (-0.9, 0.9), (-0.9, 0.9), (-0.9, 0.9))
"""Head yaw is meant against the body."""
SPEEDS_RAD_S: Final = ((0.3, 1.0), (0.25, 0.8), (0.5, 3.0), (0.5, 3.0), (0.25, 0.9))
"""Mean speed of a movement."""
LEAST_RAD: Final = (0.2, 0.15, 0.3, 0.3, 0.3)
REST_S: Final = (0.3, 3.0)
CARRIERS: Final = (
    (BODY,),
    (HEAD_YAW, BODY),
    (HEAD_YAW, HEAD_PITCH, BODY),
    (HEAD_YAW, HEAD_PITCH, BODY),
    (),
)
"""Channels that carry each channel's part, which stand still while it is disturbed: else a thing in
the way of an antenna is what the head pushes it against."""
SWAYS: Final = 0.3
"""Share of movements that sway to and fro."""
SWAY_S: Final = (0.8, 2.5)
BEGIN_S: Final = 4.0
"""Arming, and the way out of the rest pose."""
BETWEEN_S: Final = 2.5
"""From the end of a disturbance to the next one."""
KINDS: Final = ("push", "push_at_rest", "block", "loss", "loss_at_rest")
SECONDS: Final = {
    "push": (0.8, 1.6),
    "push_at_rest": (0.8, 1.6),
    "block": (1.0, 2.0),
    "loss": (2.0, 2.5),
    "loss_at_rest": (2.0, 2.5),
}
PUSH_N: Final = {"head": (3.0, 8.0), "antenna": (0.4, 1.2), "body": (5.0, 12.0)}
BLOCK_N: Final = {"head": (15.0, 25.0), "antenna": (4.0, 6.0), "body": (15.0, 25.0)}


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing that happens to one part. ``joint`` is the servo whose torque is lost, or -1."""

    kind: str
    part: str
    channel: int
    joint: int
    t_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One movement of one channel; ``turns`` above 0 makes it a sway of so many periods."""

    start_s: float
    seconds: float
    origin_rad: float
    goal_rad: float
    turns: int = 0

    def at(self, t_s: float) -> float:
        """Where the channel shall be."""
        share = min(1.0, max(0.0, (t_s - self.start_s) / self.seconds))
        if self.turns:
            way = smooth(min(1.0, 4.0 * min(share, 1.0 - share)))
            swing = sin(2.0 * pi * self.turns * share)
            return self.origin_rad + (self.goal_rad - self.origin_rad) * way * swing
        return self.origin_rad + (self.goal_rad - self.origin_rad) * smooth(share)

    @property
    def end_rad(self) -> float:
        """Where it leaves the channel."""
        return self.origin_rad if self.turns else self.goal_rad

    @property
    def way_rad(self) -> float:
        """How far it goes."""
        return abs(self.goal_rad - self.origin_rad)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a life asks of its five channels, and what happens to it."""

    channels: tuple[tuple[Segment, ...], ...]
    disturbances: tuple[Disturbance, ...]
    scenario: Scenario

    def command(self, t_s: float) -> MotorCommand:
        """The command of this moment."""
        yaw, pitch, left, right, body = (_at(channel, t_s) for channel in self.channels)
        return MotorCommand(body + yaw, pitch, left, right, body)


def _at(channel: tuple[Segment, ...], t_s: float) -> float:
    place = 0.0
    for segment in channel:
        if segment.start_s > t_s:
            break
        place = segment.at(t_s)
    return place


def draw_plan(seed: int, seconds: float, kinds: tuple[str, ...] = KINDS) -> Plan:
    """The plan of a life; the same seed gives the same."""
    rng = np.random.default_rng([seed, 5])
    channels = tuple(tuple(_segments(rng, channel, seconds)) for channel in range(5))
    found: list[Disturbance] = []
    still: list[tuple[int, float, float]] = []
    order = [str(kind) for _ in range(100) for kind in rng.permutation(kinds)]
    t_s = BEGIN_S
    for kind in order:
        one = _place(rng, kind, channels, t_s, seconds)
        if one is None:
            break
        found.append(one)
        still += [(c, one.t_s - 0.5, one.t_s + one.seconds) for c in CARRIERS[one.channel]]
        t_s = one.t_s + one.seconds + BETWEEN_S
    channels = tuple(_without(channel, number, still) for number, channel in enumerate(channels))
    hands, failures = [], []
    for one in found:
        if one.kind.startswith("loss"):
            name = JOINTS[one.joint].name
            failures.append(Failure(one.t_s, one.seconds, name, "torque_silent"))
        else:
            hands.append(_hand(rng, one, channels))
    scenario = Scenario(hands=tuple(hands), failures=tuple(failures))
    return Plan(channels, tuple(found), scenario)


def _without(
    channel: tuple[Segment, ...], number: int, still: list[tuple[int, float, float]]
) -> tuple[Segment, ...]:
    """The channel without movements in the times in which it shall be still."""
    kept: list[Segment] = []
    place = 0.0
    for segment in channel:
        end_s = segment.start_s + segment.seconds
        if any(
            c == number and segment.start_s < until and end_s > since for c, since, until in still
        ):
            continue
        kept.append(replace(segment, origin_rad=place))
        place = kept[-1].end_rad
    return tuple(kept)


def _segments(rng: np.random.Generator, channel: int, seconds: float) -> Iterator[Segment]:
    low, high = RANGES_RAD[channel]
    t_s, place = BEGIN_S - 1.5, 0.0
    while t_s < seconds:
        goal = float(rng.uniform(low, high))
        if abs(goal - place) < LEAST_RAD[channel]:
            continue
        turns = 0
        if rng.random() < SWAYS:
            turns = int(rng.integers(1, 4))
            length = turns * float(rng.uniform(*SWAY_S))
            goal = place + 0.5 * (goal - place)
            goal = min(max(goal, 2.0 * place - high), 2.0 * place - low)
        else:
            length = abs(goal - place) / float(rng.uniform(*SPEEDS_RAD_S[channel]))
        segment = Segment(t_s, length, place, goal, turns)
        yield segment
        place = segment.end_rad
        t_s += length + float(rng.uniform(*REST_S))


def _place(
    rng: np.random.Generator,
    kind: str,
    channels: tuple[tuple[Segment, ...], ...],
    after_s: float,
    seconds: float,
) -> Disturbance | None:
    """Lay a disturbance onto the first fitting movement or rest of two channels that are drawn."""
    drawn = rng.choice((HEAD_PITCH, LEFT, RIGHT, BODY), size=2, replace=False).tolist()
    found = [_first(rng, kind, int(channel), channels, after_s, seconds) for channel in drawn]
    known = [one for one in found if one is not None]
    return min(known, key=lambda one: one.t_s) if known else None


def _first(
    rng: np.random.Generator,
    kind: str,
    channel: int,
    channels: tuple[tuple[Segment, ...], ...],
    after_s: float,
    seconds: float,
) -> Disturbance | None:
    """A disturbance on the first fitting movement or rest of this channel."""
    lasts_s = float(rng.uniform(*SECONDS[kind]))
    joint = -1
    if kind.startswith("loss"):
        legs = int(rng.integers(1, 7))
        joint = {HEAD_PITCH: legs, LEFT: 8, RIGHT: 7, BODY: 0}[channel]
    for segment, following in zip(channels[channel], channels[channel][1:], strict=False):
        end_s = segment.start_s + segment.seconds
        if kind.endswith("at_rest"):
            t_s = max(after_s, end_s + 0.4)
            fits = t_s + 0.6 < following.start_s
        else:
            t_s = segment.start_s + float(rng.uniform(0.1, 0.35)) * segment.seconds
            fits = t_s > after_s and segment.way_rad > LEAST_RAD[channel] and not segment.turns
            fits = fits and segment.seconds > 0.5
        if fits and t_s + lasts_s + 1.0 < seconds:
            return Disturbance(kind, PART_OF_CHANNEL[channel], channel, joint, t_s, lasts_s)
    return None


def _hand(
    rng: np.random.Generator, one: Disturbance, channels: tuple[tuple[Segment, ...], ...]
) -> Hand:
    """A hand that works across the part's own axis, so that the joint feels it."""
    body, neck = (_at(channels[channel], one.t_s) for channel in (BODY, HEAD_YAW))
    facing = body + (0.0 if one.part == "body" else neck)
    side = float(rng.choice((-1.0, 1.0)))
    azimuth = facing + (side * pi / 2.0 if one.part != "head" else (0.0 if side > 0.0 else pi))
    azimuth += float(rng.uniform(-0.5, 0.5))
    size = "antenna" if one.part.endswith("antenna") else one.part
    force = (BLOCK_N if one.kind == "block" else PUSH_N)[size]
    return Hand(
        at_s=one.t_s,
        seconds=one.seconds,
        kind="block" if one.kind == "block" else "push",
        place=one.part,  # type: ignore[arg-type]
        force_n=float(rng.uniform(*force)),
        azimuth_deg=degrees(azimuth),
        elevation_deg=float(rng.uniform(-20.0, 10.0)),
    )


Altered = Callable[[BodySense, JointTargets], JointTargets]
"""May change the goal before it goes to the gate."""
Followed = Callable[[BodySense, JointTargets, JointTargets | None, SimBody], None]
"""Told of every tick: what was felt, wanted and sent."""


def live(
    scenario: Scenario,
    command: Callable[[float], MotorCommand],
    seed: int,
    rate_hz: float,
    seconds: float,
    *,
    alter: Altered | None = None,
    follow: Followed,
) -> None:
    """Live one life at one rate: sense, want, gate, act, then tell."""
    body = SimBody(scenario, seed, VirtualClock())
    body.open()
    period_ns = round(1e9 / rate_hz)
    state = None
    for number in range(round(seconds * rate_hz)):
        sense = body.sense()
        assert sense.joints is not None, "the simulated bus answers from the start"
        measured = tuple(joint.position_rad for joint in sense.joints.joints)
        if state is None:
            state = pin(measured)
        goal_rad, _ = joints_of_command(command(number / rate_hz))
        goal = JointTargets(goal_rad, torque_enabled=True, duration_s=period_ns * 1e-9)
        if alter is not None:
            goal = alter(sense, goal)
        result = gate(goal, state, measured, period_ns * 1e-9, 1.0)
        state = result.state
        sent = body.act(result.targets)
        follow(sense, goal, sent, body)
        body.clock.sleep_until_ns(body.clock.mono_ns() + period_ns)
    body.close()
