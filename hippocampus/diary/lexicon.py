"""The words that a diary may be made of, and what each one claims.

Closed on purpose: a word that is not here claims something that no label can prove. Words of no
content ("the", "my") are here too. English, lower case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hippocampus.diary.roles import Meaning, Noun, Role, Verb
from hippocampus.night.label import TOUCHES, LabelKind


def kinds(*found: LabelKind) -> tuple[str, ...]:
    """As claims hold them."""
    return tuple(str(kind) for kind in found)


ANY_TOUCH: Final = kinds(*sorted(TOUCHES))
VOICE: Final = kinds(LabelKind.VOICE)
PERSON: Final = kinds(LabelKind.PERSON)
TURNED: Final = kinds(LabelKind.TURNED)
EVENTS: Final = (
    *ANY_TOUCH,
    *kinds(LabelKind.VOICE, LabelKind.PERSON, LabelKind.PUSHED, LabelKind.STARTLED),
    *kinds(LabelKind.FAULT, LabelKind.HOT, LabelKind.LOW_VOLTAGE, LabelKind.TORQUE_LOST),
    *kinds(LabelKind.BLOCKED),
)
"""What others do to me and what goes wrong; a day with few of them is quiet."""
ALL_KINDS: Final = kinds(*LabelKind)

_VERBS: Final[dict[str, Verb]] = {
    "touched": Verb(ANY_TOUCH),
    "tapped": Verb(kinds(LabelKind.TAP)),
    "stroked": Verb(kinds(LabelKind.STROKE)),
    "petted": Verb(kinds(LabelKind.STROKE)),
    "caressed": Verb(kinds(LabelKind.STROKE)),
    "held": Verb(kinds(LabelKind.HOLD)),
    "pushed": Verb(kinds(LabelKind.PUSH, LabelKind.PUSHED)),
    "lifted": Verb(kinds(LabelKind.LIFT)),
    "lifted up": Verb(kinds(LabelKind.LIFT)),
    "picked up": Verb(kinds(LabelKind.LIFT)),
    "lifted me up": Verb(kinds(LabelKind.LIFT)),
    "picked me up": Verb(kinds(LabelKind.LIFT)),
    "set down": Verb(kinds(LabelKind.SET_DOWN)),
    "put down": Verb(kinds(LabelKind.SET_DOWN)),
    "set back down": Verb(kinds(LabelKind.SET_DOWN)),
    "set me down": Verb(kinds(LabelKind.SET_DOWN)),
    "put me down": Verb(kinds(LabelKind.SET_DOWN)),
    "set me back down": Verb(kinds(LabelKind.SET_DOWN)),
    "tilted": Verb(kinds(LabelKind.TILT)),
    "bumped": Verb(kinds(LabelKind.BUMP)),
    "bumped into": Verb(kinds(LabelKind.BUMP)),
    "turned": Verb(kinds(LabelKind.TURN), TURNED),
    "turned around": Verb(kinds(LabelKind.TURN)),
    "looked": Verb((), TURNED),
    "moved": Verb(kinds(LabelKind.MOVED), kinds(LabelKind.OWN_MOVEMENT)),
    "followed": Verb((), kinds(LabelKind.FOLLOWED)),
    "slept": Verb((), kinds(LabelKind.SLEEP)),
    "rested": Verb((), kinds(LabelKind.SLEEP)),
    "woke": Verb((), kinds(LabelKind.RESTART)),
    "woke up": Verb((), kinds(LabelKind.RESTART)),
    "started": Verb(kinds(LabelKind.RESTART), kinds(LabelKind.RESTART)),
    "restarted": Verb(kinds(LabelKind.RESTART), kinds(LabelKind.RESTART)),
    "startled": Verb(kinds(LabelKind.STARTLED)),
    "surprised": Verb(kinds(LabelKind.STARTLED)),
    "blocked": Verb(kinds(LabelKind.BLOCKED)),
    "spoke": Verb((), (), VOICE),
    "talked": Verb((), (), VOICE),
    "lost torque": Verb((), kinds(LabelKind.TORQUE_LOST)),
    "went limp": Verb((), kinds(LabelKind.TORQUE_LOST)),
    "got hot": Verb((), kinds(LabelKind.HOT)),
    "got warm": Verb((), kinds(LabelKind.HOT)),
    "became hot": Verb((), kinds(LabelKind.HOT)),
    "became warm": Verb((), kinds(LabelKind.HOT)),
    "was hot": Verb((), kinds(LabelKind.HOT)),
    "was warm": Verb((), kinds(LabelKind.HOT)),
}
PLACES_DO: Final = kinds(
    LabelKind.OWN_MOVEMENT, LabelKind.TURNED, LabelKind.TORQUE_LOST, LabelKind.HOT
)
"""What a part of me can do by itself."""

_NOUNS: Final[dict[str, tuple[str, ...]]] = {
    "touch": ANY_TOUCH,
    "tap": kinds(LabelKind.TAP),
    "stroke": kinds(LabelKind.STROKE),
    "push": kinds(LabelKind.PUSH, LabelKind.PUSHED),
    "lift": kinds(LabelKind.LIFT),
    "tilt": kinds(LabelKind.TILT),
    "bump": kinds(LabelKind.BUMP),
    "voice": VOICE,
    "face": PERSON,
    "fault": kinds(LabelKind.FAULT),
    "error": kinds(LabelKind.FAULT),
    "gap": kinds(LabelKind.GAP),
    "nap": kinds(LabelKind.SLEEP),
    "restart": kinds(LabelKind.RESTART),
    "movement": kinds(LabelKind.OWN_MOVEMENT),
    "look": TURNED,
}
_ONE_NOUNS: Final[dict[str, tuple[str, ...]]] = {
    "speech": VOICE,
    "speaking": VOICE,
    "speak": VOICE,
    "talking": VOICE,
    "low voltage": kinds(LabelKind.LOW_VOLTAGE),
    "voltage was low": kinds(LabelKind.LOW_VOLTAGE),
    "voltage dropped": kinds(LabelKind.LOW_VOLTAGE),
    "voltage fell": kinds(LabelKind.LOW_VOLTAGE),
    "in sight": ("company", *PERSON),
    "in motion": ("moving",),
    "warmest servo": ("warmth",),
    "warmest motor": ("warmth",),
    "warmest part": ("warmth",),
}
_STATES: Final[dict[str, tuple[tuple[str, ...], bool]]] = {
    "awake": (("awake",), False),
    "asleep": (kinds(LabelKind.SLEEP), False),
    "alone": (PERSON, True),
}
_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "head": ("head",),
    "body": ("body", "body_yaw"),
    "antenna": ("left_antenna", "right_antenna"),
    "left antenna": ("left_antenna",),
    "right antenna": ("right_antenna",),
    "base": ("body", "body_yaw"),
    **{f"leg {number}": (f"stewart_{number}",) for number in range(1, 7)},
}
NUMBERS: Final = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
]
_TENS: Final = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60}
_COUNTS: Final[dict[str, tuple[int, int | None]]] = {
    "once": (1, 1),
    "twice": (2, 2),
    "a couple of": (2, 2),
    "several": (3, None),
    "several times": (3, None),
    "a few": (2, 6),
    "a few times": (2, 6),
    "many": (8, None),
    "many times": (8, None),
    "often": (8, None),
    "some": (1, None),
    "sometimes": (2, None),
    "repeatedly": (3, None),
}
DAYPARTS: Final[dict[str, tuple[float, float]]] = {
    "morning": (300, 720),
    "early morning": (240, 540),
    "noon": (690, 780),
    "midday": (690, 810),
    "afternoon": (720, 1080),
    "evening": (1080, 1320),
    "late evening": (1320, 1440),
    "night": (1320, 1740),
    "small hours": (0, 300),
}
_ONES: Final = {"a second": 1.0, "a minute": 60.0, "an hour": 3600.0}
_SIDES: Final = {
    "left": "left",
    "left side": "left",
    "right": "right",
    "right side": "right",
    "front": "ahead",
    "in front": "ahead",
    "ahead": "ahead",
    "straight ahead": "ahead",
    "behind": "behind",
    "behind me": "behind",
    "in front of me": "ahead",
}


_PHRASES: Final[tuple[tuple[Role, Any, str], ...]] = (
    (Role.PLAIN, None, "the | this | that | of | on | in | by | for | my | me too | it | any"),
    (Role.PLAIN, None, "today | during | during the | also | too | there was | there were"),
    (Role.PLAIN, None, "with | along | across | over | there came | came | day | up | lasted"),
    (Role.PLAIN, None, "the day | of the day | of me | at me | out | direction | here | were at"),
    (Role.PLAIN, None, "my memory | my log | log | memory | time | towards | toward | celsius"),
    (Role.PLAIN, None, "kept | kept it | reached | spent | occurred | took | landed | servo"),
    (Role.PLAIN, None, "somewhere"),
    (Role.ARTICLE, None, "a | an"),
    (Role.SELF, None, "i"),
    (Role.OTHER, None, "somebody | someone | something | a person | a visitor | anybody | anyone"),
    (Role.ME, None, "me | to me | my way"),
    (Role.AUX, None, "was | were | got | been | being | is | had been"),
    (Role.SENSED, None, "felt | noticed | sensed | had | received | experienced"),
    (Role.SENSED, VOICE, "heard"),
    (Role.SENSED, PERSON, "saw"),
    (Role.GAVE, None, "gave | gave me"),
    (Role.QUIET, None, "quiet | calm | uneventful"),
    (Role.NOTHING_AT_ALL, None, "nothing happened"),
    (Role.NOT, None, "not | never | no | without | not even once | not once"),
    (Role.NO_ONE, None, "nobody | no one | nothing | none"),
    (Role.STRENGTH, "gentle", "gentle | gently | soft | softly | light | lightly"),
    (Role.STRENGTH, "strong", "strong | strongly | hard | firm | firmly"),
    (Role.TIMES, None, "times | time each"),
    (Role.COUNT, (1, 1), "one time"),
    (Role.HALF_DAY, 0, "am"),
    (Role.HALF_DAY, 720, "pm"),
    (Role.HALF_DAY, None, "o'clock | o’clock"),
    (Role.CLOCK, 0.0, "midnight"),
    (Role.ALL_DAY, None, "all day | all day long | the whole day | all of the day"),
    (Role.ABOUT, None, "about | around | roughly | nearly | almost | approximately"),
    (Role.BOUND, "least", "at least"),
    (Role.BOUND, "more", "more than | over a"),
    (Role.BOUND, "most", "at most | up to"),
    (Role.BOUND, "fewer", "less than | fewer than"),
    (Role.BOUND, "exactly", "only | just | exactly"),
    (Role.SHORTLY, None, "shortly | just after | soon"),
    (Role.AT, None, "at"),
    (Role.BEFORE, None, "before"),
    (Role.EARLIER, None, "before that | before this | earlier"),
    (Role.AFTER, None, "after"),
    (Role.FROM, None, "from | since"),
    (Role.TO, None, "to"),
    (Role.UNTIL, None, "until | till"),
    (Role.BETWEEN, None, "between"),
    (Role.LATER, None, "later"),
    (Role.THEN, None, "then | afterwards | afterward | after that | after this | and then"),
    (Role.AND, None, "and | , | ; | but | - | –"),
    (Role.FOUND, None, "found"),
    (Role.THERE, None, "there | was there"),
    (Role.SHARE, "total", "all in all | in all | altogether | in total"),
    (Role.SHARE, "most", "most of them | most | mostly"),
    (Role.SHARE, "all", "all of them | all | each | every time | each time"),
    (Role.RANK, "first", "first | the first time | the first"),
    (Role.RANK, "last", "last | the last time | the last"),
    (Role.AGAIN, None, "again | back"),
    (Role.SECONDS, (900.0, 150.0), "a quarter of an hour"),
    (Role.SECONDS, (7.5, 7.5), "briefly | a moment"),
    (Role.UNIT, 1.0, "second | seconds | s"),
    (Role.UNIT, 60.0, "minute | minutes | min"),
    (Role.UNIT, 3600.0, "hour | hours | h"),
    (Role.AMOUNT_UNIT, "degrees", "degrees | ° | degrees celsius | °c | degree"),
    (Role.AMOUNT_UNIT, "volts", "volts | volt | v"),
)
"""Role, value, and the phrases that have both."""


def _phrases() -> Iterator[tuple[str, Meaning]]:
    """Every phrase and its meaning."""
    for role, value, phrases in _PHRASES:
        yield from ((phrase, Meaning(role, value)) for phrase in phrases.split(" | "))
    tables: tuple[tuple[Role, dict[str, Any]], ...] = (
        (Role.VERB, _VERBS),
        (Role.STATE, _STATES),
        (Role.PLACE, _PLACES),
        (Role.COUNT, _COUNTS),
        (Role.SIDE, _SIDES),
    )
    for role, table in tables:
        yield from ((phrase, Meaning(role, value)) for phrase, value in table.items())
    yield from _nouns()
    yield from _numbers()
    yield from _times()


def _nouns() -> Iterator[tuple[str, Meaning]]:
    for word, found in (_NOUNS | _ONE_NOUNS).items():
        yield word, Meaning(Role.NOUN, Noun(found))
    for word, found in _NOUNS.items():
        many = word + ("es" if word.endswith("ch") else "s")
        yield many, Meaning(Role.NOUN, Noun(found, many=True))


def _numbers() -> Iterator[tuple[str, Meaning]]:
    for number, word in enumerate(NUMBERS):
        yield word, Meaning(Role.NUMBER, float(number))
    for word, ten in _TENS.items():
        yield word, Meaning(Role.NUMBER, float(ten))
        for one in range(1, 10):
            yield f"{word}-{NUMBERS[one]}", Meaning(Role.NUMBER, float(ten + one))


def _times() -> Iterator[tuple[str, Meaning]]:
    for word, part in DAYPARTS.items():
        for phrase in (word, f"the {word}", f"in the {word}", f"at {word}"):
            yield phrase, Meaning(Role.DAYPART, part)
    for one, unit in _ONES.items():
        yield one, Meaning(Role.SECONDS, (unit, 0.5 * unit))
        yield f"half {one}", Meaning(Role.SECONDS, (0.5 * unit, 0.17 * unit))
        yield f"{one} and a half", Meaning(Role.SECONDS, (1.5 * unit, 0.17 * unit))


MEANINGS: Final[dict[tuple[str, ...], Meaning]] = {
    tuple(phrase.split()): meaning for phrase, meaning in _phrases()
}
"""Phrase, as its words, to meaning; the longest phrase that fits is meant."""
LONGEST: Final = max(map(len, MEANINGS))
