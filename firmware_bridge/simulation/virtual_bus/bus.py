"""The wire between host and servos: who answers what, in which order and when.

Order and silence follow the protocol: a servo that answers as one of several waits for the one
before it in the list, so one that stays away silences all that follow; an id that nobody has is
met with silence; broadcast is answered only for ping (by rising id) and for the reads that name
several servos.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.joints import JOINTS
from firmware_bridge.simulation.servo import ServoBank
from firmware_bridge.simulation.virtual_bus.device import VirtualServo
from firmware_bridge.simulation.virtual_bus.packet import (
    BROADCAST,
    HEADER,
    Error,
    Instruction,
    Packet,
    crc16,
    encode_status,
)

BITS_PER_BYTE: Final = 10
_READS_OF_MANY: Final = (
    Instruction.SYNC_READ,
    Instruction.FAST_SYNC_READ,
    Instruction.BULK_READ,
    Instruction.FAST_BULK_READ,
)
_WRITES_OF_MANY: Final = (Instruction.SYNC_WRITE, Instruction.BULK_WRITE)
_RESET_ALL: Final = b"\xff"


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes from one servo, and when their last bit is on the host's side of the wire, ns."""

    servo: int
    """Index of the servo (of the last one, in a fast read)."""
    due_ns: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Question:
    servo_id: int
    address: int
    length: int


class VirtualBus:
    """Nine servos and their one wire. Time comes in with every call, ns."""

    def __init__(self, bank: ServoBank, now_ns: int) -> None:
        self.servos = tuple(VirtualServo(index, bank, now_ns) for index in range(len(JOINTS)))
        self._wire_free_ns = now_ns

    def servo_of_id(self, servo_id: int, now_ns: int, baud_rate: int) -> VirtualServo | None:
        """The servo that listens to this id now; None: nobody."""
        for servo in self.servos:
            if servo.servo_id == servo_id and servo.hears(now_ns, baud_rate):
                return servo
        return None

    def check_watchdogs(self, now_ns: int) -> None:
        """Let every servo look at the time."""
        for servo in self.servos:
            servo.check_watchdog(now_ns)

    def handle(self, packet: Packet, now_ns: int, baud_rate: int) -> list[Answer]:
        """Execute one packet that the host sent at ``now_ns``; what comes back, and when."""
        sent_ns = max(now_ns, self._wire_free_ns) + self._wire_ns(len(packet.raw), baud_rate)
        self._wire_free_ns = sent_ns
        if packet.instruction == Instruction.STATUS:
            return []
        if not packet.crc_ok:
            servo = self.servo_of_id(packet.servo_id, now_ns, baud_rate)
            replies = [(servo, servo.status(Error.CRC))] if servo and servo.answers_writes else []
            return self._timed(replies, baud_rate)
        for servo in self.servos:
            if servo.hears(now_ns, baud_rate):
                servo.notice(sent_ns)
        if packet.instruction in _READS_OF_MANY:
            return self._read_many(packet, now_ns, baud_rate)
        if packet.instruction in _WRITES_OF_MANY:
            for servo_id, address, data in _writes(packet):
                servo = self.servo_of_id(servo_id, now_ns, baud_rate)
                if servo:
                    servo.write(address, data)
            return []
        return self._timed(list(self._ask(packet, now_ns, baud_rate)), baud_rate)

    def _ask(
        self, packet: Packet, now_ns: int, baud_rate: int
    ) -> Iterator[tuple[VirtualServo, bytes]]:
        broadcast = packet.servo_id == BROADCAST
        for servo in sorted(self.servos, key=lambda servo: servo.servo_id):
            if not servo.hears(now_ns, baud_rate):
                continue
            if packet.instruction == Instruction.PING:
                if broadcast or packet.servo_id == servo.servo_id:
                    yield servo, servo.status(Error.NONE, servo.identity())
                continue
            named = packet.servo_id == servo.servo_id
            shadowed = packet.servo_id == servo.table[reg.SECONDARY_ID]
            if packet.instruction == Instruction.READ:
                if named and servo.answers_reads:
                    yield servo, self._read(servo, packet.parameters, now_ns)
            elif named or shadowed or (broadcast and _may_broadcast(packet)):
                answer_id, speaks = servo.servo_id, servo.answers_writes
                error = servo.execute(packet.instruction, packet.parameters, now_ns)
                if named and speaks:
                    # A new id takes effect behind this answer.
                    yield servo, encode_status(answer_id, servo.error_byte(error))

    @staticmethod
    def _read(servo: VirtualServo, parameters: bytes, now_ns: int) -> bytes:
        if len(parameters) != 4:
            return servo.status(Error.DATA_LENGTH)
        address = int.from_bytes(parameters[:2], "little")
        length = int.from_bytes(parameters[2:], "little")
        return servo.status(*servo.read(address, length, now_ns))

    def _read_many(self, packet: Packet, now_ns: int, baud_rate: int) -> list[Answer]:
        questions = _questions(packet)
        fast = packet.instruction in (Instruction.FAST_SYNC_READ, Instruction.FAST_BULK_READ)
        replies: list[tuple[VirtualServo, bytes]] = []
        running = b""
        if fast:
            length = 1 + sum(question.length + 4 for question in questions)
            running = HEADER + bytes((BROADCAST,)) + length.to_bytes(2, "little")
            running += bytes((Instruction.STATUS,))
        said = 0
        for question in questions:
            servo = self.servo_of_id(question.servo_id, now_ns, baud_rate)
            if servo is None or not servo.answers_reads:
                break
            error, data = servo.read(question.address, question.length, now_ns)
            if not fast:
                replies.append((servo, servo.status(error, data)))
                continue
            data = data.ljust(question.length, b"\0")
            running += bytes((servo.error_byte(error), servo.servo_id)) + data
            running += crc16(running).to_bytes(2, "little")
            replies.append((servo, running[said:]))
            said = len(running)
        return self._timed(replies, baud_rate)

    def _timed(self, replies: Sequence[tuple[VirtualServo, bytes]], baud_rate: int) -> list[Answer]:
        answers = []
        for servo, data in replies:
            self._wire_free_ns += servo.return_delay_ns + self._wire_ns(len(data), baud_rate)
            answers.append(Answer(servo.index, self._wire_free_ns, data))
        return answers

    @staticmethod
    def _wire_ns(count: int, baud_rate: int) -> int:
        return count * BITS_PER_BYTE * 1_000_000_000 // baud_rate


