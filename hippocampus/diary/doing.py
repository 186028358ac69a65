"""What happened in a clause, by who does it to whom: "I turned" is not "I was turned"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from hippocampus.diary.clause import denied, named
from hippocampus.diary.lexicon import ALL_KINDS, EVENTS, PERSON, PLACES_DO, TURNED, VOICE
from hippocampus.diary.marks import Mark, UnsaidError
from hippocampus.diary.roles import Role, Verb
from hippocampus.night.label import LabelKind

QUIET_MOST: Final = 9
"""Things that others do to me, on a day that may be called quiet."""
_FELLOWS: Final[dict[tuple[str, ...], frozenset[tuple[str, ...]]]] = {
    TURNED: frozenset({VOICE, PERSON}),
    (str(LabelKind.FOLLOWED),): frozenset({PERSON}),
    ("company", *PERSON): frozenset({PERSON}),
}
"""Kinds that may name another in the same clause: I turn to a voice, I follow a face."""
_BY_THINGS: Final = (str(LabelKind.STARTLED),), (str(LabelKind.BLOCKED),)
"""What no label says was somebody's doing."""
_GAZES: Final = (TURNED, (str(LabelKind.FOLLOWED),))
_HEAD: Final = ("head",)


@dataclass(slots=True)
class Speaker:
    """Who does it, as the last clause that said so has it."""

    who: Role | None = None
    turned_around: bool = False
    """An auxiliary: it is done to who is named."""
    name: str | None = None
    word: str = ""
    places: tuple[str, ...] = ()


def hear_the_subject(marks: list[Mark], at: int, speaker: Speaker) -> bool:
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


def kind_index(marks: list[Mark]) -> int | None:
    """Where the clause names what happened; what only completes another kind does not count."""
    naming = [index for index, mark in enumerate(marks) if named(mark)]
    if not naming:
        weak = [i for i, m in enumerate(marks) if m.role is Role.SENSED and m.value]
        return weak[0] if weak else None
    if len(naming) > 1:
        for index in naming:
            others = [named(marks[other]) for other in naming if other != index]
            verb = marks[index]
            mine = verb.value.own if verb.role is Role.VERB and verb.value.own else named(verb)
            if all(other in _FELLOWS.get(tuple(mine), frozenset()) for other in others):
                return index
        raise UnsaidError("two things in one clause: " + ", ".join(marks[i].words for i in naming))
    return naming[0]


def kinds_of(
    marks: list[Mark], at: int, speaker: Speaker, said: dict[str, Any]
) -> tuple[tuple[str, ...], bool]:
    """What happened, by who does it to whom, and whether it is denied."""
    no = denied(marks)
    mark = marks[at]
    roles = [m.role for m in marks]
    if speaker.who is Role.NAME and speaker.name is not None and "person" not in said:
        said["person"] = speaker.name
    if speaker.who is Role.PLACE and "places" not in said:
        said["places"] = speaker.places
    match mark.role:
        case Role.QUIET:
            if no or "count" in said:
                raise UnsaidError("how quiet?")
            said["count"] = (0, QUIET_MOST)
            return EVENTS, False
        case Role.NOTHING_AT_ALL:
            return ALL_KINDS, True
        case Role.STATE:
            kinds, absent = mark.value
            if speaker.who is not Role.SELF:
                raise UnsaidError(f"who was {mark.words}?")
            if no or {"side", "places", "person", "count"} & set(said):
                raise UnsaidError(f"{mark.words}, and how?")
            return kinds, absent
        case Role.VERB:
            kinds = _done(mark, marks, at, speaker)
        case Role.SENSED:
            kinds = tuple(mark.value)
        case _:
            kinds = tuple(mark.value.kinds)
    _sensed(mark, marks, kinds, speaker)
    if Role.GAVE in roles and (speaker.who is Role.SELF or speaker.who is None):
        raise UnsaidError("I give nothing to anybody")
    if mark.role is Role.NOUN and Role.GAVE not in roles and Role.SENSED not in roles:
        _bare_noun(mark, speaker, roles)
    if kinds in _GAZES and said.get("places") == _HEAD:
        del said["places"]  # It is the head that turns.
    if "company" in kinds:
        alone = "seconds" in said and "person" not in said
        kinds = ("company",) if alone else PERSON
    if no and "count" in said:
        raise UnsaidError("no, and how many?")
    return kinds, no


def _sensed(mark: Mark, marks: list[Mark], kinds: tuple[str, ...], speaker: Speaker) -> None:
    """What was sensed fits the sense, and it was me who sensed it. Raises ``UnsaidError``."""
    senses = [m for m in marks if m.role is Role.SENSED]
    naming = [m for m in senses if m.value]
    if any(tuple(m.value) != kinds for m in naming):
        raise UnsaidError(f"{naming[0].words} {mark.words}")
    passive = all(m.words == "received" for m in senses)
    by_me = speaker.who is Role.SELF or (passive and speaker.who is Role.PLACE)
    if senses and not by_me:
        raise UnsaidError("only I can tell what I sensed")


def _bare_noun(mark: Mark, speaker: Speaker, roles: list[Role | str]) -> None:
    """A noun that nobody sensed stands for itself: "there was a voice"."""
    if speaker.who in (Role.SELF, Role.OTHER) and Role.NO_ONE not in roles:
        known = {"company", "warmth", "moving"} & set(mark.value.kinds)
        if not known:
            raise UnsaidError(f"{mark.words!r}: who did what?")


def _done(mark: Mark, marks: list[Mark], at: int, speaker: Speaker) -> tuple[str, ...]:
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
