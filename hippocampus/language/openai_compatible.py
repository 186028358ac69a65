"""Servers that speak OpenAI's Chat Completions: ``POST {endpoint}/chat/completions``.

OpenAI itself, llama.cpp's ``llama-server``, vLLM, LM Studio, Ollama's second door, and many more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from hippocampus.language.backend import NoText, Outcome, Prompt, Text, Trouble
from hippocampus.language.endpoint import Endpoint
from hippocampus.language.exchange import post_json
from hippocampus.language.key import Key


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]


@dataclass(frozen=True, slots=True)
class OpenAiCompatible:
    """A chat server. ``server`` ends where the version does: ``https://api.openai.com/v1``."""

    server: Endpoint
    model: str
    key: Key | None = None
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """OpenAI's reasoning models only know the second; most other servers only the first."""
    temperature: float | None = None
    """0 to 2; None: what the server takes for right. Reasoning models refuse any other."""

    @property
    def name(self) -> str:
        """Kind and model."""
        return f"openai-compatible {self.model}"

    def complete(self, prompt: Prompt, *, max_tokens: int, timeout_s: float) -> Outcome:
        """See ``LanguageBackend``."""
        body: dict[str, object] = {
            "model": self.model,
            "messages": prompt.messages,
            self.limit_name: max_tokens,
            "stream": False,
        }
        if self.temperature is not None:
            body["temperature"] = self.temperature
        headers = {"Authorization": f"Bearer {self.key.secret}"} if self.key else {}
        answer = post_json(
            self.server,
            "/chat/completions",
            body,
            _Answer,
            timeout_s=timeout_s,
            headers=headers,
            key=self.key,
        )
        if isinstance(answer, NoText):
            return answer
        if not answer.choices:
            return NoText(Trouble.GARBLED, f"{self.server}: an answer without a choice")
        choice = answer.choices[0]
        if choice.message.refusal or choice.finish_reason == "content_filter":
            return NoText(Trouble.REFUSED, f"{self.server}: the model refuses")
        return Text(choice.message.content or "")
