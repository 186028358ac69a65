"""Faults are values in one table; a pure state machine turns them into a mode.

A fault asks for its mode once it has stood for its grace time, and goes on asking until it has
been gone for its good-for time (the hysteresis of flight controllers); the worst wish wins. More
faults never make a milder mode, and only a request leads back to motion from REST, OFF and LIMP:
no sequence of faults and recoveries moves a motor that was let go.

HOLD spends a budget: five seconds in all, which come back only twelve times as slowly. So a pose
is held for five seconds at most, and a fault that comes and goes for ever ends in REST as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
HOLD_LIMIT_NS: Final = 5 * _SECOND_NS
HOLD_REFILL: Final = 12
"""Time without HOLD that gives back one second of it: the whole in a minute."""
REST_LIMIT_NS: Final = 4 * _SECOND_NS
"""The way to the rest pose takes three seconds at most; then torque goes off where the body is."""
SCALES: Final[Mapping[Mode, float]] = MappingProxyType(
    {
        Mode.RUN: 1.0,
        Mode.DEGRADED: 0.5,
        Mode.HOLD: 0.5,
        Mode.REST: 0.3,
        Mode.OFF: 0.3,
        Mode.LIMP: 0.3,
    }
)
"""What each mode leaves of velocity and acceleration."""
AT_REST_RAD: Final = 0.15
"""A joint this near to its rest position has arrived: a P gain alone lands 2 to 8 degrees short."""
TEMPERATURE_WARNING_C: Final = 60.0
"""Ten degrees under the servos' limit of 70 (XL330, address 31)."""
SILENT_AFTER_NS: Final = _SECOND_NS // 4
"""One lost answer is no fault: a busy bus loses some, and the next tick asks again."""
VOLTAGE_LOW_V: Final = 4.0
"""The XL330 works from 3.7 V; the robot's rail is 6.8 to 7.6 V."""

_ERROR_FAULTS: Final = (
    (0x04, Fault.SERVO_OVERHEAT),
    (0x08, Fault.SERVO_ENCODER),
    (0x10, Fault.SERVO_SHOCK),
    (0x20, Fault.SERVO_OVERLOAD),
)
"""Hardware error status (XL330, address 70). Bit 0x01, input voltage, is normal on a 7 V rail."""
_STREAM_FAULTS: Final = (
    (JOINTS_STREAM, Fault.JOINTS_STALE),
    (IMU_STREAM, Fault.IMU_STALE),
    (DOA_STREAM, Fault.DOA_STALE),
    (CAMERA_STREAM, Fault.CAMERA_STALE),
)


@dataclass(frozen=True, slots=True)
class Response:
    """What one fault does."""

    mode: Mode
    """RUN: it is only told."""
    grace_s: float
    """How long it must stand before it acts."""
    good_s: float
    """How long it must be gone before its wish ends. LIMP stays until the operator clears it."""
    remedy: str
    """What a person can do about it."""


