"""The orientation filter against known motions and against a real recording."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge.sensors.orientation import (
    IDENTITY,
    OrientationFilter,
    Quaternion,
    Vector,
    conjugate,
    multiply,
    rotate,
)

GRAVITY = 9.80665
angles = st.floats(-math.pi, math.pi)


def _about(axis: int, angle_rad: float) -> Quaternion:
    parts = [math.cos(angle_rad / 2), 0.0, 0.0, 0.0]
    parts[1 + axis] = math.sin(angle_rad / 2)
    return (parts[0], parts[1], parts[2], parts[3])


def _tilt_error_deg(estimate: Quaternion, truth: Quaternion) -> float:
    up = (0.0, 0.0, 1.0)
    seen, true = rotate(conjugate(estimate), up), rotate(conjugate(truth), up)
    return math.degrees(math.acos(max(-1.0, min(1.0, float(np.dot(seen, true))))))


@settings(deadline=None)
@given(angles, angles)
def test_first_sample_sets_the_tilt(roll: float, pitch: float) -> None:
    truth = multiply(_about(1, pitch), _about(0, roll))
    force = rotate(conjugate(truth), (0.0, 0.0, GRAVITY))
    estimate = OrientationFilter().update((0.0, 0.0, 0.0), force, 0.01)
    assert math.hypot(*estimate) == pytest.approx(1.0)
    assert _tilt_error_deg(estimate, truth) < 1e-3


@settings(deadline=None, max_examples=30)
@given(angles, angles, st.lists(st.floats(0.002, 0.05), min_size=20, max_size=60), st.data())
def test_follows_any_turn_with_any_spacing(
    roll: float, yaw: float, spacing: list[float], data: st.DataObject
) -> None:
    """Perfect sensors, random rates held between samples: no error, whatever the spacing."""
    truth = multiply(_about(2, yaw), _about(0, roll))
    estimator = OrientationFilter()
    start = estimator.update((0.0, 0.0, 0.0), rotate(conjugate(truth), (0.0, 0.0, GRAVITY)), 0.01)
    heading = multiply(truth, conjugate(start))
    for dt_s in spacing:
        axis, rate = data.draw(st.integers(0, 2)), data.draw(st.floats(-5.0, 5.0))
        truth = multiply(truth, _about(axis, rate * dt_s))
        gyroscope = tuple(rate if i == axis else 0.0 for i in range(3))
        force = rotate(conjugate(truth), (0.0, 0.0, GRAVITY))
        estimate = estimator.update((gyroscope[0], gyroscope[1], gyroscope[2]), force, dt_s)
        assert abs(np.dot(multiply(heading, estimate), truth)) > 1.0 - 1e-9


def test_a_fast_turn_about_the_vertical_does_not_tilt_it() -> None:
    """Four seconds at 200 deg/s, 7 cm off the axis: 0.09 g of centripetal force on x."""
    rate, radius_m, dt_s = math.radians(200.0), 0.07, 0.01
    estimator = OrientationFilter()
    for _ in range(300):
        estimator.update((0.0, 0.0, 0.0), (0.0, 0.0, GRAVITY), dt_s)
    worst = 0.0
    for _ in range(400):
        force = (-rate * rate * radius_m, 0.0, GRAVITY)
        estimate = estimator.update((0.0, 0.0, rate), force, dt_s)
        worst = max(worst, _tilt_error_deg(estimate, IDENTITY))
    assert math.degrees(math.atan(rate * rate * radius_m / GRAVITY)) > 4.9
    assert worst < 1.2


@given(st.tuples(*[st.floats(-0.02, 0.02)] * 3))
@settings(deadline=None, max_examples=20)
def test_learns_the_bias_at_rest_and_keeps_the_heading(bias: Vector) -> None:
    generator = np.random.default_rng(7)
    estimator = OrientationFilter()
    noise = generator.normal(0.0, 0.002, (3000, 3))
    estimates = [
        estimator.update(
            (bias[0] + n[0], bias[1] + n[1], bias[2] + n[2]), (0.0, 0.0, GRAVITY), 0.01
        )
        for n in noise
    ]
    assert estimator.bias_rad_s == pytest.approx(bias, abs=3e-4)
    turned = multiply(estimates[-1], conjugate(estimates[1000]))
    assert math.degrees(2.0 * math.acos(min(1.0, abs(turned[0])))) < 0.5


vectors = st.tuples(*[st.floats(-300.0, 300.0)] * 3)


@settings(deadline=None)
@given(st.lists(st.tuples(vectors, vectors, st.floats(-0.1, 2.0)), min_size=1, max_size=30))
def test_is_a_rotation_whatever_comes_in(samples: list[tuple[Vector, Vector, float]]) -> None:
    """Free fall, shocks, spins, times that stand still: never anything but a unit quaternion."""
    estimator = OrientationFilter()
    for rate, force, dt_s in samples:
        assert math.hypot(*estimator.update(rate, force, dt_s)) == pytest.approx(1.0)


def test_levels_anew_after_a_gap() -> None:
    """The sensor was laid on its side while nobody read it."""
    estimator = OrientationFilter()
    for _ in range(200):
        estimator.update((0.0, 0.0, 0.0), (0.0, 0.0, GRAVITY), 0.01)
    estimate = estimator.update((0.0, 0.0, 0.0), (0.0, GRAVITY, 0.0), 3.0)
    assert rotate(conjugate(estimate), (0.0, 0.0, 1.0)) == pytest.approx((0, 1, 0), abs=1e-6)


def _still_intervals(rate: NDArray[np.float64], force: NDArray[np.float64]) -> list[slice]:
    calm = (np.linalg.norm(rate, axis=1) < 0.05) & (
        abs(np.linalg.norm(force, axis=1) - np.linalg.norm(force[:500].mean(0))) < 0.15
    )
    edges = np.flatnonzero(np.diff(np.concatenate(([0], calm.astype(int), [0]))))
    pairs = edges.reshape(-1, 2)
    return [slice(int(a), int(b)) for a, b in pairs if b - a >= 100]


@pytest.mark.shared_data
def test_real_recording(shared_data: Path) -> None:
    """In each still second gravity itself is the reference; before it there are fast turns."""
    table = np.loadtxt(shared_data / "imu" / "sensor_data.csv", delimiter=",", skiprows=1)
    spacing = np.diff(table[:, 0], prepend=table[0, 0])
    rate, force = np.radians(table[:, 1:4]), table[:, 4:7] * GRAVITY
    drifting_rate = rate + np.radians([1.0, -0.7, 0.8])
    estimator = OrientationFilter()
    up = np.array(
        [
            rotate(conjugate(estimator.update(tuple(g), tuple(a), float(dt))), (0.0, 0.0, 1.0))
            for g, a, dt in zip(drifting_rate, force, spacing, strict=True)
        ]
    )
    intervals = _still_intervals(rate, force)
    assert len(intervals) >= 6
    for still in intervals:
        reference = force[still].mean(0) / np.linalg.norm(force[still].mean(0))
        error = np.degrees(np.arccos(np.clip(up[still] @ reference, -1.0, 1.0)))
        assert error.max() < 1.2
        assert error[-1] < 0.3
