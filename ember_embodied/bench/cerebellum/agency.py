"""Agency: whose movement it was, judged in lives with hands, things in the way and dead motors.

Truth is the world's, by what a hand does and not by what it is: one that pushes against a movement
and stops it blocks it. A hand counts from when its torque on the part is more than the part's own
dry friction and the part has begun to move, or is asked to: before that nothing that could be felt
has happened. The verdict that counts is that of the last tick within 300 ms of it. An undisturbed
movement is asked for its verdict 300 ms after it began, or at its half where that is later.

Contrast: an antenna sways on command, and a hand sways it in the same rhythm, as a firm partner
that leads it where it goes anyway; with a live motor and with a dead one; and a motor dies while
its antenna stands balanced. Everything matches there. All of it runs with probes and without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import atan2, degrees, hypot, inf, pi, sin
from typing import Final

import numpy as np

from cerebellum.agency import ASKED_RAD, Agency
from cerebellum.probe import PARTS, Part, Prober
from cerebellum.verdict import AgencyTick, Verdict
from ember_embodied.bench.cerebellum.disturbed_lives import (
    BODY,
    HEAD_PITCH,
    HEAD_YAW,
    LEFT,
    RIGHT,
    Disturbance,
    Plan,
    Segment,
    draw_plan,
    live,
)
from ember_embodied.bench.claims import Claim, claim, mean_claim, quantile_claim
from firmware_bridge.clock import SystemClock
from firmware_bridge.command import JointTargets, MotorCommand
from firmware_bridge.joints import LEFT_ANTENNA, STEWART
from firmware_bridge.senses import BodySense
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.scenario import Failure, Hand, Scenario

SECONDS: Final = 60.0
RATES_HZ: Final = (10.0, 50.0)
ANSWER_S: Final = 0.3
FLAG_S: Final = 1.0
FELT: Final = 1.5
"""Torque of a hand, in parts of the dry friction under it, from which it counts."""
SHIFTED_RAD: Final = 0.02
"""A part at rest that a hand has moved this far is pushed."""
LEVERS_M: Final = {"head": 0.09, "left_antenna": 0.075, "right_antenna": 0.075, "body": 0.07}
PART_OF: Final = {
    "body": Part.BODY,
    "head": Part.HEAD,
    "right_antenna": Part.RIGHT_ANTENNA,
    "left_antenna": Part.LEFT_ANTENNA,
}
TRUTH: Final = {
    "push": Verdict.PUSHED,
    "push_at_rest": Verdict.PUSHED,
    "block": Verdict.BLOCKED,
    "loss": Verdict.TORQUE_LOST,
    "loss_at_rest": Verdict.TORQUE_LOST,
}
JUDGED: Final = (Verdict.SELF, Verdict.PUSHED, Verdict.BLOCKED, Verdict.TORQUE_LOST)
STOPPED: Final = (-0.15, 0.5)
"""A push that keeps a part, by its true joints, to this share of its commanded way has blocked it,
whatever the hand was meant for."""
SLIGHT_RAD: Final = 0.1
"""A sway this small is not asked for its verdict: what moves a pulse or two stands still."""
AFTER_S: Final = 1.5
"""So long after a disturbance nothing is asked: the part comes back."""
RESAMPLES: Final = 1000
LED_SECONDS: Final = 46.0
LED_FROM_S: Final = 6.0
ALONE_SECONDS: Final = 14.0
FOUND_S: Final = 38.0
LED_N: Final = 8.0
LED_PERIOD_S: Final = (2.0, 3.0)
LED_RAD: Final = (0.25, 0.4)


@dataclass(slots=True)
class Judged:
    """One life as it was judged."""

    plan: Plan
    t_s: list[float] = field(default_factory=list)
    ticks: list[AgencyTick] = field(default_factory=list)
    onsets_s: dict[float, float] = field(default_factory=dict)
    """From the time of a disturbance to that at which it could be felt."""
    cost_us: list[float] = field(default_factory=list)
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
        joints = _joints(part)
        begin, end = (
            int(np.searchsorted(self.t_s, t_s + 1e-6)) - 1 for t_s in (onset_s, onset_s + ANSWER_S)
        )
        sent = self.ticks[end].command_rad[joints] - self.ticks[begin].command_rad[joints]
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
    agency, judged, stopwatch = Agency(), Judged(plan), SystemClock()
    prober = Prober(np.random.default_rng([seed, 7]))
    intents: list[tuple[float, ...]] = []
    watch: list[_Watch] = []

    def alter(sense: BodySense, goal: JointTargets) -> JointTargets:
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
        if not watch:
            watch.append(_Watch(body, plan.disturbances, judged.onsets_s))
        sense = sense if currents else _without_currents(sense)
        begun_ns = stopwatch.mono_ns()
        tick = agency.step(sense, intents[-1], goal.position_rad, sent)
        judged.cost_us.append((stopwatch.mono_ns() - begun_ns) * 1e-3)
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
        joints = _joints(one.part)
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


def _joints(part: str) -> slice:
    return STEWART if part == "head" else slice(PART_INDEX[part], PART_INDEX[part] + 1)


PART_INDEX: Final = {"body": 0, "right_antenna": 7, "left_antenna": 8}


def confusion(judged: Judged) -> np.ndarray:
    """[4, 5] counts: true verdict by the one given; the last column is anything else."""
    counts = np.zeros((4, 5))

    def note(true: Verdict, given: Verdict) -> None:
        counts[JUDGED.index(true), JUDGED.index(given) if given in JUDGED else 4] += 1

    for one in judged.plan.disturbances:
        onset_s = judged.onsets_s.get(one.t_s)
        if onset_s is None or one.kind == "loss_at_rest" or onset_s + 0.1 > one.t_s + one.seconds:
            continue
        true = TRUTH[one.kind]
        if one.kind == "push" and judged.stopped(one.part, onset_s):
            true = Verdict.BLOCKED
        note(true, judged.verdict_at(PART_OF[one.part], onset_s + ANSWER_S))
    for part, t_s in own_movements(judged.plan):
        note(Verdict.SELF, judged.verdict_at(part, t_s))
    return counts


def own_movements(plan: Plan) -> list[tuple[Part, float]]:
    """Undisturbed movements, and when each is asked for its verdict."""
    found = []
    parts = {HEAD_YAW: "head", HEAD_PITCH: "head", LEFT: "left_antenna", RIGHT: "right_antenna"}
    for channel, segments in enumerate(plan.channels):
        part = PART_OF[parts.get(channel, "body")]
        for segment in segments:
            if segment.way_rad < SLIGHT_RAD:
                continue
            t_s = segment.start_s + max(ANSWER_S, 0.5 * segment.seconds)
            if segment.turns:
                t_s = segment.start_s + max(ANSWER_S, 0.5 * segment.seconds / segment.turns)
            if segment.start_s > 4.5 and t_s < SECONDS - 0.5 and not _near(plan, t_s):
                found.append((part, t_s))
    return found


def _near(plan: Plan, t_s: float) -> bool:
    return any(one.t_s - 0.2 < t_s < one.t_s + one.seconds + AFTER_S for one in plan.disturbances)


def balanced(counts: np.ndarray) -> float:
    """Mean over the four verdicts of the share that was judged right."""
    totals = counts.sum(axis=1)
    known = totals > 0
    return float((np.diag(counts[:, :4])[known] / totals[known]).mean())


def _balanced_claim(name: str, tables: list[np.ndarray], bound: str | None) -> Claim:
    """With a bootstrap interval over lives."""
    stacked, rng = np.stack(tables), np.random.default_rng(0)
    draws = rng.integers(0, len(stacked), size=(RESAMPLES, len(stacked)))
    values = [balanced(stacked[drawn].sum(axis=0)) for drawn in draws]
    low, high = np.quantile(values, (0.025, 0.975))
    whole = stacked.sum(axis=0)
    interval = (float(low), float(high))
    return claim(name, balanced(whole), "", bound, n=int(whole.sum()), interval=interval)


def led_plan(seed: int, case: str, rhythm: tuple[float, float] | None = None) -> _Swaying:
    """An antenna that sways ("alone", "led", "led, dead") or stands "balanced"; see the module.

    ``rhythm``: amplitude, rad, and delay, s, of the hand that leads it.
    """
    rng = np.random.default_rng([seed, 9])
    period_s, angle = float(rng.uniform(*LED_PERIOD_S)), float(rng.uniform(*LED_RAD))
    sways = 0.0 if case == "balanced" else angle
    loss_s = LED_FROM_S + float(rng.uniform(0.0, 2.0))
    hands: tuple[Hand, ...] = ()
    failures: tuple[Failure, ...] = ()
    if rhythm is not None:
        hand_rad, late_s = rhythm
        hands = (
            Hand(
                at_s=LED_FROM_S + late_s,
                seconds=LED_SECONDS - LED_FROM_S,
                kind="swing",
                place="left_antenna",
                force_n=LED_N,
                angle_deg=degrees(hand_rad),
                rhythm_s=period_s,
            ),
        )
    if case in ("led, dead", "balanced"):
        failures = (Failure(loss_s, LED_SECONDS, "left_antenna", "torque_silent"),)
    truth = "push" if case == "led" else "loss"
    since_s = LED_FROM_S + 0.5 if case == "led" else loss_s
    one = Disturbance(truth, "left_antenna", LEFT, LEFT_ANTENNA, since_s, LED_SECONDS - since_s)
    turns = round((LED_SECONDS - LED_FROM_S) / period_s) + 1
    sway = Segment(LED_FROM_S, turns * period_s, 0.0, sways, turns)
    still: tuple[Segment, ...] = ()
    channels = tuple((sway,) if channel == LEFT else still for channel in range(BODY + 1))
    return _Swaying(channels, (one,), Scenario(hands=hands, failures=failures), period_s, sways)


@dataclass(frozen=True, slots=True)
class _Swaying(Plan):
    """A plan whose left antenna sways evenly from ``LED_FROM_S`` on, and all else rests."""

    period_s: float
    angle_rad: float

    def command(self, t_s: float) -> MotorCommand:
        """The command of this moment."""
        swing = sin(2.0 * pi * max(0.0, t_s - LED_FROM_S) / self.period_s)
        return MotorCommand(0.0, 0.0, self.angle_rad * swing, -0.17, 0.0)


def own_rhythm(seed: int) -> tuple[float, float]:
    """Amplitude, rad, and delay, s, with which this robot's antenna sways when it is left alone."""
    plan = led_plan(seed, "alone")
    life = judge(plan, seed, RATES_HZ[0], ALONE_SECONDS, probing=False)
    t_s = np.array(life.t_s)
    settled = t_s > LED_FROM_S + plan.period_s
    phase = 2.0 * pi * (t_s[settled] - LED_FROM_S) / plan.period_s
    angles = np.array(life.true_rad)[settled, LEFT_ANTENNA]
    (a, b), *_ = np.linalg.lstsq(np.stack([np.sin(phase), np.cos(phase)], axis=1), angles)
    return hypot(a, b), -atan2(b, a) * plan.period_s / (2.0 * pi)


