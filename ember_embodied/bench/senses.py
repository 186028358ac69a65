"""How well the senses measure: orientation on a real recording, faces on a real photograph.

The recording is 135 s of a hand-held IMU at rest, in slow and fast turns and in a sustained spin
(xioTechnologies, Fusion). Its reference needs no filter: wherever the sensor lies still, the mean
of the accelerometer is the direction of gravity. The photograph is scikit-image's astronaut, put
in front of the robot's lens at known bearings.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.bench.claims import Claim, claim, mean_claim, quantile_claim
from ember_embodied.bench.photograph import PICTURE_SIZE, astronaut, face_box, hang_picture
from ember_embodied.errors import UserError
from firmware_bridge.clock import SystemClock
from firmware_bridge.senses import HeadSense
from firmware_bridge.sensors.bmi088 import Bmi088
from firmware_bridge.sensors.camera import Camera, CameraSample
from firmware_bridge.sensors.camera_settings import CameraSettings, FaceSettings, LensSettings
from firmware_bridge.sensors.doa import DoaSample, DoaSettings
from firmware_bridge.sensors.face_track import FaceTrack, Sighting, direction_of
from firmware_bridge.sensors.faces import FaceDetector
from firmware_bridge.sensors.imu import ImuSample, ImuSettings
from firmware_bridge.sensors.lens import Lens
from firmware_bridge.sensors.orientation import (
    IDENTITY,
    OrientationFilter,
    Quaternion,
    Vector,
    conjugate,
    multiply,
    rotate,
)
from firmware_bridge.sensors.reader import PoseHistory
from firmware_bridge.sensors.xvf3800 import Xvf3800

Array = NDArray[np.float64]
Update = Callable[[Vector, Vector, float], Quaternion]

GRAVITY_M_S2: Final = 9.80665
IMU_FILE: Final = Path("imu/sensor_data.csv")
FACE_FILE: Final = Path("yunet/yunet_n_320_320.onnx")
BIAS_DPS: Final = (1.0, -0.7, 0.8)
"""Zero-rate offset added to the recording, which was corrected before: the BMI088's typical one."""
STILL_RATE_RAD_S: Final = 0.05
STILL_FORCE_M_S2: Final = 0.15
STILL_SAMPLES: Final = 100
COMPLEMENTARY_S: Final = 1.0
"""Time constant of the plain complementary filter."""
COST_ROUNDS: Final = 2000
COST_BATCH: Final = 20


@dataclass(frozen=True, slots=True)
class Recording:
    """An IMU recording: spacing (n,), s; rate (n, 3), rad/s; force (n, 3), m/s^2; still spans."""

    spacing_s: Array
    rate_rad_s: Array
    force_m_s2: Array
    still: tuple[slice, ...]


def run(seeds: range, data: Path = Path("../shared/data")) -> list[Claim]:
    """Every claim about the senses. Raises ``UserError`` when the data is missing."""
    for file in (IMU_FILE, FACE_FILE):
        if not (data / file).is_file():
            raise UserError(f"{data / file} is missing; name the data folder with --data DIR")
    recording = read_recording(data / IMU_FILE)
    return [
        *orientation_claims(recording),
        *face_claims(data / FACE_FILE, seeds),
        *cost_claims(recording),
    ]


def read_recording(file: Path) -> Recording:
    """The recording, with the typical bias added to its gyroscope."""
    table = np.loadtxt(file, delimiter=",", skiprows=1)
    rate, force = np.radians(table[:, 1:4]), table[:, 4:7] * GRAVITY_M_S2
    length = np.linalg.norm(force, axis=1)
    calm = (np.linalg.norm(rate, axis=1) < STILL_RATE_RAD_S) & (
        abs(length - np.median(length)) < STILL_FORCE_M_S2
    )
    edges = np.flatnonzero(np.diff(np.concatenate(([0], calm.astype(int), [0])))).reshape(-1, 2)
    still = tuple(slice(int(a), int(b)) for a, b in edges if b - a >= STILL_SAMPLES)
    spacing = np.diff(table[:, 0], prepend=table[0, 0])
    return Recording(spacing, rate + np.radians(BIAS_DPS), force, still)


def orientation_claims(recording: Recording) -> list[Claim]:
    """Tilt error in every still span, and how far the heading went astray at the end."""
    claims = []
    for name, update, bound in (
        ("orientation filter", OrientationFilter().update, "<= 0.5"),
        ("plain complementary filter", _complementary(), None),
        ("plain integration", _integration(), None),
    ):
        attitude = run_filter(update, recording)
        error = tilt_error_deg(attitude, recording)
        claims.append(mean_claim(f"tilt error at rest, {name}", error, "deg", bound))
        claims.append(claim(f"worst tilt error at rest, {name}", max(error), "deg", n=len(error)))
        claims.append(claim(f"heading after 135 s, {name}", heading_deg(attitude[-1]), "deg"))
    return claims


def run_filter(update: Update, recording: Recording) -> list[Quaternion]:
    """The attitude after every sample."""
    rows = zip(
        recording.rate_rad_s.tolist(),
        recording.force_m_s2.tolist(),
        recording.spacing_s.tolist(),
        strict=True,
    )
    return [update(tuple(rate), tuple(force), dt_s) for rate, force, dt_s in rows]


def tilt_error_deg(attitude: list[Quaternion], recording: Recording) -> list[float]:
    """Angle between the filter's and the accelerometer's "up", for each sample at rest, deg."""
    error: list[float] = []
    for still in recording.still:
        gravity = recording.force_m_s2[still].mean(axis=0)
        gravity /= np.linalg.norm(gravity)
        up = np.array([rotate(conjugate(q), (0.0, 0.0, 1.0)) for q in attitude[still]])
        error += np.degrees(np.arccos(np.clip(up @ gravity, -1.0, 1.0))).tolist()
    return error


