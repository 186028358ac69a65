"""The selector, measured: cost, choices, regret, alarms, resuming, and what its log is worth.

Everything is beside UCB1 as in the textbook, in the same world with the same draws
(``selecting_regret``), and beside public libraries (``selecting_times``).
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum import snapshot
from cerebellum.off_policy import OffPolicyValue, values
from cerebellum.parity import ParityTest
from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import (
    TEXTBOOK,
    UCB1,
    SelectorSettings,
    SelectorState,
    from_json,
    to_json,
)
from ember_embodied.bench.cerebellum import selecting_regret, selecting_times
from ember_embodied.bench.cerebellum.progress import Progress, silent
from ember_embodied.bench.cerebellum.selecting_regret import CHOICES, KINDS, World
from ember_embodied.bench.claims import Claim, claim, mean_claim

Floats = NDArray[np.float64]

RARE: Final = (0.01, 0.1, 0.5, 0.99)
"""Means of the variants of the lives in which nothing changes, for alarms."""
ALARM_CHOICES: Final = 20_000
ALARM_BOUND: Final = "<= 0.05"
LOGGED: Final = SelectorSettings(randomisation=0.2)
LOGGED_MEANS: Final = (0.3, 0.45, 0.5, 0.6)
LOGGED_CHOICES: Final = 2_000
MARGIN: Final = 0.02


def measure(seeds: range, progress: Progress = silent) -> tuple[Claim, ...]:
    """Every claim of the selector."""
    claims = [
        *selecting_times.claims(seeds[0], progress),
        *selecting_regret.claims(seeds, progress),
    ]
    for done, part in enumerate(PARTS):
        progress("choices, alarms, resuming, logs", done, len(PARTS))
        claims += part(seeds)
    progress("choices, alarms, resuming, logs", len(PARTS), len(PARTS))
    return tuple(claims)


def _identity(seeds: range) -> Iterator[Claim]:
    """Choices that differ from those of the textbook's formula, computed for every variant."""
    for kind in KINDS:
        different = 0
        for seed in seeds:
            world = World(seed, 256, kind, None, CHOICES)
            selector = SynapticSelector(256, np.random.default_rng(seed), TEXTBOOK)
            count, total = np.zeros(256), np.zeros(256)
            for at in range(CHOICES):
                variant = selector.select()
                if at < 256:
                    different += variant != at
                else:
                    index = total / count + UCB1 * np.sqrt(math.log(at) / count)
                    different += variant != int(index.argmax())
                reward = world.reward(world.means[0][variant], at)
                selector.update(variant, reward)
                count[variant] += 1.0
                total[variant] += reward
        name = f"256 variants, {kind}: choices other than the textbook's"
        yield claim(name, different, "1", "== 0", n=len(seeds) * CHOICES)


def _alarms(seeds: range) -> Iterator[Claim]:
    """Share of lives with a reset though nothing changes; rare rewards and common ones."""
    alarms = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 7])
        for rare in RARE:
            means = [rare * (0.9 + 0.1 * float(rng.random())) for _ in range(8)]
            selector = SynapticSelector(8, rng)
            draws = rng.random(ALARM_CHOICES).tolist()
            for draw in draws:
                variant = selector.select()
                selector.update(variant, 1.0 if draw < means[variant] else 0.0)
            alarms.append(selector.resets > 0)
    yield mean_claim(
        f"lives of {ALARM_CHOICES:,} choices with a false alarm", alarms, "share", ALARM_BOUND
    )


