"""Three questions of a stream: alive, on rate, valid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_bridge.command import Clip, Mode
from firmware_bridge.senses import (
    IMU_STREAM,
    SENSE_TABLE,
    Fault,
    ImuSense,
    alive,
    on_rate,
    usable,
)

NOW_NS = 10**12
STALE_NS = 500_000_000
STREAM = ImuSense(NOW_NS, 20_000_000, True, (0.0,) * 3, (0.0,) * 3, (1.0, 0.0, 0.0, 0.0), 25.0)


def test_a_stream_is_alive_until_it_is_stale():
    assert alive(STREAM, IMU_STREAM, NOW_NS)
    assert alive(STREAM, IMU_STREAM, NOW_NS + STALE_NS)
    assert not alive(STREAM, IMU_STREAM, NOW_NS + STALE_NS + 1)
    assert not alive(None, IMU_STREAM, NOW_NS)


def test_a_stream_is_on_rate_up_to_a_ninth_too_slow():
    assert on_rate(STREAM, IMU_STREAM)
    assert on_rate(replace(STREAM, interval_ns=22_222_222), IMU_STREAM)
    assert not on_rate(replace(STREAM, interval_ns=22_222_223), IMU_STREAM)
    assert not on_rate(None, IMU_STREAM)


@pytest.mark.parametrize(("valid", "age_ns", "use"), [(True, 0, True), (False, 0, False)])
def test_a_stream_is_usable_when_it_is_alive_and_valid(valid: bool, age_ns: int, use: bool):
    assert usable(replace(STREAM, valid=valid), IMU_STREAM, NOW_NS + age_ns) is use
    assert not usable(replace(STREAM, valid=valid), IMU_STREAM, NOW_NS + STALE_NS + 1)
    assert not usable(None, IMU_STREAM, NOW_NS)


def test_the_sense_table_has_one_line_a_stream():
    assert [line.name for line in SENSE_TABLE] == ["joints", "imu", "doa", "camera", "intent"]
    for line in SENSE_TABLE:
        assert line.size > 0
        assert line.stale_after_s * line.rate_hz >= 3.0, "three captures may be lost"


def test_every_fault_and_every_clip_is_one_bit():
    for flags in (Fault, Clip):
        bits = [int(flag) for flag in flags]
        assert bits == [1 << n for n in range(len(bits))]


def test_modes_are_in_the_order_of_their_severity():
    assert [mode.name for mode in sorted(Mode)] == [
        "RUN",
        "DEGRADED",
        "HOLD",
        "REST",
        "OFF",
        "LIMP",
    ]
