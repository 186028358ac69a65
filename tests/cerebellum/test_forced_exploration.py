"""Visits to variants that were not chosen for long: when they are due, and when they end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cerebellum.forced_exploration import LEAST_INTERVAL, LONGEST, ForcedExploration
from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import SelectorSettings


def visiting() -> ForcedExploration:
    """Variant 2 of 3 is on visit, held against a mean of 0.5."""
    forced = ForcedExploration(3, 600.0)
    forced.latest[0], forced.latest[1] = 900.0, 800.0
    assert forced.variant(1000, 0, 0.5, 0.01) == 2
    return forced


def test_the_oldest_is_visited_once_it_is_older_than_the_largest_age() -> None:
    forced = ForcedExploration(3, 600.0)
    age = forced.largest_age(0.5, 0.0)
    assert age == pytest.approx(math.sqrt(2.0 * 600.0) / 0.5)
    forced.latest[0] = forced.latest[1] = 100.0
    forced.latest[2] = 40.0
    assert forced.variant(int(40 + age), 0, 0.5, 0.0) == 0
    assert forced.next_at == pytest.approx(40 + age)
    assert forced.variant(math.ceil(40 + age), 0, 0.5, 0.0) == 2


def test_a_mean_of_one_leaves_nothing_to_win_only_as_long_as_it_lasts() -> None:
    forced = ForcedExploration(3, 600.0)
    forced.latest[0] = 1000.0
    assert forced.variant(1000, 0, 1.0, 0.0) == 0
    assert forced.next_at == 1000 + LEAST_INTERVAL
    assert forced.variant(1000 + LEAST_INTERVAL, 0, 0.5, 0.01) in (1, 2)


def test_the_less_can_be_won_and_the_louder_rewards_are_the_rarer() -> None:
    forced = ForcedExploration(3, 600.0)
    assert forced.largest_age(0.9, 0.01) > 3.0 * forced.largest_age(0.6, 0.01)
    assert forced.largest_age(0.6, 0.2) > 1.5 * forced.largest_age(0.6, 0.01)
    assert forced.largest_age(1.0, 0.0) == math.inf


def test_a_visit_ends_below_the_mean_in_hand() -> None:
    forced = visiting()
    forced.rewarded(1000, 0.8)
    assert forced.variant(1001, 0, 0.5, 0.01) == 2
    forced.rewarded(1001, 0.1)
    assert forced.visited == -1
    assert forced.next_at == 1001 + LEAST_INTERVAL


def test_a_visit_ends_by_itself_and_when_the_index_has_taken_over() -> None:
    forced = visiting()
    for at in range(int(LONGEST)):
        assert forced.visited == 2
        forced.rewarded(1000 + at, 0.5)
    assert forced.visited == -1
    forced = visiting()
    forced.latest[2] = 1000.0
    assert forced.variant(1001, 2, 0.9, 0.01) == 2
    assert forced.visited == -1


@pytest.mark.parametrize(("persistence", "found"), [(600.0, True), (None, False)])
def test_one_that_has_become_the_best_is_found(persistence: float | None, found: bool) -> None:
    rng = np.random.default_rng(2)
    means = np.array([0.15, 0.5, 0.7, 0.6])
    settings = SelectorSettings(randomisation=0.0, persistence=persistence)
    selector = SynapticSelector(4, np.random.default_rng(0), settings)
    chosen = []
    for at in range(6000):
        means[0] = 0.15 if at < 3000 else 0.95
        chosen.append(selector.select())
        reward = means[chosen[-1]] + 0.1 * rng.standard_normal()
        selector.update(chosen[-1], min(1.0, max(0.0, reward)))
    assert (chosen[-2000:].count(0) > 1800) == found
