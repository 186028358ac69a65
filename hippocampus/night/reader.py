"""Reads the legs of a night in their order, and keeps what was read until the night is decided.

A night that was cut off takes up what it kept: a leg is read again only when its files, or how it
is to be read, have changed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Final

import msgspec

from hippocampus.export.bulk import BulkSegment
from hippocampus.night.reading import LegReading, NightLeg, Thinner, read_leg
from hippocampus.night.thinning import thin
from hippocampus.night.transaction import STAGING, stamp

LAYOUT: Final = 1
"""Grows when labels are made in another way, so that nothing old is taken up."""
SUFFIX: Final = ".leg"


@dataclass(frozen=True, slots=True)
class Reading:
    """How legs are read."""

    logs: Path
    work: Path | None
    """Where to keep what was read; None: nowhere, and no thinned copies are made."""
    thin_every: int
    zone: tzinfo | None

    def read(self, leg: NightLeg, *, thinned: bool) -> LegReading:
        """Read a leg, or take up what was kept of it. Raises ``OSError``."""
        kept = self._kept_path(leg, thinned=thinned)
        found = None if kept is None else self._taken_up(kept)
        if found is not None:
            return found
        reading, _ = read_leg(self.logs, leg, self.zone, self.thinner() if thinned else None)
        if kept is not None:
            write_whole(kept, msgspec.msgpack.encode(reading))
        return reading

    def thinner(self) -> Thinner:
        """Makes thinned copies where the night stages them."""

        def make(name: str, segment: BulkSegment) -> int | None:
            destination = self.logs / STAGING / "new" / name
            destination.parent.mkdir(parents=True, exist_ok=True)
            return thin(segment, destination, self.thin_every)

        return make

    def _kept_path(self, leg: NightLeg, *, thinned: bool) -> Path | None:
        if self.work is None:
            return None
        stamps = [stamp(self.logs / name) for name in leg.files]
        how = (LAYOUT, leg, stamps, str(self.zone), self.thin_every if thinned else 0)
        digest = hashlib.sha256(msgspec.json.encode(how)).hexdigest()
        return self.work / f"{digest}{SUFFIX}"

    def _taken_up(self, kept: Path) -> LegReading | None:
        try:
            found = msgspec.msgpack.decode(kept.read_bytes(), type=LegReading)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        for file in found.files:
            staged = stamp(self.logs / STAGING / "new" / file.name)
            if file.thin_bytes is not None and (staged is None or staged.size != file.thin_bytes):
                return None
        return found


def read_legs(reading: Reading, legs: Sequence[NightLeg], *, thinned: bool) -> Iterator[LegReading]:
    """Every leg in its order."""
    for leg in legs:
        yield reading.read(leg, thinned=thinned)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)
