"""What follows what with more reward than usual: a Hebbian bonus for "B right after A".

And with less: a malus, for the mean reward of a variant that is good after some and bad after
others is wrong after all of them.

Two variants that are active one after the other are bound together when the reward is high, which
is a Hebbian rule gated by a third factor, the reward prediction error (Fremaux and Gerstner,
Neuromodulated spike-timing-dependent plasticity, Frontiers in Neural Circuits 9, 2016). With r
the reward of B right after A, m_B the mean reward of B before it, n the times this has happened
(at most ``MEMORY``):

    w_AB <- w_AB + (r - m_B - w_AB) / n
    bonus(B after A) = strength * max(0,  w_AB - 1 / (2 sqrt n))
    malus(B after A) = strength * max(0, -w_AB - 1 / (2 sqrt n))

The subtraction is the largest standard error of a mean of rewards in [0, 1]: what has followed
once or twice by luck binds nothing. Where rewards do not depend on what came before, w goes to
zero, and so do both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import sqrt
from typing import Final

MEMORY: Final = 64.0
"""Times a pair is averaged over; older ones fade, so that a binding can be unlearned."""
MOST_FOLLOWERS: Final = 8
"""Bonuses, and as many maluses, after one variant; the strongest are kept."""
Binding = tuple[int, int, float, float]
"""A, B, n, w."""
Effect = tuple[int, int, float]
"""A, B, bonus of B after A; below zero for a malus."""
_NONE: Final[Mapping[int, float]] = {}


class CoOccurrence:
    """Bindings between variants that came one right after the other."""

    __slots__ = ("_bonuses", "_maluses", "_pairs", "_strength")

    def __init__(self, strength: float) -> None:
        """``strength`` >= 0 is the bonus per reward above the mean."""
        self._strength = strength
        self._pairs: dict[int, dict[int, tuple[float, float]]] = {}
        self._bonuses: dict[int, dict[int, float]] = {}
        self._maluses: dict[int, dict[int, float]] = {}

    def bonuses(self, first: int) -> Mapping[int, float]:
        """The bonus, above 0, of each variant that has one right after ``first``."""
        return self._bonuses.get(first, _NONE)

    def maluses(self, first: int) -> Mapping[int, float]:
        """The malus, above 0, of each variant that has one right after ``first``."""
        return self._maluses.get(first, _NONE)

    def learn(self, first: int, second: int, surprise: float) -> None:
        """``second`` came right after ``first`` with ``surprise`` more reward than its mean."""
        pairs = self._pairs.setdefault(first, {})
        count, weight = pairs.get(second, (0.0, 0.0))
        count = min(count + 1.0, MEMORY)
        weight += (surprise - weight) / count
        pairs[second] = (count, weight)
        unsure = 0.5 / sqrt(count)
        _keep(self._bonuses, first, second, self._strength * (weight - unsure))
        _keep(self._maluses, first, second, self._strength * (-weight - unsure))

    def bindings(self) -> Iterator[Binding]:
        """Every pair that has occurred."""
        for first, pairs in self._pairs.items():
            for second, (count, weight) in pairs.items():
                yield first, second, count, weight

    def effects(self) -> Iterator[Effect]:
        """Every bonus and malus."""
        for sign, table in ((1.0, self._bonuses), (-1.0, self._maluses)):
            for first, sizes in table.items():
                for second, size in sizes.items():
                    yield first, second, sign * size

    def restore(self, bindings: Iterable[Binding], effects: Iterable[Effect]) -> None:
        """Take over what ``bindings`` and ``effects`` gave."""
        self.forget()
        for first, second, count, weight in bindings:
            self._pairs.setdefault(first, {})[second] = (count, weight)
        for first, second, size in effects:
            table = self._bonuses if size > 0.0 else self._maluses
            table.setdefault(first, {})[second] = abs(size)

    def forget(self) -> None:
        """Unlearn everything."""
        self._pairs.clear()
        self._bonuses.clear()
        self._maluses.clear()


def _keep(table: dict[int, dict[int, float]], first: int, second: int, size: float) -> None:
    """Keep a size above zero among the largest after ``first``."""
    sizes = table.get(first)
    if size <= 0.0:
        if sizes is not None:
            sizes.pop(second, None)
        return
    if sizes is None:
        sizes = table[first] = {}
    sizes[second] = size
    if len(sizes) > MOST_FOLLOWERS:
        del sizes[min(sizes, key=lambda other: (sizes[other], other))]
