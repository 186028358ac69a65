"""The wire against real sockets: latest wins, malformed is counted, nothing ever waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import zmq
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_bridge.clock import VirtualClock
from firmware_bridge.command import JointTargets, Mode, MotorCommand
from firmware_bridge.joints import REST_POSE_RAD
from firmware_bridge.senses import BodySense, Fault, HeadSense, ModeRequest
from firmware_bridge.wire import (
    WIRE_VERSION,
    Intent,
    IntentReceiver,
    StatePublisher,
    StateSubscriber,
    WireError,
    WireSettings,
    WireState,
    send_intent,
)

STATE = WireState(
    version=WIRE_VERSION,
    tick=7,
    sense=BodySense(1, 2, 7, None, HeadSense(0.1, 0.0, 0.0, 0.0), None, None, None, None, Fault(0)),
    requested=MotorCommand(0.5, float("inf"), 0.0, 0.0, 0.0),
    sent=JointTargets(REST_POSE_RAD, torque_enabled=True, duration_s=0.1),
    mode=Mode.HOLD,
    fault_bits=Fault.BUS_LOST | Fault.LOOP_LATE,
    clip_bits=3,
    rate_hz=10.0,
    lateness_ns=120_000,
    missed_cycles=0,
    dropped_records=0,
    body="sim",
    bundle="first",
    log_path="/tmp/log",
    log_error="",
)


@pytest.fixture
def settings(tmp_path: Path) -> WireSettings:
    return WireSettings(
        state_endpoint=f"ipc://{tmp_path}/state", intent_endpoint=f"ipc://{tmp_path}/intent"
    )


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(mono_ns=1_000_000_000)


@pytest.fixture
def inside(tmp_path: Path) -> str:
    """An endpoint in this process: it delivers at once, so these tests need no waiting."""
    return f"inproc://{tmp_path}"


@pytest.fixture
def receiver(inside: str, clock: VirtualClock) -> Iterator[IntentReceiver]:
    with closing(IntentReceiver(WireSettings(intent_endpoint=inside), clock)) as receiver:
        yield receiver


@pytest.fixture
def sender(inside: str, receiver: IntentReceiver) -> Iterator[zmq.Socket[bytes]]:
    assert receiver.refused == 0
    with zmq.Context.instance().socket(zmq.PUSH) as socket:
        socket.connect(inside)
        yield socket


def encode(version: int = WIRE_VERSION, **fields: object) -> bytes:
    return msgspec.msgpack.encode({"version": version, **fields})


def test_the_state_arrives_as_it_was_sent(settings: WireSettings) -> None:
    with (
        closing(StatePublisher(settings)) as publisher,
        closing(StateSubscriber(settings.state_endpoint)) as subscriber,
    ):
        received = None
        for tick in range(200):
            publisher.publish(replace(STATE, tick=tick, rate_hz=np.float64(10.0)))
            if received := subscriber.receive(0.02):
                break
        assert received is not None
        assert replace(received, tick=0) == replace(STATE, tick=0)


def test_publishing_without_a_listener_does_not_wait(settings: WireSettings) -> None:
    with closing(StatePublisher(settings)) as publisher:
        for _ in range(2000):
            publisher.publish(STATE)


def test_a_robot_that_is_not_there(settings: WireSettings) -> None:
    with closing(StateSubscriber(settings.state_endpoint)) as subscriber:
        assert subscriber.receive(0.02) is None
    with pytest.raises(WireError, match="no robot listens"):
        send_intent(settings.intent_endpoint, Intent(version=WIRE_VERSION), 0.05)


def test_another_version_of_the_state_is_refused_by_name(settings: WireSettings) -> None:
    with (
        closing(StatePublisher(settings)) as publisher,
        closing(StateSubscriber(settings.state_endpoint)) as subscriber,
    ):
        while not subscriber._socket.poll(20):
            publisher.publish(replace(STATE, version=99))
        with pytest.raises(WireError, match="version 99"):
            subscriber.receive(0.0)


def test_the_latest_intent_wins_and_keeps_its_time(
    receiver: IntentReceiver, sender: zmq.Socket[bytes], clock: VirtualClock
) -> None:
    assert receiver.latest() is None
    for yaw in range(5):
        sender.send(encode(gaze_yaw_rad=yaw / 10))
    intent = receiver.latest()
    assert intent is not None
    assert intent.gaze_yaw_rad == 0.4
    clock.sleep_until_ns(5_000_000_000)
    later = receiver.latest()
    assert later is not None
    assert later.t_mono_ns == 1_000_000_000


def test_a_request_is_not_swallowed_by_gaze_and_is_handed_out_once(
    receiver: IntentReceiver, sender: zmq.Socket[bytes]
) -> None:
    sender.send(encode(request=int(ModeRequest.ARM)))
    sender.send(encode(gaze_yaw_rad=0.3))
    first, second = receiver.latest(), receiver.latest()
    assert first is not None
    assert second is not None
    assert (first.request, first.gaze_yaw_rad) == (ModeRequest.ARM, 0.3)
    assert (second.request, second.gaze_yaw_rad) == (ModeRequest.NONE, 0.3)


def test_an_intent_comes_from_another_process_by_name(
    settings: WireSettings, clock: VirtualClock
) -> None:
    with closing(IntentReceiver(settings, clock)) as receiver:
        send_intent(settings.intent_endpoint, Intent(version=WIRE_VERSION, arousal=0.5), 2.0)
        assert receiver._socket.poll(2000)
        intent = receiver.latest()
        assert intent is not None
        assert intent.arousal == 0.5


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xc1garbage",
        msgspec.msgpack.encode([1, 2]),
        encode(version=2),
        encode(gaze_yaw_rad=float("nan")),
        encode(gaze_weight=1.5),
        encode(arousal="high"),
        encode(request=9),
        encode(gaze_yaw=0.1),
        msgspec.msgpack.encode({"gaze_yaw_rad": 0.1}),
    ],
)
def test_a_malformed_intent_is_counted_and_changes_nothing(
    receiver: IntentReceiver, sender: zmq.Socket[bytes], message: bytes
) -> None:
    sender.send(encode(arousal=0.25))
    sender.send(message)
    intent = receiver.latest()
    assert intent is not None
    assert intent.arousal == 0.25
    assert receiver.refused == 1
    assert receiver.last_refusal


@given(st.binary(max_size=200))
@example(b"\x81\xa1\x80")
@example(b"\x91" * 1024)
@example(b"\x81\xa1x" + b"\x91" * 1021)
@example(b"\x81\xa7version" + b"\x91" * 1013)
def test_no_bytes_can_raise(message: bytes) -> None:
    receiver = IntentReceiver.__new__(IntentReceiver)
    receiver._decoder = msgspec.msgpack.Decoder(Intent)
    receiver.refused = 0
    intent = receiver._decode(message)
    assert (intent is None) == (receiver.refused == 1)


@pytest.mark.parametrize(
    "endpoint", ["tcp://0.0.0.0:7781", "tcp://*:7781", "tcp://192.168.1.4:7781", "tcp://eth0:1"]
)
def test_the_door_stays_shut_unless_it_is_opened_by_name(endpoint: str) -> None:
    with pytest.raises(ValueError, match="allow_remote"):
        WireSettings(intent_endpoint=endpoint)
    assert WireSettings(intent_endpoint=endpoint, allow_remote=True).intent_endpoint == endpoint


@pytest.mark.parametrize("endpoint", ["ipc:///run/x", "tcp://127.0.0.1:1", "tcp://[::1]:1"])
def test_loopback_needs_no_permission(endpoint: str) -> None:
    assert WireSettings(state_endpoint=endpoint).state_endpoint == endpoint


def test_two_robots_at_one_endpoint(settings: WireSettings, clock: VirtualClock) -> None:
    tcp = replace(settings, intent_endpoint="tcp://127.0.0.1:*")
    with closing(IntentReceiver(tcp, clock)) as first:
        endpoint = first._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        with pytest.raises(WireError, match="another ember"):
            IntentReceiver(replace(settings, intent_endpoint=endpoint), clock)
