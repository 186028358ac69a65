"""The change-point test: alarms where there is a change, and hardly any where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from cerebellum.change_point import ChangePoints, Shift


def first_shift(rewards: np.ndarray, false_alarm: float = 0.01) -> tuple[int, Shift] | None:
    points = ChangePoints(1, false_alarm)
    count = total = squares = 0.0
    for reward in rewards:
        count, total, squares = count + 1.0, total + reward, squares + reward * reward
        if count >= points.due[0]:
            found = points.test(0, count, total, squares)
            if found is not None:
                return int(count), found
    return None


@pytest.mark.parametrize("mean", [0.001, 0.02, 0.5, 0.97])
def test_it_hardly_ever_fires_without_a_change(mean: float) -> None:
    rng = np.random.default_rng(3)
    rows = [
        *((rng.random((20, 3000)) < mean).astype(float)),
        *np.clip(mean + 0.1 * rng.standard_normal((10, 3000)), 0.0, 1.0),
    ]
    assert [first_shift(row) for row in rows] == [None] * len(rows)


@pytest.mark.parametrize(
    ("before", "after", "within"), [(0.85, 0.15, 40), (0.6, 0.3, 160), (0.1, 0.7, 60)]
)
def test_it_finds_a_change_soon_and_where_it_was(before: float, after: float, within: int) -> None:
    rng = np.random.default_rng(8)
    for _ in range(10):
        rewards = np.append(rng.random(2000) < before, rng.random(1000) < after).astype(float)
        found = first_shift(rewards)
        assert found is not None
        when, shift = found
        assert 2000 < when <= 2000 + within
        assert shift.is_regression == (after < before)
        assert shift.count <= when - 2000 + 100
        assert shift.before == pytest.approx(before, abs=0.05)


def test_little_noise_makes_it_faster() -> None:
    rng = np.random.default_rng(9)
    quiet = np.append(0.8 + 0.03 * rng.standard_normal(500), np.full(300, 0.7))
    loud = np.append(rng.random(500) < 0.8, rng.random(300) < 0.7).astype(float)
    found = first_shift(quiet)
    assert found is not None
    assert found[0] < 560
    assert first_shift(loud) is None
