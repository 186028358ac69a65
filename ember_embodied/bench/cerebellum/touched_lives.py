"""Lives for the skin: a simulated robot that rests, idles or dances while hands come and go.

Everything is drawn from the seed: servo units, battery, IMU mounting, what the robot does, when
which hand does what. The hands are those of the standard suite, more often than people would, but
one after the other, so that each answer belongs to one hand. No network: the commands go through
kinematics and gate as the loop's do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.clock import VirtualClock
from firmware_bridge.command import JointTargets, MotorCommand
from firmware_bridge.gate import gate, pin
from firmware_bridge.kinematics import joints_of_command
from firmware_bridge.senses import BodySense
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.chance import Chance
from firmware_bridge.simulation.contact import GripKinds, TouchKinds, draw_grips, draw_touches
from firmware_bridge.simulation.contact import Places as PlaceWeights
from firmware_bridge.simulation.scenario import Hand, Scenario
from firmware_bridge.simulation.suite import Suite, draw_life, load_suite

Track = NDArray[np.float64]

AGAIN_S: Final = 0.6
"""Taps at one place that follow each other this closely are one event."""
EVEN_KINDS: Final = TouchKinds(tap=1, stroke=1, push=1, hold=1)
EVEN_PLACES: Final = PlaceWeights(head=1, left_antenna=1, right_antenna=1, body=1)
EVEN_GRIPS: Final = GripKinds(lift=1, tilt=1, bump=1, turn=1)
MOVE_RATE_HZ: Final = 66.0
BREATH_HZ: Final = 0.25
BREATH_ANTENNA_RAD: Final = 0.1
BREATH_PITCH_RAD: Final = 0.02
ANTENNA_REST_RAD: Final = 0.17
NECK_SHARE_RAD: Final = math.radians(30.0)
"""Yaw beyond this is left to the body: the robot that made the motions has a longer neck."""
PALPABLE_N: Final = {"left_antenna": 0.05, "right_antenna": 0.05, "head": 0.2, "body": 0.2}
"""Force from which on a hand is asked to be felt."""
BLEND_S: Final = 1.0
"""From one motion of a dance to the next, and into and out of it."""
DOINGS: Final = ("rest", "idle", "dance")
TAUGHT_DOINGS: Final = (*DOINGS, "turn")
"""What the skin's priors are fitted on: sudden turns too, as a robot makes to whoever speaks."""
TURN_S: Final = (0.15, 3.0)
TURN_RAD: Final = ((-1.2, 1.2), (-0.3, 0.35), (-1.2, 1.5), (-1.5, 1.2))
TURN_SHARE: Final = 0.55
"""Of the channels that a sudden turn asks something of."""
SEGMENT_S: Final = (12.0, 25.0)


@dataclass(frozen=True, slots=True)
class HandEvent:
    """One hand, or a row of taps, as it truly was. ``place`` is ``foot`` for a grip."""

    t_s: float
    until_s: float
    kind: str
    place: str
    force_n: float
    """The most that the hand would press with; it yields, and one that holds may never press."""
    felt_s: float | None = None
    """When it pressed with ``PALPABLE_N`` first; None: never. A grip is felt from ``t_s`` on."""


@dataclass(frozen=True, slots=True)
class Life:
    """What one robot felt: ``sent[i]`` is what was written after ``senses[i]``."""

    seed: int
    rate_hz: float
    senses: tuple[BodySense, ...]
    sent: tuple[JointTargets, ...]
    doing: tuple[str, ...]
    """What it was busy with in each tick, one of ``DOINGS``."""
    hands: tuple[HandEvent, ...]
    speech: tuple[tuple[float, float], ...]
    """From and until when somebody speaks, s."""


