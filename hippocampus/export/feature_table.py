"""Every feature that comes out of a tick, in the order of a dataset's columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import JOINT_COUNT, JOINTS
from firmware_bridge.senses import FACE_FEATURES, SENSE_TABLE
from hippocampus.export.features import Feature, Widths
from hippocampus.export.wire_columns import Columns

COMMAND_NAMES: Final = ("head_yaw", "head_pitch", "antenna_left", "antenna_right", "body_yaw")
_NS_PER_S: Final = 1e9
_STREAMS: Final = tuple(spec.name for spec in SENSE_TABLE)
_JOINT_NAMES: Final = tuple(joint.name for joint in JOINTS)
_JOINTS_RAD: Final = tuple(f"{name}_rad" for name in _JOINT_NAMES)
_COMMAND_FIELDS: Final = tuple(f"{name}_rad" for name in COMMAND_NAMES)
_BODY_YAW: Final = 0
_ANTENNA_RIGHT, _ANTENNA_LEFT = JOINT_COUNT - 2, JOINT_COUNT - 1

_Reader: TypeAlias = Callable[[Columns], NDArray[Any]]
_Features: TypeAlias = tuple[Feature, ...]


def feature_table(widths: Widths) -> tuple[Feature, ...]:
    """The features of logs whose networks give ``widths``; one without entries is left out."""
    table = (
        *_joints(),
        *_senses(),
        *_about_senses(),
        *_commands(),
        *_network(widths),
        *_loop_and_cerebellum(),
        *_times(),
    )
    return tuple(feature for feature in table if feature.width)


def _joints() -> _Features:
    return (
        _of_joints("observation.state", "float32", "position_rad", "nine joints, measured, rad"),
        Feature(
            "action",
            "float32",
            _JOINTS_RAD,
            "nine goals as they were sent to the servos, rad; the measured pose where "
            "`command.written` is False",
            _sent,
        ),
        _of_joints("observation.velocity", "float32", "velocity_rad_s", "rad/s"),
        _of_joints("observation.current", "float32", "current_a", "motor current, A"),
        _of_joints("observation.temperature", "float32", "temperature_c", "degrees Celsius"),
        _of_joints("observation.voltage", "float32", "voltage_v", "V"),
        _of_joints("observation.error_bits", "int64", "error_bits", "hardware error register"),
        _of_joints("observation.answered", "bool", "answered", "the servo answered in this tick"),
        _of_joints("observation.torque", "bool", "torque_enabled", "the servo holds"),
    )


def _senses() -> _Features:
    head = ("yaw_rad", "pitch_rad", "roll_rad", "z_m")
    imu = [f"sense.imu.{name}" for name in ("accelerometer_m_s2", "gyroscope_rad_s")]
    doa = ("azimuth_rad", "mirror_rad", "speech", "energy", "head_yaw_rad")
    face = ("face_yaw_rad", "face_pitch_rad", "size_rad", "confidence")
    camera = (*face, "head_yaw_rad", "head_pitch_rad")
    intent = ("gaze_yaw_rad", "gaze_pitch_rad", "gaze_weight", "arousal", "request")
    return (
        _sense("head", head, "pose of the head by forward kinematics"),
        Feature(
            "observation.imu",
            "float32",
            tuple(f"{kind}_{axis}" for kind in ("accelerometer", "gyroscope") for axis in "xyz")
            + tuple(f"orientation_{axis}" for axis in "wxyz")
            + ("temperature_c",),
            "m/s², rad/s, quaternion, degrees Celsius",
            _joined(
                *(_list(path, 3) for path in imu),
                _list("sense.imu.orientation_wxyz", 4),
                _scalars("sense.imu.temperature_c"),
            ),
        ),
        _sense(
            "doa", doa, "direction of arrival of sound: in front, mirrored behind; energy 0 to 1"
        ),
        Feature(
            "observation.camera",
            "float32",
            (*camera, *(f"feature_{number}" for number in range(FACE_FEATURES))),
            "the best face; confidence 0 when none is seen",
            _joined(
                _scalars(*(f"sense.camera.{name}" for name in camera)),
                _list("sense.camera.features", FACE_FEATURES),
            ),
        ),
        _sense("intent", intent, "what the cortex or an operator wants"),
    )


def _about_senses() -> _Features:
    return (
        Feature("observation.mask", "bool", _STREAMS, "there, valid and not stale", _usable),
        Feature("observation.present", "bool", _STREAMS, "the robot has the stream", _present),
        Feature("observation.age", "float32", _STREAMS, "how old each stream was, s", _ages),
        _flag(
            "observation.finite", "every number of the tick was finite; what was not is 0", _finite
        ),
        _one("observation.fault_bits", "int64", "sense.fault_bits", "faults that the body reports"),
    )


def _commands() -> _Features:
    return (
        Feature(
            "command.requested",
            "float32",
            COMMAND_NAMES,
            "what the network asked for, rad",
            _scalars(*(f"requested.{name}" for name in _COMMAND_FIELDS)),
        ),
        Feature(
            "command.measured",
            "float32",
            COMMAND_NAMES,
            "where those five were when the tick began, rad",
            _measured,
        ),
        Feature(
            "command.goal",
            "float32",
            _JOINTS_RAD,
            "after kinematics, rad",
            _list("goal_rad", JOINT_COUNT),
        ),
        Feature(
            "command.gated",
            "float32",
            _JOINTS_RAD,
            "what the gate let through, rad",
            _list("gated.position_rad", JOINT_COUNT),
        ),
        _flag("command.written", "something was written to the servos", _written),
        _one("command.torque", "bool", "gated.torque_enabled", "the servos were told to hold"),
        _one("command.clip_bits", "int64", "clip_bits", "what the gate had to change"),
    )


def _network(widths: Widths) -> _Features:
    def numbers(name: str, count: int, text: str) -> Feature:
        names = tuple(f"{name}_{number}" for number in range(count))
        return Feature(f"network.{name}", "float32", names, text, _list(name, count))

    return (
        _one("network.confidence", "float32", "confidence", "0 to 1"),
        _flag("network.stepped", "False: nothing had changed and the network rested", _stepped),
        numbers("gates", widths.gates, "openness of the network's gates, 0 to 1"),
        numbers("prediction", widths.prediction, "of the next senses"),
        numbers("variance", widths.variance, "of each number of the prediction"),
    )


def _loop_and_cerebellum() -> _Features:
    guided = ("front_correction_rad", "mirror_correction_rad", "randomisation")
    chosen = ("variant", "greedy", "probe_kind", "probe_part")
    return (
        _one("loop.mode", "int64", "mode", "RUN 0, DEGRADED 1, HOLD 2, REST 3, OFF 4, LIMP 5"),
        _one("loop.fault_bits", "int64", "fault_bits", "faults that the failsafe saw"),
        _flag("cerebellum.present", "a cerebellum was in the loop", _guided),
        Feature(
            "cerebellum.guidance",
            "float32",
            guided,
            "corrections that it added, rad, and how much the choice was random",
            _scalars(*(f"guidance.{name}" for name in guided)),
        ),
        Feature(
            "cerebellum.choice",
            "int64",
            chosen,
            "which way to correct it chose, the best so far, and its probe",
            _scalars(*(f"guidance.{name}" for name in chosen)),
        ),
    )


def _times() -> _Features:
    mono, wall = "sense.t_mono_ns", "sense.t_wall_ns"
    return (
        _one("time.mono_ns", "int64", mono, "true time of the tick, monotonic clock, ns"),
        _one("time.wall_ns", "int64", wall, "true time of the tick, Unix time, ns"),
        _one("log.tick", "int64", "tick", "number of the tick in its log"),
    )


def _of_joints(name: str, dtype: str, field: str, text: str) -> Feature:
    names = tuple(f"{part}_{field}" for part in _JOINT_NAMES)
    return Feature(name, dtype, names, text, _list(f"sense.joints.{field}", JOINT_COUNT))


def _sense(stream: str, fields: tuple[str, ...], text: str) -> Feature:
    read = _scalars(*(f"sense.{stream}.{field}" for field in fields))
    return Feature(f"observation.{stream}", "float32", fields, text, read)


def _one(name: str, dtype: str, path: str, text: str) -> Feature:
    return Feature(name, dtype, (name.rpartition(".")[2],), text, _scalars(path))


def _flag(name: str, text: str, read: _Reader) -> Feature:
    return Feature(name, "bool", (name.rpartition(".")[2],), text, read)


def _scalars(*paths: str) -> _Reader:
    return lambda columns: np.stack([columns[path].values for path in paths], axis=1)


def _list(path: str, width: int) -> _Reader:
    return lambda columns: columns[path].matrix(width)


def _joined(*parts: _Reader) -> _Reader:
    return lambda columns: np.concatenate([part(columns) for part in parts], axis=1)


def _present(columns: Columns) -> NDArray[Any]:
    return np.stack([columns[f"sense.{name}.age_ns"].present for name in _STREAMS], axis=1)


def _ages(columns: Columns) -> NDArray[Any]:
    return _scalars(*(f"sense.{name}.age_ns" for name in _STREAMS))(columns) / _NS_PER_S


def _usable(columns: Columns) -> NDArray[Any]:
    """What the network's mask says: there, valid, and not stale."""
    valid = _scalars(*(f"sense.{name}.valid" for name in _STREAMS))(columns)
    young = _ages(columns) <= np.array([spec.stale_after_s for spec in SENSE_TABLE])
    return _present(columns) & valid.astype(np.bool_) & young


