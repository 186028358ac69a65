"""The daemon body against a server that speaks with messages and bytes of the real daemon.

``recorded_daemon.json`` was taken from the vendor's daemon 1.12.0 with its real backend on nine
virtual servos: what it pushes, and its raw answers packet by packet. That daemon has no IMU and
no microphones on a bench, so those two messages were written by its own message classes.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from firmware_bridge.body import BodyError
from firmware_bridge.clock import SystemClock, VirtualClock
from firmware_bridge.command import JointTargets
from firmware_bridge.daemon.messages import DaemonSettings
from firmware_bridge.daemon.packets import find_answer, read_packet
from firmware_bridge.daemon_body import DaemonBody
from firmware_bridge.dynamixel.servo_state import HEALTH, TELEMETRY
from firmware_bridge.joints import JOINTS, REST_POSE_RAD
from firmware_bridge.senses import DOA_STREAM, IMU_STREAM, JOINTS_STREAM, Fault, usable

RECORDED = json.loads((Path(__file__).parent / "recorded_daemon.json").read_text())
PUSHED = {json.loads(text)["type"]: json.loads(text) for text in RECORDED["pushed"]}
PERIOD_S = 0.02


class Daemon:
    """A daemon on loopback whose joints go where they are told while the motors are on."""

    def __init__(self, port: int = 0) -> None:
        joints = PUSHED["joint_positions"]
        self.positions = [*joints["head_joint_positions"], *joints["antennas_joint_positions"]]
        self.mode = "disabled"
        self.state = "running"
        self.told: list[tuple[str, Any]] = []
        self.cut_to: int | None = None
        self.swallows = False
        self.gone = threading.Event()
        self.server: Server = serve(self._serve, "127.0.0.1", port)
        self.port: int = self.server.socket.getsockname()[1]
        self.connections: list[ServerConnection] = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.gone.set()
        self.server.shutdown()
        for connection in self.connections:
            connection.socket.close()

    def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        assert connection.request is not None
        talk = {
            "/ws/sdk": self._sdk,
            "/api/state/ws/full": self._full,
            "/api/move/ws/raw/write": self._raw,
        }[connection.request.path.partition("?")[0]]
        with suppress(ConnectionClosed, OSError):
            talk(connection)

    def _sdk(self, connection: ServerConnection) -> None:
        threading.Thread(target=self._obey, args=(connection,), daemon=True).start()
        while not self.gone.wait(PERIOD_S):
            status = {**PUSHED["daemon_status"], "state": self.state}
            status["backend_status"] = {**status["backend_status"], "motor_control_mode": self.mode}
            joints = {
                **PUSHED["joint_positions"],
                "head_joint_positions": self.positions[:7],
                "antennas_joint_positions": self.positions[7:],
            }
            for message in (joints, PUSHED["head_pose"], PUSHED["imu_data"], status):
                connection.send(json.dumps(message))

    def _obey(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed, OSError):
            for text in connection:
                self._obey_one(json.loads(text))

    def _obey_one(self, command: dict[str, Any]) -> None:
        kind = command.pop("type")
        value = next(iter(command.values()))
        self.told.append((kind, value))
        if kind == "set_motor_mode":
            self.mode = value
        elif self.mode == "enabled" and kind == "set_head_joints":
            self.positions[:7] = value
        elif self.mode == "enabled" and kind == "set_antennas":
            self.positions[7:] = value

    def _full(self, connection: ServerConnection) -> None:
        while not self.gone.wait(1 / 15):
            connection.send(
                json.dumps({**json.loads(RECORDED["state"]), "control_mode": self.mode})
            )

    def _raw(self, connection: ServerConnection) -> None:
        for packet in connection:
            assert isinstance(packet, bytes)
            if self.swallows:
                continue
            reply = bytes.fromhex(RECORDED["raw"][packet.hex()])
            connection.send(reply[: self.cut_to])


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    server = Daemon()
    yield server
    server.close()


def _body(daemon: Daemon, **settings: Any) -> DaemonBody:
    body = DaemonBody(DaemonSettings(port=daemon.port, **settings), SystemClock())
    body.open()
    return body


def _until(true: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def _targets(position: float, duration_s: float = 0.1) -> JointTargets:
    return JointTargets((position,) * 9, torque_enabled=True, duration_s=duration_s)


def test_reads_every_stream_of_the_daemon(daemon: Daemon) -> None:
    body = _body(daemon, telemetry_hz=50.0)
    _until(lambda: all(body.link.health_ns) and body.link.sound is not None)
    time.sleep(0.3)
    sense = body.sense()
    assert sense.joints is not None
    assert usable(sense.joints, JOINTS_STREAM, sense.t_mono_ns)
    assert [j.position_rad for j in sense.joints.joints] == daemon.positions
    assert [j.voltage_v for j in sense.joints.joints] == pytest.approx([7.2] * 9)
    assert all(20.0 <= j.temperature_c <= 40.0 for j in sense.joints.joints)
    assert len({j.t_telemetry_ns for j in sense.joints.joints}) == 9, "each at its own time"
    assert abs(sense.head.yaw_rad) < 0.05
    assert sense.imu is not None
    assert usable(sense.imu, IMU_STREAM, sense.t_mono_ns)
    assert sense.imu.temperature_c == pytest.approx(21.125), "the sign that the library forgets"
    assert sense.imu.accelerometer_m_s2 == (0.12, -0.05, 9.79)
    assert sense.doa is not None
    assert usable(sense.doa, DOA_STREAM, sense.t_mono_ns)
    assert sense.doa.azimuth_rad - sense.doa.head_yaw_rad == pytest.approx(0.5236, abs=1e-4)
    assert all(check.passed for check in body.checks())
    assert sense.fault_bits == Fault.NONE
    body.close()


def test_torque_goes_on_at_the_present_pose_and_then_follows(daemon: Daemon) -> None:
    body = _body(daemon)
    start = tuple(daemon.positions)
    first = body.act(_targets(0.5))
    assert first is not None
    assert first.position_rad == start, "a jump on arming breaks legs"
    _until(lambda: daemon.mode == "enabled")
    time.sleep(0.35)
    assert body.act(_targets(0.5, 0.5)) == _targets(0.5, 0.5)
    _until(lambda: daemon.positions == [0.5] * 9)
    kinds = [kind for kind, _ in daemon.told]
    assert kinds[0] == "set_motor_mode"
    yaws = [value[0] for kind, value in daemon.told if kind == "set_head_joints"]
    assert len(set(yaws)) >= 4, "half a second is walked in steps"
    assert yaws == sorted(yaws)
    joints = body.link.joints
    _until(lambda: body.link.joints is not joints)
    time.sleep(2 * PERIOD_S)
    released = body.act(JointTargets((0.0,) * 9, torque_enabled=False, duration_s=0.1))
    assert released is not None
    assert not released.torque_enabled
    assert released.position_rad == (0.5,) * 9, "what is, not what was asked"
    _until(lambda: daemon.mode == "disabled")
    body.close()


def test_a_daemon_that_dies_is_a_fault_and_one_that_returns_is_met_where_it_stands() -> None:
    first = Daemon()
    body = _body(first)
    body.act(_targets(0.2))
    time.sleep(0.35)
    body.act(_targets(0.2))
    _until(lambda: first.positions == [0.2] * 9)
    first.close()
    _until(lambda: body.sense().fault_bits & Fault.BUS_LOST)
    assert body.act(_targets(0.2)) is None
    second = Daemon(first.port)
    _until(lambda: not body.sense().fault_bits)
    again = body.act(_targets(0.2))
    assert again is not None
    assert again.position_rad == tuple(second.positions)
    body.close()
    second.close()


def test_the_daemons_own_error_and_lost_torque_are_faults(daemon: Daemon) -> None:
    body = _body(daemon)
    body.act(_targets(0.0))
    _until(lambda: daemon.mode == "enabled")
    assert not body.sense().fault_bits
    daemon.mode = "disabled"
    _until(lambda: body.sense().fault_bits & Fault.TORQUE_LOST)
    daemon.state = "error"
    _until(lambda: body.sense().fault_bits & Fault.BODY_FAULT)
    body.close()


def test_park_lays_the_robot_down_and_lets_go(daemon: Daemon) -> None:
    daemon.mode = "enabled"
    body = _body(daemon, park_s=0.5)
    _until(lambda: body.link.motor_mode == "enabled")
    body.park()
    assert daemon.mode == "disabled"
    assert daemon.positions == pytest.approx(REST_POSE_RAD, abs=0.1)
    body.close()


def test_answers_cut_short_cost_currents_and_nothing_else(daemon: Daemon) -> None:
    daemon.cut_to = 20
    body = _body(daemon, telemetry_hz=50.0)
    _until(lambda: body.link.asked > 4)
    sense = body.sense()
    assert body.link.answered == 0
    assert sense.joints is not None
    assert sense.joints.valid
    assert all(joint.t_telemetry_ns == 0 for joint in sense.joints.joints)
    assert sense.fault_bits == Fault.NONE
    daemon.cut_to = None
    _until(lambda: body.link.answered > 0)
    body.close()


def test_a_servo_packet_that_never_comes_back_is_the_last(daemon: Daemon) -> None:
    """The real daemon hangs then; asking again after its restart would hang it again."""
    daemon.swallows = True
    body = _body(daemon, telemetry_hz=50.0)
    _until(lambda: body.link.wedged, seconds=10.0)
    assert body.link.asked == 1
    registers = next(check for check in body.checks() if check.name == "servo registers")
    assert "telemetry_hz = 0" in registers.remedy
    assert body.sense().fault_bits == Fault.NONE
    body.close()


def test_no_daemon_is_one_clear_line() -> None:
    body = DaemonBody(DaemonSettings(port=9), VirtualClock())
    with pytest.raises(BodyError, match="reachy-mini-daemon") as caught:
        body.open()
    assert "\n" not in str(caught.value)


@settings(deadline=None)
@given(st.sampled_from(JOINTS), st.booleans(), st.binary(max_size=40), st.binary(max_size=9))
def test_finds_an_answer_behind_the_rest_of_another(
    joint: Any, healthy: bool, before: bytes, behind: bytes
) -> None:
    address, length = HEALTH if healthy else TELEMETRY
    answer = bytes.fromhex(RECORDED["raw"][read_packet(joint.servo_id, address, length).hex()])
    # A header in the noise may claim bytes of the answer; the noise of a bus holds none.
    before = before.replace(b"\xff", b"\x00")
    reading = find_answer(before + answer + behind, joint.servo_id, length)
    assert reading is not None
    assert reading.data == answer[9 : 9 + length]
    assert find_answer(before + answer, joint.servo_id + 1, length) is None


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"\xff\xff\xfd\x00", b"\xff", b"\xfd", b"\n", b"\x55", b"\x04\x00"]))
)
def test_any_noise_comes_to_an_end(pieces: list[bytes]) -> None:
    assert find_answer(b"".join(pieces), 10, 21) is None


@settings(deadline=None)
@given(st.sampled_from(JOINTS), st.data())
def test_a_damaged_or_short_answer_is_no_answer(joint: Any, data: st.DataObject) -> None:
    address, length = TELEMETRY
    answer = bytes.fromhex(RECORDED["raw"][read_packet(joint.servo_id, address, length).hex()])
    assert find_answer(answer[: data.draw(st.integers(0, len(answer) - 1))], 10, length) is None
    place = data.draw(st.integers(0, len(answer) - 1))
    damaged = bytearray(answer)
    damaged[place] ^= data.draw(st.integers(1, 255))
    assert find_answer(bytes(damaged), joint.servo_id, length) is None
