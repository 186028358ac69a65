"""What a robot has learned, read from its folder: facts for people and for other programs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from cerebellum import snapshot
from cerebellum.agency import AgencyState
from cerebellum.forward_state import ForwardModelState
from cerebellum.own_motion import FLOOR, GAIN, OwnMotionState
from cerebellum.pointing import Pointing, RenewalState
from cerebellum.population import CENTRES_RAD
from cerebellum.reach_table import LEFT, RIGHT, ReachTable, ReachTableState
from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import SelectorState
from cerebellum.snapshot import SUFFIX, PartState, SnapshotError
from cerebellum.variants import CATALOGUE
from cerebellum.yaw_table import YawTable, YawTableState
from ember_embodied.errors import UserError
from ember_embodied.keeper import FROZEN

State = TypeVar("State", bound=PartState)
ROBOT_FOLDER: Final = Path("/var/lib/ember/state")
"""Where the service keeps it."""
REACHES_RAD: Final = np.radians(np.arange(-120.0, 121.0, 15.0))


@dataclass(frozen=True, slots=True)
class Direction:
    """The yaw table at one true direction."""

    bias_deg: float
    """Heard less seen; what is taken off."""
    doubt_deg: float
    confidence: float
    looks: float
    """Learned from here, shared among neighbours, over all rooms."""
    direction_deg: float


@dataclass(frozen=True, slots=True)
class Room:
    """One room that is told apart."""

    number: int
    probability: float
    looks: float
    bias_deg: tuple[float, ...]
    """At the directions of the table."""


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """One way to correct."""

    name: str
    looks: float
    reward: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class ReachFacts:
    """How far short the body stays of a commanded yaw, on its way to the left and to the right."""

    yaw_deg: float
    short_left_deg: float
    short_right_deg: float


@dataclass(frozen=True, slots=True)
class Learned:
    """All that is kept in a folder."""

    folder: str
    frozen: bool
    looks: int
    surprise: float
    pull_deg: float
    """How far echo pulls a reading from along the array's axis towards straight ahead."""
    directions: tuple[Direction, ...]
    rooms: tuple[Room, ...]
    reaches: tuple[ReachFacts, ...]
    movements: int
    variants: tuple[VariantFacts, ...]
    resets: int
    own_noise: float
    """How loud the own motors are, in parts of a usual robot's."""
    room_noise: float
    parts: tuple[str, ...]
    """Files that were read."""
    trouble: tuple[str, ...]
    """One line for each file that is damaged."""


def read(folder: Path) -> Learned:
    """What is kept in ``folder``. Raises ``UserError`` where nothing is."""
    if not folder.is_dir() or not any(folder.glob(f"*{SUFFIX}")):
        raise UserError(
            f"nothing learned in {folder.absolute()}; name the folder with --state"
            + (f", the service's is {ROBOT_FOLDER}" if folder != ROBOT_FOLDER else "")
        )
    trouble: list[str] = []

    def part(kind: type[State]) -> State | None:
        try:
            found = snapshot.load(folder / f"{kind.KIND}{SUFFIX}", kind)
        except OSError as error:
            raise UserError(f"{folder}: cannot be read: {error.strerror}") from error
        if found.message is not None:
            trouble.append(found.message)
        return found.state

    fresh = Pointing.anew(np.random.default_rng(0), 0.05)
    yaw, choice = part(YawTableState), part(SelectorState)
    reach, ears = part(ReachTableState), part(OwnMotionState)
    renewal = part(RenewalState)
    part(AgencyState)
    for path in sorted(folder.glob(f"{ForwardModelState.KIND}*{SUFFIX}")):
        found = snapshot.load(path, ForwardModelState)
        trouble += [found.message] if found.message else []
    try:
        table = YawTable.from_state(yaw) if yaw is not None else fresh.table
        selector = SynapticSelector.from_state(choice) if choice is not None else fresh.selector
        reaches = ReachTable.from_state(reach) if reach is not None else ReachTable()
        pointing = Pointing(table, selector, renewal or fresh.renewal())
    except (SnapshotError, ValueError) as error:
        raise UserError(f"{folder}: of another version of ember: {error}") from error
    noises = ears if ears is not None else OwnMotionState()
    return Learned(
        folder=str(folder.absolute()),
        frozen=(folder / FROZEN).exists(),
        looks=table.contexts.state().clock,
        surprise=table.state().surprise,
        pull_deg=math.degrees(float(table.contexts.weights()[-1])),
        directions=directions(pointing),
        rooms=rooms(table),
        reaches=tuple(
            ReachFacts(
                math.degrees(yaw_rad),
                math.degrees(reaches.shortfall_rad(yaw_rad, LEFT)),
                math.degrees(reaches.shortfall_rad(yaw_rad, RIGHT)),
            )
            for yaw_rad in REACHES_RAD.tolist()
        ),
        movements=round(float(reaches.state().counts.sum())),
        variants=tuple(
            VariantFacts(
                CATALOGUE[one.variant].name,
                one.count,
                one.mean,
                one.variant == pointing.choice.variant,
            )
            for one in selector.statistics()
        ),
        resets=selector.resets,
        own_noise=noises.gain / GAIN,
        room_noise=noises.floor / FLOOR,
        parts=tuple(sorted(path.name for path in folder.glob(f"*{SUFFIX}"))),
        trouble=tuple(trouble),
    )


