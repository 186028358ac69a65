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

from hippocampus.export.bulk import BulkSegment, first_header
from hippocampus.export.crew import Turn, in_order
from hippocampus.export.features import Widths
from hippocampus.export.leg import Counted, LegContent, Share, follow
from hippocampus.export.plan import (
    ExportError,
    Leg,
    Plan,
    SessionFacts,
    SourceFile,
    common_rate,
    network_widths,
    session_facts,
)
from hippocampus.export.work import Settler, Work, WrittenLeg, open_work
from hippocampus.night.reading import LegReading, NightLeg, Thinner, read_leg
from hippocampus.night.thinning import thin
from hippocampus.transaction.journal import staged, stamp

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
        return self.read_all(leg, thinned=thinned)[0]

    def read_all(self, leg: NightLeg, *, thinned: bool) -> tuple[LegReading, LegContent]:
        """Read a leg, and its ticks for what else is made of them. Raises ``OSError``."""
        thinner = self.thinner() if thinned else None
        reading, content = read_leg(self.logs, leg, self.zone, thinner)
        kept = self._kept_path(leg, thinned=thinned)
        if kept is not None:
            write_whole(kept, msgspec.msgpack.encode(reading))
        return reading, content

    def thinner(self) -> Thinner:
        """Makes thinned copies where the night stages them."""

        def make(name: str, segment: BulkSegment) -> int | None:
            destination = staged(self.logs, name)
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
            thin = stamp(staged(self.logs, file.name))
            if file.thin_bytes is not None and (thin is None or thin.size != file.thin_bytes):
                return None
        return found


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is exported in the same pass."""

    plan: Plan
    """Its legs are the night's."""
    work: Work
    out: Path


@dataclass(frozen=True, slots=True)
class MadeLeg:
    """What was read, and what was written of it."""

    reading: LegReading
    written: WrittenLeg | None


@dataclass(frozen=True, slots=True)
class LegWork:
    """Reads one leg, by its number, and exports it."""

    reading: Reading
    legs: tuple[NightLeg, ...]
    thinned: bool
    dataset: Dataset | None
    exported: int
    """Legs of the dataset that are whole already."""

    def __call__(self, number: int, turn: Turn[Share, Counted]) -> MadeLeg:
        """Raises ``OSError``."""
        leg = self.legs[number]
        if self.dataset is None or number < self.exported:
            return MadeLeg(self.reading.read(leg, thinned=self.thinned), None)
        from hippocampus.export.export import make_leg

        reading, content = self.reading.read_all(leg, thinned=self.thinned)
        plan, work = self.dataset.plan, self.dataset.work
        return MadeLeg(reading, make_leg(plan, work, number, content, turn))


def read_legs(
    reading: Reading,
    legs: Sequence[NightLeg],
    *,
    thinned: bool,
    processes: int = 1,
    out: Path | None = None,
) -> Iterator[LegReading]:
    """Every leg in its order; ``out``: a dataset of them, made in the same pass.

    Raises ``OSError``, and ``ExportError`` where the dataset cannot be made.
    """
    if out is None:
        work = LegWork(reading, tuple(legs), thinned, None, 0)
        for made in in_order(work, range(len(legs)), Counted(), follow, processes):
            yield made.reading
        return
    plan = dataset_plan(reading.logs, legs)
    dataset = Dataset(plan, open_work(out, plan, resume=True), out)
    notes = dataset.work.notes(len(legs))
    before = notes[-1].after if notes else Counted()
    settler = Settler(dataset.work)
    work = LegWork(reading, tuple(legs), thinned, dataset, len(notes))
    for made in in_order(work, range(len(legs)), before, follow, processes):
        if made.written is not None:
            settler.take(made.written)
        yield made.reading
    settler.flush()
    from hippocampus.export.export import finish

    finish(dataset.work, dataset.plan, dataset.out)


def dataset_plan(logs: Path, legs: Sequence[NightLeg]) -> Plan:
    """The plan of a dataset of the night's legs, at the log's own rate. Raises ``ExportError``."""
    sessions: dict[str, SessionFacts] = {}
    widths: list[Widths] = []
    for leg in legs:
        if leg.session in sessions:
            continue
        first = logs / leg.files[0]
        header = first_header(first)
        if header is None:
            raise ExportError(f"{first}: no header can be read; it cannot be exported")
        sessions[leg.session] = session_facts(header)
        widths.append(network_widths((first,)))
    numbers = {session: number for number, session in enumerate(sessions)}
    exported = [
        Leg(
            numbers[leg.session],
            tuple(
                SourceFile(str((logs / name).resolve()), size)
                for name, size in zip(leg.files, leg.sizes, strict=True)
            ),
        )
        for leg in legs
    ]
    return Plan(
        format="lerobot",
        fps=common_rate(list(sessions.values()), exported),
        native=True,
        where=(),
        gates=max(width.gates for width in widths),
        prediction=max(width.prediction for width in widths),
        variance=max(width.variance for width in widths),
        sessions=tuple(sessions.values()),
        legs=tuple(exported),
        left_out=(),
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)
