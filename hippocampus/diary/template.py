"""The writer that needs nothing: a day told from its labels, in order, in a few phrasings.

It chooses what is worth a sentence and how to say it; that what it says is so is checked by the
same reading and the same labels as everybody else's sentences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import numpy as np

from hippocampus.diary.doing import QUIET_MOST
from hippocampus.diary.drafts import Draft, by_kind, draft, part_anywhere, part_first, pick
from hippocampus.diary.facts import AWAKE, COMPANY, WARMTH, Facts, seconds_of, tellable
from hippocampus.diary.hands import lifts, touches
from hippocampus.diary.lexicon import ANY_TOUCH, DAYPARTS, EVENTS
from hippocampus.diary.phrases import (
    an_amount,
    on_side,
    place_of,
    time_of,
    times,
    went_on_for,
)
from hippocampus.diary.support import fits_window
from hippocampus.night.label import Label, LabelKind

PARTS: Final = ("small hours", "morning", "afternoon", "evening", "late evening")
_A_PART_HAS: Final = 5
"""Sentences at most of a part of the day."""
_SLEEP_LEAST_S: Final = 120.0
_WARM_C: Final = 55.0
_AWAKE_LEAST_S: Final = 60.0
_COMPANY_LEAST_S: Final = 60.0
_PEOPLE_TOLD: Final = 3


def compose(facts: Facts, rng: np.random.Generator) -> list[Draft]:
    """The day's sentences, in the order in which they are read; none where nothing was logged."""
    if not facts.whole:
        return []
    return [*_opening(facts, rng), *_course(facts, rng), *_closing(facts, rng)]


def _opening(facts: Facts, rng: np.random.Generator) -> Iterator[Draft]:
    awake = facts.day.totals.awake_s
    if awake >= _AWAKE_LEAST_S:
        long = went_on_for(awake)
        yield draft(
            pick(rng, f"I was awake for {long} today.", f"Today I was awake for {long}."),
            sums=[AWAKE],
        )
    events = [label for label in facts.labels if str(label.kind) in EVENTS]
    if len(events) <= QUIET_MOST:
        text = pick(rng, "It was a quiet day.", "The day was calm.", "It was an uneventful day.")
        yield draft(text, events)


def _course(facts: Facts, rng: np.random.Generator) -> Iterator[Draft]:
    """Part of the day by part of the day: what is worth most, in the order in which it was."""
    for part in PARTS:
        labels = [x for x in facts.labels if fits_window(facts, x, DAYPARTS[part])]
        named = "" if len(labels) == len(facts.labels) else part
        drafts = [
            draft
            for tell in (_beginnings, touches, lifts, _voices, _looks, _troubles)
            for draft in tell(labels, named, facts, rng)
        ]
        told = sorted(drafts, key=lambda draft: -draft.worth)[:_A_PART_HAS]
        yield from sorted(told, key=lambda draft: draft.start_ns)


