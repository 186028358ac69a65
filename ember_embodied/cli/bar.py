"""One bar for work that goes through several things one after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Told = Callable[[str, int, int], None]
"""Told what is done, how far, and of how much."""


@contextmanager
def bar() -> Iterator[Told]:
    """A bar on stderr where that is a terminal; gone when the work is over."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bars:
        task = bars.add_task("looking")
        yield lambda what, done, total: bars.update(
            task, description=what, completed=done, total=total
        )
