"""Errors that are told to a person: one line that names the thing and the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class UserError(Exception):
    """What was asked for cannot be done as asked; the command line ends with exit code 2.

    The message is one line for a person: what is wrong, with its name, and what would be right.
    Subclass it where a caller wants to tell one error from another.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` with the known name closest to ``name``, "" when none is close."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def unknown(kind: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that is in no table, with the nearest one, or all when none is near."""
    names = list(known)
    return UserError(
        f"unknown {kind} {name!r}{nearest(name, names) or '; known: ' + ', '.join(names)}"
    )


def existing_file(path: Path, kind: str) -> Path:
    """``path`` when it is a file or folder; otherwise ``UserError`` with the nearest neighbour.

    ``kind`` says what the file is to the reader: "log", "scenario", "config file".
    """
    if path.exists():
        return path
    if not path.parent.is_dir():
        raise UserError(f"no {kind} {path}: there is no folder {path.parent}")
    raise UserError(
        f"no {kind} {path}{nearest(path.name, (p.name for p in path.parent.iterdir()))}"
    )
