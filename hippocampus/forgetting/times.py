"""Stretches of time, and names in a text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """From ``start_ns`` to ``end_ns``, both included; Unix time."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a stretch that ends before it begins."""
        if self.end_ns < self.start_ns:
            raise ValueError("a stretch of time ends before it begins")


class Stretches:
    """Any number of stretches, joined where they meet."""

    def __init__(self, stretches: Iterable[Stretch] = ()) -> None:
        joined: list[Stretch] = []
        for one in sorted(stretches):
            if joined and one.start_ns <= joined[-1].end_ns + 1:
                end_ns = max(one.end_ns, joined[-1].end_ns)
                joined[-1] = Stretch(joined[-1].start_ns, end_ns)
            else:
                joined.append(one)
        self._all = tuple(joined)
        self._starts = [one.start_ns for one in joined]

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self._all)

    def __bool__(self) -> bool:
        return bool(self._all)

    def overlap(self, start_ns: int, end_ns: int) -> bool:
        """Whether any moment from ``start_ns`` to ``end_ns`` is within one."""
        index = bisect_right(self._starts, end_ns) - 1
        return index >= 0 and self._all[index].end_ns >= start_ns

    def hold(self, t_ns: int) -> bool:
        """Whether a moment is within one."""
        return self.overlap(t_ns, t_ns)


class Name:
    """A person's name, found as a word of its own, in upper or lower case."""

    def __init__(self, name: str) -> None:
        """Raises ``ValueError`` for a name without a letter."""
        self.text = " ".join(name.split())
        if not any(map(str.isalnum, self.text)):
            raise ValueError(f"{name!r} is no name")
        words = r"\s+".join(map(re.escape, self.text.split()))
        self._pattern = re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)

    def within(self, text: str) -> bool:
        """Whether a text has the name in it."""
        return self._pattern.search(text) is not None

    def is_(self, name: str | None) -> bool:
        """Whether it is this name."""
        return name is not None and self._pattern.fullmatch(name.strip()) is not None
