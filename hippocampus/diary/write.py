"""A day's diary: by a language backend where one is given and believed, else by the template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Annotated, Final

import msgspec
import numpy as np

from hippocampus.diary.check import checked, proven, sentences_of
from hippocampus.diary.facts import Facts, Line, facts_of
from hippocampus.diary.prompt import citable, prompt_of
from hippocampus.diary.record import Diary, Dropped, Sentence
from hippocampus.diary.template import compose
from hippocampus.language.backend import LanguageBackend, NoText
from hippocampus.night.episode import Day

TEMPLATE: Final = "template"
MAX_SENTENCES: Final = 60
"""What is said after so many is not read."""
_KEPT_DROPPED: Final = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What a language backend gets, and what it has to give."""

    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 800
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 120.0
    """Of real time, a model's loading included."""
    least_sentences: Annotated[int, msgspec.Meta(ge=1)] = 2
    """Fewer that hold, and the template writes."""


def write(
    day: Day,
    rng: np.random.Generator,
    backend: LanguageBackend | None = None,
    *,
    zone: tzinfo | None = None,
    limits: Limits = Limits(),
) -> Diary:
    """The diary of ``day``, every sentence with its proof.

    ``rng`` chooses among the template's phrases; seed it by the date and a day reads the same
    whenever it is written. ``zone``: of the times that are told; None: the machine's. A backend
    that is down, slow, unwilling or lying makes no error: the template writes, and
    ``fell_back`` says why.
    """
    facts = facts_of(day, zone)
    if backend is None:
        return _by_template(facts, rng)
    lines = citable(facts)
    outcome = backend.complete(
        prompt_of(facts, lines), max_tokens=limits.max_tokens, timeout_s=limits.timeout_s
    )
    if isinstance(outcome, NoText):
        why = f"{backend.name}: {outcome.trouble}: {outcome.why}"
        return msgspec.structs.replace(_by_template(facts, rng), fell_back=why)
    said = sentences_of(outcome.text)
    kept, dropped = _judged(said, lines, facts)
    diary = Diary(day.date, backend.name, kept, len(said), dropped[:_KEPT_DROPPED], len(dropped))
    if len(kept) >= limits.least_sentences:
        return diary
    why = f"{backend.name}: {len(kept)} of {len(said)} sentences hold"
    template = _by_template(facts, rng)
    return msgspec.structs.replace(
        diary, writer=TEMPLATE, sentences=template.sentences, fell_back=why
    )


def _judged(
    said: list[str], lines: dict[str, Line], facts: Facts
) -> tuple[tuple[Sentence, ...], tuple[Dropped, ...]]:
    """What holds, each once, and the rest with its reason."""
    kept: dict[str, Sentence] = {}
    dropped: list[Dropped] = []
    for number, one in enumerate(said):
        found = (
            checked(one, lines, facts)
            if number < MAX_SENTENCES
            else Dropped("...", f"more than {MAX_SENTENCES} sentences")
        )
        if isinstance(found, Sentence) and found.text in kept:
            found = Dropped(found.text, "it was said before")
        if isinstance(found, Dropped):
            dropped.append(found)
        else:
            kept[found.text] = found
    return tuple(kept.values()), tuple(dropped)


def _by_template(facts: Facts, rng: np.random.Generator) -> Diary:
    """The template's sentences go through the same check; one that fails is a defect, and told."""
    found = [proven(draft.text, draft.lines, facts) for draft in compose(facts, rng)]
    dropped = tuple(one for one in found if isinstance(one, Dropped))
    kept = tuple(one for one in found if isinstance(one, Sentence))
    return Diary(facts.day.date, TEMPLATE, kept, len(found), dropped[:_KEPT_DROPPED], len(dropped))
