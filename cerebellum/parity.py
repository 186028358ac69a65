"""Is the selector better than chance? An A/B test against random choices, on the robot as it lives.

A coin decides before each choice who makes it: the selector (A) or the even draw over all variants
(B). Both meet the same hours, rooms and people that way. Of the rewards of both, m and s^2 their
means and variances, n their numbers:

    t = (m_A - m_B) / sqrt(s_A^2 / n_A + s_B^2 / n_B)

with Welch's degrees of freedom (Welch, The generalization of Student's problem, Biometrika 34,
1947). "parity" means that the 90 % interval of the difference lies within the margin, which is two
one-sided tests at 5 % (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987);
"better" and "worse" that it does not and the 95 % interval leaves out zero; else it is
"undecided". The selector learns meanwhile, so its mean is that of its learning too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, lgamma, log, log1p, sqrt
from typing import Final, Literal

import numpy as np

from cerebellum.selector import SynapticSelector

LEAST_SAMPLES: Final = 2
HIGH: Final = 0.975
EQUIVALENT: Final = 0.95
"""Quantiles of the two intervals, which are two-sided."""
FRACTION_STEPS: Final = 300
PRECISION: Final = 1e-14
TINY: Final = 1e-300
Verdict = Literal["better", "worse", "parity", "undecided"]


@dataclass(frozen=True, slots=True)
class Parity:
    """The difference of two mean rewards, A less B."""

    difference: float
    low: float
    high: float
    """Its 95 % interval."""
    p: float
    """Two-sided: of so large a difference if there is none."""
    verdict: Verdict
    count_a: int
    count_b: int


class ParityTest:
    """A selector and chance, taking turns by a coin."""

    __slots__ = ("_by_selector", "_rewards", "_rng", "_selector", "_share")

    def __init__(
        self, selector: SynapticSelector, rng: np.random.Generator, share: float = 0.5
    ) -> None:
        """``share``, in (0, 1), of the choices are the selector's."""
        if not 0.0 < share < 1.0:
            raise ValueError(f"a share of {share} is not in (0, 1)")
        self._selector = selector
        self._rng = rng
        self._share = share
        self._by_selector = True
        self._rewards: tuple[list[float], list[float]] = ([], [])

    def select(self) -> int:
        """The variant to use now."""
        self._by_selector = bool(self._rng.random() < self._share)
        if self._by_selector:
            return self._selector.select()
        return int(self._rng.integers(self._selector.size))

    def update(self, variant: int, reward: float) -> None:
        """The reward of the last choice. Chance teaches the selector nothing."""
        if self._by_selector:
            self._selector.update(variant, reward)
        self._rewards[0 if self._by_selector else 1].append(reward)

    def result(self, margin: float) -> Parity | None:
        """What the rewards so far say; None while there are too few of either."""
        ours, theirs = self._rewards
        if min(len(ours), len(theirs)) < LEAST_SAMPLES:
            return None
        return compare(ours, theirs, margin)


def compare(ours: Sequence[float], theirs: Sequence[float], margin: float) -> Parity:
    """Compare two samples of rewards, at least two each; ``margin`` > 0 still counts as equal."""
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if min(len(a), len(b)) < LEAST_SAMPLES:
        raise ValueError(f"{len(a)} and {len(b)} rewards: at least {LEAST_SAMPLES} each are needed")
    difference = float(a.mean() - b.mean())
    parts = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    error = sqrt(sum(parts))
    if error == 0.0:
        freedom, p, wide, narrow = inf, float(difference == 0.0), 0.0, 0.0
    else:
        freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(a) - 1) + parts[1] ** 2 / (len(b) - 1))
        p = 2.0 * student_tail(abs(difference) / error, freedom)
        wide, narrow = (error * student_quantile(q, freedom) for q in (HIGH, EQUIVALENT))
    verdict: Verdict = "undecided"
    if abs(difference) + narrow <= margin:
        verdict = "parity"
    elif difference - wide > 0.0:
        verdict = "better"
    elif difference + wide < 0.0:
        verdict = "worse"
    return Parity(difference, difference - wide, difference + wide, p, verdict, len(a), len(b))


def student_tail(t: float, freedom: float) -> float:
    """P(T > t) of Student's t with ``freedom`` > 0, for t >= 0 (DLMF 8.17, Abramowitz 26.7.1)."""
    return 0.5 * _incomplete_beta(0.5 * freedom, 0.5, freedom / (freedom + t * t))


def student_quantile(share: float, freedom: float) -> float:
    """The t with P(T <= t) = ``share``, in [0.5, 1), by bisection."""
    low, high = 0.0, 1.0
    while student_tail(high, freedom) > 1.0 - share:
        low, high = high, 2.0 * high
    while high - low > PRECISION * high:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if student_tail(middle, freedom) > 1.0 - share:
            low = middle
        else:
            high = middle
    return high


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22)."""
    if x <= 0.0 or x >= 1.0:
        return min(1.0, max(0.0, x))
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _incomplete_beta(b, a, 1.0 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    upper, lower, fraction = 1.0, 0.0, 1.0
    for step in range(FRACTION_STEPS):
        m = step // 2
        if step == 0:
            term = 1.0
        elif step % 2 == 0:
            term = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        lower = 1.0 / ((1.0 + term * lower) or TINY)
        upper = (1.0 + term / upper) or TINY
        fraction *= upper * lower
        if abs(1.0 - upper * lower) < PRECISION:
            break
    return front * (fraction - 1.0)
