"""Human-made motions through kinematics, gate and virtual bus: how well the body follows them.

The motions were recorded on a real Reachy 2 by people who puppeteered it (pollen-robotics,
reachy2_emotions): head roll, pitch, yaw in degrees and two antennas in degrees at about 66 Hz.
The head's yaw and pitch and the antennas are played here as ``MotorCommand`` at 50 Hz; roll has
no place in a command. Each motion is one run of a real ``ServoBody`` on the virtual bus.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import radians
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.bench.claims import Claim, claim, mean_claim, quantile_claim
from ember_embodied.bench.virtual_robot import virtual_robot
from ember_embodied.errors import UserError, existing_file
from firmware_bridge.clock import Clock, Pacer, SystemClock
from firmware_bridge.command import Clip, JointTargets, MotorCommand
from firmware_bridge.dynamixel.servo_body import ServoBody
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.gate import gate, pin
from firmware_bridge.kinematics import command_of_joints, joints_of_command
from firmware_bridge.senses import BodySense

RATE_HZ: Final = 50
DEFAULT_DATA: Final = Path("../shared/data")
LONGEST_S: Final = 12.0
"""Of one motion; the rest of a long one is left out."""
APPROACH_S: Final = 1.5
"""Time to get from rest to the first pose of a motion."""
LAG_MAX_TICKS: Final = 25
MOTIONS_A_SEED: Final = 2
NECK_SHARE_RAD: Final = radians(30.0)
"""Yaw beyond this is left to the body: the robot that made the motions has a longer neck."""
_AXES: Final = ("head yaw", "head pitch", "antenna left", "antenna right")

Track = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Played:
    """What one motion asked for and what came of it, [ticks, 4] in rad, in ``_AXES``.

    ``asked`` is what kinematics made of the motion: a head pose that the legs cannot hold is
    scaled back there (``scaled``), and what is measured here is how the body follows the rest.
    """

    asked: Track
    measured: Track
    clips: NDArray[np.int64]
    scaled: NDArray[np.bool_]
    work_ms: Track


def run(seeds: range, data: Path = DEFAULT_DATA) -> list[Claim]:
    """Play two motions a seed, drawn from the folder, on a bus with that seed's servo units."""
    files = sorted(existing_file(data / "recorded_moves", "folder of motions").glob("*.json"))
    if not files:
        raise UserError(f"{data / 'recorded_moves'}: holds no motion (*.json)")
    played = []
    for seed in seeds:
        chosen = np.random.default_rng(seed).choice(len(files), MOTIONS_A_SEED, replace=False)
        with virtual_robot("--seed", str(seed), "--spread", "1") as port:
            played += [play(read_motion(files[index]), port) for index in chosen]
    return _claims(played)


def read_motion(path: Path) -> Track:
    """A motion as [ticks, 4] rad at 50 Hz: head yaw, head pitch, antenna left and right."""
    motion = json.loads(path.read_text())
    times = np.array(motion["time"]) - motion["time"][0]
    head = np.array(motion["head"])
    columns = (head[:, 2], head[:, 1], motion["l_antenna"], motion["r_antenna"])
    grid = np.arange(0.0, min(times[-1], LONGEST_S), 1.0 / RATE_HZ)
    return np.stack([np.radians(np.interp(grid, times, column)) for column in columns], axis=1)


def play(motion: Track, port: Path) -> Played:
    """Send a motion to the servos on ``port`` as the loop would, and note what happens."""
    clock = SystemClock()
    body = ServoBody(ServoSettings(port=str(port)), clock)
    body.open()
    still = np.repeat(motion[:1], round(APPROACH_S * RATE_HZ), axis=0)
    try:
        played = _stream(np.concatenate([still, motion]), body, clock)
    finally:
        body.park()
        body.close()
    kept = slice(len(still), None)
    return Played(
        played.asked[kept],
        played.measured[kept],
        played.clips[kept],
        played.scaled[kept],
        played.work_ms[kept],
    )


def _stream(motion: Track, body: ServoBody, clock: Clock) -> Played:
    period_s = 1.0 / RATE_HZ
    state = pin(_positions(body.sense()))
    pacer = Pacer(clock, round(period_s * 1e9))
    asked: list[tuple[float, ...]] = []
    measured: list[tuple[float, ...]] = []
    clips: list[int] = []
    scaled: list[bool] = []
    work: list[float] = []
    for yaw, pitch, left, right in motion:
        pacer.wait()
        begun_ns, io_ns = clock.mono_ns(), body.io_ns
        sense = body.sense()
        joints = _positions(sense)
        body_yaw = yaw - min(max(yaw, -NECK_SHARE_RAD), NECK_SHARE_RAD)
        goal, scale = joints_of_command(MotorCommand(yaw, pitch, left, right, body_yaw))
        targets = JointTargets(goal, torque_enabled=True, duration_s=period_s)
        result = gate(targets, state, joints, period_s, 1.0)
        state = result.state
        body.act(result.targets)
        work.append((clock.mono_ns() - begun_ns - (body.io_ns - io_ns)) * 1e-6)
        asked.append(_axes(goal))
        measured.append(_axes(joints))
        clips.append(int(result.clips))
        scaled.append(scale < 1.0)
    return Played(*map(np.array, (asked, measured, clips, scaled, work)))


def _axes(joints: tuple[float, ...]) -> tuple[float, ...]:
    command = command_of_joints(joints).command
    return (
        command.head_yaw_rad,
        command.head_pitch_rad,
        command.antenna_left_rad,
        command.antenna_right_rad,
    )


def _positions(sense: BodySense) -> tuple[float, ...]:
    if sense.joints is None:
        raise RuntimeError("the virtual bus gave no positions")
    return tuple(joint.position_rad for joint in sense.joints.joints)


def lag_ticks(asked: Track, measured: Track) -> int:
    """The delay, in ticks, at which the measured track fits the asked one best."""
    if np.ptp(asked) < radians(2.0):
        return 0
    errors = [
        float(np.mean((asked[: len(asked) - lag] - measured[lag:]) ** 2))
        for lag in range(min(LAG_MAX_TICKS, len(asked) - 1))
    ]
    return int(np.argmin(errors))


def _claims(played: list[Played]) -> list[Claim]:
    claims: list[Claim] = []
    for axis, name in enumerate(_AXES):
        lags, errors = [], []
        for motion in played:
            asked, measured = motion.asked[:, axis], motion.measured[:, axis]
            lag = lag_ticks(asked, measured)
            off = asked[: len(asked) - lag] - measured[lag:]
            errors.append(float(np.degrees(np.sqrt(np.mean(off**2)))))
            if np.ptp(asked) >= radians(2.0):
                lags.append(lag * 1000.0 / RATE_HZ)
        claims.append(mean_claim(f"{name}: error at best lag, rms", errors, "deg"))
        if lags:
            claims.append(quantile_claim(f"{name}: latency, median", lags, 0.5, "ms"))
    clips = np.concatenate([motion.clips for motion in played])
    for clip in (Clip.POSITION, Clip.VELOCITY, Clip.ACCELERATION, Clip.LAG):
        share = float(np.mean(clips & int(clip) != 0))
        claims.append(claim(f"ticks clipped: {clip.name}", share, "share", n=len(clips)))
    scaled = float(np.mean(np.concatenate([motion.scaled for motion in played])))
    claims.append(claim("ticks with the head pose scaled back", scaled, "share", n=len(clips)))
    work = np.concatenate([motion.work_ms for motion in played]).tolist()
    claims.append(quantile_claim("sense, gate, act without serial time, p99", work, 0.99, "ms"))
    return claims
