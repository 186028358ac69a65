"""Benchmarks that are measured part by part: each part is a module with ``measure(seeds, ...)``."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ember_embodied.bench.claims import Claim
from ember_embodied.errors import unknown


@dataclass(frozen=True, slots=True)
class Measured:
    """The claims of one part, with the command that measures them again."""

    part: str
    seeds: str
    command: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """A benchmark and its parts."""

    name: str
    """As in ``ember bench NAME``, and of the package under ``ember_embodied.bench``."""
    table: Mapping[str, str]
    """Name of each part, which is a module there, and what it measures."""

    def measure(
        self, part: str, seeds: range, options: Mapping[str, Any] | None = None
    ) -> Measured:
        """Measure one part, with those options that it names. Raises ``UserError``."""
        if part not in self.table:
            raise unknown("part", part, self.table)
        found = importlib.import_module(f"ember_embodied.bench.{self.name}.{part}").measure
        taken = inspect.signature(found).parameters
        given = {name: value for name, value in (options or {}).items() if name in taken}
        drawn = f"{seeds.start}:{seeds.stop}"
        command = f"ember bench {self.name} --part {part} --seeds {drawn}"
        return Measured(part, drawn, command, found(seeds, **given))

    def run(self, seeds: range, options: Mapping[str, Any] | None = None) -> list[Claim]:
        """Every claim of every part."""
        return [claim for part in self.table for claim in self.measure(part, seeds, options).claims]
