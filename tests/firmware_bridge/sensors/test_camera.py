"""From a photograph with a face, through each source of pictures, to a bearing."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ember_embodied.bench.photograph import PICTURE_SIZE, astronaut, face_box, hang_picture
from ember_embodied.bench.senses import FACE_FILE
from firmware_bridge.clock import SystemClock, VirtualClock
from firmware_bridge.senses import CameraSense, HeadSense
from firmware_bridge.sensors.camera import Camera
from firmware_bridge.sensors.camera_settings import CameraSettings, FaceSettings, LensSettings
from firmware_bridge.sensors.frames import CaptureFrames, open_frames
from firmware_bridge.sensors.lens import Lens
from firmware_bridge.sensors.reader import PoseHistory, SensorError, SensorThread

WRITER = """
import sys, time
picture = open(sys.argv[1], "rb").read()
for number in range(int(sys.argv[2])):
    sys.stdout.buffer.write(bytes([number]) + picture[1:])
    sys.stdout.buffer.flush()
time.sleep(float(sys.argv[3]))
"""


def _look(
    settings: CameraSettings, faces: FaceSettings, head: HeadSense
) -> tuple[CameraSense | None, str | None]:
    clock, history = VirtualClock(mono_ns=10**9), PoseHistory()
    history.record(clock.mono_ns(), head)
    reader = SensorThread(Camera(settings, LensSettings(), faces, clock, history), clock)
    for _ in range(3):
        reader.poll()
        clock.sleep_until_ns(clock.mono_ns() + 50_000_000)
    sense, problem = reader.latest(clock.mono_ns()), reader.problem()
    reader.stop()
    return sense, problem


@pytest.mark.shared_data
def test_a_photographed_face_is_found_where_it_hangs(shared_data: Path, tmp_path: Path) -> None:
    model, photograph = shared_data / FACE_FILE, astronaut()
    lens, box = Lens(LensSettings(), *PICTURE_SIZE), face_box(model, photograph)
    for number, bearing in enumerate([(0.0, 0.0), (0.5, 0.15), (-0.45, -0.2)]):
        file = tmp_path / f"{number}.png"
        cv2.imwrite(str(file), hang_picture(lens, photograph, box, bearing))
        settings, faces = CameraSettings(device=str(file)), FaceSettings(model=model)
        sense, problem = _look(settings, faces, HeadSense(1.0, 0.0, 0.0, 0.0))
        assert problem is None
        assert sense is not None
        assert sense.valid
        assert sense.confidence > 0.8
        assert sense.face_yaw_rad == pytest.approx(1.0 + bearing[0], abs=math.radians(1.0))
        assert sense.face_pitch_rad == pytest.approx(bearing[1], abs=math.radians(1.0))
        assert sense.size_rad == pytest.approx(math.radians(9.0), rel=0.2)
        assert sense.features[5] == 0.25


@pytest.mark.shared_data
def test_an_empty_room_has_no_face(shared_data: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "room.png"), noise)
    faces = FaceSettings(model=shared_data / FACE_FILE)
    sense, _ = _look(CameraSettings(device=str(tmp_path)), faces, HeadSense(0.0, 0.0, 0.0, 0.0))
    assert sense is not None
    assert sense.valid
    assert sense.confidence == 0.0


@pytest.mark.parametrize("model", [None, Path("nowhere.onnx")])
def test_a_missing_model_is_one_clear_line(model: Path | None) -> None:
    head = HeadSense(0.0, 0.0, 0.0, 0.0)
    sense, problem = _look(CameraSettings(device="x.png"), FaceSettings(model=model), head)
    assert sense is None
    assert "[faces]" in str(problem)
    assert "\n" not in str(problem)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "face.onnx").write_bytes(b"not a model")
    faces = FaceSettings(model=tmp_path / "face.onnx")
    _, problem = _look(CameraSettings(), faces, HeadSense(0.0, 0.0, 0.0, 0.0))
    assert "face.onnx" in str(problem)


@pytest.mark.parametrize(
    ("device", "told"), [("/dev/video99", "/dev/video99"), ("nowhere.png", "nowhere.png")]
)
def test_a_missing_camera_is_named(device: str, told: str) -> None:
    with pytest.raises(SensorError, match=told):
        open_frames(CameraSettings(device=device), SystemClock())


def _command(tmp_path: Path, picture: bytes, count: int, wait_s: float) -> tuple[str, ...]:
    (tmp_path / "raw").write_bytes(picture)
    return (sys.executable, "-c", WRITER, str(tmp_path / "raw"), str(count), str(wait_s))


@pytest.mark.parametrize("kind", ["bgr", "i420"])
def test_pictures_of_a_program(tmp_path: Path, kind: Any) -> None:
    colour = np.zeros((48, 64, 3), np.uint8)
    colour[:, :32] = (200, 40, 60)
    raw = colour if kind == "bgr" else cv2.cvtColor(colour, cv2.COLOR_BGR2YUV_I420)
    command = _command(tmp_path, raw.tobytes(), 3, 5.0)
    settings = CameraSettings(command=command, command_format=kind, width_px=64, height_px=48)
    source = open_frames(settings, SystemClock())
    frame = source.read()
    source.close()
    assert frame is not None
    assert frame.picture.shape == (48, 64, 3)
    assert frame.picture[40, 8] == pytest.approx((200, 40, 60), abs=4)
    assert frame.picture[40, 56] == pytest.approx((0, 0, 0), abs=4)


def test_a_program_that_ends_or_is_missing_is_told(tmp_path: Path) -> None:
    command = _command(tmp_path, bytes(64 * 48 * 3), 0, 0.0)
    settings = CameraSettings(command=command, command_format="bgr", width_px=64, height_px=48)
    source = open_frames(settings, SystemClock())
    with pytest.raises(SensorError, match="ended"):
        source.read()
    source.close()
    with pytest.raises(SensorError, match="no-such-program"):
        open_frames(CameraSettings(command=("no-such-program",)), SystemClock())


class Driver:
    """A V4L2 device behind ``cv2.VideoCapture``: 30 pictures a second into four buffers."""

    PERIOD_NS = 33_333_333

    def __init__(self, clock: VirtualClock) -> None:
        self.clock, self.queue, self.next_ns, self.plugged = clock, [0], self.PERIOD_NS, True

    def isOpened(self) -> bool:
        return self.plugged

    def grab(self) -> bool:
        self._fill()
        if not self.queue:
            self.clock.sleep_until_ns(self.next_ns)
            self._fill()
        self.taken_ns = self.queue.pop(0)
        return self.plugged

    def _fill(self) -> None:
        while self.next_ns <= self.clock.mono_ns():
            if len(self.queue) < 4:
                self.queue.append(self.next_ns)
            self.next_ns += self.PERIOD_NS

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        return True, np.zeros((4, 4, 3), np.uint8)

    def get(self, prop: int) -> float:
        assert prop == cv2.CAP_PROP_POS_MSEC
        return self.taken_ns * 1e-6

    def release(self) -> None:
        self.plugged = False


def test_a_slow_reader_still_gets_the_newest_picture() -> None:
    clock = VirtualClock()
    driver: Any = Driver(clock)
    source = CaptureFrames(driver, "/dev/video0", clock, live=True)
    for _ in range(20):
        clock.sleep_until_ns(clock.mono_ns() + 400_000_000)
        frame = source.read()
        assert frame is not None
        assert clock.mono_ns() - frame.t_mono_ns < Driver.PERIOD_NS
    driver.plugged = False
    with pytest.raises(SensorError, match="check the cable"):
        source.read()


def test_a_video_file_starts_over(tmp_path: Path) -> None:
    file = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for level in (10, 240):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    source = open_frames(CameraSettings(device=str(file)), SystemClock())
    levels = []
    for _ in range(4):
        frame = source.read()
        assert frame is not None
        levels.append(float(frame.picture.mean()) > 128.0)
    source.close()
    assert levels == [False, True, False, True]
