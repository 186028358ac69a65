"""How learning went: one line of JSON for each time that it was kept, the oldest dropped."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from cerebellum.population import CENTRES_RAD
from cerebellum.reach_table import LEFT, RIGHT, ReachTable, ReachTableState
from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import SelectorState
from cerebellum.snapshot import PartState
from cerebellum.variants import CATALOGUE
from cerebellum.yaw_table import YawTable, YawTableState

NAME: Final = "history.jsonl"
MOST_BYTES: Final = 400_000
"""Some thousand lines; then the older half goes."""
REACHES_RAD: Final = np.radians(np.arange(-90.0, 91.0, 15.0))


@dataclass(frozen=True, slots=True)
class Entry:
    """What was known at a time. Angles in degrees, for people."""

    t_wall_ns: int
    looks: int
    """Trials that the yaw table has learned from."""
    rooms: int
    bias_deg: float
    """Root mean square of the bias that it corrects, over all directions."""
    doubt_deg: float
    """Of it, median over directions."""
    surprise: float
    """Associability: 1 is usual, more after a change."""
    short_left_deg: float
    """How far short the body stays, mean over its reach, on movements to the left."""
    short_right_deg: float
    movements: int
    variant: str
    """The way to correct that has been best."""
    reward: float
    """Its mean, 0 to 1."""
    resets: int
    """Changes for the worse that the selector has found."""


def entry(wall_ns: int, states: Iterable[PartState]) -> Entry:
    """What the states of a cerebellum amount to. Raises ``ValueError`` where parts are missing."""
    found = {type(state): state for state in states}
    yaw, reach, choice = (
        found.get(kind) for kind in (YawTableState, ReachTableState, SelectorState)
    )
    if not (
        isinstance(yaw, YawTableState)
        and isinstance(reach, ReachTableState)
        and isinstance(choice, SelectorState)
    ):
        raise ValueError("the tables are missing")
    table, reaches = YawTable.from_state(yaw), ReachTable.from_state(reach)
    bias, doubt = table.bias_rad(CENTRES_RAD), table.doubt_rad(CENTRES_RAD)
    short = [
        float(np.mean([reaches.shortfall_rad(float(to), side) for to in REACHES_RAD]))
        for side in (LEFT, RIGHT)
    ]
    best = max(SynapticSelector.from_state(choice).statistics(), key=lambda one: one.mean)
    return Entry(
        t_wall_ns=wall_ns,
        looks=yaw.contexts.clock,
        rooms=len(table.contexts.rooms),
        bias_deg=math.degrees(math.sqrt(float(np.mean(bias * bias)))),
        doubt_deg=math.degrees(float(np.median(doubt))),
        surprise=yaw.surprise,
        short_left_deg=math.degrees(short[LEFT]),
        short_right_deg=math.degrees(short[RIGHT]),
        movements=round(float(reach.counts.sum())),
        variant=CATALOGUE[best.variant].name,
        reward=best.mean,
        resets=choice.resets,
    )


def append(folder: Path, new: Entry) -> None:
    """Add a line, unless nothing was learned since the last one. Raises ``OSError``."""
    path = folder / NAME
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    last = _entry(lines[-1]) if lines else None
    if last is not None and (last.looks, last.movements) == (new.looks, new.movements):
        return
    line = msgspec.json.encode(new) + b"\n"
    if sum(map(len, lines)) + len(line) <= MOST_BYTES:
        with path.open("ab") as file:
            file.write(line)
        return
    shorter = path.with_suffix(".new")
    shorter.write_bytes(b"".join([*lines[len(lines) // 2 :], line]))
    shorter.replace(path)


def read(folder: Path) -> list[Entry]:
    """Every line that can be read, oldest first; a torn one is left out."""
    path = folder / NAME
    if not path.exists():
        return []
    found = (_entry(line) for line in path.read_bytes().splitlines())
    return [one for one in found if one is not None]


def _entry(line: bytes) -> Entry | None:
    try:
        return msgspec.json.decode(line, type=Entry)
    except msgspec.DecodeError:
        return None