def heading_deg(attitude: Quaternion) -> float:
    """Turn about the vertical since the start, -180 to 180; the sensor was laid back by hand."""
    forward = rotate(attitude, (1.0, 0.0, 0.0))
    return math.degrees(math.atan2(forward[1], forward[0]))


def _turned(attitude: Quaternion, rate: Vector, dt_s: float) -> Quaternion:
    x, y, z = (0.5 * dt_s * r for r in rate)
    turned = multiply(attitude, (1.0, x, y, z))
    length = math.hypot(*turned)
    return (turned[0] / length, turned[1] / length, turned[2] / length, turned[3] / length)


def _levelled(attitude: Quaternion, force: Vector, share: float) -> Quaternion:
    x, y, z = rotate(attitude, force)
    angle = share * math.atan2(math.hypot(x, y), z)
    across = math.hypot(x, y) or 1.0
    half = math.sin(angle / 2.0) / across
    return multiply((math.cos(angle / 2.0), y * half, -x * half, 0.0), attitude)


def _integration() -> Update:
    attitude: Quaternion | None = None

    def update(rate: Vector, force: Vector, dt_s: float) -> Quaternion:
        """Turn by the rate, rad/s, alone; gravity, m/s^2, counts once, at the start."""
        nonlocal attitude
        if attitude is None:
            attitude = _levelled(IDENTITY, force, 1.0)
        attitude = _turned(attitude, rate, dt_s)
        return attitude

    return update


def _complementary() -> Update:
    attitude: Quaternion | None = None

    def update(rate: Vector, force: Vector, dt_s: float) -> Quaternion:
        """Turn by the rate, rad/s, then lean towards gravity, m/s^2, by a share set by ``dt_s``."""
        nonlocal attitude
        if attitude is None:
            attitude = _levelled(IDENTITY, force, 1.0)
        share = dt_s / (COMPLEMENTARY_S + dt_s)
        attitude = _levelled(_turned(attitude, rate, dt_s), force, share)
        return attitude

    return update


def face_claims(model: Path, seeds: range) -> list[Claim]:
    """A photograph at bearings drawn from each seed, seen through the lens, and found again."""
    photograph = astronaut()
    detector = FaceDetector(FaceSettings(model=model), LensSettings())
    lens = Lens(LensSettings(), *PICTURE_SIZE)
    box = face_box(model, photograph)
    errors, found, tried = [], 0, 0
    for seed in seeds:
        generator = np.random.default_rng(seed)
        truth = (generator.uniform(-0.55, 0.55), generator.uniform(-0.25, 0.25))
        tried += 1
        sightings = detector.find(hang_picture(lens, photograph, box, truth))
        if not sightings:
            continue
        found += 1
        seen = max(sightings, key=lambda s: s.size_rad)
        cosine = np.dot(direction_of(seen.yaw_rad, seen.pitch_rad), direction_of(*truth))
        errors.append(math.degrees(math.acos(min(1.0, float(cosine)))))
    return [
        claim("photographed face found", found / tried, "of 1", ">= 0.95", n=tried),
        mean_claim("face bearing error", errors, "deg", "<= 1"),
        claim("worst face bearing error", max(errors), "deg", n=found),
    ]


def cost_claims(recording: Recording) -> list[Claim]:
    """What the senses cost the loop in a tick: turning three samples into the base frame."""
    clock = SystemClock()
    history = PoseHistory()
    for tick in range(40):
        history.record(tick * 20_000_000, HeadSense(0.01 * tick, 0.1, 0.0, 0.0))
    at_ns = 39 * 20_000_000 - 7_000_000
    imu = Bmi088(ImuSettings(mounted_on="head"), clock, history)
    array = Xvf3800(DoaSettings(), clock, history)
    camera = Camera(CameraSettings(), LensSettings(), FaceSettings(), clock, history)
    up = (0.0, 0.0, GRAVITY_M_S2)
    rates = (0.1, 0.2, 0.3)
    felt = ImuSample(
        at_ns,
        valid=True,
        accelerometer_m_s2=up,
        gyroscope_rad_s=rates,
        orientation=IDENTITY,
        temperature_c=30.0,
    )
    heard = DoaSample(at_ns, angle_rad=1.2, speech=True, energy=0.5)
    seen = CameraSample(at_ns, FaceTrack().update(at_ns, [Sighting(0.2, 0.1, 0.15, 0.9)]))

    def senses() -> None:
        """Make the sense records of all three drivers once."""
        imu.sense(felt, 10_000_000)
        array.sense(heard, 50_000_000)
        camera.sense(seen, 100_000_000)

    attitude = OrientationFilter()
    rate, force = tuple(recording.rate_rad_s[900]), tuple(recording.force_m_s2[900])
    return [
        quantile_claim("three senses into the base frame", _costs_us(senses), 0.5, "us"),
        quantile_claim(
            "orientation filter step",
            _costs_us(lambda: attitude.update(rate, force, 0.01)),
            0.5,
            "us",
        ),
    ]


def _costs_us(action: Callable[[], object]) -> list[float]:
    costs = []
    for _ in range(COST_ROUNDS // COST_BATCH):
        start_ns = time.perf_counter_ns()
        for _ in range(COST_BATCH):
            action()
        costs.append((time.perf_counter_ns() - start_ns) / COST_BATCH * 1e-3)
    return costs
