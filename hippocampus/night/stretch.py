"""A few neighbouring files of one session as arrays: what labels and sums are made from.

One row for each tick. What a stream did not hold, or held as a number that is no number, is
marked as not known beside it and is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.command import Mode
from firmware_bridge.joints import JOINT_COUNT
from firmware_bridge.senses import CAMERA_STREAM, DOA_STREAM, JOINTS_STREAM, StreamSpec
from hippocampus import ember_pb2 as pb
from hippocampus.codec import decode
from hippocampus.export.wire_columns import Columns, decode_columns
from hippocampus.salvage import RawMessage
from hippocampus.tick_record import EventRecord, LearningRecord
from hippocampus.topics import TOPIC_OF

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

AWAKE: Final = (Mode.RUN, Mode.DEGRADED, Mode.HOLD)
SURE_FACE: Final = 0.6
"""Detector confidence from which a face is one, as for the cerebellum."""
QUIET_ENERGY: Final = 0.05
"""Speech with less energy is not counted, as by the cerebellum."""
PARTS: Final = ("body", "head", "right_antenna", "left_antenna")
"""Of the verdicts, in their order (``cerebellum.probe.PARTS``)."""
LARGEST_STEP_PERIODS: Final = 2.0
"""A tick stands for the time to the next one, but for no longer than this."""
_MESSAGES: Final = frozenset({"touches", "look", "reach"})
"""What few learning records hold; those are decoded one by one."""
_BODY: Final = 0
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Ticks in the order of the log; [n] unless said otherwise, angles in rad."""

    tick: Ints
    mono_ns: Ints
    wall_ns: Ints
    lived_s: Floats
    """Time that each tick stands for."""
    mode: Ints
    faults: NDArray[np.uint64]
    awake: Flags
    head_yaw: Floats
    head_pitch: Floats
    body_yaw: Floats
    face: Flags
    """A sure and fresh face."""
    face_yaw: Floats
    face_sure: Floats
    heard: Flags
    """Speech that counts as evidence of a voice."""
    front: Floats
    """Where it was heard, in front, corrected by what was learned."""
    behind: Floats
    """The mirrored hypothesis."""
    energy: Floats
    power_w: Floats
    hot_c: Floats
    """Temperature of the warmest servo; 0 where none was read."""
    hottest: Ints
    """Which one that is."""
    volt: Floats
    """Lowest voltage of a servo; infinite where none was read."""
    learnt: Flags
    """The cerebellum told of this tick."""
    verdicts: Ints
    """[n, 4] of ``PARTS`` (``cerebellum.verdict.Verdict``)."""
    strange: Floats
    """[n, 4]"""
    surprise: Floats
    lost: Ints
    """Servos without the torque that they were told to have."""
    told: tuple[LearningRecord, ...]
    """Those with a touch, a look or a reach."""
    events: tuple[EventRecord, ...]

    def __len__(self) -> int:
        return self.tick.size


def stretch_of(columns: Columns, beside: Sequence[RawMessage], rate_hz: float) -> Stretch:
    """Everything that labels need of ticks and of what stands beside them in the log."""
    mono = columns["sense.t_mono_ns"].values
    learning = [item.data for item in beside if item.topic == TOPIC_OF[LearningRecord]]
    learnt, told = _learning(columns["tick"].values, learning)
    events = (decode(EventRecord, m.data) for m in beside if m.topic == TOPIC_OF[EventRecord])
    face, face_yaw, sure = _face(columns)
    heard, front, behind, energy = _voice(columns)
    known = learnt["known"]
    power, hot, hottest, volt, body_yaw = _servos(columns)
    mode = columns["mode"].values
    return Stretch(
        tick=columns["tick"].values,
        mono_ns=mono,
        wall_ns=columns["sense.t_wall_ns"].values,
        lived_s=_lived(mono, rate_hz),
        mode=mode,
        faults=columns["fault_bits"].values,
        awake=np.isin(mode, AWAKE),
        head_yaw=_finite(columns["sense.head.yaw_rad"].values),
        head_pitch=_finite(columns["sense.head.pitch_rad"].values),
        body_yaw=body_yaw,
        face=face,
        face_yaw=face_yaw,
        face_sure=sure,
        heard=heard & (learnt["hears"] | ~known),
        front=front,
        behind=behind,
        energy=energy,
        power_w=power,
        hot_c=hot,
        hottest=hottest,
        volt=volt,
        learnt=known,
        verdicts=learnt["verdicts"],
        strange=learnt["strange"],
        surprise=learnt["surprise"],
        lost=learnt["lost"],
        told=told,
        events=tuple(event for event in events if event is not None),
    )


