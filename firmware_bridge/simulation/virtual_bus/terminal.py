"""The pseudo-terminal that stands in for the serial port, and the link that gives it a name."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import struct
import termios
import tty
from pathlib import Path
from typing import Final

_TCGETS2: Final = 0x802C542A
_TERMIOS2: Final = struct.Struct("4I B 19B 2I")
_OUTPUT_SPEED: Final = -1
"""Place of the output speed in ``struct termios2`` (asm-generic/termbits.h)."""
_READ_BYTES: Final = 4096
DEFAULT_BAUD: Final = termios.B1000000


class TerminalError(Exception):
    """The link cannot be made; the message is one line for a person."""


class Terminal:
    """One end of a pty; the other end is what ``link`` points to.

    No slave end is held open: the kernel then tells when the client has gone, and an exclusive
    lock that a killed client left behind can be cleared.
    """

    def __init__(self, link: Path) -> None:
        """Raises ``TerminalError`` when ``link`` is something else than an old link."""
        self._link = link
        self._events = select.epoll()
        self._master = -1
        self._used = False
        self.path = ""
        self.open()

    @property
    def is_open(self) -> bool:
        """False while the port is away."""
        return self._master >= 0

    def open(self) -> None:
        """Make a new pty, raw and at 1 Mbaud, and point the link to it."""
        self._master, slave = os.openpty()
        self.path = os.ttyname(slave)
        self._reset(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._events.register(self._master, select.EPOLLIN | select.EPOLLET)
        self._point_link()

    def close(self) -> None:
        """Take the port away: clients see an error, the link is gone."""
        if not self.is_open:
            return
        self._events.unregister(self._master)
        os.close(self._master)
        self._master = -1
        if self._link.is_symlink() and os.readlink(self._link) == self.path:
            self._link.unlink()

    def wait(self, seconds: float) -> None:
        """Return when bytes may have come, at the latest after ``seconds``."""
        self._events.poll(max(0.0, seconds))

    def read(self) -> bytes:
        """The bytes that have come; empty when none."""
        if not self.is_open:
            return b""
        try:
            data = os.read(self._master, _READ_BYTES)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EAGAIN):
                raise
            if error.errno == errno.EIO and self._used:
                self._used = False
                self._freshen()
            return b""
        self._used = self._used or bool(data)
        return data

    def write(self, data: bytes) -> None:
        """Send; bytes that nobody takes are lost, as on a wire."""
        if self.is_open:
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def baud_rate(self) -> int:
        """The speed that the client has set, bit/s."""
        raw = fcntl.ioctl(self._master, _TCGETS2, bytes(_TERMIOS2.size))
        return int(_TERMIOS2.unpack(raw)[_OUTPUT_SPEED])

    def _freshen(self) -> None:
        """The client has gone: what it set must not meet the next one."""
        try:
            slave = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            # A client that was killed left its exclusive lock: only a new pty is free of it.
            self.close()
            self.open()
            return
        self._reset(slave)
        os.close(slave)

    @staticmethod
    def _reset(slave: int) -> None:
        fcntl.ioctl(slave, termios.TIOCNXCL)
        tty.setraw(slave)
        attributes = termios.tcgetattr(slave)
        attributes[4] = attributes[5] = DEFAULT_BAUD
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        termios.tcflush(slave, termios.TCIOFLUSH)

    def _point_link(self) -> None:
        if self._link.exists() and not self._link.is_symlink():
            raise TerminalError(f"{self._link} exists and is no link; choose another --pty")
        beside = self._link.with_name(f".{self._link.name}.{os.getpid()}")
        try:
            beside.unlink(missing_ok=True)
            beside.symlink_to(self.path)
            beside.replace(self._link)
        except OSError as error:
            raise TerminalError(f"cannot make the link {self._link}: {error.strerror}") from error
