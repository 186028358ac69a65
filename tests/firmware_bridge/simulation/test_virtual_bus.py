"""The virtual bus, packet by packet: what it answers, what it refuses, in which order and when."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.registers import Register
from firmware_bridge.joints import JOINTS
from firmware_bridge.simulation.motor import ServoUnits
from firmware_bridge.simulation.servo import ServoBank
from firmware_bridge.simulation.virtual_bus.bus import VirtualBus
from firmware_bridge.simulation.virtual_bus.device import REBOOT_NS
from firmware_bridge.simulation.virtual_bus.packet import (
    ALERT,
    BROADCAST,
    Error,
    Instruction,
    Packet,
    Parser,
    crc16,
    encode,
)

BAUD = 1_000_000
MS = 1_000_000
IDS = [joint.servo_id for joint in JOINTS]


class Wire:
    """A host without an operating system: one packet in, parsed answers out."""

    def __init__(self) -> None:
        self.bank = ServoBank(ServoUnits.nominal(), 6.9)
        self.bank.place(np.array([joint.rest_rad for joint in JOINTS]))
        self.now_ns = 0
        self.bus = VirtualBus(self.bank, self.now_ns)

    def raw(self, servo_id: int, instruction: int, body: bytes = b"", baud: int = BAUD) -> bytes:
        packet = Parser().feed(encode(servo_id, instruction, body))[0]
        self.now_ns += 20 * MS
        return b"".join(answer.data for answer in self.bus.handle(packet, self.now_ns, baud))

    def ask(self, servo_id: int, instruction: int, body: bytes = b"") -> list[Packet]:
        answers = Parser().feed(self.raw(servo_id, instruction, body))
        assert all(answer.crc_ok and answer.instruction == 0x55 for answer in answers)
        return answers

    def read(self, servo_id: int, register: Register) -> int:
        place = register.address.to_bytes(2, "little") + register.size.to_bytes(2, "little")
        (answer,) = self.ask(servo_id, Instruction.READ, place)
        assert answer.parameters[0] & ~ALERT == Error.NONE
        return register.decode(answer.parameters[1:])

    def write(self, servo_id: int, register: Register, value: int) -> int:
        return self.write_bytes(servo_id, register.address, register.encode(value))

    def write_bytes(self, servo_id: int, address: int, data: bytes) -> int:
        place = address.to_bytes(2, "little")
        (answer,) = self.ask(servo_id, Instruction.WRITE, place + data)
        return answer.parameters[0]


@pytest.fixture
def wire() -> Wire:
    return Wire()


def span(address: int, length: int) -> bytes:
    return address.to_bytes(2, "little") + length.to_bytes(2, "little")


def test_broadcast_ping_names_all_nine_by_rising_id(wire: Wire) -> None:
    answers = wire.ask(BROADCAST, Instruction.PING)
    assert [answer.servo_id for answer in answers] == IDS
    models = [int.from_bytes(answer.parameters[1:3], "little") for answer in answers]
    assert models == [int(joint.model) for joint in JOINTS]


def test_an_unknown_id_or_another_speed_is_met_with_silence(wire: Wire) -> None:
    assert wire.raw(30, Instruction.PING) == b""
    assert wire.raw(10, Instruction.PING, baud=57_600) == b""
    assert wire.raw(BROADCAST, Instruction.READ, span(132, 4)) == b""


def test_eeprom_is_locked_while_torque_is_on(wire: Wire) -> None:
    assert wire.write(11, reg.RETURN_DELAY_TIME, 5) == Error.NONE
    assert wire.write(11, reg.TORQUE_ENABLE, 1) == Error.NONE
    assert wire.write(11, reg.RETURN_DELAY_TIME, 0) == Error.ACCESS
    assert wire.read(11, reg.RETURN_DELAY_TIME) == 5
    assert wire.write(11, reg.POSITION_P_GAIN, 300) == Error.NONE


@pytest.mark.parametrize(
    ("address", "data", "error"),
    [
        (116, b"\x00\x00", Error.DATA_LENGTH),
        (117, b"\x00\x00\x00\x00", Error.DATA_LENGTH),
        (116, (2959).to_bytes(4, "little"), Error.DATA_LIMIT),
        (116, (1501).to_bytes(4, "little"), Error.DATA_LIMIT),
        (100, (886).to_bytes(2, "little"), Error.DATA_RANGE),
        (112, (32768).to_bytes(4, "little"), Error.DATA_RANGE),
        (64, b"\x02", Error.DATA_RANGE),
        (11, b"\x07", Error.DATA_RANGE),
        (132, b"\x00\x00\x00\x00", Error.ACCESS),
        (66, b"\x00", Error.ACCESS),
        (300, b"\x00", Error.ACCESS),
        (80, bytes(6), Error.NONE),
    ],
)
def test_a_write_is_refused_with_its_error(
    wire: Wire, address: int, data: bytes, error: Error
) -> None:
    assert wire.write_bytes(11, address, data) == error


def test_reads_span_gaps_and_refuse_what_is_outside(wire: Wire) -> None:
    (answer,) = wire.ask(10, Instruction.READ, span(0, 147))
    assert len(answer.parameters) == 148
    assert answer.parameters[1:3] == (1240).to_bytes(2, "little")
    for place, error in (((240, 4), Error.ACCESS), ((226, 4), Error.DATA_RANGE)):
        (answer,) = wire.ask(10, Instruction.READ, span(*place))
        assert answer.parameters == bytes((error,))
    (answer,) = wire.ask(10, Instruction.READ, b"\x00")
    assert answer.parameters == bytes((Error.DATA_LENGTH,))


def test_undefined_instructions_and_damaged_packets_are_named(wire: Wire) -> None:
    assert wire.ask(10, 0x77)[0].parameters == bytes((Error.INSTRUCTION,))
    assert wire.ask(10, Instruction.ACTION)[0].parameters == bytes((Error.INSTRUCTION,))
    damaged = bytearray(encode(10, Instruction.READ, span(132, 4)))
    damaged[-1] ^= 1
    (packet,) = Parser().feed(bytes(damaged))
    (answer,) = wire.bus.handle(packet, wire.now_ns, BAUD)
    assert Parser().feed(answer.data)[0].parameters == bytes((Error.CRC,))


def test_sync_read_answers_in_the_order_asked_and_breaks_at_a_missing_servo(wire: Wire) -> None:
    order = [18, 10, 14]
    answers = wire.ask(BROADCAST, Instruction.SYNC_READ, span(7, 1) + bytes(order))
    assert [(a.servo_id, a.parameters[1]) for a in answers] == [(i, i) for i in order]
    answers = wire.ask(BROADCAST, Instruction.SYNC_READ, span(7, 1) + bytes([10, 30, 11]))
    assert [answer.servo_id for answer in answers] == [10]


@pytest.mark.parametrize("instruction", [Instruction.FAST_SYNC_READ, Instruction.FAST_BULK_READ])
def test_fast_reads_are_one_packet_with_a_running_crc(wire: Wire, instruction: int) -> None:
    ids = [10, 17, 18]
    if instruction == Instruction.FAST_SYNC_READ:
        body = span(0, 2) + bytes(ids)
    else:
        body = b"".join(bytes((servo_id,)) + span(0, 2) for servo_id in ids)
    data = wire.raw(BROADCAST, instruction, body)
    assert data[:8] == b"\xff\xff\xfd\x00\xfe" + (1 + 3 * 6).to_bytes(2, "little") + b"\x55"
    for number, servo_id in enumerate(ids):
        end = 8 + 6 * (number + 1)
        model = int(JOINTS[servo_id - 10].model).to_bytes(2, "little")
        assert data[end - 6 : end - 2] == bytes((0, servo_id)) + model
        assert data[end - 2 : end] == crc16(data[: end - 2]).to_bytes(2, "little")
    assert len(data) == 8 + 3 * 6


def test_bulk_read_and_bulk_write_take_each_servo_its_own_way(wire: Wire) -> None:
    writes = b"\x0a" + span(84, 2) + b"\x11\x00" + b"\x0b" + span(65, 1) + b"\x01"
    assert wire.raw(BROADCAST, Instruction.BULK_WRITE, writes) == b""
    reads = b"\x0b" + span(65, 1) + b"\x0a" + span(84, 2)
    answers = wire.ask(BROADCAST, Instruction.BULK_READ, reads)
    assert [(a.servo_id, a.parameters[1:]) for a in answers] == [(11, b"\x01"), (10, b"\x11\x00")]


def test_a_refused_goal_in_a_sync_write_shows_nobody(wire: Wire) -> None:
    goals = b"".join(
        bytes((servo_id,)) + goal.to_bytes(4, "little")
        for servo_id, goal in ((11, 100), (13, 2000))
    )
    assert wire.raw(BROADCAST, Instruction.SYNC_WRITE, span(116, 4) + goals) == b""
    assert wire.read(11, reg.GOAL_POSITION) != 100
    assert wire.read(13, reg.GOAL_POSITION) == 2000


def test_registered_write_waits_for_action(wire: Wire) -> None:
    body = (116).to_bytes(2, "little") + (2100).to_bytes(4, "little")
    before = wire.read(10, reg.GOAL_POSITION)
    assert wire.ask(10, Instruction.REG_WRITE, body)[0].parameters == b"\x00"
    assert wire.read(10, reg.REGISTERED_INSTRUCTION) == 1
    assert wire.read(10, reg.GOAL_POSITION) == before
    assert wire.raw(BROADCAST, Instruction.ACTION) == b""
    assert wire.read(10, reg.GOAL_POSITION) == 2100
    assert wire.read(10, reg.REGISTERED_INSTRUCTION) == 0


def test_status_return_level(wire: Wire) -> None:
    wire.write(10, reg.STATUS_RETURN_LEVEL, 1)
    assert wire.raw(10, Instruction.WRITE, b"\x41\x00\x01") == b""
    assert wire.read(10, reg.LED) == 1
    wire.raw(10, Instruction.WRITE, b"\x44\x00\x00")
    assert wire.raw(10, Instruction.READ, span(132, 4)) == b""
    assert len(wire.ask(10, Instruction.PING)) == 1


def test_id_and_baud_change_after_the_answer(wire: Wire) -> None:
    (answer,) = wire.ask(10, Instruction.WRITE, b"\x07\x00\x20")
    assert (answer.servo_id, answer.parameters) == (10, b"\x00")
    assert wire.raw(10, Instruction.PING) == b""
    assert wire.write(32, reg.BAUD_RATE, 1) == Error.NONE
    assert wire.raw(32, Instruction.PING) == b""
    assert wire.raw(32, Instruction.PING, baud=57_600) != b""


def test_reboot_is_deaf_for_a_while_and_forgets_ram_only(wire: Wire) -> None:
    wire.write(12, reg.RETURN_DELAY_TIME, 3)
    wire.write(12, reg.POSITION_P_GAIN, 77)
    wire.write(12, reg.TORQUE_ENABLE, 1)
    assert wire.ask(12, Instruction.REBOOT)[0].parameters == b"\x00"
    assert wire.raw(12, Instruction.PING) == b""
    wire.now_ns += REBOOT_NS
    assert wire.read(12, reg.TORQUE_ENABLE) == 0
    assert wire.read(12, reg.POSITION_P_GAIN) == 400
    assert wire.read(12, reg.RETURN_DELAY_TIME) == 3


def test_factory_reset_keeps_what_it_is_told_to_keep(wire: Wire) -> None:
    assert wire.raw(BROADCAST, Instruction.FACTORY_RESET, b"\xff") == b""
    assert wire.read(18, reg.RETURN_DELAY_TIME) == 0
    wire.ask(18, Instruction.FACTORY_RESET, b"\x02")
    wire.now_ns += REBOOT_NS
    assert wire.read(18, reg.RETURN_DELAY_TIME) == 250
    wire.ask(17, Instruction.FACTORY_RESET, b"\xff")
    wire.now_ns += REBOOT_NS
    assert wire.raw(1, Instruction.PING) == b""
    assert wire.raw(1, Instruction.PING, baud=57_600) != b""


def test_indirect_data_reaches_where_it_points(wire: Wire) -> None:
    pointers = b"".join(at.to_bytes(2, "little") for at in (116, 117, 118, 119, 65))
    assert wire.write_bytes(10, 168, pointers) == Error.NONE
    assert wire.write_bytes(10, 208, (2222).to_bytes(4, "little") + b"\x01") == Error.NONE
    assert wire.read(10, reg.GOAL_POSITION) == 2222
    assert wire.read(10, reg.LED) == 1
    (answer,) = wire.ask(10, Instruction.READ, span(208, 5))
    assert answer.parameters[1:] == (2222).to_bytes(4, "little") + b"\x01"
    assert wire.write_bytes(10, 168, (20).to_bytes(2, "little")) == Error.DATA_RANGE


def test_watchdog_stops_and_locks_the_goals_until_it_is_cleared(wire: Wire) -> None:
    wire.write(10, reg.PROFILE_VELOCITY, 500)
    wire.write(10, reg.TORQUE_ENABLE, 1)
    wire.write(10, reg.GOAL_POSITION, 2500)
    wire.write(10, reg.BUS_WATCHDOG, 5)
    wire.bus.check_watchdogs(wire.now_ns + 99 * MS)
    assert wire.read(10, reg.BUS_WATCHDOG) == 5
    wire.bus.check_watchdogs(wire.now_ns + 101 * MS)
    assert wire.read(10, reg.BUS_WATCHDOG) == -1
    assert wire.read(10, reg.PROFILE_VELOCITY) == 0
    assert wire.read(10, reg.TORQUE_ENABLE) == 1
    assert wire.read(10, reg.GOAL_POSITION) == wire.read(10, reg.PRESENT_POSITION)
    assert wire.write(10, reg.GOAL_POSITION, 2400) == Error.DATA_RANGE
    assert wire.write(10, reg.BUS_WATCHDOG, 5) == Error.DATA_RANGE
    assert wire.write(10, reg.BUS_WATCHDOG, 0) == Error.NONE
    assert wire.write(10, reg.GOAL_POSITION, 2400) == Error.NONE


def test_any_packet_on_the_wire_feeds_the_watchdogs(wire: Wire) -> None:
    wire.write(10, reg.TORQUE_ENABLE, 1)
    wire.write(10, reg.BUS_WATCHDOG, 5)
    for _ in range(20):
        wire.raw(11, Instruction.PING)
        wire.bus.check_watchdogs(wire.now_ns)
    assert wire.read(10, reg.BUS_WATCHDOG) == 5


def test_shutdown_alerts_and_only_a_reboot_gives_torque_back(wire: Wire) -> None:
    wire.write(13, reg.TORQUE_ENABLE, 1)
    wire.bank.hardware_error[3] = 0x20
    wire.bank.torque_enable[3] = 0
    (answer,) = wire.ask(13, Instruction.PING)
    assert answer.parameters[0] == ALERT
    assert wire.write(13, reg.TORQUE_ENABLE, 1) == ALERT
    assert wire.read(13, reg.TORQUE_ENABLE) == 0
    wire.ask(13, Instruction.REBOOT)
    wire.now_ns += REBOOT_NS
    assert wire.write(13, reg.TORQUE_ENABLE, 1) == Error.NONE
    assert wire.read(13, reg.TORQUE_ENABLE) == 1


def test_position_is_within_one_turn_again_once_torque_is_on(wire: Wire) -> None:
    wire.bank.present_position[8] = 5000
    assert wire.read(18, reg.PRESENT_POSITION) == 5000
    wire.write(18, reg.GOAL_POSITION, 904)
    wire.write(18, reg.TORQUE_ENABLE, 1)
    assert wire.read(18, reg.PRESENT_POSITION) == 904
    assert wire.bank.goal_position[8] == 5000


def test_answers_take_their_time_on_the_wire(wire: Wire) -> None:
    request = encode(BROADCAST, Instruction.SYNC_READ, span(126, 21) + bytes(IDS))
    (packet,) = Parser().feed(request)
    answers = wire.bus.handle(packet, 0, BAUD)
    byte_ns = 10_000
    first_ns = len(request) * byte_ns + 32 * byte_ns
    assert [answer.due_ns for answer in answers] == [
        first_ns + number * 32 * byte_ns for number in range(9)
    ]
    wire.write(10, reg.RETURN_DELAY_TIME, 250)
    (packet,) = Parser().feed(encode(10, Instruction.PING, b""))
    (answer,) = wire.bus.handle(packet, 10**9, BAUD)
    assert answer.due_ns == 10**9 + 10 * byte_ns + 500_000 + 14 * byte_ns
