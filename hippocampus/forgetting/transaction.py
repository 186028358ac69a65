"""Many files replaced or removed as one: all old, or all new, or finished by the next start.

    with Exclusive(root):
        finish(root)                         # what a crash has left of an earlier one
        staging = Staging(root)
        write(staging.stage(target)) ...     # beside the target, ``target.to-be``
        staging.commit(receipt)              # from here on the new ones hold
        finish(root)

The list of what to do (``root/.forgetting/plan.json``) appears by a rename when everything new is
on the disk. Before that an interruption costs nothing but the new files; after it ``finish`` goes
on from wherever it was. An old file keeps a name of its own (``target.was``) until its bytes have
been overwritten. Overwriting reaches the same blocks on a plain disk with a file system that writes
in place (ext4, xfs); a flash drive, and a file system that copies on writing (btrfs, zfs), may keep
the old blocks until they need them, and no program can look there.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from hippocampus.segment import sync_folder

FOLDER: Final = ".forgetting"
RECEIPTS: Final = "forgotten.jsonl"
NEW_SUFFIX: Final = ".to-be"
OLD_SUFFIX: Final = ".was"
_PLAN: Final = "plan.json"
_BEGUN: Final = "begun"
_LOCK: Final = "lock"
_WIPED_AT_ONCE: Final = 1 << 20


class BusyError(Exception):
    """Another process is forgetting in the same folder; one line for a person."""


class _Plan(msgspec.Struct, frozen=True):
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    receipt: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Finished:
    """What ``finish`` has done."""

    replaced: int = 0
    removed: int = 0
    overwritten_bytes: int = 0
    shared: tuple[str, ...] = ()
    """Old files that have other hard links, and so live on under those names."""
    undone: int = 0
    """New files of an attempt that never came to hold."""


class Exclusive:
    """One process at a time may forget under ``root``. Raises ``BusyError``, ``OSError``."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        self._descriptor = -1

    def __enter__(self) -> Exclusive:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise BusyError(f"another 'ember forget' works in {self._folder.parent}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not (self._folder / _PLAN).exists() and not (self._folder / _BEGUN).exists():
            (self._folder / _LOCK).unlink(missing_ok=True)
            with suppress(OSError):  # somebody's own file is in it
                self._folder.rmdir()
        os.close(self._descriptor)


class Staging:
    """Collects what is to be done. Raises ``OSError`` as the disk does."""

    def __init__(self, root: Path) -> None:
        self._folder = root.absolute() / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._replaced: dict[str, Path] = {}
        self._removed: dict[str, None] = {}

    def stage(self, target: Path) -> Path:
        """Where to write what will take the place of ``target``; it is synced by ``commit``."""
        path = str(target.absolute())
        self._removed.pop(path, None)
        if path not in self._replaced:
            with (self._folder / _BEGUN).open("ab") as begun:
                begun.write(os.fsencode(path) + b"\n")
                begun.flush()
                os.fsync(begun.fileno())
            self._replaced[path] = Path(path + NEW_SUFFIX)
            self._replaced[path].unlink(missing_ok=True)
        return self._replaced[path]

    def write(self, target: Path, data: bytes) -> None:
        """Stage a small file whole."""
        self.stage(target).write_bytes(data)

    def remove(self, target: Path) -> None:
        """Remove a file, or all files under a folder."""
        if target.is_dir() and not target.is_symlink():
            for path in sorted(target.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    self.remove(path)
            return
        name = str(target.absolute())
        if name not in self._replaced:
            self._removed[name] = None

    def commit(self, receipt: bytes) -> None:
        """Let the new files hold; ``receipt`` is a line of JSON for ``forgotten.jsonl``."""
        folders = {self._folder}
        for staged in self._replaced.values():
            _sync_file(staged)
            folders.add(staged.parent)
        for folder in folders:
            sync_folder(folder)
        plan = _Plan(tuple(self._replaced), tuple(self._removed), msgspec.Raw(receipt))
        fresh = self._folder / (_PLAN + NEW_SUFFIX)
        fresh.write_bytes(msgspec.json.encode(plan))
        _sync_file(fresh)
        fresh.replace(self._folder / _PLAN)
        sync_folder(self._folder)


def pending(root: Path) -> bool:
    """Whether an interruption has left something for ``finish``."""
    return (root / FOLDER / _PLAN).exists() or (root / FOLDER / _BEGUN).exists()


def resume(root: Path) -> Finished | None:
    """What every start does first: finish what was cut off; None where nothing was.

    Raises ``BusyError``, ``OSError``.
    """
    if not pending(root):
        return None
    with Exclusive(root):
        return finish(root)


def finish(root: Path) -> Finished:
    """Bring what was interrupted to its end. Raises ``OSError``; then it can be called again."""
    folder = root.absolute() / FOLDER
    path = folder / _PLAN
    if not path.exists():
        return _undo(folder)
    plan = msgspec.json.decode(path.read_bytes(), type=_Plan)
    for target in plan.replaced:
        _detach(Path(target), replaced=True)
    for target in plan.removed:
        _detach(Path(target), replaced=False)
    overwritten, shared = _wipe([Path(name) for name in (*plan.replaced, *plan.removed)])
    _close_folders(root.absolute(), plan.removed)
    _append_receipt(root.absolute() / RECEIPTS, bytes(plan.receipt))
    (folder / _BEGUN).unlink(missing_ok=True)
    path.unlink()
    sync_folder(folder)
    return Finished(len(plan.replaced), len(plan.removed), overwritten, shared)


def _undo(folder: Path) -> Finished:
    begun = folder / _BEGUN
    if not begun.exists():
        return Finished()
    count = 0
    for line in begun.read_bytes().split(b"\n")[:-1]:
        staged = Path(os.fsdecode(line) + NEW_SUFFIX)
        count += staged.exists()
        staged.unlink(missing_ok=True)
    (folder / (_PLAN + NEW_SUFFIX)).unlink(missing_ok=True)
    begun.unlink()
    sync_folder(folder)
    return Finished(undone=count)


def _detach(target: Path, *, replaced: bool) -> None:
    """Take the name from the old file: it goes to the new one, or to none. Again does nothing."""
    staged, was = Path(f"{target}{NEW_SUFFIX}"), Path(f"{target}{OLD_SUFFIX}")
    if replaced:
        if not staged.exists():
            return
        if target.exists() and not was.exists():
            with suppress(PermissionError, NotImplementedError):
                # A file system without hard links: the old bytes are freed, not overwritten.
                os.link(target, was)
        staged.replace(target)
    elif target.exists():
        target.replace(was)
    else:
        return
    sync_folder(target.parent)


def _wipe(targets: list[Path]) -> tuple[int, tuple[str, ...]]:
    """Overwrite and unlink the old files; returns bytes, and names of those shared elsewhere."""
    olds = [was for target in targets if (was := Path(f"{target}{OLD_SUFFIX}")).exists()]
    names = Counter(was.stat().st_ino for was in olds)
    wiped: set[int] = set()
    count, shared = 0, []
    for was in olds:
        facts = was.stat()
        if facts.st_nlink > names[facts.st_ino]:
            shared.append(str(was).removesuffix(OLD_SUFFIX))
        elif facts.st_ino not in wiped:
            count += _overwrite(was, facts.st_size)
            wiped.add(facts.st_ino)
    for was in olds:
        was.unlink()
        sync_folder(was.parent)
    return count, tuple(shared)


def _overwrite(path: Path, size: int) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        done = 0
        while done < size:
            done += os.write(descriptor, bytes(min(_WIPED_AT_ONCE, size - done)))
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    return size


def _close_folders(root: Path, removed: tuple[str, ...]) -> None:
    """Remove the folders that removed files have left empty, but for the robot's own."""
    for name in removed:
        for folder in Path(name).parents:
            if folder == root or folder.parent == root or not folder.is_relative_to(root):
                break
            try:
                folder.rmdir()
            except OSError:  # not empty, or gone already
                if folder.exists():
                    break


def _append_receipt(path: Path, receipt: bytes) -> None:
    """Add a line, unless an earlier attempt has added it."""
    before = path.read_bytes() if path.exists() else b""
    line = receipt.strip() + b"\n"
    if before.endswith(line):
        return
    fresh = path.with_name(path.name + NEW_SUFFIX)
    fresh.write_bytes(before + line)
    _sync_file(fresh)
    fresh.replace(path)
    sync_folder(path.parent)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
