"""Where a request may go. The robot keeps to itself unless its person said otherwise."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOCALHOST: Final = "localhost"


class EndpointError(ValueError):
    """Nothing may be sent there; one line for a person."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server: where it is and how it is spoken to."""

    secure: bool
    host: str
    port: int
    path: str
    """What goes before the path of each call; no "/" at its end."""

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this very machine."""
        return _is_loopback(self.host)

    @property
    def address(self) -> str:
        """What to connect to: "localhost" never goes through a name server."""
        return "127.0.0.1" if self.host == _LOCALHOST else self.host

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.path}"


def endpoint(url: str, *, may_leave: bool = False, may_be_plain: bool = False) -> Endpoint:
    """The server at ``url``. Raises ``EndpointError``.

    ``may_leave``: it may be another machine. ``may_be_plain``: another machine may be spoken to
    without TLS, so that everybody on the way reads along.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointError(f"endpoint {url!r}: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise EndpointError("endpoint: no user or password in the address; use a key file")
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise EndpointError(f"endpoint {url!r} is not http://HOST[:PORT] or https://HOST[:PORT]")
    if parts.query or parts.fragment or any(not " " < letter <= "~" for letter in url):
        raise EndpointError(f"endpoint {url!r}: only scheme, host, port and path")
    found = Endpoint(
        parts.scheme == "https",
        parts.hostname,
        port or _DEFAULT_PORTS[parts.scheme],
        parts.path.rstrip("/"),
    )
    if not found.is_loopback and not may_leave:
        raise EndpointError(
            f"{found} is another machine, and nothing leaves the robot: "
            "set [diary] may_leave_robot = true if the labels of a day may go there"
        )
    if not found.is_loopback and not found.secure and not may_be_plain:
        raise EndpointError(
            f"{found} is another machine without TLS: use https, "
            "or set [diary] plain_http = true in a network that you trust"
        )
    return found


def _is_loopback(host: str) -> bool:
    if host == _LOCALHOST:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