def directions(pointing: Pointing) -> tuple[Direction, ...]:
    """The table at the directions of its cells."""
    table = pointing.table
    columns = (
        np.degrees(table.bias_rad(CENTRES_RAD)),
        np.degrees(table.doubt_rad(CENTRES_RAD)),
        pointing.confidence(),
        table.contexts.counts[list(table.contexts.rooms)].sum(axis=0),
        np.degrees(CENTRES_RAD),
    )
    return tuple(Direction(*row) for row in zip(*(c.tolist() for c in columns), strict=True))


def rooms(table: YawTable) -> tuple[Room, ...]:
    """The rooms that are told apart, the likeliest first."""
    contexts = table.contexts
    found = [
        Room(
            number,
            float(contexts.probability[number]),
            float(contexts.counts[number].sum()),
            tuple(np.degrees(one.bias_rad(CENTRES_RAD)).tolist()),
        )
        for number, one in zip(contexts.rooms, table.by_room(), strict=True)
    ]
    return tuple(sorted(found, key=lambda room: -room.probability))


def text_lines(learned: Learned) -> list[str]:
    """The facts for a terminal."""
    frozen = "  (frozen: it does not learn)" if learned.frozen else ""
    known = f"{learned.looks} looks, {len(learned.rooms)} rooms"
    state = f"surprise {learned.surprise:.2f} (1: usual), pull {learned.pull_deg:.1f} deg"
    lines = [
        f"folder    {learned.folder}{frozen}",
        f"hearing   {known}, {state}",
        "          direction   bias  doubt  confidence  looks",
    ]
    lines += [
        f"          {d.direction_deg:9.0f} {d.bias_deg:6.1f} {d.doubt_deg:6.1f} "
        f"{d.confidence:11.2f} {d.looks:6.1f}"
        for d in learned.directions
    ]
    lines += [
        f"room {room.number}    probability {room.probability:.2f}, {room.looks:.0f} looks"
        for room in learned.rooms
    ]
    lines.append(f"body      {learned.movements} movements; stays short by, deg:")
    lines.append("          to yaw      " + "".join(f"{r.yaw_deg:6.0f}" for r in learned.reaches))
    for name, key in (("going left", "short_left_deg"), ("going right", "short_right_deg")):
        values = "".join(f"{getattr(r, key):6.1f}" for r in learned.reaches)
        lines.append(f"          {name:<12}{values}")
    lines.append(f"ways to correct ({learned.resets} resets)")
    lines += [
        f"          {v.name:<14} reward {v.reward:.3f} in {v.looks:.0f} looks"
        + ("  <- in use" if v.chosen else "")
        for v in learned.variants
    ]
    lines.append(
        f"noise     own motors {learned.own_noise:.2f}, room {learned.room_noise:.2f} "
        "(1: as a usual robot's)"
    )
    return [*lines, *(f"damaged   {line}" for line in learned.trouble)]
