from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN: _ClassVar[Mode]
    DEGRADED: _ClassVar[Mode]
    HOLD: _ClassVar[Mode]
    REST: _ClassVar[Mode]
    OFF: _ClassVar[Mode]
    LIMP: _ClassVar[Mode]
RUN: Mode
DEGRADED: Mode
HOLD: Mode
REST: Mode
OFF: Mode
LIMP: Mode

class Joints(_message.Message):
    __slots__ = ("age_ns", "interval_ns", "valid", "position_rad", "velocity_rad_s", "current_a", "temperature_c", "voltage_v", "error_bits", "answered", "torque_enabled", "position_age_ns", "telemetry_age_ns")
    AGE_NS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_NS_FIELD_NUMBER: _ClassVar[int]
    VALID_FIELD_NUMBER: _ClassVar[int]
    POSITION_RAD_FIELD_NUMBER: _ClassVar[int]
    VELOCITY_RAD_S_FIELD_NUMBER: _ClassVar[int]
    CURRENT_A_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_C_FIELD_NUMBER: _ClassVar[int]
    VOLTAGE_V_FIELD_NUMBER: _ClassVar[int]
    ERROR_BITS_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    TORQUE_ENABLED_FIELD_NUMBER: _ClassVar[int]
    POSITION_AGE_NS_FIELD_NUMBER: _ClassVar[int]
    TELEMETRY_AGE_NS_FIELD_NUMBER: _ClassVar[int]
    age_ns: int
    interval_ns: int
    valid: bool
    position_rad: _containers.RepeatedScalarFieldContainer[float]
    velocity_rad_s: _containers.RepeatedScalarFieldContainer[float]
    current_a: _containers.RepeatedScalarFieldContainer[float]
    temperature_c: _containers.RepeatedScalarFieldContainer[float]
    voltage_v: _containers.RepeatedScalarFieldContainer[float]
    error_bits: _containers.RepeatedScalarFieldContainer[int]
    answered: _containers.RepeatedScalarFieldContainer[bool]
    torque_enabled: _containers.RepeatedScalarFieldContainer[bool]
    position_age_ns: _containers.RepeatedScalarFieldContainer[int]
    telemetry_age_ns: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, age_ns: _Optional[int] = ..., interval_ns: _Optional[int] = ..., valid: bool = ..., position_rad: _Optional[_Iterable[float]] = ..., velocity_rad_s: _Optional[_Iterable[float]] = ..., current_a: _Optional[_Iterable[float]] = ..., temperature_c: _Optional[_Iterable[float]] = ..., voltage_v: _Optional[_Iterable[float]] = ..., error_bits: _Optional[_Iterable[int]] = ..., answered: _Optional[_Iterable[bool]] = ..., torque_enabled: _Optional[_Iterable[bool]] = ..., position_age_ns: _Optional[_Iterable[int]] = ..., telemetry_age_ns: _Optional[_Iterable[int]] = ...) -> None: ...

class Head(_message.Message):
    __slots__ = ("yaw_rad", "pitch_rad", "roll_rad", "z_m")
    YAW_RAD_FIELD_NUMBER: _ClassVar[int]
    PITCH_RAD_FIELD_NUMBER: _ClassVar[int]
    ROLL_RAD_FIELD_NUMBER: _ClassVar[int]
    Z_M_FIELD_NUMBER: _ClassVar[int]
    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    z_m: float
    def __init__(self, yaw_rad: _Optional[float] = ..., pitch_rad: _Optional[float] = ..., roll_rad: _Optional[float] = ..., z_m: _Optional[float] = ...) -> None: ...

