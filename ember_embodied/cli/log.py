"""``ember log``: look into a log, verify it, mend it, follow it, keep it."""

from __future__ import annotations

import math
from collections import deque
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from ember_embodied.cli.main import complain
from ember_embodied.cli.options import AsJson, print_json
from ember_embodied.errors import UserError
from firmware_bridge.clock import SystemClock
from hippocampus import retention
from hippocampus.follow import Follower
from hippocampus.reader import Log, LogError, find_segments, session_folders
from hippocampus.recovery import recover as recover_segment
from hippocampus.segment import being_written, marker_path
from hippocampus.survey import Gap, Survey, survey
from hippocampus.tick_record import EventRecord, Record, TickRecord

EXIT_DAMAGED: Final = 1
POLL_NS: Final = 200_000_000
DEFAULT_LINES: Final = 10

LogPath = Annotated[
    Path,
    typer.Argument(
        metavar="LOG",
        help="A session's folder, one .mcap file, or a folder of sessions (the newest).",
    ),
]

app = typer.Typer(help="Look into, verify, mend, follow or keep a log.")


@app.command()
def info(log: LogPath, as_json: AsJson = False) -> None:
    """Print what is in a log: ticks and their digest, rate, streams, modes, events, damage.

    Examples:
      ember log info logs
      ember log info logs --json | jq .ticks_digest
    """
    found = _survey(log)
    if as_json:
        print_json(facts(found))
    else:
        print("\n".join(_lines(found)))


@app.command()
def verify(log: LogPath, as_json: AsJson = False) -> None:
    """Check every CRC, tick number and time; exit code 1 when anything is lost.

    Examples:
      ember log verify logs && echo whole
    """
    found = _survey(log)
    if as_json:
        print_json(facts(found))
    elif found.whole:
        print(f"whole: {_tick_text(found)} in {_files(found)}, digest {found.ticks_digest}")
        for gap in found.forgotten:
            print(f"  ticks {_gap_text(gap)} were forgotten on request")
    else:
        print(f"damaged: {loss(found)}; whole: {_tick_text(found)}, digest {found.ticks_digest}")
        for line in _wrongs(found):
            print(f"  {line}")
    if not found.whole:
        raise typer.Exit(EXIT_DAMAGED)


