"""The diary's settings, from a file to a writer that always comes back."""

from __future__ import annotations

import numpy as np
import pytest

from ember_embodied.bench.hippocampus.diary_day import known_day
from ember_embodied.config import parse_config
from ember_embodied.telling import backend_of, diary_writer, tell
from firmware_bridge.clock import SystemClock, VirtualClock
from hippocampus.diary.record import read_diary
from hippocampus.diary.settings import DiarySettings
from hippocampus.language.anthropic import Anthropic
from hippocampus.language.llama_cpp import LlamaCpp
from hippocampus.language.ollama import Ollama
from hippocampus.language.openai_compatible import OpenAiCompatible


def made(**settings):
    return backend_of(DiarySettings(**settings), VirtualClock(), np.random.default_rng(0))


def test_without_settings_the_template_writes() -> None:
    assert made() is None
    json_file, text_file = diary_writer(DiarySettings(), VirtualClock())(known_day())
    diary = read_diary(json_file.data)
    assert (json_file.name, text_file.name) == ("diary.json", "diary.md")
    assert diary.writer == "template"
    assert diary.fell_back is None
    assert diary.sentences


def test_a_backend_is_made_of_its_settings(tmp_path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-abc")
    key.chmod(0o600)
    assert isinstance(made(backend="ollama", model="m"), Ollama)
    assert isinstance(made(backend="openai_compatible", model="m"), OpenAiCompatible)
    assert isinstance(made(backend="llama_cpp", model="m.gguf"), LlamaCpp)
    far = made(backend="anthropic", model="m", key_file=key, may_leave_robot=True)
    assert isinstance(far, Anthropic)
    assert far.server.secure


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"backend": "anthropic", "model": "m"}, "nothing leaves the robot"),
        ({"backend": "ollama", "model": "m", "endpoint": "http://10.0.0.2"}, "nothing leaves"),
        (
            {
                "backend": "ollama",
                "model": "m",
                "endpoint": "http://10.0.0.2",
                "may_leave_robot": True,
            },
            "plain_http",
        ),
        ({"backend": "ollama"}, "model is not set"),
        ({"backend": "rwkv", "model": "/no/such/model"}, "No such file"),
        ({"backend": "llama_cpp", "model": "/no/such/model", "program": "sh"}, "No such file"),
    ],
)
def test_what_is_set_wrongly_is_told_in_the_diary(settings, why) -> None:
    diary = tell(known_day(), DiarySettings(**settings), SystemClock())
    assert diary.writer == "template"
    assert diary.sentences
    assert why in str(diary.fell_back)


def test_a_key_that_others_can_read_is_not_used(tmp_path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-abc")
    key.chmod(0o644)
    settings = DiarySettings(backend="ollama", model="m", key_file=key)
    assert tell(known_day(), settings, VirtualClock()).fell_back is not None
    settings = DiarySettings(backend="openai_compatible", model="m", key_file=key)
    assert "chmod 600" in str(tell(known_day(), settings, VirtualClock()).fell_back)


def test_the_settings_are_a_table_of_the_configuration() -> None:
    text = '[diary]\nbackend = "ollama"\nmodel = "qwen3:4b"\nkey_file = "/k"\n'
    assert parse_config(text).diary.model == "qwen3:4b"
    with pytest.raises(Exception, match="backend"):
        parse_config('[diary]\nbackend = "oracle"')
