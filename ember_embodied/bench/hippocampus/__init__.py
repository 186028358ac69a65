"""What remembers, measured part by part.

Each part is a module here with ``measure(seeds, ...) -> tuple[Claim, ...]``, and one line of
``PARTS``; of the options it is given those that it names. Seeds draw everything. The default ones
are those that the parts were developed on; other seeds tell how well they do with what they have
not seen.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ember_embodied.bench.claims import Claim
from ember_embodied.errors import unknown

PARTS: Final[dict[str, str]] = {
    "memory": "associative memory: learning, recall, chains, sentences, how the body felt",
    "day": "a day of real log files slept on: time beside the raw read and the naive way, memory",
    "nights": "a hundred nights killed, or on a full disk: old or new, mended, undone",
    "export": "a day as a dataset: time beside the raw read and the naive way, memory",
}
"""Name, which is a module here, and what it measures."""
DEFAULT_DATA: Final = Path("../shared/data")

Note = Callable[[str], None]
"""Told one line as the work goes on."""


def unheard(line: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The claims of one part, with the command that measures them again."""

    part: str
    seeds: str
    command: str
    claims: tuple[Claim, ...]


def measure(part: str, seeds: range, options: dict[str, Any] | None = None) -> Measured:
    """Measure one part. Raises ``UserError`` on an unknown name."""
    if part not in PARTS:
        raise unknown("part", part, PARTS)
    found = importlib.import_module(f"{__name__}.{part}").measure
    taken = inspect.signature(found).parameters
    given = {name: value for name, value in (options or {}).items() if name in taken}
    drawn = f"{seeds.start}:{seeds.stop}"
    command = f"ember bench hippocampus --part {part} --seeds {drawn}"
    return Measured(part, drawn, command, found(seeds, **given))


def run(seeds: range, data: Path = DEFAULT_DATA, note: Note = unheard) -> list[Claim]:
    """Every claim of every part."""
    options = {"data": data, "note": note}
    return [claim for part in PARTS for claim in measure(part, seeds, options).claims]
