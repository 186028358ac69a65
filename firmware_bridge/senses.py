"""What the body feels in one tick, as frozen records with the units in the names.

Every stream carries its own time of capture, its measured spacing and whether its content is
sound. A consumer asks three questions of a stream before it believes it: ``alive`` (young
enough), ``on_rate`` (coming as often as it should) and ``valid`` (sound in itself). A stream
that the robot does not have is ``None``: a mask bit for the network, never a zero.

Frames follow ROS REP-103: x forward, y left, z up, yaw positive to the left; here pitch is
positive downwards, as the robot's vendor and REP-103 both have it. "Base frame" is the frame of
the robot's foot on the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final, Protocol


class Fault(IntFlag):
    """Everything that can be wrong, one bit each. What a fault does is ``failsafe``'s table."""

    NONE = 0
    BUS_LOST = 1 << 0
    """The servo port is gone, or no servo has answered for longer than the joints' stale-after."""
    SERVO_SILENT = 1 << 1
    """At least one servo does not answer while others do."""
    SERVO_OVERLOAD = 1 << 2
    SERVO_OVERHEAT = 1 << 3
    SERVO_SHOCK = 1 << 4
    SERVO_ENCODER = 1 << 5
    SERVO_REFUSED = 1 << 6
    """A register did not read back as written, or a goal was refused."""
    TORQUE_LOST = 1 << 7
    """A servo holds no torque although it was told to."""
    VOLTAGE_LOW = 1 << 8
    JOINTS_STALE = 1 << 9
    IMU_STALE = 1 << 10
    DOA_STALE = 1 << 11
    CAMERA_STALE = 1 << 12
    COMMAND_INVALID = 1 << 13
    """The network or the correction gave a number that is not finite."""
    LOOP_LATE = 1 << 14
    TEMPERATURE_HIGH = 1 << 15
    """A servo is warm: within 10 degrees of its limit."""
    LIFTED = 1 << 16
    BODY_FAULT = 1 << 17
    """The body reported a failure that has no bit of its own."""


class ModeRequest(IntEnum):
    """What an operator or the cortex asks of the loop."""

    NONE = 0
    ARM = 1
    REST = 2
    CLEAR = 3
    """The operator has seen the fault: LIMP may be left."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One line of the sense table."""

    name: str
    size: int
    rate_hz: float
    stale_after_s: float


JOINTS_STREAM: Final = StreamSpec("joints", 9 * 5, 10.0, 0.35)
IMU_STREAM: Final = StreamSpec("imu", 10, 50.0, 0.5)
DOA_STREAM: Final = StreamSpec("doa", 4, 10.0, 0.5)
CAMERA_STREAM: Final = StreamSpec("camera", 12, 10.0, 0.6)
INTENT_STREAM: Final = StreamSpec("intent", 4, 1.0, 3.0)
SENSE_TABLE: Final[tuple[StreamSpec, ...]] = (
    JOINTS_STREAM,
    IMU_STREAM,
    DOA_STREAM,
    CAMERA_STREAM,
    INTENT_STREAM,
)
"""The sense table. ``rate_hz`` is the slowest rate at which the stream is still on rate."""

FACE_FEATURES: Final = 8


@dataclass(frozen=True, slots=True)
class JointSense:
    """One servo as read: position and velocity at ``t_mono_ns``, the rest at ``t_telemetry_ns``.

    A daemon that gives currents one servo at a time makes the two times differ; when it has given
    none yet, ``t_telemetry_ns`` is 0 and current, temperature and voltage mean nothing.
    ``error_bits`` is the hardware error register (70); ``answered`` is False when the servo gave
    no answer this tick and the values are the last known ones.
    """

    t_mono_ns: int
    answered: bool
    position_rad: float
    velocity_rad_s: float
    t_telemetry_ns: int
    current_a: float
    temperature_c: float
    voltage_v: float
    error_bits: int
    torque_enabled: bool


@dataclass(frozen=True, slots=True)
class JointsSense:
    """The nine servos of one read, in the order of ``joints.JOINTS``."""

    t_mono_ns: int
    interval_ns: int
    valid: bool
    joints: tuple[JointSense, ...]


