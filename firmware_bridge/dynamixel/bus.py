"""A thin layer over dynamixel-sdk: many servos, short timeouts, every failure a value.

Servos that answer a sync read wait for the one before them in the list, so one that is away
silences all that follow it. A read that comes back short is therefore asked again for the rest,
with the first missing servo moved to the end; servos known to be silent are asked last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dynamixel_sdk import Protocol2PacketHandler

from firmware_bridge.clock import Clock
from firmware_bridge.dynamixel.port import ServoPort
from firmware_bridge.dynamixel.registers import Register

SUCCESS: Final = 0
RX_TIMEOUT: Final = -3001
ALERT: Final = 0x80
"""Bit of a status packet's error byte: the hardware error register is not zero."""
ERROR_NUMBER: Final = 0x7F
READ_ATTEMPTS: Final = 3
READ_BUDGET_SLACKS: Final = 4
"""A sync read that took longer than so many slacks is not asked again: the tick must go on."""
RETRY_PATIENCE: Final = 2
WRITE_ATTEMPTS: Final = 3
SILENT_AFTER: Final = 2
"""A servo that missed so many reads in a row is asked last and not asked for again at once."""
_STATUS_BYTES: Final = 11
_STUFFED: Final = b"\xff\xff\xfd\xfd"
_STATUS_ID: Final = 4
_STATUS_ERROR: Final = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """What one servo answered: ``error`` is its status byte, ``data`` empty on an error."""

    error: int
    data: bytes

    @property
    def alert(self) -> bool:
        """The servo says that its hardware error register is worth reading."""
        return bool(self.error & ALERT)


@dataclass(slots=True)
class Counters:
    """What became of the questions to one servo."""

    answers: int = 0
    missed: int = 0
    """Questions without an answer after every retry."""
    retries: int = 0
    refused: int = 0
    """Answers that carried an error number."""
    streak: int = 0
    """Missed in a row, up to now."""


