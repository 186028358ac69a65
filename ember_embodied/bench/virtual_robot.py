"""A virtual servo bus for as long as a benchmark needs one, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from firmware_bridge.clock import SystemClock

PATIENCE_NS: Final = 15_000_000_000
_POLL_NS: Final = 20_000_000


@contextmanager
def virtual_robot(*options: str) -> Iterator[Path]:
    """Start ``ember bus`` with ``options``; yield the port; end the process, by its id.

    Raises ``RuntimeError`` when the bus does not come up.
    """
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="ember-bus-") as folder:
        port = Path(folder) / "servos"
        bus = subprocess.Popen(
            [*ember(), "bus", "--pty", str(port), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            deadline_ns = clock.mono_ns() + PATIENCE_NS
            while not port.exists():
                if bus.poll() is not None or clock.mono_ns() > deadline_ns:
                    bus.kill()
                    raise RuntimeError(f"the virtual bus did not start: {bus.communicate()[1]}")
                clock.sleep_until_ns(clock.mono_ns() + _POLL_NS)
            yield port
        finally:
            bus.terminate()
            bus.wait(10)


def ember() -> list[str]:
    """The command line that runs this very program."""
    return [sys.executable, "-m", "ember_embodied.cli.main"]
