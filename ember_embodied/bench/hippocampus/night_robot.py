"""A small robot that nights are tried on: logs, tables, a memory, an earlier night."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cerebellum import snapshot
from cerebellum.plasticity import Evidence
from cerebellum.yaw_table import YawTable, YawTableState
from ember_embodied.bench import synthetic_life
from hippocampus.diary.record import DIARY_FILE, DIARY_TEXT, diary_json, diary_markdown, read_diary
from hippocampus.diary.write import write
from hippocampus.language.backend import LanguageBackend, NoText, Outcome, Prompt, Text, Trouble
from hippocampus.memory.book import MemoryBook
from hippocampus.memory.records import Moment
from hippocampus.memory.store import LOCK_FILE, MemoryStore
from hippocampus.memory.text_key import HashingEncoder
from hippocampus.night.collaborators import Collaborators, Consolidated, Experience, NamedFile
from hippocampus.night.episode import Day
from hippocampus.night.reader import Reading, read_legs
from hippocampus.night.settings import SleepSettings
from hippocampus.night.sleep import sleep
from hippocampus.retention import keep
from hippocampus.transaction.change import Change
from hippocampus.transaction.journal import JOURNAL, LAST, NIGHTS, STAGING, Roots, work_folder

NOW_NS: Final = synthetic_life.START_WALL_NS + 86_400_000_000_000
TICKS: Final = 180
TICKS_A_FILE: Final = 60
NAMES: Final = ("logs", "state", "memory", NIGHTS)
_TRACES: Final = frozenset({JOURNAL, LAST, LOCK_FILE})
_DIARY: Final = frozenset({DIARY_FILE, DIARY_TEXT})


def robot(root: Path, rng: np.random.Generator) -> None:
    """A small robot with a life behind it: an earlier night, a memory, tables, a file to keep."""
    roots = roots_of(root)
    _session(roots["logs"], rng, "20260101-000000-000001")
    table = YawTable()
    roots["state"].mkdir()
    _save(roots["state"], table.state())
    _save(roots["state"], _learned(table, rng).state())
    memory = MemoryStore(roots["memory"])
    book = MemoryBook(HashingEncoder())
    added = book.add([Moment("Anna came in and laughed", synthetic_life.START_WALL_NS)])
    memory.save(book.state(), "add", added.numbers, synthetic_life.START_WALL_NS)
    night(root)
    second = _session(roots["logs"], rng, "20260101-000000-000002")
    _session(roots["logs"], rng, "20260101-000000-000003")
    keep(second / "000001.mcap")


def digest(root: Path, *, diaries: bool = True) -> str:
    """Of the names and contents of every file of a robot, but for the traces of the night.

    ``diaries``: theirs too, which say who wrote them.
    """
    left_out = _TRACES if diaries else _TRACES | _DIARY
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if STAGING in path.relative_to(root).parts or path.name in left_out:
            continue
        found.update(f"{path.relative_to(root)}\0{path.is_dir()}\0".encode())
        if path.is_file():
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def roots_of(root: Path) -> Roots:
    """The four folders of a robot."""
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


def night(root: Path, backend: LanguageBackend | None = None) -> None:
    """A night of the robot in ``root``, with files to thin, to forget and to keep."""
    roots = roots_of(root)
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

    helpers = Collaborators(
        read,  # type: ignore[arg-type]
        _book_of,
        tables,
        lambda day: _diary(day, backend),
        lambda _what, _done, _whole: None,
    )
    sleep(roots, settings, lambda _: True, helpers, zone=None, t_wall_ns=NOW_NS)


def _book_of(memory: MemoryStore) -> MemoryBook:
    loaded = memory.load()
    encoder = HashingEncoder()
    return MemoryBook(encoder) if loaded is None else MemoryBook.from_state(loaded.book, encoder)


def _diary(day: Day, backend: LanguageBackend | None) -> tuple[NamedFile, ...]:
    diary = write(day, np.random.default_rng(0), backend)
    names = zip(sorted(_DIARY), (diary_json(diary), diary_markdown(diary)), strict=True)
    return tuple(NamedFile(name, content) for name, content in names)


def diaries_hold(root: Path) -> bool:
    """Whether every sentence of every diary leads to the log."""
    diaries = [read_diary(path.read_bytes()) for path in root.rglob(DIARY_FILE)]
    return bool(diaries) and all(
        sentence.stretches and sentence.labels for diary in diaries for sentence in diary.sentences
    )


@dataclass(frozen=True, slots=True)
class Backend:
    """A language backend that always says the same."""

    name: str
    outcome: Outcome

    def complete(self, prompt: Prompt, *, max_tokens: int, timeout_s: float) -> Outcome:
        """What it says, whatever it is asked."""
        del prompt, max_tokens, timeout_s
        return self.outcome


BACKENDS: Final = (
    Backend("dead", NoText(Trouble.DOWN, "connection refused")),
    Backend("slow", NoText(Trouble.SLOW, "no answer in 120 s")),
    Backend(
        "lying",
        Text(
            "Anna came at noon and stroked my head nine times. I flew to the window and sang. "
            "At four in the afternoon somebody lifted me twice. I was afraid of the cat."
        ),
    ),
    Backend("raving", Text("".join(f"And then {n} voices from behind. " for n in range(20_000)))),
)
