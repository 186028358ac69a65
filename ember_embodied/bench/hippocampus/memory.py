"""Associative memory: how fast, how exact, and where plain nearest neighbour does as well.

Keys that are drawn are independent, the easiest case; sentences and feelings are not. Times are
told as processor time of one thread, which other programs on the machine change least and which is
judged, and by the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ember_embodied.bench.claims import Claim
from ember_embodied.bench.hippocampus import DEFAULT_DATA, Note, unheard
from ember_embodied.bench.hippocampus.memory_feelings import feelings
from ember_embodied.bench.hippocampus.memory_fidelity import fidelity
from ember_embodied.bench.hippocampus.memory_sentences import sentences
from ember_embodied.bench.hippocampus.memory_speed import speed
from ember_embodied.errors import UserError


def measure(
    seeds: range,
    data: Path = DEFAULT_DATA,
    logs: Sequence[Path] = (),
    note: Note = unheard,
) -> tuple[Claim, ...]:
    """Every claim of the memory.

    ``data`` holds the conversations and the tokenizer; without them the sentences are left out and
    ``note`` is told. ``logs`` are sessions whose feelings are remembered; without any, lives are
    simulated.
    """
    found = [*speed(seeds[0], note), *fidelity(seeds, note)]
    try:
        found += sentences(data, note)
    except UserError as error:
        note(f"sentences are left out: {error}")
    return (*found, *feelings(seeds, logs, note))
