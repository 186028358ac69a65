"""Files whose bytes are overwritten before they are freed.

That reaches the same blocks on a plain disk with a file system that writes in place (ext4, xfs); a
flash drive, and a file system that copies on writing (btrfs, zfs), may keep the old blocks until
they need them, and no program can look there.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hippocampus.segment import sync_folder

_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Overwritten:
    """What was overwritten."""

    bytes: int = 0
    shared: tuple[str, ...] = ()
    """Files that have other hard links, and so live on under those names."""

    def __add__(self, other: Overwritten) -> Overwritten:
        return Overwritten(self.bytes + other.bytes, self.shared + other.shared)


NOTHING: Final = Overwritten()


def overwrite(folders: Iterable[Path]) -> Overwritten:
    """Overwrite and remove every file of some folders, and the folders. Raises ``OSError``.

    It may be repeated from wherever it stopped.
    """
    tops = [folder for folder in folders if folder.is_dir()]
    paths = [path for top in tops for path in _files(top)]
    names = Counter(path.stat().st_ino for path in paths)
    done: set[int] = set()
    count, shared = 0, []
    for path in paths:
        facts = path.stat()
        if facts.st_nlink > names[facts.st_ino]:
            shared.append(str(path))
        elif facts.st_ino not in done:
            _zeros(path, facts.st_size)
            count += facts.st_size
            done.add(facts.st_ino)
    for top in tops:
        shutil.rmtree(top)
        sync_folder(top.parent)
    return Overwritten(count, tuple(shared))


def _files(top: Path) -> list[Path]:
    return sorted(path for path in top.rglob("*") if path.is_file() and not path.is_symlink())


def _zeros(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        done = 0
        while done < size:
            done += os.write(descriptor, bytes(min(_AT_ONCE, size - done)))
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
