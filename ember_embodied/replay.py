"""A recorded life, thought again: every tick of a log through a bundle, compared bit for bit.

The log is the test (openpilot's process replay): the same ``tick`` gets the logged senses and
the logged state of a file's head, and whatever it decides must be what was decided then. Where a
cerebellum was in the loop it learns again, so that what it corrects later is compared too. Stages
are compared in the order in which they work, so the first difference names its cause.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Final

from cerebellum import in_flight
from cerebellum.cerebellum import Cerebellum
from ember_embodied.guidance import learn
from ember_embodied.guide import AsLogged, Guide
from ember_embodied.loop import Mind, tick
from ember_embodied.tick_state import SnapshotError, TickState, from_bytes, to_bytes
from hippocampus.forgetting.gap import gap_of
from hippocampus.tick_record import EventRecord, SnapshotRecord, TickRecord

STAGES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("hearing", ("guidance",)),
    ("network", ("stepped", "requested", "prediction", "variance", "confidence", "gates")),
    ("failsafe", ("fault_bits", "mode")),
    ("kinematics", ("goal_rad",)),
    ("gate", ("gated", "clip_bits")),
)
"""Which fields of a ``TickRecord`` each stage decides."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two lives part: the first field that is not the same."""

    tick: int
    stage: str
    field: str
    logged: str
    replayed: str


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What became of a replay."""

    ticks: int
    """Ticks in the log."""
    compared: int
    """Ticks that were thought again; those before the first snapshot cannot be."""
    identical: int
    difference: Difference | None
    restarts: int
    """Times that the state was taken from a snapshot because ticks before it are missing."""
    stateless: int = 0
    """Ticks between a gap that a person asked for and the next snapshot: their state is forgotten
    too, and they cannot be thought again."""
    as_logged: int = 0
    """Ticks that got what the cerebellum added from the log: what it knew then is forgotten."""

    @property
    def holds(self) -> bool:
        """True when every tick of the log was thought again, with the same result.

        Those whose state was forgotten on request cannot be, and count for nothing.
        """
        expected = self.ticks - self.stateless
        return self.difference is None and self.identical == expected and expected > 0


def replay(
    records: Iterable[TickRecord | SnapshotRecord | EventRecord],
    mind: Mind,
    progress: Callable[[int], None] | None = None,
) -> ReplayReport:
    """Think every tick again and stop at the first difference.

    ``records`` come in the order of the log, each file's snapshot before its first tick; of the
    events only those matter that tell of ticks that were forgotten on request. From there on what
    the cerebellum added is taken from the log where the snapshot no longer has it.
    Raises ``SnapshotError`` when a snapshot is of another version.
    """
    state: TickState | None = None
    cerebellum: Cerebellum | None = None
    ticks = compared = identical = restarts = stateless = as_logged = 0
    forgotten = False
    for record in records:
        if isinstance(record, EventRecord):
            forgotten |= gap_of(record) is not None
            continue
        if isinstance(record, SnapshotRecord):
            if state is None or state.tick != record.tick:
                restarts += compared > 0
                state, cerebellum = from_bytes(record.state), cerebellum_of(record)
            elif (part := _parted_from(record, state, cerebellum)) is not None:
                found = Difference(record.tick, part, "snapshot", "as logged", "not the same")
                return ReplayReport(
                    ticks, compared, identical, found, restarts, stateless, as_logged
                )
            continue
        ticks += 1
        if state is None or state.tick != record.tick:
            state = None
            stateless += forgotten
            continue
        guide: Guide | None = cerebellum
        if cerebellum is None and forgotten and record.guidance is not None:
            guide = AsLogged(record, record.guidance)
            as_logged += 1
        if cerebellum is not None and record.guidance is not None:
            cerebellum.frozen = record.guidance.frozen
        thought, state = tick(record.sense, state, mind, guide)
        compared += 1
        found_here = first_difference(record, thought)
        if found_here is not None:
            return ReplayReport(
                ticks, compared, identical, found_here, restarts, stateless, as_logged
            )
        if cerebellum is not None:
            learn(cerebellum, replace(thought, sent=record.sent))
        identical += 1
        if progress is not None:
            progress(identical)
    return ReplayReport(ticks, compared, identical, None, restarts, stateless, as_logged)


def cerebellum_of(record: SnapshotRecord) -> Cerebellum | None:
    """The cerebellum of a file's head; raises ``SnapshotError`` on one of another version."""
    if not record.cerebellum:
        return None
    try:
        return in_flight.from_bytes(record.cerebellum, Cerebellum)
    except in_flight.InFlightError as error:
        raise SnapshotError(
            f"the cerebellum at tick {record.tick} is of another version ({error}); replay the log "
            "with the one that made it"
        ) from error


def _parted_from(
    record: SnapshotRecord, state: TickState, cerebellum: Cerebellum | None
) -> str | None:
    """Which part of the state is not the logged one; None when all is the same."""
    if to_bytes(state) != record.state:
        return "state"
    if cerebellum is not None and not record.cerebellum:
        return None  # forgotten on request; what this one knows is as good as any
    whole = b"" if cerebellum is None else in_flight.to_bytes(cerebellum)
    return None if whole == record.cerebellum else "learning"


def first_difference(logged: TickRecord, thought: TickRecord) -> Difference | None:
    """Compare stage by stage, a zero's sign and a NaN's bits too; None when all is the same."""
    for stage, names in STAGES:
        for name in names:
            parted = _parted(name, getattr(logged, name), getattr(thought, name))
            if parted is not None:
                return Difference(logged.tick, stage, *parted)
    return None


def _parted(name: str, before: object, now: object) -> tuple[str, str, str] | None:
    """Go down to the first number whose bits differ: (field, logged, replayed)."""
    if type(before) is not type(now):
        return name, repr(before), repr(now)
    if isinstance(before, float):
        same = struct.pack("<d", before) == struct.pack("<d", now)
        return None if same else (name, repr(before), repr(now))
    if is_dataclass(before):
        keys = [f.name for f in fields(before)]
        pairs = [(f"{name}.{key}", getattr(before, key), getattr(now, key)) for key in keys]
    elif isinstance(before, tuple) and isinstance(now, tuple):
        if len(before) != len(now):
            return f"{name} (length)", str(len(before)), str(len(now))
        if before and isinstance(before[0], float) and _bits(before) == _bits(now):
            return None
        pairs = [(f"{name}[{i}]", b, n) for i, (b, n) in enumerate(zip(before, now, strict=True))]
    else:
        return None if before == now else (name, repr(before), repr(now))
    for path, b, n in pairs:
        if (parted := _parted(path, b, n)) is not None:
            return parted
    return None


def _bits(numbers: tuple[float, ...]) -> bytes:
    return array("d", numbers).tobytes()
