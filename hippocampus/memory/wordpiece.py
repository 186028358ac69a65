"""Text into the tokens of BERT's uncased WordPiece, from the vocabulary of a tokenizer.json.

Greedy longest match first, as in Wu et al., Google's Neural Machine Translation System (2016), and
Devlin et al., BERT (2019). It is here, in a page of code, because a robot that recalls by a word
shall not need a tokenizer library and what that brings along.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONTINUED: Final = "##"
LONGEST_WORD: Final = 100
"""A word of more characters is unknown, as in the reference."""
_IDEOGRAPHS: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
_ASCII_SYMBOLS: Final = ((33, 47), (58, 64), (91, 96), (123, 126))


class VocabularyError(ValueError):
    """A file that is no uncased WordPiece vocabulary; one line for a person."""


@dataclass(frozen=True, slots=True)
class WordPiece:
    """A vocabulary: token to number, and the numbers of the marks around a text."""

    vocabulary: dict[str, int]
    unknown: int
    begin: int
    end: int

    def tokens(self, text: str, longest: int) -> list[int]:
        """Numbers of the tokens of ``text`` between the two marks, ``longest`` at most."""
        found: list[int] = []
        for word in words(text):
            found += self._pieces(word)
            if len(found) >= longest - 2:
                break
        return [self.begin, *found[: longest - 2], self.end]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > LONGEST_WORD:
            return [self.unknown]
        pieces: list[int] = []
        start = 0
        while start < len(word):
            for stop in range(len(word), start, -1):
                piece = word[start:stop] if start == 0 else CONTINUED + word[start:stop]
                number = self.vocabulary.get(piece)
                if number is not None:
                    pieces.append(number)
                    start = stop
                    break
            else:
                return [self.unknown]
        return pieces


def load(path: Path) -> WordPiece:
    """Read the vocabulary of a ``tokenizer.json``. Raises ``VocabularyError`` and ``OSError``."""
    try:
        vocabulary = json.loads(path.read_bytes())["model"]["vocab"]
        marks = [int(vocabulary[mark]) for mark in ("[UNK]", "[CLS]", "[SEP]")]
    except (ValueError, KeyError, TypeError) as error:
        raise VocabularyError(f"{path}: no vocabulary of an uncased BERT: {error}") from error
    return WordPiece(vocabulary, *marks)


def words(text: str) -> Iterator[str]:
    """Words and single symbols of ``text``: lower case, no accents, no control characters."""
    word: list[str] = []
    for character in unicodedata.normalize("NFD", _clean(text).lower()):
        kind = unicodedata.category(character)
        if kind == "Mn":
            continue
        if character.isspace() or _stands_alone(character, kind):
            if word:
                yield "".join(word)
                word = []
            if not character.isspace():
                yield character
        else:
            word.append(character)
    if word:
        yield "".join(word)


def _clean(text: str) -> str:
    kept = (" " if c in "\t\n\r" else c for c in text if c not in "\0\ufffd")
    return "".join(c for c in kept if not unicodedata.category(c).startswith("C"))


def _stands_alone(character: str, kind: str) -> bool:
    point = ord(character)
    return (
        kind.startswith("P")
        or any(first <= point <= last for first, last in _ASCII_SYMBOLS)
        or any(first <= point <= last for first, last in _IDEOGRAPHS)
    )
