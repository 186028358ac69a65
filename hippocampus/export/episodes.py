"""Where a life is cut into episodes, and which ticks become frames.

An episode is a stretch without a missing cycle, all awake or all asleep, that begins where
something was told (an event). Between two neighbouring ticks of an episode lies one period of the
loop, give or take half of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.command import Mode
from hippocampus.export.wire_columns import Columns
from hippocampus.tick_record import EventRecord

MISSING_PERIODS: Final = 1.5
"""A step longer than this says that a cycle is missing."""
SHORTEST_S: Final = 0.5
"""An event does not cut an episode that is younger."""
FEWEST_FRAMES: Final = 2
"""A frame alone is no episode: nothing follows from it, and public checkers fail a dataset that has
one. A condition that flickers leaves such ticks over; the native sidecar keeps them."""
AWAKE: Final = (Mode.RUN, Mode.DEGRADED, Mode.HOLD)
AWAKE_TASK: Final = "live on the desk"
ASLEEP_TASK: Final = "rest"
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of ticks: ``first`` to ``last``, both included, as row numbers."""

    first: int
    last: int
    awake: bool
    begun_by: str
    """Name of the event that it begins with, "" where it begins with a gap, sleep or waking."""

    @property
    def task(self) -> str:
        """What the robot did, in words."""
        doing = AWAKE_TASK if self.awake else ASLEEP_TASK
        return f"{doing}, after: {self.begun_by}" if self.begun_by else doing


def event_rows(columns: Columns, events: Sequence[EventRecord]) -> NDArray[np.int64]:
    """For each event the row of its tick: that one, or the first later, or the last of all."""
    ticks = columns["tick"].values
    order = np.argsort(ticks, kind="stable")
    told = np.array([event.tick for event in events], dtype=np.int64)
    at = np.minimum(np.searchsorted(ticks[order], told), ticks.size - 1)
    return order[at].astype(np.int64)


def cut_episodes(
    columns: Columns,
    rate_hz: float,
    events: Sequence[EventRecord],
    rows: NDArray[np.int64],
    stride: int = 1,
) -> list[Episode]:
    """Cut the ticks of a leg. ``rows`` are those of the events, -1 where the tick is left out.

    ``stride``: of so many ticks one is there at least, and ``rate_hz`` is that of those.
    """
    ticks = columns["tick"].values
    times = columns["sense.t_mono_ns"].values
    awake = np.isin(columns["mode"].values, AWAKE)
    if ticks.size == 0:
        return []
    steps = np.diff(times)
    cut = np.ones(ticks.size, dtype=np.bool_)
    cut[1:] = (
        (steps > MISSING_PERIODS * _SECOND_NS / rate_hz)
        | (steps <= 0)
        | (np.diff(ticks) > stride)
        | (np.diff(ticks) < 1)
        | (awake[1:] != awake[:-1])
    )
    names = {int(row): event.name for row, event in zip(rows, events, strict=True) if row >= 0}
    begins: list[tuple[int, str]] = []
    for row in sorted({*np.flatnonzero(cut).tolist(), *names}):
        if cut[row]:
            begins.append((row, ""))
        elif row - begins[-1][0] >= SHORTEST_S * rate_hz:
            begins.append((row, names[row]))
    ends = [row for row, _ in begins[1:]] + [ticks.size]
    return [
        Episode(first, end - 1, bool(awake[first]), name)
        for (first, name), end in zip(begins, ends, strict=True)
    ]


def frame_rows(
    columns: Columns, episode: Episode, rate_hz: float, fps: int, *, all_there: bool = True
) -> NDArray[np.int64]:
    """The ticks of an episode that become its frames, ``fps`` of them a second.

    At the log's own rate that is every tick once, where none was left out. At another one frame k
    is the newest tick that is not later than k / fps after the first, give or take half a period of
    the loop.
    """
    if fps == rate_hz and all_there:
        return np.arange(episode.first, episode.last + 1)
    times = columns["sense.t_mono_ns"].values[episode.first : episode.last + 1]
    since_s = (times - times[0]) / _SECOND_NS
    slack_s = 0.5 / rate_hz
    grid_s = np.arange(int((since_s[-1] + slack_s) * fps) + 1) / fps
    return episode.first + np.searchsorted(since_s, grid_s + slack_s, side="right") - 1
