"""The last change that can be undone is undone: a few renames, by a journal of their own."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hippocampus.transaction.journal import Journal, decide, last_change, set_aside, stamp
from hippocampus.transaction.settle import settle


class NotUndoableError(Exception):
    """There is nothing to undo, or it was changed since; the message is one line for a person."""


def undo(nights: Path, *, even_changed: bool = False) -> tuple[Journal, tuple[str, ...]]:
    """Let everything be as it was before the last change, byte for byte.

    Returns what was undone, and the files that were changed since and stay (``even_changed``).
    ``nights`` must be ``held``. Raises ``NotUndoableError``, or ``OSError``; it may then be called
    again.
    """
    settle(nights)
    journal = last_change(nights)
    if journal is None:
        raise NotUndoableError(f"no night to undo in {nights}: each can be undone until the next")
    changed = _changed_since(journal)
    if changed and not even_changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise NotUndoableError(
            f"{changed[0]}{more} changed after {journal.what}; --force undoes the rest and leaves "
            "what has changed as it is"
        )
    roots = journal.places()
    for step in journal.steps:
        if stamp(set_aside(roots[step.root], step.path)) != step.before:
            raise NotUndoableError(
                f"what {roots[step.root] / step.path} was before {journal.what} is no longer kept"
            )
    decide(nights, msgspec.structs.replace(journal, forward=False))
    settled = settle(nights)
    return journal, settled.left if settled is not None else ()


def _changed_since(journal: Journal) -> tuple[str, ...]:
    """Files of a change that no longer are as it left them."""
    roots = journal.places()
    return tuple(
        str(roots[step.root] / step.path)
        for step in journal.steps
        if stamp(roots[step.root] / step.path) != step.after
    )
