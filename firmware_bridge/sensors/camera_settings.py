"""What can be set about the camera: where pictures come from, the lens, the face detector.

Apart from the code that needs OpenCV, so that reading a configuration does not load it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from firmware_bridge.sensors.reader import within


@dataclass(frozen=True, slots=True)
class LensSettings:
    """The vendor's calibration of the robot's camera, in pixels of 3840 x 2592."""

    focal_x_px: float = 2001.8076426486707
    focal_y_px: float = 2003.0778885944105
    centre_x_px: float = 1905.876059826701
    centre_y_px: float = 1328.3239717935594
    distortion: tuple[float, ...] = (
        -1.4652320301298614,
        0.6542714131667414,
        0.012147809271745049,
        -0.002677286460143648,
        0.3035939941825349,
        -1.4300809080461876,
        0.570024082887235,
        0.3567299243352951,
        0.003057363348400015,
        0.0003357614008682464,
        -0.009897126394310923,
        -0.002050919484589521,
    )
    """k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4, as OpenCV orders them."""
    crop: float = 1.0
    """Zoom of the camera's mode: 1.115 at 1920x1080, 1.109 at 3840x2160, 1 in most others."""


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """The detector of faces. The camera stays off until model = "/path/to/yunet.onnx" is set."""

    model: Path | None = None
    """YuNet as ONNX: yunet_n_320_320.onnx, or OpenCV Zoo's face_detection_yunet."""
    width_px: int = 320
    """Pictures are searched at this width: at 320 a face of 10 degrees is 37 pixels wide."""
    confidence: float = 0.6
    """Detections below are dropped, 0 to 1."""
    most: int = 16
    """Faces that are looked at in one picture."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` naming the field that is out of range."""
        within("width_px", self.width_px, 64, 3840)
        within("confidence", self.confidence, 0.05, 0.99)
        within("most", self.most, 1, 1000)


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """The camera. Pictures are looked at and dropped; none is ever stored."""

    device: str = "/dev/video0"
    """A V4L2 device; for trials a picture, a folder of pictures or a video file."""
    command: tuple[str, ...] = ()
    """A program that writes raw pictures of exactly width x height to its standard output, in
    place of the device: rpicam-vid where the camera speaks libcamera, gst-launch-1.0 with
    unixfdsrc beside the vendor's daemon."""
    command_format: Literal["bgr", "i420"] = "i420"
    """Pixels of the command: 24-bit BGR, or planar YUV 4:2:0."""
    width_px: int = 1280
    height_px: int = 720
    rate_hz: float = 10.0
    """Pictures that are searched, a second; those in between are dropped unseen."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` naming the field that is out of range."""
        within("width_px", self.width_px, 64, 4608)
        within("height_px", self.height_px, 48, 2592)
        within("rate_hz", self.rate_hz, 0.5, 60.0)
