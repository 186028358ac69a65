"""A sentence of the template before it is checked, and what all such sentences are made with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hippocampus.diary.facts import Line
from hippocampus.night.label import Label, LabelKind


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence, what it rests on, and how much it is worth being told."""

    text: str
    lines: tuple[Line, ...]
    worth: float = 1.0

    @property
    def start_ns(self) -> int:
        """Of the first thing that it tells."""
        return min((x.span.start_ns for line in self.lines for x in line.labels), default=0)


def pick(rng: np.random.Generator, *phrases: str) -> str:
    """One of them."""
    return phrases[int(rng.integers(len(phrases)))]


def by_kind(labels: Iterable[Label], *kinds: LabelKind) -> list[Label]:
    """The labels of these kinds."""
    return [label for label in labels if label.kind in kinds]


def draft(
    text: str, labels: Iterable[Label] = (), sums: Sequence[str] = (), *, worth: float = 1.0
) -> Draft:
    """A sentence that rests on labels and on sums of the day."""
    labels = tuple(labels)
    rests = [Line(str(labels[0].kind), labels)] if labels else []
    return Draft(text, (*rests, *(Line(name) for name in sums)), worth)


def part_anywhere(rng: np.random.Generator, part: str, main: str, tail: str = "") -> str:
    """The part of the day in front, or behind what happened."""
    if not part or rng.random() < 0.5:
        return part_first(part, f"{main}{tail}.")
    return f"{main[:1].upper()}{main[1:]} in the {part}{tail}."


def part_first(part: str, rest: str) -> str:
    """The part of the day in front; none where the whole day is in one part."""
    return f"In the {part} {rest}" if part else f"{rest[:1].upper()}{rest[1:]}"
