"""The notifier against a real datagram socket, as systemd has it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ember_embodied.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(2.0)
        yield listener


def test_the_manager_hears_every_state(manager: socket.socket) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": manager.getsockname()})
    notifier.ready()
    notifier.watchdog()
    notifier.status("RUN\n10 Hz")
    notifier.stopping()
    notifier.close()
    assert [manager.recv(100).decode() for _ in range(4)] == [
        "READY=1",
        "WATCHDOG=1",
        "STATUS=RUN 10 Hz",
        "STOPPING=1",
    ]


def test_an_abstract_address(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{tmp_path}")
        listener.settimeout(2.0)
        with closing(Notifier(f"@{tmp_path}")) as notifier:
            notifier.watchdog()
        assert listener.recv(100) == b"WATCHDOG=1"


def test_nobody_listening_and_a_full_queue_stop_nothing(manager: socket.socket) -> None:
    Notifier.from_environment({}).ready()
    with closing(Notifier("/nowhere/at/all")) as unheard:
        unheard.ready()
    full = Notifier(manager.getsockname())
    for _ in range(10_000):
        full.watchdog()
    full.close()
    full.watchdog()


def test_a_run_is_ready_alive_and_stopping(manager: socket.socket, tmp_path: Path) -> None:
    (tmp_path / "ember.toml").write_text("[wire]\nenabled = false\n")
    program = "from ember_embodied.cli.main import main; main()"
    run = f"run --seconds 1 --no-view --config ember.toml --log {tmp_path}/log".split()
    manager.settimeout(20.0)
    heard = []
    with subprocess.Popen(
        [sys.executable, "-c", program, *run],
        cwd=tmp_path,
        env={"NOTIFY_SOCKET": manager.getsockname(), "PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.DEVNULL,
    ) as life:
        while heard[-1:] != ["STOPPING=1"]:
            heard.append(manager.recv(200).decode())
    assert life.returncode == 0
    assert heard[0] == "READY=1"
    assert heard.count("WATCHDOG=1") == 10
    assert "STATUS=RUN" in heard
