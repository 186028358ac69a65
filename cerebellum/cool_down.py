"""What was just used is used again only if it is better by something."""

from __future__ import annotations

from collections import deque


class CoolDown:
    """A variant used k choices ago, k from 0, loses ``most`` (1 - k / ``length``) of its index."""

    __slots__ = ("_most", "_step", "recent")

    def __init__(self, most: float, length: int) -> None:
        """``most`` 0: there is none."""
        self._most = most
        self._step = most / length if most else 0.0
        self.recent: deque[int] = deque(maxlen=length if most else 0)
        """The variants that were used last, the latest at the end."""

    def penalties(self) -> dict[int, float]:
        """What each of them loses now."""
        cooling: dict[int, float] = {}
        for k, variant in enumerate(reversed(self.recent)):
            cooling.setdefault(variant, self._most - self._step * k)
        return cooling
