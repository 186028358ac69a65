"""What the night makes of the cerebellum's tables: the day's looks and reaches, lived again.

Replay mixes what was new with what was long known, so that one day does not push out the others
(complementary learning systems: McClelland, McNaughton and O'Reilly 1995). It is never taken on
trust: of four trials one is held out, the table as it is and the table after the replay are both
asked about those, and the new one takes its place only when it is shown to be better on the day's
and no worse on older ones. The table as it is has learned from the held-out trials when they were
lived, the new one has not seen them in its replay, so the comparison favours what is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cerebellum import snapshot
from cerebellum.plasticity import wrapped
from cerebellum.reach_table import LEFT, RIGHT, ReachTable, ReachTableState
from cerebellum.snapshot import PREVIOUS_SUFFIX, SUFFIX, PartState, SnapshotError
from cerebellum.yaw_table import YawTable, YawTableState
from ember_embodied.past_trials import (
    believed_look,
    believed_reach,
    evidence_again,
    movement_again,
)
from hippocampus.night.collaborators import Consolidated, Experience, NamedFile
from hippocampus.night.moments import HeardLook, MadeReach

HELD_OUT_EVERY: Final = 4
FEWEST: Final = 8
"""Held-out trials of the day; fewer prove nothing."""
OLDER: Final = 200
"""Trials of earlier days that are replayed and asked about, the newest."""
ONE_SIDED_95: Final = 1.645
"""Standard errors by which the gain must be beyond nothing."""

Trial = TypeVar("Trial")
Table = TypeVar("Table")
Errors = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Proof:
    """What the held-out trials said. Mean absolute errors in rad."""

    before_rad: float
    after_rad: float
    trials: int
    better: bool
    """By more than chance would do."""
    older_worse: bool


@dataclass(frozen=True, slots=True)
class Replayed(Generic[Trial, Table]):
    """How one kind of table lives its trials again."""

    copied: Callable[[Table], Table]
    learn: Callable[[Table, Trial], None]
    errors: Callable[[Table, Sequence[Trial]], Errors]
    """By the table as it would act now, rad."""
    older_errors: Callable[[Table, Sequence[Trial]], Errors]

    def run(
        self, table: Table, today: Sequence[Trial], older: Sequence[Trial]
    ) -> tuple[Table, Proof | None]:
        """The table after the replay, and what the held-out trials say of it.

        None: there are too few of them.
        """
        asked, lived = today[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY], _rest(today)
        if len(asked) < FEWEST:
            return table, None
        asked_older, lived_older = older[::HELD_OUT_EVERY], _rest(older, first=0)
        made = self.copied(table)
        # What is old first: rooms and surprise end where the day ended.
        for trial in (*lived_older, *lived):
            self.learn(made, trial)
        before, after = self.errors(table, asked), self.errors(made, asked)
        worse = bool(asked_older) and bool(
            np.mean(self.older_errors(made, asked_older) - self.older_errors(table, asked_older))
            > 0.0
        )
        gain = before - after
        doubt = float(np.std(gain, ddof=1)) / math.sqrt(len(gain))
        better = float(gain.mean()) > max(0.0, ONE_SIDED_95 * doubt)
        return made, Proof(float(before.mean()), float(after.mean()), len(asked), better, worse)


def consolidate(folder: Path, experience: Experience) -> Consolidated:
    """New snapshots for the tables in ``folder`` that the replay has made better.

    The folder belongs to the caller (``ember_embodied.keeper.Lock``). Raises ``OSError``.
    """
    looks = [look for look in experience.looks if believed_look(look)]
    older_looks = [look for look in experience.older_looks if believed_look(look)][-OLDER:]
    reaches = [reach for reach in experience.reaches if believed_reach(reach)]
    older = [reach for reach in experience.older_reaches if believed_reach(reach)][-OLDER:]
    parts = (
        _part(folder, YawTableState, YawTable.from_state, YawTable.state, _YAW, looks, older_looks),
        _part(
            folder, ReachTableState, ReachTable.from_state, ReachTable.state, _REACH, reaches, older
        ),
    )
    return Consolidated(
        tuple(file for files, _ in parts for file in files), tuple(told for _, told in parts)
    )


StateT = TypeVar("StateT", bound=PartState)


def _part(
    folder: Path,
    kind: type[StateT],
    of_state: Callable[[StateT], Table],
    state_of: Callable[[Table], StateT],
    replayed: Replayed[Trial, Table],
    today: Sequence[Trial],
    older: Sequence[Trial],
) -> tuple[tuple[NamedFile, ...], str]:
    """New files of one table, and what is to be told of it."""
    name = kind.KIND.replace("_", " ")
    path = folder / f"{kind.KIND}{SUFFIX}"
    found = snapshot.load(path, kind)
    if found.state is None:
        return (), f"{name}: {found.message or 'none is kept yet'}"
    try:
        table = of_state(found.state)
    except (SnapshotError, ValueError) as error:
        return (), f"{name}: left as it is, of another version: {error}"
    made, proof = replayed.run(table, today, older)
    if proof is None:
        fewest = FEWEST * HELD_OUT_EVERY
        return (), f"{name}: left as it is; {len(today)} trials, {fewest} are needed for a proof"
    errors = (
        f"error of {proof.trials} held-out trials {math.degrees(proof.before_rad):.2f} -> "
        f"{math.degrees(proof.after_rad):.2f} deg"
    )
    if proof.older_worse or not proof.better:
        why = "older ones are worse" if proof.older_worse else "not shown to be better"
        return (), f"{name}: left as it is; the replay was {why} ({errors})"
    files = [NamedFile(path.name, snapshot.to_bytes(state_of(made)))]
    if found.message is None:
        # A damaged file does not take the place of a sound previous one.
        files.append(NamedFile(path.name + PREVIOUS_SUFFIX, path.read_bytes()))
    return tuple(files), f"{name}: {len(today)} trials lived again; {errors}"


def _rest(trials: Sequence[Trial], first: int = HELD_OUT_EVERY - 1) -> list[Trial]:
    """Those that are not held out."""
    return [trial for at, trial in enumerate(trials) if at % HELD_OUT_EVERY != first]


def _yaw_copied(table: YawTable) -> YawTable:
    return YawTable.from_state(replace(table.state(), frozen=False))


def _look(table: YawTable, look: HeardLook) -> None:
    table.learn(evidence_again(look, 0), 0)


def _look_errors(table: YawTable, looks: Sequence[HeardLook]) -> Errors:
    taken = (
        wrapped(table.correct(look.heard_rad, look.head_rad) - look.seen_rad) for look in looks
    )
    return np.abs(np.fromiter(taken, dtype=np.float64, count=len(looks)))


def _look_errors_by_room(table: YawTable, looks: Sequence[HeardLook]) -> Errors:
    """In the room that fits each look best: which one it was is not what is asked."""
    by_room = np.array([_look_errors(room, looks) for room in table.by_room()])
    return np.asarray(by_room.min(axis=0))


def _reach_copied(table: ReachTable) -> ReachTable:
    return ReachTable.from_state(replace(table.state(), frozen=False))


def _reach(table: ReachTable, reach: MadeReach) -> None:
    table.learn(movement_again(reach))


def _reach_errors(table: ReachTable, reaches: Sequence[MadeReach]) -> Errors:
    def error(reach: MadeReach) -> float:
        side = LEFT if reach.commanded_rad > reach.start_rad else RIGHT
        short = reach.commanded_rad - reach.measured_rad
        return abs(short - table.shortfall_rad(reach.commanded_rad, side))

    return np.fromiter(map(error, reaches), dtype=np.float64, count=len(reaches))


_YAW: Final[Replayed[HeardLook, YawTable]] = Replayed(
    _yaw_copied, _look, _look_errors, _look_errors_by_room
)
_REACH: Final[Replayed[MadeReach, ReachTable]] = Replayed(
    _reach_copied, _reach, _reach_errors, _reach_errors
)
