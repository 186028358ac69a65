"""The whole selector: choices, switches one by one, and resuming to the bit."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cerebellum import snapshot
from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import (
    TEXTBOOK,
    SelectorSettings,
    SelectorState,
    from_json,
    to_json,
)

EVERYTHING = SelectorSettings(
    randomisation=0.1, co_occurrence=0.5, cool_down=0.2, cool_down_length=3, window=5
)


def play(
    selector: SynapticSelector, means: np.ndarray, rewards: np.random.Generator, choices: int
) -> list[int]:
    chosen = []
    for _ in range(choices):
        variant = selector.select()
        selector.update(variant, float(rewards.random() < means[variant]))
        chosen.append(variant)
    return chosen


def test_with_everything_off_it_is_ucb1() -> None:
    means = np.linspace(0.1, 0.9, 12)
    selector = SynapticSelector(12, np.random.default_rng(0), TEXTBOOK)
    chosen = play(selector, means, np.random.default_rng(1), 3000)
    rewards = np.random.default_rng(1)
    count, total = [0] * 12, [0.0] * 12
    for t, variant in enumerate(chosen):
        index = [
            s / n + math.sqrt(2.0) * math.sqrt(math.log(t) / n) if n else math.inf
            for n, s in zip(count, total, strict=True)
        ]
        assert variant == index.index(max(index))
        count[variant] += 1
        total[variant] += float(rewards.random() < means[variant])


@pytest.mark.parametrize("settings", [SelectorSettings(), EVERYTHING, TEXTBOOK])
@pytest.mark.parametrize("cut", [3, 700, 2100])
def test_saved_and_resumed_it_chooses_the_same(
    settings: SelectorSettings, cut: int, tmp_path: Path
) -> None:
    means = np.linspace(0.1, 0.9, 20)
    means_later = means[::-1]
    never_stopped = SynapticSelector(20, np.random.default_rng(4), settings)
    rewards = np.random.default_rng(5)
    play(never_stopped, means, rewards, cut)
    path = tmp_path / "selector.snapshot"
    snapshot.save(path, never_stopped.state())
    stored = snapshot.load(path, SelectorState).state
    assert stored is not None
    resumed = SynapticSelector.from_state(from_json(to_json(stored)))
    rewards_again = np.random.default_rng()
    rewards_again.bit_generator.state = rewards.bit_generator.state
    expected = play(never_stopped, means_later, rewards, 1500)
    assert play(resumed, means_later, rewards_again, 1500) == expected
    assert resumed.state() == never_stopped.state()
    assert resumed.choice() == never_stopped.choice()


def test_a_state_whose_parts_do_not_fit_is_refused() -> None:
    selector = SynapticSelector(3, np.random.default_rng(0))
    play(selector, np.full(3, 0.5), np.random.default_rng(0), 50)
    text = to_json(selector.state())
    with pytest.raises(ValueError, match="not a state of the selector"):
        from_json(text[:-40])
    state = from_json(text)
    with pytest.raises(ValueError, match="scale has 2 entries instead of 3"):
        SynapticSelector.from_state(replace(state, scale=(0.5, 0.5)))
    with pytest.raises(ValueError, match="not in \\[0, 1\\] each"):
        SynapticSelector.from_state(replace(state, total=(1e9, 0.0, 0.0)))


@pytest.mark.parametrize("reward", [math.nan, math.inf, -0.01, 1.01])
def test_a_reward_out_of_range_changes_nothing(reward: float) -> None:
    selector = SynapticSelector(3, np.random.default_rng(0))
    before = selector.state()
    with pytest.raises(ValueError, match="not in \\[0, 1\\]"):
        selector.update(1, reward)
    assert selector.state() == before


def test_a_regression_is_noticed_and_answered() -> None:
    means = np.array([0.2, 0.9, 0.5, 0.7])
    selector = SynapticSelector(4, np.random.default_rng(0), SelectorSettings(randomisation=0.0))
    rewards = np.random.default_rng(1)
    assert play(selector, means, rewards, 2000)[-200:].count(1) > 150
    assert selector.resets == 0
    means[1] = 0.1
    late = play(selector, means, rewards, 600)[-200:]
    assert selector.resets >= 1
    assert late.count(3) > 120


def test_the_randomised_share_is_drawn_evenly_and_logged() -> None:
    selector = SynapticSelector(4, np.random.default_rng(2), SelectorSettings(randomisation=0.2))
    rewards = np.random.default_rng(3)
    taken, expected, spread = np.zeros(4), np.zeros(4), np.zeros(4)
    for _ in range(8000):
        variant = selector.select()
        choice = selector.choice()
        assert choice.variant == variant
        propensity = np.array([choice.propensity(k, 4) for k in range(4)])
        assert math.isclose(propensity.sum(), 1.0)
        taken[variant] += 1
        expected += propensity
        spread += propensity * (1.0 - propensity)
        selector.update(variant, float(rewards.random() < 0.5))
    assert np.all(np.abs(taken - expected) < 4.0 * np.sqrt(spread))


def test_what_follows_well_is_preferred() -> None:
    """Right after 0, variant 1 is worth more than anything else; at any other time, nothing."""
    found = {}
    for strength in (0.0, 1.0):
        settings = SelectorSettings(
            exploration=0.3, randomisation=0.05, co_occurrence=strength, false_alarm=None
        )
        selector = SynapticSelector(3, np.random.default_rng(0), settings)
        rewards = np.random.default_rng(1)
        previous, brought, after_0 = -1, 0.0, []
        for t in range(6000):
            variant = selector.select()
            if t > 3000 and previous == 0:
                after_0.append(selector.choice().greedy)
            good = 1.0 if (previous, variant) == (0, 1) else (0.6, 0.0, 0.5)[variant]
            reward = float(rewards.random() < good)
            selector.update(variant, reward)
            brought += reward
            previous = variant
        found[strength] = brought / 6000.0, after_0.count(1) / len(after_0)
    assert found[1.0][1] > 0.9
    assert found[1.0][0] > found[0.0][0] + 0.05


def test_cool_down_keeps_from_repeating() -> None:
    means = np.array([0.8, 0.79, 0.78, 0.2])
    settings = SelectorSettings(randomisation=0.0, cool_down=0.5, cool_down_length=2)
    selector = SynapticSelector(4, np.random.default_rng(0), settings)
    late = play(selector, means, np.random.default_rng(1), 2000)[-500:]
    assert not any(a == b for a, b in pairwise(late))
    assert late.count(3) < 25


def test_the_recent_mean_is_that_of_the_last_window() -> None:
    selector = SynapticSelector(2, np.random.default_rng(0), SelectorSettings(window=7))
    rewards = np.random.default_rng(1).random(100)
    for reward in rewards:
        selector.update(1, float(reward))
    first, second = selector.statistics()
    assert first.recent_mean is None
    assert second.recent_mean == pytest.approx(rewards[-7:].mean(), abs=1e-12)
