"""Checks of the host: each says what it found, and each can fail."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ember_embodied import host
from firmware_bridge.clock import VirtualClock
from firmware_bridge.wire import StatePublisher, WireSettings


def test_a_bundle_that_is_not_there_fails_by_name() -> None:
    assert host.bundle_check("live").passed
    check = host.bundle_check("nonesuch")
    assert check.required
    assert not check.passed
    assert "nonesuch" in check.found


def test_room_for_the_log(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    assert host.disk_check(folder, 1).passed
    full = host.disk_check(folder, 10**18)
    assert not full.passed
    assert not full.required, "a full disk stops the log, not the robot"


def test_an_endpoint_in_use(tmp_path: Path) -> None:
    tcp = WireSettings(state_endpoint="tcp://127.0.0.1:*", intent_endpoint=f"ipc://{tmp_path}/i")
    assert host.wire_check(tcp, VirtualClock()).passed
    with closing(StatePublisher(tcp)) as publisher:
        taken = WireSettings(
            state_endpoint=publisher._socket.last_endpoint.decode(),
            intent_endpoint=f"ipc://{tmp_path}/i",
        )
        check = host.wire_check(taken, VirtualClock())
    assert not check.passed
    assert "another ember" in check.found
    assert host.wire_check(WireSettings(enabled=False), VirtualClock()).passed


def test_a_clock_that_nobody_disciplines() -> None:
    assert host.clock_check(lambda: 0).passed
    assert not host.clock_check(lambda: host.TIME_ERROR).passed
    assert host.clock_check().name == "wall clock"


@pytest.mark.parametrize(("text", "passed"), [("0x0\n", True), ("50005\n", False), ("8", True)])
def test_a_pi_that_was_short_of_voltage(tmp_path: Path, text: str, *, passed: bool) -> None:
    file = tmp_path / "get_throttled"
    file.write_text(text)
    (check,) = host.supply_checks(file)
    assert check.passed is passed
    assert host.supply_checks(tmp_path / "absent") == ()
