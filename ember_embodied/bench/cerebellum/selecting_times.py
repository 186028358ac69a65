"""What a choice and its update cost, beside public libraries, and what each shortcut is worth.

Every contender lives on with its own choices; all were told the same past before. In each round
every contender makes a few choices in turn, so that a busy machine is busy for all alike.
"""

from __future__ import annotations

import importlib
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from typing import Any, Final

import numpy as np

from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import TEXTBOOK, UCB1, SelectorSettings
from cerebellum.upper_bound import UpperBounds
from ember_embodied.bench.cerebellum.progress import Progress
from ember_embodied.bench.claims import Claim, quantile_claim
from ember_embodied.bench.interleaved import Times, ratio_claim
from ember_embodied.errors import UserError
from firmware_bridge.clock import SystemClock

VARIANTS: Final = 256
YES_OR_NO: Final = "yes or no"
SCATTER: Final = "scatter"
DRAWS: Final = 1 << 16
PASTS: Final = (1_000, 4_000, 16_000, 64_000)
"""Choices made before the timing; with few of them, many variants have equal numbers."""
SCATTER_PASTS: Final = (4_000, 64_000)
"""The same for rewards that are hardly ever equal."""
SOME_THOUSAND: Final = 4_000
"""From here on the aim holds."""
ROUNDS: Final = 120
OUR_CHOICES: Final = 40
RIVER_CHOICES: Final = 4
MABWISER_CHOICES: Final = 1
"""Choices of a contender in one round."""
MOST_US: Final = "<= 6"
TIMES_RIVER: Final = ">= 40"
AIM_RIVER: Final = ">= 100"
WINDOW: Final = 100
"""Rewards in the rolling means of the ablation."""

Step = Callable[[], object]
Past = list[tuple[int, float]]


class World:
    """Rewards of 256 variants, means drawn by the seed: yes or no, or with a scatter of 0.1.

    ``life`` draws the rewards: 0 is the past that all are told of, 1 what each goes on with.
    """

    def __init__(self, seed: int, life: int, kind: str = YES_OR_NO) -> None:
        means = np.random.default_rng([seed, VARIANTS]).random(VARIANTS)
        self._means: list[float] = (0.1 + 0.8 * means).tolist()
        rng = np.random.default_rng([seed, life])
        self._yes_or_no = kind == YES_OR_NO
        draws = rng.random(DRAWS) if self._yes_or_no else 0.1 * rng.standard_normal(DRAWS)
        self.next_draw: Callable[[], float] = cycle(draws.tolist()).__next__

    def reward(self, variant: int) -> float:
        """The next reward of a variant."""
        if not self._yes_or_no:
            return min(1.0, max(0.0, self._means[variant] + self.next_draw()))
        return 1.0 if self.next_draw() < self._means[variant] else 0.0


def claims(seed: int, progress: Progress) -> Iterator[Claim]:
    """Costs beside the peers after each past, then the ablation. Raises ``UserError``."""
    pasts = [
        *((choices, YES_OR_NO) for choices in PASTS),
        *((choices, SCATTER) for choices in SCATTER_PASTS),
    ]
    for done, (choices, kind) in enumerate(pasts):
        progress("costs beside the peers, pasts", done, len(pasts))
        yield from _beside_peers(seed, choices, kind)
    progress("costs beside the peers, pasts", len(pasts), len(pasts))
    yield from _ablation(seed)


def _beside_peers(seed: int, choices: int, kind: str) -> Iterator[Claim]:
    past = _past(seed, choices, kind)

    def world() -> World:
        """The same rewards for each contender, drawn from the seed."""
        return World(seed, 1, kind)

    contenders: dict[str, tuple[Step, int]] = {
        "UCB1 alone": (_ours(TEXTBOOK, seed, world(), past), OUR_CHOICES),
        "selector": (_ours(SelectorSettings(), seed, world(), past), OUR_CHOICES),
        "every variant, numpy": (_shortcuts(world(), past), OUR_CHOICES),
        "river": (_river(seed, world(), past), RIVER_CHOICES),
        "mabwiser": (_mabwiser(seed, world(), past), MABWISER_CHOICES),
    }
    times = _timed(contenders, ROUNDS)
    when = f"after {choices:,} choices, {kind}"
    for name in contenders:
        bound = MOST_US if name in ("UCB1 alone", "selector") else None
        yield quantile_claim(f"{when}: {name}", times[name], 0.5, "us", bound)
    for name, peer, bound in (
        ("UCB1 alone", "river", TIMES_RIVER),
        ("UCB1 alone", "mabwiser", None),
        ("selector", "river", TIMES_RIVER),
    ):
        yield ratio_claim(f"{when}: {peer} / {name}", [peer], [name], times, bound)
    if choices >= SOME_THOUSAND:
        for name in ("UCB1 alone", "selector"):
            title = f"{when}, the aim: river / {name}"
            yield ratio_claim(title, ["river"], [name], times, AIM_RIVER)


