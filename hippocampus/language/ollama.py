"""Ollama's own API: ``POST {endpoint}/api/chat``, not streamed."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from hippocampus.language.backend import NoText, Outcome, Prompt, Text, Trouble
from hippocampus.language.endpoint import Endpoint
from hippocampus.language.exchange import post_json


class _Message(msgspec.Struct):
    content: str = ""


class _Answer(msgspec.Struct):
    message: _Message
    done: bool = True


@dataclass(frozen=True, slots=True)
class Ollama:
    """``server``: http://127.0.0.1:11434 where it runs on the same machine."""

    server: Endpoint
    model: str
    context_tokens: int = 8192
    """Ollama cuts a longer prompt off at its front without a word."""
    temperature: float | None = None

    @property
    def name(self) -> str:
        """Kind and model."""
        return f"ollama {self.model}"

    def complete(self, prompt: Prompt, *, max_tokens: int, timeout_s: float) -> Outcome:
        """See ``LanguageBackend``."""
        options: dict[str, object] = {"num_predict": max_tokens, "num_ctx": self.context_tokens}
        if self.temperature is not None:
            options["temperature"] = self.temperature
        body: dict[str, object] = {
            "model": self.model,
            "messages": prompt.messages,
            "stream": False,
            "options": options,
        }
        answer = post_json(self.server, "/api/chat", body, _Answer, timeout_s=timeout_s)
        if isinstance(answer, NoText):
            return answer
        if not answer.done:
            return NoText(Trouble.GARBLED, f"{self.server}: an answer that is not whole")
        return Text(answer.message.content)
