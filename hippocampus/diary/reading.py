"""What a sentence claims, read from its words alone.

A small grammar of what a diary says: clauses, in each of which one thing happened, and what is said
of it. A sentence that it cannot follow to the last word is not believed. So paraphrases outside the
grammar are lost; what is kept has been understood.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from hippocampus.diary.lexicon import (
    ALL_KINDS,
    EVENTS,
    PERSON,
    PLACES_DO,
    TURNED,
    VOICE,
    Noun,
    Role,
    Verb,
)
from hippocampus.diary.marks import (
    ENDS,
    GAP,
    STARTS,
    WINDOW,
    Mark,
    UnsaidError,
    marks_of,
    measured,
)
from hippocampus.diary.record import Claim
from hippocampus.night.label import LabelKind

QUIET_MOST: Final = 9
"""Things that others do to me, on a day that may be called quiet."""
_BREAKS: Final = frozenset({Role.AND, Role.THEN, Role.BEFORE})
_TIMED: Final = {WINDOW, STARTS, ENDS}
_NEW: Final = {"count", "rank", "share"}
"""What begins a claim of its own although the clause names no kind."""
_FELLOWS: Final[dict[tuple[str, ...], frozenset[tuple[str, ...]]]] = {
    TURNED: frozenset({VOICE, PERSON}),
    (str(LabelKind.FOLLOWED),): frozenset({PERSON}),
    ("company", *PERSON): frozenset({PERSON}),
}
"""Kinds that may name another in the same clause: I turn to a voice, I follow a face."""
_NEEDS_KIND: Final = frozenset(
    {
        *(Role.NOT, Role.NO_ONE, Role.SELF, Role.OTHER, Role.ME, Role.AUX),
        *(Role.SENSED, Role.GAVE, Role.FOUND, Role.THERE),
    }
)
"""What means nothing in a clause that does not say what happened."""
_BY_THINGS: Final = (str(LabelKind.STARTLED),), (str(LabelKind.BLOCKED),)
"""What no label says was somebody's doing."""
_SKIN: Final = frozenset(
    map(str, (LabelKind.TAP, LabelKind.STROKE, LabelKind.HOLD, LabelKind.PUSH, LabelKind.PUSHED))
)
_GAZES: Final = (TURNED, (str(LabelKind.FOLLOWED),))
_HEAD: Final = ("head",)


@dataclass(slots=True)
class _Clause:
    """One clause's marks, and how it hangs on the one before."""

    marks: list[Mark] = field(default_factory=list)
    then: bool = False
    before: bool = False


@dataclass(slots=True)
class _Speaker:
    """Who does it, as the last clause that said so has it."""

    who: Role | None = None
    turned_around: bool = False
    """An auxiliary: it is done to who is named."""
    name: str | None = None
    word: str = ""
    places: tuple[str, ...] = ()


def claims_of(
    sentence: str, names: frozenset[str] = frozenset(), faults: frozenset[str] = frozenset()
) -> tuple[Claim, ...]:
    """The claims of ``sentence``, without its citations.

    ``names``, ``faults``: the only ones that it may name. Raises ``UnsaidError``.
    """
    marks = measured(marks_of(sentence, names, faults))
    claims: list[Claim] = []
    speaker = _Speaker()
    leading: dict[str, Any] = {}
    for clause in _clauses(marks):
        _fold(clause, claims, speaker, leading)
    if not claims:
        raise UnsaidError("it says nothing that a label can show")
    return tuple(claims)


def _clauses(marks: list[Mark]) -> list[_Clause]:
    clauses = [_Clause()]
    for mark in marks:
        if mark.role in _BREAKS:
            if any(m.role != GAP for m in clauses[-1].marks):
                clauses.append(_Clause())
            clauses[-1].then |= mark.role is Role.THEN
            clauses[-1].before |= mark.role is Role.BEFORE
        else:
            clauses[-1].then |= mark.role == GAP
            clauses[-1].marks.append(mark)
    return [clause for clause in clauses if clause.marks]


def _fold(clause: _Clause, claims: list[Claim], speaker: _Speaker, leading: dict[str, Any]) -> None:
    """Add what the clause claims to ``claims``."""
    marks = clause.marks
    found_at = _kind_index(marks)
    said = _attributes(marks, claims)
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
    own = _hear_the_subject(marks, found_at, speaker)
    if not own and after_denial:
        raise UnsaidError("how far does the negation go?")
    kinds, negated = _kinds(marks, found_at, speaker, said)
    if not claims and leading and _TIMED & set(said):
        raise UnsaidError("two times, and one thing")
    for index, mark in enumerate(marks):
        if index < found_at and mark.role in _TIMED:
            leading.clear()
            leading[str(mark.role)] = mark.value
    if not _TIMED & set(said) and not order:
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


def _order(clause: _Clause, claims: list[Claim]) -> dict[str, Any]:
    """``after``, where the clause says so: "X then Y" and "X before Y" are the same."""
    if clause.before and clause.then:
        raise UnsaidError("before and then at once")
    if not clause.then and not clause.before:
        return {}
    if not claims:
        raise UnsaidError("later than what?")
    return {"after": len(claims) - 1}


