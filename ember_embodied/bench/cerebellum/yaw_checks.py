"""What must not enter the tables, and what they cost."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any, Final

import numpy as np

from cerebellum import snapshot
from cerebellum.plasticity import Evidence, Verdict
from cerebellum.reach_table import Movement, ReachTable
from cerebellum.yaw_table import YawTable
from ember_embodied.bench.cerebellum.yaw_lives import TRIAL_NS, Trial, sound_evidence
from ember_embodied.bench.claims import Claim, claim, quantile_claim

COST_CALLS: Final = 2000
POISONED: Final = 2000


def poison_claims(seeds: range) -> list[Claim]:
    """Evidence that must not enter: what of it changed a table, and what of it was not finite."""
    draw = np.random.default_rng([seeds.start, 5])
    yaw, reach = YawTable(), ReachTable()
    good, now_ns = sound_evidence(Trial(0.3, 0.2, 0.0), TRIAL_NS), TRIAL_NS
    yaw.learn(good, now_ns)
    before = snapshot.to_bytes(yaw.state()), snapshot.to_bytes(reach.state())
    refused = 0
    for _ in range(POISONED):
        refused += yaw.learn(_poisoned(good, draw), now_ns).verdict >= Verdict.NOT_FINITE
        wild = [0.0, 0.3, 0.2, 0.0]
        wild[int(draw.integers(4))] = float(draw.choice([math.nan, math.inf, -math.inf, 9.0]))
        start, goal, stop, speed = wild
        reach.learn(Movement(start, goal, stop, speed, disturbed=False))
    after = snapshot.to_bytes(yaw.state()), snapshot.to_bytes(reach.state())
    return [
        claim("poisoned trials let through", POISONED - refused, "", "== 0", n=POISONED),
        claim("tables changed by them", sum(map(bytes.__ne__, before, after)), "", "== 0", n=2),
    ]


def _poisoned(good: Evidence, draw: np.random.Generator) -> Evidence:
    """A trial with one thing wrong."""
    name = str(draw.choice(_NUMBERS))
    wild = float(draw.choice([math.nan, math.inf, -math.inf]))
    late = int(draw.choice([-(10**10), 10**10]))
    faults: list[Evidence] = [
        _with(good, name, wild),
        replace(good, heard_t_ns=good.heard_t_ns + late),
        replace(good, seen_t_ns=good.seen_t_ns + late),
        replace(good, own_motion=True),
        replace(good, speech=False),
        replace(good, seen_confidence=float(draw.uniform(0.0, 0.55))),
        replace(good, seen_faces=int(draw.choice([0, 2, 3]))),
        replace(good, seen_rad=good.heard_rad + float(draw.uniform(1.0, 5.0))),
        replace(good, head_speed_rad_s=float(draw.uniform(0.5, 5.0))),
        replace(good, valid=False),
    ]
    return faults[int(draw.integers(len(faults)))]


def _with(good: Evidence, name: str, value: float) -> Evidence:
    changed: dict[str, Any] = {name: value}
    return replace(good, **changed)


_NUMBERS: Final = (
    "heard_rad", "heard_head_yaw_rad", "energy", "seen_rad", "seen_confidence",
    "seen_spread_rad", "head_speed_rad_s",
)  # fmt: skip


def cost_claims(seeds: range) -> list[Claim]:
    """What a tick costs (one correction, one command), and what a trial costs after it.

    Time of this thread alone, so that other programs on the machine do not count.
    """
    draw = np.random.default_rng([seeds.start, 6])
    yaw, reach = YawTable(), ReachTable()
    tick, trial, movement = [], [], []
    for call in range(COST_CALLS):
        heard, start = draw.uniform(-1.9, 1.9, 2).tolist()
        begun = time.thread_time_ns()
        reach.command(yaw.correct(heard, start), start)
        tick.append((time.thread_time_ns() - begun) * 1e-3)
        now = call * TRIAL_NS
        seen = heard + float(draw.normal(0.1, 0.1))
        evidence = sound_evidence(Trial(heard, seen, 0.0), now)
        begun = time.thread_time_ns()
        yaw.learn(evidence, now)
        trial.append((time.thread_time_ns() - begun) * 1e-3)
        stop = heard - 0.07 * float(np.sign(heard - start))
        moved = Movement(start, heard, stop, 0.0, disturbed=False)
        begun = time.thread_time_ns()
        reach.learn(moved)
        movement.append((time.thread_time_ns() - begun) * 1e-3)
    return [
        quantile_claim("cost of a tick: correct and command, p99", tick, 0.99, "us", "<= 30"),
        quantile_claim("cost of a trial, after the command, p99", trial, 0.99, "us"),
        quantile_claim("the same, median", trial, 0.5, "us"),
        quantile_claim("cost of a movement, after the command, p99", movement, 0.99, "us"),
    ]
