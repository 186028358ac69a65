"""What the skin feels, beside what really touched it: places, kinds, latency, false alarms, cost.

Each seed is another robot: servo units, battery, IMU mounting. It rests, idles and dances while
hands of every kind come to every place; it dances for itself and it is left in peace, and every
touch is a false one. The same senses are judged with the IMU and without it, as a Lite robot has
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from cerebellum.felt import FeltEvent
from cerebellum.forward_model import ForwardModel
from cerebellum.forward_state import initial_state
from cerebellum.own_motion import OwnMotion, OwnMotionState
from cerebellum.touch import Touch
from ember_embodied.bench.cerebellum.hands_tally import (
    Tally,
    judge,
    rate_claims,
    total,
    touch_claims,
)
from ember_embodied.bench.cerebellum.progress import Progress, silent
from ember_embodied.bench.cerebellum.touched_lives import (
    DOINGS,
    OFTEN,
    Life,
    read_motions,
    touched_life,
)
from ember_embodied.bench.claims import Claim, claim, quantile_claim
from ember_embodied.bench.moves import DEFAULT_DATA
from ember_embodied.trials.contest import parallel
from firmware_bridge.clock import SystemClock

RATES_HZ: Final = (10.0, 50.0)
TOUCHED_S: Final = 150.0
PIECE_S: Final = 450.0
"""A long life is lived as several robots of the same seed's family: each is a job of its own."""
DANCES: Final = {10.0: 4, 50.0: 1}
QUIETS: Final = {10.0: 1, 50.0: 1}
"""Pieces of each seed: several hours of dances at 10 Hz with ten seeds, and quiet ones."""
FAMILY: Final = 1_000_000_000
"""Between the seeds of two pieces of one seed."""
WAYS: Final = ("", " without IMU")


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of one life, by ``WAYS``."""

    job: str
    rate_hz: float
    tallies: tuple[Tally, ...]
    costs_us: tuple[float, ...]


def measure(seeds: range, progress: Progress = silent, jobs: int = 1) -> tuple[Claim, ...]:
    """Every claim about touch."""
    folder = DEFAULT_DATA / "recorded_moves"
    moves = folder if folder.is_dir() else None
    tasks = _tasks(seeds, moves)
    lived: list[Lived] = []
    for one in parallel(_live, tasks, jobs):
        lived.append(one)
        progress("lives", len(lived), len(tasks))
    claims: list[Claim] = []
    for rate_hz in RATES_HZ:
        here = [one for one in lived if one.rate_hz == rate_hz]
        claims += _touched([one for one in here if one.job == "touched"], rate_hz)
        for job, doing in (("dance", "while it dances"), ("rest", "while it rests and looks")):
            claims += _untouched([one for one in here if one.job == job], rate_hz, doing)
    if moves is None:
        note = f"dances are left out: there are no motions in {folder}"
        claims.append(claim(note, 0, "motions", n=0))
    return tuple(claims)


def _tasks(seeds: range, moves: Path | None) -> list[tuple[object, ...]]:
    """One for each life, the longest first."""
    found: list[tuple[object, ...]] = []
    for job, pieces in (("dance", DANCES), ("rest", QUIETS)):
        if job == "dance" and moves is None:
            continue
        for rate_hz in reversed(RATES_HZ):
            found += [
                (job, seed + FAMILY * piece, rate_hz, moves)
                for seed in seeds
                for piece in range(pieces[rate_hz])
            ]
    return found + [("touched", seed, rate_hz, moves) for rate_hz in RATES_HZ for seed in seeds]


def _live(job: str, seed: int, rate_hz: float, moves: Path | None) -> Lived:
    """One life, felt and judged."""
    motions = [] if moves is None else read_motions(moves)
    touched = job == "touched"
    seconds, crowd = (TOUCHED_S, OFTEN) if touched else (PIECE_S, None)
    doings = DOINGS if touched else ("rest", "idle") if job == "rest" else (job,)
    life = touched_life(seed, seconds, rate_hz, motions, crowd=crowd, doings=doings)
    costs_us: list[float] = []
    without = blind(life)
    tallies = (judge(life, feel(life, costs_us)), judge(without, feel(without)))
    return Lived(job, rate_hz, tallies, tuple(costs_us) if touched else ())


def feel(
    life: Life, costs_us: list[float] | None = None, make: Callable[[float], Touch] = Touch
) -> list[FeltEvent]:
    """What the skin says in a life; from the state of a robot that has never moved."""
    model = ForwardModel(initial_state(1.0 / life.rate_hz))
    touch = make(1.0 / life.rate_hz)
    ears = OwnMotion(OwnMotionState())
    clock, sent = SystemClock(), None
    events: list[FeltEvent] = []
    for sense, after in zip(life.senses, life.sent, strict=True):
        begun_ns = clock.mono_ns()
        surprise = model.step(sense, sent)
        events.extend(touch.step(surprise))
        model.learn(touch.untouched())
        ears.step(sense, sent)
        if costs_us is not None:
            costs_us.append((clock.mono_ns() - begun_ns) * 1e-3)
        sent = after
    return events


def blind(life: Life) -> Life:
    """The same life as a robot without an IMU has it."""
    return replace(life, senses=tuple(replace(sense, imu=None) for sense in life.senses))


def _touched(lived: Sequence[Lived], rate_hz: float) -> list[Claim]:
    found: list[Claim] = []
    for number, name in enumerate(WAYS):
        tallies = [one.tallies[number] for one in lived]
        found += touch_claims(f"{rate_hz:g} Hz{name}", tallies, rate_hz, judged=not number)
    costs_us = [cost for one in lived for cost in one.costs_us]
    quantile = partial(quantile_claim, samples=costs_us, unit="us")
    at = f"{rate_hz:g} Hz: model, skin and ears, a tick"
    found.append(quantile(f"{at}, median", quantile=0.5))
    found.append(quantile(f"{at}, p99", quantile=0.99, bound="<= 80"))
    return found


def _untouched(lived: Sequence[Lived], rate_hz: float, doing: str) -> list[Claim]:
    found: list[Claim] = []
    for number, way in enumerate(WAYS if lived else ()):
        whole = total([one.tallies[number] for one in lived])
        name = f"{rate_hz:g} Hz{way}: false touches {doing}"
        found += rate_claims(name, whole.false, whole.untouched_s, None if number else "<= 1")
    return found
