"""Agency: whose movement it was, judged in lives with hands, things in the way and dead motors.

Truth is the world's, by what a hand does and not by what it is: one that pushes against a movement
and stops it blocks it. The verdict that counts is that of the last tick within 300 ms of it. An
undisturbed movement is asked for its verdict 300 ms after it began, or at its half where that is
later.

Contrast: an antenna that is led in its own rhythm, and one whose motor dies in balance
(``led_lives``); with probes and without.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

import numpy as np

from cerebellum.probe import PARTS, Part
from cerebellum.verdict import Verdict
from ember_embodied.bench.cerebellum.disturbed_lives import (
    HEAD_PITCH,
    HEAD_YAW,
    LEFT,
    RIGHT,
    Plan,
    draw_plan,
)
from ember_embodied.bench.cerebellum.judged_lives import ANSWER_S, PART_OF, RATES_HZ, Judged, judge
from ember_embodied.bench.cerebellum.led_lives import LED_SECONDS, led_plan, own_rhythm
from ember_embodied.bench.cerebellum.progress import Progress, silent
from ember_embodied.bench.claims import Claim, claim, mean_claim, quantile_claim

SECONDS: Final = 60.0
FLAG_S: Final = 1.0
TRUTH: Final = {
    "push": Verdict.PUSHED,
    "push_at_rest": Verdict.PUSHED,
    "block": Verdict.BLOCKED,
    "loss": Verdict.TORQUE_LOST,
    "loss_at_rest": Verdict.TORQUE_LOST,
}
JUDGED: Final = (Verdict.SELF, Verdict.PUSHED, Verdict.BLOCKED, Verdict.TORQUE_LOST)
SLIGHT_RAD: Final = 0.1
"""A sway this small is not asked for its verdict: what moves a pulse or two stands still."""
AFTER_S: Final = 1.5
"""So long after a disturbance nothing is asked: the part comes back."""
RESAMPLES: Final = 1000
FOUND_S: Final = 38.0


def confusion(judged: Judged) -> np.ndarray:
    """[4, 5] counts: true verdict by the one given; the last column is anything else."""
    counts = np.zeros((4, 5))

    def note(true: Verdict, given: Verdict) -> None:
        """Count one verdict given beside the true one."""
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


def _contrast_claims(seeds: range, progress: Progress) -> list[Claim]:
    """The same lives with probes and without."""
    claims = []
    rhythms = {seed: own_rhythm(seed) for seed in seeds}
    part, done = Part.LEFT_ANTENNA, 0
    for case, currents, what in (
        ("led", True, "led in its own rhythm, live motor"),
        ("led, dead", False, "led in its own rhythm, dead motor, no currents told"),
        ("balanced", True, "motor dies in balance"),
        ("balanced", False, "motor dies in balance, no currents told"),
    ):
        for probing in (True, False):
            own, times = [], []
            for seed in seeds:
                progress("led and balanced, lives", done, 8 * len(seeds))
                done += 1
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


def measure(seeds: range, progress: Progress = silent) -> tuple[Claim, ...]:
    """Measure agency on lives drawn from ``seeds``: every seed is another robot and another day."""
    claims: list[Claim] = []
    lives: dict[float, list[Judged]] = {}
    for rate_hz in RATES_HZ:
        lives[rate_hz] = _lives(seeds, rate_hz, progress, probing=True)
        tables = [confusion(life) for life in lives[rate_hz]]
        name = f"balanced accuracy at 300 ms, {rate_hz:.0f} Hz"
        claims.append(_balanced_claim(name, tables, ">= 0.95"))
        claims += _recalls(tables)
    bare = _lives(seeds, RATES_HZ[0], progress, probing=False)
    name = "balanced accuracy at 300 ms, 10 Hz, without probes"
    claims.append(_balanced_claim(name, [confusion(life) for life in bare], None))
    every = [life for lived in lives.values() for life in lived]
    claims += _loss_claims(every)
    claims += _side_claims(every)
    claims += _contrast_claims(seeds, progress)
    return tuple(claims)


def _lives(seeds: range, rate_hz: float, progress: Progress, *, probing: bool) -> list[Judged]:
    what = f"lives at {rate_hz:.0f} Hz{'' if probing else ', without probes'}"
    lives = []
    for done, seed in enumerate(seeds):
        progress(what, done, len(seeds))
        lives.append(judge(draw_plan(seed, SECONDS), seed, rate_hz, SECONDS, probing=probing))
    progress(what, len(seeds), len(seeds))
    return lives


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
