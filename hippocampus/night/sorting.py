"""What of a day's raw data is kept whole, thinned, or forgotten: a pure decision by a budget.

Files are ranked by the salience of what happened in them and, less, just before and after. The
most salient stay whole as long as the budget lasts; of the others a copy with fewer ticks stays,
as long as the second budget lasts; the rest goes. A file that somebody has marked to be kept, or
that is damaged, stays whole whatever its worth, and takes its share of the budget first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hippocampus.night.episode import Episode, Kept
from hippocampus.night.reading import FileFacts

BESIDE: Final = 0.5
"""What a file is worth beside one that is worth 1: how it came to be, and what came of it."""


@dataclass(frozen=True, slots=True)
class Sortable:
    """A file, as the decision sees it."""

    name: str
    bytes: int
    thin_bytes: int | None
    """None: there is no thinner copy."""
    salience: float
    """0 to 1."""
    protected: bool


@dataclass(frozen=True, slots=True)
class Sorted:
    """What becomes of a file."""

    name: str
    kept: Kept
    bytes: int
    """That it takes afterwards."""


def worth(files: Sequence[FileFacts], episodes: Sequence[Episode]) -> dict[str, float]:
    """For each file the salience of what happened in it; a neighbour's counts by ``BESIDE``."""
    own = dict.fromkeys((file.name for file in files), 0.0)
    for episode in episodes:
        for span in episode.spans:
            own[span.log] = max(own[span.log], episode.salience)
    order = list(own)
    by_neighbours = {}
    for at, name in enumerate(order):
        near = [order[i] for i in (at - 1, at + 1) if 0 <= i < len(order)]
        near = [other for other in near if _session(other) == _session(name)]
        beside = max((own[other] for other in near), default=0.0)
        by_neighbours[name] = max(own[name], BESIDE * beside)
    return by_neighbours


def sort_files(files: Sequence[Sortable], raw_bytes: int, thin_bytes: int) -> tuple[Sorted, ...]:
    """Decide for each file; in the order given."""
    fates: dict[str, Sorted] = {}
    raw_left, thin_left = raw_bytes, thin_bytes
    ranked = sorted(files, key=lambda file: (not file.protected, -file.salience, file.name))
    for file in ranked:
        if file.protected or file.bytes <= raw_left:
            fates[file.name] = Sorted(file.name, Kept.RAW, file.bytes)
            raw_left -= file.bytes
        elif file.thin_bytes is not None and file.thin_bytes <= thin_left:
            fates[file.name] = Sorted(file.name, Kept.THINNED, file.thin_bytes)
            thin_left -= file.thin_bytes
        else:
            fates[file.name] = Sorted(file.name, Kept.FORGOTTEN, 0)
    return tuple(fates[file.name] for file in files)


def fate_of(episode: Episode, fates: dict[str, Kept]) -> Kept:
    """What is left of an episode: the least of what is left of its files."""
    kept = {fates[span.log] for span in episode.spans}
    return next(fate for fate in (Kept.FORGOTTEN, Kept.THINNED, Kept.RAW) if fate in kept)


def _session(name: str) -> str:
    return name.rpartition("/")[0]
