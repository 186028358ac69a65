"""A life to record where no robot is at hand: numbers as coarse and as noisy as a robot's.

Only for benchmarks and tests of the log: what size and speed depend on (quantisation of the
registers, noise in the last bits, float32 out of the network) is as in a robot; the movement
itself is a sum of slow waves and obeys no physics.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from firmware_bridge.clock import VirtualClock
from firmware_bridge.command import JointTargets, Mode, MotorCommand
from firmware_bridge.joints import JOINT_COUNT, JOINTS, rad_to_raw, raw_to_rad
from firmware_bridge.senses import (
    FACE_FEATURES,
    BodySense,
    CameraSense,
    DoaSense,
    Fault,
    HeadSense,
    ImuSense,
    IntentSense,
    JointSense,
    JointsSense,
    ModeRequest,
)
from hippocampus.session import LogSettings, Session
from hippocampus.tick_record import (
    EventRecord,
    HeaderRecord,
    SnapshotRecord,
    TickRecord,
    TimingRecord,
)

START_MONO_NS: Final = 5_000_000_000
START_WALL_NS: Final = 1_767_225_600_000_000_000
PREDICTIONS: Final = 19
GATES: Final = 102
SNAPSHOT_BYTES: Final = 4096
EVENT_EVERY_TICKS: Final = 20
_INFO: Final = 2
_VELOCITY_UNIT_RAD_S: Final = 0.229 * 2.0 * math.pi / 60.0
_CURRENT_UNIT_A: Final = 0.001
_VOLTAGE_UNIT_V: Final = 0.1
_ACCELEROMETER_UNIT_M_S2: Final = 6.0 * 9.80665 / 32768.0
_GYROSCOPE_UNIT_RAD_S: Final = math.radians(2000.0) / 32768.0


def header(session_id: str, rate_hz: float = 10.0) -> HeaderRecord:
    """The header of a synthetic session."""
    return HeaderRecord(
        format_version=1,
        ember_version="0",
        session_id=session_id,
        segment=0,
        boot_id="synthetic",
        t_mono_ns=START_MONO_NS,
        t_wall_ns=START_WALL_NS,
        body="synthetic",
        rate_hz=rate_hz,
        seed=0,
        config_toml="",
        scenario_toml="",
        bundle_name="none",
        bundle_digest="",
        code_digest="",
        runtime="",
    )


def ticks(rng: np.random.Generator, count: int, rate_hz: float = 10.0) -> Iterator[TickRecord]:
    """``count`` ticks, one after the other at ``rate_hz``."""
    period_ns = round(1e9 / rate_hz)
    for number in range(count):
        yield tick(rng, number, period_ns)


def tick(rng: np.random.Generator, number: int, period_ns: int) -> TickRecord:
    """The tick ``number`` of a life."""
    mono_ns = START_MONO_NS + number * period_ns + int(rng.integers(0, 200_000))
    seconds = number * period_ns * 1e-9
    phases = np.arange(JOINT_COUNT)
    angles = 0.4 * np.sin(0.7 * seconds + phases) + 0.02 * np.sin(9.0 * seconds + phases)
    goals = tuple(
        min(max(float(angle), joint.lower_rad), joint.upper_rad)
        for angle, joint in zip(angles, JOINTS, strict=True)
    )
    targets = JointTargets(goals, torque_enabled=True, duration_s=period_ns * 1e-9)
    network = rng.standard_normal(PREDICTIONS + 6).astype(np.float32).tolist()
    gates = (0.58 + 0.02 * rng.standard_normal(GATES)).astype(np.float32).tolist()
    return TickRecord(
        tick=number,
        sense=_sense(rng, number, mono_ns, period_ns, goals),
        requested=MotorCommand(*network[:5]),
        prediction=tuple(network[6:]),
        confidence=network[5],
        gates=tuple(gates),
        mode=Mode.HOLD if number % 500 > 450 else Mode.RUN,
        fault_bits=Fault.NONE,
        goal_rad=goals,
        gated=targets,
        clip_bits=0,
        sent=targets,
    )


def timing(rng: np.random.Generator, record: TickRecord) -> TimingRecord:
    """The timing of a tick."""
    late, sense, io, think, act = (int(n) for n in rng.integers(50_000, 3_000_000, 5))
    return TimingRecord(
        record.tick, record.sense.t_mono_ns, late, 0, sense, io, think, act, late // 100, 0
    )


def event(record: TickRecord, name: str, text: str = "") -> EventRecord:
    """An event at a tick."""
    sense = record.sense
    return EventRecord(sense.t_mono_ns, sense.t_wall_ns, record.tick, _INFO, name, text)


def record(
    root: Path,
    life: Iterable[TickRecord],
    *,
    session_id: str = "synthetic",
    rate_hz: float = 10.0,
    sync_s: float = 0.8,
    ticks_a_segment: int = 600,
    timings: bool = True,
) -> Path:
    """Write a life as a robot's log, one sync every ``sync_s`` of it; returns the folder."""
    rng = np.random.default_rng(0)
    clock = VirtualClock()
    session = Session(LogSettings(root, sync_s=sync_s), header(session_id, rate_hz), clock)
    for count, now in enumerate(life):
        if count % ticks_a_segment == 0:
            state = rng.bytes(SNAPSHOT_BYTES)
            session.write(SnapshotRecord(now.tick, now.sense.t_mono_ns, state))
        session.write(now)
        if timings:
            session.write(timing(rng, now))
        if count % EVENT_EVERY_TICKS == EVENT_EVERY_TICKS // 2:
            session.write(event(now, "touch", "a tap"))
        clock.sleep_until_ns(clock.mono_ns() + round(1e9 / rate_hz))
        session.poll()
    session.close()
    return session.folder


