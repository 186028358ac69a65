"""What a sentence claims, read from its words alone.

A small grammar of what a diary says: clauses, in each of which one thing happened, and what is said
of it. A sentence that it cannot follow to the last word is not believed. So paraphrases outside the
grammar are lost; what is kept has been understood.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from hippocampus.diary.clause import TIMED, Clause, attributes, clauses_of, denied, named
from hippocampus.diary.doing import Speaker, hear_the_subject, kind_index, kinds_of
from hippocampus.diary.lexicon import PERSON, TURNED
from hippocampus.diary.marks import Mark, UnsaidError, marks_of, measured
from hippocampus.diary.record import Claim
from hippocampus.diary.roles import Role
from hippocampus.night.label import LabelKind

_NEW: Final = {"count", "rank", "share"}
"""What begins a claim of its own although the clause names no kind."""
_NEEDS_KIND: Final = frozenset(
    {
        *(Role.NOT, Role.NO_ONE, Role.SELF, Role.OTHER, Role.ME, Role.AUX),
        *(Role.SENSED, Role.GAVE, Role.FOUND, Role.THERE),
    }
)
"""What means nothing in a clause that does not say what happened."""
_SKIN: Final = frozenset(
    map(str, (LabelKind.TAP, LabelKind.STROKE, LabelKind.HOLD, LabelKind.PUSH, LabelKind.PUSHED))
)


def claims_of(
    sentence: str, names: frozenset[str] = frozenset(), faults: frozenset[str] = frozenset()
) -> tuple[Claim, ...]:
    """The claims of ``sentence``, without its citations.

    ``names``, ``faults``: the only ones that it may name. Raises ``UnsaidError``.
    """
    marks = measured(marks_of(sentence, names, faults))
    claims: list[Claim] = []
    speaker = Speaker()
    leading: dict[str, Any] = {}
    for clause in clauses_of(marks):
        _fold(clause, claims, speaker, leading)
    if not claims:
        raise UnsaidError("it says nothing that a label can show")
    return tuple(claims)


def _fold(clause: Clause, claims: list[Claim], speaker: Speaker, leading: dict[str, Any]) -> None:
    """Add what the clause claims to ``claims``."""
    marks = clause.marks
    found_at = kind_index(marks)
    said = attributes(marks, follows=bool(claims))
    order = _order(clause, claims)
    roles = {m.role for m in marks}
    if _looked(claims) and ({Role.THERE, Role.NO_ONE} <= roles or _seen_after(marks, found_at)):
        _after_a_look(marks, said, order, claims, speaker)
        return
    if found_at is None and Role.FOUND not in roles:
        _without_kind(marks, said, order, claims, leading)
        return
    if found_at is None or (Role.FOUND in roles and _looked(claims)):
        _after_a_look(marks, said, order, claims, speaker)
        return
    after_denial = bool(claims) and claims[-1].negated
    own = hear_the_subject(marks, found_at, speaker)
    if not own and after_denial:
        raise UnsaidError("how far does the negation go?")
    kinds, negated = kinds_of(marks, found_at, speaker, said)
    if not claims and leading and TIMED & set(said):
        raise UnsaidError("two times, and one thing")
    for index, mark in enumerate(marks):
        if index < found_at and mark.role in TIMED:
            leading.clear()
            leading[str(mark.role)] = mark.value
    if not TIMED & set(said) and not order:
        said = {**said, **leading}
    if claims and not own and not order:
        claims[-1] = _shared(claims[-1], kinds, said)
    claims.append(Claim(kinds=kinds, negated=negated, **said, **order))


def _shared(before: Claim, kinds: tuple[str, ...], said: dict[str, Any]) -> Claim:
    """What ends a row of verbs is of the whole row: "I was tapped and stroked at 9:14"."""
    shared = {}
    if "window" in said and before.window is None and before.starts is None:
        shared["window"] = said["window"]
    if "person" in said and before.person is None:
        shared["person"] = said["person"]
    if {*kinds, *before.kinds} <= _SKIN and "places" in said and not before.places:
        shared["places"] = said["places"]
    return msgspec.structs.replace(before, **shared)


def _order(clause: Clause, claims: list[Claim]) -> dict[str, Any]:
    """``after``, where the clause says so: "X then Y" and "X before Y" are the same."""
    if clause.before and clause.then:
        raise UnsaidError("before and then at once")
    if not clause.then and not clause.before:
        return {}
    if not claims:
        raise UnsaidError("later than what?")
    return {"after": len(claims) - 1}


def _without_kind(
    marks: list[Mark],
    said: dict[str, Any],
    order: dict[str, Any],
    claims: list[Claim],
    leading: dict[str, Any],
) -> None:
    """A clause that only says when, where, how often: of all that follows, or of what was said."""
    loose = [mark for mark in marks if mark.role in _NEEDS_KIND]
    if loose:
        raise UnsaidError(f"{loose[0].words!r}: what of it?")
    if not said and not order:
        return
    if not claims:
        if set(said) - TIMED or leading:
            raise UnsaidError("of what?")
        leading.update(said)
        return
    last = claims[-1]
    told = {name for name in said if getattr(last, name) not in (None, ())}
    if order or told or _NEW & set(said):
        if last.negated:
            raise UnsaidError("an exception to what was not")
        kept: dict[str, Any] = {
            "count": None,
            "share": None,
            "rank": None,
            "after": None,
            "gap": None,
        }
        if TIMED & set(said):
            kept |= dict.fromkeys(TIMED)
        if "rank" in said:
            kept["scope"] = last.scope if last.rank is not None else last.window
        claims.append(msgspec.structs.replace(last, **{**kept, "seconds": None, **said, **order}))
        return
    claims[-1] = msgspec.structs.replace(last, **said)


def _seen_after(marks: list[Mark], at: int | None) -> bool:
    """Whether it is "... and saw a face"."""
    return (
        at is not None
        and named(marks[at]) == PERSON
        and any(m.words == "saw" for m in marks)
        and not any(m.role in (Role.SELF, Role.NAME) or m.role in TIMED for m in marks)
    )


def _looked(claims: list[Claim]) -> bool:
    return bool(claims) and claims[-1].kinds == TURNED


def _after_a_look(
    marks: list[Mark],
    said: dict[str, Any],
    order: dict[str, Any],
    claims: list[Claim],
    speaker: Speaker,
) -> None:
    """Of the look before: "... and found a face", "... and found nobody there"."""
    if not _looked(claims) or speaker.who is not Role.SELF:
        raise UnsaidError("found what, where?")
    others = [m for m in marks if named(m) and named(m) != PERSON]
    if others or any(m.role in (Role.ME, Role.NAME, Role.AUX, Role.OTHER) for m in marks):
        raise UnsaidError("found what?")
    last = claims[-1]
    found = not denied(marks)
    if any(mark.words == "never" for mark in marks):
        said = {**said, "negated": True}
        found = True
    told = {name: value for name, value in said.items() if name != "count"}
    count = said.get("count")
    if last.found is not None or last.negated:
        last = msgspec.structs.replace(last, found=None)
    new = {"count": count, "after": None, "gap": None, "found": found, **told, **order}
    claims.append(msgspec.structs.replace(last, **new))
