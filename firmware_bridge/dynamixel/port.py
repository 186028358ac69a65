"""The serial port under dynamixel-sdk: reads that wait instead of spinning, losses as a value.

The SDK's own port handler polls an empty port as fast as it can and measures its timeouts on the
wall clock. This one waits in ``select``, counts the waiting, holds the port for itself alone, and
turns a port that went away into ``lost``.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import stat
import termios
from pathlib import Path
from typing import Final

import serial

from firmware_bridge.clock import Clock

BITS_PER_BYTE: Final = 10
_READ_BYTES: Final = 4096
_USB_SERIAL: Final = Path("/sys/bus/usb-serial/devices")


class PortError(Exception):
    """The port cannot be had; the message is one line for a person."""


class ServoPort:
    """What ``dynamixel_sdk.PacketHandler`` asks of a port. One thread only.

    The methods in mixed case carry the SDK's names.
    """

    def __init__(self, path: str, baud_rate: int, slack_ns: int, clock: Clock) -> None:
        """``slack_ns``: how long to wait for an answer beyond its time on the wire."""
        self.is_using = False
        self.lost = True
        self.io_ns = 0
        """Time spent waiting in this port, ns."""
        self.patience = 1
        """Multiplies the slack: a question that is asked again is given more time."""
        self.last_sent_ns = clock.mono_ns()
        self._path = path
        self._baud_rate = baud_rate
        self._slack_ns = slack_ns
        self._byte_ns = BITS_PER_BYTE * 1_000_000_000 // baud_rate
        self._clock = clock
        self._serial: serial.Serial | None = None
        self._buffer = bytearray()
        self._deadline_ns = 0

    def open(self) -> None:
        """Take the port for this process alone. Raises ``PortError``."""
        self.close()
        try:
            self._serial = serial.Serial(self._path, self._baud_rate, timeout=0, exclusive=True)
            fcntl.ioctl(self._serial.fileno(), termios.TIOCEXCL)
        except (OSError, termios.error) as error:
            self.close()
            raise PortError(_explain(self._path, error)) from error
        self.lost = False
        self.is_using = False
        self._buffer.clear()

    def close(self) -> None:
        """Let go of the port."""
        if self._serial is not None:
            try:
                fcntl.ioctl(self._serial.fileno(), termios.TIOCNXCL)
                self._serial.close()
            except (OSError, termios.error):
                pass  # The device has gone, and its locks with it.
            self._serial = None
        self.lost = True

    def clearPort(self) -> None:  # noqa: N802
        """Forget what has come in so far."""
        self._buffer.clear()
        if self._serial is not None:
            try:
                termios.tcflush(self._serial.fileno(), termios.TCIFLUSH)
            except (OSError, termios.error):
                self.lost = True

    def writePort(self, packet: list[int]) -> int:  # noqa: N802
        """Send; the number of bytes sent."""
        if self._serial is None or self.lost:
            return 0
        self.patience = 1
        """Multiplies the slack: a question that is asked again is given more time."""
        self.last_sent_ns = begin_ns = self._clock.mono_ns()
        try:
            return os.write(self._serial.fileno(), bytes(packet))
        except OSError:
            self.lost = True
            return 0
        finally:
            self.io_ns += self._clock.mono_ns() - begin_ns

    def readPort(self, length: int) -> bytes:  # noqa: N802
        """Up to ``length`` bytes; waits for the first one, at most until the packet's deadline."""
        if not self._buffer and not self.lost:
            self._fill()
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def setPacketTimeout(self, packet_length: int) -> None:  # noqa: N802
        """Expect ``packet_length`` bytes from now on."""
        wire_ns = packet_length * self._byte_ns
        self._deadline_ns = self._clock.mono_ns() + wire_ns + self._slack_ns * self.patience

    def isPacketTimeout(self) -> bool:  # noqa: N802
        """True when waiting any longer is of no use."""
        return self.lost or self._clock.mono_ns() >= self._deadline_ns

    def getBaudRate(self) -> int:  # noqa: N802
        """Bit/s."""
        return self._baud_rate

    def _fill(self) -> None:
        assert self._serial is not None
        descriptor = self._serial.fileno()
        begin_ns = self._clock.mono_ns()
        try:
            # What is already there is read even when the deadline has passed in the meantime.
            wait_s = max(0, self._deadline_ns - begin_ns) * 1e-9
            if select.select([descriptor], [], [], wait_s)[0]:
                data = os.read(descriptor, _READ_BYTES)
                self.lost = not data and _hung_up(descriptor)
                self._buffer += data
        except OSError:
            self.lost = True
        self.io_ns += self._clock.mono_ns() - begin_ns


def latency_timer_ms(path: str) -> int | None:
    """The USB adapter's latency timer in ms; None when the port has none."""
    timer = _USB_SERIAL / Path(path).resolve().name / "latency_timer"
    return int(timer.read_text()) if timer.is_file() else None


def _hung_up(descriptor: int) -> bool:
    """A raw terminal may read empty with nothing wrong; a hang-up is told by ``poll`` alone."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


def _numbers(error: BaseException | None) -> set[object]:
    """Error numbers along the chain of causes: pyserial wraps what termios says."""
    numbers: set[object] = set()
    while error is not None:
        numbers |= {error.args[0] if error.args else None}
        error = error.__context__
    return numbers


def _explain(path: str, error: BaseException) -> str:
    number = getattr(error, "errno", None)
    port = Path(path)
    if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in str(error):
        return (
            f"{path} is in use by another program; stop it first "
            "(on the robot: systemctl stop reachy-mini-daemon)"
        )
    if not port.exists():
        return f"there is no {path}; is the cable in, and is it the right port?"
    if number in (errno.EACCES, errno.EPERM):
        return f"no permission to open {path}; add this user to the group dialout"
    if not stat.S_ISCHR(port.stat().st_mode) or errno.ENOTTY in _numbers(error):
        return f"{path} is no serial port"
    return f"cannot open {path}: {error}"
