"""What the skin feels, beside what really touched it: places, kinds, latency, false alarms, cost.

Each seed is another robot: servo units, battery, IMU mounting. It rests, idles and dances while
hands of every kind come to every place; and it dances for itself, where every touch is a false one.
The same senses are judged with the IMU and without it, as a Lite robot has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from cerebellum.felt import FeltEvent, Kind, Phase
from cerebellum.forward_model import ForwardModel
from cerebellum.forward_state import initial_state
from cerebellum.own_motion import OwnMotion, OwnMotionState
from cerebellum.touch import Touch
from ember_embodied.bench.cerebellum.touched_lives import (
    HandEvent,
    Life,
    Track,
    read_motions,
    touched_life,
)
from ember_embodied.bench.claims import Claim, claim, quantile_claim
from ember_embodied.bench.moves import DEFAULT_DATA
from firmware_bridge.clock import SystemClock

TOUCHED_S: Final = {10.0: 150.0, 50.0: 90.0}
DANCED_S: Final = {10.0: 240.0, 50.0: 60.0}
"""Of one life, by the rate of the loop."""
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
_NS: Final = 1e-9


@dataclass(slots=True)
class Tally:
    """Touches of many lives: what they were and what was said; and untouched time."""

    places: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    latency_s: list[float] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    false: int = 0
    untouched_s: float = 0.0
    unfelt: int = 0
    """Hands that never pressed with a palpable force; not asked for."""


def measure(seeds: range) -> tuple[Claim, ...]:
    """Every claim about touch."""
    folder = DEFAULT_DATA / "recorded_moves"
    motions = read_motions(folder) if folder.is_dir() else []
    claims: list[Claim] = []
    for rate_hz in TOUCHED_S:
        claims += _touched(seeds, rate_hz, motions)
        if motions:
            claims += _danced(seeds, rate_hz, motions)
    if not motions:
        note = f"dances are left out: there are no motions in {folder}"
        claims.append(claim(note, 0, "motions", n=0))
    return tuple(claims)


def feel(life: Life, costs_us: list[float] | None = None) -> list[FeltEvent]:
    """What the skin says in a life; from the state of a robot that has never moved."""
    model = ForwardModel(initial_state(1.0 / life.rate_hz))
    touch = Touch(1.0 / life.rate_hz)
    ears = OwnMotion(OwnMotionState())
    clock, sent = SystemClock(), None
    events: list[FeltEvent] = []
    for sense, after in zip(life.senses, life.sent, strict=True):
        begun_ns = clock.mono_ns()
        surprise = model.step(sense, sent)
        events.extend(touch.step(surprise))
        model.learn(touch.untouched())
        ears.step(sense, sent)
        if costs_us is not None:
            costs_us.append((clock.mono_ns() - begun_ns) * 1e-3)
        sent = after
    return events


def blind(life: Life) -> Life:
    """The same life as a robot without an IMU has it."""
    return replace(life, senses=tuple(replace(sense, imu=None) for sense in life.senses))


def judge(life: Life, events: Sequence[FeltEvent], tally: Tally) -> None:
    """Match what was said with the hands that were there."""
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


def _count(hand: HandEvent, felt_s: float, said: Sequence[FeltEvent], tally: Tally) -> None:
    place = "robot" if hand.place == "foot" else hand.place
    if not said:
        tally.places[place, NOTHING] += 1
        tally.kinds[hand.kind, NOTHING] += 1
        return
    first = said[0]
    settled_ns = first.t_mono_ns + SETTLED_S * 1e9
    tally.places[place, [e for e in said if e.t_mono_ns <= settled_ns][-1].place.value] += 1
    over = [e for e in said if e.phase is Phase.OVER and e.kind is not Kind.SET_DOWN]
    tally.kinds[hand.kind, (over or said)[-1].kind.value] += 1
    tally.latency_s.append(max(0.0, first.t_mono_ns * _NS - felt_s))
    tally.confidence.append(first.confidence)


def scores(said: Counter[tuple[str, str]], classes: Sequence[str]) -> list[float]:
    """F1 of each class; what was not answered counts against it."""
    found = []
    for name in classes:
        right = said[name, name]
        missed = sum(n for (true, other), n in said.items() if true == name and other != name)
        wrong = sum(n for (true, other), n in said.items() if other == name and true != name)
        found.append(2.0 * right / max(1, 2 * right + missed + wrong))
    return found


def rate_claims(name: str, count: int, seconds: float, bound: str | None = None) -> list[Claim]:
    """Events an hour with their Poisson interval (Garwood 1936, by Wilson and Hilferty 1931).

    A bound is one on the interval's end: that nothing came in a few minutes proves no rate.
    """
    hours = seconds / 3600.0
    low = 0.0 if count == 0 else count * (1 - 1 / (9 * count) - 1.96 / (3 * count**0.5)) ** 3
    more = count + 1
    high = more * (1 - 1 / (9 * more) + 1.96 / (3 * more**0.5)) ** 3 / hours
    found = [claim(name, count / hours, "/h", n=count, interval=(low / hours, high))]
    if bound is not None:
        found.append(claim(f"{name}, 97.5 % limit", high, "/h", bound, n=count))
    return found


def _touched(seeds: range, rate_hz: float, motions: Sequence[Track]) -> list[Claim]:
    tallies = {"": Tally(), " without IMU": Tally()}
    costs_us: list[float] = []
    for seed in seeds:
        life = touched_life(seed, TOUCHED_S[rate_hz], rate_hz, motions)
        judge(life, feel(life, costs_us), tallies[""])
        without = blind(life)
        judge(without, feel(without), tallies[" without IMU"])
    claims: list[Claim] = []
    for name, tally in tallies.items():
        claims += _claims(f"{rate_hz:g} Hz{name}", tally, rate_hz, judged=not name)
    at = f"{rate_hz:g} Hz: model, skin and ears, a tick"
    claims.append(quantile_claim(f"{at}, median", costs_us, 0.5, "us"))
    claims.append(quantile_claim(f"{at}, p99", costs_us, 0.99, "us", "<= 80"))
    return claims


def _claims(name: str, tally: Tally, rate_hz: float, *, judged: bool) -> list[Claim]:
    places, kinds = scores(tally.places, PLACES), scores(tally.kinds, KINDS)
    n = sum(tally.places.values())
    bound = ">= 0.9" if judged else None
    within = WITHIN_S[rate_hz]
    latency = tally.latency_s
    share = sum(found_s <= within + EARLY_S for found_s in latency) / max(1, len(latency))
    found = [
        claim(f"{name}: places, macro-F1", float(np.mean(places)), "", bound, n=n),
        claim(f"{name}: kinds, macro-F1", float(np.mean(kinds)), "", bound, n=n),
        claim(f"{name}: answers within {within:g} s", share, "share", n=len(latency)),
        claim(f"{name}: confidence, mean", float(np.mean(tally.confidence or [0.0])), "", n=n),
        *rate_claims(f"{name}: false touches between hands", tally.false, tally.untouched_s),
        claim(f"{name}: hands that never pressed", tally.unfelt, "", n=n + tally.unfelt),
    ]
    if latency:
        median = f"{name}: first answer, median"
        found.append(quantile_claim(median, latency, 0.5, "s", f"<= {within:g}"))
    found += [claim(f"{name}: F1 of {c}", f, "") for c, f in zip(PLACES, places, strict=True)]
    found += [claim(f"{name}: F1 of {c}", f, "") for c, f in zip(KINDS, kinds, strict=True)]
    for title, said, classes in (("", tally.places, PLACES), ("", tally.kinds, KINDS)):
        for true in classes:
            total = sum(count for (was, _), count in said.items() if was == true)
            found += [
                claim(f"{name}: {true} felt as {other}{title}", count, "", n=total)
                for (was, other), count in sorted(said.items())
                if was == true and count
            ]
    return found


def _danced(seeds: range, rate_hz: float, motions: Sequence[Track]) -> list[Claim]:
    tallies = {"": Tally(), " without IMU": Tally()}
    for seed in seeds:
        life = touched_life(
            seed, DANCED_S[rate_hz], rate_hz, motions, hands=False, doings=("dance",)
        )
        for name, tally in tallies.items():
            lived = blind(life) if name else life
            judge(lived, feel(lived), tally)
    return [
        one
        for name, tally in tallies.items()
        for one in rate_claims(
            f"{rate_hz:g} Hz{name}: false touches while it dances",
            tally.false,
            tally.untouched_s,
            "<= 1",
        )
    ]