def _ablation(seed: int) -> Iterator[Claim]:
    """Each shortcut alone, and all together, beside none: 1 means that it does nothing."""
    past = _past(seed, PASTS[-1], YES_OR_NO)
    switches = {
        "none": {},
        "assume_normalized": {"check": False},
        "rolling means in O(1)": {"rolling": True},
        "looking at few variants": {"lazy": True},
        "all three": {"check": False, "rolling": True, "lazy": True},
    }
    contenders = {
        name: (_shortcuts(World(seed, 1), past, means=True, **on), OUR_CHOICES)
        for name, on in switches.items()
    }
    times = _timed(contenders, ROUNDS)
    for name in list(switches)[1:]:
        yield ratio_claim(f"shortcuts: none / {name}", ["none"], [name], times)


def _timed(contenders: Mapping[str, tuple[Step, int]], rounds: int) -> Times:
    """Microseconds a choice with its update, by contender and round."""
    clock = SystemClock()
    times: Times = {name: [] for name in contenders}
    order = list(contenders.items())
    for _ in range(rounds):
        for name, (step, choices) in order:
            step()  # its code and data come back into the caches
            start_ns = clock.mono_ns()
            for _ in range(choices):
                step()
            times[name].append((clock.mono_ns() - start_ns) * 1e-3 / choices)
        order.reverse()
    return times


def _past(seed: int, choices: int, kind: str = YES_OR_NO) -> Past:
    """What UCB1 does and gets in that many choices."""
    selector, world = (
        SynapticSelector(VARIANTS, np.random.default_rng(seed), TEXTBOOK),
        World(seed, 0, kind),
    )
    past = []
    for _ in range(choices):
        variant = selector.select()
        reward = world.reward(variant)
        selector.update(variant, reward)
        past.append((variant, reward))
    return past


def _ours(settings: SelectorSettings, seed: int, world: World, past: Past) -> Step:
    selector = SynapticSelector(VARIANTS, np.random.default_rng(seed), settings)
    for variant, reward in past:
        selector.update(variant, reward)
    select, update, reward_of = selector.select, selector.update, world.reward

    def step() -> None:
        """One choice and its update."""
        variant = select()
        update(variant, reward_of(variant))

    return step


def _shortcuts(
    world: World,
    past: Past,
    *,
    check: bool = True,
    rolling: bool = False,
    lazy: bool = False,
    means: bool = False,
) -> Callable[[], int]:
    """UCB1 written for the ablation: the same choices with each shortcut on or off.

    A step gives the variant that it chose.
    """
    bounds = UpperBounds(VARIANTS, UCB1)
    sums, total = [0.0] * VARIANTS, 0.0
    lists: list[list[float]] = [[] for _ in range(VARIANTS)]
    windows = [deque([0.0] * WINDOW, WINDOW) for _ in range(VARIANTS)]
    window_sums, recent = [0.0] * VARIANTS, [0.0] * VARIANTS
    work, reward_of = np.empty(VARIANTS), world.reward

    def learn(variant: int, reward: float) -> None:
        """Update counts and means by one reward; raises ``ValueError`` on one outside [0, 1]."""
        nonlocal total
        if check and not 0.0 <= reward <= 1.0:
            raise ValueError(f"a reward of {reward}")
        count = bounds.count[variant] = bounds.count[variant] + 1.0
        sums[variant] += reward
        bounds.mean[variant] = sums[variant] / count
        total += 1.0
        if lazy:
            bounds.changed(variant)
        if means and rolling:
            window = windows[variant]
            window_sums[variant] += reward - window[0]
            window.append(reward)
            recent[variant] = window_sums[variant] / min(count, WINDOW)
        elif means:
            rewards = lists[variant]
            rewards.append(reward)
            if len(rewards) > WINDOW:
                rewards.pop(0)
            recent[variant] = sum(rewards) / len(rewards)

    def step() -> int:
        """One choice by the switches that are on, its update, and which it was."""
        if lazy:
            variant = bounds.largest(total)
        else:
            variant = int(bounds.indices(math.log(total), work).argmax())
        learn(variant, reward_of(variant))
        return variant

    for variant, reward in past:
        learn(variant, reward)
    return step


def _peer(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise UserError(f"needs {name}: pip install 'ember-embodied[bench]'") from error


def _river(seed: int, world: World, past: Past) -> Step:
    """River's UCB with delta 1, which is UCB1."""
    policy: Any = _peer("river.bandit").UCB(delta=1, seed=seed)
    arms = range(VARIANTS)
    for variant, reward in past:
        policy.update(variant, reward)

    def step() -> None:
        """One choice of river's, and its update."""
        variant = policy.pull(arms)
        policy.update(variant, world.reward(variant))

    return step


def _mabwiser(seed: int, world: World, past: Past) -> Step:
    """Mabwiser's UCB1 with the same constant."""
    mab: Any = _peer("mabwiser.mab")
    policy = mab.MAB(list(range(VARIANTS)), mab.LearningPolicy.UCB1(alpha=1.0), seed=seed)
    decisions, rewards = zip(*past, strict=True)
    policy.fit(list(decisions), list(rewards))

    def step() -> None:
        """One choice of mabwiser's, and its update."""
        variant = policy.predict()
        policy.partial_fit([variant], [world.reward(variant)])

    return step