@dataclass(frozen=True, slots=True)
class HeadSense:
    """Pose of the head in the base frame, by forward kinematics of the measured joints."""

    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    z_m: float
    """Height above the neutral pose."""


@dataclass(frozen=True, slots=True)
class ImuSense:
    """Accelerometer (specific force) and gyroscope in the base frame's axes, and orientation."""

    t_mono_ns: int
    interval_ns: int
    valid: bool
    accelerometer_m_s2: tuple[float, float, float]
    gyroscope_rad_s: tuple[float, float, float]
    orientation_wxyz: tuple[float, float, float, float]
    temperature_c: float


@dataclass(frozen=True, slots=True)
class DoaSense:
    """Direction of arrival of sound in the base frame: two hypotheses, front and mirrored.

    A linear array cannot tell front from back, so ``azimuth_rad`` is the hypothesis in front of
    the head and ``mirror_rad`` the one behind it, both turned into the base frame with the head's
    yaw at the moment of capture (``head_yaw_rad``), wrapped to (-pi, pi].
    """

    t_mono_ns: int
    interval_ns: int
    valid: bool
    azimuth_rad: float
    mirror_rad: float
    speech: bool
    energy: float
    """Speech energy, 0 to 1."""
    head_yaw_rad: float


@dataclass(frozen=True, slots=True)
class CameraSense:
    """The best face, as a bearing in the base frame with the head pose at the moment of capture.

    ``confidence`` 0 means no face is seen; bearing and size are then 0. ``size_rad`` is the
    angular width of the face. ``features`` are ``FACE_FEATURES`` compact numbers in -1..1, each
    cut there, as ``sensors.face_track`` makes them from what the camera saw, in the head's frame:
    yaw and pitch / 45 degrees, width / 45 degrees, speed of yaw and pitch / 2 rad/s, number of
    faces / 4, for how long this face has been seen / 5 s, 0.
    """

    t_mono_ns: int
    interval_ns: int
    valid: bool
    face_yaw_rad: float
    face_pitch_rad: float
    size_rad: float
    confidence: float
    features: tuple[float, ...]
    head_yaw_rad: float
    head_pitch_rad: float


@dataclass(frozen=True, slots=True)
class IntentSense:
    """What the cortex or an operator wants; the latest message wins."""

    t_mono_ns: int
    interval_ns: int
    valid: bool
    gaze_yaw_rad: float
    gaze_pitch_rad: float
    gaze_weight: float
    """0: no gaze target, 1: look there."""
    arousal: float
    """0 calm, 1 excited."""
    request: ModeRequest


@dataclass(frozen=True, slots=True)
class BodySense:
    """One tick as seen. ``fault_bits`` are the faults that the body itself reports."""

    t_mono_ns: int
    t_wall_ns: int
    seq: int
    joints: JointsSense | None
    head: HeadSense
    imu: ImuSense | None
    doa: DoaSense | None
    camera: CameraSense | None
    intent: IntentSense | None
    fault_bits: Fault


class Stream(Protocol):
    """What every stream's record has."""

    @property
    def t_mono_ns(self) -> int:
        """Time of capture, ns."""
        ...

    @property
    def interval_ns(self) -> int:
        """Mean spacing of the last captures, ns."""
        ...

    @property
    def valid(self) -> bool:
        """Whether the content is sound in itself."""
        ...


def alive(stream: Stream | None, spec: StreamSpec, now_ns: int) -> bool:
    """True when the stream exists and is younger than its stale-after."""
    return stream is not None and now_ns - stream.t_mono_ns <= spec.stale_after_s * 1e9


def on_rate(stream: Stream | None, spec: StreamSpec) -> bool:
    """True when the stream's spacing is at most 1/0.9 of the declared one."""
    return stream is not None and stream.interval_ns * spec.rate_hz * 0.9 <= 1e9


def usable(stream: Stream | None, spec: StreamSpec, now_ns: int) -> bool:
    """True when the stream is alive and valid: what the network's mask says."""
    return stream is not None and stream.valid and alive(stream, spec, now_ns)
