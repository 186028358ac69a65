"""One JSON request over HTTP and its answer, bounded in time and size whatever the other side does.

The standard library's client, on purpose: it follows no redirect, reads no proxy from the
environment and sends no cookie. The time limit is of real time and of the whole exchange, name
look-up and TLS included: a server that drips one byte a second is as slow as one that says nothing.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from hippocampus.language.backend import MAX_ANSWER_BYTES, NoText, Trouble
from hippocampus.language.endpoint import Endpoint
from hippocampus.language.key import Key

ShapeT = TypeVar("ShapeT")

_OK: Final = 200
_MOVED: Final = range(300, 400)
_WILL_NOT: Final = frozenset({400, 401, 402, 403, 404, 413, 422, 429})
"""Asked wrongly, not allowed, no such model, too much: to ask again would not help tonight."""
_CHUNK_BYTES: Final = 1 << 16
_TOLD_LETTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


@dataclass(slots=True)
class _Attempt:
    """What the worker leaves behind; the caller gives up on it when the time is over."""

    connection: http.client.HTTPConnection
    outcome: Answer | NoText | None = None
    given_up: threading.Event = field(default_factory=threading.Event)


class _Error(msgspec.Struct):
    """The error bodies of all the servers that are known here, as far as they agree."""

    error: Any = None


def post_json(
    server: Endpoint,
    path: str,
    body: dict[str, object],
    shape: type[ShapeT],
    *,
    timeout_s: float,
    headers: dict[str, str] | None = None,
    key: Key | None = None,
) -> ShapeT | NoText:
    """POST ``body`` to ``server``; the answer as ``shape``, or why there is none.

    ``key`` never comes back in a reason, whatever the server echoes; it goes out in ``headers``.
    """
    payload = msgspec.json.encode(body)
    sent = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
    answer = request(server, "POST", path, payload, sent, timeout_s)
    if isinstance(answer, NoText):
        return answer
    if answer.status != _OK:
        return _refusal(server, answer, key)
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return NoText(Trouble.GARBLED, _clean(f"{server}: the answer cannot be read: {error}"))


def request(
    server: Endpoint,
    method: str,
    path: str,
    payload: bytes,
    headers: dict[str, str],
    timeout_s: float,
) -> Answer | NoText:
    """One exchange within ``timeout_s``; a worker that hangs is left, its socket shut."""
    kind = http.client.HTTPSConnection if server.secure else http.client.HTTPConnection
    attempt = _Attempt(kind(server.address, server.port, timeout=timeout_s))
    worker = threading.Thread(
        target=_exchange,
        args=(attempt, server, method, server.path + path, payload, headers),
        name="language exchange",
        daemon=True,
    )
    worker.start()
    worker.join(timeout_s)
    if attempt.outcome is None:
        attempt.given_up.set()
        _shut(attempt.connection)
        return NoText(Trouble.SLOW, f"{server}: no whole answer within {timeout_s:g} s")
    return attempt.outcome


def _exchange(
    attempt: _Attempt,
    server: Endpoint,
    method: str,
    path: str,
    payload: bytes,
    headers: dict[str, str],
) -> None:
    connection = attempt.connection
    try:
        connection.request(method, path, payload, headers)
        response = connection.getresponse()
        body = bytearray()
        while not attempt.given_up.is_set() and (piece := response.read1(_CHUNK_BYTES)):
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                why = f"{server}: the answer is longer than {MAX_ANSWER_BYTES} bytes"
                attempt.outcome = NoText(Trouble.GARBLED, why)
                return
        attempt.outcome = Answer(response.status, bytes(body))
    except TimeoutError:
        attempt.outcome = NoText(Trouble.SLOW, f"{server}: no answer")
    except ssl.SSLCertVerificationError as error:
        attempt.outcome = NoText(Trouble.REFUSED, f"{server}: {error.verify_message}")
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        what = str(error) or type(error).__name__
        attempt.outcome = NoText(Trouble.DOWN, _clean(f"{server}: {what}"))
    finally:
        connection.close()


def _shut(connection: http.client.HTTPConnection) -> None:
    """Wake a worker that waits for bytes."""
    socket_ = connection.sock
    if socket_ is not None:
        with suppress(OSError):
            socket_.shutdown(socket.SHUT_RDWR)


def _refusal(server: Endpoint, answer: Answer, key: Key | None) -> NoText:
    if answer.status in _MOVED:
        return NoText(Trouble.REFUSED, f"{server}: it points elsewhere ({answer.status})")
    trouble = Trouble.REFUSED if answer.status in _WILL_NOT else Trouble.DOWN
    told = _message(answer.body)
    return NoText(trouble, _clean(f"{server}: HTTP {answer.status} {told}".rstrip(), key))


def _message(body: bytes) -> str:
    """What the server says of its error: a string, or a record with a message in it."""
    try:
        error = msgspec.json.decode(body, type=_Error).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if isinstance(error, dict):
        error = error.get("message", "")
    return error if isinstance(error, str) else ""


def _clean(text: str, key: Key | None = None) -> str:
    if key is not None:
        text = text.replace(key.secret, "...")
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_TOLD_LETTERS]
