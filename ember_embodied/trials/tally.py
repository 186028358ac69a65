"""What some lives are worth: their raw events, pooled into figures with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import degrees, sqrt
from typing import Final

import numpy as np

from ember_embodied.trials.gaze import Gaze, judge_gaze
from ember_embodied.trials.motion import Motion, judge_motion
from ember_embodied.trials.touching import Touching, judge_touching
from ember_embodied.trials.trace import Trace
from ember_embodied.trials.turning import Turning, judge_turning

ON_SPEAKER_RAD: Final = 0.2618
HOUR_S: Final = 3600.0
RESAMPLES: Final = 1000
CONFIDENCE: Final = 0.95
BOOTSTRAP_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """The raw events of one life."""

    seconds: float
    gaze: Gaze
    turning: Turning
    touching: Touching
    motion: Motion
    steps: int
    """Network steps that were taken, in so many ticks."""
    ticks: int


def tally(trace: Trace) -> Tally:
    """Judge one life."""
    return Tally(
        seconds=trace.seconds,
        gaze=judge_gaze(trace),
        turning=judge_turning(trace),
        touching=judge_touching(trace),
        motion=judge_motion(trace),
        steps=int(trace.stepped.sum()),
        ticks=len(trace.stepped),
    )


@dataclass(frozen=True, slots=True)
class Pooled:
    """One number over some lives and how many events it stands on."""

    value: float | None
    """None where none of the events gave a number: no touch was answered, so none was late."""
    n: int


Pool = Callable[[Sequence[Tally]], Pooled | None]
"""Pools lives into one number; None where no life has an event of that sort."""


def orienting_error(lives: Sequence[Tally]) -> Pooled | None:
    """Median orienting error, deg."""
    errors = [error for life in lives for error in life.gaze.orienting_rad]
    return Pooled(degrees(float(np.median(errors))), len(errors)) if errors else None


def on_speaker(lives: Sequence[Tally]) -> Pooled | None:
    """Share of voices with an orienting error under 15 degrees."""
    return _share([e < ON_SPEAKER_RAD for life in lives for e in life.gaze.orienting_rad])


def on_speaker_behind(lives: Sequence[Tally]) -> Pooled | None:
    """The same share of the voices behind."""
    gazes = [life.gaze for life in lives]
    pairs = [p for gaze in gazes for p in zip(gaze.orienting_rad, gaze.behind, strict=True)]
    return _share([error < ON_SPEAKER_RAD for error, behind in pairs if behind])


def time_to_face(lives: Sequence[Tally]) -> Pooled | None:
    """Median time to face, s."""
    times = [time for life in lives for time in life.gaze.facing_s]
    return Pooled(float(np.median(times)), len(times)) if times else None


def following_error(lives: Sequence[Tally]) -> Pooled | None:
    """Mean following error, deg."""
    return _mean_deg([(life.gaze.following_rad, life.gaze.following_ticks) for life in lives])


def gaze_held(lives: Sequence[Tally]) -> Pooled | None:
    """Mean error of the gaze while the base is turned, deg; n is the number of turns."""
    found = _mean_deg([(life.gaze.held_rad, life.gaze.held_ticks) for life in lives])
    return found and Pooled(found.value, sum(life.gaze.held_turns for life in lives))


def touch_answered(lives: Sequence[Tally]) -> Pooled | None:
    """Share of touches that are answered."""
    return _share([late is not None for life in lives for late in life.touching.latency_s])


def touch_latency(lives: Sequence[Tally]) -> Pooled | None:
    """Median latency of the answers, s."""
    touches = [late for life in lives for late in life.touching.latency_s]
    known = [late for late in touches if late is not None]
    if not touches:
        return None
    return Pooled(float(np.median(known)) if known else None, len(known))


def unasked_answers(lives: Sequence[Tally]) -> Pooled | None:
    """Unasked answers an hour."""
    return _rate([(life.touching.unasked, life.seconds) for life in lives])


def false_turns(lives: Sequence[Tally]) -> Pooled | None:
    """False turns an hour of the time that is judged."""
    return _rate([(life.turning.false_turns, life.turning.judged_s) for life in lives])


def false_glances(lives: Sequence[Tally]) -> Pooled | None:
    """The same with stops of half a second."""
    return _rate([(life.turning.false_glances, life.turning.judged_s) for life in lives])


def effort(lives: Sequence[Tally]) -> Pooled | None:
    """Mean electrical power of the nine motors, W."""
    seconds = sum(life.motion.seconds for life in lives)
    joules = sum(life.motion.energy_j for life in lives)
    return Pooled(joules / seconds, len(lives)) if seconds > 0.0 else None


def jerk(lives: Sequence[Tally]) -> Pooled | None:
    """Root mean square jerk above the noise, rad/s^3."""
    ticks = sum(life.motion.jerk_ticks for life in lives)
    total = sum(life.motion.jerk_sum for life in lives)
    return Pooled(sqrt(total / ticks), ticks) if ticks else None


def skipped(lives: Sequence[Tally]) -> Pooled | None:
    """Share of ticks without a network step."""
    ticks = sum(life.ticks for life in lives)
    return Pooled(1.0 - sum(life.steps for life in lives) / ticks, ticks) if ticks else None


def steps_a_life(lives: Sequence[Tally]) -> Pooled | None:
    """Mean number of network steps of a life."""
    return Pooled(sum(life.steps for life in lives) / len(lives), len(lives)) if lives else None


def _share(answers: Sequence[bool]) -> Pooled | None:
    return Pooled(sum(answers) / len(answers), len(answers)) if answers else None


def _mean_deg(sums: Sequence[tuple[float, int]]) -> Pooled | None:
    ticks = sum(count for _, count in sums)
    return Pooled(degrees(sum(total for total, _ in sums) / ticks), ticks) if ticks else None


def _rate(counts: Sequence[tuple[int, float]]) -> Pooled | None:
    seconds = sum(time_s for _, time_s in counts)
    count = sum(number for number, _ in counts)
    return Pooled(count * HOUR_S / seconds, count) if seconds > 0.0 else None


def resamples(lives: int) -> list[list[int]]:
    """The same draws of lives, with replacement, for every policy that lived them.

    None of a single life, which says nothing of how much lives differ.
    """
    if lives < 2:
        return []
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    draws: list[list[int]] = rng.integers(lives, size=(RESAMPLES, lives)).tolist()
    return draws


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The middle 95 % of bootstrapped values; None where there are none."""
    if not values:
        return None
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(values, (tail, 1.0 - tail))
    return float(low), float(high)
