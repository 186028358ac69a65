"""The camera as a sensor: the newest picture, the faces in it, and nothing kept of it.

OpenCV is loaded when the camera is opened, not before: a robot that looks at nothing does not pay
for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware_bridge.clock import Clock
from firmware_bridge.senses import CameraSense
from firmware_bridge.sensors.camera_settings import CameraSettings, FaceSettings, LensSettings
from firmware_bridge.sensors.face_track import FaceTrack, FaceView, camera_sense
from firmware_bridge.sensors.reader import PoseHistory, SensorError

if TYPE_CHECKING:
    from firmware_bridge.sensors.faces import FaceDetector
    from firmware_bridge.sensors.frames import FrameSource


@dataclass(frozen=True, slots=True)
class CameraSample:
    """What one picture came to."""

    t_mono_ns: int
    view: FaceView


class Camera:
    """The camera as a ``Device``: reads a picture, finds faces, drops the picture."""

    name = "camera"

    def __init__(
        self,
        settings: CameraSettings,
        lens: LensSettings,
        faces: FaceSettings,
        clock: Clock,
        history: PoseHistory,
    ) -> None:
        """Nothing is opened or loaded before ``open``."""
        self.period_ns = round(1e9 / settings.rate_hz)
        self._settings, self._lens, self._faces = settings, lens, faces
        self._clock = clock
        self._history = history
        self._track = FaceTrack()
        self._source: FrameSource | None = None
        self._detector: FaceDetector | None = None

    def open(self) -> None:
        """Load OpenCV and the face model, start the pictures. Raises ``SensorError``."""
        model = self._faces.model
        if model is None or not model.is_file():
            raise SensorError(f"no face model at {model}; set model under [faces] to a YuNet file")
        import cv2

        from firmware_bridge.sensors.faces import FaceDetector
        from firmware_bridge.sensors.frames import open_frames

        # One thread: the control loop has the first claim on the other cores.
        cv2.setNumThreads(1)
        if self._detector is None:
            self._detector = FaceDetector(self._faces, self._lens)
        self._source = open_frames(self._settings, self._clock)

    def sample(self) -> CameraSample | None:
        """Look at the newest picture. Raises ``SensorError``."""
        assert self._source is not None
        assert self._detector is not None
        frame = self._source.read()
        if frame is None:
            return None
        sightings = self._detector.find(frame.picture)
        return CameraSample(frame.t_mono_ns, self._track.update(frame.t_mono_ns, sightings))

    def close(self) -> None:
        """Let go of the camera."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def sense(self, sample: CameraSample, interval_ns: int) -> CameraSense:
        """The sample in the base frame, by the head's pose at the moment of capture."""
        pose = self._history.at(sample.t_mono_ns)
        return camera_sense(sample.t_mono_ns, sample.view, pose, interval_ns)
