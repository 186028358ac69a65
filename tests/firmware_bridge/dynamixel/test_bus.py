"""The bus layer against answers that the test writes byte by byte on the other end of a pty."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.clock import SystemClock
from firmware_bridge.dynamixel.bus import ServoBus
from firmware_bridge.simulation.virtual_bus.packet import encode_status

LENGTH = 21
SLACK_NS = 20_000_000


class Wire:
    """A bus whose answers are put on the wire before the question is asked."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.bus = ServoBus(
            os.ttyname(self.slave), (10, 11, 12), 1_000_000, SLACK_NS, SystemClock()
        )
        self.bus.port.open()
        self.bus.port.clearPort = lambda: None  # type: ignore[method-assign]

    def answers(self, data: bytes) -> dict[int, tuple[int, bytes]]:
        """What one sync read of three servos makes of these bytes."""
        os.write(self.master, data)
        found = self.bus.sync_read(126, LENGTH, (10, 11, 12))
        self.bus.port._buffer.clear()
        return {servo_id: (reading.error, reading.data) for servo_id, reading in found.items()}


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.bus.port.close()
    os.close(made.master)
    os.close(made.slave)


tricky = st.lists(st.sampled_from([0xFF, 0xFD, 0xFF, 0x00]), min_size=LENGTH, max_size=LENGTH)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.tuples(*[tricky.map(bytes)] * 3))
def test_any_content_is_read_as_it_was_sent(wire: Wire, data: tuple[bytes, ...]) -> None:
    sent = b"".join(encode_status(10 + n, 0x80, one) for n, one in enumerate(data))
    assert wire.answers(sent) == {10 + n: (0x80, one) for n, one in enumerate(data)}


def test_late_answers_to_other_questions_are_passed_over(wire: Wire) -> None:
    good = [bytes([n]) * LENGTH for n in range(3)]
    sent = encode_status(11, 0, b"\x01\x02") + encode_status(99, 0, good[0])
    sent += b"".join(encode_status(10 + n, 0, one) for n, one in enumerate(good))
    assert wire.answers(sent) == {10 + n: (0, one) for n, one in enumerate(good)}


def test_a_damaged_answer_costs_only_itself(wire: Wire) -> None:
    parts = [bytearray(encode_status(10 + n, 0, bytes(LENGTH))) for n in range(3)]
    parts[1][15] ^= 0x40
    assert set(wire.answers(b"".join(map(bytes, parts)))) == {10, 12}
    assert wire.bus.corrupt == 1
    assert wire.bus.counters[11].missed == 1


def test_an_error_answer_is_an_answer(wire: Wire) -> None:
    sent = b"".join(encode_status(servo_id, 7) for servo_id in (10, 11, 12))
    assert wire.answers(sent) == dict.fromkeys((10, 11, 12), (7, b""))
    assert wire.bus.counters[10].refused == 1
