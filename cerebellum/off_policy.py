"""What each variant would have been worth, from the log of another policy's choices.

UCB1 is deterministic: given its past it takes one variant for certain, and what it did not take
was impossible. No weighting of such a log says anything about another choice. So the selector
draws a share e of its choices evenly from all K variants, and logs, beside the variant a taken,
the greedy one g and e. The propensity of k was then

    p(k) = e / K + (1 - e) [g = k]

for every k and every choice, which is above zero everywhere only if e is: ``values`` refuses a log
without. With w = [a = k] / p(k), r the reward and q the mean reward of k before this choice:

    IPS       mean of w r                        Horvitz and Thompson, JASA 47, 1952
    SNIPS     sum of w r / sum of w              Swaminathan and Joachims, NIPS 2015
    DR        mean of G = q + w (r - q)          Dudik, Langford and Li, ICML 2011
    adaptive  sum of h G / sum of h, h^2 = p(k)  Hadad, Hirshberg, Zhan, Wager and Athey, PNAS 118,
                                                 2021: policies that learn shift their propensities,
                                                 and only such weights keep the estimate normal

Intervals are 95 %, from the normal law of martingale differences. All assume that the reward of a
variant keeps its mean: use the log since the last change. Few random choices of a variant make
wide intervals, and below ``FEW`` of them they are too narrow; look at ``effective``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NORMAL_95: Final = 1.959964
"""97.5 % quantile of the normal law."""
FEW: Final = 20
PRIOR_MEAN: Final = 0.5
"""q before the first reward of a variant; any number leaves DR unbiased."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One logged choice; enough for the propensity of every variant."""

    variant: int
    greedy: int
    randomisation: float
    """The share e of choices that are drawn evenly, in [0, 1)."""

    def propensity(self, variant: int, size: int) -> float:
        """The probability with which ``variant``, of ``size``, would have been taken."""
        even = self.randomisation / size
        return even + (1.0 - self.randomisation if variant == self.greedy else 0.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval, in rewards. Not cut to [0, 1]: a cut would hide noise."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OffPolicyValue:
    """The mean reward if ``variant`` had always been taken."""

    variant: int
    taken: int
    """How often it was."""
    effective: float
    """(sum w)^2 / sum w^2: how many even choices the weighted ones are worth."""
    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate
    adaptive: Estimate


def values(log: Iterable[tuple[Choice, float]], size: int) -> tuple[OffPolicyValue, ...]:
    """The value of each of ``size`` variants from (choice, reward) pairs in their order.

    A variant that was never taken has no value and is left out. Raises ``ValueError`` on a choice
    without randomisation, a variant out of range, and a reward outside [0, 1].
    """
    rows = [(c.variant, c.greedy, c.randomisation, reward) for c, reward in log]
    if not rows:
        return ()
    columns = np.array(rows, dtype=np.float64).T
    variant, greedy = columns[0].astype(np.intp), columns[1].astype(np.intp)
    randomisation, reward = columns[2], columns[3]
    if not ((randomisation > 0.0) & (randomisation < 1.0)).all():
        raise ValueError("choices without randomisation say nothing about other choices")
    if variant.min() < 0 or greedy.min() < 0 or max(variant.max(), greedy.max()) >= size:
        raise ValueError(f"the log names a variant that is not one of {size}")
    if not ((reward >= 0.0) & (reward <= 1.0)).all():
        raise ValueError("the log holds a reward outside [0, 1]")
    found = []
    for k in range(size):
        taken = variant == k
        if taken.any():
            propensity = randomisation / size + (1.0 - randomisation) * (greedy == k)
            found.append(_value(k, taken, propensity, reward))
    return tuple(found)


def _value(k: int, taken: NDArray[np.bool_], propensity: Floats, reward: Floats) -> OffPolicyValue:
    weight = taken / propensity
    own = np.where(taken, reward, 0.0)
    earlier: Floats = np.cumsum(taken) - taken.astype(np.float64)
    mean = (PRIOR_MEAN + np.cumsum(own) - own) / (1.0 + earlier)
    robust = mean + weight * (reward - mean)
    even = np.ones(len(reward))
    return OffPolicyValue(
        variant=k,
        taken=int(taken.sum()),
        effective=float(weight.sum() ** 2 / (weight**2).sum()),
        ips=_weighted(weight * reward, even),
        snips=_weighted(reward, weight),
        doubly_robust=_weighted(robust, even),
        adaptive=_weighted(robust, np.sqrt(propensity)),
    )


def _weighted(terms: Floats, weights: Floats) -> Estimate:
    """Weighted mean of terms and its interval."""
    total = weights.sum()
    value = float((weights * terms).sum() / total)
    half = NORMAL_95 * float(np.sqrt((weights**2 * (terms - value) ** 2).sum()) / total)
    return Estimate(value, value - half, value + half)
