"""The exploration constant of a variant, tuned by its own rewards.

With n its rewards, V their variance, N the rewards of all and K the number of variants:

    s = sqrt((n V + 1) / (n + 4))
    c = s sqrt(max(1/10, ln(N / (K n)) / ln N))

s is the deviation of its rewards, drawn to 1/2, the most it can be, as by four rewards more: V
alone says too little while they are few (UCB-V, Audibert, Munos and Szepesvari,
Exploration-exploitation tradeoff using variance estimates, TCS 410, 2009, adds a term for that,
which stays large for longer). The root makes of the ln N in the index the ln(N / (K n)) of MOSS
(Audibert and Bubeck, Minimax policies, COLT 2009; at any time: Degenne and Perchet, ICML 2016):
what was tried less than its share of N is looked at again, what was tried more, hardly. Where
variants are many and choices few that is near to greedy, which is then right (Bayati, Hamidi,
Johari and Khosravi, Unreasonable effectiveness of greedy algorithms in multi-armed bandit with many
arms, NeurIPS 2020). 4 and 1/10 come from trying, with 3 to 256 variants; nothing is proven of them.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Final

LEAST_SHARE: Final = 0.1
PRIOR_REWARDS: Final = 4.0
MOST_VARIANCE: Final = 0.25
"""Of rewards in [0, 1] (Popoviciu)."""
PRIOR_SQUARES: Final = PRIOR_REWARDS * MOST_VARIANCE
OFTEN: Final = 32.0
SELDOM: Final = 8.0
"""From ``OFTEN`` rewards on a constant hardly moves, and is tuned every ``SELDOM`` of them."""
FIRST: Final = sqrt(MOST_VARIANCE)
"""The constant before there is anything to tune by."""


def tuned(count: float, variance: float, total: float, size: int) -> float:
    """The constant c >= 0 of a variant with ``count`` >= 1 of ``total`` rewards of ``size`` ones.

    ``variance`` may be below 0 by rounding.
    """
    if total < 2.0:
        return FIRST
    variance = (max(0.0, variance) * count + PRIOR_SQUARES) / (count + PRIOR_REWARDS)
    less = total / (size * count)
    if less <= 1.0 or (share := log(less) / log(total)) < LEAST_SHARE:
        share = LEAST_SHARE
    return sqrt(share * variance)
