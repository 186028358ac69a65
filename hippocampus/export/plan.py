"""What an export will read and write, decided before the first byte, and kept beside the work.

A log is exported leg by leg: a leg is a few neighbouring files of one session, small enough to be
held whole. What a leg gives depends on nothing but its files and the counts of those before it, so
an export that was cut off goes on with the first leg that is not whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from hippocampus import ember_pb2 as pb
from hippocampus.export.bulk import first_header, read_segment
from hippocampus.export.features import Widths
from hippocampus.export.where import parse_condition
from hippocampus.reader import Log, LogError, session_folders
from hippocampus.segment import being_written
from hippocampus.tick_record import HeaderRecord

LEG_BYTES: Final = 4_000_000
"""Files of a leg together, unless one alone is larger: five minutes at 10 Hz."""
FORMATS: Final = ("lerobot", "parquet", "webdataset")
_MOST_DIFFERENT_RATES: Final = 1e-6


class ExportError(Exception):
    """An export cannot be done as asked; the message is one line for a person."""


class SourceFile(msgspec.Struct, frozen=True):
    """One file of a log, and how long it was when the export was planned."""

    path: str
    size_bytes: int


class SessionFacts(msgspec.Struct, frozen=True):
    """Where frames come from: what the session's header says."""

    session_id: str
    body: str
    rate_hz: float
    bundle_name: str
    bundle_digest: str
    ember_version: str
    seed: int


class Leg(msgspec.Struct, frozen=True):
    """Files that are exported together."""

    session: int
    files: tuple[SourceFile, ...]
    thinned: int = 0
    """Of so many ticks one is there (``HeaderRecord.thinned``); 0: all."""


class Plan(msgspec.Struct, frozen=True):
    """Everything that decides what the dataset will be, byte for byte."""

    format: str
    fps: int
    native: bool
    where: tuple[str, ...]
    gates: int
    prediction: int
    variance: int
    sessions: tuple[SessionFacts, ...]
    legs: tuple[Leg, ...]
    left_out: tuple[str, ...]
    """Files that a recorder was writing."""
    too_thin: tuple[str, ...] = ()
    """Files with fewer ticks than there would be frames."""

    @property
    def widths(self) -> Widths:
        """Entries of the features whose size depends on the network."""
        return Widths(self.gates, self.prediction, self.variance)


Logs: TypeAlias = tuple[Path, ...]


def make_plan(
    logs: Logs, format_name: str, fps: int | None, where: tuple[str, ...], *, native: bool
) -> Plan:
    """Look at the logs. Raises ``ExportError``, or ``OSError`` when a file cannot be read."""
    for text in where:
        parse_condition(text)
    sessions: list[SessionFacts] = []
    legs: list[Leg] = []
    left_out: list[str] = []
    widths: list[Widths] = []
    for log in _sessions(logs):
        written = tuple(path for path in log.segments if being_written(path))
        left_out += map(str, written)
        segments = tuple(path for path in log.segments if path not in written)
        if not segments:
            continue
        try:
            header = log.header
        except LogError as error:
            raise ExportError(str(error)) from error
        legs += _legs(len(sessions), segments)
        sessions.append(session_facts(header))
        widths.append(network_widths(segments))
    if not legs:
        raise ExportError("nothing to export: a recorder is still writing the only file there is")
    rate = common_rate(sessions, legs) if fps is None else fps
    dense = [
        leg
        for leg in legs
        if not leg.thinned or rate <= max(1, round(_ticks_a_second(sessions, leg)))
    ]
    thin = [file.path for leg in legs if leg not in dense for file in leg.files]
    if not dense:
        raise ExportError(f"a night has thinned every file to fewer than {rate} ticks a second")
    return Plan(
        format=format_name,
        fps=rate,
        native=native,
        where=where,
        gates=max(width.gates for width in widths),
        prediction=max(width.prediction for width in widths),
        variance=max(width.variance for width in widths),
        sessions=tuple(sessions),
        legs=tuple(dense),
        left_out=tuple(left_out),
        too_thin=tuple(thin),
    )


def _sessions(logs: Logs) -> list[Log]:
    """Every session that is meant, oldest first within each path."""
    found = []
    for path in logs:
        folders = session_folders(path) if path.is_dir() and not any(path.glob("*.mcap")) else ()
        try:
            found += [Log(folder) for folder in folders or (path,)]
        except LogError as error:
            raise ExportError(str(error)) from error
    named: set[Path] = set()
    for log in found:
        for segment in log.segments:
            if segment.resolve() in named:
                raise ExportError(f"{segment} is named twice: leave one of the logs out")
            named.add(segment.resolve())
    return found


def _legs(session: int, segments: tuple[Path, ...]) -> list[Leg]:
    legs: list[Leg] = []
    files: list[SourceFile] = []
    thinned = 0
    for path in segments:
        file = SourceFile(str(path.resolve()), path.stat().st_size)
        header = first_header(path)
        of = 0 if header is None else header.thinned
        full = sum(f.size_bytes for f in files) + file.size_bytes > LEG_BYTES
        if files and (full or of != thinned):
            legs.append(Leg(session, tuple(files), thinned))
            files = []
        thinned = of
        files.append(file)
    return [*legs, Leg(session, tuple(files), thinned)]


def _ticks_a_second(sessions: list[SessionFacts], leg: Leg) -> float:
    return sessions[leg.session].rate_hz / max(1, leg.thinned)


def common_rate(sessions: list[SessionFacts], legs: list[Leg]) -> int:
    """That of the sessions; where every file was thinned, that of the thinnest."""
    if all(leg.thinned for leg in legs):
        return max(1, round(min(_ticks_a_second(sessions, leg) for leg in legs)))
    rates = {session.rate_hz for session in sessions}
    if max(rates) - min(rates) > _MOST_DIFFERENT_RATES:
        told = ", ".join(f"{rate:g}" for rate in sorted(rates))
        raise ExportError(f"the logs have different rates ({told} Hz): say one with --fps")
    return max(1, round(rates.pop()))


def session_facts(header: HeaderRecord) -> SessionFacts:
    """What a header says of its session."""
    return SessionFacts(**{name: getattr(header, name) for name in SessionFacts.__struct_fields__})


def network_widths(segments: tuple[Path, ...]) -> Widths:
    """Sizes of what the session's network gives, by its first step."""
    for segment in segments:
        for data in read_segment(segment).ticks:
            tick = pb.TickRecord.FromString(data)
            if not tick.skipped:
                return Widths(len(tick.gates), len(tick.prediction), len(tick.variance))
    return Widths(0, 0, 0)
