"""Which variant has the largest upper confidence bound, without computing the bound of each.

The index of variant i after N rewards, n_i of them its own, with mean m_i (UCB1: Auer,
Cesa-Bianchi and Fischer, Finite-time analysis of the multiarmed bandit problem, Machine Learning
47, 2002, theorem 1, where c_i = sqrt 2 for all):

    U_i(N) = m_i + c_i sqrt(ln N / n_i)

It grows with N and changes otherwise only by an own reward. So its value for a later N' bounds it
until then, and a variant whose bound at N' is below the best index of now cannot be the choice:
lazy evaluation (Minoux, Accelerated greedy algorithms, 1978). All bounds are computed once for N';
a choice then looks at one or two variants. While the variant in hand has an index above all other
bounds, it looks at none. How far ahead N' lies follows from how many looks it costs: close while
many are nearly equal, far when one leads.

The choice is the textbook's to the bit, ties (lowest number first) included: whatever is compared
is the index itself, in the textbook's order of operations. Bounds only say what need not be looked
at; while too many must be, as with many equals in the beginning, numpy computes every index.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from math import inf, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIRST_AHEAD: Final = 8
LEAST_AHEAD: Final = 4
MOST_AHEAD: Final = 1 << 20
"""Rewards that bounds look ahead."""
FIRST_PAUSE: Final = 32
LONGEST_PAUSE: Final = 512
"""Choices by every index, once bounds that look least ahead do not save enough."""
FEW_LOOKS: Final = 0.2
MANY_LOOKS: Final = 0.6
"""Variants looked at in vain per choice: below and above, bounds look further and less far."""
TRIAL: Final = 12
"""Choices after which that is judged."""
MOST_LOOKS: Final = 5
"""In vain for one choice; so many cost as much as computing every index."""
ROUNDING: Final = 1.0 + 1e-9
"""A rounded logarithm need not be monotone in its last bit; bounds keep well away from that."""


class UpperBounds:
    """Counts, means and exploration constants of ``size`` variants, and the largest index.

    ``count``, ``mean`` and ``scale`` (c_i) may be written; ``changed`` or ``forget`` tells of it.
    """

    __slots__ = (
        "_ahead",
        "_argmax",
        "_bounds",
        "_choices",
        "_end",
        "_hand",
        "_limit",
        "_looks",
        "_pause",
        "_pause_left",
        "_slope",
        "_unplayed",
        "_views",
        "_width_end",
        "_work",
        "count",
        "mean",
        "scale",
        "size",
    )

    def __init__(self, size: int, exploration: float) -> None:
        """All variants unplayed, each with the constant c = ``exploration``."""
        self.size = size
        self.count = array("d", bytes(8 * size))
        self.mean = array("d", bytes(8 * size))
        self.scale = array("d", [exploration] * size)
        self._slope = array("d", bytes(8 * size))
        self._bounds = array("d", bytes(8 * size))
        self._views = tuple(
            np.frombuffer(x) for x in (self.count, self.mean, self.scale, self._slope, self._bounds)
        )
        self._argmax = self._views[4].argmax
        self._work = np.empty(size)
        self._ahead = FIRST_AHEAD
        self._pause = FIRST_PAUSE
        self._pause_left = 0
        self.forget()

    def forget(self) -> None:
        """Drop all bounds: counts, means, scales or the total were set from outside."""
        self._hand = -1
        self._limit = inf
        self._end = -1.0  # the total that bounds are for
        self._width_end = 0.0  # sqrt(ln N) for that
        self._looks = self._choices = 0
        self._unplayed = 0

    def index(self, variant: int, log_total: float) -> float:
        """The index of a played variant for ln N = ``log_total``."""
        return self.mean[variant] + self.scale[variant] * sqrt(log_total / self.count[variant])

    def indices(self, log_total: float, out: Floats) -> Floats:
        """All indices, float64[size], every variant played."""
        count, mean, scale, _, _ = self._views
        np.divide(log_total, count, out)
        np.sqrt(out, out)
        np.multiply(out, scale, out)
        return np.add(out, mean, out)

    def unplayed(self) -> int:
        """The lowest variant without a reward; ``size`` when there is none."""
        at, count = self._unplayed, self.count
        while at < self.size and count[at] > 0.0:
            at += 1
        self._unplayed = at
        return at

    def changed(self, variant: int) -> None:
        """Say that count, mean or scale of one variant, by now played, have changed."""
        if variant != self._hand and self._end > 0.0:
            bound = self._put_back(variant)
            if bound > self._limit:
                self._limit = bound

    def _put_back(self, variant: int) -> float:
        slope = self._slope[variant] = self.scale[variant] / sqrt(self.count[variant])
        bound = self._bounds[variant] = self.mean[variant] + slope * self._width_end
        return bound

    def largest(self, total: float) -> int:
        """The variant with the largest index after ``total`` rewards; the lowest number of equals.

        An unplayed variant comes first, in the order of their numbers. ``total`` must not fall
        between two calls without a call of ``forget``.
        """
        if self._unplayed < self.size and (first := self.unplayed()) < self.size:
            return first
        if total > self._end:
            if not self._pause_left:
                self._look_ahead(total)
            if self._pause_left:
                self._pause_left -= 1
                return int(self.indices(log(total), self._work).argmax())
        log_total = log(total)
        self._choices += 1
        hand = self._hand
        if hand >= 0:
            index = self.mean[hand] + self.scale[hand] * sqrt(log_total / self.count[hand])
            if index > self._limit:
                return hand
            self._put_back(hand)
        return self._search(log_total)

    def largest_adjusted(
        self, total: float, bonus: Mapping[int, float], penalty: Mapping[int, float]
    ) -> int:
        """The largest of index + bonus - penalty, all positive; the lowest number of equals.

        Without a bonus a variant counts for at most its index. So the largest index is the choice
        unless it has a penalty, or one of the few with a bonus is above it.
        """
        hand = self.largest(total)
        if self._unplayed < self.size or not (bonus or penalty):
            return hand
        log_total = log(total)
        if hand in penalty:
            values = self.indices(log_total, self._work)
            for variant, less in penalty.items():
                values[variant] -= less
            hand = int(values.argmax())
        best = self.index(hand, log_total) + bonus.get(hand, 0.0) - penalty.get(hand, 0.0)
        for variant, extra in bonus.items():
            value = self.index(variant, log_total) + extra - penalty.get(variant, 0.0)
            if value > best or (value == best and variant < hand):
                hand, best = variant, value
        return hand

    def _search(self, log_total: float) -> int:
        """Look at the variant with the highest bound; mostly no other bound is above its index."""
        bounds, argmax = self._bounds, self._argmax
        hand = int(argmax())
        best = self.mean[hand] + self.scale[hand] * sqrt(log_total / self.count[hand])
        bound = bounds[hand]
        bounds[hand] = -inf
        limit = bounds[int(argmax())]
        if limit >= best:
            hand, limit = self._search_on(log_total, hand, best, bound)
        self._hand, self._limit = hand, limit
        return hand

    def _search_on(
        self, log_total: float, hand: int, best: float, bound: float
    ) -> tuple[int, float]:
        """Look at the next ones too. The choice, and what no other index can exceed."""
        bounds, argmax = self._bounds, self._argmax
        mean, scale, count = self.mean, self.scale, self.count
        seen = [(hand, bound)]
        while (limit := bounds[other := int(argmax())]) >= best:
            if len(seen) > MOST_LOOKS:
                hand, limit = int(self.indices(log_total, self._work).argmax()), inf
                break
            seen.append((other, limit))
            bounds[other] = -inf
            value = mean[other] + scale[other] * sqrt(log_total / count[other])
            if value > best or (value == best and other < hand):
                hand, best = other, value
        self._looks += len(seen) - 1
        for variant, bound in seen:
            bounds[variant] = bound
            if variant != hand and bound > limit:
                limit = bound
        bounds[hand] = -inf
        return hand, limit

    def _look_ahead(self, total: float) -> None:
        """Compute all bounds for a larger total, or find that it is not worth it for a while."""
        if self._choices >= TRIAL:
            if self._looks > MANY_LOOKS * self._choices:
                self._ahead //= 2
            elif self._looks < FEW_LOOKS * self._choices:
                self._ahead = min(MOST_AHEAD, self._ahead * 2)
                self._pause = FIRST_PAUSE
            self._looks = self._choices = 0
        count, mean, scale, slope, bounds = self._views
        if self._end < 0.0:
            np.divide(scale, np.sqrt(count, out=bounds), out=slope)
        elif self._hand >= 0:
            self._put_back(self._hand)
        self._hand = -1
        if self._ahead < LEAST_AHEAD:
            self._ahead = LEAST_AHEAD
            self._pause_left = self._pause
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
            self._end = -1.0
            return
        self._end = total + self._ahead
        self._width_end = sqrt(log(self._end)) * ROUNDING
        np.multiply(slope, self._width_end, out=bounds)
        np.add(bounds, mean, out=bounds)
