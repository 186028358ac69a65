"""TOML files that ship by name or are given by path: read, checked, refused in one plain line."""

from __future__ import annotations

import re
import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import msgspec

TableT = TypeVar("TableT", bound=msgspec.Struct)


class TableError(ValueError):
    """A file cannot be read; the message is one line that names the file and the key."""


def shipped_names(folder: Traversable) -> tuple[str, ...]:
    """Names of the TOML files in a folder of the program, without their ending."""
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_text(path_or_name: str | Path, folder: Traversable, what: str) -> str:
    """The text of a shipped file by name, or of any file by path. Raises ``TableError``."""
    name = str(path_or_name)
    shipped = shipped_names(folder)
    if name in shipped:
        return (folder / f"{name}.toml").read_text("utf-8")
    try:
        return Path(path_or_name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a UTF-8 text"
        raise TableError(
            f"{what} {name}: {reason}; give a .toml file or one of: {', '.join(shipped)}"
        ) from None


def parse_table(text: str, kind: type[TableT], what: str) -> TableT:
    """Read TOML as ``kind``; ``what`` names the file in errors. Raises ``TableError``."""
    try:
        return msgspec.convert(tomllib.loads(text), kind)
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"{what}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise TableError(f"{what}: {_plain(str(error))}") from None


def _plain(message: str) -> str:
    """A validator's message in plain words: ``key 'x' is not known in people[0]``."""
    what, _, where = message.partition(" - at `$")
    where = where.strip("`.") or "the top level"
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", what)
    if unknown:
        return f"key '{unknown[1]}' is not known in {where}; take it out or mend its spelling"
    missing = re.fullmatch(r"Object missing required field `(.*)`", what)
    if missing:
        return f"key '{missing[1]}' is missing in {where}"
    return f"{where}: {what[:1].lower()}{what[1:].replace('`', '')}"
