"""Dynamixel Protocol 2.0 packets: CRC, byte stuffing, a parser that finds its feet in garbage.

Source: ROBOTIS e-manual, "DYNAMIXEL Protocol 2.0" and "CRC Calculation".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

HEADER: Final = b"\xff\xff\xfd\x00"
_HEADER_START: Final = b"\xff\xff\xfd"
BROADCAST: Final = 0xFE
_OVERHEAD: Final = 7
"""Header, id and length: what the length field does not count."""
_SHORTEST: Final = 3
"""Instruction and CRC."""
_LONGEST: Final = 1024
_CRC_POLYNOMIAL: Final = 0x8005


class Instruction(IntEnum):
    """What a packet asks for."""

    PING = 0x01
    READ = 0x02
    WRITE = 0x03
    REG_WRITE = 0x04
    ACTION = 0x05
    FACTORY_RESET = 0x06
    REBOOT = 0x08
    CLEAR = 0x10
    CONTROL_TABLE_BACKUP = 0x20
    STATUS = 0x55
    SYNC_READ = 0x82
    SYNC_WRITE = 0x83
    FAST_SYNC_READ = 0x8A
    BULK_READ = 0x92
    BULK_WRITE = 0x93
    FAST_BULK_READ = 0x9A


class Error(IntEnum):
    """Lower seven bits of a status packet's error byte."""

    NONE = 0
    RESULT_FAIL = 1
    INSTRUCTION = 2
    CRC = 3
    DATA_RANGE = 4
    DATA_LENGTH = 5
    DATA_LIMIT = 6
    ACCESS = 7


ALERT: Final = 0x80
"""Top bit of the error byte: the hardware error register is not zero."""


def _crc_row(index: int) -> int:
    remainder = index << 8
    for _ in range(8):
        remainder = (remainder << 1) ^ (_CRC_POLYNOMIAL if remainder & 0x8000 else 0)
    return remainder & 0xFFFF


_CRC_TABLE: Final = tuple(_crc_row(index) for index in range(256))


def crc16(data: bytes, start: int = 0) -> int:
    """CRC-16/BUYPASS (polynomial 0x8005, not reflected) of ``data``, going on from ``start``."""
    crc = start
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ _CRC_TABLE[(crc >> 8) ^ byte]
    return crc


def stuffed(body: bytes) -> bytes:
    """``body`` (instruction and parameters) with an FD behind every FF FF FD."""
    return body.replace(_HEADER_START, _HEADER_START + b"\xfd")


def encode(servo_id: int, instruction: int, parameters: bytes) -> bytes:
    """A whole packet, ready for the wire."""
    body = stuffed(bytes((instruction,)) + parameters)
    head = HEADER + bytes((servo_id,)) + (len(body) + 2).to_bytes(2, "little") + body
    return head + crc16(head).to_bytes(2, "little")


def encode_status(servo_id: int, error: int, data: bytes = b"") -> bytes:
    """A status packet."""
    return encode(servo_id, Instruction.STATUS, bytes((error,)) + data)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet off the wire. ``crc_ok`` False: only the id may be trusted, and not much."""

    servo_id: int
    instruction: int
    parameters: bytes
    crc_ok: bool
    raw: bytes
    """As it was on the wire, stuffing and CRC included."""


class Parser:
    """Takes bytes as they come and gives whole packets; garbage between them is skipped."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def waiting(self) -> bool:
        """True while the beginning of a packet is held and its end has not come."""
        return bool(self._buffer)

    def reset(self) -> None:
        """Forget an unfinished packet: its sender stopped in the middle."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Packet]:
        """Packets that ``data`` completed, oldest first."""
        self._buffer += data
        packets = []
        while (packet := self._next()) is not None:
            packets.append(packet)
        return packets

    def _next(self) -> Packet | None:
        buffer = self._buffer
        while True:
            self._drop_to_header()
            if len(buffer) < _OVERHEAD:
                return None
            servo_id = buffer[4]
            length = int.from_bytes(buffer[5:7], "little")
            if buffer[3] or servo_id > BROADCAST or not _SHORTEST <= length <= _LONGEST:
                del buffer[0]
                continue
            end = _OVERHEAD + length
            if len(buffer) < end:
                return None
            packet = bytes(buffer[:end])
            crc_ok = crc16(packet[:-2]) == int.from_bytes(packet[-2:], "little")
            # A packet whose length was damaged may have swallowed a good one: look inside it.
            del buffer[: end if crc_ok else len(_HEADER_START)]
            body = packet[_OVERHEAD:-2].replace(_HEADER_START + b"\xfd", _HEADER_START)
            return Packet(servo_id, body[0], body[1:], crc_ok, packet)

    def _drop_to_header(self) -> None:
        buffer = self._buffer
        start = buffer.find(_HEADER_START)
        while start >= 0 and buffer[start + 3 : start + 4] == b"\xfd":
            start = buffer.find(_HEADER_START, start + 3)
        if start >= 0:
            del buffer[:start]
            return
        keep = 2 if buffer.endswith(b"\xff\xff") else 1 if buffer.endswith(b"\xff") else 0
        del buffer[: len(buffer) - keep]
