"""What was decided is carried out, forward or back; may be repeated from wherever it stopped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from hippocampus.segment import sync_folder
from hippocampus.transaction.journal import (
    STAGING,
    Journal,
    Kind,
    Roots,
    Step,
    clear_parts,
    close,
    forget_last,
    holds_nothing,
    last_change,
    nights_of,
    open_change,
    remember_last,
    set_aside,
    staged,
    stamp,
)
from hippocampus.transaction.lock import BusyError, held
from hippocampus.transaction.overwrite import NOTHING, Overwritten, overwrite


@dataclass(frozen=True, slots=True)
class Settled:
    """A change that was carried out."""

    what: str
    left: tuple[str, ...] = ()
    """Files that somebody else has changed meanwhile, left as they are."""
    overwritten: Overwritten = NOTHING


def settle(nights: Path) -> Settled | None:
    """Finish what was decided; None where nothing is open.

    ``nights`` must be ``held``. Raises ``OSError``; it may then be called again.
    """
    clear_parts(nights)
    journal = open_change(nights)
    if journal is None:
        return None
    settled = _go_on(nights, journal) if journal.forward else _go_back(nights, journal)
    close(nights)
    return settled


def settle_of(root: Path) -> Settled | None:
    """``settle`` for who knows only one of the folders that a change touches.

    Nothing where a change is at work: it does that itself. Raises ``OSError``.
    """
    nights = nights_of(root)
    if nights is None or open_change(nights) is None:
        return None
    try:
        with held(nights):
            return settle(nights)
    except BusyError:
        return None


def empty_trash(roots: Iterable[Path], nights: Path) -> int:
    """Give up what ``undo`` needs; returns the bytes that it took. Raises ``OSError``."""
    freed = 0
    for root in roots:
        old = root / STAGING / "old"
        freed += sum(path.stat().st_size for path in old.rglob("*") if path.is_file())
        shutil.rmtree(old, ignore_errors=True)
    # Last: a kill before it leaves the traces to be emptied again.
    forget_last(nights)
    return freed


def empty_trash_of(root: Path) -> None:
    """``empty_trash`` for who knows only one of the folders, and wants nothing kept of it."""
    nights = nights_of(root)
    if nights is not None:
        last = last_change(nights)
        empty_trash((root,) if last is None else last.places().values(), nights)


def leave(root: Path) -> None:
    """Take the staging folder away where nothing is kept in it."""
    staging = root / STAGING
    if staging.is_dir() and holds_nothing(staging):
        shutil.rmtree(staging, ignore_errors=True)


def _go_on(nights: Path, journal: Journal) -> Settled:
    roots = journal.places()
    gone = _without_older(nights, journal)
    for root, folder in journal.folders:
        (roots[root] / folder).mkdir(parents=True, exist_ok=True)
    left, done = [], []
    for step in journal.steps:
        if _swap(roots[step.root], step, journal.kind):
            done.append(step)
        else:
            left.append(str(roots[step.root] / step.path))
    _sync_places(roots, journal)
    match journal.kind:
        case Kind.UNDOABLE:
            remember_last(nights, msgspec.structs.replace(journal, steps=tuple(done)))
        case Kind.AMENDS:
            _amend_last(nights, done)
        case Kind.FOR_GOOD:
            gone += overwrite([root / STAGING / "old" for root in roots.values()])
            _remove_emptied(roots, journal)
    _clear(roots, "new")
    names = {
        str(set_aside(roots[step.root], step.path)): str(roots[step.root] / step.path)
        for step in journal.steps
    }
    shared = tuple(names.get(path, path) for path in gone.shared)
    return Settled(journal.what, tuple(left), replace(gone, shared=shared))


def _without_older(nights: Path, journal: Journal) -> Overwritten:
    """Let go what ``undo`` needed of the change before."""
    before = last_change(nights)
    if before is None or before.number == journal.number:
        return NOTHING
    roots = {*journal.places().values(), *before.places().values()}
    gone = NOTHING
    if journal.kind is Kind.FOR_GOOD:
        gone = overwrite([root / STAGING / "old" for root in roots])
    empty_trash(roots, nights)
    return gone


def _swap(root: Path, step: Step, kind: Kind) -> bool:
    """Bring one file to its new state; may be repeated. False: it is not as it was, and stays."""
    target = root / step.path
    new, old = staged(root, step.path), set_aside(root, step.path)
    waiting = new.exists() if step.after is not None else stamp(target) is not None
    if not waiting:
        return True
    if kind is Kind.AMENDS or not old.exists():
        found = stamp(target)
        if found != step.before and kind is not Kind.FOR_GOOD:
            new.unlink(missing_ok=True)
            return False
        if kind is not Kind.AMENDS and found is not None:
            old.parent.mkdir(parents=True, exist_ok=True)
            _set_aside(target, old, stays=step.after is not None)
        elif step.after is None:
            target.unlink(missing_ok=True)
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


def _amend_last(nights: Path, steps: Iterable[Step]) -> None:
    """Let ``undo`` know the new content of files that it takes back to an older one."""
    last = last_change(nights)
    if last is None:
        return
    after = {(step.root, step.path): step.after for step in steps}
    amended = tuple(
        msgspec.structs.replace(step, after=after.get((step.root, step.path), step.after))
        for step in last.steps
    )
    remember_last(nights, msgspec.structs.replace(last, steps=amended))


def _remove_emptied(roots: Roots, journal: Journal) -> None:
    """Remove the folders that dropped files have left empty, but for the roots."""
    for step in journal.steps:
        if step.after is None:
            for folder in Path(step.path).parents[:-1]:
                # Only an empty one goes.
                with suppress(OSError):
                    (roots[step.root] / folder).rmdir()


def _go_back(nights: Path, journal: Journal) -> Settled:
    roots = journal.places()
    left = []
    for step in journal.steps:
        target = roots[step.root] / step.path
        old = set_aside(roots[step.root], step.path)
        found = stamp(target)
        if found != step.after and found != step.before:
            left.append(str(target))
        elif old.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(old, target)
        elif step.before is None:
            target.unlink(missing_ok=True)
    _sync_places(roots, journal)
    forget_last(nights)
    _clear(roots, "old")
    for root, folder in reversed(journal.folders):
        with suppress(OSError):
            # Only an empty one goes.
            (roots[root] / folder).rmdir()
    return Settled(journal.what, tuple(left))


def _clear(roots: Roots, part: str) -> None:
    """Nothing staged, or set aside, is needed any more."""
    for root in roots.values():
        shutil.rmtree(root / STAGING / part, ignore_errors=True)
        leave(root)


def _sync_places(roots: Roots, journal: Journal) -> None:
    for folder in {(roots[step.root] / step.path).parent for step in journal.steps}:
        if folder.is_dir():
            sync_folder(folder)
