"""What a person sees of ``ember run``: a picture in a terminal, one line a second elsewhere.

The loop only stores a reference (``show``); a thread of its own turns the newest tick into text.
The text is formatted by hand and given to rich as one block: laying out a rich table holds the
interpreter for several milliseconds, and the loop would feel that.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import degrees, pi
from types import TracebackType
from typing import Final, Self, TextIO

from firmware_bridge.command import Mode
from firmware_bridge.joints import BODY_YAW, LEFT_ANTENNA, RIGHT_ANTENNA
from firmware_bridge.senses import CAMERA_STREAM, DOA_STREAM, IMU_STREAM, Fault, JointSense, usable
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord

REFRESH_S: Final = 0.25
PLAIN_PERIOD_S: Final = 1.0
CLOSING_TIMEOUT_S: Final = 2.0
EVENTS_SHOWN: Final = 5
RATE_WINDOW_TICKS: Final = 20
COMPASS_COLUMNS: Final = 71
LEVELS: Final = {1: "debug", 2: "info", 3: "warning", 4: "error", 5: "fatal"}
JOINT_HEADINGS: Final = (
    "body",
    "leg 1",
    "leg 2",
    "leg 3",
    "leg 4",
    "leg 5",
    "leg 6",
    "ant R",
    "ant L",
)
MODE_STYLES: Final = {
    Mode.RUN: "bold green",
    Mode.DEGRADED: "bold yellow",
    Mode.HOLD: "bold yellow",
    Mode.REST: "bold cyan",
    Mode.OFF: "bold",
    Mode.LIMP: "bold red",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything that one picture is drawn from."""

    title: str
    tick: TickRecord
    timing: TimingRecord
    elapsed_s: float
    rate_hz: float
    worst_lateness_ns: int
    missed_cycles: int
    log_place: str
    events: tuple[EventRecord, ...] = ()