def _contrast_claims(seeds: range) -> list[Claim]:
    """The same lives with probes and without."""
    claims = []
    rhythms = {seed: own_rhythm(seed) for seed in seeds}
    part = Part.LEFT_ANTENNA
    for case, currents, what in (
        ("led", True, "led in its own rhythm, live motor"),
        ("led, dead", False, "led in its own rhythm, dead motor, no currents told"),
        ("balanced", True, "motor dies in balance"),
        ("balanced", False, "motor dies in balance, no currents told"),
    ):
        for probing in (True, False):
            own, times = [], []
            for seed in seeds:
                plan = led_plan(seed, case, rhythms[seed] if case != "balanced" else None)
                life = judge(
                    plan, seed, RATES_HZ[0], LED_SECONDS, probing=probing, currents=currents
                )
                since_s = plan.disturbances[0].t_s
                swayed = [
                    tick.verdicts[part]
                    for t_s, tick in zip(life.t_s, life.ticks, strict=True)
                    if t_s > since_s
                ]
                own.append(float(np.mean([verdict is Verdict.SELF for verdict in swayed])))
                times.append(life.first(part, Verdict.TORQUE_LOST, since_s, since_s + FOUND_S))
            how = f"{what}, {'with' if probing else 'without'} probes"
            if case == "balanced":
                hits = [t_s < inf for t_s in times]
                claims.append(_share_claim(f"{how}: flagged within 38 s", hits, None))
            else:
                claims.append(mean_claim(f"{how}: taken for own", own, "share of time"))
    return claims