class Puppeteer:
    """What the robot does, drawn: rests, idles with animations, dances to motions."""

    def __init__(
        self, generator: np.random.Generator, motions: Sequence[Track], doings: Sequence[str]
    ) -> None:
        """``motions`` [ticks, 4] at ``MOVE_RATE_HZ``; without any nothing dances.

        ``doings`` are drawn from; ``turn`` jumps to its goals, which the gate makes a movement of.
        """
        self._generator = generator
        self._motions = motions
        self._doings = [d for d in doings if d != "dance" or motions] or ["rest"]
        self.doing = self._doings[int(generator.integers(len(self._doings)))]
        self._until_s = 0.0
        self._now: tuple[float, ...] = (0.0, 0.0, ANTENNA_REST_RAD, -ANTENNA_REST_RAD)
        self._start: tuple[float, ...] = self._now
        self._goal: tuple[float, ...] = self._now
        self._hold_until_s = 0.0
        self._start_s = 0.0
        self._blend_s = BLEND_S
        self._motion: Track | None = None
        self._phase = float(generator.uniform(0.0, 2.0 * math.pi))

    def command(self, t_s: float) -> MotorCommand:
        """The five numbers of this moment; ``t_s`` rises from call to call."""
        if t_s >= self._until_s:
            self.doing = self._doings[int(self._generator.integers(len(self._doings)))]
            self._until_s = t_s + float(self._generator.uniform(*SEGMENT_S))
            self._next(t_s)
        elif t_s >= self._end_s():
            self._next(t_s)
        self._now = self._goal if self.doing == "turn" else self._place(t_s)
        yaw, pitch, left, right = self._now
        if self.doing not in ("rest", "turn"):
            breath = math.sin(2.0 * math.pi * BREATH_HZ * t_s + self._phase)
            if self._motion is None:
                pitch += BREATH_PITCH_RAD * breath
                left += BREATH_ANTENNA_RAD * breath
                right -= BREATH_ANTENNA_RAD * breath
        neck = min(max(yaw, -NECK_SHARE_RAD), NECK_SHARE_RAD)
        return MotorCommand(yaw, pitch, left, right, yaw - neck)

    def _end_s(self) -> float:
        if self._motion is not None:
            return self._start_s + BLEND_S + len(self._motion) / MOVE_RATE_HZ
        return self._hold_until_s

    def _next(self, t_s: float) -> None:
        """Begin the next motion, glance or rest."""
        draw = self._generator.uniform
        self._start, self._start_s, self._motion = self._now, t_s, None
        if self.doing == "dance":
            self._motion = self._motions[int(self._generator.integers(len(self._motions)))]
            self._goal, self._blend_s = tuple(self._motion[0].tolist()), BLEND_S
            return
        if self.doing == "turn":
            asked = zip(TURN_RAD, self._now, strict=True)
            self._goal = tuple(
                float(draw(*span)) if draw() < TURN_SHARE else now for span, now in asked
            )
            self._blend_s, self._hold_until_s = BLEND_S, t_s + float(draw(*TURN_S))
            return
        wide = 1.0 if self.doing == "idle" else 0.5
        self._blend_s = float(draw(0.4, 1.2))
        self._goal = (
            float(wide * draw(-0.9, 0.9)),
            float(wide * draw(-0.25, 0.3)),
            ANTENNA_REST_RAD + float(draw(-0.1, 0.1)),
            -ANTENNA_REST_RAD + float(draw(-0.1, 0.1)),
        )
        stays_s = (2.0, 7.0) if self.doing == "idle" else SEGMENT_S
        self._hold_until_s = t_s + self._blend_s + float(draw(*stays_s))

    def _place(self, t_s: float) -> tuple[float, ...]:
        since_s = t_s - self._start_s
        if self._motion is not None and since_s >= BLEND_S:
            at = (since_s - BLEND_S) * MOVE_RATE_HZ
            row = min(int(at), len(self._motion) - 1)
            after = self._motion[min(row + 1, len(self._motion) - 1)]
            share = min(1.0, at - row)
            return tuple((self._motion[row] + share * (after - self._motion[row])).tolist())
        share = min(1.0, since_s / self._blend_s)
        share = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
        return tuple(a + share * (b - a) for a, b in zip(self._start, self._goal, strict=True))


