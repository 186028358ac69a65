"""The lazy search against the textbook, written down as it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerebellum.upper_bound import UpperBounds


def textbook(counts: list[float], means: list[float], scales: list[float], total: float) -> int:
    best, choice = -math.inf, -1
    for i, (n, mean, scale) in enumerate(zip(counts, means, scales, strict=True)):
        index = mean + scale * math.sqrt(math.log(total) / n) if n else math.inf
        if index > best:
            best, choice = index, i
    return choice


def drawn(kind: str, mean: float, rng: np.random.Generator) -> float:
    if kind == "yes or no":
        return float(rng.random() < mean)
    if kind == "always the same":
        return 0.5
    if kind == "quarters":
        return round(4.0 * rng.random() * mean) / 4.0
    return 0.5 * (mean + float(rng.random()))


KINDS = ("yes or no", "always the same", "quarters", "any")


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from((1, 2, 3, 7, 40)),
    kind=st.sampled_from(KINDS),
    c=st.sampled_from((0.0, 0.05, 0.5, math.sqrt(2.0))),
    elsewhere=st.sampled_from((0.0, 0.1, 0.5)),
    tuned=st.booleans(),
)
def test_every_choice_is_the_textbooks(
    seed: int, size: int, kind: str, c: float, elsewhere: float, tuned: bool
) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.choice((0.2, 0.5, 0.51, 0.9), size)
    bounds = UpperBounds(size, c)
    counts, sums = [0.0] * size, [0.0] * size
    means, scales = [0.0] * size, [c] * size
    total = 0.0
    for _ in range(400):
        choice = bounds.largest(total)
        assert choice == textbook(counts, means, scales, total)
        given_to = int(rng.integers(size)) if rng.random() < elsewhere else choice
        counts[given_to] += 1.0
        sums[given_to] += drawn(kind, truth[given_to], rng)
        means[given_to] = sums[given_to] / counts[given_to]
        if tuned:
            scales[given_to] = 0.1 + 0.1 * float(rng.integers(3))
        bounds.count[given_to] = counts[given_to]
        bounds.mean[given_to] = means[given_to]
        bounds.scale[given_to] = scales[given_to]
        bounds.changed(given_to)
        total += 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_256_variants_over_thousands_of_choices(kind: str) -> None:
    rng = np.random.default_rng(7)
    size = 256
    truth = rng.random(size)
    bounds = UpperBounds(size, math.sqrt(2.0))
    count, sums, mean = np.zeros(size), np.zeros(size), np.zeros(size)
    for total in range(6000):
        choice = bounds.largest(float(total))
        if total < size:
            assert choice == total
        else:
            index = mean + math.sqrt(2.0) * np.sqrt(math.log(total) / count)
            assert choice == int(index.argmax())
        count[choice] += 1.0
        sums[choice] += drawn(kind, truth[choice], rng)
        mean[choice] = sums[choice] / count[choice]
        bounds.count[choice], bounds.mean[choice] = count[choice], mean[choice]
        bounds.changed(choice)
