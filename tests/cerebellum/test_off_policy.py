"""Off-policy values: right on average, honest in their intervals, refused where impossible."""

from __future__ import annotations

import numpy as np
import pytest

from cerebellum.off_policy import Choice, values
from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import SelectorSettings

MEANS = np.array([0.3, 0.5, 0.7])


def log_of(seed: int, choices: int = 1500) -> list[tuple[Choice, float]]:
    rng = np.random.default_rng(seed)
    selector = SynapticSelector(3, rng, SelectorSettings(randomisation=0.3))
    log = []
    for _ in range(choices):
        variant = selector.select()
        reward = float(rng.random() < MEANS[variant])
        log.append((selector.choice(), reward))
        selector.update(variant, reward)
    return log


def test_estimates_are_right_and_their_intervals_cover_the_truth() -> None:
    names = ("ips", "snips", "doubly_robust", "adaptive")
    covered = dict.fromkeys(names, 0)
    errors: dict[str, list[float]] = {name: [] for name in names}
    runs = 40
    for seed in range(runs):
        for value in values(log_of(seed), 3):
            truth = MEANS[value.variant]
            for name in names:
                estimate = getattr(value, name)
                covered[name] += estimate.low <= truth <= estimate.high
                errors[name].append(estimate.value - truth)
    for name in names:
        assert covered[name] / (3 * runs) > 0.85, name
        assert abs(np.mean(errors[name])) < 0.03, name
    spread = {name: np.std(errors[name]) for name in names}
    assert spread["doubly_robust"] < 0.8 * spread["ips"]


def test_a_log_without_randomisation_is_refused() -> None:
    with pytest.raises(ValueError, match="without randomisation"):
        values([(Choice(0, 0, 0.0), 1.0)], 3)


def test_rewards_and_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        values([(Choice(0, 0, 0.1), float("nan"))], 3)
    with pytest.raises(ValueError, match="not one of 3"):
        values([(Choice(3, 0, 0.1), 1.0)], 3)