def read_motions(folder: Path) -> list[Track]:
    """Every recorded motion of a folder, [ticks, 4] rad: head yaw, pitch, antenna left, right."""
    motions = []
    for path in sorted(folder.glob("*.json")):
        motion = json.loads(path.read_text())
        times = np.array(motion["time"]) - motion["time"][0]
        head = np.array(motion["head"])
        columns = (head[:, 2], head[:, 1], motion["l_antenna"], motion["r_antenna"])
        grid = np.arange(0.0, times[-1], 1.0 / MOVE_RATE_HZ)
        motions.append(np.stack([np.radians(np.interp(grid, times, c)) for c in columns], axis=1))
    return motions


@dataclass(frozen=True, slots=True)
class Crowd:
    """How thickly hands come."""

    settle_s: float
    """Untouched at the start: the rise, and time to learn one's own servos."""
    apart_s: float
    """From the end of one hand to the beginning of the next."""
    touches_a_minute: float
    grips_a_minute: float
    """Drawn so often; those that would come too close to the one before are left out."""


OFTEN: Final = Crowd(settle_s=30.0, apart_s=2.5, touches_a_minute=40.0, grips_a_minute=10.0)
"""More often than people would, but one after the other."""
THICK: Final = Crowd(settle_s=10.0, apart_s=1.6, touches_a_minute=40.0, grips_a_minute=10.0)
"""Many hands in little time: what a skin is taught with."""


def handled(suite: Suite, seed: int, seconds: float, crowd: Crowd) -> tuple[Hand, ...]:
    """Hands of every kind at every place, evenly, one after the other."""
    of_touches, of_grips = crowd.touches_a_minute, crowd.grips_a_minute
    touches = msgspec.structs.replace(
        suite.touches, per_minute=(of_touches, of_touches), kinds=EVEN_KINDS, places=EVEN_PLACES
    )
    grips = msgspec.structs.replace(suite.grips, per_minute=(of_grips, of_grips), kinds=EVEN_GRIPS)
    drawn = (
        *draw_touches(touches, seconds, Chance(seed, 20)),
        *draw_grips(grips, seconds, Chance(seed, 21)),
    )
    kept: list[Hand] = []
    for hand in sorted(drawn, key=lambda hand: hand.at_s):
        if hand.at_s < crowd.settle_s or hand.at_s + hand.seconds + crowd.apart_s > seconds:
            continue
        if kept and not _again(kept[-1], hand) and hand.at_s < _left(kept[-1]) + crowd.apart_s:
            continue
        kept.append(hand)
    return tuple(kept)


def _left(hand: Hand) -> float:
    return hand.at_s + hand.seconds + (1.0 if hand.kind == "bump" else 0.0)


def _again(before: Hand, hand: Hand) -> bool:
    same = hand.kind == before.kind == "tap" and hand.place == before.place
    return same and hand.force_n == before.force_n and hand.at_s - _left(before) < AGAIN_S


def events_of(hands: Sequence[Hand]) -> tuple[HandEvent, ...]:
    """The hands as events; rows of taps are one."""
    events: list[HandEvent] = []
    grips = ("lift", "tilt", "bump", "turn")
    for number, hand in enumerate(hands):
        until_s = hand.at_s + hand.seconds
        if number and _again(hands[number - 1], hand):
            events[-1] = replace(events[-1], until_s=until_s)
            continue
        place = "foot" if hand.kind in grips else hand.place
        events.append(HandEvent(hand.at_s, until_s, hand.kind, place, hand.force_n))
    return tuple(events)


