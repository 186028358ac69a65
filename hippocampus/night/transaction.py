"""Many files in several folders changed as one: all new or all old, and all undone again.

    change = Change.begin(roots)
    change.new("memory", "000013.memory").write_bytes(...)     # staged, nothing holds yet
    change.drop("logs", "20261122-100000/000004.mcap")
    change.commit("the night of 2026-11-22")                   # now all of it holds

What is staged lies in ``<root>/.night/new``, on the same disk as its place. The commit is one
rename: that of the journal, after everything staged is on the disk. Before it, whatever ends the
program leaves all as it was; after it, ``settle`` finishes the renames, now or at the next start.
What was replaced or dropped lies in ``<root>/.night/old`` until the next change, so that ``undo``
is a few renames too, by a journal of its own.

A file that somebody else has changed in between is left as it is, and is named.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from hippocampus.segment import sync_folder

STAGING: Final = ".night"
JOURNAL: Final = "journal.json"
LAST: Final = "last.json"
PART: Final = ".part"
"""Of a file that is not whole yet."""
OF: Final = "of"
"""In the staging folder of each root: where the journal is."""
NIGHTS: Final = "nights"
"""Name of the root that holds the journal."""
Roots = dict[str, Path]
"""Folders that a change may touch, by name; ``NIGHTS`` is one of them."""


class BusyError(Exception):
    """Another night is at work; the message is one line for a person."""


class NotUndoableError(Exception):
    """There is nothing to undo, or it was changed since; the message is one line for a person."""


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


def work_folder(nights: Path) -> Path:
    """Where a night keeps what it has read until all is decided; no part of any state."""
    return nights / STAGING / "work"


def stamp(path: Path) -> Stamp | None:
    """Size and time of a file; None where there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stamp(found.st_size, found.st_mtime_ns)


