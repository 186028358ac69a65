"""Parking: every servo that still holds goes slowly to its rest position, then lets go.

Best effort for each servo alone: one in overload, or silent, is left out of the motion, and its
torque is switched off all the same. Nothing here raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmware_bridge.clock import Clock
from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.dynamixel.bus import ServoBus
from firmware_bridge.dynamixel.servo_state import HEALTH, TELEMETRY, ServoState
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.joints import JOINTS, rad_to_raw, raw_to_rad

STEP_NS: Final = 50_000_000
SPEED_SHARE: Final = 0.3
"""Share of a joint's greatest velocity that parking uses, where time allows."""
PEAK_TO_MEAN: Final = 1.875
"""Of the minimum-jerk ramp 10 s^3 - 15 s^4 + 6 s^5."""


@dataclass(frozen=True, slots=True)
class Parked:
    """What parking did: names of joints."""

    moved: tuple[str, ...]
    released: tuple[str, ...]
    silent: tuple[str, ...]
    """They gave no answer to "torque off"; it was sent to them all the same."""


def park(bus: ServoBus, clock: Clock, settings: ServoSettings) -> Parked:
    """Ramp to ``REST_POSE_RAD`` in at most ``settings.park_s``, then torque off, servo by servo."""
    states = {joint.servo_id: ServoState(joint) for joint in JOINTS}
    now_ns = clock.mono_ns()
    for servo_id, reading in bus.sync_read(*TELEMETRY, states).items():
        states[servo_id].take_telemetry(reading, now_ns)
    for servo_id, reading in bus.sync_read(*HEALTH, states).items():
        states[servo_id].take_health(reading, 0)
    holding = {
        servo_id: (state.pinned_raw(), rad_to_raw(state.joint.rest_rad))
        for servo_id, state in states.items()
        if state.answered and state.torque_on
    }
    _ramp(bus, clock, settings, holding)
    bus.write_all(reg.TORQUE_ENABLE, dict.fromkeys(states, 0))
    released = [servo_id for servo_id in states if bus.write(servo_id, reg.TORQUE_ENABLE, 0)]
    bus.write_all(reg.BUS_WATCHDOG, dict.fromkeys(states, 0))
    return Parked(
        moved=tuple(states[servo_id].joint.name for servo_id in holding),
        released=tuple(states[servo_id].joint.name for servo_id in released),
        silent=tuple(s.joint.name for i, s in states.items() if i not in released),
    )


def _ramp(
    bus: ServoBus, clock: Clock, settings: ServoSettings, moves: dict[int, tuple[int, int]]
) -> None:
    """Stream goals along a minimum-jerk ramp, so that no profile in the servos matters."""
    if not moves:
        return
    bus.write_all(reg.BUS_WATCHDOG, dict.fromkeys(moves, 0))
    bus.write_all(reg.GOAL_POSITION, {servo_id: start for servo_id, (start, _) in moves.items()})
    step_ms = STEP_NS // 1_000_000
    bus.sync_write(
        reg.PROFILE_ACCELERATION.address,
        {
            servo_id: reg.PROFILE_ACCELERATION.encode(0) + reg.PROFILE_VELOCITY.encode(step_ms)
            for servo_id in moves
        },
    )
    bus.write_all(reg.BUS_WATCHDOG, dict.fromkeys(moves, settings.watchdog_periods))
    duration_ns = round(min(settings.park_s, _needed_s(moves)) * 1e9)
    begin_ns = clock.mono_ns()
    steps = -(-duration_ns // STEP_NS)
    for step in range(1, steps + 1):
        share = step / steps
        eased = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
        bus.write_all(
            reg.GOAL_POSITION,
            {
                servo_id: round(start + (rest - start) * eased)
                for servo_id, (start, rest) in moves.items()
            },
        )
        if bus.port.lost:
            return
        clock.sleep_until_ns(begin_ns + step * STEP_NS)


def _needed_s(moves: dict[int, tuple[int, int]]) -> float:
    """How long the slowest joint needs at its share of speed."""
    speeds = {joint.servo_id: joint.max_velocity_rad_s * SPEED_SHARE for joint in JOINTS}
    return max(
        PEAK_TO_MEAN * abs(raw_to_rad(rest) - raw_to_rad(start)) / speeds[servo_id]
        for servo_id, (start, rest) in moves.items()
    )
