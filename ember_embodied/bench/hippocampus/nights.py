"""A hundred nights that are killed or run out of disk.

Each night works on a small robot of its own: two sessions, tables, a memory, an earlier night. It
runs in a process that is killed at a random file operation or a random moment, on a disk that
somebody fills to the last byte at a random operation (a small file system of its own), or where no
file may grow beyond a random size. Then:

- as soon as what was decided is finished (which every start of ``ember sleep`` does first), the
  digest of every file is that of the old state or that of the new one, as an undisturbed night on
  a copy has made it;
- the next night brings the new state;
- undone, killed in the midst of that too, the old state is there, byte for byte.

The traces of the night itself (``.night``, the journal, the list for undo) are no part of a state.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from cerebellum import snapshot
from cerebellum.plasticity import Evidence
from cerebellum.yaw_table import YawTable, YawTableState
from ember_embodied.bench import synthetic_life
from ember_embodied.bench.claims import Claim, claim
from ember_embodied.bench.hippocampus import Note, unheard
from firmware_bridge.clock import SystemClock
from hippocampus.memory.book import MemoryBook
from hippocampus.memory.records import Moment
from hippocampus.memory.store import LOCK_FILE, MemoryStore
from hippocampus.memory.text_key import HashingEncoder
from hippocampus.night.reader import Reading, read_legs
from hippocampus.night.room import NoRoomError
from hippocampus.night.settings import SleepSettings
from hippocampus.night.sleep import Consolidated, Experience, Helpers, NamedFile, sleep
from hippocampus.night.transaction import (
    JOURNAL,
    LAST,
    NIGHTS,
    STAGING,
    Change,
    Roots,
    held,
    settle,
    undo,
    work_folder,
)
from hippocampus.retention import keep

NIGHTS_LIVED: Final = 100
KINDS: Final = ("killed at a place", "killed at a moment", "disk full", "file too large")
NOW_NS: Final = synthetic_life.START_WALL_NS + 86_400_000_000_000
TICKS: Final = 180
TICKS_A_FILE: Final = 60
NAMES: Final = ("logs", "state", "memory", NIGHTS)
SMALL_DISK_MB: Final = 12
LATE: Final = 0.7
"""Share of its file operations after which a night is about to decide."""
_KILLED: Final = -signal.SIGKILL
_DONE, _REFUSED = 0, 3
_COUNTED: Final = frozenset(
    {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "shutil.rmtree"}
)
"""What the interpreter tells of before it does it: where a night may be killed."""
_TRACES: Final = frozenset({JOURNAL, LAST, LOCK_FILE})
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
        assert _in_child(lambda: _night(whole), count=folder / "places") == _DONE
        self._night_s = (SystemClock().mono_ns() - begin_ns) * 1e-9
        self._places = int((folder / "places").read_text("ascii"))
        self.new = digest(whole)
        assert self.old != self.new, "the night changed nothing"
        self.ends: Counter[str] = Counter()
        self._mixed = self._unmended = self._not_undone = self._lost = 0
        self._disks = 0
        self._fates: Counter[str] = Counter()

    def one(self, number: int) -> None:
        """One night, its end, the next night, and its undoing."""
        kind = KINDS[number % len(KINDS)]
        with self._disk(number, small=kind == "disk full") as disk:
            root = disk / "robot"
            shutil.copytree(self._template, root)
            fate = self._disturbed_night(root, kind)
            self._fates[f"{kind}: {_name(fate)}"] += 1
            (disk / FILLER).unlink(missing_ok=True)
            settle(_roots(root)[NIGHTS])
            found = digest(root)
            state = {self.old: "old", self.new: "new"}.get(found, "mixed")
            self.ends[state] += 1
            self._lost += state == "old" and fate == _DONE
            if state != "new":
                mended = _in_child(lambda: _night(root)) == _DONE and digest(root) == self.new
                self._unmended += not mended
            self._not_undone += not self._undone(root)

    def _disturbed_night(self, root: Path, kind: str) -> int:
        # Half of them late, where what was decided is carried out.
        first = 1 if self._rng.random() < 0.5 else round(LATE * self._places)
        place = int(self._rng.integers(first, self._places + 1))
        after_s = float(self._rng.uniform(0.0, 1.2 * self._night_s))
        most = int(self._rng.integers(*MOST_BYTES))
        if kind == "killed at a place":
            return _in_child(lambda: _night(root), at=(place, _kill))
        if kind == "killed at a moment":
            return _in_child(lambda: _night(root), kill_after_s=after_s)
        if kind == "disk full":
            return _in_child(lambda: _night(root), at=(place, lambda: _fill(root.parent / FILLER)))
        return _in_child(lambda: _night(root), most_bytes=most)

    @contextmanager
    def _disk(self, number: int, *, small: bool) -> Iterator[Path]:
        """A folder for one robot; ``small``: on a file system of its own, where one can be had."""
        folder = self._folder / f"night-{number}"
        folder.mkdir()
        size = f"size={SMALL_DISK_MB}m"
        mounted = small and _succeeds("mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder))
        self._disks += mounted
        try:
            yield folder
        finally:
            if mounted:
                _succeeds("umount", str(folder))
            shutil.rmtree(folder)

    def claims(self) -> tuple[Claim, ...]:
        """What came of all of them."""
        count = sum(self.ends.values())
        return (
            claim("nights that ended in a mixture", self._mixed, "nights", "== 0", n=count),
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
        nights = _roots(root)[NIGHTS]

        def undone() -> None:
            with held(nights):
                undo(nights)

        place = int(self._rng.integers(1, 120))
        if _in_child(undone, at=(place, _kill)) == _KILLED:
            settle(nights)
            between = digest(root)
            if between == self.old:
                return True
            if _in_child(undone) != _DONE:
                return False
        return digest(root) == self.old


def robot(root: Path, rng: np.random.Generator) -> None:
    """A small robot with a life behind it: an earlier night, a memory, tables, a file to keep."""
    roots = _roots(root)
    _session(roots["logs"], rng, "20260101-000000-000001")
    table = YawTable()
    roots["state"].mkdir()
    _save(roots["state"], table.state())
    _save(roots["state"], _learned(table, rng).state())
    memory = MemoryStore(roots["memory"])
    book = MemoryBook(HashingEncoder())
    added = book.add([Moment("Anna came in and laughed", synthetic_life.START_WALL_NS)])
    memory.save(book.state(), "add", added.numbers, synthetic_life.START_WALL_NS)
    _night(root)
    second = _session(roots["logs"], rng, "20260101-000000-000002")
    _session(roots["logs"], rng, "20260101-000000-000003")
    keep(second / "000001.mcap")


def digest(root: Path) -> str:
    """Of the names and contents of every file of a robot, but for the traces of the night."""
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if STAGING in path.relative_to(root).parts or path.name in _TRACES:
            continue
        found.update(f"{path.relative_to(root)}\0{path.is_dir()}\0".encode())
        if path.is_file():
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _roots(root: Path) -> Roots:
    return {name: root / name for name in NAMES}


def _session(logs: Path, rng: np.random.Generator, name: str) -> Path:
    life = synthetic_life.ticks(rng, TICKS)
    return synthetic_life.record(logs, life, session_id=name, ticks_a_segment=TICKS_A_FILE)


def _learned(table: YawTable, rng: np.random.Generator) -> YawTable:
    """The table after a look."""
    seen, heard = rng.uniform(-1.0, 1.0, 2).tolist()
    table.learn(Evidence(heard, 0.0, 0, True, 1.0, False, seen, 0, 1.0, 1, 0.0, 0.0), 0)  # noqa: FBT003
    return table


def _save(state: Path, table: YawTableState) -> None:
    snapshot.save(state / f"{YawTableState.KIND}{snapshot.SUFFIX}", table)


def _night(root: Path) -> None:
    """A night of the robot in ``root``, with files to thin, to forget and to keep."""
    roots = _roots(root)
    settings = SleepSettings(raw_bytes=500_000, thinned_bytes=120_000)

    def read(change: Change | None) -> Callable[..., object]:
        work = None if change is None else work_folder(roots[NIGHTS])
        reading = Reading(roots["logs"], work, settings.thin_every, None)
        return lambda legs, thinned: read_legs(reading, legs, thinned=thinned)

    def tables(_: Experience) -> Consolidated:
        """New ones every night, so that there is something to be mixed up."""
        name = f"{YawTableState.KIND}{snapshot.SUFFIX}"
        path = roots["state"] / name
        state = snapshot.from_bytes(path.read_bytes(), YawTableState)
        table = _learned(
            YawTable.from_state(state), np.random.default_rng(len(state.contexts.counts))
        )
        files = (
            NamedFile(name, snapshot.to_bytes(table.state())),
            NamedFile(name + snapshot.PREVIOUS_SUFFIX, path.read_bytes()),
        )
        return Consolidated(files, ())

    helpers = Helpers(
        read,  # type: ignore[arg-type]
        _book_of,
        tables,
        None,
        lambda _what, _done, _whole: None,
    )
    sleep(roots, settings, lambda _: True, helpers, zone=None, t_wall_ns=NOW_NS)


def _book_of(memory: MemoryStore) -> MemoryBook:
    loaded = memory.load()
    encoder = HashingEncoder()
    return MemoryBook(encoder) if loaded is None else MemoryBook.from_state(loaded.book, encoder)


def _in_child(
    work: Callable[[], None],
    *,
    at: tuple[int, Callable[[], None]] | None = None,
    kill_after_s: float | None = None,
    most_bytes: int | None = None,
    count: Path | None = None,
) -> int:
    """Do something in a process of its own; how that ended: 0, ``_REFUSED``, or a signal.

    ``at``: before which file operation, counted from 1, and what happens there. ``count``: where
    to write how many there were.
    """
    child = os.fork()
    if child == 0:
        os._exit(_disturbed(work, at, most_bytes, count))
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
    except (OSError, NoRoomError):
        return _REFUSED
    if count is not None:
        count.write_text(str(places), "ascii")
    return _DONE


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fill(path: Path) -> None:
    """Take all the room that a small disk has left."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        for size in (1 << 16, 1 << 12, 1):
            with suppress(OSError):
                for _ in range(2 * SMALL_DISK_MB << 4):
                    os.write(file, bytes(size))
    os.close(file)


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def _name(fate: int) -> str:
    return {_DONE: "ended well", _REFUSED: "refused", _KILLED: "killed"}.get(fate, f"code {fate}")
