"""What a robot has learned, in a folder: one snapshot for each part.

Each part has its own kind, version and fallback, so one that is damaged or has changed its layout
costs nothing but itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numpy as np

from cerebellum import snapshot
from cerebellum.agency import Agency, AgencyState
from cerebellum.cerebellum import Cerebellum
from cerebellum.forward_model import ForwardModel
from cerebellum.forward_state import ForwardModelState
from cerebellum.own_motion import OwnMotionState
from cerebellum.pointing import Pointing, RenewalState
from cerebellum.reach_table import ReachTable, ReachTableState
from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import SelectorState
from cerebellum.settings import CerebellumSettings
from cerebellum.snapshot import SUFFIX, PartState, SnapshotError
from cerebellum.variants import CATALOGUE
from cerebellum.yaw_table import RESTARTED_CHANGE, YawTable, YawTableState

State = TypeVar("State", bound=PartState)
Part = TypeVar("Part")

KINDS: Final[tuple[type[PartState], ...]] = (
    YawTableState,
    SelectorState,
    RenewalState,
    ReachTableState,
    ForwardModelState,
    OwnMotionState,
    AgencyState,
)


def path_of(folder: Path, kind: type[PartState], period_s: float) -> Path:
    """Where a part is kept; what depends on the rate of the loop has a file for each."""
    rate = f"-{1.0 / period_s:.0f}hz" if kind is ForwardModelState else ""
    return folder / f"{kind.KIND}{rate}{SUFFIX}"


def keep(folder: Path, states: tuple[PartState, ...], period_s: float) -> None:
    """Write every part. Raises ``OSError`` as the disk does, ``SnapshotError`` on a bad number."""
    folder.mkdir(parents=True, exist_ok=True)
    for state in states:
        snapshot.save(path_of(folder, type(state), period_s), state)


def restore(
    folder: Path, settings: CerebellumSettings, period_s: float, rng: np.random.Generator
) -> tuple[Cerebellum, tuple[str, ...]]:
    """What was kept in ``folder``, and one line for each part that was damaged.

    A part that was never kept, or cannot be read, begins anew. The yaw table is told that the
    robot may have been carried while it was off.
    """
    trouble: list[str] = []

    def part(kind: type[State], make: Callable[[State], Part], like: State) -> Part | None:
        """A part as it was kept; None where it is not there, or not whole."""
        path = path_of(folder, kind, period_s)
        try:
            found = snapshot.load(path, kind)
        except OSError as error:
            trouble.append(f"{path}: {error.strerror}; {kind.KIND} starts anew")
            return None
        if found.message is not None:
            trouble.append(found.message)
        if found.state is None:
            return None
        try:
            _refuse_shapes(found.state, like)
            return make(found.state)
        except ValueError as error:
            trouble.append(f"{path}: {error}; {kind.KIND} starts anew")
            return None

    fresh = Cerebellum(settings, period_s, rng.spawn(1)[0])
    like = {type(state): state for state in fresh.states()}

    def kept(kind: type[State], make: Callable[[State], Part]) -> Part | None:
        """The same, beside a part that is new, for the shapes of its arrays."""
        return part(kind, make, cast("State", like[kind]))

    table = kept(YawTableState, YawTable.from_state)
    pointing = Pointing(
        table or fresh.pointing.table,
        kept(SelectorState, _selector) or fresh.pointing.selector,
        kept(RenewalState, _as_it_is) or fresh.pointing.renewal(),
    )
    if table is not None:
        pointing.moved(RESTARTED_CHANGE)
    made = Cerebellum(
        settings,
        period_s,
        rng,
        pointing=pointing,
        reach=kept(ReachTableState, ReachTable.from_state),
        model=kept(ForwardModelState, ForwardModel),
        own_motion=kept(OwnMotionState, _as_it_is),
        agency=kept(AgencyState, Agency.from_state),
    )
    return made, tuple(trouble)


def _as_it_is(state: State) -> State:
    return state


def _selector(state: SelectorState) -> SynapticSelector:
    if len(state.count) != len(CATALOGUE):
        raise SnapshotError(f"it chooses among {len(state.count)} variants of {len(CATALOGUE)}")
    return SynapticSelector.from_state(state)


def _refuse_shapes(state: object, like: object) -> None:
    """Raise ``SnapshotError`` where an array of a state has another shape than in ``like``."""
    for field in fields(cast("Any", state)):
        found, wanted = getattr(state, field.name), getattr(like, field.name)
        if is_dataclass(found):
            _refuse_shapes(found, wanted)
        elif isinstance(found, np.ndarray) and found.shape != wanted.shape:
            raise SnapshotError(f"{field.name} is {found.shape}, this program's {wanted.shape}")
