"""What hands did, in the template's sentences: touches in groups, lifted and set down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hippocampus.diary.drafts import Draft, by_kind, draft, part_anywhere, part_first, pick
from hippocampus.diary.facts import Facts, tellable
from hippocampus.diary.phrases import WHOLE, gently, joined, place_of, time_of, times, went_on_for
from hippocampus.diary.support import events
from hippocampus.night.label import Label, LabelKind

_A_LIFT_S: Final = 900.0
"""Lifted and set down belong together when they are no further apart."""
_TOUCH_VERBS: Final[dict[LabelKind, str]] = {
    LabelKind.TAP: "tapped",
    LabelKind.STROKE: "stroked",
    LabelKind.HOLD: "held",
    LabelKind.PUSH: "pushed",
    LabelKind.PUSHED: "pushed",
    LabelKind.TILT: "tilted",
    LabelKind.TURN: "turned",
    LabelKind.BUMP: "bumped",
    LabelKind.MOVED: "moved",
}


@dataclass(frozen=True, slots=True)
class _Touch:
    """Touches of one kind, at one place, by one person."""

    verb: str
    where: str
    who: str | None
    labels: tuple[Label, ...]

    @property
    def often(self) -> int:
        """How many times."""
        return events(self.labels)


def touches(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    """Touches in groups, two groups of the same hands in a sentence."""
    groups: dict[tuple[str, str, str | None], list[Label]] = defaultdict(list)
    for label in labels:
        verb = _TOUCH_VERBS.get(label.kind)
        place = place_of(label)
        if verb is not None and (place is not None or label.place in WHOLE):
            where = "me" if place is None else f"my {place}"
            groups[verb, where, tellable(label.person)].append(label)
    told = [_Touch(*key, tuple(group)) for key, group in groups.items()]
    # Of what named and unnamed hands did, a number for the unnamed would count both.
    shared = Counter((touch.verb, touch.where) for touch in told)
    alone = {touch for touch in told if touch.who or shared[touch.verb, touch.where] == 1}
    for touch in (touch for touch in told if touch.often == 1 or touch not in alone):
        at = time_of(touch.labels[0], facts)
        done = f"{gently(touch.labels[:1])}{touch.verb}"
        active = f"At {at} {touch.who or 'somebody'} {done} {touch.where}."
        subject = "I" if touch.where == "me" else touch.where
        turned = f"At {at} {subject} was {done}."
        text = pick(rng, active, active if touch.who else turned)
        yield draft(text, touch.labels[:1], worth=2.0)
    # "me" with a number counts every place, so it is only told one by one.
    often = [touch for touch in told if touch.often > 1 and touch.where != "me" and touch in alone]
    for who in sorted({touch.who or "" for touch in often}):
        same = sorted((t for t in often if (t.who or "") == who), key=lambda t: -t.often)
        for first in range(0, len(same), 2):
            yield _often(same[first : first + 2], part, facts, rng)


def _often(touches: Sequence[_Touch], part: str, facts: Facts, rng: np.random.Generator) -> Draft:
    """One or two groups of touches, counted over a part of the day."""
    labels = tuple(label for touch in touches for label in touch.labels)
    who = touches[0].who
    done = [f"{touch.verb} {touch.where} {times(touch.often)}" for touch in touches]
    worth = 2.0 + len(labels)
    if len(touches) > 1:
        return draft(part_first(part, f"{who or 'somebody'} {joined(done)}."), labels, worth=worth)
    first = f", the first time at {time_of(labels[0], facts)}"
    main = f"{who or 'somebody'} {done[0]}"
    if who is None:
        one = touches[0]
        main = pick(rng, main, f"{one.where} was {one.verb} {times(one.often)}")
    return draft(part_anywhere(rng, part, main, first), labels, worth=worth)


def lifts(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    """Lifted, and set down again where that was soon."""
    lifted = by_kind(labels, LabelKind.LIFT)
    if not lifted:
        return
    at = time_of(lifted[0], facts)
    if len(lifted) > 1:
        word = pick(rng, "picked up", "lifted")
        first = f", the first time at {at}"
        main = f"I was {word} {times(len(lifted))}"
        yield draft(part_anywhere(rng, part, main, first), lifted, worth=3.0 + len(lifted))
        return
    downs = [
        label
        for label in by_kind(labels, LabelKind.SET_DOWN)
        if 1.0 <= (label.span.start_ns - lifted[0].span.start_ns) * 1e-9 <= _A_LIFT_S
    ]
    if not downs:
        text = pick(rng, f"At {at} I was lifted.", f"Somebody lifted me at {at}.")
        yield draft(text, lifted, worth=3.0)
        return
    later = went_on_for((downs[0].span.start_ns - lifted[0].span.start_ns) * 1e-9)
    yield draft(
        pick(
            rng,
            f"At {at} somebody lifted me and set me down again {later} later.",
            f"At {at} I was picked up, and set down again {later} later.",
        ),
        [*lifted, downs[0]],
        worth=4.0,
    )
