"""The exploration constant of a variant, tuned by its own rewards.

With n its rewards, V their variance, N the rewards of all and K the number of variants:

    s = min(1/2, sqrt(V) + 1/2 sqrt(ln N / n))
    c = 3/2 s sqrt(max(1/10, ln(N / (K n)) / ln N))

s bounds the deviation of its rewards, which is at most 1/2, as in UCB-V (Audibert, Munos and
Szepesvari, Exploration-exploitation tradeoff using variance estimates, TCS 410, 2009). The root
makes of the ln N in the index the ln(N / (K n)) of MOSS (Audibert and Bubeck, Minimax policies,
COLT 2009; at any time: Degenne and Perchet, ICML 2016): what was tried less than its share of N is
looked at again, what was tried more, hardly. Where variants are many and choices few that is near
to greedy, which is then right (Bayati, Hamidi, Johari and Khosravi, Unreasonable effectiveness of
greedy algorithms in multi-armed bandit with many arms, NeurIPS 2020). 3/2 and 1/10 come from
trying; nothing is proven of them.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Final

WIDTH: Final = 1.5
LEAST_SHARE: Final = 0.1
LEAST_WIDTH: Final = WIDTH * sqrt(LEAST_SHARE)
MOST_DEVIATION: Final = 0.5
"""Of rewards in [0, 1] (Popoviciu)."""
FIRST: Final = WIDTH * MOST_DEVIATION
"""The constant before there is anything to tune by."""


def tuned(count: float, variance: float, total: float, size: int) -> float:
    """The constant c >= 0 of a variant with ``count`` >= 1 of ``total`` rewards of ``size`` ones.

    ``variance`` may be below 0 by rounding.
    """
    if total < 2.0:
        return FIRST
    log_total = log(total)
    deviation = 0.5 * sqrt(log_total / count)
    if variance > 0.0:
        deviation += sqrt(variance)
    if deviation > MOST_DEVIATION:
        deviation = MOST_DEVIATION
    less = total / (size * count)
    if less <= 1.0 or (share := log(less) / log_total) < LEAST_SHARE:
        return LEAST_WIDTH * deviation
    return WIDTH * sqrt(share) * deviation
