"""Opens a log in Rerun with plots, events and frames laid out.

    pip install rerun-sdk
    python tools/viewers/rerun_plots.py LOG

Rerun opens the same files by itself (``rerun LOG/*.mcap``); it then has every field as a column but
lays out only the events. The selectors below are what its plots ask for; the paths of Foxglove's
plots are the same with an index: ``/tick.sense.joints.current_a[0]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import rerun as rr
import rerun.blueprint as rrb

from hippocampus.reader import find_segments

TICK: Final = "ember.TickRecord:message"
TIMING: Final = "ember.TimingRecord:message"
PLOTS: Final = {
    "joint positions, rad": ("/tick", TICK, [".sense.joints.position_rad[]"]),
    "joint currents, A": ("/tick", TICK, [".sense.joints.current_a[]"]),
    "head, rad": ("/tick", TICK, [".sense.head.yaw_rad", ".requested.head_yaw_rad"]),
    "sound and face, rad": (
        "/tick",
        TICK,
        [".sense.doa.azimuth_rad", ".sense.doa.mirror_rad", ".sense.camera.face_yaw_rad"],
    ),
    "turning, rad/s": ("/tick", TICK, [".sense.imu.gyroscope_rad_s[]"]),
    "mode": ("/tick", TICK, [".mode.value"]),
    "lateness, ns": ("/timing", TIMING, [".lateness_ns"]),
}
"""Title to entity, component and selectors (jq-like; ``[]`` draws a line for each element)."""


def plot(title: str, entity: str, component: str, selectors: list[str]) -> Any:
    """A time series of fields of a message."""
    lines = [
        rr.SeriesLines(names=selector).visualizer(
            mappings=[
                rrb.encodings.VisualizerComponentMapping(
                    target="Scalars:scalars",
                    source_kind=rrb.encodings.ComponentSourceKind.SourceComponent,
                    source_component=component,
                    selector=selector,
                )
            ]
        )
        for selector in selectors
    ]
    return rrb.TimeSeriesView(name=title, contents=entity, overrides={entity: lines})


def main() -> None:
    """Start the viewer, or join the one at ``--connect``, and send it the log."""
    parser = argparse.ArgumentParser(description="Open a log in Rerun with plots.")
    parser.add_argument("log", type=Path, help="a session's folder, a file, a folder of sessions")
    parser.add_argument("--connect", metavar="URL", help="a viewer that runs already")
    arguments = parser.parse_args()
    plots = [plot(title, *what) for title, what in PLOTS.items()]
    events = rrb.TextLogView(name="events", contents="/log")
    blueprint = rrb.Blueprint(rrb.Grid(*plots, events))
    recording = rr.RecordingStream("ember")
    if arguments.connect:
        recording.connect_grpc(arguments.connect, default_blueprint=blueprint)
    else:
        recording.spawn(default_blueprint=blueprint)
    for segment in find_segments(arguments.log):
        recording.log_file_from_path(segment)
    recording.flush()


if __name__ == "__main__":
    main()
