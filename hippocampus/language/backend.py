"""What every source of words has in common: a prompt goes in, a text or a reason why not comes out.

That a server is down, slow or unwilling is expected, so it is a value. Nothing here raises for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

MAX_ANSWER_BYTES: Final = 1_000_000
"""An answer longer than this is not read to its end."""


class Trouble(StrEnum):
    """Why there is no text."""

    DOWN = "down"
    """Nobody answers, or what answers is broken."""
    SLOW = "slow"
    """No answer within the time that was given."""
    REFUSED = "refused"
    """It does not want to, or it may not be asked."""
    GARBLED = "garbled"
    """The answer is not one, or it is longer than anything that was asked for."""


@dataclass(frozen=True, slots=True)
class Text:
    """What was said. Nothing about it is checked."""

    text: str


@dataclass(frozen=True, slots=True)
class NoText:
    """There is no text. ``why`` is one line for a person; no key and no prompt is in it."""

    trouble: Trouble
    why: str


Outcome = Text | NoText


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked: the standing rules, and the facts of the day."""

    rules: str
    facts: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """Both as chat servers take them."""
        return [
            {"role": "system", "content": self.rules},
            {"role": "user", "content": self.facts},
        ]

    @property
    def whole(self) -> str:
        """Both in one, for models that know no roles."""
        return f"{self.rules}\n\n{self.facts}\n"


class LanguageBackend(Protocol):
    """A source of words."""

    @property
    def name(self) -> str:
        """Kind and model, as it is written into the diary: ``ollama qwen3:4b``."""
        ...

    def complete(self, prompt: Prompt, *, max_tokens: int, timeout_s: float) -> Outcome:
        """At most ``max_tokens`` of text within ``timeout_s`` of real time, start-up included."""
        ...
