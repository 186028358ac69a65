"""How it felt: a second of ticks as numbers of posture, currents, motion, sound and touch.

A feeling is ``FEATURES`` numbers, each with its own place and unit, and a mask of those that are
known: a stream that the robot does not have, or had not in that second, is unknown and has no say.
What a robot mostly feels (its weight, its usual pose) says little about a moment, so a memory of
feelings is centred on its own mean and scaled by its own spread before it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import JOINTS
from firmware_bridge.senses import DoaSense, ImuSense, JointSense
from hippocampus.memory.settle import Floats
from hippocampus.tick_record import TickRecord

HALF_WINDOW_NS: Final = 500_000_000
"""A feeling is what was felt from half a second before to half a second after."""
LEAST_TICKS: Final = 3
"""Fewer in the window are no feeling."""
STANDARD_GRAVITY_M_S2: Final = 9.80665

FEW: Final = 4
"""So many moments make no habit: the mean of a few is drawn towards zero, as if there had been this
many at zero, so that a single feeling is still one."""

Known = NDArray[np.bool_]
Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Feeling:
    """One moment, as it felt."""

    values: Floats
    """[FEATURES], 0 where unknown."""
    known: Known
    """[FEATURES]"""


@dataclass(frozen=True, slots=True)
class Feature:
    """One line of the table: name, unit, and the smallest spread that means something."""

    name: str
    unit: str
    resolution: float


def _joints(what: str, unit: str, resolution: float) -> tuple[Feature, ...]:
    return tuple(Feature(f"{joint.name} {what}", unit, resolution) for joint in JOINTS)


def _axes(what: str, unit: str, resolution: float) -> tuple[Feature, ...]:
    return tuple(Feature(f"{what} {axis}", unit, resolution) for axis in "xyz")


FEATURES: Final[tuple[Feature, ...]] = (
    *_joints("position", "rad", 0.02),
    *_joints("movement", "rad", 0.02),
    *_joints("speed", "rad/s", 0.05),
    *_joints("current", "A", 0.01),
    *_joints("current spread", "A", 0.01),
    *_joints("held off its goal", "rad", 0.01),
    *_axes("specific force", "g", 0.02),
    *_axes("shaking", "g", 0.01),
    *_axes("turning", "rad/s", 0.02),
    Feature("head yaw", "rad", 0.02),
    Feature("head pitch", "rad", 0.02),
    Feature("head roll", "rad", 0.02),
    Feature("head height", "m", 0.001),
    Feature("sound ahead", "1", 0.05),
    Feature("sound left", "1", 0.05),
    Feature("sound energy", "1", 0.02),
    Feature("loudest sound", "1", 0.02),
    Feature("speech", "share", 0.05),
)
"""The table of a feeling: posture, currents, motion, touch (what keeps a joint off its goal and
what shakes the head), sound. Movement is the way from the window's first half to its second."""
_JOINT_COUNT: Final = len(JOINTS)
_IMU_FEATURES: Final = 9
_HEAD_FEATURES: Final = 4
_SOUND_FEATURES: Final = 5


def feeling_at(ticks: Sequence[TickRecord], t_mono_ns: int) -> Feeling | None:
    """How the moment ``t_mono_ns`` felt; None where too few of ``ticks`` are near it."""
    window = [t for t in ticks if abs(t.sense.t_mono_ns - t_mono_ns) <= HALF_WINDOW_NS]
    return feeling(window) if len(window) >= LEAST_TICKS else None


def feeling(window: Sequence[TickRecord]) -> Feeling:
    """How the ticks of a window felt. Raises ``ValueError`` where there is none."""
    if not window:
        raise ValueError("a feeling needs ticks")
    parts = (
        _joint_part(window),
        _part([_imu(tick.sense.imu) for tick in window], _imu_part, _IMU_FEATURES),
        _part([_head(tick) for tick in window], lambda rows: rows.mean(axis=0), _HEAD_FEATURES),
        _part([_sound(tick.sense.doa) for tick in window], _sound_part, _SOUND_FEATURES),
    )
    values = np.concatenate([values for values, _ in parts])
    known = np.concatenate([known for _, known in parts]) & np.isfinite(values)
    return Feeling(np.where(known, values, 0.0).astype(np.float32), known)


