"""One leg of an export: from a few files of a log to frames, episodes and their statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hippocampus import ember_pb2 as pb
from hippocampus.codec import decode
from hippocampus.export.bulk import read_segment
from hippocampus.export.episodes import (
    FEWEST_FRAMES,
    Episode,
    cut_episodes,
    event_rows,
    frame_rows,
)
from hippocampus.export.feature_table import feature_table
from hippocampus.export.features import Feature, Frames, read_frames, take_rows
from hippocampus.export.plan import Leg, Plan
from hippocampus.export.statistics import Moments, group_moments, sampled_rows
from hippocampus.export.where import parse_condition
from hippocampus.export.wire_columns import Columns, decode_columns
from hippocampus.reader import TicksDigest
from hippocampus.salvage import RawMessage
from hippocampus.tick_record import EventRecord
from hippocampus.topics import TOPIC_OF

EVENT_NAMES: Final = "event.names"
SESSION: Final = "log.session"
_JOINED_BY: Final = "; "
_QUIET: Final = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """What came before a leg: numbers go on from here."""

    frames: int = 0
    episodes: int = 0
    data_files: int = 0
    tasks: tuple[str, ...] = ()
    """In the order of their numbers."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What a leg gives."""

    before: Counted
    after: Counted
    frames: Frames
    """Every feature, those of the dataset itself included; empty when no tick was wanted."""
    episodes: tuple[Episode, ...]
    first_frames: NDArray[np.int64]
    """Where each episode begins among the leg's frames."""
    first_ticks: NDArray[np.int64]
    moments: Moments
    """Of each episode, all entries of all features with numbers side by side."""
    sample: NDArray[np.float64]
    """Some frames [entries, frames] of the same entries."""
    columns: Columns
    """Every tick of the leg, wanted or not."""
    beside: tuple[RawMessage, ...]
    digest: str
    damage: tuple[str, ...]


def own_features() -> tuple[Feature, ...]:
    """Columns that do not come out of a tick alone, in their order."""

    def own(name: str, dtype: str, text: str) -> Feature:
        return Feature(name, dtype, (name,), text, _not_of_a_tick)

    return (
        own(EVENT_NAMES, "string", "name and text of every event told in this tick"),
        own("event.level", "int64", "of the gravest: 0 none, 2 info, 3 warning, 4 error"),
        own(SESSION, "int64", "number of the session in meta/ember.json"),
        own("timestamp", "float32", "frame_index / fps, s; the true time is time.mono_ns"),
        own("frame_index", "int64", "in its episode"),
        own("episode_index", "int64", "in the dataset"),
        own("index", "int64", "in the dataset"),
        own("task_index", "int64", "number of the task in meta/tasks.parquet"),
    )


def numeric_features(plan: Plan) -> tuple[Feature, ...]:
    """Those that statistics are of."""
    return tuple(feature for feature in all_features(plan) if feature.dtype != "string")


def all_features(plan: Plan) -> tuple[Feature, ...]:
    """Every column of the dataset, in its order."""
    return (*feature_table(plan.widths), *own_features())