class LiveView:
    """Draws the loop's newest tick in a thread; a context manager around the loop."""

    def __init__(self, out: TextIO, title: str, log_place: str) -> None:
        """``title``: body and bundle; ``log_place``: the log's path, or why there is none."""
        self.log_place = log_place
        self._out = out
        self._title = title
        self._latest: tuple[TickRecord, TimingRecord] | None = None
        self._first_ns = 0
        self._worst_ns = 0
        self._missed = 0
        self._tick_times_ns: deque[int] = deque(maxlen=RATE_WINDOW_TICKS)
        self._new_events: deque[EventRecord] = deque(maxlen=100)
        self._events: deque[EventRecord] = deque(maxlen=EVENTS_SHOWN)
        self._ended = threading.Event()
        draw = self._draw_picture if out.isatty() else self._draw_lines
        self._thread = threading.Thread(target=draw, name="live-view", daemon=True)

    def show(self, tick: TickRecord, timing: TimingRecord) -> None:
        """Take the tick as the newest one; only references are kept."""
        if self._latest is None:
            self._first_ns = timing.t_mono_ns
        self._latest = (tick, timing)
        self._tick_times_ns.append(timing.t_mono_ns)
        self._missed += timing.missed_cycles
        if timing.lateness_ns > self._worst_ns:
            self._worst_ns = timing.lateness_ns

    def event(self, event: EventRecord) -> None:
        """Show an event with the next picture."""
        self._new_events.append(event)

    def __enter__(self) -> Self:
        """Start to draw."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Draw the last tick and give the terminal back."""
        self._ended.set()
        self._thread.join(CLOSING_TIMEOUT_S)

    def _frame(self) -> Frame | None:
        if self._latest is None:
            return None
        tick, timing = self._latest
        times_ns = self._tick_times_ns.copy()
        span_s = (times_ns[-1] - times_ns[0]) * 1e-9
        return Frame(
            title=self._title,
            tick=tick,
            timing=timing,
            elapsed_s=(timing.t_mono_ns - self._first_ns) * 1e-9,
            rate_hz=(len(times_ns) - 1) / span_s if span_s > 0 else 0.0,
            worst_lateness_ns=self._worst_ns,
            missed_cycles=self._missed,
            log_place=self.log_place,
            events=tuple(self._events),
        )

    def _every(self, period_s: float, draw: Callable[[], None]) -> None:
        """Call ``draw`` until the loop has ended, and once more for its last tick."""
        try:
            while not self._ended.wait(period_s):
                draw()
            draw()
        except OSError:
            # Whoever read our output has gone; the robot runs on.
            return

    def _draw_picture(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        def draw() -> None:
            while self._new_events:
                self._events.append(self._new_events.popleft())
            if (frame := self._frame()) is not None:
                text = Text("\n".join(picture(frame)), no_wrap=True, overflow="crop")
                text.stylize(MODE_STYLES[frame.tick.mode], 0, text.plain.index("\n"))
                live.update(text, refresh=True)

        with Live(console=Console(file=self._out), auto_refresh=False) as live:
            self._every(REFRESH_S, draw)

    def _draw_lines(self) -> None:
        def draw() -> None:
            while self._new_events:
                self._write(event_line(self._new_events.popleft()))
            if (frame := self._frame()) is not None:
                self._write(plain_line(frame))

        self._every(PLAIN_PERIOD_S, draw)

    def _write(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


def picture(frame: Frame) -> list[str]:
    """The frame as lines of at most 80 columns; angles in degrees, left and down positive."""
    tick, timing = frame.tick, frame.timing
    sense, asked, head = tick.sense, tick.requested, tick.sense.head
    joints = sense.joints.joints if sense.joints is not None else ()
    measured = [f"{degrees(joint.position_rad):+.0f}" for joint in joints] or ["-"] * 9
    sent = [f"{degrees(rad):+.0f}" for rad in tick.sent.position_rad] if tick.sent else ["-"] * 9
    dropped = f", {timing.dropped_records} records dropped" if timing.dropped_records else ""
    gaze_asked = f"{_degrees(asked.head_yaw_rad)} {_degrees(asked.head_pitch_rad)}"
    gaze_measured = f"{_degrees(head.yaw_rad)} {_degrees(head.pitch_rad)}"
    return [
        f"{tick.mode.name:<9}{frame.title}   {frame.elapsed_s:.1f} s",
        f"loop     {_loop(frame)}, work {_milliseconds(_work_ns(timing))} ms",
        f"faults   {fault_names(tick.fault_bits)}",
        "",
        f"         {compass(frame)}",
        f"gaze     asked {gaze_asked}, measured {gaze_measured} (yaw, pitch)",
        f"sound    {_sound(tick)}",
        f"face     {_face(tick)}",
        f"imu      {_imu(tick)}",
        "",
        _row("", JOINT_HEADINGS),
        _row("asked", _asked(tick)),
        _row("sent", sent),
        _row("measured", measured),
        _row("mA", [f"{joint.current_a * 1e3:.0f}" for joint in joints]),
        _row("°C", [f"{joint.temperature_c:.0f}" for joint in joints]),
        "",
        f"log      {frame.log_place}{dropped}",
        *(event_line(event) for event in frame.events),
    ]


def plain_line(frame: Frame) -> str:
    """The frame in one line, for a pipe or a journal."""
    head, joints = frame.tick.sense.head, frame.tick.sense.joints
    return (
        f"{frame.elapsed_s:8.1f} s  {frame.tick.mode.name:<8} {_loop(frame)}  "
        f"gaze {_degrees(head.yaw_rad)} {_degrees(head.pitch_rad)}  "
        f"doa {_sound(frame.tick)}  {_load(joints.joints if joints else ())}  "
        f"faults {fault_names(frame.tick.fault_bits)}  log {frame.log_place}"
    )


def event_line(event: EventRecord) -> str:
    """One event: tick, level, name, text."""
    level = LEVELS.get(event.level, str(event.level))
    return f"{level:<8} {event.name}: {event.text} (tick {event.tick})"


def compass(frame: Frame) -> str:
    """Bearings around the robot from +180 degrees (left) to -180, seen from behind it."""
    sense = frame.tick.sense
    cells = ["·"] * COMPASS_COLUMNS
    cells[COMPASS_COLUMNS // 2] = "|"

    def mark(bearing_rad: float, sign: str) -> None:
        turn = 0.5 - max(-pi, min(pi, bearing_rad)) / (2.0 * pi)
        cells[round(turn * (COMPASS_COLUMNS - 1))] = sign

    if sense.doa is not None and usable(sense.doa, DOA_STREAM, sense.t_mono_ns):
        mark(sense.doa.mirror_rad, "s")
        mark(sense.doa.azimuth_rad, "S")
    if sense.camera is not None and sense.camera.confidence > 0.0:
        mark(sense.camera.face_yaw_rad, "F")
    mark(sense.head.yaw_rad, "^")
    return "".join(cells)


def fault_names(bits: Fault) -> str:
    """The faults in lower case, "none" when there are none."""
    return ", ".join((fault.name or "?").lower() for fault in bits) or "none"


def summary_lines(summary: Mapping[str, object], prefix: str = "") -> list[str]:
    """A summary as aligned lines, nested keys joined by a dot; numbers to four digits."""
    flat = dict(_flatten(summary))
    width = max(map(len, flat), default=0)
    return [f"{prefix}{key:<{width}}  {value}" for key, value in flat.items()]


def _flatten(summary: Mapping[str, object], path: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in summary.items():
        if isinstance(value, Mapping):
            rows += _flatten(value, f"{path}{key}.")
        else:
            rows.append((path + key, f"{value:.4g}" if isinstance(value, float) else str(value)))
    return rows


def _row(label: str, cells: list[str] | tuple[str, ...]) -> str:
    return f"{label:<9}" + "".join(f"{cell:>7}" for cell in cells)


def _asked(tick: TickRecord) -> list[str]:
    asked = ["-"] * 9
    asked[BODY_YAW] = _degrees(tick.requested.body_yaw_rad)
    asked[RIGHT_ANTENNA] = _degrees(tick.requested.antenna_right_rad)
    asked[LEFT_ANTENNA] = _degrees(tick.requested.antenna_left_rad)
    return [cell.removesuffix("°") for cell in asked]


def _degrees(angle_rad: float) -> str:
    return f"{degrees(angle_rad):+.0f}°"


def _milliseconds(duration_ns: int) -> str:
    return f"{duration_ns * 1e-6:.2f}"


def _work_ns(timing: TimingRecord) -> int:
    return timing.sense_ns + timing.think_ns + timing.act_ns + timing.record_ns - timing.io_ns


def _loop(frame: Frame) -> str:
    return (
        f"{frame.rate_hz:.1f} Hz, late {_milliseconds(frame.timing.lateness_ns)} ms "
        f"(worst {_milliseconds(frame.worst_lateness_ns)}), {frame.missed_cycles} missed"
    )


def _sound(tick: TickRecord) -> str:
    doa = tick.sense.doa
    if doa is None or not usable(doa, DOA_STREAM, tick.sense.t_mono_ns):
        return "none"
    kind = "speech" if doa.speech else "no speech"
    return f"{_degrees(doa.azimuth_rad)} or {_degrees(doa.mirror_rad)}, {kind} {doa.energy:.2f}"


def _face(tick: TickRecord) -> str:
    camera = tick.sense.camera
    if camera is None or not usable(camera, CAMERA_STREAM, tick.sense.t_mono_ns):
        return "no picture"
    if camera.confidence <= 0.0:
        return "none"
    bearing = f"{_degrees(camera.face_yaw_rad)} {_degrees(camera.face_pitch_rad)}"
    return f"{bearing}, {degrees(camera.size_rad):.0f}° wide, confidence {camera.confidence:.2f}"


def _imu(tick: TickRecord) -> str:
    imu = tick.sense.imu
    if imu is None or not usable(imu, IMU_STREAM, tick.sense.t_mono_ns):
        return "none"
    force = " ".join(f"{axis:+.1f}" for axis in imu.accelerometer_m_s2)
    turn = " ".join(f"{axis:+.2f}" for axis in imu.gyroscope_rad_s)
    return f"{force} m/s², {turn} rad/s"


def _load(joints: tuple[JointSense, ...]) -> str:
    if not joints:
        return "no servos"
    current_a = sum(abs(joint.current_a) for joint in joints)
    return f"{current_a:.2f} A  {max(joint.temperature_c for joint in joints):.0f} °C"
