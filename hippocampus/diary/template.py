"""The writer that needs nothing: a day told from its labels, in order, in a few phrasings.

It chooses what is worth a sentence and how to say it; that what it says is so is checked by the
same reading and the same labels as everybody else's sentences.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hippocampus.diary.doing import QUIET_MOST
from hippocampus.diary.facts import AWAKE, COMPANY, WARMTH, Facts, Line, seconds_of, tellable
from hippocampus.diary.lexicon import ANY_TOUCH, DAYPARTS, EVENTS
from hippocampus.diary.phrases import (
    WHOLE,
    an_amount,
    gently,
    joined,
    on_side,
    place_of,
    time_of,
    times,
    went_on_for,
)
from hippocampus.diary.support import events, fits_window
from hippocampus.night.label import Label, LabelKind

PARTS: Final = ("small hours", "morning", "afternoon", "evening", "late evening")
_A_PART_HAS: Final = 5
"""Sentences at most of a part of the day."""
_A_LIFT_S: Final = 900.0
"""Lifted and set down belong together when they are no further apart."""
_SLEEP_LEAST_S: Final = 120.0
_WARM_C: Final = 55.0
_AWAKE_LEAST_S: Final = 60.0
_COMPANY_LEAST_S: Final = 60.0
_PEOPLE_TOLD: Final = 3


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


def compose(facts: Facts, rng: np.random.Generator) -> list[Draft]:
    """The day's sentences, in the order in which they are read; none where nothing was logged."""
    if not facts.whole:
        return []
    return [*_opening(facts, rng), *_course(facts, rng), *_closing(facts, rng)]


def _pick(rng: np.random.Generator, *phrases: str) -> str:
    return phrases[int(rng.integers(len(phrases)))]


def _by_kind(labels: Iterable[Label], *kinds: LabelKind) -> list[Label]:
    return [label for label in labels if label.kind in kinds]


def _draft(
    text: str, labels: Iterable[Label] = (), sums: Sequence[str] = (), *, worth: float = 1.0
) -> Draft:
    labels = tuple(labels)
    rests = [Line(str(labels[0].kind), labels)] if labels else []
    return Draft(text, (*rests, *(Line(name) for name in sums)), worth)


def _when(rng: np.random.Generator, part: str, main: str, tail: str = "") -> str:
    """The part of the day in front, or behind what happened."""
    if not part or rng.random() < 0.5:
        return _first(part, f"{main}{tail}.")
    return f"{main[:1].upper()}{main[1:]} in the {part}{tail}."


def _first(part: str, rest: str) -> str:
    """The part of the day in front; none where the whole day is in one part."""
    return f"In the {part} {rest}" if part else f"{rest[:1].upper()}{rest[1:]}"


def _opening(facts: Facts, rng: np.random.Generator) -> Iterator[Draft]:
    awake = facts.day.totals.awake_s
    if awake >= _AWAKE_LEAST_S:
        long = went_on_for(awake)
        yield _draft(
            _pick(rng, f"I was awake for {long} today.", f"Today I was awake for {long}."),
            sums=[AWAKE],
        )
    events = [label for label in facts.labels if str(label.kind) in EVENTS]
    if len(events) <= QUIET_MOST:
        text = _pick(rng, "It was a quiet day.", "The day was calm.", "It was an uneventful day.")
        yield _draft(text, events)


def _course(facts: Facts, rng: np.random.Generator) -> Iterator[Draft]:
    """Part of the day by part of the day: what is worth most, in the order in which it was."""
    for part in PARTS:
        labels = [x for x in facts.labels if fits_window(facts, x, DAYPARTS[part])]
        named = "" if len(labels) == len(facts.labels) else part
        drafts = [
            draft
            for tell in (_beginnings, _touches, _lifts, _voices, _looks, _troubles)
            for draft in tell(labels, named, facts, rng)
        ]
        told = sorted(drafts, key=lambda draft: -draft.worth)[:_A_PART_HAS]
        yield from sorted(told, key=lambda draft: draft.start_ns)


