"""Shared by all tests: where the real recordings are, and how a test asks for them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def shared_data(request: pytest.FixtureRequest) -> Path:
    """The folder of real recordings; the test must carry the ``shared_data`` mark."""
    assert request.node.get_closest_marker("shared_data"), "mark the test with shared_data"
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real recordings at {SHARED_DATA}")
    return SHARED_DATA


class BusUnderTest:
    """A virtual servo bus in a process of its own: start it, kill it, read its packets."""

    def __init__(self, folder: Path) -> None:
        self.port = folder / "servos"
        self.trace_file = folder / "trace"
        self._process: subprocess.Popen[str] | None = None

    def start(self, *faults: str, options: tuple[str, ...] = ()) -> str:
        """Start it and wait until it is ready; returns the port."""
        words = [word for fault in faults for word in ("--fault", fault)]
        command = (sys.executable, "-m", "firmware_bridge.simulation.virtual_bus")
        where = ("--pty", str(self.port), "--trace", str(self.trace_file))
        self._process = subprocess.Popen(
            [*command, *where, *words, *options], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert "nine servos" in self._process.stdout.readline()
        return str(self.port)

    def kill(self) -> None:
        """kill -9; the link stays behind."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def packets(self, direction: str = ">") -> list[tuple[int, bytes]]:
        """Time in ns and bytes of all that the host sent (">") or got ("<") so far."""
        lines = [line.split() for line in self.trace_file.read_text().splitlines()]
        return [(int(at), bytes.fromhex(data)) for at, way, data in lines if way == direction]


@pytest.fixture
def servo_bus(tmp_path: Path) -> Iterator[BusUnderTest]:
    """A virtual bus that is not started yet; it is killed after the test."""
    bus = BusUnderTest(tmp_path)
    yield bus
    bus.kill()
