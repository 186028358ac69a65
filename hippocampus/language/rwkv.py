"""RWKV-7 on this machine's own processor, in numpy: a prompt of any length in constant memory."""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware_bridge.clock import Clock
from hippocampus.language.backend import NoText, Outcome, Prompt, Text, Trouble
from hippocampus.language.rwkv_model import start, step
from hippocampus.language.rwkv_tokens import END, Vocabulary, VocabularyError
from hippocampus.language.rwkv_weights import Floats, Weights

_SECOND_NS: Final = 1_000_000_000
_ASKED: Final = "User: {}\n\nAssistant:"
"""How RWKV's instructed models were taught."""
_END_OF_TURN: Final = b"\n\nUser:"


class Rwkv:
    """A model, its vocabulary and what draws its words."""

    def __init__(
        self,
        weights: Weights,
        vocabulary: Vocabulary,
        clock: Clock,
        rng: np.random.Generator,
        *,
        label: str = "model",
        temperature: float = 1.0,
        top_p: float = 0.5,
    ) -> None:
        """``temperature`` 0: always the likeliest token; ``top_p``: 0 to 1, nucleus sampling.

        Raises ``ValueError`` where the vocabulary has more tokens than the model.
        """
        if vocabulary.size > len(weights.embedding):
            raise ValueError(
                f"the vocabulary has {vocabulary.size} tokens, the model {len(weights.embedding)}"
            )
        self._weights: Final = weights
        self._vocabulary: Final = vocabulary
        self._clock: Final = clock
        self._rng: Final = rng
        self._temperature: Final = temperature
        self._top_p: Final = top_p
        self.name: Final = f"rwkv {label}"

    def complete(self, prompt: Prompt, *, max_tokens: int, timeout_s: float) -> Outcome:
        """See ``LanguageBackend``; the time is looked at before each token."""
        end_ns = self._clock.mono_ns() + int(timeout_s * _SECOND_NS)
        # An empty line would end the turn.
        asked = "\n".join(line for line in prompt.whole.splitlines() if line.strip())
        try:
            tokens = self._vocabulary.encode(_ASKED.format(asked))
        except VocabularyError as error:
            return NoText(Trouble.REFUSED, f"{self.name}: {error}")
        state = start(self._weights)
        logits = np.zeros(len(self._weights.head), np.float32)
        said = bytearray()
        for number in range(len(tokens) + max_tokens):
            if self._clock.mono_ns() >= end_ns:
                return NoText(Trouble.SLOW, f"{self.name}: not done within {timeout_s:g} s")
            if number < len(tokens):
                token = tokens[number]
            else:
                token = draw(logits, self._temperature, self._top_p, self._rng)
                if token == END:
                    break
                said += self._vocabulary.piece(token)
                if said.endswith(_END_OF_TURN):
                    del said[-len(_END_OF_TURN) :]
                    break
            logits, state = step(token, self._weights, state)
        return Text(said.decode("utf-8", "replace"))


def draw(logits: Floats, temperature: float, top_p: float, rng: np.random.Generator) -> int:
    """One token from the likeliest ones that make up ``top_p`` (Holtzman, arXiv 1904.09751)."""
    if temperature <= 0.0:
        return int(np.argmax(logits))
    scaled = (logits - np.max(logits)).astype(np.float64) / temperature
    chances = np.exp(scaled)
    chances /= chances.sum()
    order = np.argsort(-chances, kind="stable")
    nucleus = order[: int(np.searchsorted(np.cumsum(chances[order]), top_p)) + 1]
    weights = chances[nucleus]
    return int(rng.choice(nucleus, p=weights / weights.sum()))
