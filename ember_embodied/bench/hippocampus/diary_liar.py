"""A language backend that reads its prompt and lies about it, or does not."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from hippocampus.language.backend import Outcome, Prompt, Text

_SWAPS: Final[tuple[tuple[str, ...], ...]] = (
    ("left antenna", "right antenna", "head", "body"),
    ("stroked", "tapped", "held", "pushed", "bumped"),
    ("on my left", "on my right", "in front of me", "behind me"),
    ("small hours", "morning", "afternoon", "evening"),
    ("a face", "nobody there"),
    ("lifted", "tilted"),
    ("once", "twice", "three times", "five times", "12 times"),
    ("one", "two", "three", "four", "seven", "eleven"),
    ("second", "minute", "hour"),
    ("Somebody", "Nobody"),
    ("somebody", "nobody"),
    ("heard", "saw"),
    ("first", "last"),
    ("gently", "firmly"),
    ("was", "was never", "was not"),
    ("voices", "faces"),
    ("until", "from"),
    ("Anna", "Jo", "Mehmet"),
    ("quiet day", "busy day"),
)
_DIGITS: Final = re.compile(r"\d+")


def twisted(sentence: str, rng: np.random.Generator) -> str | None:
    """``sentence`` with one word or number changed; None where there is none to change."""
    choices: list[str] = []
    for group in _SWAPS:
        for word in group:
            pattern = re.compile(rf"\b{re.escape(word)}\b")
            if pattern.search(sentence):
                others = [other for other in group if other != word]
                other = others[int(rng.integers(len(others)))]
                choices.append(pattern.sub(other, sentence, count=1))
    for found in _DIGITS.finditer(sentence):
        other = str(max(0, int(found[0]) + int(rng.choice([-7, -2, -1, 1, 2, 7, 10]))))
        if found.start() and sentence[found.start() - 1] == ":":
            other = f"{int(other) % 60:02d}"
        choices.append(sentence[: found.start()] + other + sentence[found.end() :])
    choices = [choice for choice in choices if choice != sentence]
    return choices[int(rng.integers(len(choices)))] if choices else None


class Liar:
    """Tells each line of the prompt in a plain sentence; the liar changes one word of each."""

    def __init__(self, rng: np.random.Generator, *, honest: bool) -> None:
        self._rng: Final = rng
        self._honest: Final = honest
        self.name: Final = "honest" if honest else "liar"

    def complete(self, prompt: Prompt, *, max_tokens: int, timeout_s: float) -> Outcome:  # noqa: ARG002
        """See ``LanguageBackend``."""
        said = []
        for number, what, rest in re.findall(r"\[(L\d+)\] ([a-z ]+?);(.*)", prompt.facts):
            sentence = _told(what, rest)
            if sentence is not None:
                told = sentence if self._honest else twisted(sentence, self._rng)
                said.append(f"{told or sentence} [{number}]")
        return Text("\n".join(said))


_VERBS: Final = {
    "stroke": "stroked",
    "tap": "tapped",
    "hold": "held",
    "push": "pushed",
    "bump": "bumped",
}


def _told(what: str, rest: str) -> str | None:
    """One line of the prompt as a sentence."""
    at = re.search(r"at (\d+:\d\d)", rest)
    place = re.search(r"on (left antenna|right antenna|head|body)", rest)
    if at is None:
        return None
    if what in _VERBS and place is not None:
        return f"At {at[1]} somebody {_VERBS[what]} my {place[1]}."
    side = re.search(r"; (left|right);", rest)
    plain = {
        "lift": "I was lifted",
        "set down": "I was set down",
        "voice": "I heard a voice" + (f" on my {side[1]}" if side else ""),
        "person": "I saw a face",
        "startled": "I was startled",
        "restart": "I woke up",
        "followed": "I followed a face",
    }
    return f"{plain[what]} at {at[1]}." if what in plain else None
