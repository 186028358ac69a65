"""The program is started, asked and ended; whatever it does, nothing of it stays."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from firmware_bridge.clock import SystemClock
from hippocampus.language.backend import NoText, Prompt, Text, Trouble
from hippocampus.language.llama_cpp import LlamaCpp

PROMPT = Prompt("rules", "facts")
SERVER = """#!{python}
import json, os, pathlib, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
pathlib.Path({folder!r}, "pid").write_text(str(os.getpid()))
{trick}
class Handler(BaseHTTPRequestHandler):
    loading = 2
    def answer(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
    def do_GET(self):
        Handler.loading -= 1
        if Handler.loading > 0:
            self.answer(503, {{"error": {{"message": "Loading model"}}}})
        else:
            self.answer(200, {{"status": "ok"}})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = asked["messages"][1]["content"] + " " + given["--host"]
        self.answer(200, {{"choices": [{{"message": {{"content": words}}}}]}})
HTTPServer((given["--host"], int(given["--port"])), Handler).serve_forever()
"""


def backend(folder: Path, trick: str = "", magic: bytes = b"GGUF") -> LlamaCpp:
    program = folder / "llama-server"
    program.write_text(SERVER.format(python=sys.executable, folder=str(folder), trick=trick))
    program.chmod(0o700)
    (folder / "m.gguf").write_bytes(magic + b"\0" * 20)
    return LlamaCpp(folder / "m.gguf", SystemClock(), str(program))


def is_gone(folder: Path) -> bool:
    return not Path("/proc", (folder / "pid").read_text()).exists()


def test_it_is_asked_on_loopback_and_ended(tmp_path) -> None:
    outcome = backend(tmp_path).complete(PROMPT, max_tokens=9, timeout_s=30)
    assert outcome == Text("facts 127.0.0.1")
    assert is_gone(tmp_path)


def test_one_that_dies_while_loading(tmp_path) -> None:
    outcome = backend(tmp_path, "sys.exit(3)").complete(PROMPT, max_tokens=9, timeout_s=30)
    assert isinstance(outcome, NoText)
    assert outcome.trouble is Trouble.DOWN
    assert "code 3" in outcome.why


def test_one_that_never_is_ready_is_ended(tmp_path) -> None:
    hang = "import time; time.sleep(60)"
    outcome = backend(tmp_path, hang).complete(PROMPT, max_tokens=9, timeout_s=1.0)
    assert isinstance(outcome, NoText)
    assert outcome.trouble is Trouble.SLOW
    assert not (tmp_path / "pid").exists() or is_gone(tmp_path)


@pytest.mark.parametrize("what", ["program", "model", "magic"])
def test_what_is_missing_is_named(tmp_path, what) -> None:
    made = backend(tmp_path, magic=b"PK\3\4" if what == "magic" else b"GGUF")
    if what == "program":
        made = LlamaCpp(made.model, SystemClock(), "no-such-llama-server")
    if what == "model":
        made.model.unlink()
    outcome = made.complete(PROMPT, max_tokens=9, timeout_s=5)
    assert isinstance(outcome, NoText)
    words = {"program": "comes with llama.cpp", "model": "No such file", "magic": "not a GGUF"}
    assert words[what] in outcome.why
