"""What the legs of a dataset add up to: its episodes, and the statistics of all frames.

Some legs are looked at together, or some entries of all legs, never all of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hippocampus.export.episode_table import (
    LEGS_A_FILE,
    EpisodeLines,
    episodes_path,
    episodes_table,
    write_episodes,
)
from hippocampus.export.leg import Counted, numeric_features
from hippocampus.export.plan import Plan
from hippocampus.export.statistics import Moments, joined, merged, sample_quantiles, sample_step
from hippocampus.export.work import LegNote, Work, sync_file

ENTRIES_AT_ONCE: Final = 32


def write_episodes_of(work: Work, plan: Plan, notes: list[LegNote]) -> Moments:
    """Write ``meta/episodes``; the moments of all frames. Raises ``OSError``."""
    numeric = numeric_features(plan)
    whole: list[Moments] = []
    for number, lines in enumerate(_files(work, notes)):
        path = work.root / episodes_path(number)
        write_episodes(episodes_table(numeric, number, lines), path)
        sync_file(path)
        whole = [merged(joined([*whole, lines.moments]))]
    return whole[0]


def _files(work: Work, notes: list[LegNote]) -> Iterator[EpisodeLines]:
    """The episodes of each file."""
    befores = [Counted(), *(note.after for note in notes)]
    filled = [number for number, note in enumerate(notes) if note.leg_frames]
    for begin in range(0, len(filled), LEGS_A_FILE):
        legs = filled[begin : begin + LEGS_A_FILE]
        lines = [line for leg in legs for line in notes[leg].episodes_here]
        counts = [len(notes[leg].episodes_here) for leg in legs]
        parts = [np.load(work.moments_path(leg), allow_pickle=False) for leg in legs]
        low, high, mean, std = np.concatenate(parts, axis=1)
        lengths = np.array([line.length for line in lines])
        yield EpisodeLines(
            first=befores[legs[0]].episodes,
            first_frame=befores[legs[0]].frames,
            notes=lines,
            data_files=np.repeat([befores[leg].data_files for leg in legs], counts),
            tasks=notes[-1].tasks,
            moments=Moments(low, high, mean, std, lengths),
        )


def quantiles_of(work: Work, notes: list[LegNote]) -> dict[str, NDArray[np.float64]]:
    """Quantiles of all frames, from the sampled ones, each [entries]."""
    filled = [number for number, note in enumerate(notes) if note.leg_frames]
    shapes = [_sample(work, number).shape for number in filled]
    entries = shapes[0][0]
    rows = [count for _, count in shapes]
    step = sample_step(sum(rows))
    firsts = [-before % step for before in accumulate(rows, initial=0)]
    each = [notes[number].leg_frames / count for number, count in zip(filled, rows, strict=True)]
    weight = np.repeat(each, rows)[::step]
    parts = []
    for begin in range(0, entries, ENTRIES_AT_ONCE):
        own = slice(begin, begin + ENTRIES_AT_ONCE)
        some = [
            _sample(work, number)[own, first::step]
            for number, first in zip(filled, firsts, strict=False)
        ]
        parts.append(sample_quantiles(np.concatenate(some, axis=1), weight))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _sample(work: Work, number: int) -> NDArray[np.float64]:
    """The sampled frames [entries, frames] of a leg, of which only what is touched is read."""
    mapped: NDArray[np.float64] = np.load(
        work.sample_path(number), mmap_mode="r", allow_pickle=False
    )
    return mapped
