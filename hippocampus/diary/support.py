"""Whether the labels of a day support a claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import degrees
from typing import Final

from hippocampus.diary.facts import (
    AWAKE,
    COMPANY,
    MINUTES,
    MOVING,
    SUMS,
    WARMTH,
    Facts,
    fault_name,
    seconds_of,
    side_of,
    tellable,
)
from hippocampus.diary.record import Claim
from hippocampus.night.label import Label, LabelKind

_GENTLE_MOST: Final = 0.5
_STRONG_LEAST: Final = 0.85
"""Of ``Label.strength``, where 1/3 is gentle, 2/3 a notice and 1 strong."""
_SIDE_MARGIN_DEG: Final = 10.0
"""Nearer to the middle than this is neither left nor right."""
_AHEAD_DEG: Final = 30.0
_WHOLE_DAY: Final = 0.9
_MOST: Final = 0.5


class UnsupportedError(Exception):
    """The labels do not show it. The message says what."""


def supported(
    claims: Sequence[Claim], cited: Sequence[Label], sums: frozenset[str], facts: Facts
) -> tuple[Label, ...]:
    """The labels that the claims rest on. Raises ``UnsupportedError``.

    ``cited``: what may be rested on; ``sums``: sums of the day that may be. What is said of all
    (how many, never, first, most) must be so in the whole day, cited or not.
    """
    rested: list[list[Label]] = []
    for claim in claims:
        rested.append(_one(claim, rested, cited, sums, facts))
    for index, claim in enumerate(claims):
        if claim.after is not None:
            _in_order(claim, rested[claim.after], rested[index])
    unique = {id(label): label for labels in rested for label in labels}
    return tuple(sorted(unique.values(), key=lambda label: label.span.start_ns))


def _one(
    claim: Claim,
    rested: list[list[Label]],
    cited: Sequence[Label],
    sums: frozenset[str],
    facts: Facts,
) -> list[Label]:
    if claim.kinds[0] in SUMS:
        _sum(claim, sums, facts)
        return []
    if claim.negated:
        there = _fitting(claim, facts.unsure, facts)
        if there:
            raise UnsupportedError(f"there was {_told(claim)}")
        return []
    everything = _fitting(claim, facts.labels, facts)
    found = _fitting(claim, cited, facts)
    if claim.rank is not None:
        return _ranked(claim, cited, facts)
    if claim.count is not None:
        low, high = claim.count
        often, shown = events(everything), events(found)
        if often < low or (high is not None and often > high):
            raise UnsupportedError(f"{_told(claim)}: {often} times in the log")
        if low and shown < min(low, often):
            raise UnsupportedError(f"{_told(claim)}: {shown} cited")
        if not low:
            return list(everything)
    if not found:
        raise UnsupportedError(f"no cited label is {_told(claim)}")
    if claim.share == "total" and len(found) < len(everything):
        raise UnsupportedError(f"{len(everything) - len(found)} more are {_told(claim)}")
    if claim.seconds is not None:
        _lasting(claim, found)
    if not _edged(claim, found, facts):
        raise UnsupportedError(f"{_told(claim)} did not begin and end then")
    if claim.share not in (None, "total"):
        _share(claim, rested, found, facts)
    return found


def events(labels: Sequence[Label]) -> int:
    """How often it was: labels of different kinds at the same place and time are one event."""
    count = 0
    last: dict[tuple[str | None, str], Label] = {}
    for label in sorted(labels, key=lambda label: label.span.start_ns):
        kept = [
            other
            for (place, kind), other in last.items()
            if place == label.place
            and kind != label.kind
            and other.span.end_ns >= label.span.start_ns
        ]
        count += not kept
        last[label.place, str(label.kind)] = label
    return count


def _fitting(claim: Claim, labels: Iterable[Label], facts: Facts) -> list[Label]:
    return [label for label in labels if _fits(claim, label, facts)]


def _fits(claim: Claim, label: Label, facts: Facts) -> bool:
    """All but how many, how long, in which order."""
    return (
        str(label.kind) in claim.kinds
        and (claim.window is None or fits_window(facts, label, claim.window))
        and (not claim.places or label.place in claim.places)
        and (claim.side is None or beside(label, claim.side))
        and (claim.person is None or tellable(label.person) == claim.person)
        and (claim.found is None or label.found is claim.found)
        and (claim.strength is None or _as_strong(label, claim.strength))
        and (claim.fault is None or fault_name(label) == claim.fault)
        and (claim.amount is None or _amounts(claim.amount, label))
    )


def fits_window(facts: Facts, label: Label, window: tuple[float, float]) -> bool:
    """Whether a part of it is in the window, which may go on after midnight."""
    begins = facts.minute(label.span.start_ns)
    ends = begins + (label.span.end_ns - label.span.start_ns) / 60e9
    first, last = window
    return any(begins + day < last and ends + day >= first for day in (0, MINUTES))


def beside(label: Label, side: str) -> bool:
    """Whether it was on that side of me."""
    if label.bearing_rad is None:
        return side_of(label) == side
    angle = degrees(label.bearing_rad)
    if side == "ahead":
        return abs(angle) <= _AHEAD_DEG
    if side == "behind":
        return abs(angle) >= 180.0 - _AHEAD_DEG
    turned = angle if side == "left" else -angle
    return _SIDE_MARGIN_DEG < turned < 180.0 - _SIDE_MARGIN_DEG


def _as_strong(label: Label, strength: str) -> bool:
    if label.strength is None or label.kind is LabelKind.VOICE:
        return False
    if strength == "gentle":
        return is_gentle(label)
    return label.strength >= _STRONG_LEAST


def is_gentle(label: Label) -> bool:
    """Whether it was known to be a gentle touch."""
    return label.strength is not None and label.strength <= _GENTLE_MOST


def _amounts(amount: tuple[str, float, float | None], label: Label) -> bool:
    unit, low, high = amount
    value: float | None = None
    if unit == "volts" and label.kind is LabelKind.LOW_VOLTAGE:
        value = label.amount
    if unit == "degrees" and label.kind is LabelKind.HOT:
        value = label.amount
    elif unit == "degrees" and label.bearing_rad is not None:
        value = abs(degrees(label.bearing_rad))
    return value is not None and low <= value and (high is None or value <= high)


def _edged(claim: Claim, found: list[Label], facts: Facts) -> bool:
    """Whether one of it, or all of it together, begins and ends when it is said to."""
    pairs = [(x.span.start_ns, x.span.end_ns) for x in found]
    pairs.append((min(p[0] for p in pairs), max(p[1] for p in pairs)))
    return any(
        (claim.starts is None or _shows(facts, first, claim.starts))
        and (claim.ends is None or _shows(facts, last, claim.ends))
        for first, last in pairs
    )


def _shows(facts: Facts, t_ns: int, minute: float) -> bool:
    """Whether the clock shows that minute then."""
    return int(facts.minute(t_ns)) == int(minute) % MINUTES


def _lasting(claim: Claim, found: list[Label]) -> None:
    assert claim.seconds is not None
    low, high = claim.seconds
    together = sum(map(seconds_of, found))
    alone = claim.count is None and claim.share != "total"
    lengths = [*map(seconds_of, found)] if alone else [together]
    if not any(low <= long and (high is None or long <= high) for long in lengths):
        raise UnsupportedError(f"{_told(claim)} took {together:.0f} s")


def _ranked(claim: Claim, cited: Sequence[Label], facts: Facts) -> list[Label]:
    """The first or last of all that fits the rest, when it was said to be."""
    apart = {name: getattr(claim, name) for name in Claim.__struct_fields__}
    free = Claim(**{**apart, "window": claim.scope, "rank": None, "count": None})
    all_of_it = _fitting(free, facts.labels, facts)
    if not all_of_it:
        raise UnsupportedError(f"there was no {_told(claim)}")
    one = all_of_it[0 if claim.rank == "first" else -1]
    if one not in cited or not _fits(claim, one, facts):
        raise UnsupportedError(
            f"the {claim.rank} {_told(claim)} was at {facts.clock(one.span.start_ns)}"
        )
    return [one]


def _share(
    claim: Claim,
    rested: list[list[Label]],
    found: list[Label],
    facts: Facts,
) -> None:
    if claim.share == "day":
        lived = facts.day.totals.lived_s
        if sum(map(seconds_of, found)) < _WHOLE_DAY * lived or not lived:
            raise UnsupportedError(f"{_told(claim)} was not all day")
        return
    whole = rested[-1]
    of_it = [label for label in whole if _fits(claim, label, facts)]
    needed = len(whole) if claim.share == "all" else _MOST * len(whole)
    if len(of_it) < needed or len(of_it) == needed == _MOST * len(whole):
        raise UnsupportedError(f"{len(of_it)} of {len(whole)} are {_told(claim)}")


def _sum(claim: Claim, sums: frozenset[str], facts: Facts) -> None:
    """A sum of the day: nothing can be said of it but how much, or that it was all day."""
    kind = claim.kinds[0]
    if kind not in sums:
        raise UnsupportedError(f"{kind} is not cited")
    bare = Claim(kinds=claim.kinds, seconds=claim.seconds, amount=claim.amount, share=claim.share)
    if bare != claim or claim.share in ("most", "all"):
        raise UnsupportedError(f"of {kind} only how much is known")
    totals = facts.day.totals
    seconds = {AWAKE: totals.awake_s, MOVING: totals.moving_s, COMPANY: totals.people_s}
    if kind == WARMTH:
        value, limits = totals.max_temperature_c, claim.amount
        if limits is None or value is None or limits[0] != "degrees":
            raise UnsupportedError("how warm?")
        _, low, high = limits
    else:
        value = seconds[kind]
        if claim.share == "day":
            low, high = _WHOLE_DAY * totals.lived_s, None
        elif claim.seconds is not None and claim.amount is None:
            low, high = claim.seconds
        else:
            low, high = 1e-9, None
    if value < low or (high is not None and value > high):
        raise UnsupportedError(f"{kind} was {value:.0f}")


def _in_order(claim: Claim, before: list[Label], after: list[Label]) -> None:
    """Some of the one came after some of the other, by as much as was said."""
    gaps = [b.span.start_ns - a.span.start_ns for a in before for b in after if a is not b]
    gaps += [b.span.start_ns - a.span.end_ns for a in before for b in after if a is not b]
    low, high = claim.gap if claim.gap is not None else (0.0, None)
    if not any(
        gap >= 0 and low <= gap * 1e-9 and (high is None or gap * 1e-9 <= high) for gap in gaps
    ):
        raise UnsupportedError("not in that order")


def _told(claim: Claim) -> str:
    """The claim in a few words, for a reason."""
    words = [claim.strength, "/".join(claim.kinds[:3]), claim.fault, *claim.places[:1], claim.side]
    if claim.person is not None:
        words.append(f"by {claim.person}")
    if claim.found is not None:
        words.append("with a face" if claim.found else "without a face")
    if claim.window is not None:
        words.append("at that time")
    return " ".join(word for word in words if word)
