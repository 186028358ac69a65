"""Time, size, redirects, TLS and the way out."""

from __future__ import annotations

import os
import socket
import time
from http.server import BaseHTTPRequestHandler

import pytest

from hippocampus.language.backend import MAX_ANSWER_BYTES, NoText, Trouble
from hippocampus.language.endpoint import Endpoint, EndpointError, endpoint
from hippocampus.language.exchange import post_json
from hippocampus.language.key import KeyFileError, read_key


def ask(server: Endpoint, timeout_s: float = 5.0) -> NoText:
    outcome = post_json(server, "/", {}, dict, timeout_s=timeout_s)
    assert isinstance(outcome, NoText)
    return outcome


def test_nobody_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert ask(Endpoint(secure=False, host="127.0.0.1", port=port, path="")).trouble is Trouble.DOWN


def test_a_server_that_hangs_or_drips_is_slow(peer) -> None:
    def hang(handler: BaseHTTPRequestHandler) -> None:
        peer.stopped.wait(60)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not peer.stopped.wait(0.02):
            handler.wfile.write(b"X: y\r\n")

    for reply in (hang, drip):
        peer.reply = reply
        assert ask(peer.endpoint(), timeout_s=0.3).trouble is Trouble.SLOW


def test_an_endless_answer_is_not_read_to_its_end(peer) -> None:
    sent = []

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x" * 100_000)
            sent.append(100_000)

    peer.reply = flood
    assert ask(peer.endpoint()).trouble is Trouble.GARBLED
    assert sum(sent) < 20 * MAX_ANSWER_BYTES


def test_a_connection_that_breaks_is_down(peer) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")

    def nothing(handler: BaseHTTPRequestHandler) -> None: ...

    def noise(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\x00\xff\x00\xff\r\n\r\n")

    for reply in (half, nothing, noise):
        peer.reply = reply
        assert ask(peer.endpoint()).trouble in (Trouble.DOWN, Trouble.GARBLED)


def test_a_redirect_is_not_followed(peer) -> None:
    peer.says({}, 307, Location=f"http://127.0.0.1:{peer.port}/elsewhere")
    outcome = ask(peer.endpoint())
    assert outcome.trouble is Trouble.REFUSED
    assert [one.path for one in peer.asked] == ["/"]


def test_the_environment_names_no_proxy(peer, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    peer.says({"a": 1})
    assert post_json(peer.endpoint(), "/", {}, dict, timeout_s=5) == {"a": 1}


def test_a_server_without_tls_behind_https_gets_nothing(peer) -> None:
    server = Endpoint(secure=True, host="127.0.0.1", port=peer.port, path="")
    assert ask(server).trouble in (Trouble.DOWN, Trouble.REFUSED)
    assert peer.asked == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:11434", "http://[::1]:8080/v1/", "http://localhost", "https://127.1.2.3"],
)
def test_this_machine_may_always_be_asked(url) -> None:
    assert endpoint(url).is_loopback


@pytest.mark.parametrize(
    ("url", "may_leave", "may_be_plain", "why"),
    [
        ("https://api.example.com", False, False, "may_leave_robot"),
        ("http://192.168.1.7:11434", True, False, "plain_http"),
        ("http://localhost.example.com", False, False, "may_leave_robot"),
        ("http://127.0.0.1@evil.example.com/", True, True, "key file"),
        ("http://user:pw@127.0.0.1/", True, True, "key file"),
        ("ftp://127.0.0.1/", True, True, "http"),
        ("file:///etc/passwd", True, True, "http"),
        ("127.0.0.1:11434", True, True, "http"),
        ("http://127.0.0.1/?a=b", True, True, "only scheme"),
        ("http://127.0.0.1/\r\nHost: x", True, True, "only scheme"),
        ("http://127.0.0.1:99999/", True, True, "range"),
        ("http://2130706433/", False, False, "may_leave_robot"),
    ],
)
def test_where_nothing_may_go(url, may_leave, may_be_plain, why) -> None:
    with pytest.raises(EndpointError, match=why):
        endpoint(url, may_leave=may_leave, may_be_plain=may_be_plain)


def test_a_way_out_that_was_switched_on() -> None:
    assert endpoint("https://api.example.com/v1/", may_leave=True).path == "/v1"
    lan = endpoint("http://192.168.1.7:11434", may_leave=True, may_be_plain=True)
    assert str(lan) == "http://192.168.1.7:11434"


def test_a_key_is_read_from_a_file_of_ones_own(tmp_path) -> None:
    path = tmp_path / "key"
    path.write_text("sk-abc\n")
    path.chmod(0o600)
    key = read_key(path)
    assert key.secret == "sk-abc"
    assert "abc" not in f"{key} {key!r} {[key]}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode) -> None:
    path = tmp_path / "key"
    path.write_text("sk-abc")
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600") as caught:
        read_key(path)
    assert "abc" not in str(caught.value)


def test_what_is_no_key_file(tmp_path) -> None:
    for name, text in {"empty": "", "two": "a\nb", "space": "a b", "long": "a" * 5000}.items():
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(KeyFileError, match="one key"):
            read_key(path)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "two")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    for path in (link, fifo, tmp_path, tmp_path / "missing"):
        with pytest.raises(KeyFileError):
            read_key(path)


def test_a_key_of_somebody_else_is_refused(tmp_path, monkeypatch) -> None:
    path = tmp_path / "key"
    path.write_text("sk-abc")
    path.chmod(0o600)
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    with pytest.raises(KeyFileError, match="another user"):
        read_key(path)


def test_the_time_limit_is_of_the_whole_exchange(peer) -> None:
    """A drip in the body, each byte well within a socket's own time-out."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not peer.stopped.wait(0.02):
            handler.wfile.write(b" ")

    peer.reply = drip
    began = time.monotonic()
    assert ask(peer.endpoint(), timeout_s=0.3).trouble is Trouble.SLOW
    assert time.monotonic() - began < 30