class Imu(_message.Message):
    __slots__ = ("age_ns", "interval_ns", "valid", "accelerometer_m_s2", "gyroscope_rad_s", "orientation_wxyz", "temperature_c")
    AGE_NS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_NS_FIELD_NUMBER: _ClassVar[int]
    VALID_FIELD_NUMBER: _ClassVar[int]
    ACCELEROMETER_M_S2_FIELD_NUMBER: _ClassVar[int]
    GYROSCOPE_RAD_S_FIELD_NUMBER: _ClassVar[int]
    ORIENTATION_WXYZ_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_C_FIELD_NUMBER: _ClassVar[int]
    age_ns: int
    interval_ns: int
    valid: bool
    accelerometer_m_s2: _containers.RepeatedScalarFieldContainer[float]
    gyroscope_rad_s: _containers.RepeatedScalarFieldContainer[float]
    orientation_wxyz: _containers.RepeatedScalarFieldContainer[float]
    temperature_c: float
    def __init__(self, age_ns: _Optional[int] = ..., interval_ns: _Optional[int] = ..., valid: bool = ..., accelerometer_m_s2: _Optional[_Iterable[float]] = ..., gyroscope_rad_s: _Optional[_Iterable[float]] = ..., orientation_wxyz: _Optional[_Iterable[float]] = ..., temperature_c: _Optional[float] = ...) -> None: ...

class Doa(_message.Message):
    __slots__ = ("age_ns", "interval_ns", "valid", "azimuth_rad", "mirror_rad", "speech", "energy", "head_yaw_rad")
    AGE_NS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_NS_FIELD_NUMBER: _ClassVar[int]
    VALID_FIELD_NUMBER: _ClassVar[int]
    AZIMUTH_RAD_FIELD_NUMBER: _ClassVar[int]
    MIRROR_RAD_FIELD_NUMBER: _ClassVar[int]
    SPEECH_FIELD_NUMBER: _ClassVar[int]
    ENERGY_FIELD_NUMBER: _ClassVar[int]
    HEAD_YAW_RAD_FIELD_NUMBER: _ClassVar[int]
    age_ns: int
    interval_ns: int
    valid: bool
    azimuth_rad: float
    mirror_rad: float
    speech: bool
    energy: float
    head_yaw_rad: float
    def __init__(self, age_ns: _Optional[int] = ..., interval_ns: _Optional[int] = ..., valid: bool = ..., azimuth_rad: _Optional[float] = ..., mirror_rad: _Optional[float] = ..., speech: bool = ..., energy: _Optional[float] = ..., head_yaw_rad: _Optional[float] = ...) -> None: ...

class Camera(_message.Message):
    __slots__ = ("age_ns", "interval_ns", "valid", "face_yaw_rad", "face_pitch_rad", "size_rad", "confidence", "features", "head_yaw_rad", "head_pitch_rad")
    AGE_NS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_NS_FIELD_NUMBER: _ClassVar[int]
    VALID_FIELD_NUMBER: _ClassVar[int]
    FACE_YAW_RAD_FIELD_NUMBER: _ClassVar[int]
    FACE_PITCH_RAD_FIELD_NUMBER: _ClassVar[int]
    SIZE_RAD_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    HEAD_YAW_RAD_FIELD_NUMBER: _ClassVar[int]
    HEAD_PITCH_RAD_FIELD_NUMBER: _ClassVar[int]
    age_ns: int
    interval_ns: int
    valid: bool
    face_yaw_rad: float
    face_pitch_rad: float
    size_rad: float
    confidence: float
    features: _containers.RepeatedScalarFieldContainer[float]
    head_yaw_rad: float
    head_pitch_rad: float
    def __init__(self, age_ns: _Optional[int] = ..., interval_ns: _Optional[int] = ..., valid: bool = ..., face_yaw_rad: _Optional[float] = ..., face_pitch_rad: _Optional[float] = ..., size_rad: _Optional[float] = ..., confidence: _Optional[float] = ..., features: _Optional[_Iterable[float]] = ..., head_yaw_rad: _Optional[float] = ..., head_pitch_rad: _Optional[float] = ...) -> None: ...

