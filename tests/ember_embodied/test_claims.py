from __future__ import annotations

import numpy as np
import pytest

from ember_embodied.bench.claims import claim, mean_claim, quantile_claim


def test_a_bound_is_judged() -> None:
    assert claim("x", 49.0, "us", "<= 50").holds is True
    assert claim("x", 51.0, "us", "<= 50").holds is False
    assert claim("x", 19.0, "x", ">= 20").holds is False
    assert claim("x", 3.0, "x").holds is None
    with pytest.raises(ValueError, match="bound"):
        claim("x", 1.0, "x", "at most 3")


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    covered_median = covered_mean = 0
    for _ in range(200):
        samples = rng.normal(size=101).tolist()
        median, mean = quantile_claim("m", samples, 0.5, "x"), mean_claim("m", samples, "x")
        assert median.interval is not None
        assert mean.interval is not None
        covered_median += median.interval[0] <= 0.0 <= median.interval[1]
        covered_mean += mean.interval[0] <= 0.0 <= mean.interval[1]
    assert 180 <= covered_median <= 200
    assert 180 <= covered_mean <= 199
