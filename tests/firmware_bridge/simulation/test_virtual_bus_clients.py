"""Clients that others wrote find and drive nine motors on the virtual bus."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from typing import Any

import pytest

sdk = pytest.importorskip("dynamixel_sdk")
rustypot = pytest.importorskip("rustypot")

IDS = list(range(10, 19))
NEUTRAL_RAW = [2700, 2456, 1640, 2456, 1640, 2456, 1640, 1937, 2159]
PATIENCE_S = 8.0
"""The robot gets there in one; a busy machine takes longer."""
CLOSE_RAW = 150


def comes_true(question: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := question()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


def accepted(write: Callable[..., tuple[int, int]], *words: object) -> bool:
    return comes_true(lambda: write(*words) == (sdk.COMM_SUCCESS, 0))


def arrived(positions: list[int]) -> bool:
    return all(abs(p - goal) < CLOSE_RAW for p, goal in zip(positions, NEUTRAL_RAW, strict=True))


def test_dynamixel_sdk(servo_bus: Any) -> None:
    # The SDK takes an answer for lost when it was itself kept waiting: so it may ask again.
    port = sdk.PortHandler(servo_bus.start())
    assert port.openPort()
    assert port.setBaudRate(1_000_000)
    handler = sdk.PacketHandler(2.0)
    models = [1240, *[1200] * 6, *[1190] * 2]
    assert comes_true(lambda: [handler.ping(port, i)[0] for i in IDS] == models)
    assert handler.ping(port, 9)[1] == sdk.COMM_RX_TIMEOUT
    assert comes_true(lambda: list(handler.broadcastPing(port)[0]) == IDS)

    write = sdk.GroupSyncWrite(port, handler, 116, 4)
    for servo_id, goal in zip(IDS, NEUTRAL_RAW, strict=True):
        # Antennas with the factory's integral gain swing for ever.
        assert accepted(handler.write2ByteTxRx, port, servo_id, 82, 0)
        assert accepted(handler.write1ByteTxRx, port, servo_id, 64, 1)
        assert write.addParam(servo_id, list(goal.to_bytes(4, "little")))
    assert write.txPacket() == sdk.COMM_SUCCESS
    assert comes_true(lambda: arrived([handler.read4ByteTxRx(port, i, 132)[0] for i in IDS]))

    sync = sdk.GroupSyncRead(port, handler, 126, 21)
    bulk = sdk.GroupBulkRead(port, handler)
    for servo_id in IDS:
        sync.addParam(servo_id)
        bulk.addParam(servo_id, 132, 4)
    for read, group in (
        (sync.txRxPacket, sync),
        (sync.fastSyncRead, sync),
        (bulk.txRxPacket, bulk),
        (bulk.fastBulkRead, bulk),
    ):
        # A motor that has arrived may still swing past its goal: so each way of asking waits.
        assert comes_true(
            lambda read=read, group=group: (
                read() == sdk.COMM_SUCCESS
                and arrived([group.getData(servo_id, 132, 4) for servo_id in IDS])
            )
        )

    assert comes_true(lambda: len(handler.readTxRx(port, 10, 0, 147)[0]) == 147)
    assert comes_true(lambda: handler.write1ByteTxRx(port, 10, 9, 0) == (0, 7))
    assert accepted(handler.regWriteTxRx, port, 10, 65, 1, [1])
    handler.reboot(port, 10)
    assert handler.ping(port, 10)[1] == sdk.COMM_RX_TIMEOUT
    port.closePort()


def test_rustypot(servo_bus: Any) -> None:
    controller = rustypot.Xl330PyController(servo_bus.start(), 1_000_000, 0.05)
    # A scan waits for each id just as long as the wire needs: a busy machine may be later.
    assert comes_true(lambda: sorted(controller.scan(list(range(8, 21)))) == IDS)
    assert comes_true(lambda: sorted(controller.broadcast_scan(IDS)) == IDS)
    controller.sync_write_register(IDS, "position_i_gain", [0] * 9)
    controller.sync_write_torque_enable(IDS, [True] * 9)
    controller.sync_write_raw_data(IDS, 116, [list(g.to_bytes(4, "little")) for g in NEUTRAL_RAW])
    assert comes_true(lambda: arrived(controller.sync_read_register(IDS, "present_position")))
    controller.set_fast_sync_read(True)
    assert arrived(controller.sync_read_register(IDS, "present_position"))
    assert controller.write_register_with_error(11, "return_delay_time", 10) == 7
    controller.set_baudrate(57_600)
    assert not controller.ping(10)
    controller.close()


def test_a_client_that_dies_with_an_exclusive_lock_leaves_the_port_usable(servo_bus: Any) -> None:
    path = servo_bus.start()
    code = (
        "import serial, fcntl, termios, os, signal;"
        f"p = serial.Serial({path!r}, 57600, exclusive=True);"
        "fcntl.ioctl(p.fileno(), termios.TIOCEXCL); p.write(b'x'); p.flush();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    time.sleep(0.1)
    plain = os.open(path, os.O_RDWR | os.O_NOCTTY)
    assert termios.tcgetattr(plain)[5] == termios.B1000000
    os.write(plain, bytes.fromhex("fffffd000a030001") + b"\x2e\xa1")
    os.close(plain)


def test_words_that_name_no_fault_end_with_one_clear_line() -> None:
    module = "firmware_bridge.simulation.virtual_bus"
    done = subprocess.run(
        [sys.executable, "-m", module, "--pty", "/nowhere/x", "--fault", "overlaod:11"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "did you mean overload?" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_scenario_happens_to_the_servos(servo_bus: Any, tmp_path: Any) -> None:
    scenario = tmp_path / "cable.toml"
    lines = ("[[failures]]", "at_s = 0.2", 'kind = "silent"', 'who = "stewart_2"', "seconds = 60.0")
    scenario.write_text("\n".join(lines))
    port = sdk.PortHandler(servo_bus.start(options=("--scenario", str(scenario))))
    assert port.setBaudRate(1_000_000)
    handler = sdk.PacketHandler(2.0)
    assert comes_true(lambda: handler.ping(port, 12)[1] == sdk.COMM_RX_TIMEOUT)
    assert comes_true(lambda: handler.ping(port, 13)[0] == 1200)
    port.closePort()
