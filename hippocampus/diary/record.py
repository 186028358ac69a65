"""A diary as it is kept: sentences, what each claims, and the stretches of log that prove it."""

from __future__ import annotations

from typing import Final

import msgspec

from hippocampus.night.label import Label

DIARY_FILE: Final = "diary.json"
DIARY_TEXT: Final = "diary.md"

Range = tuple[float, float | None]
"""Least and most, both allowed; None: no most."""


class Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a sentence says. What is left at its default is not said."""

    kinds: tuple[str, ...]
    """Any of these: a ``LabelKind``, or a sum of the day (``labels.SUMS``)."""
    negated: bool = False
    """Nothing like it is in the whole day."""
    count: tuple[int, int | None] | None = None
    """How many there are of it, in all that fits the rest."""
    window: tuple[float, float] | None = None
    """Local minutes after midnight, the second not included; beyond 1,440 after midnight."""
    starts: float | None = None
    ends: float | None = None
    """The minute in which the first begins, in which the last ends."""
    places: tuple[str, ...] = ()
    """Any of these."""
    side: str | None = None
    """left, right, ahead or behind."""
    person: str | None = None
    found: bool | None = None
    strength: str | None = None
    """gentle or strong."""
    seconds: Range | None = None
    """How long, all that fits the rest together."""
    amount: tuple[str, float, float | None] | None = None
    """Unit (degrees, celsius, volts), least, most."""
    fault: str | None = None
    share: str | None = None
    """most, all: of what the claim before speaks of. day: nearly the whole day;
    total: nothing that fits the rest is left out."""
    rank: str | None = None
    """first or last of what fits the rest but the window."""
    scope: tuple[float, float] | None = None
    """Of the rank: within which window; None: of the day."""
    after: int | None = None
    """Number of the claim in the sentence that came before it in time."""
    gap: Range | None = None
    """Seconds since then."""


class Stretch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where in the log: file and ticks, which may go on in the files after it."""

    log: str
    first_tick: int
    last_tick: int
    start_ns: int | None = None
    end_ns: int | None = None
    """Unix time; None where whole files are meant."""


class Sentence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sentence that holds."""

    text: str
    claims: tuple[Claim, ...]
    labels: tuple[Label, ...]
    """What it rests on."""
    stretches: tuple[Stretch, ...]
    """Never none."""


class Dropped(msgspec.Struct, frozen=True):
    """One sentence that was said and does not hold."""

    text: str
    why: str


class Diary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A day's diary."""

    date: str
    """YYYY-MM-DD."""
    writer: str
    """template, or the name of the language backend whose sentences these are."""
    sentences: tuple[Sentence, ...]
    said: int = 0
    """Sentences that the language backend said, dropped ones included."""
    dropped: tuple[Dropped, ...] = ()
    """The first ones; ``dropped_count`` counts all."""
    dropped_count: int = 0
    fell_back: str | None = None
    """Why the template wrote although a language backend was asked for."""

    @property
    def text(self) -> str:
        """All sentences in one paragraph."""
        return " ".join(sentence.text for sentence in self.sentences)


def diary_json(diary: Diary) -> bytes:
    """The contents of ``diary.json``."""
    return msgspec.json.format(msgspec.json.encode(diary), indent=1) + b"\n"


def read_diary(raw: bytes) -> Diary:
    """``diary.json`` back. Raises ``msgspec.DecodeError``."""
    return msgspec.json.decode(raw, type=Diary)


def diary_markdown(diary: Diary) -> bytes:
    """The contents of ``diary.md``: the text, and who wrote it."""
    body = diary.text or "There is nothing in the log of this day."
    notes = [f"Written by {diary.writer}."]
    if diary.fell_back is not None:
        notes.append(f"The language backend did not write it: {plain(diary.fell_back)}.")
    if diary.dropped_count:
        notes.append(
            f"{diary.dropped_count} of {diary.said} sentences had no proof and were dropped."
        )
    return f"# {diary.date}\n\n{body}\n\n*{' '.join(notes)}*\n".encode()


def plain(text: str) -> str:
    """Somebody else's words without what Markdown or HTML would take for its own."""
    return "".join(" " if letter in "*_`[]<>#|\\\n\r" else letter for letter in text).rstrip(". ")