@dataclass(frozen=True, slots=True)
class LegContent:
    """The ticks of a leg, and all that stands beside them."""

    rows: list[bytes]
    columns: Columns
    beside: list[RawMessage]
    damage: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """What a leg adds to those before it."""

    frames: int
    episodes: int
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A leg with everything but the numbers that depend on the legs before it."""

    frames: Frames
    episodes: tuple[Episode, ...]
    lengths: NDArray[np.int64]
    first_ticks: NDArray[np.int64]
    content: LegContent

    @property
    def share(self) -> Share:
        """What it adds."""
        tasks = tuple(dict.fromkeys(episode.task for episode in self.episodes))
        return Share(int(self.lengths.sum()), len(self.episodes), tasks)


def follow(before: Counted, share: Share) -> Counted:
    """The counts after a leg."""
    if not share.episodes:
        return before
    return Counted(
        before.frames + share.frames,
        before.episodes + share.episodes,
        before.data_files + 1,
        tuple(dict.fromkeys((*before.tasks, *share.tasks))),
    )


def read_leg(leg: Leg) -> LegContent:
    """Read the files of a leg. Raises ``OSError``."""
    rows: list[bytes] = []
    beside: list[RawMessage] = []
    damage: list[str] = []
    for file in leg.files:
        segment = read_segment(Path(file.path))
        rows += segment.ticks
        beside += segment.beside
        damage += [f"{Path(file.path).name}: {lost.text}" for lost in segment.damage]
    columns, readable = decode_columns(pb.TickRecord, rows)
    if not readable.all():
        rows = [row for row, kept in zip(rows, readable, strict=True) if kept]
        damage.append(f"{int((~readable).sum())} ticks that cannot be decoded")
    return LegContent(rows, columns, beside, tuple(damage))


def draft_leg(plan: Plan, leg: Leg, content: LegContent) -> Draft:
    """Make of a leg what the plan says, as far as that depends on nothing before it."""
    columns = content.columns
    session = plan.sessions[leg.session]
    wanted = np.ones(len(content.rows), dtype=np.bool_)
    for text in plan.where:
        wanted &= parse_condition(text).holds(columns)
    kept = columns if wanted.all() else take_rows(columns, np.flatnonzero(wanted))
    events = _events(content.beside, columns, wanted)
    told = event_rows(kept, events) if wanted.any() else np.zeros(0, dtype=np.int64)
    stride = max(1, leg.thinned)
    rate_hz = session.rate_hz / stride
    whole = not leg.thinned
    cut = cut_episodes(kept, rate_hz, events, told, stride)
    rows = [frame_rows(kept, e, rate_hz, plan.fps, all_there=whole) for e in cut]
    episodes = tuple(e for e, at in zip(cut, rows, strict=True) if at.size >= FEWEST_FRAMES)
    picked = [at for at in rows if at.size >= FEWEST_FRAMES]
    frames: Frames = {}
    if episodes:
        at = np.concatenate(picked)
        unchanged = whole and at.size == kept["tick"].values.size and plan.fps == rate_hz
        source = kept if unchanged else take_rows(kept, at)
        frames = read_frames(feature_table(plan.widths), source)
        frames[EVENT_NAMES], frames["event.level"] = _labels(events, told, at)
        frames[SESSION] = np.full((at.size, 1), leg.session, dtype=np.int64)
    return Draft(
        frames=frames,
        episodes=episodes,
        lengths=np.array([part.size for part in picked], dtype=np.int64),
        first_ticks=kept["tick"].values[[episode.first for episode in episodes]],
        content=content,
    )


def numbered(plan: Plan, draft: Draft, before: Counted) -> Exported:
    """A leg in its place after those before it."""
    lengths, frames = draft.lengths, draft.frames
    after = follow(before, draft.share)
    first_frames = np.cumsum(lengths) - lengths
    numeric = np.zeros((0, 0))
    first_index = 0
    if draft.episodes:
        tasks = [after.tasks.index(episode.task) for episode in draft.episodes]
        frames = frames | _numbers(plan.fps, before, lengths, tasks)
        numeric = np.concatenate(
            [frames[feature.name] for feature in numeric_features(plan)], axis=1, dtype=np.float64
        )
        first_index = before.frames
    some = sampled_rows(len(numeric), len(plan.legs), first_index)
    return Exported(
        before=before,
        after=after,
        frames=frames,
        episodes=draft.episodes,
        first_frames=first_frames,
        first_ticks=draft.first_ticks,
        moments=group_moments(numeric, first_frames),
        sample=numeric[some].T,
        columns=draft.content.columns,
        beside=tuple(draft.content.beside),
        digest=_digest(draft.content.rows),
        damage=draft.content.damage,
    )


def _not_of_a_tick(_: Columns) -> NDArray[Any]:
    raise AssertionError("this feature is made from more than a tick")


def _events(
    beside: Sequence[RawMessage], columns: Columns, wanted: NDArray[np.bool_]
) -> list[EventRecord]:
    """Events of the ticks that are wanted."""
    topic = TOPIC_OF[EventRecord]
    decoded = (decode(EventRecord, item.data) for item in beside if item.topic == topic)
    events = [event for event in decoded if event is not None]
    if not wanted.size or not events:
        return []
    rows = event_rows(columns, events)
    return [event for event, row in zip(events, rows.tolist(), strict=True) if wanted[row]]


def _labels(
    events: Sequence[EventRecord], told: NDArray[np.int64], at: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Text and level of each frame's events; that of a skipped tick goes to the next frame."""
    labels = [""] * at.size
    levels = np.full((at.size, 1), _QUIET, dtype=np.int64)
    frames = np.minimum(np.searchsorted(at, told), at.size - 1)
    for event, frame in zip(events, frames.tolist(), strict=True):
        text = f"{event.name}: {event.text}" if event.text else event.name
        labels[frame] = f"{labels[frame]}{_JOINED_BY}{text}" if labels[frame] else text
        levels[frame] = max(int(levels[frame, 0]), event.level)
    return np.array(labels, dtype=np.object_), levels


def _numbers(
    fps: int, before: Counted, lengths: NDArray[np.int64], tasks: list[int]
) -> dict[str, NDArray[Any]]:
    """The columns that number frames, episodes and tasks."""
    total = int(lengths.sum())
    frame = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    numbers: dict[str, NDArray[Any]] = {
        "timestamp": (frame / fps).astype(np.float32),
        "frame_index": frame,
        "episode_index": before.episodes + np.repeat(np.arange(lengths.size), lengths),
        "index": before.frames + np.arange(total),
        "task_index": np.repeat(np.array(tasks, dtype=np.int64), lengths),
    }
    return {name: column[:, None] for name, column in numbers.items()}


def _digest(rows: Sequence[bytes]) -> str:
    """As ``TicksDigest``, over the ticks of a leg."""
    digest = TicksDigest()
    for row in rows:
        digest.add(row)
    return digest.hex()
