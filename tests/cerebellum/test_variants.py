"""Ways to correct: none corrects more than the table says, and each does what its name says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerebellum.variants import CATALOGUE, Blend, Cosine, Decay, applied, reward


@given(
    correction=st.floats(-2.0, 2.0),
    confidence=st.floats(0.0, 1.0),
    age_s=st.floats(0.0, 1e9),
    number=st.integers(0, len(CATALOGUE) - 1),
)
def test_never_more_than_the_table_says_nor_the_other_way(
    correction: float, confidence: float, age_s: float, number: int
) -> None:
    got = applied(CATALOGUE[number], correction, confidence, age_s)
    assert abs(got) <= abs(correction)
    assert got * correction >= 0.0


def test_each_shape() -> None:
    assert applied(Blend(0.25), 0.4, 0.9, 5.0) == pytest.approx(0.1)
    assert applied(Cosine(0.5), 0.4, 0.0, 5.0) == 0.0
    assert applied(Cosine(0.5), 0.4, 0.25, 5.0) == pytest.approx(0.2)
    assert applied(Cosine(0.5), 0.4, 0.5, 5.0) == pytest.approx(0.4)
    assert applied(Decay(60.0), 0.4, 0.1, 120.0) == pytest.approx(0.1)


def test_names_are_unique() -> None:
    assert len({variant.name for variant in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize(
    "arguments", [(math.nan, 0.5, 1.0), (0.1, 1.1, 1.0), (0.1, math.nan, 1.0), (0.1, 0.5, -1.0)]
)
def test_bad_evidence_is_refused(arguments: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="out of its range"):
        applied(CATALOGUE[0], *arguments)


def test_reward_is_linear_in_the_error() -> None:
    assert reward(0.0) == 1.0
    assert reward(-math.radians(15.0)) == pytest.approx(0.5)
    assert reward(1.0) == 0.0
    with pytest.raises(ValueError, match="no evidence"):
        reward(math.nan)
