"""The diary's settings made into a writer that always comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Final

import numpy as np

from firmware_bridge.clock import Clock
from hippocampus.diary.record import DIARY_FILE, DIARY_TEXT, Diary, diary_json, diary_markdown
from hippocampus.diary.settings import DiarySettings
from hippocampus.diary.write import Limits, write
from hippocampus.language.anthropic import Anthropic
from hippocampus.language.backend import LanguageBackend, NoText, Outcome, Prompt, Trouble
from hippocampus.language.endpoint import Endpoint, EndpointError, endpoint
from hippocampus.language.key import Key, KeyFileError, read_key
from hippocampus.language.llama_cpp import LlamaCpp
from hippocampus.language.ollama import Ollama
from hippocampus.language.openai_compatible import OpenAiCompatible
from hippocampus.language.rwkv import Rwkv
from hippocampus.language.rwkv_tokens import ByteVocabulary, VocabularyError, read_vocabulary
from hippocampus.language.rwkv_weights import WeightsError, read_weights
from hippocampus.night.collaborators import NamedFile
from hippocampus.night.episode import Day

_ENDPOINTS: Final = {
    "ollama": "http://127.0.0.1:11434",
    "openai_compatible": "http://127.0.0.1:8080/v1",
    "anthropic": "https://api.anthropic.com",
}


@dataclass(frozen=True, slots=True)
class Unusable:
    """A backend that was set up wrongly: it says so instead of anything else."""

    name: str
    why: str

    def complete(
        self,
        prompt: Prompt,  # noqa: ARG002
        *,
        max_tokens: int,  # noqa: ARG002
        timeout_s: float,  # noqa: ARG002
    ) -> Outcome:
        """Why not."""
        return NoText(Trouble.REFUSED, self.why)


def backend_of(
    settings: DiarySettings, clock: Clock, rng: np.random.Generator
) -> LanguageBackend | None:
    """The backend that is set; None for the template. Files are read, nothing is sent.

    What is set wrongly becomes a backend that says so, since a night must end all the same.
    """
    if settings.backend == "template":
        return None
    if not settings.model:
        return Unusable(settings.backend, "[diary] model is not set")
    try:
        return _made(settings, clock, rng)
    except (EndpointError, KeyFileError, WeightsError, VocabularyError, ValueError) as error:
        return Unusable(settings.backend, str(error))


def tell(day: Day, settings: DiarySettings, clock: Clock, *, zone: tzinfo | None = None) -> Diary:
    """The diary of ``day`` as it is set; the date seeds what is drawn."""
    rng = np.random.default_rng(int(day.date.replace("-", "")))
    backend = backend_of(settings, clock, rng)
    limits = Limits(max_tokens=settings.max_tokens, timeout_s=settings.timeout_s)
    return write(day, rng, backend, zone=zone, limits=limits)


def diary_files(diary: Diary) -> tuple[NamedFile, ...]:
    """As they lie beside the day's facts."""
    return (
        NamedFile(DIARY_FILE, diary_json(diary)),
        NamedFile(DIARY_TEXT, diary_markdown(diary)),
    )


def diary_writer(settings: DiarySettings, clock: Clock) -> Callable[[Day], tuple[NamedFile, ...]]:
    """What a night calls for each of its days."""
    return lambda day: diary_files(tell(day, settings, clock))


def _made(settings: DiarySettings, clock: Clock, rng: np.random.Generator) -> LanguageBackend:
    model = settings.model
    match settings.backend:
        case "llama_cpp":
            return LlamaCpp(
                Path(model),
                clock,
                settings.program,
                settings.threads,
                settings.context_tokens,
                settings.temperature,
            )
        case "rwkv":
            words = read_vocabulary(settings.vocabulary) if settings.vocabulary else None
            free = {} if settings.temperature is None else {"temperature": settings.temperature}
            return Rwkv(
                read_weights(Path(model)),
                words or ByteVocabulary(),
                clock,
                rng,
                label=Path(model).name,
                **free,
            )
        case "ollama":
            server = _server(settings)
            return Ollama(server, model, settings.context_tokens, settings.temperature)
        case "anthropic":
            return Anthropic(_server(settings), model, _key(settings))
        case _:
            return OpenAiCompatible(
                _server(settings), model, _key(settings), temperature=settings.temperature
            )


def _server(settings: DiarySettings) -> Endpoint:
    return endpoint(
        settings.endpoint or _ENDPOINTS[settings.backend],
        may_leave=settings.may_leave_robot,
        may_be_plain=settings.plain_http,
    )


def _key(settings: DiarySettings) -> Key | None:
    return read_key(settings.key_file) if settings.key_file is not None else None
