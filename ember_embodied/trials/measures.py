"""The table of measures: what is measured, what it is worth, how much it counts, and why.

A utility is 1 where nothing better could be wished and 0 where it could not be worse; it is 1/2
at ``half``. The utility of a policy is the mean of the utilities by ``weight`` over those measures
that the lives have events for.

The weights follow what people notice of a robot on their desk. Gaze has 0.60: it is what the
robot does all day; a voice (0.30: where the head is, for most voices rather than on average, and
behind too), how soon (0.10), whom it goes on looking at (0.15), and the rare turn of the base
(0.05). Touch has 0.20: a touch is a direct question (0.10 for an answer, 0.05 for a prompt one),
and answers to nobody cost what a prompt one earns. What moving costs has 0.20: a turn to nobody is
the fault that people remember (0.10), warmth and noise are noticed last (0.05 each).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ember_embodied.trials import tally
from ember_embodied.trials.tally import Pool, Pooled, Tally, interval, resamples

Shape = Literal["share", "error", "cost"]
"""share: the value itself. error: 1 / (1 + (x / half)^2), flat where nobody sees a difference.
cost: 1 / (1 + x / half), where the first unit already hurts and the hundredth hardly more."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table."""

    name: str
    unit: str
    pool: Pool
    weight: float
    shape: Shape
    half: float
    meaning: str
    reason: str
    """Why this half-value."""

    def utility(self, pooled: Pooled) -> float:
        """Worth of a pooled value, 0 to 1; no value though there were events is worth 0."""
        if pooled.value is None:
            return 0.0
        if self.shape == "share":
            return pooled.value
        ratio = max(0.0, pooled.value) / self.half
        return 1.0 / (1.0 + (ratio**2 if self.shape == "error" else ratio))


MEASURES: Final = (
    Measure(
        "orienting_error_median", "deg", tally.orienting_error, 0.10, "error", 15.0,
        "angle between head and speaker 1.5 s after a voice starts, median",
        "a third of the way from the middle of the camera's picture to its edge",
    ),
    Measure(
        "on_speaker_share", "1", tally.on_speaker, 0.15, "share", 0.5,
        "share of voices with the head within 15 degrees of the speaker then",
        "a share is its own worth",
    ),
    Measure(
        "on_speaker_behind_share", "1", tally.on_speaker_behind, 0.05, "share", 0.5,
        "the same, for voices more than 90 degrees from whoever was attended before",
        "a share is its own worth",
    ),
    Measure(
        "time_to_face_median", "s", tally.time_to_face, 0.10, "error", 1.5,
        "time from a voice to its face within 10 degrees and held, median (4: never)",
        "in talk an answer later than one to two seconds feels like none (Miller 1968)",
    ),
    Measure(
        "following_error_mean", "deg", tally.following_error, 0.15, "error", 15.0,
        "angle between head and the face that is attended, mean",
        "as for orienting",
    ),
    Measure(
        "gaze_held_error_mean", "deg", tally.gaze_held, 0.05, "error", 10.0,
        "how far the gaze strays in the world while the base is turned by hand, mean",
        "about half of a usual turn of the base by hand",
    ),
    Measure(
        "touch_answered_share", "1", tally.touch_answered, 0.10, "share", 0.5,
        "share of touches of antennas and head that the antennas answer",
        "a share is its own worth",
    ),
    Measure(
        "touch_latency_median", "s", tally.touch_latency, 0.05, "error", 0.6,
        "time from touch to answer, median",
        "beyond about half a second an answer is not felt to be caused by the touch",
    ),
    Measure(
        "false_answers", "1/h", tally.unasked_answers, 0.05, "cost", 12.0,
        "antenna answers with no hand before them",
        "one in five minutes",
    ),
    Measure(
        "false_turns", "1/h", tally.false_turns, 0.10, "cost", 6.0,
        "turns by itself to where nobody is",
        "one in ten minutes",
    ),
    Measure(
        "effort", "W", tally.effort, 0.05, "cost", 0.5,
        "electrical power of the nine motors, mean",
        "a tenth of what the robot's computer draws",
    ),
    Measure(
        "jerk", "rad/s3", tally.jerk, 0.05, "cost", 130.0,
        "jerk of head and antennas above the noise, root mean square",
        "as if it never rested from smooth (minimum-jerk) turns of 60 degrees in 0.6 s",
    ),
)  # fmt: skip
EXTRAS: Final = (
    ("false_glances", "1/h", tally.false_glances, "as false turns, stops of half a second counted"),
    ("steps", "1", tally.steps_a_life, "network steps a life, mean"),
    ("skipped_share", "1", tally.skipped, "share of ticks without a network step"),
)
"""Reported beside the measures; worth nothing of their own."""
MEANING: Final = {
    "composite": "worth of it all, between a robot that does nothing (0) and the teacher (1)",
    **{measure.name: measure.meaning for measure in MEASURES},
}
GOOD_WHEN_HIGH: Final = (
    "composite",
    *(measure.name for measure in MEASURES if measure.shape == "share"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number over all lives, with its 95 % interval from resampled lives."""

    name: str
    value: float
    unit: str
    n: int
    interval: tuple[float, float] | None


def figures(tallies: Sequence[Tally]) -> tuple[Figure, ...]:
    """Pool the lives; a figure with no event is left out rather than made up."""
    rows = [(m.name, m.unit, m.pool) for m in MEASURES]
    rows += [(name, unit, pool) for name, unit, pool, _ in EXTRAS]
    draws = resamples(len(tallies))
    result = []
    for name, unit, pool in rows:
        whole = pool(tallies)
        if whole is None or whole.value is None:
            continue
        found = [pool([tallies[i] for i in draw]) for draw in draws]
        known = [one.value for one in found if one is not None and one.value is not None]
        result.append(Figure(name, whole.value, unit, whole.n, interval(known)))
    return tuple(result)


def utility(tallies: Sequence[Tally]) -> float:
    """Mean utility by weight, 0 to 1, of what these lives have events for. At least one life."""
    worth, weight = 0.0, 0.0
    for measure in MEASURES:
        pooled = measure.pool(tallies)
        if pooled is not None:
            worth += measure.weight * measure.utility(pooled)
            weight += measure.weight
    return worth / weight
