"""The days that a night has read, as it left them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ember_embodied.errors import UserError
from hippocampus.night.episode import DAY_FILE, Day


def slept_day(nights: Path, date: str | None) -> Day:
    """A day, the newest where ``date`` is None. Raises ``UserError`` where no night has read it."""
    known = sorted(path.parent.name for path in nights.glob(f"*/{DAY_FILE}"))
    if not known:
        raise UserError(
            f"no night in {nights.absolute()}: 'ember sleep' reads the days, or name the folder "
            "with --nights"
        )
    chosen = known[-1] if date is None else date
    if chosen not in known:
        near = ", ".join(known[-3:])
        raise UserError(
            f"no night has read {chosen} yet: 'ember sleep --date {chosen}' does; the last days "
            f"that are known: {near}"
        )
    path = nights / chosen / DAY_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Day)
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
