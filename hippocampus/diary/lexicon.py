"""The words that a diary may be made of, and what each one claims.

Closed on purpose: a word that is not here claims something that no label can prove. Words of no
content ("the", "my") are here too. English, lower case.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from hippocampus.night.label import TOUCHES, LabelKind


class Role(Enum):
    """What a word or a phrase does in a sentence."""

    PLAIN = auto()
    """Nothing: articles, prepositions, "today"."""
    SELF = auto()
    OTHER = auto()
    NAME = auto()
    ME = auto()
    AUX = auto()
    """was, got: turns a verb around."""
    SENSED = auto()
    """felt, had: only I can; ``value``: kinds that it means where the clause names none."""
    GAVE = auto()
    VERB = auto()
    NOUN = auto()
    STATE = auto()
    """awake, asleep: of me."""
    QUIET = auto()
    NOTHING_AT_ALL = auto()
    NOT = auto()
    NO_ONE = auto()
    PLACE = auto()
    SIDE = auto()
    STRENGTH = auto()
    NUMBER = auto()
    ARTICLE = auto()
    TIMES = auto()
    COUNT = auto()
    UNIT = auto()
    SECONDS = auto()
    AMOUNT_UNIT = auto()
    CLOCK = auto()
    HALF_DAY = auto()
    DAYPART = auto()
    ALL_DAY = auto()
    ABOUT = auto()
    BOUND = auto()
    SHORTLY = auto()
    AT = auto()
    BEFORE = auto()
    AFTER = auto()
    FROM = auto()
    TO = auto()
    UNTIL = auto()
    BETWEEN = auto()
    LATER = auto()
    EARLIER = auto()
    THEN = auto()
    AND = auto()
    FOUND = auto()
    THERE = auto()
    SHARE = auto()
    RANK = auto()
    FAULT_NAME = auto()
    AGAIN = auto()


@dataclass(frozen=True, slots=True)
class Meaning:
    """A role, and what goes with it."""

    role: Role
    value: Any = None


@dataclass(frozen=True, slots=True)
class Verb:
    """``done_to_me``: what it is when I am the one it is done to. ``own``: when I do it."""

    done_to_me: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    by_other: tuple[str, ...] = ()
    """When somebody does it and I need not be named."""


@dataclass(frozen=True, slots=True)
class Noun:
    """``many``: the word itself says that there is more than one."""

    kinds: tuple[str, ...]
    many: bool = False


def kinds(*found: LabelKind) -> tuple[str, ...]:
    """As claims hold them."""
    return tuple(str(kind) for kind in found)


ANY_TOUCH: Final = kinds(*sorted(TOUCHES))
ON_THE_SKIN: Final = kinds(LabelKind.TOUCH, LabelKind.TAP, LabelKind.STROKE, LabelKind.HOLD)
"""What "touched" means without more: whatever the skin says."""
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
_UNITS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
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
_GENTLE: Final = ("gentle", "gently", "soft", "softly", "light", "lightly")
_STRONG: Final = ("strong", "strongly", "hard", "firm", "firmly")


def _meanings() -> dict[str, Meaning]:
    made: dict[str, Meaning] = {}

    def add(role: Role, *words: str, value: Any = None) -> None:
        made.update(dict.fromkeys(words, Meaning(role, value)))

    add(Role.PLAIN, "the", "this", "that", "of", "on", "in", "by", "for", "my", "me too", "it")
    add(Role.PLAIN, "today", "during", "during the", "also", "too", "there was", "there were")
    add(Role.PLAIN, "with", "along", "across", "over", "there came", "came", "day", "up", "lasted")
    add(
        Role.PLAIN, "the day", "of the day", "of me", "at me", "out", "direction", "here", "were at"
    )
    add(Role.PLAIN, "my memory", "my log", "log", "memory", "time", "towards", "toward", "celsius")
    add(
        Role.PLAIN,
        "kept",
        "kept it",
        "reached",
        "spent",
        "occurred",
        "took",
        "landed",
        "servo",
        "somewhere",
    )
    add(Role.ARTICLE, "a", "an")
    add(Role.SELF, "i")
    add(Role.OTHER, "somebody", "someone", "something", "a person", "a visitor", "anybody")
    add(Role.OTHER, "anyone")
    add(Role.ME, "me", "to me", "my way")
    add(Role.AUX, "was", "were", "got", "been", "being", "is", "had been")
    add(Role.SENSED, "felt", "noticed", "sensed", "had", "received", "experienced")
    add(Role.SENSED, "heard", value=VOICE)
    add(Role.SENSED, "saw", value=PERSON)
    add(Role.GAVE, "gave", "gave me")
    add(Role.QUIET, "quiet", "calm", "uneventful")
    add(Role.NOTHING_AT_ALL, "nothing happened")
    add(Role.PLAIN, "any")
    add(Role.NOT, "not", "never", "no", "without", "not even once", "not once")
    add(Role.NO_ONE, "nobody", "no one", "nothing", "none")
    add(Role.STRENGTH, *_GENTLE, value="gentle")
    add(Role.STRENGTH, *_STRONG, value="strong")
    add(Role.TIMES, "times", "time each")
    add(Role.COUNT, "one time", value=(1, 1))
    add(Role.HALF_DAY, "am", value=0)
    add(Role.HALF_DAY, "pm", value=720)
    add(Role.HALF_DAY, "o'clock", "o’clock")
    add(Role.ALL_DAY, "all day", "all day long", "the whole day", "all of the day")
    add(Role.ABOUT, "about", "around", "roughly", "nearly", "almost", "approximately")
    add(Role.BOUND, "at least", value="least")
    add(Role.BOUND, "more than", "over a", value="more")
    add(Role.BOUND, "at most", "up to", value="most")
    add(Role.BOUND, "less than", "fewer than", value="fewer")
    add(Role.BOUND, "only", "just", "exactly", value="exactly")
    add(Role.SHORTLY, "shortly", "just after", "soon")
    add(Role.AT, "at")
    add(Role.BEFORE, "before")
    add(Role.EARLIER, "before that", "before this", "earlier")
    add(Role.AFTER, "after")
    add(Role.FROM, "from", "since")
    add(Role.TO, "to")
    add(Role.UNTIL, "until", "till")
    add(Role.BETWEEN, "between")
    add(Role.LATER, "later")
    add(Role.THEN, "then", "afterwards", "afterward", "after that", "after this", "and then")
    add(Role.AND, "and", ",", ";", "but", "-", "–")
    add(Role.FOUND, "found")
    add(Role.THERE, "there", "was there")
    add(Role.SHARE, "all in all", "in all", "altogether", "in total", value="total")
    add(Role.SHARE, "most of them", "most", "mostly", value="most")
    add(Role.SHARE, "all of them", "all", "each", "every time", "each time", value="all")
    add(Role.RANK, "first", "the first time", "the first", value="first")
    add(Role.RANK, "last", "the last time", "the last", value="last")
    add(Role.AGAIN, "again", "back")
    for word, verb in _VERBS.items():
        add(Role.VERB, word, value=verb)
    for word, found in _NOUNS.items():
        many = word + ("es" if word.endswith("ch") else "s")
        add(Role.NOUN, word, value=Noun(found))
        add(Role.NOUN, many, value=Noun(found, many=True))
    for word, found in _ONE_NOUNS.items():
        add(Role.NOUN, word, value=Noun(found))
    for word, state in _STATES.items():
        add(Role.STATE, word, value=state)
    for word, places in _PLACES.items():
        add(Role.PLACE, word, value=places)
    for number, word in enumerate(NUMBERS):
        add(Role.NUMBER, word, value=float(number))
    for word, ten in _TENS.items():
        add(Role.NUMBER, word, value=float(ten))
        for one in range(1, 10):
            add(Role.NUMBER, f"{word}-{NUMBERS[one]}", value=float(ten + one))
    for word, count in _COUNTS.items():
        add(Role.COUNT, word, value=count)
    for word, part in DAYPARTS.items():
        add(Role.DAYPART, word, f"the {word}", f"in the {word}", f"at {word}", value=part)
    add(Role.CLOCK, "midnight", value=0.0)
    for word, unit in _UNITS.items():
        add(Role.UNIT, word, word + "s", value=unit)
        article = "an" if word == "hour" else "a"
        add(Role.SECONDS, f"{article} {word}", value=(unit, 0.5 * unit))
        add(Role.SECONDS, f"half {article} {word}", value=(0.5 * unit, 0.17 * unit))
        add(Role.SECONDS, f"{article} {word} and a half", value=(1.5 * unit, 0.17 * unit))
    add(Role.SECONDS, "a quarter of an hour", value=(900.0, 150.0))
    add(Role.SECONDS, "briefly", "a moment", value=(7.5, 7.5))
    add(Role.UNIT, "s", value=1.0)
    add(Role.UNIT, "min", value=60.0)
    add(Role.UNIT, "h", value=3600.0)
    add(Role.AMOUNT_UNIT, "degrees", "°", "degrees celsius", "°c", "degree", value="degrees")
    add(Role.AMOUNT_UNIT, "volts", "volt", "v", value="volts")
    for word, side in _SIDES.items():
        add(Role.SIDE, word, value=side)
    return made


MEANINGS: Final[dict[tuple[str, ...], Meaning]] = {
    tuple(phrase.split()): meaning for phrase, meaning in _meanings().items()
}
"""Phrase, as its words, to meaning; the longest phrase that fits is meant."""
LONGEST: Final = max(map(len, MEANINGS))
