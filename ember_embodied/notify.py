"""Tells systemd how the loop is: ready, alive, what it does, stopping (sd_notify(3)).

The watchdog is fed by the finished tick, never by a timer, so a loop that hangs is restarted.
A message is one datagram to the socket that systemd names in ``NOTIFY_SOCKET``; without one, as
in a terminal, every call does nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping


class Notifier:
    """The service manager's ear. Never blocks and never raises: it must not stop the robot."""

    def __init__(self, address: str | None) -> None:
        """``address``: path of the socket, "@name" for an abstract one, None for nobody."""
        self._socket: socket.socket | None = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.settimeout(0.0)
            self._address = "\0" + address[1:] if address.startswith("@") else address

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Notifier:
        """The notifier that the service manager asks for in ``NOTIFY_SOCKET``."""
        return cls(environment.get("NOTIFY_SOCKET"))

    def ready(self) -> None:
        """The pre-arm checks have run and the first tick is done."""
        self._send("READY=1")

    def watchdog(self) -> None:
        """A tick is finished."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send("STATUS=" + " ".join(text.split()))

    def stopping(self) -> None:
        """The loop has ended and the body is about to be parked."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError:
            # A manager that is not listening is its own trouble: its watchdog will say so.
            return