def _share_claim(name: str, hits: Sequence[bool], bound: str | None) -> Claim:
    """A share with Wilson's interval (1927)."""
    n, share, z = len(hits), float(np.mean(hits)), 1.959964
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * ((share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5)
    interval = (max(0.0, middle - half), min(1.0, middle + half))
    return claim(name, share, "share", bound, n=n, interval=interval)


def measure(seeds: range) -> tuple[Claim, ...]:
    """Measure agency on lives drawn from ``seeds``: every seed is another robot and another day."""
    claims: list[Claim] = []
    lives: dict[float, list[Judged]] = {}
    for rate_hz in RATES_HZ:
        lives[rate_hz] = [
            judge(draw_plan(seed, SECONDS), seed, rate_hz, SECONDS, probing=True) for seed in seeds
        ]
        tables = [confusion(life) for life in lives[rate_hz]]
        name = f"balanced accuracy at 300 ms, {rate_hz:.0f} Hz"
        claims.append(_balanced_claim(name, tables, ">= 0.95"))
        claims += _recalls(tables)
    bare = [
        judge(draw_plan(seed, SECONDS), seed, RATES_HZ[0], SECONDS, probing=False) for seed in seeds
    ]
    name = "balanced accuracy at 300 ms, 10 Hz, without probes"
    claims.append(_balanced_claim(name, [confusion(life) for life in bare], None))
    every = [life for lived in lives.values() for life in lived]
    claims += _loss_claims(every)
    claims += _side_claims(every)
    claims += _contrast_claims(seeds)
    return tuple(claims)


def _recalls(tables: list[np.ndarray]) -> list[Claim]:
    whole = np.sum(tables, axis=0)
    return [
        claim(f"  {verdict.name.lower()} known", row[column] / row.sum(), "share", n=int(row.sum()))
        for column, (verdict, row) in enumerate(zip(JUDGED, whole, strict=True))
        if row.sum()
    ]


def _loss_claims(lives: list[Judged]) -> list[Claim]:
    """Silent torque loss: how long until it is flagged."""
    claims = []
    for kind, what in (("loss", "in a movement"), ("loss_at_rest", "at rest")):
        times = [
            life.first(PART_OF[one.part], Verdict.TORQUE_LOST, one.t_s, one.t_s + one.seconds)
            for life in lives
            for one in life.plan.disturbances
            if one.kind == kind
        ]
        if times:
            hits = [t_s <= FLAG_S for t_s in times]
            name = f"silent torque loss {what}, flagged within 1 s"
            claims.append(_share_claim(name, hits, ">= 0.95"))
            found = [t_s for t_s in times if t_s < inf]
            claims.append(quantile_claim("  time to the flag, 95th percentile", found, 0.95, "s"))
    return claims


def _side_claims(lives: list[Judged]) -> list[Claim]:
    """False alarms, probes and cost."""
    wrong, ticks, lost = 0, 0, 0
    for life in lives:
        for t_s, tick in zip(life.t_s, life.ticks, strict=True):
            if t_s > 4.5 and not _near(life.plan, t_s):
                ticks += len(PARTS)
                wrong += sum(verdict > Verdict.SELF for verdict in tick.verdicts)
                lost += bool(tick.fault)
    hours = sum(life.t_s[-1] for life in lives) / 3600.0
    probes = sum(life.probes for life in lives)
    cost = [us for life in lives for us in life.cost_us]
    return [
        claim(
            "verdicts of an undisturbed part that blame another", wrong / ticks, "share", n=ticks
        ),
        claim("false flags of lost torque, ticks", lost, "", "== 0", n=ticks // len(PARTS)),
        claim("probes", probes / (hours * 60.0), "a minute", n=probes),
        quantile_claim("cost of a tick, median", cost, 0.5, "us"),
        quantile_claim("cost of a tick, p99", cost, 0.99, "us", "<= 30"),
    ]