class Intent(_message.Message):
    __slots__ = ("age_ns", "interval_ns", "valid", "gaze_yaw_rad", "gaze_pitch_rad", "gaze_weight", "arousal", "request")
    AGE_NS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_NS_FIELD_NUMBER: _ClassVar[int]
    VALID_FIELD_NUMBER: _ClassVar[int]
    GAZE_YAW_RAD_FIELD_NUMBER: _ClassVar[int]
    GAZE_PITCH_RAD_FIELD_NUMBER: _ClassVar[int]
    GAZE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    AROUSAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    age_ns: int
    interval_ns: int
    valid: bool
    gaze_yaw_rad: float
    gaze_pitch_rad: float
    gaze_weight: float
    arousal: float
    request: int
    def __init__(self, age_ns: _Optional[int] = ..., interval_ns: _Optional[int] = ..., valid: bool = ..., gaze_yaw_rad: _Optional[float] = ..., gaze_pitch_rad: _Optional[float] = ..., gaze_weight: _Optional[float] = ..., arousal: _Optional[float] = ..., request: _Optional[int] = ...) -> None: ...

class BodySense(_message.Message):
    __slots__ = ("t_mono_ns", "t_wall_ns", "seq", "joints", "head", "imu", "doa", "camera", "intent", "fault_bits")
    T_MONO_NS_FIELD_NUMBER: _ClassVar[int]
    T_WALL_NS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    JOINTS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    IMU_FIELD_NUMBER: _ClassVar[int]
    DOA_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    FAULT_BITS_FIELD_NUMBER: _ClassVar[int]
    t_mono_ns: int
    t_wall_ns: int
    seq: int
    joints: Joints
    head: Head
    imu: Imu
    doa: Doa
    camera: Camera
    intent: Intent
    fault_bits: int
    def __init__(self, t_mono_ns: _Optional[int] = ..., t_wall_ns: _Optional[int] = ..., seq: _Optional[int] = ..., joints: _Optional[_Union[Joints, _Mapping]] = ..., head: _Optional[_Union[Head, _Mapping]] = ..., imu: _Optional[_Union[Imu, _Mapping]] = ..., doa: _Optional[_Union[Doa, _Mapping]] = ..., camera: _Optional[_Union[Camera, _Mapping]] = ..., intent: _Optional[_Union[Intent, _Mapping]] = ..., fault_bits: _Optional[int] = ...) -> None: ...

class MotorCommand(_message.Message):
    __slots__ = ("head_yaw_rad", "head_pitch_rad", "antenna_left_rad", "antenna_right_rad", "body_yaw_rad")
    HEAD_YAW_RAD_FIELD_NUMBER: _ClassVar[int]
    HEAD_PITCH_RAD_FIELD_NUMBER: _ClassVar[int]
    ANTENNA_LEFT_RAD_FIELD_NUMBER: _ClassVar[int]
    ANTENNA_RIGHT_RAD_FIELD_NUMBER: _ClassVar[int]
    BODY_YAW_RAD_FIELD_NUMBER: _ClassVar[int]
    head_yaw_rad: float
    head_pitch_rad: float
    antenna_left_rad: float
    antenna_right_rad: float
    body_yaw_rad: float
    def __init__(self, head_yaw_rad: _Optional[float] = ..., head_pitch_rad: _Optional[float] = ..., antenna_left_rad: _Optional[float] = ..., antenna_right_rad: _Optional[float] = ..., body_yaw_rad: _Optional[float] = ...) -> None: ...

class JointTargets(_message.Message):
    __slots__ = ("position_rad", "torque_enabled", "duration_s")
    POSITION_RAD_FIELD_NUMBER: _ClassVar[int]
    TORQUE_ENABLED_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    position_rad: _containers.RepeatedScalarFieldContainer[float]
    torque_enabled: bool
    duration_s: float
    def __init__(self, position_rad: _Optional[_Iterable[float]] = ..., torque_enabled: bool = ..., duration_s: _Optional[float] = ...) -> None: ...

