"""What remembers, measured part by part.

Each part is a module here with ``measure(seeds, ...) -> tuple[Claim, ...]``, and one line of
``PARTS``; of the options it is given those that it names. Seeds draw everything. The default ones
are those that the parts were developed on; other seeds tell how well they do with what they have
not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ember_embodied.bench.claims import Claim
from ember_embodied.bench.parts import Measured, Parts

PARTS: Final[dict[str, str]] = {
    "memory": "associative memory: learning, recall, chains, sentences, how the body felt",
    "day": "a day of real log files slept on: time beside the raw read and the naive way, memory",
    "nights": "a hundred nights killed, or on a full disk: old or new, mended, undone",
    "forgetting": "a stretch of time forgotten: marks left, replay, datasets, kills",
    "diary": "whether every sentence is proven, lies, language backends, RWKV-7",
    "export": "a day as a dataset: time beside the raw read and the naive way, memory",
}
"""Name, which is a module here, and what it measures."""
HIPPOCAMPUS: Final = Parts("hippocampus", PARTS)
DEFAULT_DATA: Final = Path("../shared/data")

Note = Callable[[str], None]
"""Told one line as the work goes on."""


def unheard(line: str) -> None:
    """Nobody is told."""


def measure(part: str, seeds: range, options: Mapping[str, Any] | None = None) -> Measured:
    """Measure one part. Raises ``UserError`` on an unknown name."""
    return HIPPOCAMPUS.measure(part, seeds, options)


def run(seeds: range, data: Path = DEFAULT_DATA, note: Note = unheard) -> list[Claim]:
    """Every claim of every part."""
    return HIPPOCAMPUS.run(seeds, {"data": data, "note": note})
