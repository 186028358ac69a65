"""The dataset's README.md: what is in it, where it is from, and what to know before using it."""

from __future__ import annotations

from typing import Final

from hippocampus.export.leg import all_features
from hippocampus.export.plan import Plan
from hippocampus.export.work import LegNote

_LOADING: Final = {
    "lerobot": """\
    from lerobot.datasets.lerobot_dataset import LeRobotDataset
    dataset = LeRobotDataset("local/ember", root="THIS FOLDER")""",
    "parquet": """\
    import pyarrow.dataset
    frames = pyarrow.dataset.dataset("THIS FOLDER/data", format="parquet")""",
    "webdataset": """\
    import webdataset
    episodes = webdataset.WebDataset("THIS FOLDER/shards/shard-{000000..N}.tar").decode()""",
}
_CONFIG: Final = """\
configs:
- config_name: default
  data_files: data/*/*.parquet
"""


def card(plan: Plan, notes: list[LegNote]) -> str:
    """The card as Markdown with the front matter that dataset hubs read."""
    return f"""{_front_matter(plan)}

{_introduction(plan, notes)}

{_features(plan)}

## Tasks

{chr(10).join(f"{number}. {task}" for number, task in enumerate(notes[-1].after.tasks))}

{_sessions(plan)}

{f"Only ticks where {' and '.join(plan.where)}." if plan.where else "Every tick is in it."}

## Native sidecar

{_SIDECAR if plan.native else "Left out."}

{_STATISTICS}

## Lost in the logs

{_lost(notes)}
"""


def _front_matter(plan: Plan) -> str:
    return f"""---
task_categories:
- robotics
tags:
- {"LeRobot" if plan.format == "lerobot" else plan.format}
- reachy-mini
{"" if plan.format == "webdataset" else _CONFIG}---"""


def _introduction(plan: Plan, notes: list[LegNote]) -> str:
    last = notes[-1].after
    return f"""# A life of Ember

{last.frames:,} frames in {last.episodes:,} episodes at {plan.fps} a second, from the log of a desk
robot with nine servos, an IMU, four microphones and a camera. Written by `ember export`, format
{plan.format}.

{_LOADING[plan.format]}

## Time

`timestamp` is `frame_index / fps`, as loaders expect it. The true times of each frame are
`time.mono_ns` and `time.wall_ns`. Between two frames of an episode no cycle of the loop is
missing; where one was, a new episode begins. Other cuts: falling asleep and waking, events, and
about every ten minutes the end of a few log files.{_resampled(plan)}

{_ABSENT}"""


def _features(plan: Plan) -> str:
    rows = "\n".join(
        f"| `{feature.name}` | {feature.dtype} | {feature.width} | {feature.text} |"
        for feature in all_features(plan)
    )
    return f"""## Features

| feature | type | entries | what |
|---|---|---|---|
{rows}

Joints are in the order body yaw, six legs, right antenna, left antenna. Frames follow REP-103: x
forward, y left, z up, yaw positive to the left."""


def _sessions(plan: Plan) -> str:
    rows = "\n".join(
        f"| {number} | {found.session_id} | {found.body} | {found.rate_hz:g} "
        f"| {found.bundle_name} |"
        for number, found in enumerate(plan.sessions)
    )
    return f"""## Sessions

| number | session | body | Hz | network |
|---|---|---|---|---|
{rows}"""


def _lost(notes: list[LegNote]) -> str:
    damage = [text for note in notes for text in note.damage]
    return "\n".join(f"- {text}" for text in damage) if damage else "Nothing."


_ABSENT: Final = """\
## What is absent

A stream that is absent or stale is 0, and False in `observation.mask`. A number that was not
finite is 0, and `observation.finite` is False in that frame. No pictures: the log holds what the
camera saw (face, size, confidence, features), not its frames."""
_STATISTICS: Final = """\
## Statistics

`meta/stats.json` is computed from the frames of this dataset: minimum, maximum, mean and standard
deviation over all of them, quantiles over evenly spaced ones. Each episode has its own, without
quantiles, in `meta/episodes`."""
_SIDECAR: Final = """\
`native/` holds every tick of the logs at its own rate, in float64, and every other record as the
bytes that were recorded. Nothing is lost in it: the ticks that it gives back have the digests that
`meta/ember.json` names, which are those of the log files. `hippocampus.export.native` reads it."""


def _resampled(plan: Plan) -> str:
    rates = sorted({session.rate_hz for session in plan.sessions})
    if all(rate == plan.fps for rate in rates):
        return ""
    told = ", ".join(f"{rate:g}" for rate in rates)
    return f"""

The logs ran at {told} Hz: a frame is the newest tick that is not later than its time, give or
take half a period; none is made up between two ticks."""
