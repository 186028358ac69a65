"""Body state: a moment is found again by how it felt, with a third of that unknown, and noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.arming import ArmingSettings
from ember_embodied.bench.claims import Claim, mean_claim
from ember_embodied.bench.hippocampus import Note
from ember_embodied.bodies import BodyRequest, embody
from ember_embodied.config import Config
from ember_embodied.life import Life
from ember_embodied.loop import Mind
from ember_embodied.trials.pid import Pid
from firmware_bridge.clock import SystemClock
from hippocampus.memory.body_key import HALF_WINDOW_NS, LEAST_TICKS, Feeling, feeling, scaling
from hippocampus.memory.book import MemoryBook
from hippocampus.memory.records import Moment
from hippocampus.memory.text_key import HashingEncoder
from hippocampus.reader import Log
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord

MEMORIES: Final = 1_000
MASKED: Final = 0.3
NOISES: Final = (0.1, 0.25, 0.5)
"""Of the cue, in spreads of each feature over all memories; the second is judged."""
JUDGED_NOISE: Final = 0.25
BOUND: Final = ">= 0.9"
APART_NS: Final = 2 * HALF_WINDOW_NS
"""Moments do not overlap."""
SUITE: Final = "standard"
RATE_HZ: Final = 10.0
_SECOND_NS: Final = 1_000_000_000

Array = NDArray[np.float32]


def feelings(seeds: range, logs: Sequence[Path], note: Note) -> Iterator[Claim]:
    """The claims; lives are those of ``logs``, or are simulated, one for each seed."""
    lives = (
        (list(Log(log).ticks()) for log in logs)
        if logs
        else (_lived(seed, (MEMORIES + len(seeds)) / len(seeds), note) for seed in seeds)
    )
    felt = _distinct([one for life in lives for one in moments(life)])[:MEMORIES]
    note(f"memory: {len(felt)} feelings")
    book = MemoryBook(HashingEncoder())
    book.add([Moment("", number, felt=one) for number, one in enumerate(felt)])
    rng = np.random.default_rng(seeds[0])
    values = np.array([one.values for one in felt])
    known = np.array([one.known for one in felt])
    scaled = scaling(values, known)
    keys = np.stack([scaled.key(one) for one in felt])
    spread = values.std(axis=0)
    for noise in NOISES:
        hits: dict[str, list[bool]] = {"the memory": [], "kNN, cosine": [], "kNN, known only": []}
        for number, one in enumerate(felt):
            cue = _cue(one, noise * spread, rng)
            key = scaled.key(cue)
            hits["the memory"].append(book.feels(cue, 1)[0].memory.number == number)
            hits["kNN, cosine"].append(_nearest(keys, key) == number)
            hits["kNN, known only"].append(_nearest(keys * cue.known, key) == number)
        for name, right in hits.items():
            judged = name == "the memory" and noise == JUDGED_NOISE
            yield mean_claim(
                f"{len(felt)} feelings, 30 % masked, noise {noise:g}: {name}",
                right,
                "share",
                BOUND if judged else None,
            )


def moments(ticks: Sequence[TickRecord]) -> Iterator[Feeling]:
    """The feelings of a life, one after the other."""
    window: list[TickRecord] = []
    for tick in ticks:
        if window and tick.sense.t_mono_ns - window[0].sense.t_mono_ns >= APART_NS:
            if len(window) >= LEAST_TICKS:
                yield feeling(window)
            window = []
        window.append(tick)


def _distinct(felt: list[Feeling]) -> list[Feeling]:
    """Each feeling once: logs of one life, lived twice, would hold every moment twice."""
    seen = {one.values.tobytes(): one for one in felt}
    return list(seen.values())


def _cue(felt: Feeling, spread: Array, rng: np.random.Generator) -> Feeling:
    known = felt.known & (rng.random(len(spread)) >= MASKED)
    noisy = felt.values + spread * rng.standard_normal(len(spread)).astype(np.float32)
    return Feeling(np.where(known, noisy, 0.0).astype(np.float32), known)


def _nearest(keys: Array, cue: Array) -> int:
    """Nearest neighbour by cosine."""
    return int(np.argmax(keys @ cue / np.maximum(np.linalg.norm(keys, axis=1), 1e-9)))


class _Kept:
    """A companion that keeps every tick."""

    def __init__(self) -> None:
        self.ticks: list[TickRecord] = []

    def follow(
        self,
        record: TickRecord,
        timing: TimingRecord,  # noqa: ARG002
        events: list[EventRecord],  # noqa: ARG002
    ) -> None:
        """Keep the tick."""
        self.ticks.append(record)


def _lived(seed: int, seconds: float, note: Note) -> list[TickRecord]:
    """A simulated life of the standard suite, driven by plain rules."""
    note(f"memory: a life of {seconds:.0f} s, seed {seed}")
    settings, kept = Config(), _Kept()
    body = embody("sim", settings, BodyRequest(seed=seed, suite=SUITE, seconds=seconds)).body
    body.open()
    try:
        mind = Mind(Pid(), round(_SECOND_NS / RATE_HZ))
        life = Life(body, mind, ArmingSettings(), companions=(kept,), stopwatch=SystemClock())
        life.run(round(seconds * RATE_HZ))
    finally:
        body.close()
    return kept.ticks
