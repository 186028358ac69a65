"""A server on loopback that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from hippocampus.language.endpoint import Endpoint


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Peer:
    """``reply(handler)`` writes the answer; ``asked`` are the requests so far."""

    port: int
    stopped: threading.Event
    asked: list[Asked] = field(default_factory=list)
    reply: Callable[[BaseHTTPRequestHandler], None] = lambda handler: handler.send_error(500)

    def endpoint(self, path: str = "") -> Endpoint:
        return Endpoint(secure=False, host="127.0.0.1", port=self.port, path=path)

    def says(self, body: object, status: int = 200, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()

        def reply(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(raw)))
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(raw)

        self.reply = reply


@pytest.fixture
def peer() -> Iterator[Peer]:
    made: list[Peer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made[0].asked.append(Asked(self.path, dict(self.headers), json.loads(body or b"null")))
            made[0].reply(self)

        do_GET = do_POST

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.append(Peer(server.server_address[1], threading.Event()))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made[0]
    made[0].stopped.set()
    server.shutdown()
    server.server_close()
