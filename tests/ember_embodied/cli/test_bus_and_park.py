"""``ember bus`` and ``ember park`` as processes: what they serve, refuse and leave behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.clock import SystemClock
from firmware_bridge.command import JointTargets
from firmware_bridge.dynamixel.bus import ServoBus
from firmware_bridge.dynamixel.servo_body import ServoBody
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import JOINTS

SLACK_NS = 30_000_000
IDS = [joint.servo_id for joint in JOINTS]
NEUTRAL = (0.3, 0.6265, -0.6265, 0.6265, -0.6265, 0.6265, -0.6265, -0.17, 0.17)


def ember(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ember_embodied.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_bus_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    link = tmp_path / "servos"
    command = [sys.executable, "-m", "ember_embodied.cli.main", "bus", "--pty", str(link)]
    with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            facts = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
            assert facts["pty"] == str(link)
            bus = ServoBus(str(link), IDS, 1_000_000, SLACK_NS, SystemClock())
            bus.port.open()
            assert [bus.ping(i) for i in IDS] == [int(joint.model) for joint in JOINTS]
            bus.port.close()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert not link.is_symlink()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--fault", "overlaod"), "did you mean overload?"),
        (("--scenario", "nowhere.toml"), "scenario nowhere.toml"),
        (("--seeds", "3"), "--seeds"),
    ],
)
def test_bus_refuses_what_means_nothing(tmp_path: Path, words: tuple[str, str], says: str) -> None:
    done = ember("bus", "--pty", str(tmp_path / "servos"), *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_bus_does_not_replace_a_file(tmp_path: Path) -> None:
    treasure = tmp_path / "servos"
    treasure.write_text("mine")
    done = ember("bus", "--pty", str(treasure))
    assert done.returncode == 2
    assert "is no link" in done.stderr
    assert treasure.read_text() == "mine"


def test_park_brings_a_robot_to_rest_whose_loop_was_killed(servo_bus: Any) -> None:
    port = servo_bus.start()
    body = ServoBody(ServoSettings(port=port), SystemClock())
    body.open()
    body.sense()
    for _ in range(3):
        body.sense()
        body.act(JointTargets(NEUTRAL, torque_enabled=True, duration_s=1.0))
    clock = body.clock
    for _ in range(15):
        clock.sleep_until_ns(clock.mono_ns() + 100_000_000)
        body.sense()
        body.act(JointTargets(NEUTRAL, torque_enabled=True, duration_s=0.1))
    body.close()
    clock.sleep_until_ns(clock.mono_ns() + 700_000_000)

    done = ember("park", "--port", port, "--json")
    assert done.returncode == 0, done.stderr
    parked = json.loads(done.stdout)
    names = [joint.name for joint in JOINTS]
    assert (parked["moved"], parked["released"], parked["silent"]) == (names, names, [])
    bus = ServoBus(port, IDS, 1_000_000, SLACK_NS, clock)
    bus.port.open()
    readings = bus.sync_read(64, 1, IDS)
    assert {reading.data[0] for reading in readings.values()} == {0}
    positions = bus.sync_read(132, 4, IDS)
    assert int.from_bytes(positions[17].data, "little") == pytest.approx(60, abs=120)
    bus.port.close()


def test_park_without_a_port_says_so_in_one_line(tmp_path: Path) -> None:
    done = ember("park", "--port", str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert "there is no" in done.stderr
    assert len(done.stderr.splitlines()) == 1
