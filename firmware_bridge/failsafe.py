"""Faults are values in one table; a pure state machine turns them into a mode.

Each fault asks for a mode once it has stood for its grace time, and goes on asking until it has
been gone for its good-for time (betaflight's hysteresis). The worst wish wins (PX4). OFF is left
only by an ARM request, LIMP only by CLEAR, so no sequence of faults and recoveries ever moves a
motor that was let go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from firmware_bridge.command import JointTargets, Mode
from firmware_bridge.joints import REST_POSE_RAD
from firmware_bridge.senses import (
    CAMERA_STREAM,
    DOA_STREAM,
    IMU_STREAM,
    JOINTS_STREAM,
    BodySense,
    Fault,
    JointSense,
    ModeRequest,
    alive,
)

_SECOND_NS: Final = 1_000_000_000
HOLD_LIMIT_S: Final = 5.0
"""A pose is held this long for a fault to pass; then the body goes to rest."""
REST_LIMIT_S: Final = 4.0
"""The way to the rest pose may take this long; then torque goes off where the body is."""
AT_REST_RAD: Final = 0.15
"""A joint this near to its rest position has arrived: a P gain alone lands a little short."""
TEMPERATURE_WARNING_C: Final = 60.0
"""Ten degrees under the servos' limit of 70 (XL330, address 31)."""
VOLTAGE_LOW_V: Final = 4.0
"""XL330 works from 3.7 V; the robot's rail is 6.8 to 7.6 V."""

OVERHEAT_BIT: Final = 0x04
ENCODER_BIT: Final = 0x08
SHOCK_BIT: Final = 0x10
OVERLOAD_BIT: Final = 0x20
"""Hardware error status (XL330, address 70). Bit 0x01, input voltage, is normal on a 7 V rail."""


@dataclass(frozen=True, slots=True)
class Response:
    """What one fault does."""

    mode: Mode
    """RUN: it is only told."""
    grace_s: float
    """How long it must stand before it acts."""
    good_s: float
    """How long it must be gone before its wish ends."""
    remedy: str


RESPONSES: Final[Mapping[Fault, Response]] = MappingProxyType(
    {
        Fault.BUS_LOST: Response(Mode.HOLD, 0.0, 1.0, "check the servo cable and the power supply"),
        Fault.SERVO_SILENT: Response(Mode.HOLD, 0.3, 2.0, "check that servo's cable"),
        Fault.SERVO_OVERLOAD: Response(
            Mode.REST, 0.0, 2.0, "free the joint; the servo is rebooted when the robot arms again"
        ),
        Fault.SERVO_OVERHEAT: Response(Mode.LIMP, 0.0, 2.0, "let it cool, then clear"),
        Fault.SERVO_SHOCK: Response(Mode.LIMP, 0.0, 2.0, "check the wiring, then clear"),
        Fault.SERVO_ENCODER: Response(Mode.LIMP, 0.0, 2.0, "replace the servo, then clear"),
        Fault.SERVO_REFUSED: Response(Mode.HOLD, 0.3, 2.0, "ember doctor --body servos says which"),
        Fault.TORQUE_LOST: Response(Mode.HOLD, 1.2, 2.0, "free the joint and arm again"),
        Fault.VOLTAGE_LOW: Response(Mode.REST, 2.0, 5.0, "charge the battery"),
        Fault.JOINTS_STALE: Response(Mode.HOLD, 0.0, 1.0, "check the servo cable"),
        Fault.IMU_STALE: Response(Mode.DEGRADED, 1.0, 2.0, "check the IMU's I2C bus"),
        Fault.DOA_STALE: Response(Mode.DEGRADED, 1.0, 2.0, "plug the microphone array in again"),
        Fault.CAMERA_STALE: Response(Mode.DEGRADED, 1.0, 2.0, "see who else has the camera"),
        Fault.COMMAND_INVALID: Response(Mode.HOLD, 0.0, 2.0, "roll the bundle back: ember model"),
        Fault.LOOP_LATE: Response(Mode.DEGRADED, 0.0, 2.0, "find what else uses the processor"),
        Fault.TEMPERATURE_HIGH: Response(Mode.DEGRADED, 1.0, 10.0, "let the servos cool"),
        Fault.LIFTED: Response(Mode.RUN, 0.0, 0.5, "put the robot on a table"),
        Fault.BODY_FAULT: Response(Mode.HOLD, 0.0, 2.0, "ember doctor says what"),
    }
)
"""The fault table."""

_NEVER: Final = -1
_ORDER: Final = tuple(RESPONSES)


@dataclass(frozen=True, slots=True)
class FailsafeState:
    """Mode, and since when each fault stands and when it was last seen, in the table's order."""

    mode: Mode = Mode.OFF
    entered_ns: int = 0
    raised_ns: tuple[int, ...] = (_NEVER,) * len(_ORDER)
    seen_ns: tuple[int, ...] = (_NEVER,) * len(_ORDER)
    held_rad: tuple[float, ...] = REST_POSE_RAD
    """The pose to keep, measured when HOLD was entered."""


