"""The clients against real HTTP, with bodies that the makers' own packages read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hippocampus.language.anthropic import Anthropic
from hippocampus.language.backend import NoText, Prompt, Text, Trouble
from hippocampus.language.key import Key
from hippocampus.language.ollama import Ollama
from hippocampus.language.openai_compatible import OpenAiCompatible

PROMPT = Prompt("Be honest.", "[L1] a stroke")
SECRET = "sk-very-secret"
OPENAI_BODY: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1764000000,
    "model": "small",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "I was stroked [L1].", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19},
}
ANTHROPIC_BODY: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "small",
    "content": [{"type": "text", "text": "I was stroked [L1]."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 7},
}
OLLAMA_BODY: dict[str, Any] = {
    "model": "small",
    "created_at": "2026-11-22T08:17:24.694493298Z",
    "message": {"role": "assistant", "content": "I was stroked [L1]."},
    "done": True,
    "done_reason": "stop",
    "total_duration": 837122888,
    "load_duration": 263000000,
    "prompt_eval_count": 12,
    "prompt_eval_duration": 110000000,
    "eval_count": 7,
    "eval_duration": 450000000,
}


def test_openai_compatible(peer) -> None:
    peer.says(OPENAI_BODY)
    backend = OpenAiCompatible(peer.endpoint("/v1"), "small", Key(SECRET), temperature=0.0)
    assert backend.complete(PROMPT, max_tokens=99, timeout_s=5) == Text("I was stroked [L1].")
    asked = peer.asked[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert asked.body["messages"] == [
        {"role": "system", "content": "Be honest."},
        {"role": "user", "content": "[L1] a stroke"},
    ]
    assert (asked.body["max_tokens"], asked.body["temperature"]) == (99, 0.0)


def test_anthropic(peer) -> None:
    peer.says(ANTHROPIC_BODY)
    backend = Anthropic(peer.endpoint(), "small", Key(SECRET))
    assert backend.complete(PROMPT, max_tokens=99, timeout_s=5) == Text("I was stroked [L1].")
    asked = peer.asked[0]
    assert asked.path == "/v1/messages"
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert headers["x-api-key"] == SECRET
    assert headers["anthropic-version"] == "2023-06-01"
    assert asked.body["system"] == "Be honest."
    assert asked.body["max_tokens"] == 99


def test_ollama(peer) -> None:
    peer.says(OLLAMA_BODY)
    backend = Ollama(peer.endpoint(), "small", context_tokens=4096)
    assert backend.complete(PROMPT, max_tokens=99, timeout_s=5) == Text("I was stroked [L1].")
    asked = peer.asked[0]
    assert asked.path == "/api/chat"
    assert asked.body["stream"] is False
    assert asked.body["options"] == {"num_predict": 99, "num_ctx": 4096}


@pytest.mark.slow
def test_the_makers_packages_read_the_same_bytes() -> None:
    """So the bodies above are what real servers send."""
    chat = pytest.importorskip("openai.types.chat", exc_type=ImportError)
    said = chat.ChatCompletion.model_validate_json(json.dumps(OPENAI_BODY), strict=True)
    assert said.choices[0].message.content == "I was stroked [L1]."
    messages = pytest.importorskip("anthropic.types", exc_type=ImportError)
    told = messages.Message.model_validate_json(json.dumps(ANTHROPIC_BODY), strict=True)
    assert told.content[0].text == "I was stroked [L1]."
    ollama = pytest.importorskip("ollama", exc_type=ImportError)
    heard = ollama.ChatResponse.model_validate_json(json.dumps(OLLAMA_BODY))
    assert heard.message.content == "I was stroked [L1]."


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (OpenAiCompatible, {**OPENAI_BODY, "choices": []}),
        (OpenAiCompatible, {"choices": [{"message": {"content": 7}}]}),
        (Anthropic, {"type": "message"}),
        (Ollama, {**OLLAMA_BODY, "done": False}),
        (Ollama, [1, 2]),
        (Ollama, b"<html>"),
        (Ollama, b"[" * 100_000),
        (Anthropic, b'{"content": [{"type": "text", "text": "\xff\xfe"}]}'),
        (OpenAiCompatible, b""),
    ],
)
def test_an_answer_that_is_none_is_garbled(peer, kind, body) -> None:
    peer.says(body)
    outcome = kind(peer.endpoint(), "small").complete(PROMPT, max_tokens=9, timeout_s=5)
    assert isinstance(outcome, NoText)
    assert outcome.trouble is Trouble.GARBLED


def test_a_model_that_refuses(peer) -> None:
    peer.says({**ANTHROPIC_BODY, "content": [], "stop_reason": "refusal"})
    outcome = Anthropic(peer.endpoint(), "small").complete(PROMPT, max_tokens=9, timeout_s=5)
    assert isinstance(outcome, NoText)
    assert outcome.trouble is Trouble.REFUSED
    choice = {"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}
    peer.says({"choices": [choice]})
    outcome = OpenAiCompatible(peer.endpoint(), "small").complete(PROMPT, max_tokens=9, timeout_s=5)
    assert isinstance(outcome, NoText)
    assert outcome.trouble is Trouble.REFUSED


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (401, {"error": {"message": f"Incorrect API key: {SECRET}"}}, Trouble.REFUSED),
        (404, {"error": "model 'small' not found"}, Trouble.REFUSED),
        (
            429,
            {"type": "error", "error": {"type": "rate_limit_error", "message": "later"}},
            "refused",
        ),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "later"}}, "down"),
        (500, b"oops", Trouble.DOWN),
    ],
)
def test_an_error_is_told_without_the_key(peer, status, body, trouble) -> None:
    peer.says(body, status)
    outcome = Anthropic(peer.endpoint(), "small", Key(SECRET)).complete(
        PROMPT, max_tokens=9, timeout_s=5
    )
    assert isinstance(outcome, NoText)
    assert outcome.trouble == trouble
    assert f"HTTP {status}" in outcome.why
    assert SECRET not in outcome.why
