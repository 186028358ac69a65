from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from ember_embodied.training.ablation.statistics import (
    compare,
    detectable,
    hedges_correction,
    holm,
    noncentral_t_cdf,
    permutation_p,
    smallest_p,
)


def test_five_differences_of_one_sign() -> None:
    paired = compare([1.0, 2.0, 3.0, 4.0, 5.0], [0.0] * 5, margin=6.0)
    assert paired.difference == 3.0
    assert paired.t_p == pytest.approx(0.013236, abs=1e-6)
    assert paired.permutation_p == smallest_p(5) == 0.0625
    assert paired.interval == pytest.approx((1.0368, 4.9632), abs=1e-4)
    assert paired.effect == pytest.approx(0.7979 * 3.0 / 1.5811, abs=1e-3)
    # Cumming and Finch's noncentral interval of d_z = 1.897, n = 5.
    assert paired.effect_interval == pytest.approx((0.333, 3.407), abs=1e-3)
    # As large as 6: t = (6 - 3) / 0.7071 with 4 degrees of freedom.
    assert paired.equivalence_p == pytest.approx(0.006618, abs=1e-6)


def test_an_exact_permutation_counts_every_pattern_of_signs() -> None:
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.2, -0.3])
    sums = [abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
            for signs in product((-1, 1), repeat=6)]  # fmt: skip
    expected = np.mean([total >= 0.7 - 1e-9 for total in sums])
    assert permutation_p(differences) == pytest.approx(expected)
    theirs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert permutation_p(differences) == pytest.approx(theirs.pvalue)
    assert permutation_p(np.zeros(4)) == 1.0
    with pytest.raises(ValueError, match="17 pairs"):
        permutation_p(np.ones(17))


def test_differences_that_do_not_spread() -> None:
    same = compare([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], margin=0.02)
    assert (same.t_p, same.permutation_p, same.effect) == (1.0, 1.0, None)
    assert same.equivalence_p == 0.0
    shifted = compare([1.1, 1.2, 1.3], [0.1, 0.2, 0.3])
    assert (shifted.t_p, shifted.effect, shifted.equivalence_p) == (0.0, None, None)
    assert compare([1.0, 2.0], [0.0, 0.0]).effect is None
    with pytest.raises(ValueError, match="1 pairs"):
        compare([1.0], [2.0])


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_effect_sizes_against_known_values() -> None:
    assert hedges_correction(4) == pytest.approx(0.797885, abs=1e-6)
    assert hedges_correction(20) == pytest.approx(0.9619, abs=1e-4)
    assert hedges_correction(1) == 0.0
    for t, degrees, shift in ((2.5, 4, 1.2), (2.5, 1, 1.2), (-0.5, 9, 0.3)):
        expected = stats.nct.cdf(t, degrees, shift)
        assert noncentral_t_cdf(t, degrees, shift) == pytest.approx(expected, abs=1e-4)
    # G*Power: paired t-test, two-sided, alpha 0.05, power 0.8.
    assert detectable(1.0, 5, 0.05) == pytest.approx(1.682, abs=2e-3)
    effect = detectable(2.0, 10, 0.05) / 2.0
    power = stats.nct.sf(stats.t.ppf(0.975, 9), 9, effect * np.sqrt(10))
    assert power == pytest.approx(0.8, abs=1e-3)
    assert detectable(0.0, 10, 0.05) == 0.0
    extreme = compare(np.full(5, 9.0) + 1e-3 * np.arange(5), np.zeros(5))
    assert extreme.effect_interval is not None
    assert np.isfinite(extreme.effect_interval).all()


def test_intervals_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    hits = [
        low <= 0.5 <= high
        for low, high in (
            compare(rng.normal(0.5, 1.0, 5), np.zeros(5)).interval for _ in range(150)
        )
    ]
    assert 0.90 <= np.mean(hits) <= 0.99
