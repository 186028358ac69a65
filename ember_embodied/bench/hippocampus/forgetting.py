"""Forgetting on request: whether it is gone, what is left of the rest, and what a kill does.

Each seed is a simulated life with all that it leaves: logs with the cerebellum in them, tables, a
night with its diary, memories, a dataset. A stretch in its middle is forgotten. The marks are the
stretch itself: numbers that its ticks have measured and no other tick has, and words that were told
of it. They are searched for in every file, as they stand and unpacked.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from ember_embodied.bench.claims import Claim, claim, mean_claim
from ember_embodied.bench.hippocampus import Note, unheard
from ember_embodied.bench.hippocampus.disturbed import DONE, disk_of, fill, in_child, kill
from ember_embodied.bench.hippocampus.night_robot import roots_of
from ember_embodied.bench.hippocampus.planted import holding, number_mark
from ember_embodied.bundle import load
from ember_embodied.event_driven import network_of
from ember_embodied.loop import Mind
from ember_embodied.replay import replay
from ember_embodied.unlearning import unlearn
from firmware_bridge.clock import SystemClock
from hippocampus.dataset_check.check import check
from hippocampus.export.export import export
from hippocampus.export.plan import make_plan
from hippocampus.forgetting import exports
from hippocampus.forgetting.erasure import RECEIPTS
from hippocampus.forgetting.exports import STALE_FILE
from hippocampus.forgetting.forget import Places, Request, forget
from hippocampus.forgetting.times import Stretch
from hippocampus.memory.book import MemoryBook
from hippocampus.memory.records import LogSpan, Moment
from hippocampus.memory.store import MemoryStore
from hippocampus.memory.text_key import HashingEncoder
from hippocampus.reader import Log
from hippocampus.survey import survey
from hippocampus.tick_record import EventRecord, SnapshotRecord, TickRecord
from hippocampus.transaction.journal import LAST, STAGING
from hippocampus.transaction.lock import held
from hippocampus.transaction.settle import settle

SECONDS: Final = 240
GONE_S: Final = (80, 110)
"""The stretch, in seconds since the life began."""
MARKS: Final = 300
CUT_OFF: Final = 12
"""For each life."""
WAYS: Final = ("at a moment", "at a place", "late", "disk full")
FILLER: Final = "filler"
ROOM_MB: Final = 12
"""What a small disk has besides a robot."""
LATE: Final = 0.5
"""Share of its file operations after which a forgetting is about to decide."""
SECRET: Final = "a word that only this stretch has"
NOW_NS: Final = 1_800_000_000_000_000_000
_TRACES: Final = frozenset({RECEIPTS, LAST, "lock"})
_NONE: Final = "== 0"
_ALL: Final = ">= 1"
_SECOND_NS: Final = 1_000_000_000


def measure(seeds: range, note: Note = unheard) -> tuple[Claim, ...]:
    """Every claim; each seed draws a life and the moments of the kills."""
    before: list[float] = []
    after: list[float] = []
    found: dict[str, list[float]] = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "robot"
            note(f"forgetting: life {seed}")
            places, stretch = _robot(root, seed)
            marks = _marks(places, stretch)
            before.append(len(holding(root, marks)))
            shutil.copytree(root, Path(folder) / "old")
            for name, value in _forgotten(places, stretch):
                found.setdefault(name, []).append(value)
            after.append(len(holding(root, marks)))
            note(f"forgetting: life {seed}, cut off")
            rng = np.random.default_rng([seed, 1])
            mixtures = _cut_off(Path(folder), stretch, marks, rng)
            found.setdefault(_MIXTURES, []).append(mixtures)
    lives = len(before)
    return (
        claim("files with a mark of the stretch before", sum(before), "files", ">= 1", n=lives),
        claim("files with a mark of it after, unpacked too", sum(after), "files", _NONE, n=lives),
        *(_claim(name, values) for name, values in found.items()),
    )


def _claim(name: str, values: list[float]) -> Claim:
    bound = _BOUNDS.get(name)
    if bound == _NONE:
        count = CUT_OFF * len(values) if name == _MIXTURES else len(values)
        return claim(name, sum(values), _UNITS.get(name, "count"), bound, n=count)
    return mean_claim(name, values, _UNITS.get(name, "share"), bound)


_MIXTURES: Final = "killed, or on a full disk: neither old nor new after the next start"
_BOUNDS: Final = {
    "ticks outside the stretch that are still there": None,
    "damage that verifying finds": _NONE,
    "ticks that have a state and are thought again, identical": _ALL,
    "ticks without one, until the next file": None,
    "defects of a dataset made of the rest": _NONE,
    "old dataset marked stale": _ALL,
    "memories of the stretch that undo brings back": _NONE,
    _MIXTURES: _NONE,
    "time, all folders, to an hour of log at 10 Hz": None,
}
_UNITS: Final = {
    "time, all folders, to an hour of log at 10 Hz": "s",
}


def _robot(root: Path, seed: int) -> tuple[Places, Stretch]:
    """A life with all that it leaves, and the stretch that is to go."""
    places = _places(root)
    _ember("run", "--suite", "standard", "--seed", seed, "--seconds", SECONDS, "--speed", "max",
           "--no-view", "--log", places.logs, "--state", places.state)  # fmt: skip
    header = Log(places.logs).header
    began_ns = header.t_wall_ns
    stretch = Stretch(began_ns + GONE_S[0] * _SECOND_NS, began_ns + GONE_S[1] * _SECOND_NS)
    book, store = MemoryBook(HashingEncoder()), MemoryStore(places.memory)
    for at_s in range(10, SECONDS, 20):
        inside = GONE_S[0] <= at_s <= GONE_S[1]
        text = f"{SECRET if inside else 'something else'} at {at_s}"
        at_ns = header.t_mono_ns + at_s * _SECOND_NS
        span = LogSpan(header.session_id, at_ns, at_ns + _SECOND_NS)
        book.add([Moment(text, began_ns + at_s * _SECOND_NS, span=span)])
        store.save(book.state(), "add", (), NOW_NS)
    _ember("sleep", "--log", places.logs, "--state", places.state, "--memory", places.memory,
           "--nights", places.nights)  # fmt: skip
    plan = make_plan((places.logs,), "lerobot", None, (), native=False)
    out = root / "dataset"
    export(plan, out)
    exports.note(out, [Path(file.path) for leg in plan.legs for file in leg.files], NOW_NS)
    shutil.move(out, root.parent / "dataset")  # a dataset is marked, and is not erased
    register = places.logs / "exports.jsonl"
    register.write_text(register.read_text().replace(str(out), str(root.parent / "dataset")))
    return places, stretch


def _ember(*arguments: object) -> None:
    command = [sys.executable, "-m", "ember_embodied.cli.main", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _marks(places: Places, stretch: Stretch) -> list[bytes]:
    """What only the stretch has: numbers of its senses, and words."""
    inside: set[float] = set()
    outside: set[float] = set()
    for tick in Log(places.logs).ticks():
        sense = tick.sense
        within = stretch.start_ns <= sense.t_wall_ns <= stretch.end_ns
        imu, doa, camera = sense.imu, sense.doa, sense.camera
        numbers = [sense.head.yaw_rad, sense.head.pitch_rad]
        numbers += [] if imu is None else [*imu.accelerometer_m_s2, *imu.gyroscope_rad_s]
        numbers += [] if doa is None else [doa.azimuth_rad, doa.energy]
        numbers += [] if camera is None else [camera.face_yaw_rad, camera.size_rad]
        (inside if within else outside).update(numbers)
    only = sorted(number for number in inside - outside if number)
    rng = np.random.default_rng(0)
    chosen = rng.permutation(np.array(only))[:MARKS].tolist()
    return [*map(number_mark, chosen), SECRET.encode()]


def _forget(places: Places, stretch: Stretch) -> None:
    forget(
        places,
        Request(stretch=stretch),
        lambda wanted, staging, told: unlearn(places.logs, places.state, wanted, staging, told),
        NOW_NS,
        lambda *_: None,
        dry_run=False,
    )


def _forgotten(places: Places, stretch: Stretch) -> Iterator[tuple[str, float]]:
    """Forget, and judge what is left."""
    ticks = list(Log(places.logs).ticks())
    rest = [t.tick for t in ticks if not stretch.start_ns <= t.sense.t_wall_ns <= stretch.end_ns]
    clock = SystemClock()
    began_ns = clock.mono_ns()
    _forget(places, stretch)
    took_s = (clock.mono_ns() - began_ns) / _SECOND_NS
    yield "time, all folders, to an hour of log at 10 Hz", took_s * 3600.0 / SECONDS
    log = Log(places.logs)
    left = {tick.tick for tick in log.ticks()}
    yield "ticks outside the stretch that are still there", len(left & set(rest)) / len(rest)
    found = survey(log)
    yield "damage that verifying finds", len(found.damage) + len(found.gaps) + len(found.faults)
    header = log.header
    network = network_of(load(header.bundle_name), event_driven=header.event_driven)
    mind = Mind(network, round(1e9 / header.rate_hz))
    report = replay(log.records(TickRecord, SnapshotRecord, EventRecord), mind)
    thinkable = report.ticks - report.stateless
    yield "ticks that have a state and are thought again, identical", report.identical / thinkable
    yield "ticks without one, until the next file", report.stateless / report.ticks
    plan = make_plan((places.logs,), "lerobot", None, (), native=False)
    out = places.root.parent / "rest"
    export(plan, out)
    yield "defects of a dataset made of the rest", len(list(check(out)))
    stale = [one for one in check(places.root.parent / "dataset") if STALE_FILE in one.file]
    yield "old dataset marked stale", float(len(stale) == 1)
    store = MemoryStore(places.memory)
    yield "memories of the stretch that undo brings back", float(len(store.numbers()) != 1)


def _cut_off(folder: Path, stretch: Stretch, marks: list[bytes], rng: np.random.Generator) -> float:
    """Forget in a copy and cut it off: how often the next start is neither state.

    By turns killed at a drawn moment, at a drawn file operation, at a late one, and on a disk that
    is filled to the last byte at one.
    """
    old, copy = folder / "old", folder / "copy"
    shutil.copytree(old, copy)
    clock = SystemClock()
    began_ns = clock.mono_ns()
    whole = in_child(lambda: _forget(_places(copy), stretch), count=folder / "operations")
    assert whole == DONE, "a forgetting that nobody disturbs fails"
    took_s = (clock.mono_ns() - began_ns) / _SECOND_NS
    operations = int((folder / "operations").read_text("ascii"))
    new = _state(copy)
    states = {_state(old), new}
    size_mb = sum(path.stat().st_size for path in old.rglob("*")) // 1_000_000 + ROOM_MB
    mixtures = 0
    for number in range(CUT_OFF):
        disk = folder / f"disk-{number}"
        way = WAYS[number % len(WAYS)]
        late = round(LATE * operations) if way == "late" else 1
        place = int(rng.integers(late, operations + 1))
        after_s = float(rng.uniform(0.2, 1.1)) * took_s
        with disk_of(disk, size_mb if way == "disk full" else None):
            shutil.copytree(old, disk / "robot")
            forgetting = partial(_forget, _places(disk / "robot"), stretch)
            if way == "at a moment":
                in_child(forgetting, kill_after_s=after_s)
            elif way == "disk full":
                in_child(forgetting, at=(place, partial(fill, disk / FILLER, size_mb)))
            else:
                in_child(forgetting, at=(place, kill))
            (disk / FILLER).unlink(missing_ok=True)
            state = _settled_state(disk / "robot")
            mixed = state == new and bool(holding(disk / "robot", marks))
            mixtures += state not in states or mixed
    return float(mixtures)


def _settled_state(root: Path) -> str:
    """What the next start makes of it."""
    nights = _places(root).nights
    with held(nights):
        settle(nights)
    return _state(root)


def _places(root: Path) -> Places:
    return Places(root, roots_of(root))


def _state(root: Path) -> str:
    """Digest of every file's name and content.

    But for receipts, which differ in their ids, and for what a night keeps to be undone.
    """
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name not in _TRACES and STAGING not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
