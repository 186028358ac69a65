"""What was decided, as it lies on the disk."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from hippocampus.segment import sync_folder
from hippocampus.whole_file import write_whole

STAGING: Final = ".night"
"""Folder in each root for what is staged, and for what is set aside."""
JOURNAL: Final = "journal.json"
"""The change that is being carried out."""
LAST: Final = "last.json"
"""The change that ``undo`` undoes."""
NIGHTS: Final = "nights"
"""Name of the root that holds both."""
Roots = dict[str, Path]
"""Folders that a change may touch, by name; ``NIGHTS`` is one of them."""
_OF: Final = "of"
"""In the staging folder of each root: where the journal is."""
_PART: Final = ".part"
"""Of a file that is not whole yet."""


class Kind(StrEnum):
    """What becomes of the files as they were."""

    UNDOABLE = "undoable"
    """They are kept until the next change."""
    FOR_GOOD = "for good"
    """They are overwritten, and so is what was kept for ``undo``. It does not yield to what was
    written meanwhile: what must go, goes."""
    AMENDS = "amends"
    """They go, and ``undo`` of the change before goes back behind this one too."""


class Stamp(msgspec.Struct, frozen=True):
    """What tells one content of a file from another: renames leave both as they are."""

    size: int
    mtime_ns: int


class Step(msgspec.Struct, frozen=True):
    """One file that a change puts in its place (``after``) or takes from it (None)."""

    root: str
    path: str
    before: Stamp | None
    """None: there was no such file."""
    after: Stamp | None


class Journal(msgspec.Struct, frozen=True):
    """What was decided: to go on to the new state, or back to the old one."""

    number: int
    """One more than that of the change before, whose traces go."""
    what: str
    forward: bool
    roots: dict[str, str]
    steps: tuple[Step, ...]
    folders: tuple[tuple[str, str], ...]
    """Folders that the change makes, parents first; undone, they go where they are empty."""
    kind: Kind = Kind.UNDOABLE

    def places(self) -> Roots:
        """Its folders, by name."""
        return {name: Path(folder) for name, folder in self.roots.items()}


def stamp(path: Path) -> Stamp | None:
    """Size and time of a file; None where there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stamp(found.st_size, found.st_mtime_ns)


def staged(root: Path, path: str) -> Path:
    """Where the new content of a file lies until it holds."""
    return root / STAGING / "new" / path


def set_aside(root: Path, path: str) -> Path:
    """Where the old content of a file lies when it no longer holds."""
    return root / STAGING / "old" / path


def work_folder(nights: Path) -> Path:
    """Where a night keeps what it has read until all is decided; no part of any state."""
    return nights / STAGING / "work"


def open_change(nights: Path) -> Journal | None:
    """What was decided and is not carried out."""
    return _read(nights / JOURNAL)


def last_change(nights: Path) -> Journal | None:
    """What ``undo`` would undo."""
    return _read(nights / LAST)


def decide(nights: Path, journal: Journal) -> None:
    """The one step that makes a change hold. Raises ``OSError``; it may be decided all the same."""
    write_whole(nights / JOURNAL, msgspec.json.encode(journal), _PART)


def remember_last(nights: Path, journal: Journal) -> None:
    """Let ``journal`` be what ``undo`` undoes."""
    write_whole(nights / LAST, msgspec.json.encode(journal), _PART)


def forget_last(nights: Path) -> None:
    """Nothing can be undone any more."""
    (nights / LAST).unlink(missing_ok=True)


def close(nights: Path) -> None:
    """The decision is carried out."""
    sync_folder(nights)
    (nights / JOURNAL).unlink(missing_ok=True)
    sync_folder(nights)


def clear_parts(nights: Path) -> None:
    """Take away what a power cut left of a file that was being written."""
    for name in (JOURNAL, LAST):
        (nights / (name + _PART)).unlink(missing_ok=True)


def point_to(nights: Path, root: Path) -> None:
    """Let ``nights_of`` find the journal from a folder that a change touches."""
    staging = root / STAGING
    staging.mkdir(parents=True, exist_ok=True)
    write_whole(staging / _OF, str(nights.absolute()).encode(), _PART)


def nights_of(root: Path) -> Path | None:
    """The folder with the journal, for who knows only one of the folders that a change touches."""
    try:
        return Path((root / STAGING / _OF).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None


def holds_nothing(staging: Path) -> bool:
    """Whether a staging folder has nothing in it but where the journal is."""
    return {path.name for path in staging.iterdir()} <= {_OF}


def sync(path: Path) -> None:
    """Return when a file's content is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _read(path: Path) -> Journal | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Journal)
    except FileNotFoundError:
        return None