def _resuming(seeds: range) -> Iterator[Claim]:
    """Half a life, a file, the other half; beside the same life in one piece."""
    settings = SelectorSettings(randomisation=0.1, co_occurrence=0.5, cool_down=0.1)
    different, size = 0, 0
    for seed in seeds:
        world = World(seed, 256, KINDS[0], "swap", CHOICES)
        whole = SynapticSelector(256, np.random.default_rng(seed), settings)
        _live_on(whole, world, range(CHOICES // 2))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "selector.snapshot"
            snapshot.save(path, whole.state())
            stored = snapshot.load(path, SelectorState).state
        assert stored is not None
        text = to_json(stored)
        size = max(size, len(text))
        resumed = SynapticSelector.from_state(from_json(text))
        rest = range(CHOICES // 2, CHOICES)
        expected, got = _live_on(whole, world, rest), _live_on(resumed, world, rest)
        different += sum(a != b for a, b in zip(expected, got, strict=True))
        different += resumed.state() != whole.state()
    name = "saved as file and JSON, resumed: choices that differ"
    yield claim(name, different, "1", "== 0", n=len(seeds) * CHOICES // 2)
    yield claim("largest JSON snapshot of 256 variants", size / 1024.0, "KiB", n=len(seeds))


def _live_on(selector: SynapticSelector, world: World, span: range) -> list[int]:
    chosen = []
    for at in span:
        variant = selector.select()
        means = world.means[0 if at < world.switch else 1]
        selector.update(variant, world.reward(means[variant], at))
        chosen.append(variant)
    return chosen


def _off_policy(seeds: range) -> Iterator[Claim]:
    """How near each estimator comes to the truth, and how often its interval holds it."""
    found: list[tuple[OffPolicyValue, float]] = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 3])
        selector = SynapticSelector(len(LOGGED_MEANS), rng, LOGGED)
        log = []
        for _ in range(LOGGED_CHOICES):
            variant = selector.select()
            reward = float(rng.random() < LOGGED_MEANS[variant])
            log.append((selector.choice(), reward))
            selector.update(variant, reward)
        found += [(value, LOGGED_MEANS[value.variant]) for value in values(log, len(LOGGED_MEANS))]
    for name in ("ips", "snips", "doubly_robust", "adaptive"):
        pairs = [(getattr(value, name), truth) for value, truth in found]
        errors = [abs(estimate.value - truth) for estimate, truth in pairs]
        covered = [estimate.low <= truth <= estimate.high for estimate, truth in pairs]
        yield mean_claim(f"off-policy, {name}: mean error", errors, "reward")
        yield mean_claim(f"off-policy, {name}: 95 % intervals that hold", covered, "share")


def _parity(seeds: range) -> Iterator[Claim]:
    """The A/B test against chance, where there is something to win and where there is not."""
    for name, spread, verdict in (("different", 0.3, "better"), ("all equal", 0.0, "better")):
        verdicts, differences = [], []
        for seed in seeds:
            rng = np.random.default_rng([seed, 4])
            means = 0.5 + spread * (rng.random(16) - 0.5)
            test = ParityTest(SynapticSelector(16, rng), rng)
            for _ in range(4_000):
                variant = test.select()
                test.update(variant, float(rng.random() < means[variant]))
            result = test.result(MARGIN)
            assert result is not None
            verdicts.append(result.verdict == verdict)
            differences.append(result.difference)
        title = f"A/B against chance, 16 variants {name}"
        yield mean_claim(f"{title}: more reward", differences, "reward")
        yield mean_claim(f'{title}: verdict "{verdict}"', verdicts, "share")


def _sequences(seeds: range) -> Iterator[Claim]:
    """Two variants that are good right after one another, and otherwise bad; or no such thing."""

    def follows(previous: int, variant: int) -> float:
        """Mean reward of a variant right after another, where two belong together."""
        return 0.95 if (previous, variant) in ((1, 2), (2, 1)) else (0.6, 0.1, 0.1, 0.5)[variant]

    def alone(_: int, variant: int) -> float:
        """Mean reward of a variant, whatever came before."""
        return (0.6, 0.1, 0.1, 0.5)[variant]

    for name, world in (("two that belong together", follows), ("none do", alone)):
        plain, bound = (
            np.array([_sequence(world, seed, settings) for seed in seeds])
            for settings in (
                SelectorSettings(randomisation=0.05),
                SelectorSettings(randomisation=0.05, co_occurrence=1.0),
            )
        )
        yield mean_claim(
            f"co-occurrence, {name}: reward gained", (bound - plain)[:, 0].tolist(), "reward"
        )
    calm = SelectorSettings(randomisation=0.05, cool_down=0.3)
    repeats = np.array([_sequence(alone, seed, calm) for seed in seeds])
    yield mean_claim("cool-down of 0.3: repeats", repeats[:, 1].tolist(), "share")
    yield mean_claim("no cool-down: repeats", plain[:, 1].tolist(), "share")


def _sequence(
    world: Callable[[int, int], float], seed: int, settings: SelectorSettings
) -> tuple[float, float]:
    """Mean reward, and the share of choices that repeat the one before."""
    rng = np.random.default_rng([seed, 5])
    selector = SynapticSelector(4, rng, settings)
    previous, reward_sum, repeats = -1, 0.0, 0
    for draw in rng.random(CHOICES).tolist():
        variant = selector.select()
        reward = 1.0 if draw < world(previous, variant) else 0.0
        selector.update(variant, reward)
        reward_sum += reward
        repeats += variant == previous
        previous = variant
    return reward_sum / CHOICES, repeats / CHOICES


PARTS: Final = (_identity, _alarms, _resuming, _off_policy, _parity, _sequences)