@app.command()
def recover(
    log: LogPath,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Write whole files here.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Rewrite the damaged files where they are.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write every readable message anew, in files that any viewer opens.

    Examples:
      ember log recover logs --out recovered
      ember log recover logs --in-place
    """
    if (out is None) == (not in_place):
        raise UserError("say where: --out FOLDER for new files, or --in-place")
    report = [_recover_one(segment, out) for segment in _segments(log)]
    if as_json:
        print_json(report)
        return
    for entry in report:
        print(f"{entry['file']}: {entry['messages']} messages" + _lost_text(entry["lost"]))


@app.command()
def tail(
    log: LogPath,
    lines: Annotated[
        int, typer.Option("-n", "--lines", min=0, help="Ticks to show from before.")
    ] = DEFAULT_LINES,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Go on while the log grows.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Print the last ticks and events of a log, and those to come until it is closed or Ctrl-C.

    Examples:
      ember log tail logs
      ember log tail logs -n 100 --no-follow --json | jq .mode
    """
    follower = Follower(_segments(log)[-2:][0])
    earlier = (text for record in follower.read() if (text := _record_text(record, as_json)))
    for line in deque(earlier, maxlen=lines):
        print(line)
    clock = SystemClock()
    while follow and not follower.ended:
        clock.sleep_until_ns(clock.mono_ns() + POLL_NS)
        for record in follower.read():
            if text := _record_text(record, as_json):
                print(text, flush=True)


@app.command()
def keep(
    log: LogPath,
    undo: Annotated[bool, typer.Option("--undo", help="Let it be deleted again.")] = False,
) -> None:
    """Mark a session or one file, so that retention never deletes it.

    Examples:
      ember log keep logs/2026-11-22T10-00-00Z
      ember log keep logs/2026-11-22T10-00-00Z/000003.mcap --undo
    """
    segments = _segments(log)
    target = segments[0].parent if log.is_dir() else segments[0]
    if undo:
        retention.release(target)
    else:
        retention.keep(target)
    print(f"{'no longer kept' if undo else 'kept'}: {target}")


def facts(found: Survey) -> dict[str, Any]:
    """A survey as plain JSON types."""
    tree: dict[str, Any] = msgspec.to_builtins(found, enc_hook=str)
    tree["rate_hz"] = found.rate_hz
    tree["whole"] = found.whole
    tree["events"] = found.messages.get("/event", 0)
    return tree


def loss(found: Survey) -> str:
    """What is lost, in a few words."""
    parts = []
    if found.gaps:
        count = sum(gap.last - gap.first + 1 for gap in found.gaps)
        parts.append(f"{count} ticks lost ({', '.join(_gap_text(gap) for gap in found.gaps)})")
    torn = {damage.segment.name for damage in found.damage if damage.torn}
    if torn:
        parts.append(f"cut off: {', '.join(sorted(torn))}")
    broken = {damage.segment.name for damage in found.damage if not damage.torn}
    if broken:
        parts.append(f"unreadable parts in {', '.join(sorted(broken))}")
    if found.faults:
        parts.append(found.faults[0])
    return "; ".join(parts)


def _segments(path: Path) -> tuple[Path, ...]:
    """The log's files; says so when there are other sessions beside it. Raises ``UserError``."""
    try:
        segments = find_segments(path)
    except LogError as error:
        raise UserError(str(error)) from error
    if path.is_dir() and segments[0].parent != path and len(session_folders(path)) > 1:
        count = len(session_folders(path))
        complain(f"{count} sessions in {path}; this is the newest: {segments[0].parent.name}")
    return segments


def _survey(path: Path) -> Survey:
    segments = _segments(path)
    try:
        return survey(Log(segments[0].parent if path.is_dir() else path))
    except LogError as error:
        raise UserError(str(error)) from error


def _recover_one(segment: Path, out: Path | None) -> dict[str, Any]:
    if being_written(segment):
        return {"file": str(segment), "messages": 0, "lost": ["left alone: it is being written"]}
    target = segment if out is None else out / segment.parent.name / segment.name
    if out is not None and target.exists():
        raise UserError(f"{target} is there already; give --out an empty folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    result = recover_segment(segment, target)
    marker_path(target).unlink(missing_ok=True)
    return {
        "file": str(target),
        "messages": result.messages,
        "lost": [damage.text for damage in result.damage],
    }


def _lost_text(lost: list[str]) -> str:
    return f"; not brought over: {'; '.join(lost)}" if lost else ", whole"


def _lines(found: Survey) -> list[str]:
    header = found.header
    lines = [f"files      {_files(found)}, {found.size_bytes:,} bytes"]
    if header is not None:
        lines.insert(0, f"session    {header.session_id} ({header.body}, {header.bundle_name})")
    lines += [
        f"ticks      {_tick_text(found)}, {found.duration_s:.1f} s at {found.rate_hz:.2f} Hz",
        f"digest     {found.ticks_digest}",
        f"streams    {_shares(found.stream_shares)}",
        f"modes      {_shares(found.mode_shares)}",
        f"events     {found.messages.get('/event', 0)}",
        f"damage     {loss(found) or 'none'}",
    ]
    if found.forgotten:
        told = ", ".join(_gap_text(gap) for gap in found.forgotten)
        lines.append(f"forgotten  ticks {told}, on request")
    return lines


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items()) or "none"


def _tick_text(found: Survey) -> str:
    span = "" if found.ticks == 0 else f" ({found.first_tick} to {found.last_tick})"
    return f"{found.ticks} ticks{span}"


def _files(found: Survey) -> str:
    count = len(found.segments)
    return f"{count} file{'s' if count != 1 else ''} in {found.segments[0].parent}"


def _gap_text(gap: Gap) -> str:
    return str(gap.first) if gap.first == gap.last else f"{gap.first} to {gap.last}"


def _wrongs(found: Survey) -> list[str]:
    return [f"{d.segment.name} at byte {d.offset}: {d.text}" for d in found.damage] + [
        *found.faults
    ]


def _record_text(record: Record, as_json: bool) -> str | None:
    """A tick or an event as a line; None for what ``tail`` does not show."""
    if not isinstance(record, TickRecord | EventRecord):
        return None
    if as_json:
        return msgspec.json.encode(record).decode()
    if isinstance(record, EventRecord):
        return f"{record.tick:>8} {record.name}: {record.text}"
    return _tick_line(record)


def _tick_line(tick: TickRecord) -> str:
    head = tick.sense.head
    joints = tick.sense.joints
    heaviest_a = max((abs(j.current_a) for j in joints.joints), default=0.0) if joints else 0.0
    doa = tick.sense.doa
    heard = f"sound {math.degrees(doa.azimuth_rad):+4.0f}°" if doa and doa.speech else ""
    faults = "|".join(fault.name or "" for fault in tick.fault_bits)
    return (
        f"{tick.tick:>8} {tick.mode.name:<8} head {math.degrees(head.yaw_rad):+6.1f}° "
        f"{math.degrees(head.pitch_rad):+6.1f}°  {heaviest_a:5.3f} A  {heard} {faults}".rstrip()
    )
