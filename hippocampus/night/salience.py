"""Where a day is cut into episodes, and how much each one matters.

What happens close together belongs together; a quiet time between two labels ends an episode. Its
salience joins six terms, each 0 to 1, as causes that each may suffice (noisy-or, Pearl 1988):

    salience = 1 - prod(1 - weight * term)

A sum x becomes a term by 1 - exp(-x), so that the first of anything says more than the tenth.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hippocampus.night.episode import Episode, Kept, Reason
from hippocampus.night.hours import FAULTS
from hippocampus.night.label import TOUCHES, Label, LabelKind, Span
from hippocampus.night.reading import FileFacts

QUIET_NS: Final = 10_000_000_000
"""So long without a label ends an episode."""
LONGEST_NS: Final = 120_000_000_000
"""What begins later than this belongs to the next episode."""
BACKGROUND: Final = frozenset(
    {LabelKind.OWN_MOVEMENT, LabelKind.SLEEP, LabelKind.RESTART, LabelKind.GAP}
)
"""Labels that make no episode; own movements within one belong to it."""
_PERSON_S: Final = 30.0
"""A face in sight for so long counts as much as three voices."""
_VOICES: Final = 3.0
_TOUCHES: Final = 2.0
_LOOKS: Final = 3.0
_STARTLED: Final = 1.5
_UNKNOWN_STRENGTH: Final = 0.5

NovelKind = tuple[str, str]
"""Kind and place of a label: what novelty counts."""


def _startled(label: Label) -> float:
    return (label.strength or 0.0) if label.kind is LabelKind.STARTLED else 0.0


def _touched(label: Label) -> float:
    if label.kind not in TOUCHES:
        return 0.0
    strength = _UNKNOWN_STRENGTH if label.strength is None else label.strength
    return strength * label.confidence


def _rewarded(label: Label) -> float:
    if label.kind is not LabelKind.TURNED or not label.found:
        return 0.0
    return label.amount if label.amount is not None else _UNKNOWN_STRENGTH


def _peopled(label: Label) -> float:
    if label.kind is LabelKind.PERSON:
        return label.confidence * (label.amount or 0.0) / _PERSON_S
    return 1.0 / _VOICES if label.kind is LabelKind.VOICE else 0.0


def _troubled(label: Label) -> float:
    return float(label.kind in (*FAULTS, LabelKind.BLOCKED))


@dataclass(frozen=True, slots=True)
class Term:
    """One cause of salience."""

    name: str
    weight: float
    """The salience of an episode that has this term alone, at 1."""
    scale: float
    """The sum at which the term is 1 - 1/e."""
    of: Callable[[Label], float]


TERMS: Final = (
    Term("prediction_error", 0.5, _STARTLED, _startled),
    Term("touch", 0.7, _TOUCHES, _touched),
    Term("reward", 0.4, _LOOKS, _rewarded),
    Term("people", 0.5, 1.0, _peopled),
    Term("trouble", 0.7, 1.0, _troubled),
)
NOVELTY: Final = "novelty"
NOVELTY_WEIGHT: Final = 0.6


def novel_kind(label: Label) -> NovelKind:
    """What a label is when it is asked how often it has been."""
    return (label.kind.value, label.place or label.text or "")


def cut(labels: Sequence[Label]) -> tuple[list[list[Label]], list[Label]]:
    """The labels of one session as episodes, and those that belong to none."""
    episodes: list[list[Label]] = []
    aside: list[Label] = []
    begin_ns = end_ns = 0
    for label in labels:
        if label.kind in BACKGROUND:
            aside.append(label)
            continue
        start_ns = label.span.start_ns
        if not episodes or start_ns - end_ns > QUIET_NS or start_ns - begin_ns > LONGEST_NS:
            episodes.append([])
            begin_ns, end_ns = start_ns, label.span.end_ns
        episodes[-1].append(label)
        end_ns = max(end_ns, label.span.end_ns)
    return episodes, _taken_in(episodes, aside)


def _taken_in(episodes: list[list[Label]], aside: list[Label]) -> list[Label]:
    """Give own movements to the episode in which they lie whole; what stays aside."""
    spans = [(e[0].span.first_tick, max(x.span.last_tick for x in e)) for e in episodes]
    rest, at = [], 0
    for label in aside:
        while at < len(spans) and spans[at][1] < label.span.first_tick:
            at += 1
        inside = at < len(spans) and spans[at][0] <= label.span.first_tick
        if label.kind is LabelKind.OWN_MOVEMENT and inside and label.span.last_tick <= spans[at][1]:
            episodes[at].append(label)
        else:
            rest.append(label)
    for labels in episodes:
        labels.sort(key=lambda label: label.span.first_tick)
    return rest


def scored(
    labels: Sequence[Label], files: Sequence[FileFacts], seen: Counter[NovelKind]
) -> Episode:
    """An episode of its labels.

    ``files`` are those of its session; ``seen`` is how often each kind of label was there before,
    and is counted up.
    """
    reasons = [Reason(term.name, _saturated(term, labels)) for term in TERMS]
    novelty = max(1.0 / (1.0 + seen[novel_kind(label)]) for label in labels)
    for label in labels:
        seen[novel_kind(label)] += 1
    dull = math.prod(
        1.0 - term.weight * reason.value for term, reason in zip(TERMS, reasons, strict=True)
    )
    salience = 1.0 - dull * (1.0 - NOVELTY_WEIGHT * novelty)
    reasons.append(Reason(NOVELTY, novelty))
    spans = _spans(labels, files)
    first, last = spans[0].first_tick, spans[-1].last_tick
    return Episode(
        key=f"{spans[0].session}:{first}-{last}",
        spans=spans,
        salience=salience,
        reasons=tuple(sorted(reasons, key=lambda reason: (-reason.value, reason.term))),
        kept=Kept.RAW,
        labels=tuple(labels),
    )


def _saturated(term: Term, labels: Sequence[Label]) -> float:
    return 1.0 - math.exp(-math.fsum(map(term.of, labels)) / term.scale)


def _spans(labels: Sequence[Label], files: Sequence[FileFacts]) -> tuple[Span, ...]:
    """From the first label to the end of the last, a span for each file."""
    first = min((label.span for label in labels), key=lambda span: span.first_tick)
    last = max((label.span for label in labels), key=lambda span: span.last_tick)
    spans = []
    for file in files:
        if file.ticks and file.last_tick >= first.first_tick and file.first_tick <= last.last_tick:
            begins = file.first_tick < first.first_tick
            ends = file.last_tick > last.last_tick
            spans.append(
                Span(
                    file.name,
                    first.first_tick if begins else file.first_tick,
                    last.last_tick if ends else file.last_tick,
                    first.start_ns if begins else file.start_ns,
                    last.end_ns if ends else file.end_ns,
                )
            )
    return tuple(spans)
