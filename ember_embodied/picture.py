"""A tick as text for people: what ``ember run`` and ``ember status`` show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import degrees, pi
from typing import Final

from firmware_bridge.command import JointTargets, Mode, MotorCommand
from firmware_bridge.joints import BODY_YAW, LEFT_ANTENNA, RIGHT_ANTENNA
from firmware_bridge.senses import (
    CAMERA_STREAM,
    DOA_STREAM,
    IMU_STREAM,
    BodySense,
    Fault,
    JointSense,
    usable,
)
from hippocampus.tick_record import EventRecord

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
NOTHING: Final = ("-",) * len(JOINT_HEADINGS)


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything that one picture is drawn from."""

    title: str
    mode: Mode
    fault_bits: Fault
    sense: BodySense
    requested: MotorCommand
    sent: JointTargets | None
    loop: str
    """Rate, lateness and work of the loop, in words."""
    log: str
    """Where the log is, or why there is none."""
    elapsed_s: float = 0.0
    events: tuple[EventRecord, ...] = ()


def picture(frame: Frame) -> list[str]:
    """The frame as lines of at most 80 columns; angles in degrees, left and down positive."""
    sense, asked, head = frame.sense, frame.requested, frame.sense.head
    joints = sense.joints.joints if sense.joints is not None else ()
    gaze_asked = f"{_degrees(asked.head_yaw_rad)} {_degrees(asked.head_pitch_rad)}"
    gaze_measured = f"{_degrees(head.yaw_rad)} {_degrees(head.pitch_rad)}"
    sent = [f"{degrees(rad):+.0f}" for rad in frame.sent.position_rad] if frame.sent else NOTHING
    measured = [f"{degrees(joint.position_rad):+.0f}" for joint in joints]
    return [
        f"{frame.mode.name:<9}{frame.title}   {frame.elapsed_s:.1f} s",
        f"loop     {frame.loop}",
        f"faults   {fault_names(frame.fault_bits)}",
        "",
        f"         {compass(sense)}",
        f"gaze     asked {gaze_asked}, measured {gaze_measured} (yaw, pitch)",
        f"sound    {_sound(sense)}",
        f"face     {_face(sense)}",
        f"imu      {_imu(sense)}",
        "",
        _row("", JOINT_HEADINGS),
        _row("asked", _asked(asked)),
        _row("sent", sent),
        _row("measured", measured or NOTHING),
        _row("mA", [f"{joint.current_a * 1e3:.0f}" for joint in joints] or NOTHING),
        _row("°C", [f"{joint.temperature_c:.0f}" for joint in joints] or NOTHING),
        "",
        f"log      {frame.log}",
        *(event_line(event) for event in frame.events),
    ]


def plain_line(frame: Frame) -> str:
    """The frame in one line, for a pipe or a journal."""
    head, joints = frame.sense.head, frame.sense.joints
    return (
        f"{frame.elapsed_s:8.1f} s  {frame.mode.name:<8} {frame.loop}  "
        f"gaze {_degrees(head.yaw_rad)} {_degrees(head.pitch_rad)}  "
        f"doa {_sound(frame.sense)}  {_load(joints.joints if joints else ())}  "
        f"faults {fault_names(frame.fault_bits)}"
    )


def event_line(event: EventRecord) -> str:
    """One event: tick, level, name, text."""
    level = LEVELS.get(event.level, str(event.level))
    return f"{level:<8} {event.name}: {event.text} (tick {event.tick})"


def compass(sense: BodySense) -> str:
    """Bearings from +180 degrees (left) to -180: ^ head, F face, S sound, s its mirror."""
    cells = ["·"] * COMPASS_COLUMNS
    cells[COMPASS_COLUMNS // 2] = "|"

    def mark(bearing_rad: float, sign: str) -> None:
        """Put a sign at a bearing, rad, left positive."""
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


def _row(label: str, cells: Sequence[str]) -> str:
    return f"{label:<9}" + "".join(f"{cell:>7}" for cell in cells)


def _asked(command: MotorCommand) -> list[str]:
    asked = list(NOTHING)
    asked[BODY_YAW] = f"{degrees(command.body_yaw_rad):+.0f}"
    asked[RIGHT_ANTENNA] = f"{degrees(command.antenna_right_rad):+.0f}"
    asked[LEFT_ANTENNA] = f"{degrees(command.antenna_left_rad):+.0f}"
    return asked


def _degrees(angle_rad: float) -> str:
    return f"{degrees(angle_rad):+.0f}°"


def milliseconds(duration_ns: int) -> str:
    """A duration in ms with two decimals."""
    return f"{duration_ns * 1e-6:.2f}"


def _sound(sense: BodySense) -> str:
    doa = sense.doa
    if doa is None or not usable(doa, DOA_STREAM, sense.t_mono_ns):
        return "none"
    kind = "speech" if doa.speech else "no speech"
    return f"{_degrees(doa.azimuth_rad)} or {_degrees(doa.mirror_rad)}, {kind} {doa.energy:.2f}"


def _face(sense: BodySense) -> str:
    camera = sense.camera
    if camera is None or not usable(camera, CAMERA_STREAM, sense.t_mono_ns):
        return "no picture"
    if camera.confidence <= 0.0:
        return "none"
    bearing = f"{_degrees(camera.face_yaw_rad)} {_degrees(camera.face_pitch_rad)}"
    return f"{bearing}, {degrees(camera.size_rad):.0f}° wide, confidence {camera.confidence:.2f}"


def _imu(sense: BodySense) -> str:
    imu = sense.imu
    if imu is None or not usable(imu, IMU_STREAM, sense.t_mono_ns):
        return "none"
    force = " ".join(f"{axis:+.1f}" for axis in imu.accelerometer_m_s2)
    turn = " ".join(f"{axis:+.2f}" for axis in imu.gyroscope_rad_s)
    return f"{force} m/s², {turn} rad/s"


def _load(joints: tuple[JointSense, ...]) -> str:
    if not joints:
        return "no servos"
    current_a = sum(abs(joint.current_a) for joint in joints)
    return f"{current_a:.2f} A  {max(joint.temperature_c for joint in joints):.0f} °C"
