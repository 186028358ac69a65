"""What a word or a phrase can do in a sentence of a diary, and what it can mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


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
