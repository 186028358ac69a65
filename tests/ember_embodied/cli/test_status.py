"""``ember status`` and ``ember intent`` over real sockets, to a robot that this test plays."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from math import radians
from pathlib import Path

import pytest

from ember_embodied.cli.main import main
from firmware_bridge.clock import SystemClock
from firmware_bridge.command import JointTargets, Mode, MotorCommand
from firmware_bridge.joints import REST_POSE_RAD
from firmware_bridge.senses import BodySense, Fault, HeadSense, IntentSense, ModeRequest
from firmware_bridge.wire import (
    WIRE_VERSION,
    IntentReceiver,
    StatePublisher,
    WireSettings,
    WireState,
)

STATE = WireState(
    version=WIRE_VERSION,
    tick=70,
    sense=BodySense(0, 0, 70, None, HeadSense(0.2, 0.0, 0.0, 0.0), *[None] * 4, Fault.NONE),
    requested=MotorCommand(0.5, 0.0, 0.0, 0.0, 0.0),
    sent=JointTargets(REST_POSE_RAD, torque_enabled=True, duration_s=0.1),
    mode=Mode.HOLD,
    fault_bits=Fault.BUS_LOST | Fault.LOOP_LATE,
    clip_bits=0,
    rate_hz=10.0,
    lateness_ns=120_000,
    missed_cycles=2,
    dropped_records=0,
    body="servos",
    bundle="first",
    log_path="/var/log/ember/x",
    log_error="stopped: disk full",
    skipped_share=0.83,
)


class Robot:
    """Publishes one state for ever and keeps the intents that come."""

    def __init__(self, settings: WireSettings) -> None:
        self._publisher = StatePublisher(settings)
        self._receiver = IntentReceiver(settings, SystemClock())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live)
        self.intents: list[IntentSense] = []
        self.heard = threading.Event()

    def _live(self) -> None:
        with closing(self._publisher), closing(self._receiver):
            while not self._stop.wait(0.01):
                self._publisher.publish(STATE)
                if (intent := self._receiver.latest()) is not None:
                    self.intents.append(intent)
                    self.heard.set()

    def __enter__(self) -> Robot:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "ember.toml"
    path.write_text(
        f'[wire]\nstate_endpoint = "ipc://{tmp_path}/s"\nintent_endpoint = "ipc://{tmp_path}/i"\n'
    )
    return path


@pytest.fixture
def robot(tmp_path: Path) -> Iterator[Robot]:
    with Robot(WireSettings(True, f"ipc://{tmp_path}/s", f"ipc://{tmp_path}/i")) as robot:
        yield robot


def ember(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["ember", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, *capsys.readouterr()


def test_asked_sent_and_measured_are_three_facts(
    robot: Robot, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = ember(monkeypatch, capsys, "status", "--config", str(config), "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["requested"]["head_yaw_rad"] == 0.5
    assert facts["sent"]["position_rad"] == list(REST_POSE_RAD)
    assert facts["sense"]["head"]["yaw_rad"] == 0.2
    assert facts["mode"] == "HOLD"
    assert facts["faults"][0] == {
        "name": "bus_lost",
        "remedy": "check the servo cable and the power supply",
    }
    assert facts["log_error"] == "stopped: disk full"


def test_a_person_reads_the_picture_and_the_remedy(
    robot: Robot, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = ember(monkeypatch, capsys, "status", "--config", str(config))
    assert code == 0
    for words in (
        "HOLD",
        "2 missed",
        "83% of network",
        "check the servo cable",
        "disk full",
        "asked +29° +0°",
    ):
        assert words in out, words


def test_an_intent_arrives(
    robot: Robot, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = ("--gaze-yaw", "-30", "--arousal", "0.7", "--rest")
    code, out, err = ember(monkeypatch, capsys, "intent", "--config", str(config), *sent)
    assert (code, out, err) == (0, "", "")
    assert robot.heard.wait(2.0)
    intent = robot.intents[0]
    assert intent.gaze_yaw_rad == pytest.approx(radians(-30))
    assert (intent.gaze_weight, intent.arousal) == (1.0, 0.7)
    assert intent.request is ModeRequest.REST


@pytest.mark.parametrize("verb", [["status"], ["intent", "--rest"]])
def test_no_robot_is_one_clear_line(
    verb: list[str],
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("ember_embodied.cli.status.PATIENCE_S", 0.05)
    monkeypatch.setattr("ember_embodied.cli.intent.CONNECT_TIMEOUT_S", 0.05)
    code, out, err = ember(monkeypatch, capsys, *verb, "--config", str(config))
    assert (code, out) == (2, "")
    assert "ember run" in err
    assert err.count("\n") == 1