def update(
    state: FailsafeState,
    faults: Fault,
    request: ModeRequest,
    pose_rad: tuple[float, ...],
    now_ns: int,
) -> FailsafeState:
    """The state after this tick. Total and pure.

    ``pose_rad`` is the measured pose (the last targets where nothing was measured). ARM must have
    passed the pre-arm checks before it comes here.
    """
    raised, seen = _note(state, faults, now_ns)
    mode = _next_mode(state, _demanded(raised, seen), request, pose_rad, now_ns)
    state = replace(state, raised_ns=raised, seen_ns=seen)
    if mode is state.mode:
        return state
    held = pose_rad if mode is Mode.HOLD else state.held_rad
    return replace(state, mode=mode, entered_ns=now_ns, held_rad=held)


def _note(
    state: FailsafeState, faults: Fault, now_ns: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    raised, seen = list(state.raised_ns), list(state.seen_ns)
    for i, fault in enumerate(_ORDER):
        if fault in faults:
            raised[i] = now_ns if raised[i] == _NEVER else raised[i]
            seen[i] = now_ns
        elif seen[i] != _NEVER and now_ns - seen[i] >= RESPONSES[fault].good_s * _SECOND_NS:
            raised[i] = seen[i] = _NEVER
    return tuple(raised), tuple(seen)


def _demanded(raised: tuple[int, ...], seen: tuple[int, ...]) -> Mode:
    """The worst wish of all faults that have outlived their grace."""
    demanded = Mode.RUN
    for fault, since, last in zip(_ORDER, raised, seen, strict=True):
        response = RESPONSES[fault]
        stood_ns = last - since
        if since != _NEVER and stood_ns >= response.grace_s * _SECOND_NS:
            demanded = max(demanded, response.mode)
    return demanded


def _next_mode(
    state: FailsafeState,
    demanded: Mode,
    request: ModeRequest,
    pose_rad: tuple[float, ...],
    now_ns: int,
) -> Mode:
    elapsed_s = (now_ns - state.entered_ns) / _SECOND_NS
    match state.mode:
        case Mode.LIMP:
            return Mode.OFF if request is ModeRequest.CLEAR and demanded < Mode.LIMP else Mode.LIMP
        case _ if demanded is Mode.LIMP:
            return Mode.LIMP
        case Mode.OFF | Mode.REST if request is ModeRequest.ARM and demanded < Mode.HOLD:
            return demanded
        case Mode.OFF:
            return Mode.OFF
        case Mode.REST:
            arrived = all(
                abs(now - rest) <= AT_REST_RAD
                for now, rest in zip(pose_rad, REST_POSE_RAD, strict=True)
            )
            return Mode.OFF if arrived or elapsed_s >= REST_LIMIT_S else Mode.REST
        case Mode.HOLD if demanded is Mode.HOLD and elapsed_s >= HOLD_LIMIT_S:
            return Mode.REST
        case _:
            return Mode.REST if request is ModeRequest.REST else demanded


def goal_of_mode(
    state: FailsafeState,
    requested_rad: tuple[float, ...],
    pose_rad: tuple[float, ...],
    period_s: float,
) -> tuple[JointTargets, float]:
    """What the mode makes of a request: the goal for the gate, and its scale of speed."""
    goal_rad, holding, scale = {
        Mode.RUN: (requested_rad, True, 1.0),
        Mode.DEGRADED: (requested_rad, True, 0.5),
        Mode.HOLD: (state.held_rad, True, 0.5),
        Mode.REST: (REST_POSE_RAD, True, 0.3),
        Mode.OFF: (pose_rad, False, 1.0),
        Mode.LIMP: (pose_rad, False, 1.0),
    }[state.mode]
    return JointTargets(goal_rad, holding, period_s), scale


def faults_of(sense: BodySense, streams_seen: int, torque_expected: bool) -> Fault:
    """The faults that one sense shows.

    ``streams_seen``: bit n for line n of the sense table, set when the robot has that stream; one
    that it never had is no fault. ``torque_expected``: the last targets held.
    """
    now_ns = sense.t_mono_ns
    faults = sense.fault_bits
    for bit, stream, spec, fault in (
        (1, sense.joints, JOINTS_STREAM, Fault.JOINTS_STALE),
        (2, sense.imu, IMU_STREAM, Fault.IMU_STALE),
        (4, sense.doa, DOA_STREAM, Fault.DOA_STALE),
        (8, sense.camera, CAMERA_STREAM, Fault.CAMERA_STALE),
    ):
        if streams_seen & bit and not alive(stream, spec, now_ns):
            faults |= fault
    if sense.joints is not None:
        for joint in sense.joints.joints:
            faults |= _faults_of_joint(joint, torque_expected)
    return faults


def _faults_of_joint(joint: JointSense, torque_expected: bool) -> Fault:
    faults = Fault.NONE
    bits = joint.error_bits
    if bits & OVERLOAD_BIT:
        faults |= Fault.SERVO_OVERLOAD
    if bits & OVERHEAT_BIT:
        faults |= Fault.SERVO_OVERHEAT
    if bits & SHOCK_BIT:
        faults |= Fault.SERVO_SHOCK
    if bits & ENCODER_BIT:
        faults |= Fault.SERVO_ENCODER
    if not joint.answered:
        faults |= Fault.SERVO_SILENT
    if torque_expected and not joint.torque_enabled:
        faults |= Fault.TORQUE_LOST
    if joint.temperature_c >= TEMPERATURE_WARNING_C:
        faults |= Fault.TEMPERATURE_HIGH
    if joint.answered and 0.0 < joint.voltage_v < VOLTAGE_LOW_V:
        faults |= Fault.VOLTAGE_LOW
    return faults
