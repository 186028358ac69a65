"""The key to somebody else's server: from a file that nobody else can read, shown to nobody."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_KEY_BYTES: Final = 4096
_KEY: Final = re.compile(r"[\x21-\x7e]+")
"""What may stand in an HTTP header: printable ASCII, no space."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(ValueError):
    """The key may not be used; one line for a person, without the key."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A secret. Its ``repr`` does not tell it, so no traceback and no log does."""

    secret: str

    def __repr__(self) -> str:
        """Nothing of it."""
        return "Key(...)"


def read_key(path: Path) -> Key:
    """The key in ``path``: a file of this user's own, which nobody else may read or write.

    Mode and owner are those of the open file, so it cannot be changed for another in between.
    Raises ``KeyFileError``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileError(f"key file {path}: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileError(f"key file {path} is not a plain file")
        if status.st_uid != os.geteuid():
            raise KeyFileError(f"key file {path} belongs to another user; it must be yours")
        if status.st_mode & _OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            raise KeyFileError(
                f"key file {path} can be read or written by others (mode {mode:03o}): chmod 600"
            )
        raw = os.read(descriptor, MAX_KEY_BYTES + 1)
    finally:
        os.close(descriptor)
    text = raw.decode("ascii", "replace").strip()
    if len(raw) > MAX_KEY_BYTES or not _KEY.fullmatch(text):
        raise KeyFileError(f"key file {path} does not hold one key on one line")
    return Key(text)