def _attributes(marks: list[Mark], claims: list[Claim]) -> dict[str, Any]:
    """What the clause says of what happened, by the names of ``Claim``."""
    said: dict[str, Any] = {}

    def say(name: str, value: Any, words: str) -> None:
        if name in said:
            raise UnsaidError(f"{words!r}: two of a kind in one clause")
        said[name] = value

    for mark in marks:
        match mark.role:
            case Role.PLACE:
                say("places", mark.value, mark.words)
            case Role.SIDE:
                say("side", mark.value, mark.words)
            case Role.STRENGTH:
                say("strength", mark.value, mark.words)
            case Role.NAME:
                say("person", mark.value, mark.words)
            case Role.FAULT_NAME:
                say("fault", mark.value, mark.words)
            case Role.SHARE:
                say("share", mark.value, mark.words)
            case Role.RANK:
                say("rank", mark.value, mark.words)
            case Role.ALL_DAY:
                say("share", "day", mark.words)
            case "window" | "starts" | "ends" | "seconds" | "gap" | "count" | "amount":
                say(str(mark.role), mark.value, mark.words)
            case Role.EARLIER:
                raise UnsaidError(f"{mark.words!r} turns the order around")
            case Role.UNTIL | Role.BETWEEN | Role.AFTER | Role.SHORTLY | Role.ABOUT | Role.BOUND:
                raise UnsaidError(f"{mark.words!r} without a number or a time")
            case Role.TIMES | Role.UNIT | Role.AMOUNT_UNIT | Role.HALF_DAY | Role.LATER:
                raise UnsaidError(f"{mark.words!r} without a number before it")
            case _:
                pass
    many = [m for m in marks if m.role is Role.NOUN and m.value.many]
    if many and "count" not in said and not _denied(marks):
        said["count"] = (2, None)
    again = [m for m in marks if m.words == "again"] if any(map(_named, marks)) else []
    if again and not any(LabelKind.SET_DOWN in _named(m) for m in marks) and "count" not in said:
        said["count"] = (2, None)
    if said.get("share") in ("most", "all") and not claims:
        raise UnsaidError("most of what?")
    return said


def _denied(marks: list[Mark]) -> bool:
    """Whether the clause says no. Two of it are more than is followed here."""
    denials = [m for m in marks if m.role in (Role.NOT, Role.NO_ONE)]
    if len(denials) > 1:
        raise UnsaidError("two negations in one clause")
    return bool(denials)


def _named(mark: Mark) -> tuple[str, ...]:
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


def _kind_index(marks: list[Mark]) -> int | None:
    """Where the clause names what happened; what only completes another kind does not count."""
    named = [index for index, mark in enumerate(marks) if _named(mark)]
    if not named:
        weak = [i for i, m in enumerate(marks) if m.role is Role.SENSED and m.value]
        return weak[0] if weak else None
    if len(named) > 1:
        for index in named:
            others = [_named(marks[other]) for other in named if other != index]
            verb = marks[index]
            mine = verb.value.own if verb.role is Role.VERB and verb.value.own else _named(verb)
            if all(other in _FELLOWS.get(tuple(mine), frozenset()) for other in others):
                return index
        raise UnsaidError("two things in one clause: " + ", ".join(marks[i].words for i in named))
    return named[0]


def _kinds(
    marks: list[Mark], at: int, speaker: _Speaker, said: dict[str, Any]
) -> tuple[tuple[str, ...], bool]:
    """What happened, by who does it to whom, and whether it is denied."""
    denied = _denied(marks)
    mark = marks[at]
    roles = [m.role for m in marks]
    if speaker.who is Role.NAME and speaker.name is not None and "person" not in said:
        said["person"] = speaker.name
    if speaker.who is Role.PLACE and "places" not in said:
        said["places"] = speaker.places
    match mark.role:
        case Role.QUIET:
            if denied or "count" in said:
                raise UnsaidError("how quiet?")
            said["count"] = (0, QUIET_MOST)
            return EVENTS, False
        case Role.NOTHING_AT_ALL:
            return ALL_KINDS, True
        case Role.STATE:
            kinds, absent = mark.value
            if speaker.who is not Role.SELF:
                raise UnsaidError(f"who was {mark.words}?")
            if denied or {"side", "places", "person", "count"} & set(said):
                raise UnsaidError(f"{mark.words}, and how?")
            return kinds, absent
        case Role.VERB:
            kinds = _done(mark, marks, at, speaker)
        case Role.SENSED:
            kinds = tuple(mark.value)
        case _:
            kinds = tuple(mark.value.kinds)
    senses = [m for m in marks if m.role is Role.SENSED and m.value]
    if any(tuple(m.value) != kinds for m in senses):
        raise UnsaidError(f"{senses[0].words} {mark.words}")
    passive = {m.words for m in marks if m.role is Role.SENSED} <= {"received"}
    by_me = speaker.who is Role.SELF or (passive and speaker.who is Role.PLACE)
    if any(m.role is Role.SENSED for m in marks) and not by_me:
        raise UnsaidError("only I can tell what I sensed")
    if Role.GAVE in roles and (speaker.who is Role.SELF or speaker.who is None):
        raise UnsaidError("I give nothing to anybody")
    if mark.role is Role.NOUN and Role.GAVE not in roles and Role.SENSED not in roles:
        _bare_noun(mark, speaker, roles)
    if kinds in _GAZES and said.get("places") == _HEAD:
        del said["places"]  # It is the head that turns.
    if "company" in kinds:
        alone = "seconds" in said and "person" not in said
        kinds = ("company",) if alone else PERSON
    if denied and "count" in said:
        raise UnsaidError("no, and how many?")
    return kinds, denied