RESPONSES: Final[Mapping[Fault, Response]] = MappingProxyType(
    {
        Fault.BUS_LOST: Response(Mode.HOLD, 0.0, 2.0, "check the servo cable and the power supply"),
        Fault.SERVO_SILENT: Response(
            Mode.HOLD, 0.3, 2.0, "check that servo's cable; ember doctor names the servo"
        ),
        Fault.SERVO_OVERLOAD: Response(
            Mode.REST, 0.0, 2.0, "free the joint, then restart ember: that reboots the servo"
        ),
        Fault.SERVO_OVERHEAT: Response(
            Mode.LIMP, 0.0, 2.0, "let it cool for 20 minutes, then restart ember"
        ),
        Fault.SERVO_SHOCK: Response(
            Mode.LIMP, 0.0, 2.0, "check power supply and wiring, then restart ember"
        ),
        Fault.SERVO_ENCODER: Response(Mode.LIMP, 0.0, 2.0, "replace the servo"),
        Fault.SERVO_REFUSED: Response(
            Mode.HOLD, 0.3, 2.0, "ember doctor names the servo and the register"
        ),
        Fault.TORQUE_LOST: Response(Mode.HOLD, 1.2, 2.0, "free the joint and arm again"),
        Fault.VOLTAGE_LOW: Response(Mode.REST, 2.0, 5.0, "charge the battery"),
        Fault.JOINTS_STALE: Response(Mode.HOLD, 0.0, 2.0, "check the servo cable"),
        Fault.IMU_STALE: Response(Mode.DEGRADED, 1.0, 2.0, "check the IMU's I2C bus"),
        Fault.DOA_STALE: Response(Mode.DEGRADED, 1.0, 2.0, "plug the microphone array in again"),
        Fault.CAMERA_STALE: Response(
            Mode.DEGRADED, 1.0, 2.0, "see whether another program holds the camera"
        ),
        Fault.COMMAND_INVALID: Response(
            Mode.HOLD, 0.0, 2.0, "go back to the bundle before this one"
        ),
        Fault.LOOP_LATE: Response(
            Mode.DEGRADED, 0.5, 2.0, "see what else uses the processor, or lower the rate"
        ),
        Fault.TEMPERATURE_HIGH: Response(Mode.DEGRADED, 1.0, 10.0, "let the servos cool"),
        Fault.LIFTED: Response(Mode.RUN, 0.0, 0.5, "put the robot on a table"),
        Fault.BODY_FAULT: Response(Mode.HOLD, 0.0, 2.0, "ember doctor says what"),
    }
)
"""The fault table. The grace of TORQUE_LOST covers one turn of the servos' health reading."""

_BY_BIT: Final = {int(fault): response for fault, response in RESPONSES.items()}
_SERIOUS: Final = sum(bit for bit, response in _BY_BIT.items() if response.mode >= Mode.HOLD)
_LIMP: Final = sum(bit for bit, response in _BY_BIT.items() if response.mode is Mode.LIMP)


@dataclass(frozen=True, slots=True)
class Standing:
    """A fault that is there, or has not been gone for long enough."""

    bit: int
    """Of ``Fault``."""
    since_ns: int
    last_ns: int
    """When it was last seen."""


@dataclass(frozen=True, slots=True)
class FailsafeState:
    """All that the failsafe remembers."""

    mode: Mode = Mode.OFF
    entered_ns: int = 0
    """When the mode began."""
    t_ns: int = 0
    """Time of the last update."""
    hold_spent_ns: int = 0
    """How much of the budget of HOLD is spent."""
    standing: tuple[Standing, ...] = ()
    """In the order of the bits."""
    held_rad: tuple[float, ...] = REST_POSE_RAD
    """The pose to keep, measured when HOLD began."""


