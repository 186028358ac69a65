"""Between loop and cerebellum: what the tick takes from it, what it is told, what the log holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cerebellum.cerebellum import Cerebellum, Learnt, Lived
from cerebellum.felt import FeltEvent
from cerebellum.pointing import Look
from cerebellum.surprise import CURRENT, GYROSCOPE, LAG, Outlook
from cerebellum.turning import Reach
from cerebellum.verdict import Verdict
from ember_embodied.guide import Guide
from ember_embodied.sense_vector import INDEX, PREDICTED, SENSES, wrap
from firmware_bridge.command import Mode
from firmware_bridge.joints import BODY_YAW, LEFT_ANTENNA, RIGHT_ANTENNA
from firmware_bridge.senses import BodySense, DoaSense, Fault
from hippocampus.tick_record import (
    GuidanceRecord,
    LearningRecord,
    LookRecord,
    ReachRecord,
    TickRecord,
    TouchRecord,
)

_LAGS: Final = (
    ("command.body_yaw_lag", BODY_YAW),
    ("command.antenna_right_lag", RIGHT_ANTENNA),
    ("command.antenna_left_lag", LEFT_ANTENNA),
)
_FORETOLD: Final = (
    *((name, LAG.start + joint) for name, joint in _LAGS),
    ("joints.body_yaw.current", CURRENT.start + BODY_YAW),
    ("joints.right_antenna.current", CURRENT.start + RIGHT_ANTENNA),
    ("joints.left_antenna.current", CURRENT.start + LEFT_ANTENNA),
    *((f"imu.gyroscope_{axis}", GYROSCOPE.start + at) for at, axis in enumerate("xyz")),
)
"""What the network foretells that the forward model knows too, and its channel there, rising."""
_CHANNELS: Final = tuple(channel for _, channel in _FORETOLD)
_TAKEN: Final = tuple((PREDICTED.index(name), SENSES[INDEX[name]].scale) for name, _ in _FORETOLD)
"""Index among what the network foretells, and the unit of it."""
_SQUARES: Final = tuple((index, scale * scale) for index, scale in _TAKEN)
_DRIVEN: Final = (Mode.RUN, Mode.DEGRADED)
"""The network moves the robot."""
_INVALID: Final = int(Fault.COMMAND_INVALID)
_UNSAID: Final = (0.0,) * len(_FORETOLD)


def heard(sense: BodySense, front_rad: float, mirror_rad: float) -> BodySense:
    """The sense as the network gets it: both directions of sound corrected by so much."""
    doa = sense.doa
    if doa is None or (front_rad == 0.0 and mirror_rad == 0.0):
        return sense
    turned = DoaSense(  # ``replace`` takes three times as long, twice, before the command
        t_mono_ns=doa.t_mono_ns,
        interval_ns=doa.interval_ns,
        valid=doa.valid,
        azimuth_rad=wrap(doa.azimuth_rad + front_rad),
        mirror_rad=wrap(doa.mirror_rad + mirror_rad),
        speech=doa.speech,
        energy=doa.energy,
        head_yaw_rad=doa.head_yaw_rad,
    )
    return BodySense(
        t_mono_ns=sense.t_mono_ns,
        t_wall_ns=sense.t_wall_ns,
        seq=sense.seq,
        joints=sense.joints,
        head=sense.head,
        imu=sense.imu,
        doa=turned,
        camera=sense.camera,
        intent=sense.intent,
        fault_bits=sense.fault_bits,
    )


def guidance(
    cerebellum: Guide,
    corrections_rad: tuple[float, float],
    fault: Fault,
    intent_rad: tuple[float, ...],
    altered_rad: tuple[float, ...],
) -> GuidanceRecord:
    """What the log holds of the cerebellum's part in a tick."""
    choice, probe = cerebellum.choice, cerebellum.probe
    probed = probe is not None and altered_rad is not intent_rad
    return GuidanceRecord(
        front_correction_rad=corrections_rad[0],
        mirror_correction_rad=corrections_rad[1],
        variant=choice.variant,
        greedy=choice.greedy,
        randomisation=choice.randomisation,
        fault_bits=fault,
        probe_kind=int(probe.kind) if probe is not None and probed else 0,
        probe_part=int(probe.part) if probe is not None and probed else 0,
        intent_rad=intent_rad if probed else (),
        frozen=cerebellum.frozen,
    )


def learn(cerebellum: Cerebellum, record: TickRecord) -> Learnt:
    """Hand a tick to the cerebellum, with what was truly sent."""
    told = record.guidance
    driving = record.mode in _DRIVEN and not int(record.fault_bits) & _INVALID
    return cerebellum.learn(
        Lived(
            sense=record.sense,
            wanted_rad=record.requested.body_yaw_rad if driving else None,
            intent_rad=told.intent_rad if told and told.intent_rad else record.goal_rad,
            goal_rad=record.goal_rad,
            sent=record.sent,
            running=record.mode is Mode.RUN,
            sound=record.fault_bits is Fault.NONE,
            outlook=outlook(record.prediction, record.variance, record),
        )
    )


def outlook(
    prediction: Sequence[float], variance: Sequence[float], record: TickRecord
) -> Outlook | None:
    """What the network expects of the next tick, in the forward model's channels and units.

    None where it did not step, or nothing was sent. Its lags are behind what it asked for; the
    model's are behind what was sent.
    """
    sent = record.sent
    if not prediction or sent is None:
        return None
    means = [scale * prediction[index] for index, scale in _TAKEN]
    asked, goal = record.requested, sent.position_rad
    means[0] += goal[BODY_YAW] - asked.body_yaw_rad
    means[1] += goal[RIGHT_ANTENNA] - asked.antenna_right_rad
    means[2] += goal[LEFT_ANTENNA] - asked.antenna_left_rad
    spread = tuple([square * variance[i] for i, square in _SQUARES]) if variance else _UNSAID
    return Outlook(_CHANNELS, tuple(means), spread)


def learning_record(record: TickRecord, learnt: Learnt) -> LearningRecord:
    """What the log holds of what was learned from a tick."""
    tick = learnt.agency
    moves = any(Verdict.STILL < verdict < Verdict.UNKNOWN for verdict in tick.verdicts)
    return LearningRecord(
        tick=record.tick,
        t_mono_ns=record.sense.t_mono_ns,
        verdicts=tuple(map(int, tick.verdicts)),
        strangeness=tick.strangeness,
        lost=tick.lost,
        hearing_counts=learnt.hearing.counts,
        surprise=learnt.surprise,
        touches=tuple(map(_touch, learnt.touches)),
        look=None if learnt.look is None else _look(learnt.look),
        reach=None if learnt.reach is None else _reach(learnt.reach),
        predicted_rad=tuple(map(float, tick.predicted_rad)) if moves else (),
    )


def _touch(event: FeltEvent) -> TouchRecord:
    return TouchRecord(
        event.number,
        event.since_ns,
        event.phase.value,
        event.place.value,
        event.kind.value,
        event.strength.value,
        event.force_n,
        event.confidence,
    )


def _look(look: Look) -> LookRecord:
    choice = look.choice
    return LookRecord(
        look.heard_rad,
        look.head_rad,
        look.seen_rad,
        look.verdict.name,
        look.error_rad,
        look.applied_rad,
        choice.variant,
        choice.greedy,
        choice.randomisation,
        look.reward,
        look.room,
        look.sure,
        look.surprise,
    )


def _reach(reach: Reach) -> ReachRecord:
    movement = reach.movement
    return ReachRecord(
        movement.start_rad, movement.commanded_rad, movement.measured_rad, reach.verdict.name
    )