class Guidance(_message.Message):
    __slots__ = ("front_correction_rad", "mirror_correction_rad", "variant", "greedy", "randomisation", "fault_bits", "probe_kind", "probe_part", "intent_rad", "frozen")
    FRONT_CORRECTION_RAD_FIELD_NUMBER: _ClassVar[int]
    MIRROR_CORRECTION_RAD_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    GREEDY_FIELD_NUMBER: _ClassVar[int]
    RANDOMISATION_FIELD_NUMBER: _ClassVar[int]
    FAULT_BITS_FIELD_NUMBER: _ClassVar[int]
    PROBE_KIND_FIELD_NUMBER: _ClassVar[int]
    PROBE_PART_FIELD_NUMBER: _ClassVar[int]
    INTENT_RAD_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    front_correction_rad: float
    mirror_correction_rad: float
    variant: int
    greedy: int
    randomisation: float
    fault_bits: int
    probe_kind: int
    probe_part: int
    intent_rad: _containers.RepeatedScalarFieldContainer[float]
    frozen: bool
    def __init__(self, front_correction_rad: _Optional[float] = ..., mirror_correction_rad: _Optional[float] = ..., variant: _Optional[int] = ..., greedy: _Optional[int] = ..., randomisation: _Optional[float] = ..., fault_bits: _Optional[int] = ..., probe_kind: _Optional[int] = ..., probe_part: _Optional[int] = ..., intent_rad: _Optional[_Iterable[float]] = ..., frozen: bool = ...) -> None: ...

class TickRecord(_message.Message):
    __slots__ = ("tick", "sense", "requested", "prediction", "confidence", "gates", "mode", "fault_bits", "goal_rad", "gated", "clip_bits", "sent", "skipped", "variance", "guidance")
    TICK_FIELD_NUMBER: _ClassVar[int]
    SENSE_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    FAULT_BITS_FIELD_NUMBER: _ClassVar[int]
    GOAL_RAD_FIELD_NUMBER: _ClassVar[int]
    GATED_FIELD_NUMBER: _ClassVar[int]
    CLIP_BITS_FIELD_NUMBER: _ClassVar[int]
    SENT_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_FIELD_NUMBER: _ClassVar[int]
    tick: int
    sense: BodySense
    requested: MotorCommand
    prediction: _containers.RepeatedScalarFieldContainer[float]
    confidence: float
    gates: _containers.RepeatedScalarFieldContainer[float]
    mode: Mode
    fault_bits: int
    goal_rad: _containers.RepeatedScalarFieldContainer[float]
    gated: JointTargets
    clip_bits: int
    sent: JointTargets
    skipped: bool
    variance: _containers.RepeatedScalarFieldContainer[float]
    guidance: Guidance
    def __init__(self, tick: _Optional[int] = ..., sense: _Optional[_Union[BodySense, _Mapping]] = ..., requested: _Optional[_Union[MotorCommand, _Mapping]] = ..., prediction: _Optional[_Iterable[float]] = ..., confidence: _Optional[float] = ..., gates: _Optional[_Iterable[float]] = ..., mode: _Optional[_Union[Mode, str]] = ..., fault_bits: _Optional[int] = ..., goal_rad: _Optional[_Iterable[float]] = ..., gated: _Optional[_Union[JointTargets, _Mapping]] = ..., clip_bits: _Optional[int] = ..., sent: _Optional[_Union[JointTargets, _Mapping]] = ..., skipped: bool = ..., variance: _Optional[_Iterable[float]] = ..., guidance: _Optional[_Union[Guidance, _Mapping]] = ...) -> None: ...

class TimingRecord(_message.Message):
    __slots__ = ("tick", "t_mono_ns", "lateness_ns", "missed_cycles", "sense_ns", "io_ns", "think_ns", "act_ns", "record_ns", "dropped_records", "learn_ns")
    TICK_FIELD_NUMBER: _ClassVar[int]
    T_MONO_NS_FIELD_NUMBER: _ClassVar[int]
    LATENESS_NS_FIELD_NUMBER: _ClassVar[int]
    MISSED_CYCLES_FIELD_NUMBER: _ClassVar[int]
    SENSE_NS_FIELD_NUMBER: _ClassVar[int]
    IO_NS_FIELD_NUMBER: _ClassVar[int]
    THINK_NS_FIELD_NUMBER: _ClassVar[int]
    ACT_NS_FIELD_NUMBER: _ClassVar[int]
    RECORD_NS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_RECORDS_FIELD_NUMBER: _ClassVar[int]
    LEARN_NS_FIELD_NUMBER: _ClassVar[int]
    tick: int
    t_mono_ns: int
    lateness_ns: int
    missed_cycles: int
    sense_ns: int
    io_ns: int
    think_ns: int
    act_ns: int
    record_ns: int
    dropped_records: int
    learn_ns: int
    def __init__(self, tick: _Optional[int] = ..., t_mono_ns: _Optional[int] = ..., lateness_ns: _Optional[int] = ..., missed_cycles: _Optional[int] = ..., sense_ns: _Optional[int] = ..., io_ns: _Optional[int] = ..., think_ns: _Optional[int] = ..., act_ns: _Optional[int] = ..., record_ns: _Optional[int] = ..., dropped_records: _Optional[int] = ..., learn_ns: _Optional[int] = ...) -> None: ...