def update(
    state: FailsafeState,
    faults: Fault,
    request: ModeRequest,
    pose_rad: tuple[float, ...],
    now_ns: int,
) -> FailsafeState:
    """The state after this tick: total and pure.

    ``pose_rad`` are the nine measured positions, the last targets where nothing was measured.
    An ARM request must have passed the pre-arm checks before it comes here; it is refused while a
    fault stands that asks for HOLD or more. CLEAR is refused while a fault of LIMP is there.
    """
    now_ns = max(now_ns, state.t_ns)
    cleared = state.mode is Mode.LIMP and request is ModeRequest.CLEAR and not faults & _LIMP
    standing = _noted(state.standing, int(faults), now_ns, _LIMP if cleared else 0)
    passed_ns = now_ns - state.t_ns
    if state.mode is Mode.HOLD:
        spent_ns = state.hold_spent_ns + passed_ns
    else:
        spent_ns = max(0, state.hold_spent_ns - passed_ns // HOLD_REFILL)
    demanded = _demanded(standing)
    at_rest = now_ns - state.entered_ns >= REST_LIMIT_NS or _is_near(pose_rad, REST_POSE_RAD)
    mode = state.mode
    if cleared:
        mode = Mode.OFF
    elif mode is Mode.LIMP or demanded is Mode.LIMP:
        mode = Mode.LIMP
    elif mode >= Mode.REST:
        if request is ModeRequest.ARM and demanded < Mode.HOLD and not faults & _SERIOUS:
            mode = demanded
        elif mode is Mode.REST and at_rest:
            mode = Mode.OFF
    else:
        mode = max(demanded, Mode.REST if request is ModeRequest.REST else Mode.RUN)
        if mode is Mode.HOLD and spent_ns >= HOLD_LIMIT_NS:
            mode = Mode.REST
    if mode is state.mode:
        return FailsafeState(mode, state.entered_ns, now_ns, spent_ns, standing, state.held_rad)
    held_rad = pose_rad if mode is Mode.HOLD else state.held_rad
    return FailsafeState(mode, now_ns, now_ns, spent_ns, standing, held_rad)


def goal_of_mode(
    state: FailsafeState,
    requested_rad: tuple[float, ...],
    pose_rad: tuple[float, ...],
    period_s: float,
) -> tuple[JointTargets, float]:
    """What the mode makes of a request: the goal for the gate, and its scale of speed.

    In OFF and LIMP the goal is the present pose without torque, so that arming starts from it.
    """
    held = state.mode < Mode.OFF
    match state.mode:
        case Mode.RUN | Mode.DEGRADED:
            goal_rad = requested_rad
        case Mode.HOLD:
            goal_rad = state.held_rad
        case Mode.REST:
            goal_rad = REST_POSE_RAD
        case Mode.OFF | Mode.LIMP:
            goal_rad = pose_rad
    return JointTargets(goal_rad, held, period_s), SCALES[state.mode]


def faults_of(sense: BodySense, streams_seen: int, torque_expected: bool) -> Fault:
    """The faults that one sense shows, those that the body reports itself among them.

    ``streams_seen``: bit n for line n of the sense table, set when the robot has that stream; one
    that it never had is no fault. ``torque_expected``: the last targets held.
    """
    faults = sense.fault_bits
    streams = (sense.joints, sense.imu, sense.doa, sense.camera)
    for line, (stream, (spec, fault)) in enumerate(zip(streams, _STREAM_FAULTS, strict=True)):
        if streams_seen >> line & 1 and not alive(stream, spec, sense.t_mono_ns):
            faults |= fault
    if sense.joints is not None:
        for joint in sense.joints.joints:
            faults |= _faults_of_joint(joint, torque_expected, sense.t_mono_ns)
    return faults


def _faults_of_joint(joint: JointSense, torque_expected: bool, now_ns: int) -> Fault:
    faults = Fault.NONE
    for bit, fault in _ERROR_FAULTS:
        if joint.error_bits & bit:
            faults |= fault
    if now_ns - joint.t_mono_ns > SILENT_AFTER_NS:
        faults |= Fault.SERVO_SILENT
    if not joint.answered:
        return faults
    if torque_expected and not joint.torque_enabled:
        faults |= Fault.TORQUE_LOST
    if joint.temperature_c >= TEMPERATURE_WARNING_C:
        faults |= Fault.TEMPERATURE_HIGH
    if joint.t_telemetry_ns and joint.voltage_v < VOLTAGE_LOW_V:
        faults |= Fault.VOLTAGE_LOW
    return faults


def _noted(
    standing: tuple[Standing, ...], faults: int, now_ns: int, forgotten: int
) -> tuple[Standing, ...]:
    """The standing faults with those of this tick, without the forgotten and the long gone."""
    if not faults and not standing:
        return standing
    before = {one.bit: one for one in standing if not one.bit & forgotten}
    after = []
    for bit, response in _BY_BIT.items():
        known = before.get(bit)
        if faults & bit:
            after.append(Standing(bit, now_ns if known is None else known.since_ns, now_ns))
        elif known is not None and now_ns - known.last_ns < response.good_s * _SECOND_NS:
            after.append(known)
    return tuple(after)


def _demanded(standing: tuple[Standing, ...]) -> Mode:
    """The worst wish of all standing faults that have outlived their grace."""
    demanded = Mode.RUN
    for one in standing:
        response = _BY_BIT[one.bit]
        if one.last_ns - one.since_ns >= response.grace_s * _SECOND_NS:
            demanded = max(demanded, response.mode)
    return demanded


def _is_near(pose_rad: tuple[float, ...], other_rad: tuple[float, ...]) -> bool:
    return all(abs(a - b) <= AT_REST_RAD for a, b in zip(pose_rad, other_rad, strict=True))
