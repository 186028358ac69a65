"""The clauses of a sentence, in each of which one thing happened, and what they say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from hippocampus.diary.lexicon import ALL_KINDS, EVENTS
from hippocampus.diary.marks import ENDS, GAP, STARTS, WINDOW, Mark, UnsaidError
from hippocampus.diary.roles import Noun, Role, Verb
from hippocampus.night.label import LabelKind

TIMED: Final = frozenset({WINDOW, STARTS, ENDS})
"""What says when."""
_BREAKS: Final = frozenset({Role.AND, Role.THEN, Role.BEFORE})
_CLAIMED: Final[dict[Role | str, str]] = {
    Role.PLACE: "places",
    Role.SIDE: "side",
    Role.STRENGTH: "strength",
    Role.NAME: "person",
    Role.FAULT_NAME: "fault",
    Role.SHARE: "share",
    Role.RANK: "rank",
    **{name: name for name in (*TIMED, GAP, "seconds", "count", "amount")},
}
"""What a mark says of what happened, by the names of ``Claim``."""
_WHOLE_DAY: Final = "day"
_NEEDS_A_NUMBER: Final = {
    **dict.fromkeys(
        (Role.UNTIL, Role.BETWEEN, Role.AFTER, Role.SHORTLY, Role.ABOUT, Role.BOUND),
        "without a number or a time",
    ),
    **dict.fromkeys(
        (Role.TIMES, Role.UNIT, Role.AMOUNT_UNIT, Role.HALF_DAY, Role.LATER),
        "without a number before it",
    ),
    Role.EARLIER: "turns the order around",
}
"""What is left over where nothing was measured by it, and what is wrong with it."""


@dataclass(slots=True)
class Clause:
    """One clause's marks, and how it hangs on the one before."""

    marks: list[Mark] = field(default_factory=list)
    then: bool = False
    before: bool = False


def clauses_of(marks: list[Mark]) -> list[Clause]:
    """The clauses of a sentence, each with at least one mark."""
    clauses = [Clause()]
    for mark in marks:
        if mark.role in _BREAKS:
            if any(m.role != GAP for m in clauses[-1].marks):
                clauses.append(Clause())
            clauses[-1].then |= mark.role is Role.THEN
            clauses[-1].before |= mark.role is Role.BEFORE
        else:
            clauses[-1].then |= mark.role == GAP
            clauses[-1].marks.append(mark)
    return [clause for clause in clauses if clause.marks]


def attributes(marks: list[Mark], *, follows: bool) -> dict[str, Any]:
    """What the clause says of what happened, by the names of ``Claim``.

    ``follows``: a claim stands before it, of which it may speak. Raises ``UnsaidError``.
    """
    said: dict[str, Any] = {}
    for mark in marks:
        if mark.role in _NEEDS_A_NUMBER:
            raise UnsaidError(f"{mark.words!r} {_NEEDS_A_NUMBER[Role(mark.role)]}")
        all_day = mark.role is Role.ALL_DAY
        name = "share" if all_day else _CLAIMED.get(mark.role)
        if name is None:
            continue
        if name in said:
            raise UnsaidError(f"{mark.words!r}: two of a kind in one clause")
        said[name] = _WHOLE_DAY if all_day else mark.value
    many = [m for m in marks if m.role is Role.NOUN and m.value.many]
    if many and "count" not in said and not denied(marks):
        said["count"] = (2, None)
    again = [m for m in marks if m.words == "again"] if any(map(named, marks)) else []
    if again and not any(LabelKind.SET_DOWN in named(m) for m in marks) and "count" not in said:
        said["count"] = (2, None)
    if said.get("share") in ("most", "all") and not follows:
        raise UnsaidError("most of what?")
    return said


def denied(marks: list[Mark]) -> bool:
    """Whether the clause says no. Two of it are more than is followed here."""
    denials = [m for m in marks if m.role in (Role.NOT, Role.NO_ONE)]
    if len(denials) > 1:
        raise UnsaidError("two negations in one clause")
    return bool(denials)


def named(mark: Mark) -> tuple[str, ...]:
    """Kinds that the mark names by itself."""
    if mark.role is Role.NOUN:
        noun: Noun = mark.value
        return noun.kinds
    if mark.role is Role.VERB:
        verb: Verb = mark.value
        return verb.done_to_me or verb.own or verb.by_other
    if mark.role is Role.STATE:
        return tuple(mark.value[0])
    if mark.role is Role.QUIET:
        return EVENTS
    return ALL_KINDS if mark.role is Role.NOTHING_AT_ALL else ()
