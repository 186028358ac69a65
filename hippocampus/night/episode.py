"""A day as the night leaves it: its episodes, its sums, and which files it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from hippocampus.night.label import Label, Span

DAY_FILE: Final = "day.json"


class Kept(StrEnum):
    """What became of the raw data of an episode or a file."""

    RAW = "raw"
    """Every tick is there."""
    THINNED = "thinned"
    """Some ticks are left out; events, touches and looks are all there."""
    FORGOTTEN = "forgotten"
    """Only the episode's labels are left."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of an episode's salience and what it came to, 0 to 1."""

    term: str
    """prediction_error, touch, reward, novelty, people, trouble."""
    value: float


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of a life that belongs together."""

    key: str
    """The same whenever the same files are read again: ``SESSION:first_tick-last_tick``."""
    spans: tuple[Span, ...]
    """One for each file that it touches, in order; never none."""
    salience: float
    """0 to 1."""
    reasons: tuple[Reason, ...]
    """Every term, the largest first."""
    kept: Kept
    labels: tuple[Label, ...]
    """In the order of their beginnings."""

    @property
    def start_ns(self) -> int:
        """Unix time of its first tick."""
        return self.spans[0].start_ns

    @property
    def end_ns(self) -> int:
        """Unix time of its last tick."""
        return self.spans[-1].end_ns


@dataclass(frozen=True, slots=True)
class Hour:
    """Sums of one hour of the day, local time."""

    hour: int
    """0 to 23."""
    ticks: int = 0
    lived_s: float = 0.0
    awake_s: float = 0.0
    moving_s: float = 0.0
    energy_j: float = 0.0
    max_temperature_c: float | None = None
    min_voltage_v: float | None = None
    touches: int = 0
    voices: int = 0
    people_s: float = 0.0
    looks: int = 0
    rewarded: int = 0
    """Looks that the cerebellum learned from."""
    reward_sum: float = 0.0
    """Over those, each 0 to 1."""
    faults: int = 0
    surprise_sum: float = 0.0
    """Of the forward model's largest residual, in deviations, over ``surprise_ticks``."""
    surprise_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """How often something was labelled."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Sums of a day."""

    ticks: int
    lived_s: float
    """Time that ticks cover, gaps left out."""
    awake_s: float
    moving_s: float
    energy_j: float
    """Of all servos: current times voltage."""
    max_temperature_c: float | None
    min_voltage_v: float | None
    touches: int
    voices: int
    people_s: float
    """Time with a face in sight."""
    looks: int
    looks_found: int
    reward_mean: float | None
    """Over all looks, 0 to 1."""
    surprise_mean: float | None
    """Of the forward model's largest residual, in deviations, over ticks that it saw."""
    surprise_max: float | None
    counts: tuple[Count, ...]
    """Labels of each kind."""
    faults: tuple[Count, ...]
    """How often each fault came."""
    hours: tuple[Hour, ...]
    """Those with a tick, in order."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of the log, and what the night made of it."""

    name: str
    """Under the folder of the logs: ``SESSION/000012.mcap``."""
    bytes: int
    """As it was read."""
    sha256: str
    """Of the file as it was read, hex."""
    ticks: int
    first_tick: int
    last_tick: int
    salience: float
    kept: Kept
    kept_bytes: int
    damage: tuple[str, ...] = ()
    """What could not be read, one line each."""


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of the robot's life, in its local time."""

    date: str
    """YYYY-MM-DD."""
    episodes: tuple[Episode, ...]
    """In the order of their beginnings."""
    background: tuple[Label, ...]
    """Labels that belong to no episode: own movements, sleeps, restarts, gaps."""
    totals: DayTotals
    logs: tuple[LogFile, ...]
    """In the order in which they were lived."""


def day_bytes(day: Day) -> bytes:
    """A day as the file ``day.json``."""
    return msgspec.json.format(msgspec.json.encode(day), indent=1) + b"\n"
