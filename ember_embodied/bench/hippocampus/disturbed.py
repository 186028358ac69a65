"""Work in a process of its own that is killed, or runs out of disk, at a place that can be chosen.

A place is a file operation: what the interpreter tells of before it does it (audit events). So a
kill can be put between any two changes of the disk, and the same number is the same place again.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from firmware_bridge.clock import SystemClock
from hippocampus.night.room import NoRoomError
from hippocampus.transaction.undo import NotUndoableError

DONE, REFUSED = 0, 3
"""Exit codes: it came to its end; the disk refused it."""
_BROKEN: Final = 4
"""A defect."""
KILLED: Final = -signal.SIGKILL
_COUNTED: Final = frozenset(
    {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "shutil.rmtree"}
)


def in_child(
    work: Callable[[], None],
    *,
    at: tuple[int, Callable[[], None]] | None = None,
    kill_after_s: float | None = None,
    most_bytes: int | None = None,
    count: Path | None = None,
) -> int:
    """Do something in a process of its own; how that ended: 0, ``REFUSED``, or a signal.

    ``at``: before which file operation, counted from 1, and what happens there. ``count``: where
    to write how many there were.
    """
    child = os.fork()
    if child == 0:
        code = _BROKEN
        try:
            code = _disturbed(work, at, most_bytes, count)
        finally:
            # Whatever it raises, this process is not to go on as a second one of its parent.
            os._exit(code)
    if kill_after_s is not None:
        clock = SystemClock()
        clock.sleep_until_ns(clock.mono_ns() + round(kill_after_s * 1e9))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _disturbed(
    work: Callable[[], None],
    at: tuple[int, Callable[[], None]] | None,
    most_bytes: int | None,
    count: Path | None,
) -> int:
    places = 0

    def hear(event: str, _: tuple[object, ...]) -> None:
        nonlocal places
        if event in _COUNTED:
            places += 1
            if at is not None and places == at[0]:
                at[1]()

    if most_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    sys.addaudithook(hear)
    try:
        work()
    except (OSError, NoRoomError, NotUndoableError):
        return REFUSED
    if count is not None:
        count.write_text(str(places), "ascii")
    return DONE


def kill() -> None:
    """End this process as a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill(path: Path, most_mb: int) -> None:
    """Take all the room that a disk of at most ``most_mb`` has left."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        for size in (1 << 16, 1 << 12, 1):
            with suppress(OSError):
                for _ in range(2 * most_mb << 4):
                    os.write(file, bytes(size))
    os.close(file)


@contextmanager
def disk_of(folder: Path, most_mb: int | None) -> Iterator[bool]:
    """A new folder, on a small file system of its own where one can be had: whether it is.

    None: no small one is wanted. All of it goes in the end.
    """
    folder.mkdir()
    size = f"size={most_mb}m"
    mounted = most_mb is not None and _succeeds(
        "mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)
    )
    try:
        yield mounted
    finally:
        if mounted:
            _succeeds("umount", str(folder))
        shutil.rmtree(folder)


def _succeeds(*command: str) -> bool:
    """Whether a command of the system does what it is asked."""
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
