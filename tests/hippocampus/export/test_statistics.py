"""Quantiles of a dataset: of all frames while there are few, of different ones of legs alike."""

import numpy as np

from hippocampus.export.statistics import SAMPLED_FRAMES, sample_quantiles, sampled_rows


def test_of_few_frames_all_are_taken():
    assert sampled_rows(100, 3, first=4_000).tolist() == list(range(100))


def test_a_leg_without_frames_gives_none():
    assert sampled_rows(0, 3, first=7).size == 0


def test_legs_that_are_alike_show_different_frames():
    """One stretch of life 144 times: its quantiles are still those of all its frames."""
    stretch = np.random.default_rng(3).standard_normal(6_000) ** 3
    legs = 144
    rows = [stretch[sampled_rows(stretch.size, legs, leg * stretch.size)] for leg in range(legs)]
    seen = np.concatenate(rows)[None]
    assert seen.size <= SAMPLED_FRAMES
    found = sample_quantiles(seen, np.ones(seen.size))
    for name, share in (("q01", 0.01), ("q10", 0.1), ("q50", 0.5), ("q90", 0.9), ("q99", 0.99)):
        rank = float((stretch <= found[name][0]).mean())
        assert abs(rank - share) < 0.005, name