def _beginnings(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    restarts = by_kind(labels, LabelKind.RESTART)
    if len(restarts) == 1:
        at = time_of(restarts[0], facts)
        yield draft(pick(rng, f"I woke up at {at}.", f"At {at} I woke up."), restarts, worth=1.5)
    elif restarts:
        first = f", the first time at {time_of(restarts[0], facts)}"
        yield draft(part_anywhere(rng, part, f"I woke up {times(len(restarts))}", first), restarts)
    sleeps = [x for x in by_kind(labels, LabelKind.SLEEP) if x.span.seconds >= _SLEEP_LEAST_S]
    if len(sleeps) == 1:
        began, ended = time_of(sleeps[0], facts), facts.clock(sleeps[0].span.end_ns)
        yield draft(
            pick(rng, f"I slept from {began} until {ended}.", f"I rested from {began} to {ended}."),
            sleeps,
        )
    elif sleeps and len(sleeps) == len(by_kind(labels, LabelKind.SLEEP)):
        yield draft(part_anywhere(rng, part, f"I slept {times(len(sleeps))}"), sleeps)


def _voices(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    voices = by_kind(labels, LabelKind.VOICE)
    if len(voices) == 1:
        at, side = time_of(voices[0], facts), on_side(voices)
        yield draft(
            pick(rng, f"At {at} I heard a voice{side}.", f"I heard somebody speak at {at}{side}."),
            voices,
        )
    elif voices:
        many = an_amount(len(voices))
        mostly = on_side(voices)
        share = f", most of them{mostly}" if mostly else ""
        yield draft(part_anywhere(rng, part, f"I heard {many} voices", share), voices, worth=2.0)


def _looks(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    """What I looked for, whom I found, and whom I followed."""
    looks = by_kind(labels, LabelKind.TURNED)
    found = [label for label in looks if label.found]
    missed = [label for label in looks if label.found is False]
    if len(looks) == 1:
        at, side = time_of(looks[0], facts), on_side(looks)
        what = "and found a face" if found else "and found nobody there" if missed else ""
        yield draft(f"At {at} I turned to a voice{side} {what}".rstrip() + ".", looks)
    elif looks:
        many = an_amount(len(looks))
        what = f" and found a face {times(len(found))}" if found else ""
        if not found and missed:
            what = f" and found nobody there {times(len(missed))}"
        yield draft(part_first(part, f"I turned to {many} voices{what}."), looks, worth=1.8)
    followed = by_kind(labels, LabelKind.FOLLOWED)
    if len(followed) == 1 and followed[0].span.seconds >= 1:
        at, long = time_of(followed[0], facts), went_on_for(followed[0].span.seconds)
        yield draft(f"At {at} I followed a face for {long}.", followed)
    elif followed:
        yield draft(part_anywhere(rng, part, f"I followed a face {times(len(followed))}"), followed)


def _troubles(
    labels: list[Label], part: str, facts: Facts, rng: np.random.Generator
) -> Iterator[Draft]:
    startled = by_kind(labels, LabelKind.STARTLED)
    if len(startled) == 1:
        at = time_of(startled[0], facts)
        yield draft(
            pick(rng, f"At {at} something startled me.", f"I was startled at {at}."), startled
        )
    elif startled:
        yield draft(part_anywhere(rng, part, f"I was startled {times(len(startled))}"), startled)
    for kind in (LabelKind.HOT, LabelKind.TORQUE_LOST, LabelKind.BLOCKED):
        yield from _parts_in_trouble(by_kind(labels, kind), kind, facts)
    low = by_kind(labels, LabelKind.LOW_VOLTAGE)[:1]
    for label in low:
        if label.amount is not None:
            at = time_of(label, facts)
            yield draft(f"At {at} the voltage dropped to {label.amount:.1f} volts.", [label])
    faults: dict[str, list[Label]] = defaultdict(list)
    for label in by_kind(labels, LabelKind.FAULT):
        if (label.text or "") in facts.faults:
            faults[str(label.text).lower().replace("_", " ")].append(label)
    for name, group in faults.items():
        at = time_of(group[0], facts)
        if len(group) == 1:
            yield draft(f"At {at} there was a {name} fault.", group)
        else:
            yield draft(
                part_first(part, f"there were {an_amount(len(group))} {name} faults."),
                group,
                worth=2.5,
            )
    gaps = by_kind(labels, LabelKind.GAP)
    if len(gaps) == 1:
        yield draft(f"At {time_of(gaps[0], facts)} there is a gap in my memory.", gaps)
    elif gaps:
        yield draft(part_first(part, f"there were {an_amount(len(gaps))} gaps in my memory."), gaps)


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
        yield draft(f"{text}.", [label], worth=2.5)


def _closing(facts: Facts, rng: np.random.Generator) -> Iterator[Draft]:
    """Who was there, who was not, and how warm it got."""
    people = by_kind(facts.labels, LabelKind.PERSON)
    named: dict[str, list[Label]] = defaultdict(list)
    for label in people:
        name = tellable(label.person)
        if name is not None:
            named[name].append(label)
    for name, group in sorted(named.items(), key=lambda item: -len(item[1]))[:_PEOPLE_TOLD]:
        total = sum(map(seconds_of, group))
        if total >= 1:
            yield draft(f"All in all {name} was in sight for {went_on_for(total)}.", group)
        else:
            yield draft(f"I saw {name} at {time_of(group[0], facts)}.", group[:1])
    company = facts.day.totals.people_s
    if not named and people and company >= _COMPANY_LEAST_S:
        yield draft(f"A face was in sight for {went_on_for(company)}.", sums=[COMPANY])
    elif not named and people:
        yield draft(f"I saw a face {times(len(people))}.", people)
    unsure = {label.kind for label in facts.unsure}
    if not any(str(kind) in ANY_TOUCH for kind in unsure):
        yield draft(pick(rng, "Nobody touched me.", "I was not touched."))
    if LabelKind.VOICE not in unsure:
        yield draft(pick(rng, "I heard no voice.", "I heard nobody."))
    if LabelKind.PERSON not in unsure:
        yield draft(pick(rng, "I saw nobody all day.", "I saw no face today."))
    warmest = facts.day.totals.max_temperature_c
    if warmest is not None and warmest >= _WARM_C:
        yield draft(f"My warmest servo reached {warmest:.0f} degrees.", sums=[WARMTH])
