"""What adapts while the robot moves, measured part by part.

Each part is a module here with ``measure(seeds) -> tuple[Claim, ...]``, and one line of ``PARTS``;
one that takes long takes a ``progress`` too.
Seeds draw everything: units, rooms, people, scatter. The default ones are those that the parts
were developed on; other seeds tell how well they do with what they have not seen.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from inspect import signature
from typing import Final

from ember_embodied.bench.cerebellum.progress import Progress, silent
from ember_embodied.bench.claims import Claim
from ember_embodied.errors import unknown

PARTS: Final[dict[str, str]] = {
    "touching": "what the skin feels at rest and while moving",
    "hearing": "whether speech is told from the own motors: turns to nobody, speech kept",
    "yaw": "where voices come from, and where the body gets: bias left, looks, rooms, rivals",
    "agency": "whose movement it was: self, pushed, blocked, torque lost; with probes and without",
    "cost": "what all of it costs a tick, part by part",
    "living": "whole lives with all of it in the loop, beside the same lives without",
    "selecting": "the choice among variants: cost, regret, alarms, resuming, what its log is worth",
}
"""Name, which is a module here, and what it measures."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The claims of one part, with the command that measures them again."""

    part: str
    seeds: str
    command: str
    claims: tuple[Claim, ...]


def measure(part: str, seeds: range, progress: Progress = silent) -> Measured:
    """Measure one part. Raises ``UserError`` on an unknown name."""
    if part not in PARTS:
        raise unknown("part", part, PARTS)
    measure_part = importlib.import_module(f"{__name__}.{part}").measure
    options = {"progress": progress} if "progress" in signature(measure_part).parameters else {}
    claims: tuple[Claim, ...] = measure_part(seeds, **options)
    drawn = f"{seeds.start}:{seeds.stop}"
    command = f"ember bench cerebellum --part {part} --seeds {drawn}"
    return Measured(part, drawn, command, claims)


def run(seeds: range) -> list[Claim]:
    """Every claim of every part."""
    return [claim for part in PARTS for claim in measure(part, seeds).claims]
