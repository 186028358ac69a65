"""From the settings to a body with its sensors, and what that may load."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ember_embodied.bodies import BodyRequest, embody
from ember_embodied.config import Config
from firmware_bridge.dynamixel.servo_body import ServoBody
from firmware_bridge.sensors.camera_settings import FaceSettings

LOADED = """
import sys
from ember_embodied.bodies import BodyRequest, embody
from ember_embodied.config import Config
embody(sys.argv[1], Config(), BodyRequest())
print([name for name in sys.argv[2:] if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("body", "unwanted"),
    [
        ("servos", ["cv2", "mujoco", "websockets", "torch"]),
        ("daemon", ["cv2", "mujoco", "usb", "torch"]),
    ],
)
def test_a_body_loads_only_what_it_needs(body: str, unwanted: list[str]) -> None:
    command = [sys.executable, "-c", LOADED, body, *unwanted]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


def test_sensors_are_there_as_the_settings_say() -> None:
    settings = Config()
    body = embody("servos", settings, BodyRequest()).body
    assert isinstance(body, ServoBody)
    assert [type(s).__name__ for s in body._sensors.all()] == ["SensorThread"] * 2, "no face model"
    settings = replace(
        settings,
        imu=replace(settings.imu, enabled=False),
        doa=replace(settings.doa, enabled=False),
        faces=FaceSettings(model=Path("yunet.onnx")),
    )
    body = embody("servos", settings, BodyRequest()).body
    assert isinstance(body, ServoBody)
    assert body._sensors.imu is None
    assert body._sensors.doa is None
    assert body._sensors.camera is not None
    assert "not started" in str(body._sensors.camera.problem())
