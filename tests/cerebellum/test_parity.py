"""The A/B test against chance, and its Student law against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cerebellum.parity import ParityTest, compare, student_quantile, student_tail
from cerebellum.selector import SynapticSelector


@pytest.mark.parametrize("freedom", [1.0, 2.7, 30.0, 5000.0])
@pytest.mark.parametrize("t", [0.0, 0.3, 2.0, 9.0])
def test_students_law(t: float, freedom: float) -> None:
    assert student_tail(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-8)
    assert student_quantile(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-8)


def test_it_is_welchs_test() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(40), 0.3 + 0.5 * rng.random(25)
    found = compare(a.tolist(), b.tolist(), 0.01)
    expected = stats.ttest_ind(a, b, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-8)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(
    ("best", "verdict"), [(0.9, "better"), (0.5, "parity"), (0.55, "undecided")]
)
def test_the_selector_against_chance(best: float, verdict: str) -> None:
    means = np.array([0.5, best, 0.5, 0.5])
    rng = np.random.default_rng(6)
    test = ParityTest(SynapticSelector(4, rng), rng)
    assert test.result(0.05) is None
    choices = {"parity": 6000, "better": 600, "undecided": 300}[verdict]
    for _ in range(choices):
        variant = test.select()
        test.update(variant, float(rng.random() < means[variant]))
    result = test.result(0.05)
    assert result is not None
    assert result.verdict == verdict
    assert result.count_a + result.count_b == choices
