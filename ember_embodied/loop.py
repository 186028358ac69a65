"""The one function that the robot, the simulation and the replay all call.

    BodySense -> correction -> sense vector -> network step -> faults -> mode -> kinematics
              -> correction -> gate -> targets

``tick`` is pure: it reads no clock, draws no number and keeps nothing; all that it remembers is
in ``TickState``. So the same senses and the same bundle give the same commands, bit for bit. The
cerebellum, where there is one, is only asked; it learns when the command is out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

from ember_embodied.guidance import guidance, heard
from ember_embodied.guide import Guide
from ember_embodied.runtime import Policy
from ember_embodied.sense_vector import encode
from ember_embodied.tick_state import TickState
from firmware_bridge.command import Mode, MotorCommand
from firmware_bridge.failsafe import FailsafeState, faults_of, goal_of_mode, update
from firmware_bridge.gate import gate, pin
from firmware_bridge.joints import REST_POSE_RAD
from firmware_bridge.kinematics import joints_of_command
from firmware_bridge.senses import BodySense, Fault, ModeRequest
from hippocampus.tick_record import TickRecord

NEUTRAL: Final = MotorCommand(0.0, 0.0, 0.0, 0.0, 0.0)
LATE_PERIODS: Final = 2.5
"""A tick that comes this many periods after the one before it is a LOOP_LATE fault."""
DT_MIN_S: Final = 1e-3
DT_MAX_S: Final = 1.0
"""What the network is told of a longer gap: it was trained on no more."""
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Mind:
    """What a tick thinks with: the network and the period that the loop means to keep.

    ``event_driven.EventDriven`` around the network lets it step only when something changes.
    """

    runtime: Policy
    period_ns: int


def initial_state(mind: Mind) -> TickState:
    """The state before the first tick: OFF, nothing measured, nothing remembered."""
    return TickState(
        tick=0,
        t_mono_ns=0,
        network=mind.runtime.initial_state(),
        last_command=NEUTRAL,
        failsafe=FailsafeState(),
        gate=pin(REST_POSE_RAD),
        torque_enabled=False,
        streams_seen=0,
    )


def tick(
    sense: BodySense, state: TickState, mind: Mind, cerebellum: Guide | None = None
) -> tuple[TickRecord, TickState]:
    """One tick of the loop.

    Args:
        sense: the body as felt now. An ARM request in its intent has passed the pre-arm checks.
        state: what the last tick left.
        mind: network and period.
        cerebellum: corrects what is heard and what is sent; it is not changed. None: nothing does.

    Returns:
        The record of the tick, its ``sent`` still None, and the state for the next one.
    """
    period_s = mind.period_ns / _SECOND_NS
    dt_s = (sense.t_mono_ns - state.t_mono_ns) / _SECOND_NS if state.tick else period_s
    corrections = (0.0, 0.0) if cerebellum is None else cerebellum.correct(sense)
    senses, mask = encode(heard(sense, *corrections), state.last_command)
    network_dt_s = min(DT_MAX_S, max(DT_MIN_S, dt_s))
    step = mind.runtime.step(senses, mask, network_dt_s, state.network)
    requested = MotorCommand(*map(float, step.command))

    sound = all(map(isfinite, step.command))
    seen = state.streams_seen | _streams(sense)
    told = Fault.NONE if cerebellum is None else cerebellum.fault
    faults = faults_of(sense, seen, state.torque_enabled) | told
    faults |= Fault.NONE if sound else Fault.COMMAND_INVALID
    faults |= Fault.LOOP_LATE if dt_s > LATE_PERIODS * period_s else Fault.NONE

    measured = _measured(sense)
    last = state.gate.position_rad
    pose = last if measured is None else pin(measured, last).position_rad
    request = sense.intent.request if sense.intent is not None else ModeRequest.NONE
    failsafe = update(state.failsafe, faults, request, pose, sense.t_mono_ns)

    asked = requested
    if cerebellum is not None and sound:
        # The head is told of the corrected body as it was of the wanted one when it was taught: it
        # goes on making up for a body that stays short.
        asked = replace(requested, body_yaw_rad=cerebellum.body_goal(requested.body_yaw_rad))
    intent = joints_of_command(asked)[0] if sound else last
    wanted = intent
    if cerebellum is not None and failsafe.mode is Mode.RUN:
        wanted = cerebellum.altered(intent, sense.t_mono_ns)
    goal, scale = goal_of_mode(failsafe, wanted, pose, period_s)
    result = gate(goal, state.gate, measured, dt_s, scale)

    record = TickRecord(
        tick=state.tick,
        sense=sense,
        requested=requested,
        prediction=tuple(map(float, step.prediction)),
        confidence=step.confidence,
        gates=tuple(map(float, step.gates)),
        stepped=step.stepped,
        variance=tuple(map(float, step.variance)),
        mode=failsafe.mode,
        fault_bits=faults,
        goal_rad=goal.position_rad,
        gated=result.targets,
        clip_bits=int(result.clips),
        sent=None,
        guidance=None
        if cerebellum is None
        else guidance(cerebellum, corrections, told, intent, wanted),
    )
    after = TickState(
        tick=state.tick + 1,
        t_mono_ns=sense.t_mono_ns,
        network=step.state,
        last_command=requested if sound else state.last_command,
        failsafe=failsafe,
        gate=result.state,
        torque_enabled=result.targets.torque_enabled,
        streams_seen=seen,
    )
    return record, after


def _streams(sense: BodySense) -> int:
    """Bit n for line n of the sense table that is there."""
    streams = (sense.joints, sense.imu, sense.doa, sense.camera)
    return sum(1 << bit for bit, stream in enumerate(streams) if stream is not None)


def _measured(sense: BodySense) -> tuple[float, ...] | None:
    """Nine measured positions; None where the joints have not been read."""
    if sense.joints is None:
        return None
    return tuple(joint.position_rad for joint in sense.joints.joints)
