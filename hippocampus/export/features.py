"""The features of a dataset: what of a tick becomes which column, one line each.

A feature is a fixed number of entries a frame. What is absent, stale or not finite is 0 there and
False in a mask beside it, so that a dataset holds no NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import JOINT_COUNT, JOINTS
from firmware_bridge.senses import FACE_FEATURES, SENSE_TABLE
from hippocampus.export.wire_columns import Column, Columns

Frames: TypeAlias = dict[str, NDArray[Any]]
"""By name of the feature: [frames, entries], of text [frames]."""

_NS_PER_S: Final = 1e9
_STREAMS: Final = tuple(spec.name for spec in SENSE_TABLE)
_JOINT_NAMES: Final = tuple(joint.name for joint in JOINTS)
COMMAND_NAMES: Final = ("head_yaw", "head_pitch", "antenna_left", "antenna_right", "body_yaw")
_COMMAND_FIELDS: Final = tuple(f"{name}_rad" for name in COMMAND_NAMES)
_BODY_YAW: Final = 0
_ANTENNA_RIGHT, _ANTENNA_LEFT = JOINT_COUNT - 2, JOINT_COUNT - 1


@dataclass(frozen=True, slots=True)
class Widths:
    """How many numbers the networks of the logs give, at most; 0 where they give none."""

    gates: int
    prediction: int
    variance: int


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a dataset."""

    name: str
    dtype: str
    """float32, int64, bool or string."""
    names: tuple[str, ...]
    """Of its entries."""
    text: str
    """What it is, with its unit, for the card."""
    read: Callable[[Columns], NDArray[Any]]

    @property
    def width(self) -> int:
        """Entries a frame."""
        return len(self.names)


def _scalars(*paths: str) -> Callable[[Columns], NDArray[Any]]:
    return lambda columns: np.stack([columns[path].values for path in paths], axis=1)


def _list(path: str, width: int) -> Callable[[Columns], NDArray[Any]]:
    return lambda columns: columns[path].matrix(width)


def _joined(*parts: Callable[[Columns], NDArray[Any]]) -> Callable[[Columns], NDArray[Any]]:
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


