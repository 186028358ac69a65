"""Keeps what the cerebellum learns: snapshots in a folder, written by a thread of its own.

The loop hands over copies now and then and never waits for the disk. The folder belongs to one
running robot at a time (a lock that ends with its process). A file named ``frozen`` in it switches
learning off while it is there; ``ember cerebellum freeze`` puts it there.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from pathlib import Path
from typing import Final

import numpy as np

from cerebellum.cerebellum import Cerebellum
from cerebellum.keeping import keep, restore
from cerebellum.settings import CerebellumSettings
from cerebellum.snapshot import PartState, SnapshotError
from ember_embodied.errors import UserError
from ember_embodied.learning_history import append, entry
from firmware_bridge.senses import BodySense
from hippocampus.transaction.settle import settle_of

FROZEN: Final = "frozen"
"""Name of the file that switches learning off."""
LOCK: Final = "lock"
LOOK_S: Final = 0.5
"""Pause of the thread between two looks for work."""
_SECOND_NS: Final = 1_000_000_000


class InUseError(UserError):
    """Another robot runs with the folder."""


class Lock:
    """The folder is this process's until ``close``, or until it ends."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and take it. Raises ``UserError`` where that cannot be."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UserError(f"state folder {folder} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise InUseError(
                f"a running robot uses {folder}; stop it first, for instance with "
                "'systemctl stop ember'"
            ) from error

    def close(self) -> None:
        """Give the folder back."""
        os.close(self._file)


class Keeper:
    """One robot's: ``restore`` at the start, ``follow`` every tick, ``close`` at the end."""

    def __init__(self, settings: CerebellumSettings, period_s: float) -> None:
        """Take the folder of ``settings``. Raises ``UserError`` where it cannot be used."""
        self._settings = settings
        self._period_s = period_s
        self._lock = Lock(settings.folder)
        try:
            # A night that a power cut ended half way: its tables are to be whole before they count.
            settle_of(settings.folder)
        except OSError as error:
            self._lock.close()
            raise UserError(
                f"a night that was cut off cannot be finished: {error}; see 'ember sleep --help'"
            ) from error
        self._marker = settings.folder / FROZEN
        self.frozen = settings.frozen or self._marker.exists()
        """Learning is switched off now."""
        self._next_ns: int | None = None
        self._work: deque[tuple[int, tuple[PartState, ...]]] = deque(maxlen=1)
        self._trouble: deque[str] = deque()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._thread.start()

    def restore(self, rng: np.random.Generator) -> Cerebellum:
        """What was kept; what was damaged is told with the first tick. ``rng`` draws choices."""
        made, trouble = restore(self._settings.folder, self._settings, self._period_s, rng)
        self._trouble.extend(trouble)
        return made

    def follow(self, cerebellum: Cerebellum, sense: BodySense) -> tuple[str, ...]:
        """Hand over a copy when it is time; what there is to tell, one line each."""
        if self._next_ns is None:
            self._next_ns = sense.t_mono_ns + round(self._settings.save_s * _SECOND_NS)
        elif sense.t_mono_ns >= self._next_ns and cerebellum.pointing.at_rest:
            self._next_ns = None
            self._work.append((sense.t_wall_ns, cerebellum.states()))
        trouble = tuple(self._trouble)
        for _ in trouble:
            self._trouble.popleft()
        return trouble

    def close(self, cerebellum: Cerebellum, wall_ns: int) -> tuple[str, ...]:
        """Keep the last state and give the folder back; what went wrong, one line each."""
        self._closing.set()
        self._thread.join()
        cerebellum.pointing.finish()
        self._write(wall_ns, cerebellum.states())
        self._lock.close()
        return tuple(self._trouble)

    def _keep(self) -> None:
        """The thread: writes what is handed over, and looks for the file that freezes."""
        while not self._closing.wait(LOOK_S):
            self.frozen = self._settings.frozen or self._marker.exists()
            if self._work:
                self._write(*self._work.pop())

    def _write(self, wall_ns: int, states: tuple[PartState, ...]) -> None:
        folder = self._settings.folder
        try:
            keep(folder, states, self._period_s)
            append(folder, entry(wall_ns, states))
        except OSError as error:
            self._trouble.append(f"{folder}: what was learned cannot be kept: {error.strerror}")
        except SnapshotError as error:
            self._trouble.append(f"{folder}: not kept: {error}")
