"""One change at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class BusyError(Exception):
    """Another change is at work; the message is one line for a person."""


@contextmanager
def held(nights: Path) -> Iterator[None]:
    """Be the only one who changes or undoes anything there. Raises ``BusyError``, ``OSError``.

    A folder that is made for it goes again where it stays empty.
    """
    made = not nights.is_dir()
    nights.mkdir(parents=True, exist_ok=True)
    folder = os.open(nights, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"another 'ember sleep', 'ember diary' or 'ember forget' is at work in {nights}"
            ) from error
        yield
    finally:
        if made:
            with suppress(OSError):
                # Only an empty one goes.
                nights.rmdir()
        os.close(folder)
