"""What adapts while the robot moves, measured part by part.

Each part is a module here with ``measure(seeds) -> tuple[Claim, ...]``, and one line of ``PARTS``;
one that takes long takes a ``progress`` too.
Seeds draw everything: units, rooms, people, scatter. The default ones are those that the parts
were developed on; other seeds tell how well they do with what they have not seen.
"""

from __future__ import annotations

from typing import Final

from ember_embodied.bench.cerebellum.progress import Progress, silent
from ember_embodied.bench.claims import Claim
from ember_embodied.bench.parts import Measured, Parts

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
CEREBELLUM: Final = Parts("cerebellum", PARTS)


def measure(part: str, seeds: range, progress: Progress = silent) -> Measured:
    """Measure one part. Raises ``UserError`` on an unknown name."""
    return CEREBELLUM.measure(part, seeds, {"progress": progress})


def run(seeds: range) -> list[Claim]:
    """Every claim of every part."""
    return CEREBELLUM.run(seeds)