class EventRecord(_message.Message):
    __slots__ = ("t_mono_ns", "t_wall_ns", "tick", "level", "name", "text")
    T_MONO_NS_FIELD_NUMBER: _ClassVar[int]
    T_WALL_NS_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    t_mono_ns: int
    t_wall_ns: int
    tick: int
    level: int
    name: str
    text: str
    def __init__(self, t_mono_ns: _Optional[int] = ..., t_wall_ns: _Optional[int] = ..., tick: _Optional[int] = ..., level: _Optional[int] = ..., name: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class WorldRecord(_message.Message):
    __slots__ = ("t_mono_ns", "kind", "who", "values")
    T_MONO_NS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    t_mono_ns: int
    kind: str
    who: str
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, t_mono_ns: _Optional[int] = ..., kind: _Optional[str] = ..., who: _Optional[str] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class SnapshotRecord(_message.Message):
    __slots__ = ("tick", "t_mono_ns", "state", "cerebellum")
    TICK_FIELD_NUMBER: _ClassVar[int]
    T_MONO_NS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CEREBELLUM_FIELD_NUMBER: _ClassVar[int]
    tick: int
    t_mono_ns: int
    state: bytes
    cerebellum: bytes
    def __init__(self, tick: _Optional[int] = ..., t_mono_ns: _Optional[int] = ..., state: _Optional[bytes] = ..., cerebellum: _Optional[bytes] = ...) -> None: ...

class HeaderRecord(_message.Message):
    __slots__ = ("format_version", "ember_version", "session_id", "segment", "boot_id", "t_mono_ns", "t_wall_ns", "body", "rate_hz", "seed", "config_toml", "scenario_toml", "bundle_name", "bundle_digest", "code_digest", "runtime", "event_driven", "thinned")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    EMBER_VERSION_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    T_MONO_NS_FIELD_NUMBER: _ClassVar[int]
    T_WALL_NS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    CONFIG_TOML_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_TOML_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_NAME_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CODE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_DRIVEN_FIELD_NUMBER: _ClassVar[int]
    THINNED_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    ember_version: str
    session_id: str
    segment: int
    boot_id: str
    t_mono_ns: int
    t_wall_ns: int
    body: str
    rate_hz: float
    seed: int
    config_toml: str
    scenario_toml: str
    bundle_name: str
    bundle_digest: str
    code_digest: str
    runtime: str
    event_driven: bool
    thinned: int
    def __init__(self, format_version: _Optional[int] = ..., ember_version: _Optional[str] = ..., session_id: _Optional[str] = ..., segment: _Optional[int] = ..., boot_id: _Optional[str] = ..., t_mono_ns: _Optional[int] = ..., t_wall_ns: _Optional[int] = ..., body: _Optional[str] = ..., rate_hz: _Optional[float] = ..., seed: _Optional[int] = ..., config_toml: _Optional[str] = ..., scenario_toml: _Optional[str] = ..., bundle_name: _Optional[str] = ..., bundle_digest: _Optional[str] = ..., code_digest: _Optional[str] = ..., runtime: _Optional[str] = ..., event_driven: bool = ..., thinned: _Optional[int] = ...) -> None: ...

class Touch(_message.Message):
    __slots__ = ("number", "since_ns", "phase", "place", "kind", "strength", "force_n", "confidence")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SINCE_NS_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    FORCE_N_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    number: int
    since_ns: int
    phase: str
    place: str
    kind: str
    strength: str
    force_n: float
    confidence: float
    def __init__(self, number: _Optional[int] = ..., since_ns: _Optional[int] = ..., phase: _Optional[str] = ..., place: _Optional[str] = ..., kind: _Optional[str] = ..., strength: _Optional[str] = ..., force_n: _Optional[float] = ..., confidence: _Optional[float] = ...) -> None: ...

class Look(_message.Message):
    __slots__ = ("heard_rad", "head_rad", "seen_rad", "verdict", "error_rad", "applied_rad", "variant", "greedy", "randomisation", "reward", "room", "sure", "surprise")
    HEARD_RAD_FIELD_NUMBER: _ClassVar[int]
    HEAD_RAD_FIELD_NUMBER: _ClassVar[int]
    SEEN_RAD_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    ERROR_RAD_FIELD_NUMBER: _ClassVar[int]
    APPLIED_RAD_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    GREEDY_FIELD_NUMBER: _ClassVar[int]
    RANDOMISATION_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    SURE_FIELD_NUMBER: _ClassVar[int]
    SURPRISE_FIELD_NUMBER: _ClassVar[int]
    heard_rad: float
    head_rad: float
    seen_rad: float
    verdict: str
    error_rad: float
    applied_rad: float
    variant: int
    greedy: int
    randomisation: float
    reward: float
    room: int
    sure: float
    surprise: float
    def __init__(self, heard_rad: _Optional[float] = ..., head_rad: _Optional[float] = ..., seen_rad: _Optional[float] = ..., verdict: _Optional[str] = ..., error_rad: _Optional[float] = ..., applied_rad: _Optional[float] = ..., variant: _Optional[int] = ..., greedy: _Optional[int] = ..., randomisation: _Optional[float] = ..., reward: _Optional[float] = ..., room: _Optional[int] = ..., sure: _Optional[float] = ..., surprise: _Optional[float] = ...) -> None: ...

class Reach(_message.Message):
    __slots__ = ("start_rad", "commanded_rad", "measured_rad", "verdict")
    START_RAD_FIELD_NUMBER: _ClassVar[int]
    COMMANDED_RAD_FIELD_NUMBER: _ClassVar[int]
    MEASURED_RAD_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    start_rad: float
    commanded_rad: float
    measured_rad: float
    verdict: str
    def __init__(self, start_rad: _Optional[float] = ..., commanded_rad: _Optional[float] = ..., measured_rad: _Optional[float] = ..., verdict: _Optional[str] = ...) -> None: ...

class LearningRecord(_message.Message):
    __slots__ = ("tick", "t_mono_ns", "verdicts", "strangeness", "lost", "hearing_counts", "surprise", "touches", "look", "reach", "predicted_rad")
    TICK_FIELD_NUMBER: _ClassVar[int]
    T_MONO_NS_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    STRANGENESS_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    HEARING_COUNTS_FIELD_NUMBER: _ClassVar[int]
    SURPRISE_FIELD_NUMBER: _ClassVar[int]
    TOUCHES_FIELD_NUMBER: _ClassVar[int]
    LOOK_FIELD_NUMBER: _ClassVar[int]
    REACH_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_RAD_FIELD_NUMBER: _ClassVar[int]
    tick: int
    t_mono_ns: int
    verdicts: _containers.RepeatedScalarFieldContainer[int]
    strangeness: _containers.RepeatedScalarFieldContainer[float]
    lost: _containers.RepeatedScalarFieldContainer[int]
    hearing_counts: bool
    surprise: float
    touches: _containers.RepeatedCompositeFieldContainer[Touch]
    look: Look
    reach: Reach
    predicted_rad: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, tick: _Optional[int] = ..., t_mono_ns: _Optional[int] = ..., verdicts: _Optional[_Iterable[int]] = ..., strangeness: _Optional[_Iterable[float]] = ..., lost: _Optional[_Iterable[int]] = ..., hearing_counts: bool = ..., surprise: _Optional[float] = ..., touches: _Optional[_Iterable[_Union[Touch, _Mapping]]] = ..., look: _Optional[_Union[Look, _Mapping]] = ..., reach: _Optional[_Union[Reach, _Mapping]] = ..., predicted_rad: _Optional[_Iterable[float]] = ...) -> None: ...
