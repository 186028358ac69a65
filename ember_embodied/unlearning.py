"""The cerebellum as if a stretch of time had not been: rebuilt from the log without it.

The last snapshot in the log from before the stretch is the cerebellum as it stood. Onto it goes
every look and every movement that was learned from since, but those of the stretch, in their order
(from the nights where a file is gone from the log):
the tables of hearing and reach, the choice among ways to correct, and when they were confirmed.
What learns from every tick (forward model, own noise, agency) stays as it was in that snapshot; it
learns again within minutes. Where no snapshot from before the stretch is left, the parts that
learned in it begin anew: their cells lean on each other, so none can be taken out alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from cerebellum import snapshot
from cerebellum.cerebellum import CARRIED_S, SURE_CARRIED
from cerebellum.felt import Kind, Phase
from cerebellum.keeping import KINDS, path_of
from cerebellum.pointing import RenewalState
from cerebellum.reach_table import ReachTableState
from cerebellum.selector_state import SelectorState
from cerebellum.snapshot import SUFFIX, PartState
from cerebellum.yaw_table import RESTARTED_CHANGE, YawTableState
from ember_embodied import learning_history
from ember_embodied.past_life import Moment, Progress, Start, read_since, with_older
from ember_embodied.past_trials import evidence_again, movement_again
from hippocampus.forgetting.erasure import Erasure
from hippocampus.forgetting.judging import Wanted
from hippocampus.night.store import EpisodeStore
from hippocampus.tick_record import (
    TouchRecord,
)

LOOKED_PARTS: Final[tuple[type[PartState], ...]] = (YawTableState, SelectorState, RenewalState)
MOVED_PARTS: Final[tuple[type[PartState], ...]] = (ReachTableState,)
_NS: Final = 1e-9
_RESET_FOLDERS: Final = "reset-*"


@dataclass(frozen=True, slots=True)
class Unlearned:
    """What the cerebellum loses, and how it was rebuilt."""

    looks: int
    """Looks of the stretch that it had learned from."""
    movements: int
    rebuilt: bool
    """False: no snapshot from before the stretch is left, and ``anew`` begin anew."""
    relearned: int
    """Looks and movements that were learned again."""
    anew: tuple[str, ...]
    as_before: tuple[str, ...]
    """Parts that are as they were in the snapshot before the stretch."""
    digest: str
    """SHA-256 over what was learned in the stretch."""


def unlearn(
    logs: Path,
    folder: Path,
    wanted: Wanted,
    erasure: Erasure | None,
    progress: Progress,
    nights: EpisodeStore | None = None,
) -> Unlearned | None:
    """Stage the state folder as if the stretches had not been; None looks only.

    ``nights`` still has the looks and movements of files that the log no longer has. Returns None
    where nothing was learned since. Raises ``OSError``. The folder must be locked.
    """
    since_ns = wanted.learned_since_ns
    files = _state_files(folder)
    if since_ns is None or not files:
        return None
    start, moments, lived = read_since(logs, wanted, progress)
    if nights is not None:
        moments = with_older(
            moments, nights, wanted, since_ns if start is None else start.t_wall_ns
        )
        lived |= not all(one.stays for one in moments)
    if not lived and max(path.stat().st_mtime_ns for path in files) < since_ns:
        return None
    lost = [one for one in moments if not one.stays and one.learned is not None]
    looks = sum(one.look is not None for one in lost)
    moves = sum(one.reach is not None for one in lost)
    digest = hashlib.sha256(msgspec.msgpack.encode([one.learned for one in lost])).hexdigest()
    if start is None:
        gone = _part_names(files)
        if erasure is not None:
            for path in files:
                erasure.remove(path)
            _stage_history(folder, since_ns, None, erasure)
        return Unlearned(
            looks, moves, rebuilt=False, relearned=0, anew=gone, as_before=(), digest=digest
        )
    relearned = _relearn(start, moments)
    states = start.cerebellum.states()
    if erasure is not None:
        _stage(folder, files, start, states, erasure)
        _stage_history(folder, since_ns, (start.t_wall_ns, states), erasure)
    told = {*LOOKED_PARTS, *MOVED_PARTS}
    as_before = tuple(kind.KIND for kind in KINDS if kind not in told)
    return Unlearned(
        looks, moves, rebuilt=True, relearned=relearned, anew=(), as_before=as_before, digest=digest
    )


def _state_files(folder: Path) -> list[Path]:
    """Every file that may hold what was learned: parts, previous, torn and set aside ones."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for top in (folder, *folder.glob(_RESET_FOLDERS))
        for path in top.iterdir()
        if SUFFIX in path.name and path.is_file()
    )


def _part_names(files: list[Path]) -> tuple[str, ...]:
    return tuple(sorted({path.name.partition(SUFFIX)[0] for path in files}))


def _relearn(start: Start, moments: list[Moment]) -> int:
    """Learn again what stays; how much it was."""
    cerebellum, count = start.cerebellum, 0
    cerebellum.pointing.table.frozen = cerebellum.turning.table.frozen = False
    # A look is learned over some ticks and recorded at the end: one that was under way is whole.
    recorded_yet = cerebellum.pointing.at_rest
    cerebellum.pointing.finish()
    for one in moments:
        if one.learned is None:
            if one.t_wall_ns > start.t_wall_ns:
                cerebellum.pointing.moved(RESTARTED_CHANGE)
            continue
        if not one.stays:
            continue
        if one.reach is not None:
            cerebellum.turning.table.learn(movement_again(one.reach))
            count += 1
        if any(_carried(touch, one.t_mono_ns) for touch in one.learned.touches):
            cerebellum.pointing.moved()
        if one.look is not None:
            if not recorded_yet:
                recorded_yet = True
                continue
            evidence = evidence_again(one.look, one.t_mono_ns)
            cerebellum.pointing.learn(evidence, one.t_mono_ns, one.t_wall_ns)
            count += 1
    return count


def _carried(touch: TouchRecord, now_ns: int) -> bool:
    """As ``cerebellum.cerebellum`` takes it, of a touch that was told of in this tick."""
    over = touch.phase == Phase.OVER.value and touch.kind in (Kind.LIFT.value, Kind.TURN.value)
    lasted_s = (now_ns - touch.since_ns) * _NS
    return over and lasted_s >= CARRIED_S and touch.confidence >= SURE_CARRIED


def _stage(
    folder: Path,
    files: list[Path],
    start: Start,
    states: tuple[PartState, ...],
    erasure: Erasure,
) -> None:
    """Stage the rebuilt parts; previous ones, those set aside and those of another rate go."""
    rebuilt = {path_of(folder, type(state), start.period_s): state for state in states}
    for path in files:
        if path not in rebuilt:
            erasure.remove(path)
    for path, state in rebuilt.items():
        erasure.write(path, snapshot.to_bytes(state))


def _stage_history(
    folder: Path,
    since_ns: int,
    now: tuple[int, tuple[PartState, ...]] | None,
    erasure: Erasure,
) -> None:
    """Stage how learning went: up to the stretch, and where it stands now."""
    for path in (folder / learning_history.NAME, *folder.glob(f"{_RESET_FOLDERS}/*.jsonl")):
        if not path.exists():
            continue
        kept = [one for one in learning_history.read(path.parent) if one.t_wall_ns < since_ns]
        if now is not None and path.parent == folder:
            kept.append(learning_history.entry(*now))
        erasure.write(path, b"".join(msgspec.json.encode(one) + b"\n" for one in kept))
