"""Where pictures come from: a V4L2 device, files, or a program that writes raw pictures.

Every source gives the newest picture and drops what piled up before it: an old picture with a new
time would turn the head to where somebody was.
"""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.clock import Clock
from firmware_bridge.sensors.camera_settings import CameraSettings
from firmware_bridge.sensors.reader import SensorError

Picture = NDArray[np.uint8]

DRIVER_BUFFERS: Final = 5
"""Most pictures that a driver or a pipe holds back."""
WAITED_NS: Final = 3_000_000
"""A grab that took longer had to wait, so it has the newest picture."""
NO_PICTURE_AFTER_S: Final = 1.0
TERMINATE_AFTER_S: Final = 1.0
PICTURE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, shape (height, width, 3), BGR, and when it was taken."""

    t_mono_ns: int
    picture: Picture


class FrameSource(Protocol):
    """Where pictures come from."""

    def read(self) -> Frame | None:
        """The newest picture, waiting for the next one if need be. Raises ``SensorError``."""
        ...

    def close(self) -> None:
        """Let go of the camera."""
        ...


def open_frames(settings: CameraSettings, clock: Clock) -> FrameSource:
    """The source that the settings name. Raises ``SensorError``."""
    if settings.command:
        return CommandFrames(settings, clock)
    path = Path(settings.device)
    if path.is_dir() or path.suffix.lower() in PICTURE_SUFFIXES:
        return PictureFrames(path, clock)
    if path.is_file():
        return CaptureFrames(cv2.VideoCapture(str(path)), settings.device, clock, live=False)
    capture = cv2.VideoCapture(settings.device, cv2.CAP_V4L2)
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width_px)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height_px)
    return CaptureFrames(capture, settings.device, clock, live=True)


class CaptureFrames:
    """Pictures of ``cv2.VideoCapture``: a V4L2 device, or a video file, which starts over."""

    def __init__(self, capture: cv2.VideoCapture, name: str, clock: Clock, *, live: bool) -> None:
        """Raises ``SensorError`` when the capture could not be opened."""
        if not capture.isOpened():
            raise SensorError(
                f"{name} gives no pictures; check the cable and that no other program has it"
            )
        self._capture, self._name, self._clock, self._live = capture, name, clock, live

    def read(self) -> Frame | None:
        """The newest picture. Raises ``SensorError`` when the camera is gone."""
        if not self._grab_newest():
            if self._live:
                raise SensorError(f"{self._name} stopped; check the cable")
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            if not self._capture.grab():
                raise SensorError(f"{self._name} has no picture in it")
        now_ns = self._clock.mono_ns()
        complete, picture = self._capture.retrieve()
        if not complete:
            return None
        return Frame(self._taken_ns(now_ns), np.asarray(picture, dtype=np.uint8))

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()

    def _grab_newest(self) -> bool:
        for _ in range(DRIVER_BUFFERS if self._live else 1):
            before_ns = self._clock.mono_ns()
            if not self._capture.grab():
                return False
            if self._clock.mono_ns() - before_ns > WAITED_NS:
                break
        return True

    def _taken_ns(self, now_ns: int) -> int:
        """V4L2 stamps a picture with the monotonic clock when its first line is read out."""
        if not self._live:
            return now_ns
        stamp_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        return stamp_ns if 0 <= now_ns - stamp_ns <= NO_PICTURE_AFTER_S * 1e9 else now_ns


class PictureFrames:
    """One picture, or a folder of pictures in the order of their names, over and over."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises ``SensorError`` when there is no picture at ``path``."""
        self._clock = clock
        files = [path]
        if path.is_dir():
            files = sorted(f for f in path.iterdir() if f.suffix.lower() in PICTURE_SUFFIXES)
        if not files or not files[0].is_file():
            raise SensorError(f"no picture at {path}; name a picture, a folder or a device")
        self._files: Iterator[Path] = cycle(files)

    def read(self) -> Frame | None:
        """The next picture. Raises ``SensorError`` when it cannot be read."""
        path = next(self._files)
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            raise SensorError(f"{path} is not a picture that OpenCV can read")
        return Frame(self._clock.mono_ns(), np.asarray(picture, dtype=np.uint8))

    def close(self) -> None:
        """Nothing is held open."""


class CommandFrames:
    """Raw pictures from the standard output of a program."""

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        """Raises ``SensorError`` when the program cannot be started."""
        self._settings, self._clock = settings, clock
        area = settings.width_px * settings.height_px
        self._bytes = area * 3 if settings.command_format == "bgr" else area * 3 // 2
        self._part = bytearray()
        try:
            self._process = subprocess.Popen(settings.command, stdout=subprocess.PIPE, bufsize=0)
        except OSError as error:
            raise SensorError(
                f"{settings.command[0]} cannot be started ({error.strerror}); install it"
            ) from error

    def read(self) -> Frame | None:
        """The newest whole picture. Raises ``SensorError`` when the program is silent."""
        newest = self._next(NO_PICTURE_AFTER_S)
        if newest is None:
            raise SensorError(f"no picture from {self._settings.command[0]} for a second")
        for _ in range(DRIVER_BUFFERS):
            newer = self._next(0.0)
            if newer is None:
                break
            newest = newer
        return Frame(self._clock.mono_ns(), self._picture(newest))

    def close(self) -> None:
        """End the program."""
        self._process.terminate()
        try:
            self._process.wait(TERMINATE_AFTER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _next(self, wait_s: float) -> bytes | None:
        """The next whole picture; None when it is not there after ``wait_s`` of silence."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while len(self._part) < self._bytes:
            if not select.select([pipe], [], [], wait_s)[0]:
                return None
            block = os.read(pipe, self._bytes - len(self._part))
            if not block:
                raise SensorError(f"{self._settings.command[0]} ended; run it by hand to see why")
            self._part += block
        whole, self._part = bytes(self._part), bytearray()
        return whole

    def _picture(self, raw: bytes) -> Picture:
        width, height = self._settings.width_px, self._settings.height_px
        pixels = np.frombuffer(raw, dtype=np.uint8)
        if self._settings.command_format == "bgr":
            return pixels.reshape(height, width, 3)
        planes = pixels.reshape(height * 3 // 2, width)
        return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