def _sense(
    rng: np.random.Generator,
    number: int,
    mono_ns: int,
    period_ns: int,
    goals: tuple[float, ...],
) -> BodySense:
    bearings = rng.standard_normal(6) * 0.01 + 0.5 * math.sin(number / 70.0)
    yaw, pitch, roll, azimuth, face_yaw, face_pitch = (float(bearing) for bearing in bearings)
    return BodySense(
        t_mono_ns=mono_ns,
        t_wall_ns=mono_ns - START_MONO_NS + START_WALL_NS,
        seq=number,
        joints=JointsSense(
            t_mono_ns=mono_ns - 900_000,
            interval_ns=period_ns,
            valid=True,
            joints=tuple(_joint(rng, mono_ns - 900_000, goal) for goal in goals),
        ),
        head=HeadSense(yaw, pitch, roll, 0.001 * yaw),
        imu=_imu(rng, mono_ns),
        doa=DoaSense(
            t_mono_ns=mono_ns - int(rng.integers(0, 100_000_000)),
            interval_ns=100_000_000,
            valid=True,
            azimuth_rad=azimuth,
            mirror_rad=math.pi - azimuth,
            speech=number % 40 < 12,
            energy=float(rng.random()),
            head_yaw_rad=yaw,
        ),
        camera=CameraSense(
            t_mono_ns=mono_ns - int(rng.integers(0, 100_000_000)),
            interval_ns=100_000_000,
            valid=True,
            face_yaw_rad=face_yaw,
            face_pitch_rad=face_pitch,
            size_rad=0.2,
            confidence=0.9,
            features=tuple(rng.standard_normal(FACE_FEATURES).astype(np.float32).tolist()),
            head_yaw_rad=yaw,
            head_pitch_rad=pitch,
        ),
        intent=IntentSense(
            mono_ns - 400_000_000,
            1_000_000_000,
            valid=True,
            gaze_yaw_rad=0.1,
            gaze_pitch_rad=0.0,
            gaze_weight=1.0,
            arousal=0.5,
            request=ModeRequest.NONE,
        ),
        fault_bits=Fault.NONE,
    )


def _joint(rng: np.random.Generator, mono_ns: int, goal_rad: float) -> JointSense:
    noise = rng.integers(-2, 3, 3)
    return JointSense(
        t_mono_ns=mono_ns,
        answered=True,
        position_rad=raw_to_rad(rad_to_raw(goal_rad) + int(noise[0])),
        velocity_rad_s=int(noise[1]) * _VELOCITY_UNIT_RAD_S,
        t_telemetry_ns=mono_ns,
        current_a=int(rng.integers(-80, 80)) * _CURRENT_UNIT_A,
        temperature_c=38.0,
        voltage_v=(50 + int(noise[2])) * _VOLTAGE_UNIT_V,
        error_bits=0,
        torque_enabled=True,
    )


def _imu(rng: np.random.Generator, mono_ns: int) -> ImuSense:
    ax, ay, az = (rng.integers(-60, 60, 3) * _ACCELEROMETER_UNIT_M_S2).tolist()
    gx, gy, gz = (rng.integers(-40, 40, 3) * _GYROSCOPE_UNIT_RAD_S).tolist()
    w, x, y, z = (np.array([1.0, 0.0, 0.0, 0.0]) + 1e-3 * rng.standard_normal(4)).tolist()
    return ImuSense(
        t_mono_ns=mono_ns - int(rng.integers(0, 20_000_000)),
        interval_ns=20_000_000,
        valid=True,
        accelerometer_m_s2=(ax, ay, az + 9.80665),
        gyroscope_rad_s=(gx, gy, gz),
        orientation_wxyz=(w, x, y, z),
        temperature_c=36.0,
    )