class ServoBus:
    """The servos on one port. Nothing here raises for a bus that misbehaves."""

    def __init__(
        self, path: str, servo_ids: Sequence[int], baud_rate: int, slack_ns: int, clock: Clock
    ) -> None:
        self.port = ServoPort(path, baud_rate, slack_ns, clock)
        self._clock = clock
        self._budget_ns = READ_BUDGET_SLACKS * slack_ns
        self.counters = {servo_id: Counters() for servo_id in servo_ids}
        self.corrupt = 0
        """Answers that arrived damaged, whosever they were."""
        self._handler = Protocol2PacketHandler()

    def ping(self, servo_id: int) -> int | None:
        """The servo's model number; None when nobody answers."""
        for _ in range(READ_ATTEMPTS):
            model, result, _ = self._handler.ping(self.port, servo_id)
            self.port.is_using = False
            if result == SUCCESS:
                return int(model)
        return None

    def sync_read(self, address: int, length: int, servo_ids: Iterable[int]) -> dict[int, Reading]:
        """The same ``length`` bytes of many servos; who did not answer is not in the result."""
        found: dict[int, Reading] = {}
        asked = sorted(servo_ids, key=self._known_silent)
        waiting = asked
        begin_ns = self._clock.mono_ns()
        for attempt in range(READ_ATTEMPTS):
            if attempt:
                self.port.patience = RETRY_PATIENCE
                for servo_id in waiting:
                    self.counters[servo_id].retries += 1
            self._sync_read_once(address, length, waiting, found)
            waiting = [servo_id for servo_id in waiting if servo_id not in found]
            late = self._clock.mono_ns() - begin_ns > self._budget_ns
            if late or self.port.lost or all(map(self._known_silent, waiting)):
                break
            waiting = waiting[1:] + waiting[:1]
        self.port.patience = 1
        for servo_id in asked:
            self._count(servo_id, found.get(servo_id))
        return found

    def read(self, servo_id: int, address: int, length: int) -> Reading | None:
        """``length`` bytes of one servo; None when it does not answer."""
        reading = None
        for attempt in range(READ_ATTEMPTS):
            self.counters[servo_id].retries += bool(attempt)
            if self._handler.readTx(self.port, servo_id, address, length) == SUCCESS:
                reading = self._receive({servo_id}, length).get(servo_id)
            if reading or self.port.lost or self._known_silent(servo_id):
                break
        self._count(servo_id, reading)
        return reading

    def write(self, servo_id: int, register: Register, value: int) -> bool:
        """Write one register of one servo; True when it said yes."""
        data = list(register.encode(value))
        for attempt in range(WRITE_ATTEMPTS):
            self.counters[servo_id].retries += bool(attempt)
            result, error = self._handler.writeTxRx(
                self.port, servo_id, register.address, len(data), data
            )
            self.port.is_using = False
            if result == SUCCESS:
                self._count(servo_id, Reading(error, b""))
                return not error & ERROR_NUMBER
            if self.port.lost:
                break
        self._count(servo_id, None)
        return False

    def sync_write(self, address: int, data: Mapping[int, bytes]) -> bool:
        """Bytes of equal length to many servos. No servo answers: True means only "sent"."""
        parameters: list[int] = []
        length = 0
        for servo_id, values in data.items():
            length = len(values)
            parameters += (servo_id, *values)
        result = self._handler.syncWriteTxOnly(
            self.port, address, length, parameters, len(parameters)
        )
        self.port.is_using = False
        return bool(result == SUCCESS)

    def write_all(self, register: Register, values: Mapping[int, int]) -> bool:
        """One register of many servos, by sync write."""
        return self.sync_write(
            register.address, {servo: register.encode(value) for servo, value in values.items()}
        )

    def reboot(self, servo_id: int) -> bool:
        """Restart a servo; it is deaf for some 100 ms then."""
        result, _ = self._handler.reboot(self.port, servo_id)
        self.port.is_using = False
        return bool(result == SUCCESS)

    def _known_silent(self, servo_id: int) -> bool:
        return self.counters[servo_id].streak >= SILENT_AFTER

    def _sync_read_once(
        self, address: int, length: int, servo_ids: Sequence[int], found: dict[int, Reading]
    ) -> None:
        result = self._handler.syncReadTx(
            self.port, address, length, list(servo_ids), len(servo_ids), fast_option=False
        )
        if result == SUCCESS:
            # The answers come one after the other: each has its own deadline.
            self.port.setPacketTimeout(_STATUS_BYTES + length)
            found |= self._receive(set(servo_ids), length)
        self.port.is_using = False

    def _receive(self, servo_ids: set[int], length: int) -> dict[int, Reading]:
        found: dict[int, Reading] = {}
        while len(found) < len(servo_ids):
            packet, result = self._handler.rxPacket(self.port, fast_option=True)
            if result == RX_TIMEOUT:
                break
            if result != SUCCESS:
                self.corrupt += 1
                if self.port.isPacketTimeout():
                    break
                continue
            # The SDK takes the stuffing out in place and trips over its own traces now and then
            # (FF FF FD FD, later FD FD); "fast" leaves the packet as it came.
            body = bytes(packet[_STATUS_ERROR:-2]).replace(_STUFFED, _STUFFED[:-1])
            servo_id, error, data = packet[_STATUS_ID], body[0], body[1:]
            whole = len(data) == length
            # Anything else is a late answer to an earlier question.
            if servo_id in servo_ids and (whole or error & ERROR_NUMBER):
                found[servo_id] = Reading(error, data if whole else b"")
            self.port.setPacketTimeout(_STATUS_BYTES + length)
        return found

    def _count(self, servo_id: int, reading: Reading | None) -> None:
        counters = self.counters[servo_id]
        if reading is None:
            counters.missed += 1
            counters.streak += 1
            return
        counters.answers += 1
        counters.streak = 0
        counters.refused += bool(reading.error & ERROR_NUMBER)
