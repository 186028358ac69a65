"""The live view: what it says about a tick, and that it says it in a pipe and in a terminal."""

from __future__ import annotations

import io
import os
import pty
from contextlib import suppress
from dataclasses import replace
from math import radians

from ember_embodied.live_view import LiveView
from ember_embodied.picture import picture, plain_line, summary_lines
from firmware_bridge.command import JointTargets, Mode, MotorCommand
from firmware_bridge.joints import REST_POSE_RAD
from firmware_bridge.senses import (
    BodySense,
    CameraSense,
    DoaSense,
    Fault,
    HeadSense,
    JointSense,
    JointsSense,
)
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord

JOINT = JointSense(0, True, 0.5, 0.0, 0, 0.12, 31.0, 5.0, 0, True)
SENSE = BodySense(
    t_mono_ns=0,
    t_wall_ns=0,
    seq=0,
    joints=JointsSense(0, 100_000_000, True, (JOINT,) * 9),
    head=HeadSense(radians(12), radians(-4), 0.0, 0.0),
    imu=None,
    doa=DoaSense(0, 100_000_000, True, radians(34), radians(146), True, 0.42, 0.0),
    camera=CameraSense(0, 1, True, radians(-10), radians(3), 0.2, 0.93, (0.0,) * 8, 0.0, 0.0),
    intent=None,
    fault_bits=Fault.NONE,
)
TICK = TickRecord(
    tick=0,
    sense=SENSE,
    requested=MotorCommand(radians(20), 0.0, 0.0, 0.0, radians(7)),
    prediction=(),
    confidence=0.5,
    gates=(),
    mode=Mode.RUN,
    fault_bits=Fault.NONE,
    goal_rad=REST_POSE_RAD,
    gated=JointTargets(REST_POSE_RAD, torque_enabled=True, duration_s=0.1),
    clip_bits=0,
    sent=JointTargets(REST_POSE_RAD, torque_enabled=True, duration_s=0.1),
)
TIMING = TimingRecord(0, 0, 120_000, 0, 800_000, 300_000, 500_000, 90_000, 40_000, 0)
EVENT = EventRecord(0, 0, 3, 3, "touch", "left antenna stroked")


def life(view: LiveView, ticks: int = 30) -> None:
    with view:
        view.event(EVENT)
        for tick in range(ticks):
            view.show(
                replace(TICK, tick=tick), replace(TIMING, t_mono_ns=tick * 100_000_000, tick=tick)
            )


def shown(tick: TickRecord) -> str:
    view = LiveView(io.StringIO(), "sim", "/var/log/ember")
    view.show(tick, TIMING)
    frame = view._frame()
    assert frame is not None
    return "\n".join([*picture(frame), plain_line(frame)])


def test_a_pipe_gets_plain_lines_with_everything_worth_a_line() -> None:
    out = io.StringIO()
    life(LiveView(out, "sim · first", "/var/log/ember"))
    for words in ("RUN", "10.0 Hz", "+12° -4°", "+34° or +146°", "1.08 A", "stroked", "/var/log"):
        assert words in out.getvalue(), words
    assert "\x1b" not in out.getvalue()


def test_a_journal_gets_events_and_nothing_else() -> None:
    out = io.StringIO()
    life(LiveView(out, "sim", "none", events_only=True))
    assert out.getvalue() == "warning  touch: left antenna stroked (tick 3)\n"


def test_a_terminal_gets_the_picture() -> None:
    parent, child = pty.openpty()
    with os.fdopen(child, "w") as out:
        life(LiveView(out, "sim · first", "/var/log/ember"))
    seen = b""
    with suppress(OSError):
        while True:
            seen += os.read(parent, 65536)
    os.close(parent)
    for words in ("sim · first", "asked +20° +0°, measured +12° -4°", "leg 6", "stroked"):
        assert words.encode() in seen, words


def test_the_share_of_skipped_steps_is_shown() -> None:
    out = io.StringIO()
    with LiveView(out, "sim", "none") as view:
        for n in range(700):
            view.show(replace(TICK, tick=n, stepped=n % 4 == 0 or n < 100), TIMING)
    assert "75% skipped" in out.getvalue()


def test_the_picture_fits_a_small_terminal() -> None:
    lines = shown(TICK).splitlines()[:-1]
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 19


def test_what_was_not_sent_and_what_is_not_sensed_is_not_made_up() -> None:
    bare = replace(SENSE, joints=None, doa=None, camera=None)
    asleep = replace(TICK, sense=bare, sent=None, mode=Mode.OFF, fault_bits=Fault.BUS_LOST)
    text = shown(asleep)
    sent = next(line for line in text.splitlines() if line.startswith("sent"))
    assert sent.split() == ["sent", *["-"] * 9]
    for words in ("sound    none", "face     no picture", "bus_lost", "no servos", "OFF"):
        assert words in text, words


def test_numbers_that_are_not_finite_are_shown_as_such() -> None:
    nowhere = MotorCommand(float("nan"), float("inf"), 0.0, 0.0, 0.0)
    assert "asked +nan° +inf°" in shown(replace(TICK, requested=nowhere))


def test_a_reader_that_went_away_does_not_hurt_the_loop() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    out = os.fdopen(write_end, "w")
    life(LiveView(out, "sim", "none"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    out.close()


def test_the_summary_is_aligned_and_flat() -> None:
    assert summary_lines({"ticks": 600, "lateness": {"p99_ms": 0.123456}}) == [
        "ticks            600",
        "lateness.p99_ms  0.1235",
    ]
