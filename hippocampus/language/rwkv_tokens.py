"""Text to tokens and back, for RWKV: bytes as they are, or the vocabulary of its "World" models.

A World vocabulary is a text file, a line for each token: number, Python literal, length in bytes.
The longest token that fits is taken, from left to right. Token 0 ends a text.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final, Protocol

END: Final = 0
BYTES: Final = 256


class VocabularyError(ValueError):
    """The file is no vocabulary; one line for a person."""


class Vocabulary(Protocol):
    """Numbers for pieces of text."""

    size: int

    def encode(self, text: str) -> list[int]:
        """The tokens of ``text``."""
        ...

    def piece(self, token: int) -> bytes:
        """The bytes that ``token`` stands for."""
        ...


class ByteVocabulary:
    """Every byte is its own token."""

    size = BYTES

    def encode(self, text: str) -> list[int]:
        """UTF-8."""
        return list(text.encode())

    def piece(self, token: int) -> bytes:
        """One byte."""
        return bytes([token])


class WorldVocabulary:
    """Longest match first."""

    def __init__(self, pieces: dict[int, bytes]) -> None:
        self._pieces: Final = pieces
        self._tokens: Final = {piece: token for token, piece in pieces.items()}
        self._longest: Final = max(map(len, self._tokens))
        self.size = max(pieces) + 1

    def encode(self, text: str) -> list[int]:
        """Raises ``VocabularyError`` for a byte that has no token."""
        raw = text.encode()
        tokens = []
        at = 0
        while at < len(raw):
            for length in range(min(self._longest, len(raw) - at), 0, -1):
                token = self._tokens.get(raw[at : at + length])
                if token is not None:
                    tokens.append(token)
                    at += length
                    break
            else:
                raise VocabularyError(f"no token begins with byte {raw[at]:#04x}")
        return tokens

    def piece(self, token: int) -> bytes:
        """What ``token`` stands for; nothing for one that is not in the file."""
        return self._pieces.get(token, b"")


def read_vocabulary(path: Path) -> WorldVocabulary:
    """The vocabulary in ``path``. Raises ``VocabularyError``."""
    pieces: dict[int, bytes] = {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise VocabularyError(f"{path}: {error}") from None
    for number, line in enumerate(lines, 1):
        token, _, rest = line.partition(" ")
        literal, _, length = rest.rpartition(" ")
        try:
            piece = ast.literal_eval(literal)
            raw = piece.encode() if isinstance(piece, str) else piece
            if not isinstance(raw, bytes) or len(raw) != int(length):
                raise ValueError("its length differs")
            pieces[int(token)] = raw
        except (ValueError, SyntaxError) as error:
            raise VocabularyError(f"{path}, line {number}: {error}") from None
    if not pieces:
        raise VocabularyError(f"{path} is empty")
    return WorldVocabulary(pieces)
