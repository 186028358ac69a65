"""A hundred nights that are killed, run out of disk, or are told nonsense by who writes the diary.

Each night works on a small robot of its own (``night_robot``). It runs in a process that is killed
at a random file operation or a random moment, on a disk that somebody fills to the last byte at a
random operation (a small file system of its own), where no file may grow beyond a random size, or
with a language backend that is dead, slow, lying or raving, and killed as well every other time.
Then:

- as soon as what was decided is finished (which every start of ``ember sleep`` does first), the
  digest of every file is that of the old state or that of the new one, as an undisturbed night on
  a copy has made it; with another writer that of all but the diary, whose sentences all lead to
  the log;
- the next night brings the new state;
- undone, killed in the midst of that too, the old state is there, byte for byte.

The traces of the night itself (``.night``, the journal, the list for undo) are no part of a state.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from ember_embodied.bench.claims import Claim, claim
from ember_embodied.bench.hippocampus import Note, unheard
from ember_embodied.bench.hippocampus.disturbed import (
    DONE,
    KILLED,
    REFUSED,
    disk_of,
    fill,
    in_child,
    kill,
)
from ember_embodied.bench.hippocampus.night_robot import (
    BACKENDS,
    diaries_hold,
    digest,
    night,
    robot,
    roots_of,
)
from firmware_bridge.clock import SystemClock
from hippocampus.transaction.journal import NIGHTS
from hippocampus.transaction.lock import held
from hippocampus.transaction.settle import settle
from hippocampus.transaction.undo import undo

NIGHTS_LIVED: Final = 100
LANGUAGE: Final = "language backend"
KINDS: Final = (
    "killed at a place",
    "killed at a moment",
    "disk full",
    "file too large",
    LANGUAGE,
)
SMALL_DISK_MB: Final = 12
LATE: Final = 0.7
"""Share of its file operations after which a night is about to decide."""
FILLER: Final = "filler"
MOST_BYTES: Final = (2_000, 150_000)


def measure(seeds: range, note: Note = unheard, nights: int = NIGHTS_LIVED) -> tuple[Claim, ...]:
    """Live the nights that the seeds draw; a minute or two, 100 MB of the temporary folder."""
    with TemporaryDirectory() as folder:
        trial = _Trials(Path(folder), seeds)
        for number in range(nights):
            trial.one(number)
            if (number + 1) % 10 == 0:
                note(f"nights: {number + 1} of {nights}")
        return trial.claims()


class _Trials:
    """One template, its two states, and what became of every night."""

    def __init__(self, folder: Path, seeds: range) -> None:
        self._folder = folder
        self._rng = np.random.default_rng([seeds.start, seeds.stop])
        self._template = folder / "template"
        robot(self._template, self._rng)
        self.old = digest(self._template)
        whole = folder / "whole"
        shutil.copytree(self._template, whole)
        begin_ns = SystemClock().mono_ns()
        assert in_child(lambda: night(whole), count=folder / "places") == DONE
        self._night_s = (SystemClock().mono_ns() - begin_ns) * 1e-9
        self._places = int((folder / "places").read_text("ascii"))
        self.new = digest(whole)
        self._bare = digest(whole, diaries=False)
        assert self.old != self.new, "the night changed nothing"
        self.ends: Counter[str] = Counter()
        self._unmended = self._not_undone = self._lost = 0
        self._disks = 0
        self._fates: Counter[str] = Counter()

    def one(self, number: int) -> None:
        """One night, its end, the next night, and its undoing."""
        kind = KINDS[number % len(KINDS)]
        with self._disk(number, small=kind == "disk full") as disk:
            root = disk / "robot"
            shutil.copytree(self._template, root)
            fate = self._disturbed_night(root, kind, number // len(KINDS))
            self._fates[f"{kind}: {_name(fate)}"] += 1
            (disk / FILLER).unlink(missing_ok=True)
            settle(roots_of(root)[NIGHTS])
            state = self._state(root, kind)
            self.ends[state] += 1
            self._lost += state == "old" and fate == DONE
            if state != "new":
                mended = in_child(lambda: night(root)) == DONE and digest(root) == self.new
                self._unmended += not mended
            self._not_undone += not self._undone(root)

    def _disturbed_night(self, root: Path, kind: str, again: int) -> int:
        # Half of them late, where what was decided is carried out.
        first = 1 if self._rng.random() < 0.5 else round(LATE * self._places)
        place = int(self._rng.integers(first, self._places + 1))
        after_s = float(self._rng.uniform(0.0, 1.2 * self._night_s))
        most = int(self._rng.integers(*MOST_BYTES))
        if kind == "killed at a place":
            return in_child(lambda: night(root), at=(place, kill))
        if kind == "killed at a moment":
            return in_child(lambda: night(root), kill_after_s=after_s)
        if kind == "disk full":
            return in_child(
                lambda: night(root), at=(place, lambda: fill(root.parent / FILLER, SMALL_DISK_MB))
            )
        if kind == LANGUAGE:
            backend = BACKENDS[again % len(BACKENDS)]
            killed = (place, kill) if again // len(BACKENDS) % 2 else None
            return in_child(lambda: night(root, backend), at=killed)
        return in_child(lambda: night(root), most_bytes=most)

    def _state(self, root: Path, kind: str) -> str:
        found = digest(root)
        if found in (self.old, self.new):
            return "old" if found == self.old else "new"
        others = kind == LANGUAGE and digest(root, diaries=False) == self._bare
        return "new" if others and diaries_hold(root) else "mixed"

    @contextmanager
    def _disk(self, number: int, *, small: bool) -> Iterator[Path]:
        """A folder for one robot; ``small``: on a file system of its own, where one can be had."""
        folder = self._folder / f"night-{number}"
        with disk_of(folder, SMALL_DISK_MB if small else None) as mounted:
            self._disks += mounted
            yield folder

    def claims(self) -> tuple[Claim, ...]:
        """What came of all of them."""
        count = sum(self.ends.values())
        return (
            claim("nights that ended in a mixture", self.ends["mixed"], "nights", "== 0", n=count),
            claim("nights that the next one did not mend", self._unmended, "nights", "== 0"),
            claim("nights that ended well and left no trace", self._lost, "nights", "== 0"),
            claim("nights not undone byte for byte", self._not_undone, "nights", "== 0", n=count),
            claim("ended in the old state", self.ends["old"], "nights"),
            claim("ended in the new state", self.ends["new"], "nights"),
            claim("small file systems that were filled", self._disks, "disks"),
            *(claim(fate, found, "nights") for fate, found in sorted(self._fates.items())),
        )

    def _undone(self, root: Path) -> bool:
        """Undo, killed at a random place first."""
        nights = roots_of(root)[NIGHTS]

        def undone() -> None:
            with held(nights):
                undo(nights)

        place = int(self._rng.integers(1, 120))
        if in_child(undone, at=(place, kill)) == KILLED:
            settle(nights)
            between = digest(root)
            if between == self.old:
                return True
            if in_child(undone) != DONE:
                return False
        return digest(root) == self.old


def _name(fate: int) -> str:
    return {DONE: "ended well", REFUSED: "refused", KILLED: "killed"}.get(fate, f"code {fate}")
