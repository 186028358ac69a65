"""Anthropic's Messages: ``POST {endpoint}/v1/messages``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from hippocampus.language.backend import NoText, Outcome, Prompt, Text, Trouble
from hippocampus.language.endpoint import Endpoint
from hippocampus.language.exchange import post_json
from hippocampus.language.key import Key

API_VERSION: Final = "2023-06-01"


class _Block(msgspec.Struct):
    type: str
    text: str = ""


class _Answer(msgspec.Struct):
    content: list[_Block]
    stop_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Anthropic:
    """``server``: https://api.anthropic.com, or one that speaks like it."""

    server: Endpoint
    model: str
    key: Key | None = None

    @property
    def name(self) -> str:
        """Kind and model."""
        return f"anthropic {self.model}"

    def complete(self, prompt: Prompt, *, max_tokens: int, timeout_s: float) -> Outcome:
        """See ``LanguageBackend``."""
        body: dict[str, object] = {
            "model": self.model,
            "max_tokens": max_tokens,
            "system": prompt.rules,
            "messages": [{"role": "user", "content": prompt.facts}],
        }
        headers = {"anthropic-version": API_VERSION}
        if self.key:
            headers["x-api-key"] = self.key.secret
        answer = post_json(
            self.server,
            "/v1/messages",
            body,
            _Answer,
            timeout_s=timeout_s,
            headers=headers,
            key=self.key,
        )
        if isinstance(answer, NoText):
            return answer
        if answer.stop_reason == "refusal":
            return NoText(Trouble.REFUSED, f"{self.server}: the model refuses")
        return Text("".join(block.text for block in answer.content if block.type == "text"))
