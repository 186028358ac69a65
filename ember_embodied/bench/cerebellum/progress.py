"""How a long benchmark says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and of how much."""


def silent(what: str, done: int, whole: int) -> None:
    """Progress that nobody wants to hear of."""
    del what, done, whole
