"""All that a report of one day is drawn from; each part may be missing, and says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ember_embodied import learned, learning_history
from ember_embodied.errors import UserError
from ember_embodied.learned import Learned
from ember_embodied.learning_history import Entry
from ember_embodied.slept_days import slept_day
from hippocampus.diary.record import DIARY_FILE
from hippocampus.forgetting.nights import sentence_spans
from hippocampus.night.episode import Day


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the diary, and when what it tells of began."""

    text: str
    starts_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Diary:
    """What was told of the day."""

    sentences: tuple[Sentence, ...]
    writer: str | None
    """Who told it, where the file says so."""
    dropped: int
    """Sentences that the log did not bear out."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What there is of one day."""

    day: Day
    diary: Diary | None
    learned: Learned | None
    history: tuple[Entry, ...]
    missing: Mapping[str, str]
    """By part, one line: why it is not there, and what would bring it."""


def read(nights: Path, state: Path, date: str | None) -> Findings:
    """A day, the newest where ``date`` is None. Raises ``UserError`` where no night has read it."""
    day = slept_day(nights, date)
    missing: dict[str, str] = {}
    diary = _diary(nights / day.date / DIARY_FILE, missing)
    known_now, history = _learned(state, missing)
    return Findings(day, diary, known_now, history, missing)


def _diary(path: Path, missing: dict[str, str]) -> Diary | None:
    if not path.exists():
        missing["diary"] = "Nobody has told this day yet. 'ember diary' writes it from its labels."
        return None
    try:
        tree: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        sentences = tuple(
            Sentence(one["text"], tuple(sorted({s[0] for s in sentence_spans(one) if s})))
            for one in tree["sentences"]
        )
        dropped = tree.get("dropped_count", len(tree.get("dropped", ())))
        writer = tree.get("writer")
    except (OSError, msgspec.DecodeError, KeyError, TypeError) as error:
        missing["diary"] = f"The diary of this day cannot be read ({error})."
        return None
    if not sentences:
        missing["diary"] = "The diary of this day is empty."
        return None
    told = writer if isinstance(writer, str) else None
    return Diary(sentences, told, dropped)


def _learned(state: Path, missing: dict[str, str]) -> tuple[Learned | None, tuple[Entry, ...]]:
    try:
        found = learned.read(state)
    except UserError:
        missing["learned"] = (
            f"Nothing that it has learned is kept in {state}. A simulated robot keeps it with "
            "'ember run --state'."
        )
        return None, ()
    history = tuple(learning_history.read(state))
    if len(history) < 2:
        missing["history"] = (
            "How learning went is drawn when it was kept at least twice: every five minutes of "
            "life, and at each stop."
        )
    return found, history