def _beginnings(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    restarts = _by_kind(labels, LabelKind.RESTART)
    if len(restarts) == 1:
        at = time_of(restarts[0], facts)
        yield _draft(_pick(rng, f"I woke up at {at}.", f"At {at} I woke up."), restarts, worth=1.5)
    elif restarts:
        first = f", the first time at {time_of(restarts[0], facts)}"
        yield _draft(_when(rng, part, f"I woke up {times(len(restarts))}", first), restarts)
    sleeps = [x for x in _by_kind(labels, LabelKind.SLEEP) if x.span.seconds >= _SLEEP_LEAST_S]
    if len(sleeps) == 1:
        began, ended = time_of(sleeps[0], facts), facts.clock(sleeps[0].span.end_ns)
        yield _draft(
            _pick(
                rng, f"I slept from {began} until {ended}.", f"I rested from {began} to {ended}."
            ),
            sleeps,
        )
    elif sleeps and len(sleeps) == len(_by_kind(labels, LabelKind.SLEEP)):
        yield _draft(_when(rng, part, f"I slept {times(len(sleeps))}"), sleeps)


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


def _touches(
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
        text = _pick(rng, active, active if touch.who else turned)
        yield _draft(text, touch.labels[:1], worth=2.0)
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
        return _draft(_first(part, f"{who or 'somebody'} {joined(done)}."), labels, worth=worth)
    first = f", the first time at {time_of(labels[0], facts)}"
    main = f"{who or 'somebody'} {done[0]}"
    if who is None:
        one = touches[0]
        main = _pick(rng, main, f"{one.where} was {one.verb} {times(one.often)}")
    return _draft(_when(rng, part, main, first), labels, worth=worth)


def _lifts(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    lifts = _by_kind(labels, LabelKind.LIFT)
    if not lifts:
        return
    at = time_of(lifts[0], facts)
    if len(lifts) > 1:
        word = _pick(rng, "picked up", "lifted")
        first = f", the first time at {at}"
        main = f"I was {word} {times(len(lifts))}"
        yield _draft(_when(rng, part, main, first), lifts, worth=3.0 + len(lifts))
        return
    downs = [
        label
        for label in _by_kind(labels, LabelKind.SET_DOWN)
        if 1.0 <= (label.span.start_ns - lifts[0].span.start_ns) * 1e-9 <= _A_LIFT_S
    ]
    if not downs:
        text = _pick(rng, f"At {at} I was lifted.", f"Somebody lifted me at {at}.")
        yield _draft(text, lifts, worth=3.0)
        return
    later = went_on_for((downs[0].span.start_ns - lifts[0].span.start_ns) * 1e-9)
    yield _draft(
        _pick(
            rng,
            f"At {at} somebody lifted me and set me down again {later} later.",
            f"At {at} I was picked up, and set down again {later} later.",
        ),
        [*lifts, downs[0]],
        worth=4.0,
    )


def _voices(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    voices = _by_kind(labels, LabelKind.VOICE)
    if len(voices) == 1:
        at, side = time_of(voices[0], facts), on_side(voices)
        yield _draft(
            _pick(rng, f"At {at} I heard a voice{side}.", f"I heard somebody speak at {at}{side}."),
            voices,
        )
    elif voices:
        many = an_amount(len(voices))
        mostly = on_side(voices)
        share = f", most of them{mostly}" if mostly else ""
        yield _draft(_when(rng, part, f"I heard {many} voices", share), voices, worth=2.0)


def _looks(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    """What I looked for, whom I found, and whom I followed."""
    looks = _by_kind(labels, LabelKind.TURNED)
    found = [label for label in looks if label.found]
    missed = [label for label in looks if label.found is False]
    if len(looks) == 1:
        at, side = time_of(looks[0], facts), on_side(looks)
        what = "and found a face" if found else "and found nobody there" if missed else ""
        yield _draft(f"At {at} I turned to a voice{side} {what}".rstrip() + ".", looks)
    elif looks:
        many = an_amount(len(looks))
        what = f" and found a face {times(len(found))}" if found else ""
        if not found and missed:
            what = f" and found nobody there {times(len(missed))}"
        yield _draft(_first(part, f"I turned to {many} voices{what}."), looks, worth=1.8)
    followed = _by_kind(labels, LabelKind.FOLLOWED)
    if len(followed) == 1 and followed[0].span.seconds >= 1:
        at, long = time_of(followed[0], facts), went_on_for(followed[0].span.seconds)
        yield _draft(f"At {at} I followed a face for {long}.", followed)
    elif followed:
        yield _draft(_when(rng, part, f"I followed a face {times(len(followed))}"), followed)


def _troubles(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    startled = _by_kind(labels, LabelKind.STARTLED)
    if len(startled) == 1:
        at = time_of(startled[0], facts)
        yield _draft(
            _pick(rng, f"At {at} something startled me.", f"I was startled at {at}."), startled
        )
    elif startled:
        yield _draft(_when(rng, part, f"I was startled {times(len(startled))}"), startled)
    for kind in (LabelKind.HOT, LabelKind.TORQUE_LOST, LabelKind.BLOCKED):
        yield from _parts_in_trouble(_by_kind(labels, kind), kind, facts)
    low = _by_kind(labels, LabelKind.LOW_VOLTAGE)[:1]
    for label in low:
        if label.amount is not None:
            at = time_of(label, facts)
            yield _draft(f"At {at} the voltage dropped to {label.amount:.1f} volts.", [label])
    faults: dict[str, list[Label]] = defaultdict(list)
    for label in _by_kind(labels, LabelKind.FAULT):
        if (label.text or "") in facts.faults:
            faults[str(label.text).lower().replace("_", " ")].append(label)
    for name, group in faults.items():
        at = time_of(group[0], facts)
        if len(group) == 1:
            yield _draft(f"At {at} there was a {name} fault.", group)
        else:
            yield _draft(
                _first(part, f"there were {an_amount(len(group))} {name} faults."), group, worth=2.5
            )
    gaps = _by_kind(labels, LabelKind.GAP)
    if len(gaps) == 1:
        yield _draft(f"At {time_of(gaps[0], facts)} there is a gap in my memory.", gaps)
    elif gaps:
        yield _draft(_first(part, f"there were {an_amount(len(gaps))} gaps in my memory."), gaps)


def _parts_in_trouble(labels: list[Label], kind: LabelKind, facts: Facts) -> Iterator[Draft]:
    """The first label of each part."""
    first: dict[str, Label] = {}
    for label in labels:
        place = place_of(label)
        if place is not None:
            first.setdefault(place, label)
    words = {
        LabelKind.HOT: "got hot",
        LabelKind.TORQUE_LOST: "lost torque",
        LabelKind.BLOCKED: "was blocked",
    }
    for place, label in first.items():
        text = f"At {time_of(label, facts)} my {place} {words[kind]}"
        if kind is LabelKind.HOT and label.amount is not None:
            text += f" and reached {label.amount:.0f} degrees"
        yield _draft(f"{text}.", [label], worth=2.5)


def _closing(facts: Facts, rng: np.random.Generator) -> Iterator[Draft]:
    """Who was there, who was not, and how warm it got."""
    people = _by_kind(facts.labels, LabelKind.PERSON)
    named: dict[str, list[Label]] = defaultdict(list)
    for label in people:
        name = tellable(label.person)
        if name is not None:
            named[name].append(label)
    for name, group in sorted(named.items(), key=lambda item: -len(item[1]))[:_PEOPLE_TOLD]:
        total = sum(map(seconds_of, group))
        if total >= 1:
            yield _draft(f"All in all {name} was in sight for {went_on_for(total)}.", group)
        else:
            yield _draft(f"I saw {name} at {time_of(group[0], facts)}.", group[:1])
    company = facts.day.totals.people_s
    if not named and people and company >= _COMPANY_LEAST_S:
        yield _draft(f"A face was in sight for {went_on_for(company)}.", sums=[COMPANY])
    elif not named and people:
        yield _draft(f"I saw a face {times(len(people))}.", people)
    unsure = {label.kind for label in facts.unsure}
    if not any(str(kind) in ANY_TOUCH for kind in unsure):
        yield _draft(_pick(rng, "Nobody touched me.", "I was not touched."))
    if LabelKind.VOICE not in unsure:
        yield _draft(_pick(rng, "I heard no voice.", "I heard nobody."))
    if LabelKind.PERSON not in unsure:
        yield _draft(_pick(rng, "I saw nobody all day.", "I saw no face today."))
    warmest = facts.day.totals.max_temperature_c
    if warmest is not None and warmest >= _WARM_C:
        yield _draft(f"My warmest servo reached {warmest:.0f} degrees.", sums=[WARMTH])
