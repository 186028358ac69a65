"""A virtual servo bus for as long as a benchmark needs one, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def virtual_robot(*options: str) -> Iterator[Path]:
    """Start ``ember bus`` with ``options``; yield the port; end the process, by its id.

    Raises ``RuntimeError`` when the bus does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="ember-bus-") as folder:
        port = Path(folder) / "servos"
        bus = subprocess.Popen(
            [*ember(), "bus", "--pty", str(port), *options], stdout=subprocess.PIPE, text=True
        )
        assert bus.stdout is not None
        try:
            if not bus.stdout.readline():
                raise RuntimeError(f"the virtual bus did not start: exit code {bus.wait(10)}")
            yield port
        finally:
            bus.terminate()
            bus.communicate(timeout=10)


def ember() -> list[str]:
    """The command line that runs this very program."""
    return [sys.executable, "-m", "ember_embodied.cli.main"]