def live(
    scenario: Scenario,
    seed: int,
    seconds: float,
    rate_hz: float,
    motions: Sequence[Track],
    doings: Sequence[str] = DOINGS,
) -> Life:
    """Live one life: the scenario's robot, room and hands; what it does is drawn from the seed."""
    senses, sent, doing = [], [], []
    puppeteer = Puppeteer(np.random.default_rng([seed, 30]), motions, doings)
    presses: list[tuple[float, str]] = []
    for sense, targets in _ticks(scenario, seed, seconds, rate_hz, puppeteer.command, presses):
        senses.append(sense)
        sent.append(targets)
        doing.append(puppeteer.doing)
    return Life(
        seed=seed,
        rate_hz=rate_hz,
        senses=tuple(senses),
        sent=tuple(sent),
        doing=tuple(doing),
        hands=tuple(_felt(event, presses) for event in events_of(scenario.hands)),
        speech=tuple((s.at_s, s.at_s + s.seconds) for s in scenario.speech),
    )


def _felt(event: HandEvent, presses: Sequence[tuple[float, str]]) -> HandEvent:
    if event.place == "foot":
        return replace(event, felt_s=event.t_s)
    times = (t for t, place in presses if place == event.place and event.t_s <= t <= event.until_s)
    return replace(event, felt_s=next(times, None))


def _watch(body: SimBody, presses: list[tuple[float, str]]) -> None:
    """Note every moment at which a hand can be felt."""
    plant, hands = body.world.plant, body.world.hands
    inner = plant.before_substep

    def watch(t_ns: int) -> None:
        if inner is not None:
            inner(t_ns)
        for hand in hands.touches():
            if hand.force_n >= PALPABLE_N.get(hand.place, math.inf):
                presses.append((t_ns * 1e-9, hand.place))

    plant.before_substep = watch


def _ticks(
    scenario: Scenario,
    seed: int,
    seconds: float,
    rate_hz: float,
    command: Callable[[float], MotorCommand],
    presses: list[tuple[float, str]],
) -> Iterator[tuple[BodySense, JointTargets]]:
    clock = VirtualClock()
    body = SimBody(scenario, seed, clock)
    body.open()
    _watch(body, presses)
    period_ns = round(1e9 / rate_hz)
    state = None
    for tick in range(1, round(seconds * rate_hz) + 1):
        clock.sleep_until_ns(tick * period_ns)
        sense = body.sense()
        if sense.joints is None:
            raise RuntimeError("the simulated robot gave no positions")
        measured = tuple(joint.position_rad for joint in sense.joints.joints)
        goal, _ = joints_of_command(command(tick / rate_hz))
        wanted = JointTargets(goal, torque_enabled=True, duration_s=period_ns * 1e-9)
        result = gate(wanted, state or pin(measured), measured, period_ns * 1e-9, 1.0)
        state = result.state
        written = body.act(result.targets)
        yield sense, written or result.targets


def touched_life(
    seed: int,
    seconds: float,
    rate_hz: float,
    motions: Sequence[Track],
    *,
    crowd: Crowd | None = OFTEN,
    doings: Sequence[str] = DOINGS,
) -> Life:
    """A quiet room, a robot of the standard suite with an IMU, and hands; none without a crowd."""
    suite = load_suite("standard")
    drawn = draw_life(suite, seed, seconds)
    scenario = Scenario(
        robot=msgspec.structs.replace(drawn.robot, imu=True),
        room=drawn.room,
        hands=handled(suite, seed, seconds, crowd) if crowd is not None else (),
    )
    return live(scenario, seed, seconds, rate_hz, motions, doings)


def heard_life(
    seed: int,
    seconds: float,
    rate_hz: float,
    motions: Sequence[Track],
    *,
    people: bool,
    doings: Sequence[str] = DOINGS,
) -> Life:
    """A robot and room of the standard suite, with its people and noises or with nobody."""
    drawn = draw_life(load_suite("standard"), seed, seconds)
    changes = {"hands": (), "intents": (), "failures": ()}
    if not people:
        changes |= {"people": (), "speech": (), "sounds": ()}
    scenario = msgspec.structs.replace(drawn, **changes)
    return live(scenario, seed, seconds, rate_hz, motions, doings)
