"""Any sentence, from whomever: kept with its proof, or dropped with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from hippocampus.diary.facts import SUMS, Facts, Line, stretches_of
from hippocampus.diary.marks import UnsaidError
from hippocampus.diary.reading import claims_of
from hippocampus.diary.record import Claim, Dropped, Sentence, Stretch
from hippocampus.diary.support import UnsupportedError, supported
from hippocampus.night.label import Label

CITATION: Final = re.compile(r"\[\s*([A-Z]\d{1,4}(?:\s*[,;]\s*[A-Z]\d{1,4})*)\s*\]")
_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:\.(?=\d)[^.!?\n]*)*[.!?]*(?:[ \t]*\[[^\]\n]*\])*\.?")
_TOLD_LETTERS: Final = 200


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, each with the citations that are in it or right behind it."""
    found = (piece.strip(" \t*#>-•") for piece in _SENTENCE.findall(text))
    return [piece for piece in found if any(letter.isalnum() for letter in piece)]


def checked(said: str, lines: dict[str, Line], facts: Facts) -> Sentence | Dropped:
    """``said`` by what it cites of ``lines`` ("[L3]"), or why it is not believed."""
    cited = [name for group in CITATION.findall(said) for name in re.split(r"\s*[,;]\s*", group)]
    bare = " ".join(CITATION.sub(" ", said).split())
    bare = re.sub(r"\s+([.,;!])", r"\1", bare).rstrip(".")
    unknown = [name for name in cited if name not in lines]
    if unknown:
        return Dropped(_short(bare), f"there is no {unknown[0]}")
    if not cited:
        return Dropped(_short(bare), "it cites nothing")
    return proven(bare + ".", [lines[name] for name in cited], facts)


def proven(sentence: str, lines: Sequence[Line], facts: Facts) -> Sentence | Dropped:
    """``sentence``, which cites ``lines``, with its claims and where in the log they are so."""
    labels = [label for line in lines for label in line.labels]
    sums = frozenset(line.kind for line in lines if line.kind in SUMS)
    try:
        claims = claims_of(sentence, facts.names, facts.faults)
        rested = supported(claims, labels, sums, facts)
    except (UnsaidError, UnsupportedError) as error:
        return Dropped(_short(sentence), str(error))
    stretches = _stretches(claims, rested, facts)
    if not stretches:
        return Dropped(_short(sentence), "there is no log of it")
    return Sentence(sentence[:1].upper() + sentence[1:], claims, rested, stretches)


def _stretches(
    claims: tuple[Claim, ...], rested: tuple[Label, ...], facts: Facts
) -> tuple[Stretch, ...]:
    """Those of the labels; the whole day's where something is said of the whole day."""
    of_all = any(c.negated or c.kinds[0] in SUMS or (c.count and not c.count[0]) for c in claims)
    return (*stretches_of(rested), *(facts.whole if of_all else ()))


def _short(text: str) -> str:
    return text if len(text) <= _TOLD_LETTERS else text[: _TOLD_LETTERS - 1] + "…"
