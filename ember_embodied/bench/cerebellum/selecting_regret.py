"""Regret in worlds that change, beside UCB1 in the same worlds with the same draws.

Regret is that of the means: what the best variant of the moment would have brought, less what the
chosen one does. Worlds are drawn by the seed: means even in [0.1, 0.9], rewards yes or no, or with
a scatter of 0.1. In the middle of a life

    swap    the best becomes the worst, the second the second worst, and so on
    shuffle all means are dealt again
    fall    the best falls to 0.1
    rise    the worst rises to 0.95, and nothing becomes worse

Everything is beside UCB1 as in the textbook, in the same world with the same draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import TEXTBOOK, UCB1, SelectorSettings
from ember_embodied.bench.cerebellum.progress import Progress
from ember_embodied.bench.claims import Claim, claim

Floats = NDArray[np.float64]

SIZES: Final = (8, 256)
CHOICES: Final = 8_000
SCATTER: Final = 0.1
KINDS: Final = ("yes or no", "scatter")
CHANGES: Final = ("swap", "shuffle", "fall", "rise")
STATIONARY_BOUND: Final = "<= 1.05"
SWITCH_BOUND: Final = "<= 0.5"
RESAMPLES: Final = 2_000
TAIL: Final = 0.025


class World:
    """Means that change once, and rewards drawn for each choice whoever makes it."""

    def __init__(self, seed: int, size: int, kind: str, change: str | None, choices: int) -> None:
        rng = np.random.default_rng([seed, size, KINDS.index(kind)])
        before = 0.1 + 0.8 * rng.random(size)
        after = _changed(before, change, rng)
        self.means = [before.tolist(), after.tolist()]
        self.switch = choices // 2 if change else choices
        self._yes_or_no = kind == KINDS[0]
        draws = rng.random(choices) if self._yes_or_no else rng.standard_normal(choices)
        self._draws: list[float] = draws.tolist()

    def reward(self, mean: float, at: int) -> float:
        """The reward of a variant of that mean at a choice."""
        if self._yes_or_no:
            return 1.0 if self._draws[at] < mean else 0.0
        return min(1.0, max(0.0, mean + SCATTER * self._draws[at]))


def _changed(before: Floats, change: str | None, rng: np.random.Generator) -> Floats:
    after, order = before.copy(), np.argsort(before)
    if change == "swap":
        after[order] = before[order[::-1]]
    elif change == "shuffle":
        after = rng.permutation(before)
    elif change == "fall":
        after[order[-1]] = 0.1
    elif change == "rise":
        after[order[0]] = 0.95
    return after


def _live(selector: SynapticSelector, world: World, choices: int) -> tuple[float, float]:
    """Regret before and after the switch."""
    regrets = []
    for means, span in (
        (world.means[0], range(world.switch)),
        (world.means[1], range(world.switch, choices)),
    ):
        best, regret = max(means), 0.0
        for at in span:
            variant = selector.select()
            mean = means[variant]
            selector.update(variant, world.reward(mean, at))
            regret += best - mean
        regrets.append(regret)
    return regrets[0], regrets[1]


def claims(seeds: range, progress: Progress) -> Iterator[Claim]:
    """Regret after each change, and of the whole life, as a share of the textbook's."""
    worlds = len(SIZES) * len(KINDS) * (1 + len(CHANGES))
    done = 0
    contenders = {
        "selector": SelectorSettings(),
        "changes alone": SelectorSettings(exploration=UCB1, randomisation=0.0),
        "tuning alone": SelectorSettings(randomisation=0.0, false_alarm=None),
    }
    for size in SIZES:
        for kind in KINDS:
            for change in (None, *CHANGES):
                progress("regret, worlds", done, worlds)
                done += 1
                found = {
                    name: regrets_of(settings, seeds, size, kind, change)
                    for name, settings in {"textbook": TEXTBOOK, **contenders}.items()
                    if change in (None, "swap") or name in ("textbook", "selector")
                }
                when = f"after {change}" if change else "nothing changes"
                bound = SWITCH_BOUND if change else STATIONARY_BOUND
                after = {name: parts[:, -1] for name, parts in found.items()}
                for name in list(found)[1:]:
                    title = f"{size} variants, {kind}, {when}: regret of {name} / textbook"
                    yield _ratio(
                        title, after[name], after["textbook"], bound if name == "selector" else None
                    )
                if change:
                    whole = {name: parts.sum(axis=1) for name, parts in found.items()}
                    title = f"{size} variants, {kind}, {change}: whole lives, selector / textbook"
                    yield _ratio(title, whole["selector"], whole["textbook"], None)
    progress("regret, worlds", done, worlds)


def regrets_of(
    settings: SelectorSettings, seeds: range, size: int, kind: str, change: str | None
) -> Floats:
    """Regrets [seeds, parts]: before and after the change, or of the whole where there is none."""
    regrets = []
    for seed in seeds:
        world = World(seed, size, kind, change, CHOICES)
        selector = SynapticSelector(size, np.random.default_rng([seed, 1]), settings)
        regrets.append(_live(selector, world, CHOICES)[: 2 if change else 1])
    return np.array(regrets)


def _ratio(name: str, ours: Floats, theirs: Floats, bound: str | None) -> Claim:
    """Ratio of mean regrets, with a percentile bootstrap over seeds, worlds kept together."""
    picks = np.random.default_rng(0).integers(len(ours), size=(RESAMPLES, len(ours)))
    ratios = ours[picks].sum(axis=1) / theirs[picks].sum(axis=1)
    low, high = np.quantile(ratios, (TAIL, 1.0 - TAIL))
    value = float(ours.sum() / theirs.sum())
    return claim(name, value, "x", bound, n=len(ours), interval=(float(low), float(high)))
