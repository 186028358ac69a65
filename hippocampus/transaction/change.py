"""What is to change, staged file by file until it is decided."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from errno import EXDEV
from pathlib import Path
from typing import Final

from hippocampus.segment import sync_folder
from hippocampus.transaction.journal import (
    NIGHTS,
    STAGING,
    Journal,
    Kind,
    Roots,
    Step,
    decide,
    last_change,
    open_change,
    point_to,
    staged,
    stamp,
    sync,
)
from hippocampus.transaction.settle import Settled, leave, settle


class Change:
    """What is staged and not yet decided. Methods raise ``OSError`` as the disk does."""

    def __init__(self, roots: Roots) -> None:
        self.roots: Final = roots
        self._made: Final = tuple(name for name, folder in roots.items() if not folder.is_dir())
        self._new: dict[tuple[str, str], None] = {}
        self._dropped: dict[tuple[str, str], None] = {}

    def new(self, root: str, path: str) -> Path:
        """Where to write the new content of a file; its folder is there."""
        place = staged(self.roots[root], path)
        place.parent.mkdir(parents=True, exist_ok=True)
        self._dropped.pop((root, path), None)
        self._new[root, path] = None
        return place

    def put(self, root: str, path: str, content: bytes) -> None:
        """Stage the new content of a file."""
        self.new(root, path).write_bytes(content)

    def drop(self, root: str, path: str) -> None:
        """Stage that a file goes, unless it is to be new."""
        if (root, path) not in self._new:
            self._dropped[root, path] = None

    def take_back(self, root: str, path: str) -> None:
        """Let a file not be new after all; what was written of it goes."""
        self._new.pop((root, path), None)
        staged(self.roots[root], path).unlink(missing_ok=True)

    def abandon(self) -> None:
        """Leave everything as it was; nothing where it is decided already."""
        if open_change(self.roots[NIGHTS]) is not None:
            return
        for folder in self.roots.values():
            shutil.rmtree(folder / STAGING / "new", ignore_errors=True)
            leave(folder)

    def commit(self, what: str, kind: Kind = Kind.UNDOABLE) -> Settled:
        """Let it hold. Where it raises, ``abandon`` or ``settle`` makes all old or all new."""
        steps = [self._step(*key, new=True) for key in sorted(self._new)]
        steps += [self._step(*key, new=False) for key in sorted(self._dropped)]
        for root, path in self._new:
            sync(staged(self.roots[root], path))
        nights = self.roots[NIGHTS]
        touched = {step.root for step in steps}
        for name, folder in self.roots.items():
            if name in touched or folder.is_dir():
                point_to(nights, folder)
                _sync_tree(folder / STAGING)
        before = last_change(nights)
        number = 0 if before is None else before.number
        journal = Journal(
            number=number if kind is Kind.AMENDS else number + 1,
            what=what,
            forward=True,
            roots={name: str(folder.absolute()) for name, folder in self.roots.items()},
            steps=tuple(steps),
            folders=tuple(self._folders(steps)),
            kind=kind,
        )
        decide(nights, journal)
        return settle(nights) or Settled(what)

    def _step(self, root: str, path: str, *, new: bool) -> Step:
        folder = self.roots[root]
        target = folder / path
        if new or target.exists():
            _must_be_one_disk(folder, target)
        after = stamp(staged(folder, path)) if new else None
        return Step(root, path, stamp(target), after)

    def _folders(self, steps: Sequence[Step]) -> Iterator[tuple[str, str]]:
        """Folders that are not there yet, parents first."""
        named: set[tuple[str, str]] = set()
        for step in steps:
            if step.after is None:
                continue
            for folder in reversed(Path(step.path).parents):
                key = (step.root, str(folder))
                # A root that was not there is by now, with what is staged.
                made = key[1] == "." and step.root in self._made
                if key not in named and (made or not (self.roots[step.root] / folder).is_dir()):
                    named.add(key)
                    yield key


def _must_be_one_disk(root: Path, target: Path) -> None:
    """Refuse, before anything is decided, what no rename can do. Raises ``OSError``."""
    beside = next(path for path in target.parents if path.is_dir())
    if beside.stat().st_dev != root.stat().st_dev:
        raise OSError(EXDEV, f"not on the disk of {root}, and so cannot change with it", target)


def _sync_tree(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            sync_folder(path)
