"""The mean of each variant's last rewards, in constant time whatever the window."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum


class RollingMeans:
    """Of ``size`` variants, over the last ``window`` rewards of each."""

    __slots__ = ("_ring", "_sum", "_window", "pulls")

    def __init__(self, size: int, window: int) -> None:
        """No rewards yet; ``window`` >= 1, 0 keeps none."""
        self._window = window
        self.pulls = [0] * size
        """Rewards of each so far."""
        self._ring = [0.0] * (size * window)
        self._sum = [0.0] * size

    def add(self, variant: int, reward: float) -> None:
        """A reward of a variant takes the place of the oldest."""
        window, pulls, ring = self._window, self.pulls, self._ring
        count = pulls[variant]
        pulls[variant] = count + 1
        at = variant * window + count % window
        self._sum[variant] += reward - ring[at]
        ring[at] = reward
        if at % window == 0:  # or rounding errors would add up for ever
            self._sum[variant] = fsum(ring[at : at + window])

    def mean(self, variant: int) -> float | None:
        """Of its last rewards; None where there is none."""
        lately = min(self.pulls[variant], self._window)
        return self._sum[variant] / lately if lately else None

    def state(self) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]:
        """Counts, rings one after the other, and their sums."""
        return tuple(self.pulls), tuple(self._ring), tuple(self._sum)

    def restore(self, pulls: Sequence[int], ring: Sequence[float], sums: Sequence[float]) -> None:
        """Go on from ``state``."""
        self.pulls, self._ring, self._sum = list(pulls), list(ring), list(sums)