def feature_table(widths: Widths) -> tuple[Feature, ...]:
    """Every feature that comes out of a tick, in the order of the columns."""
    joint = "sense.joints."
    rad = tuple(f"{name}_rad" for name in _JOINT_NAMES)
    imu = [f"sense.imu.{name}" for name in ("accelerometer_m_s2", "gyroscope_rad_s")]
    doa = ("azimuth_rad", "mirror_rad", "speech", "energy", "head_yaw_rad")
    face = ("face_yaw_rad", "face_pitch_rad", "size_rad", "confidence")
    pose = ("head_yaw_rad", "head_pitch_rad")
    intent = ("gaze_yaw_rad", "gaze_pitch_rad", "gaze_weight", "arousal", "request")
    guided = ("front_correction_rad", "mirror_correction_rad", "randomisation")
    chosen = ("variant", "greedy", "probe_kind", "probe_part")

    def of_joints(name: str, dtype: str, field: str, text: str) -> Feature:
        names = tuple(f"{part}_{field}" for part in _JOINT_NAMES)
        return Feature(name, dtype, names, text, _list(joint + field, JOINT_COUNT))

    def sense(stream: str, fields: tuple[str, ...], text: str) -> Feature:
        read = _scalars(*(f"sense.{stream}.{field}" for field in fields))
        return Feature(f"observation.{stream}", "float32", fields, text, read)

    def one(name: str, dtype: str, path: str, text: str) -> Feature:
        return Feature(name, dtype, (name.rpartition(".")[2],), text, _scalars(path))

    def mask(name: str, text: str, read: Callable[[Columns], NDArray[Any]]) -> Feature:
        return Feature(name, "bool", (name.rpartition(".")[2],), text, read)

    def network(name: str, count: int, text: str) -> Feature:
        names = tuple(f"{name}_{number}" for number in range(count))
        return Feature(f"network.{name}", "float32", names, text, _list(name, count))

    table = (
        of_joints("observation.state", "float32", "position_rad", "nine joints, measured, rad"),
        Feature(
            "action",
            "float32",
            rad,
            "nine goals as they were sent to the servos, rad; the measured pose where "
            "`command.written` is False",
            _sent,
        ),
        of_joints("observation.velocity", "float32", "velocity_rad_s", "rad/s"),
        of_joints("observation.current", "float32", "current_a", "motor current, A"),
        of_joints("observation.temperature", "float32", "temperature_c", "degrees Celsius"),
        of_joints("observation.voltage", "float32", "voltage_v", "V"),
        of_joints("observation.error_bits", "int64", "error_bits", "hardware error register"),
        of_joints("observation.answered", "bool", "answered", "the servo answered in this tick"),
        of_joints("observation.torque", "bool", "torque_enabled", "the servo holds"),
        Feature(
            "observation.head",
            "float32",
            ("yaw_rad", "pitch_rad", "roll_rad", "z_m"),
            "pose of the head by forward kinematics",
            _scalars(
                *(f"sense.head.{name}" for name in ("yaw_rad", "pitch_rad", "roll_rad", "z_m"))
            ),
        ),
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
        sense(
            "doa", doa, "direction of arrival of sound: in front, mirrored behind; energy 0 to 1"
        ),
        Feature(
            "observation.camera",
            "float32",
            (*face, *pose, *(f"feature_{number}" for number in range(FACE_FEATURES))),
            "the best face; confidence 0 when none is seen",
            _joined(
                _scalars(*(f"sense.camera.{name}" for name in (*face, *pose))),
                _list("sense.camera.features", FACE_FEATURES),
            ),
        ),
        sense("intent", intent, "what the cortex or an operator wants"),
        Feature("observation.mask", "bool", _STREAMS, "there, valid and not stale", _usable),
        Feature("observation.present", "bool", _STREAMS, "the robot has the stream", _present),
        Feature("observation.age", "float32", _STREAMS, "how old each stream was, s", _ages),
        mask(
            "observation.finite", "every number of the tick was finite; what was not is 0", _finite
        ),
        one("observation.fault_bits", "int64", "sense.fault_bits", "faults that the body reports"),
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
            "command.goal", "float32", rad, "after kinematics, rad", _list("goal_rad", JOINT_COUNT)
        ),
        Feature(
            "command.gated",
            "float32",
            rad,
            "what the gate let through, rad",
            _list("gated.position_rad", JOINT_COUNT),
        ),
        mask("command.written", "something was written to the servos", _written),
        one("command.torque", "bool", "gated.torque_enabled", "the servos were told to hold"),
        one("command.clip_bits", "int64", "clip_bits", "what the gate had to change"),
        one("network.confidence", "float32", "confidence", "0 to 1"),
        mask("network.stepped", "False: nothing had changed and the network rested", _stepped),
        network("gates", widths.gates, "openness of the network's gates, 0 to 1"),
        network("prediction", widths.prediction, "of the next senses"),
        network("variance", widths.variance, "of each number of the prediction"),
        one("loop.mode", "int64", "mode", "RUN 0, DEGRADED 1, HOLD 2, REST 3, OFF 4, LIMP 5"),
        one("loop.fault_bits", "int64", "fault_bits", "faults that the failsafe saw"),
        mask("cerebellum.present", "a cerebellum was in the loop", _guided),
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
        one(
            "time.mono_ns", "int64", "sense.t_mono_ns", "true time of the tick, monotonic clock, ns"
        ),
        one("time.wall_ns", "int64", "sense.t_wall_ns", "true time of the tick, Unix time, ns"),
        one("log.tick", "int64", "tick", "number of the tick in its log"),
    )
    return tuple(feature for feature in table if feature.width)


def read_frames(features: tuple[Feature, ...], columns: Columns) -> Frames:
    """Every feature of every row, in its own type; what is not finite is 0."""
    frames: Frames = {}
    with np.errstate(over="ignore"):
        for feature in features:
            values = feature.read(columns)
            typed = values.astype(feature.dtype)
            if feature.dtype == "float32":
                typed[~np.isfinite(typed)] = 0.0
            frames[feature.name] = typed
    return frames


def take_rows(columns: Columns, rows: NDArray[np.int64]) -> Columns:
    """Some rows of the columns, in this order; a row may be taken more than once."""
    taken: Columns = {}
    for path, column in columns.items():
        if column.lengths is None:
            taken[path] = Column(column.values[rows], column.present[rows])
            continue
        widest = int(column.lengths.max(initial=0))
        lengths = column.lengths[rows]
        matrix = column.matrix(widest)[rows]
        values = matrix[np.arange(widest) < lengths[:, None]]
        taken[path] = Column(values, column.present[rows], lengths)
    return taken