@dataclass(frozen=True, slots=True)
class Scaling:
    """What a memory of feelings is used to: mean and spread of every feature."""

    mean: Floats
    spread: Floats

    def key(self, felt: Feeling) -> Floats:
        """The key [FEATURES] of a feeling; what is unknown is as usual."""
        return np.where(felt.known, (felt.values - self.mean) / self.spread, 0.0).astype(np.float32)


def scaling(values: Floats, known: Known) -> Scaling:
    """Mean and spread of feelings [n, FEATURES] where they are known [n, FEATURES].

    A feature that hardly changes is scaled by its resolution, so that its noise stays small.
    """
    count = np.maximum(known.sum(axis=0), 1)
    mean = (values * known).sum(axis=0) / (count + FEW)
    spread = np.sqrt((np.square(values - mean) * known).sum(axis=0) / count)
    least = np.array([feature.resolution for feature in FEATURES])
    return Scaling(mean.astype(np.float32), np.maximum(spread, least).astype(np.float32))


def _part(
    rows: Sequence[Sequence[float] | None], summary: Callable[[Table], Table], width: int
) -> tuple[Table, Known]:
    present = np.array([row for row in rows if row is not None], dtype=np.float64)
    if not len(present):
        return np.zeros(width), np.zeros(width, dtype=np.bool_)
    return summary(present), np.ones(width, dtype=np.bool_)


def _joint_part(window: Sequence[TickRecord]) -> tuple[Table, Known]:
    """Each joint by itself: a servo that is silent leaves the others known."""
    parts = [_one_joint(window, number) for number in range(_JOINT_COUNT)]
    values = np.stack([values for values, _ in parts], axis=1).reshape(-1)
    known = np.stack([known for _, known in parts], axis=1).reshape(-1)
    return values, known


def _one_joint(window: Sequence[TickRecord], number: int) -> tuple[Table, Known]:
    rows = []
    for tick in window:
        sense = tick.sense.joints
        joint = sense.joints[number] if sense is not None and sense.valid else None
        if joint is not None and joint.answered:
            rows.append((tick, joint))
    if not rows:
        return np.zeros(6), np.zeros(6, dtype=np.bool_)
    position = np.array([joint.position_rad for _, joint in rows])
    speed = np.array([abs(joint.velocity_rad_s) for _, joint in rows])
    felt = [joint.current_a for _, joint in rows if _has_telemetry(joint)]
    current = np.array(felt or [0.0])
    goal = np.array([tick.gated.position_rad[number] for tick, _ in rows])
    half = max(1, len(rows) // 2)
    values = (
        position.mean(),
        position[-half:].mean() - position[:half].mean(),
        speed.mean(),
        current.mean(),
        current.std(),
        (goal - position).mean(),
    )
    known = np.ones(6, dtype=np.bool_)
    known[3:5] = bool(felt)
    return np.array(values), known


def _has_telemetry(joint: JointSense) -> bool:
    return joint.t_telemetry_ns > 0


def _imu(sense: ImuSense | None) -> tuple[float, ...] | None:
    if sense is None or not sense.valid:
        return None
    return (*sense.accelerometer_m_s2, *sense.gyroscope_rad_s)


def _imu_part(rows: Table) -> Table:
    force = rows[:, :3] / STANDARD_GRAVITY_M_S2
    return np.concatenate([force.mean(axis=0), force.std(axis=0), rows[:, 3:].mean(axis=0)])


def _head(tick: TickRecord) -> tuple[float, ...] | None:
    head = tick.sense.head
    return (
        None
        if tick.sense.joints is None
        else (head.yaw_rad, head.pitch_rad, head.roll_rad, head.z_m)
    )


def _sound(sense: DoaSense | None) -> tuple[float, ...] | None:
    if sense is None or not sense.valid:
        return None
    return (np.cos(sense.azimuth_rad), np.sin(sense.azimuth_rad), sense.energy, sense.speech)


def _sound_part(rows: Table) -> Table:
    """Where the sound came from counts as much as there was sound."""
    energy = rows[:, 2]
    weight = energy / energy.sum() if energy.sum() > 0.0 else np.zeros(len(rows))
    ahead, left = (rows[:, :2] * weight[:, None]).sum(axis=0)
    return np.array([ahead, left, energy.mean(), energy.max(), rows[:, 3].mean()])
