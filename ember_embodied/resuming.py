"""What every program that uses a robot's folders does first: finish what was cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ember_embodied.errors import UserError
from hippocampus.transaction.settle import settle_of

_EARLIER: Final = ".forgetting"
"""Folder beside the logs where earlier versions left what was cut off."""


def finish_change(logs: Path) -> str | None:
    """Bring a night or a forgetting that was cut off to its end; a line for a person if there was.

    ``logs`` is the folder of the sessions. Raises ``UserError`` where it cannot be finished now.
    """
    earlier = logs.absolute().parent / _EARLIER
    if earlier.is_dir():
        raise UserError(
            f"{earlier}: an 'ember forget' of an earlier version was cut off; let that version "
            "finish it with 'ember forget' once more"
        )
    try:
        settled = settle_of(logs)
    except OSError as error:
        raise UserError(f"{logs}: what was cut off cannot be finished: {error}") from error
    return None if settled is None else f"{logs}: {settled.what} was cut off, and is finished now"