def _measured(columns: Columns) -> NDArray[Any]:
    joints = columns["sense.joints.position_rad"].matrix(JOINT_COUNT)
    head = _scalars("sense.head.yaw_rad", "sense.head.pitch_rad")(columns)
    return np.concatenate([head, joints[:, [_ANTENNA_LEFT, _ANTENNA_RIGHT, _BODY_YAW]]], axis=1)


def _sent(columns: Columns) -> NDArray[Any]:
    """What was written; where nothing was, the pose as measured, for no motor was moved."""
    sent = columns["sent.position_rad"]
    here = columns["sense.joints.position_rad"].matrix(JOINT_COUNT)
    return np.where(sent.present[:, None], sent.matrix(JOINT_COUNT), here)


def _written(columns: Columns) -> NDArray[Any]:
    return columns["sent.position_rad"].present[:, None]


def _guided(columns: Columns) -> NDArray[Any]:
    return columns["guidance.variant"].present[:, None]


def _stepped(columns: Columns) -> NDArray[Any]:
    return ~columns["skipped"].values[:, None]


def _finite(columns: Columns) -> NDArray[Any]:
    """Every number of the tick is one that a float32 holds."""
    limit = np.finfo(np.float32).max
    whole: NDArray[np.bool_] = np.ones(columns["tick"].values.size, dtype=np.bool_)
    for column in columns.values():
        if column.values.dtype != np.float64 or not column.values.size:
            continue
        odd = ~(np.abs(column.values) <= limit)
        if not odd.any():
            continue
        if column.lengths is None:
            whole &= ~odd
        else:
            whole[np.repeat(np.arange(whole.size), column.lengths)[odd]] = False
    return whole[:, None]
