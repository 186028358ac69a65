"""Has the mean reward of a variant changed? A test for each variant, at any time, with few alarms.

Rewards x_1 .. x_n of one variant, all in [0, 1], are split at s into n1 = s old and n2 = n - s new
ones with means m1, m2. With d = |m1 - m2|, w = n1 n2 / n, k = min(n1, n2) and the variance within
both parts

    V = (sum (x - mean)^2 - w d^2 + 1/4) / (n + 1)        the 1/4 stands for what n cannot show yet

Bennett's inequality (Probability inequalities for the sum of independent random variables, JASA
57, 1962) bounds the chance of such a d without a change by exp(-Z):

    Z = V k^2 / w * h(d w / (V k)),    h(u) = (1 + u) ln(1 + u) - u

For small d it is the Gaussian likelihood ratio w d^2 / 2V. Where rewards are yes or no, a larger
one is that of the Bernoulli law, which holds for all rewards in [0, 1]:

    Z' = n1 kl(m1, m) + n2 kl(m2, m),    m the mean of all,  kl the divergence of Bernoulli laws

A change is found when the larger of the two, over all splits, is above

    beta(n) = ln(2 n * variants / false_alarm)

which is the scan of GLR-UCB (Besson, Kaufmann, Maillard and Seznec, Efficient change-point
detection for tackling piecewise-stationary bandits, JMLR 23, 2022): each of n splits, up or down,
has its part of ``false_alarm``. Their threshold has n^(3/2), because it looks at every split of
every n; here are n / 4 tests of some ln n splits each, and a test mostly repeats the one before. So
this is no theorem, nor is it with V, an estimate; ``ember bench cerebellum --part selecting``
counts alarms.

Splits are only looked at where a mark was kept: marks are set every few rewards and thinned so
that their ages grow geometrically (as in ADWIN: Bifet and Gavalda, Learning from time-changing
data with adaptive windowing, 2007). Each test looks at the latest ones, and ever more rarely, as n
grows, at all O(log n) of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log1p
from typing import Final

LEAST_GAP: Final = 4
"""Rewards of a variant between two tests."""
RECENT_MARKS: Final = (-1, -2, -4, -8)
"""Splits that each test looks at: a large change is seen in the latest rewards."""
WHOLE_SHARE: Final = 64
"""All splits are looked at whenever this part of all rewards is new; small changes need many."""
MOST_MARKS: Final = 24
THINNED: Final = 1.5
"""Ages of marks grow by at least this factor where there are too many."""
PRIOR_SQUARES: Final = 0.25

Mark = tuple[float, float]
"""Count and sum of the rewards of a variant up to some moment."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of one variant's mean reward: the rewards since, and how sure it is."""

    count: float
    total: float
    variance: float
    before: float
    """Mean reward before the change."""
    evidence: float
    """Z less its threshold, in nats; above zero."""

    @property
    def is_regression(self) -> bool:
        """Whether rewards became less."""
        return self.total < self.before * self.count


class ChangePoints:
    """Marks of ``size`` variants, and the test.

    ``due[i]`` is the count from which on variant i is to be tested again; the caller compares, for
    that is all that most rewards need.
    """

    __slots__ = ("_surprise", "due", "marks")

    def __init__(self, size: int, false_alarm: float) -> None:
        """``false_alarm`` in (0, 1) is for all variants together."""
        self._surprise = log(2.0 * size / false_alarm)
        self.due = [float(LEAST_GAP)] * size
        self.marks: list[list[Mark]] = [[] for _ in range(size)]

    def forget(self, variant: int, count: float) -> None:
        """Begin anew with a variant that keeps ``count`` of its rewards."""
        self.marks[variant] = []
        self.due[variant] = count + LEAST_GAP

    def test(self, variant: int, count: float, total: float, squares: float) -> Shift | None:
        """Test a variant by count, sum and sum of squares of its rewards since ``forget``."""
        marks = self.marks[variant]
        whole = count % max(LEAST_GAP, count // WHOLE_SHARE) < LEAST_GAP
        few = whole or len(marks) < -RECENT_MARKS[-1]
        looked_at = marks if few else [marks[at] for at in RECENT_MARKS]
        threshold = self._surprise + log(count)
        found = _largest_shift(looked_at, count, total, squares, threshold)
        if found is None:
            self.due[variant] = count + LEAST_GAP
            marks.append((count, total))
            if len(marks) > MOST_MARKS:
                self.marks[variant] = _thinned(marks, count)
        return found


def _largest_shift(
    marks: list[Mark], count: float, total: float, squares: float, threshold: float
) -> Shift | None:
    around = squares - total * total / count + PRIOR_SQUARES
    mean = total / count
    best = None
    for old, old_total in marks:
        new = count - old
        weight = old * new / count
        difference = old_total / old - (total - old_total) / new
        between = weight * difference * difference
        variance = (around - between) / (count + 1.0)
        if between <= threshold * variance:
            continue  # h(u) <= u^2 / 2 and kl <= d^2 / m (1 - m): neither can reach the threshold
        least = min(old, new)
        ratio = abs(difference) * weight / (variance * least)
        bennett = (1.0 + ratio) * log1p(ratio) - ratio
        evidence = variance * least * least / weight * bennett
        bernoulli = _divergence(old, old_total, mean) + _divergence(new, total - old_total, mean)
        evidence = max(evidence, bernoulli) - threshold
        if evidence > 0.0 and (best is None or evidence > best.evidence):
            best = Shift(new, total - old_total, variance, old_total / old, evidence)
    return best


def _divergence(count: float, total: float, mean: float) -> float:
    """N kl(total / n, mean), in nats."""
    share, divergence = total / count, 0.0
    if share > 0.0:
        divergence += share * log(share / mean)
    if share < 1.0 and mean < 1.0:
        divergence += (1.0 - share) * log((1.0 - share) / (1.0 - mean))
    return count * divergence


def _thinned(marks: list[Mark], count: float) -> list[Mark]:
    kept: list[Mark] = []
    youngest = 0.0
    for mark in reversed(marks):
        age = count - mark[0]
        if age >= youngest:
            kept.append(mark)
            youngest = max(age, 1.0) * THINNED
    kept.reverse()
    return kept
