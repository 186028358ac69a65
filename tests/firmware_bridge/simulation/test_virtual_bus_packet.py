"""Packets of the virtual bus against the bytes in the maker's manual, and against garbage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.simulation.virtual_bus.packet import Parser, encode, encode_status

# Examples of the ROBOTIS e-manual, "DYNAMIXEL Protocol 2.0".
MANUAL = [
    (encode(1, 0x01, b""), "fffffd00010300" + "01194e"),
    (encode_status(1, 0, b"\x06\x04\x26"), "fffffd00010700" + "5500060426655d"),
    (encode(1, 0x02, b"\x84\x00\x04\x00"), "fffffd00010700" + "02840004001d15"),
    (encode_status(1, 0, b"\xa6\x00\x00\x00"), "fffffd00010800" + "5500a60000008cc0"),
    (encode(1, 0x03, b"\x74\x00\x00\x02\x00\x00"), "fffffd00010900" + "03740000020000ca89"),
    (encode(0xFE, 0x82, b"\x84\x00\x04\x00\x01\x02"), "fffffd00fe0900" + "828400040001" + "02cefa"),
    (encode(1, 0x08, b""), "fffffd00010300" + "082f4e"),
]

bodies = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([0xFF, 0xFD, 0x00, 0xFE]), max_size=40).map(bytes),
)


@pytest.mark.parametrize(("packet", "expected"), MANUAL)
def test_bytes_are_those_of_the_manual(packet: bytes, expected: str) -> None:
    assert packet.hex() == expected


@given(bodies, st.integers(0, 252), st.data())
def test_round_trip_in_any_pieces(body: bytes, servo_id: int, data: st.DataObject) -> None:
    packet = encode(servo_id, 0x03, body)
    cut = data.draw(st.integers(0, len(packet)))
    parser = Parser()
    found = parser.feed(packet[:cut]) + parser.feed(packet[cut:])
    assert [(p.servo_id, p.instruction, p.parameters, p.crc_ok) for p in found] == [
        (servo_id, 0x03, body, True)
    ]
    assert not parser.waiting


@given(st.binary(max_size=60).filter(lambda noise: b"\xff\xff\xfd" not in noise), bodies)
def test_finds_its_feet_after_garbage(noise: bytes, body: bytes) -> None:
    parser = Parser()
    found = parser.feed(noise + encode(10, 0x02, body) + encode(11, 0x02, body))
    assert [(p.servo_id, p.parameters) for p in found if p.crc_ok][-1] == (11, body)


def test_damaged_length_does_not_swallow_the_next_packet() -> None:
    broken = bytearray(encode(10, 0x02, b"\x84\x00\x04\x00"))
    broken[5] = 20
    parser = Parser()
    found = parser.feed(bytes(broken) + encode(11, 0x01, b"") + encode(12, 0x01, b""))
    assert [p.servo_id for p in found if p.crc_ok] == [11, 12]


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data: bytes) -> None:
    parser = Parser()
    parser.feed(data)
    parser.feed(bytes(1100))
    assert [p.servo_id for p in parser.feed(encode(9, 0x01, b"")) if p.crc_ok] == [9]
