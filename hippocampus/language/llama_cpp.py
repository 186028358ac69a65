"""llama.cpp with a GGUF model: its own ``llama-server``, started for one answer and ended after it.

The server listens on loopback alone, at a port that was free a moment ago, and lives only as long
as the answer takes: a model in memory all day would cost the robot what it has not got.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from firmware_bridge.clock import Clock
from hippocampus.language.backend import NoText, Outcome, Prompt, Trouble
from hippocampus.language.endpoint import Endpoint
from hippocampus.language.exchange import Answer, request
from hippocampus.language.openai_compatible import OpenAiCompatible

GGUF_MAGIC: Final = b"GGUF"
_LOOPBACK: Final = "127.0.0.1"
_ASK_AGAIN_NS: Final = 100_000_000
_HEALTH_S: Final = 2.0
_END_S: Final = 5.0
_OK: Final = 200
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class LlamaCpp:
    """A model file and the program that runs it."""

    model: Path
    clock: Clock
    program: str = "llama-server"
    """Found on PATH, or a path."""
    threads: int = 2
    context_tokens: int = 8192
    temperature: float | None = None

    @property
    def name(self) -> str:
        """Kind and model."""
        return f"llama.cpp {self.model.name}"

    def complete(self, prompt: Prompt, *, max_tokens: int, timeout_s: float) -> Outcome:
        """See ``LanguageBackend``; loading the model counts."""
        end_ns = self.clock.mono_ns() + int(timeout_s * _SECOND_NS)
        program = shutil.which(self.program)
        if program is None:
            return NoText(Trouble.DOWN, f"there is no {self.program} here; it comes with llama.cpp")
        try:
            with self.model.open("rb") as file:
                magic = file.read(len(GGUF_MAGIC))
        except OSError as error:
            return NoText(Trouble.DOWN, f"{self.model}: {error.strerror}")
        if magic != GGUF_MAGIC:
            return NoText(Trouble.REFUSED, f"{self.model} is not a GGUF model")
        server = Endpoint(secure=False, host=_LOOPBACK, port=_free_port(), path="")
        command = [program, "--model", str(self.model), "--host", server.host]
        command += ["--port", str(server.port), "--threads", str(self.threads)]
        command += ["--ctx-size", str(self.context_tokens), "--parallel", "1"]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            return NoText(Trouble.DOWN, f"{program}: {error.strerror}")
        try:
            trouble = self._ready(process, server, end_ns)
            if trouble is not None:
                return trouble
            left_s = (end_ns - self.clock.mono_ns()) / _SECOND_NS
            chat = OpenAiCompatible(
                replace(server, path="/v1"),
                self.model.stem,
                temperature=self.temperature,
            )
            return chat.complete(prompt, max_tokens=max_tokens, timeout_s=max(left_s, 0.0))
        finally:
            _end(process)

    def _ready(
        self, process: subprocess.Popen[bytes], server: Endpoint, end_ns: int
    ) -> NoText | None:
        """None when the model is loaded."""
        while self.clock.mono_ns() < end_ns:
            code = process.poll()
            if code is not None:
                return NoText(Trouble.DOWN, f"{self.program} ended with code {code}: {self.model}")
            answer = request(server, "GET", "/health", b"", {}, _HEALTH_S)
            if isinstance(answer, Answer) and answer.status == _OK:
                return None
            self.clock.sleep_until_ns(self.clock.mono_ns() + _ASK_AGAIN_NS)
        return NoText(Trouble.SLOW, f"{self.program}: {self.model} was not loaded in time")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and kill it where it does not; nothing stays behind."""
    killer = threading.Timer(_END_S, process.kill)
    killer.start()
    process.terminate()
    process.wait()
    killer.cancel()
