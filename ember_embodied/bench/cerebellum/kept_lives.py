"""Lives of the skin as files: lived once, read again for each fit.

What is kept is what the skin sees: joints, pose of the head, IMU, what was sent, and the hands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ember_embodied.bench.cerebellum.touched_lives import HandEvent, Life
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import JOINT_COUNT
from firmware_bridge.senses import (
    BodySense,
    Fault,
    HeadSense,
    ImuSense,
    JointSense,
    JointsSense,
)

IMU_NUMBERS: Final = 11


def save(path: Path, life: Life) -> None:
    """Write a life; joints are taken to be read whole, as without failures of the bus they are."""
    joints, heads, imus = [], [], []
    for sense in life.senses:
        if sense.joints is None:
            raise ValueError(f"{path}: a tick without joints cannot be kept")
        joints.append(
            [
                (j.position_rad, j.velocity_rad_s, j.current_a, j.voltage_v, j.torque_enabled)
                for j in sense.joints.joints
            ]
        )
        heads.append((sense.head.yaw_rad, sense.head.pitch_rad, sense.head.roll_rad))
        imu = sense.imu
        imus.append(
            (
                *imu.accelerometer_m_s2,
                *imu.gyroscope_rad_s,
                *imu.orientation_wxyz,
                float(imu.valid),
            )
            if imu
            else (0.0,) * IMU_NUMBERS
        )
    np.savez_compressed(
        path,
        seed=life.seed,
        rate_hz=life.rate_hz,
        t_ns=[sense.t_mono_ns for sense in life.senses],
        joints=joints,
        heads=heads,
        imus=imus,
        imu_ns=[sense.imu.t_mono_ns if sense.imu else 0 for sense in life.senses],
        sent=[(*targets.position_rad, targets.torque_enabled) for targets in life.sent],
        duration_s=[targets.duration_s for targets in life.sent],
        doing=life.doing,
        hands=np.array(
            [
                (h.t_s, h.until_s, h.force_n, -1.0 if h.felt_s is None else h.felt_s)
                for h in life.hands
            ]
        ).reshape(-1, 4),
        what=np.array([(h.kind, h.place) for h in life.hands]).reshape(-1, 2),
    )


def load(path: Path) -> Life:
    """Read a life that ``save`` wrote; sounds and faces are not in it."""
    with np.load(path) as kept:
        rows = {name: kept[name].tolist() for name in kept.files}
    senses = []
    for number, t_ns in enumerate(rows["t_ns"]):
        *felt, sound = rows["imus"][number]
        imu_ns = rows["imu_ns"][number]
        yaw_rad, pitch_rad, roll_rad = rows["heads"][number]
        imu = ImuSense(
            t_mono_ns=imu_ns,
            interval_ns=0,
            valid=sound > 0.0,
            accelerometer_m_s2=tuple(felt[:3]),
            gyroscope_rad_s=tuple(felt[3:6]),
            orientation_wxyz=tuple(felt[6:]),
            temperature_c=0.0,
        )
        joints = tuple(
            JointSense(
                t_mono_ns=t_ns,
                answered=True,
                position_rad=place,
                velocity_rad_s=speed,
                t_telemetry_ns=t_ns,
                current_a=current,
                temperature_c=0.0,
                voltage_v=volt,
                error_bits=0,
                torque_enabled=on > 0.0,
            )
            for place, speed, current, volt, on in rows["joints"][number]
        )
        senses.append(
            BodySense(
                t_mono_ns=t_ns,
                t_wall_ns=t_ns,
                seq=number,
                joints=JointsSense(t_ns, 0, valid=True, joints=joints),
                head=HeadSense(yaw_rad, pitch_rad, roll_rad, 0.0),
                imu=imu if imu_ns else None,
                doa=None,
                camera=None,
                intent=None,
                fault_bits=Fault.NONE,
            )
        )
    return Life(
        seed=rows["seed"],
        rate_hz=rows["rate_hz"],
        senses=tuple(senses),
        sent=tuple(
            JointTargets(tuple(row[:JOINT_COUNT]), row[JOINT_COUNT] > 0.0, duration_s)
            for row, duration_s in zip(rows["sent"], rows["duration_s"], strict=True)
        ),
        doing=tuple(rows["doing"]),
        hands=tuple(
            HandEvent(t_s, until_s, kind, place, force_n, None if felt_s < 0.0 else felt_s)
            for (t_s, until_s, force_n, felt_s), (kind, place) in zip(
                rows["hands"], rows["what"], strict=True
            )
        ),
        speech=(),
    )
