"""Who writes the diary, and what may leave the robot for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

BackendName = Literal["template", "llama_cpp", "openai_compatible", "anthropic", "ollama", "rwkv"]


@dataclass(frozen=True, slots=True)
class DiarySettings:
    """The diary, and who writes it. Nothing leaves the robot unless may_leave_robot says so."""

    backend: BackendName = "template"
    """template needs nothing. llama_cpp and rwkv run a model here; ollama and openai_compatible
    ask a server, here or elsewhere; anthropic asks Anthropic. What they say is checked against
    the labels, and when too little holds the template writes."""
    model: str = ""
    """Name of the model, or its file: GGUF for llama_cpp; rwkv.cpp's .bin or safetensors for
    rwkv."""
    endpoint: str = ""
    """Server; empty: http://127.0.0.1:11434 for ollama, http://127.0.0.1:8080/v1 for
    openai_compatible, https://api.anthropic.com for anthropic."""
    key_file: Path | None = None
    """File with the server's key, readable by its owner alone (chmod 600)."""
    may_leave_robot: bool = False
    """Whether the labels of a day (what happened when, and names) may go to another machine."""
    plain_http: bool = False
    """Whether they may go there without TLS, so that the network reads along."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 120.0
    """Longest time for an answer, s, a model's loading included."""
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 800
    """Longest answer."""
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    """How freely words are drawn; unset: what the server takes for right."""
    program: str = "llama-server"
    """llama.cpp's server, on PATH or a path."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=256)] = 2
    """Of llama_cpp."""
    context_tokens: Annotated[int, msgspec.Meta(ge=512, le=1_000_000)] = 8192
    """Of llama_cpp and ollama: prompt and answer together."""
    vocabulary: Path | None = None
    """Of rwkv: the vocabulary file of its World models; unset: bytes."""
