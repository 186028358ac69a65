"""When a variant is tried again that nothing speaks for: another one may have become better.

A change of the variant in hand shows in its own rewards. That another one has become better shows
only if it is tried, and an index grows like sqrt(ln N): hardly ever. GLR-UCB (Besson, Kaufmann,
Maillard and Seznec 2022) and M-UCB (Cao, Wen, Kveton and Xie, Nearly optimal adaptive procedure
with change detection for piecewise-stationary bandits, AISTATS 2019) force a fixed share of even
choices. Here each variant has a largest age instead, so that none waits longer by bad luck; and
the age follows from what can be won. With m the mean of the variant in hand and V its variance,

    u = 1 - m            the most that another can be better, rewards being at most 1
    k = 1 + 4 V / u^2    rewards that it takes to see one that is better by u / 2
    P = sqrt(2 k T) / u  the largest age

minimises  k g / P + u^2 P / 4T,  g = 1/2: what visits cost, each k rewards that are worse by g,
and what a variant that is better costs until it is seen, if a variant's mean is dealt again, even
in [0, 1], about every T choices: it is then above m with the chance u, by u/2, for P/2 choices.

A visit lasts as long as the mean of its rewards is not below m, and at most ``LONGEST`` rewards. So
one to a variant that is worse is over at once, mostly, and one to a
variant that is better goes on until its index takes over, or the change-point test finds it. A
choice that chance has made begins one too.

There is a price that no rule for P gets around. Where nothing tells which variant may have risen,
each of K is visited once in P choices, at about g a visit, and one that is better by d is found P/2
choices after it has become so. Over H choices that is at least sqrt(2 g K H d): about 60 with eight
variants, g = 0.4, d = 0.14 and H = 4,000, which is what UCB1 loses there in all (``rise`` of
``ember bench cerebellum --part selecting``).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from math import inf, sqrt
from typing import Final

import numpy as np

MOST_SHARE: Final = 0.02
"""Of all choices that begin a visit; with hundreds of variants ages get longer for it."""
LONGEST: Final = 32.0
"""Rewards of a visit: enough for the change-point test to see what is worth seeing."""
LEAST_INTERVAL: Final = round(1.0 / MOST_SHARE)


class ForcedExploration:
    """Visits to the variants that were not chosen for long."""

    __slots__ = (
        "_ages",
        "_count",
        "_least",
        "_longest",
        "_persistence",
        "_total",
        "latest",
        "next_at",
        "visited",
    )

    def __init__(self, size: int, persistence: float | None, longest: float = LONGEST) -> None:
        """``persistence``: choices, > 0, that a mean is expected to last; None for ever."""
        self._longest = longest
        self._persistence = persistence
        self.latest = array("d", bytes(8 * size))
        """The number of the last choice of each variant that brought a reward."""
        self._ages = np.frombuffer(self.latest)
        self.next_at = inf if persistence is None or size < 2 else float(LEAST_INTERVAL)
        """The choice from which on ``variant`` is to be asked."""
        self.visited = -1
        """The variant on visit; -1 for none."""
        self._count = self._total = self._least = 0.0

    def variant(self, now: int, hand: int, mean: float, variance: float) -> int:
        """The variant to choose at choice ``now``: the one on visit, or ``hand``.

        ``mean`` and ``variance`` are those of ``hand``, which has the largest index.
        """
        if self.visited == hand:
            self.end(now)
        elif self.visited >= 0:
            self._least = max(self._least, mean)
            return self.visited
        oldest = int(self._ages.argmin())
        due = self.latest[oldest] + self.largest_age(mean, variance)
        if now < due or oldest == hand:
            again = float(now + LEAST_INTERVAL)
            asked_at = max(due, again) if oldest == hand else due
            # Nothing is better than a mean of 1 now, but that may fall.
            self.next_at = asked_at if asked_at < inf else again
            return hand
        self.begin(oldest, mean)
        return oldest

    def begin(self, variant: int, mean: float) -> None:
        """Begin a visit, unless there is one; ``mean`` is that of the variant in hand."""
        if self.visited < 0 and self._persistence is not None:
            self.visited, self._least = variant, mean
            self._count = self._total = 0.0
            self.next_at = 0.0

    def rewarded(self, now: int, reward: float) -> None:
        """Say what the variant on visit brought."""
        self._count += 1.0
        self._total += reward
        if self._count >= self._longest or self._total < self._least * self._count:
            self.end(now)

    def end(self, now: int) -> None:
        """End a visit, if there is one; the next is at least ``LEAST_INTERVAL`` choices later."""
        if self._persistence is not None:
            self.visited = -1
            self.next_at = float(now + LEAST_INTERVAL)

    def largest_age(self, mean: float, variance: float) -> float:
        """P, in choices; infinite when nothing can be better than ``mean``."""
        better = 1.0 - mean
        if self._persistence is None or better <= 0.0:
            return inf
        looks = 1.0 + 4.0 * max(0.0, variance) / (better * better)
        return sqrt(2.0 * looks * self._persistence) / better

    def visit(self) -> tuple[float, float, float]:
        """Rewards of the visit, their sum, and the mean that they are held against."""
        return self._count, self._total, self._least

    def restore(
        self,
        latest: Iterable[float],
        next_at: float | None,
        visited: int,
        visit: tuple[float, float, float],
    ) -> None:
        """Go on from numbers that were read before; ``next_at`` None is never."""
        self.latest[:] = array("d", latest)
        self.next_at = inf if next_at is None else next_at
        self.visited = visited
        self._count, self._total, self._least = visit
