"""Hands beside what was said of them: places, kinds, latency, false alarms, over many lives."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cerebellum.felt import FeltEvent, Kind, Phase
from ember_embodied.bench.cerebellum.touched_lives import HandEvent, Life
from ember_embodied.bench.claims import Claim, claim, quantile_claim

RISE_S: Final = 6.0
"""The robot gets up: nothing is judged."""
EARLY_S: Final = 0.02
LATE_S: Final = 0.7
"""An answer belongs to a hand from when it came until so long after it left: it lets go, too."""
RINGS_S: Final = 1.2
SETTLED_S: Final = 0.35
"""So long after its first answer the skin has said where the touch is."""
WITHIN_S: Final = {10.0: 0.2, 50.0: 0.1}
PLACES: Final = ("head", "left_antenna", "right_antenna", "body", "robot")
KINDS: Final = ("tap", "stroke", "push", "hold", "lift", "tilt", "turn", "bump")
NOTHING: Final = "nothing"
RESAMPLES: Final = 1000
_NS: Final = 1e-9

Pairs = Counter[tuple[str, str]]


@dataclass(slots=True)
class Tally:
    """Touches of one life or many: what they were and what was said; and untouched time."""

    places: Pairs = field(default_factory=Counter)
    kinds: Pairs = field(default_factory=Counter)
    both: Pairs = field(default_factory=Counter)
    """Place and kind together."""
    latency_s: dict[str, list[float]] = field(default_factory=dict)
    """By kind; infinite where nothing was said."""
    confidence: list[float] = field(default_factory=list)
    false: int = 0
    untouched_s: float = 0.0
    unfelt: int = 0
    """Hands that never pressed with a palpable force; not asked for."""

    def add(self, other: Tally) -> None:
        """Take in the touches of another life."""
        self.places.update(other.places)
        self.kinds.update(other.kinds)
        self.both.update(other.both)
        for kind, latency_s in other.latency_s.items():
            self.latency_s.setdefault(kind, []).extend(latency_s)
        self.confidence += other.confidence
        self.false += other.false
        self.untouched_s += other.untouched_s
        self.unfelt += other.unfelt


def total(tallies: Sequence[Tally]) -> Tally:
    """All lives together."""
    found = Tally()
    for tally in tallies:
        found.add(tally)
    return found


def judge(life: Life, events: Sequence[FeltEvent]) -> Tally:
    """Match what was said with the hands that were there."""
    tally = Tally()
    answers: dict[int, list[FeltEvent]] = {}
    for event in events:
        answers.setdefault(event.number, []).append(event)
    open_ns = {number: said[0].t_mono_ns for number, said in answers.items()}
    taken: set[int] = set()
    for hand in life.hands:
        until_s = hand.until_s + (RINGS_S if hand.kind == "bump" else LATE_S)
        mine = [n for n, ns in open_ns.items() if hand.t_s - EARLY_S <= ns * _NS <= until_s]
        taken.update(mine)
        if hand.felt_s is None:
            tally.unfelt += 1
        else:
            _count(hand, hand.felt_s, answers[mine[0]] if mine else [], tally)
    tally.false += sum(ns * _NS > RISE_S for n, ns in open_ns.items() if n not in taken)
    ends = np.array([sense.t_mono_ns * _NS for sense in life.senses])
    alone = ends > RISE_S
    for hand in life.hands:
        alone &= (ends < hand.t_s) | (ends > hand.until_s + RINGS_S)
    tally.untouched_s += float(alone.sum()) / life.rate_hz
    return tally


def _count(hand: HandEvent, felt_s: float, said: Sequence[FeltEvent], tally: Tally) -> None:
    place = "robot" if hand.place == "foot" else hand.place
    latencies = tally.latency_s.setdefault(hand.kind, [])
    where, what = NOTHING, NOTHING
    if said:
        first = said[0]
        settled_ns = first.t_mono_ns + SETTLED_S * 1e9
        where = [e for e in said if e.t_mono_ns <= settled_ns][-1].place.value
        over = [e for e in said if e.phase is Phase.OVER and e.kind is not Kind.SET_DOWN]
        what = (over or said)[-1].kind.value
        latencies.append(max(0.0, first.t_mono_ns * _NS - felt_s))
        tally.confidence.append(first.confidence)
    else:
        latencies.append(math.inf)
    tally.places[place, where] += 1
    tally.kinds[hand.kind, what] += 1
    tally.both[f"{place} {hand.kind}", f"{where} {what}"] += 1


def scores(said: Pairs, classes: Sequence[str]) -> list[float]:
    """F1 of each class; what was not answered counts against it."""
    found = []
    for name in classes:
        right = said[name, name]
        missed = sum(n for (true, other), n in said.items() if true == name and other != name)
        wrong = sum(n for (true, other), n in said.items() if other == name and true != name)
        found.append(2.0 * right / max(1, 2 * right + missed + wrong))
    return found


def macro(
    name: str,
    tallies: Sequence[Tally],
    pairs: Callable[[Tally], Pairs],
    classes: Sequence[str],
    bound: str | None,
) -> Claim:
    """Macro-F1 with a bootstrap interval over lives, for hands of one life are not independent."""
    random = np.random.default_rng(0)
    spread = []
    for _ in range(RESAMPLES):
        some: Pairs = Counter()
        for number in random.integers(len(tallies), size=len(tallies)).tolist():
            some.update(pairs(tallies[number]))
        spread.append(float(np.mean(scores(some, classes))))
    low, high = np.quantile(spread, (0.025, 0.975)).tolist()
    every = pairs(total(tallies))
    value = float(np.mean(scores(every, classes)))
    return claim(name, value, "", bound, n=sum(every.values()), interval=(low, high))


def touch_claims(
    name: str, tallies: Sequence[Tally], rate_hz: float, *, judged: bool
) -> list[Claim]:
    """Every claim about hands; bounds only where ``judged``."""
    tally = total(tallies)
    n = sum(tally.places.values())
    bound = ">= 0.9" if judged else None
    within = WITHIN_S[rate_hz]
    every = [latency for of_kind in tally.latency_s.values() for latency in of_kind]
    answered = [latency for latency in every if latency < math.inf]
    in_time = sum(latency <= within + EARLY_S for latency in every) / max(1, len(every))
    combined = sorted({true for true, _ in tally.both})
    found = [
        macro(f"{name}: places, macro-F1", tallies, lambda t: t.places, PLACES, bound),
        macro(f"{name}: kinds, macro-F1", tallies, lambda t: t.kinds, KINDS, None),
        macro(f"{name}: place and kind, macro-F1", tallies, lambda t: t.both, combined, None),
        claim(f"{name}: hands felt", len(answered) / max(1, n), "share", n=n),
        claim(f"{name}: hands answered within {within:g} s", in_time, "share", n=n),
        claim(f"{name}: confidence, mean", float(np.mean(tally.confidence or [0.0])), "", n=n),
        *rate_claims(f"{name}: false touches between hands", tally.false, tally.untouched_s),
        claim(f"{name}: hands that never pressed", tally.unfelt, "", n=n + tally.unfelt),
    ]
    if answered:
        median, held = f"{name}: first answer, median", f"<= {within:g}" if judged else None
        found.append(quantile_claim(median, answered, 0.5, "s", held))
    for classes, pairs in ((PLACES, tally.places), (KINDS, tally.kinds)):
        found += [
            claim(f"{name}: F1 of {c}", f, "")
            for c, f in zip(classes, scores(pairs, classes), strict=True)
        ]
    for kind, latencies in sorted(tally.latency_s.items()):
        felt = [latency for latency in latencies if latency < math.inf]
        share = len(felt) / len(latencies)
        soon = sum(latency <= within + EARLY_S for latency in latencies) / len(latencies)
        found.append(claim(f"{name}: {kind}, felt", share, "share", n=len(latencies)))
        found.append(claim(f"{name}: {kind}, within {within:g} s", soon, "share", n=len(latencies)))
    for pairs in (tally.places, tally.kinds):
        found += [
            claim(
                f"{name}: {true} felt as {other}",
                count,
                "",
                n=sum(many for (was, _), many in pairs.items() if was == true),
            )
            for (true, other), count in sorted(pairs.items())
        ]
    return found


def rate_claims(name: str, count: int, seconds: float, bound: str | None = None) -> list[Claim]:
    """Events an hour with their Poisson interval (Garwood 1936, by Wilson and Hilferty 1931).

    A bound is one on the interval's end: that nothing came in a few minutes proves no rate.
    """
    hours = seconds / 3600.0
    low = 0.0 if count == 0 else count * (1 - 1 / (9 * count) - 1.96 / (3 * count**0.5)) ** 3
    more = count + 1
    high = more * (1 - 1 / (9 * more) + 1.96 / (3 * more**0.5)) ** 3 / hours
    found = [
        claim(name, count / hours, "/h", n=count, interval=(low / hours, high)),
        claim(f"{name}, time", hours, "h"),
    ]
    if bound is not None:
        found.append(claim(f"{name}, 97.5 % limit", high, "/h", bound, n=count))
    return found
