"""What every program that uses a robot's folders does first: finish what was cut off."""

from __future__ import annotations

from pathlib import Path

from ember_embodied.errors import UserError
from hippocampus.forgetting.transaction import BusyError, resume


def finish_forgetting(logs: Path) -> str | None:
    """Bring an ``ember forget`` that was cut off to its end; a line for a person where there was.

    ``logs`` is the folder of the sessions. Raises ``UserError`` where it cannot be finished now.
    """
    root = logs.absolute().parent
    try:
        finished = resume(root)
    except (BusyError, OSError) as error:
        raise UserError(f"{root}: cannot finish an interrupted 'ember forget': {error}") from error
    return None if finished is None else f"{root}: an interrupted 'ember forget' was finished"