def _lived(mono_ns: Ints, rate_hz: float) -> Floats:
    """Time to the next tick, s; of the last one a period."""
    period = 1.0 / rate_hz
    steps = np.diff(mono_ns) / _SECOND_NS
    return np.append(np.clip(steps, 0.0, LARGEST_STEP_PERIODS * period), period)[: mono_ns.size]


def _finite(values: NDArray[Any]) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)


def _usable(columns: Columns, spec: StreamSpec) -> Flags:
    """As ``firmware_bridge.senses.usable``."""
    age, valid = columns[f"sense.{spec.name}.age_ns"], columns[f"sense.{spec.name}.valid"].values
    young = age.values <= spec.stale_after_s * _SECOND_NS
    return np.asarray(age.present & valid & young)


def _face(columns: Columns) -> tuple[Flags, Floats, Floats]:
    yaw = columns["sense.camera.face_yaw_rad"].values
    sure = columns["sense.camera.confidence"].values
    seen = _usable(columns, CAMERA_STREAM) & np.isfinite(yaw) & (sure >= SURE_FACE)
    return seen, _finite(yaw), np.clip(_finite(sure), 0.0, 1.0)


def _voice(columns: Columns) -> tuple[Flags, Floats, Floats, Floats]:
    front, behind = (columns[f"sense.doa.{name}_rad"].values for name in ("azimuth", "mirror"))
    energy = columns["sense.doa.energy"].values
    speech = columns["sense.doa.speech"].values & _usable(columns, DOA_STREAM)
    heard = speech & np.isfinite(front) & np.isfinite(behind) & (energy >= QUIET_ENERGY)
    corrected = (
        _finite(angle) + _finite(columns[f"guidance.{name}_correction_rad"].values)
        for name, angle in (("front", front), ("mirror", behind))
    )
    return heard, *corrected, np.clip(_finite(energy), 0.0, 1.0)


def _servos(columns: Columns) -> tuple[Floats, Floats, Ints, Floats, Floats]:
    """Power, highest temperature and whose, lowest voltage, yaw of the body."""
    joints = "sense.joints."
    usable = _usable(columns, JOINTS_STREAM)[:, None]
    measured = columns[f"{joints}telemetry_age_ns"].matrix(JOINT_COUNT)
    known = usable & (measured < columns["sense.t_mono_ns"].values[:, None])
    current, volt, hot, position = (
        _finite(columns[joints + name].matrix(JOINT_COUNT))
        for name in ("current_a", "voltage_v", "temperature_c", "position_rad")
    )
    power = np.where(known, np.abs(current) * volt, 0.0).sum(axis=1)
    hot = np.where(known, hot, 0.0)
    lowest = np.where(known & (volt > 0.0), volt, np.inf).min(axis=1, initial=np.inf)
    return power, hot.max(axis=1, initial=0.0), hot.argmax(axis=1), lowest, position[:, _BODY]


def _learning(
    ticks: Ints, rows: list[bytes]
) -> tuple[dict[str, NDArray[Any]], tuple[LearningRecord, ...]]:
    """What was learned, one row for each tick, and the records that tell more."""
    columns, readable = decode_columns(pb.LearningRecord, rows, _MESSAGES)
    of = columns["tick"].values
    at = np.minimum(np.searchsorted(ticks, of), max(0, ticks.size - 1))
    here = np.flatnonzero(ticks[at] == of) if ticks.size else np.zeros(0, dtype=np.int64)
    at = at[here]

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        out = np.zeros((ticks.size, *values.shape[1:]), dtype=values.dtype)
        out[at] = values[here]
        return out

    learnt = {
        "known": spread(np.ones(of.size, dtype=np.bool_)),
        "hears": spread(columns["hearing_counts"].values),
        "verdicts": spread(columns["verdicts"].matrix(len(PARTS))),
        "strange": spread(_finite(columns["strangeness"].matrix(len(PARTS)))),
        "surprise": spread(_finite(columns["surprise"].values)),
        "lost": spread(_lengths(columns)),
    }
    more = np.zeros(of.size, dtype=np.bool_)
    for name in _MESSAGES:
        more |= columns[name].values
    kept = [row for row, whole in zip(rows, readable, strict=True) if whole]
    told = (decode(LearningRecord, kept[row]) for row in np.flatnonzero(more).tolist())
    return learnt, tuple(record for record in told if record is not None)


def _lengths(columns: Columns) -> Ints:
    lengths = columns["lost"].lengths
    assert lengths is not None
    return lengths