def _bare_noun(mark: Mark, speaker: _Speaker, roles: list[Role | str]) -> None:
    """A noun that nobody sensed stands for itself: "there was a voice"."""
    if speaker.who in (Role.SELF, Role.OTHER) and Role.NO_ONE not in roles:
        known = {"company", "warmth", "moving"} & set(mark.value.kinds)
        if not known:
            raise UnsaidError(f"{mark.words!r}: who did what?")


def _hear_the_subject(marks: list[Mark], at: int, speaker: _Speaker) -> bool:
    """Take the clause's own subject, where it has one before what happened."""
    before = marks[:at]
    subjects = {Role.SELF, Role.OTHER, Role.NAME, Role.PLACE, Role.NO_ONE}
    own = [mark for mark in before if mark.role in subjects]
    if marks[at].role is Role.SENSED:
        own = [mark for mark in own if mark.role is not Role.PLACE]
    if not own:
        if any(mark.role is Role.AUX for mark in before):
            speaker.turned_around = True
        return False
    first = own[0]
    speaker.who = Role.OTHER if first.role is Role.NO_ONE else Role(first.role)
    speaker.name = first.value if first.role is Role.NAME else None
    speaker.word = first.words
    speaker.places = first.value if first.role is Role.PLACE else ()
    speaker.turned_around = any(mark.role is Role.AUX for mark in before)
    return True


def _done(mark: Mark, marks: list[Mark], at: int, speaker: _Speaker) -> tuple[str, ...]:
    """What a verb means, by who does it to whom."""
    verb: Verb = mark.value
    to_me = any(m.role is Role.ME for m in marks) or " me" in mark.words
    to_me |= any(m.role is Role.PLACE for m in marks[at:])
    found: tuple[str, ...] = ()
    match speaker.who:
        case Role.SELF:
            found = verb.done_to_me if speaker.turned_around else verb.own
        case Role.PLACE:
            own = tuple(kind for kind in verb.own if kind in PLACES_DO)
            found = verb.done_to_me if speaker.turned_around else own
        case Role.OTHER | Role.NAME if not speaker.turned_around:
            found = verb.by_other or (verb.done_to_me if to_me else ())
        case _:
            pass
    if found in _BY_THINGS and speaker.word in ("somebody", "someone", "a person", "a visitor"):
        raise UnsaidError(f"{mark.words!r}: no label says by whom")
    if not found:
        raise UnsaidError(f"{mark.words!r}: who does it to whom?")
    return found


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
        if set(said) - _TIMED or leading:
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
        if _TIMED & set(said):
            kept |= dict.fromkeys(_TIMED)
        if "rank" in said:
            kept["scope"] = last.scope if last.rank is not None else last.window
        claims.append(msgspec.structs.replace(last, **{**kept, "seconds": None, **said, **order}))
        return
    claims[-1] = msgspec.structs.replace(last, **said)


def _seen_after(marks: list[Mark], at: int | None) -> bool:
    """Whether it is "... and saw a face"."""
    return (
        at is not None
        and _named(marks[at]) == PERSON
        and any(m.words == "saw" for m in marks)
        and not any(m.role in (Role.SELF, Role.NAME) or m.role in _TIMED for m in marks)
    )


def _looked(claims: list[Claim]) -> bool:
    return bool(claims) and claims[-1].kinds == TURNED


def _after_a_look(
    marks: list[Mark],
    said: dict[str, Any],
    order: dict[str, Any],
    claims: list[Claim],
    speaker: _Speaker,
) -> None:
    """Of the look before: "... and found a face", "... and found nobody there"."""
    if not _looked(claims) or speaker.who is not Role.SELF:
        raise UnsaidError("found what, where?")
    others = [m for m in marks if _named(m) and _named(m) != PERSON]
    if others or any(m.role in (Role.ME, Role.NAME, Role.AUX, Role.OTHER) for m in marks):
        raise UnsaidError("found what?")
    last = claims[-1]
    found = not _denied(marks)
    if any(mark.words == "never" for mark in marks):
        said = {**said, "negated": True}
        found = True
    told = {name: value for name, value in said.items() if name != "count"}
    count = said.get("count")
    if last.found is not None or last.negated:
        last = msgspec.structs.replace(last, found=None)
    new = {"count": count, "after": None, "gap": None, "found": found, **told, **order}
    claims.append(msgspec.structs.replace(last, **new))