@contextmanager
def held(nights: Path) -> Iterator[None]:
    """Be the only one who changes or undoes nights there. Raises ``BusyError`` and ``OSError``."""
    nights.mkdir(parents=True, exist_ok=True)
    folder = os.open(nights, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(f"another 'ember sleep' is at work in {nights}") from error
        yield
    finally:
        os.close(folder)


class Change:
    """What is staged and not yet decided. Methods raise ``OSError`` as the disk does."""

    def __init__(self, roots: Roots) -> None:
        self.roots: Final = roots
        self._made: Final = tuple(name for name, folder in roots.items() if not folder.is_dir())
        self._new: dict[tuple[str, str], None] = {}
        self._dropped: dict[tuple[str, str], None] = {}

    def new(self, root: str, path: str) -> Path:
        """Where to write the new content of a file; its folder is there."""
        staged = self.staged(root, path)
        staged.parent.mkdir(parents=True, exist_ok=True)
        self._new[root, path] = None
        return staged

    def put(self, root: str, path: str, content: bytes) -> None:
        """Stage the new content of a file."""
        self.new(root, path).write_bytes(content)

    def drop(self, root: str, path: str) -> None:
        """Stage that a file goes."""
        self._dropped[root, path] = None

    def staged(self, root: str, path: str) -> Path:
        """Where the new content of a file lies until it holds."""
        return self.roots[root] / STAGING / "new" / path

    def forget(self, root: str, path: str) -> None:
        """Take back that a file is to be new; what was written of it goes."""
        self._new.pop((root, path), None)
        self.staged(root, path).unlink(missing_ok=True)

    def abandon(self) -> None:
        """Leave everything as it was."""
        for folder in self.roots.values():
            shutil.rmtree(folder / STAGING / "new", ignore_errors=True)
            _leave(folder)

    def commit(self, what: str) -> tuple[str, ...]:
        """Let it hold. Returns the files that somebody else has changed meanwhile, left as is."""
        steps = [self._step(*key, new=True) for key in sorted(self._new)]
        steps += [self._step(*key, new=False) for key in sorted(self._dropped)]
        for root, path in self._new:
            _sync(self.staged(root, path))
        nights = self.roots[NIGHTS]
        for root in {root for root, _ in (*self._new, *self._dropped)}:
            staging = self.roots[root] / STAGING
            staging.mkdir(parents=True, exist_ok=True)
            _write(staging / OF, str(nights.absolute()).encode())
            _sync_tree(staging)
        before = last_change(nights)
        journal = Journal(
            number=1 if before is None else before.number + 1,
            what=what,
            forward=True,
            roots={name: str(folder.absolute()) for name, folder in self.roots.items()},
            steps=tuple(steps),
            folders=(*((name, ".") for name in self._made), *_missing(self.roots, steps)),
        )
        _write(nights / JOURNAL, msgspec.json.encode(journal))
        return settle(nights)

    def _step(self, root: str, path: str, *, new: bool) -> Step:
        after = stamp(self.staged(root, path)) if new else None
        return Step(root, path, stamp(self.roots[root] / path), after)


def settle(nights: Path) -> tuple[str, ...]:
    """Finish what was decided; nothing where nothing is open. Returns files left as they are.

    Raises ``OSError``; it may then be called again.
    """
    for name in (JOURNAL, LAST):
        (nights / (name + PART)).unlink(missing_ok=True)
    journal = _read(nights / JOURNAL)
    if journal is None:
        return ()
    return _go_on(nights, journal) if journal.forward else _go_back(nights, journal)


def settle_of(root: Path) -> tuple[str, ...]:
    """``settle`` for who knows only one of the folders that a change touches.

    Nothing where a night is at work: it does that itself. Raises ``OSError``.
    """
    try:
        nights = Path((root / STAGING / OF).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    if not (nights / JOURNAL).exists():
        return ()
    try:
        with held(nights):
            return settle(nights)
    except BusyError:
        return ()


def last_change(nights: Path) -> Journal | None:
    """What ``undo`` would undo."""
    return _read(nights / LAST)


def changed_since(journal: Journal) -> tuple[str, ...]:
    """Files of a change that no longer are as it left them."""
    roots = _roots(journal)
    return tuple(
        str(roots[step.root] / step.path)
        for step in journal.steps
        if stamp(roots[step.root] / step.path) != step.after
    )


def undo(nights: Path, *, even_changed: bool = False) -> tuple[Journal, tuple[str, ...]]:
    """Let everything be as it was before the last change, byte for byte.

    Returns what was undone, and the files that were changed since and stay (``even_changed``).
    Raises ``NotUndoableError``, or ``OSError``; it may then be called again.
    """
    settle(nights)
    journal = last_change(nights)
    if journal is None:
        raise NotUndoableError(f"no night to undo in {nights}: each can be undone until the next")
    changed = changed_since(journal)
    if changed and not even_changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise NotUndoableError(
            f"{changed[0]}{more} changed after {journal.what}; --force undoes the rest and leaves "
            "what has changed as it is"
        )
    roots = _roots(journal)
    for step in journal.steps:
        kept = stamp(roots[step.root] / STAGING / "old" / step.path)
        if kept != step.before:
            raise NotUndoableError(
                f"what {roots[step.root] / step.path} was before {journal.what} is no longer kept"
            )
    _write(nights / JOURNAL, msgspec.json.encode(msgspec.structs.replace(journal, forward=False)))
    return journal, settle(nights)


def empty_trash(roots: Sequence[Path], nights: Path) -> int:
    """Give up what ``undo`` needs; returns the bytes that it took. Raises ``OSError``."""
    freed = 0
    for root in roots:
        old = root / STAGING / "old"
        freed += sum(path.stat().st_size for path in old.rglob("*") if path.is_file())
        shutil.rmtree(old, ignore_errors=True)
    # Last: a kill before it leaves the traces to be emptied again.
    (nights / LAST).unlink(missing_ok=True)
    return freed


def empty_trash_of(root: Path) -> None:
    """``empty_trash`` for who knows only one of the folders, and wants nothing kept of it."""
    try:
        nights = Path((root / STAGING / OF).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return
    last = last_change(nights)
    empty_trash((root,) if last is None else tuple(_roots(last).values()), nights)


def _go_on(nights: Path, journal: Journal) -> tuple[str, ...]:
    roots = _roots(journal)
    before = last_change(nights)
    if before is not None and before.number != journal.number:
        empty_trash(tuple(roots.values()), nights)
    for root, folder in journal.folders:
        (roots[root] / folder).mkdir(parents=True, exist_ok=True)
    left, done = [], []
    for step in journal.steps:
        if _swap(roots[step.root], step):
            done.append(step)
        else:
            left.append(str(roots[step.root] / step.path))
    _sync_places(roots, journal)
    undoable = msgspec.structs.replace(journal, steps=tuple(done))
    _write(nights / LAST, msgspec.json.encode(undoable))
    _clear(roots, "new")
    _close(nights)
    return tuple(left)


def _swap(root: Path, step: Step) -> bool:
    """Bring one file to its new state; may be repeated. False: it is not as it was, and stays."""
    target = root / step.path
    new, old = (root / STAGING / part / step.path for part in ("new", "old"))
    waiting = new.exists() if step.after is not None else stamp(target) is not None
    if not waiting:
        return True
    if not old.exists():
        found = stamp(target)
        if found != step.before:
            new.unlink(missing_ok=True)
            return False
        if found is not None:
            old.parent.mkdir(parents=True, exist_ok=True)
            _set_aside(target, old, stays=step.after is not None)
    if step.after is not None:
        os.replace(new, target)
    return True


def _set_aside(target: Path, old: Path, *, stays: bool) -> None:
    """Keep a file's content at ``old``; under its name too until the new one comes, if it can."""
    if stays:
        with suppress(OSError):
            os.link(target, old)
            return
    os.replace(target, old)


def _go_back(nights: Path, journal: Journal) -> tuple[str, ...]:
    roots = _roots(journal)
    left = []
    for step in journal.steps:
        target = roots[step.root] / step.path
        old = roots[step.root] / STAGING / "old" / step.path
        found = stamp(target)
        if found != step.after and found != step.before:
            left.append(str(target))
        elif old.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(old, target)
        elif step.before is None:
            target.unlink(missing_ok=True)
    _sync_places(roots, journal)
    (nights / LAST).unlink(missing_ok=True)
    _clear(roots, "old")
    for root, folder in reversed(journal.folders):
        with suppress(OSError):
            # Only an empty one goes.
            (roots[root] / folder).rmdir()
    _close(nights)
    return tuple(left)


def _clear(roots: Roots, part: str) -> None:
    """Nothing staged, or set aside, is needed any more."""
    for root in roots.values():
        shutil.rmtree(root / STAGING / part, ignore_errors=True)
        _leave(root)


def _close(nights: Path) -> None:
    """The decision is carried out."""
    sync_folder(nights)
    (nights / JOURNAL).unlink(missing_ok=True)
    sync_folder(nights)


def _leave(root: Path) -> None:
    """Take the staging folder away where nothing is in it but where the journal was."""
    staging = root / STAGING
    if staging.is_dir() and {path.name for path in staging.iterdir()} <= {OF}:
        shutil.rmtree(staging, ignore_errors=True)


def _roots(journal: Journal) -> Roots:
    return {name: Path(folder) for name, folder in journal.roots.items()}


def _missing(roots: Roots, steps: Sequence[Step]) -> Iterator[tuple[str, str]]:
    """Folders that are not there yet, parents first."""
    named: set[tuple[str, str]] = set()
    for step in steps:
        if step.after is None:
            continue
        for folder in reversed(Path(step.path).parents):
            key = (step.root, str(folder))
            if key not in named and not (roots[step.root] / folder).is_dir():
                named.add(key)
                yield key


def _sync_places(roots: Roots, journal: Journal) -> None:
    for folder in {(roots[step.root] / step.path).parent for step in journal.steps}:
        if folder.is_dir():
            sync_folder(folder)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_tree(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            sync_folder(path)


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + PART)
    try:
        part.write_bytes(content)
        _sync(part)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _read(path: Path) -> Journal | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Journal)
    except FileNotFoundError:
        return None