def _may_broadcast(packet: Packet) -> bool:
    return packet.instruction != Instruction.FACTORY_RESET or packet.parameters != _RESET_ALL


def _questions(packet: Packet) -> list[_Question]:
    body = packet.parameters
    if packet.instruction in (Instruction.SYNC_READ, Instruction.FAST_SYNC_READ):
        address = int.from_bytes(body[:2], "little")
        length = int.from_bytes(body[2:4], "little")
        return [_Question(servo_id, address, length) for servo_id in body[4:]]
    return [
        _Question(
            body[at],
            int.from_bytes(body[at + 1 : at + 3], "little"),
            int.from_bytes(body[at + 3 : at + 5], "little"),
        )
        for at in range(0, len(body) - 4, 5)
    ]


def _writes(packet: Packet) -> Iterator[tuple[int, int, bytes]]:
    body = packet.parameters
    if packet.instruction == Instruction.SYNC_WRITE:
        address = int.from_bytes(body[:2], "little")
        length = int.from_bytes(body[2:4], "little")
        for at in range(4, len(body) - length, length + 1):
            yield body[at], address, body[at + 1 : at + 1 + length]
        return
    at = 0
    while at + 5 <= len(body):
        length = int.from_bytes(body[at + 3 : at + 5], "little")
        data = body[at + 5 : at + 5 + length]
        if len(data) == length:
            yield body[at], int.from_bytes(body[at + 1 : at + 3], "little"), data
        at += 5 + length
