"""The pre-arm checks of the servos: what was looked at, what was found, how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from firmware_bridge.body import Check
from firmware_bridge.dynamixel.configuration import SHUTDOWN_MASK, ServoSetup
from firmware_bridge.dynamixel.port import latency_timer_ms
from firmware_bridge.dynamixel.registers import HardwareError
from firmware_bridge.dynamixel.servo_state import TEMPERATURE_LIMIT_C, WARM_MARGIN_C, ServoState
from firmware_bridge.dynamixel.settings import ServoSettings

LATENCY_LIMIT_MS: Final = 1
POSE_MARGIN_RAW: Final = 60
"""How far beyond its limits a limp joint may hang (5 degrees): its first goal is the limit."""


def inspect(
    settings: ServoSettings,
    setups: Sequence[ServoSetup],
    states: Sequence[ServoState],
    sensor_problems: Sequence[str | None],
) -> tuple[Check, ...]:
    """All checks, the most basic first. ``states`` hold a telemetry reading."""
    there = [setup for setup in setups if setup.answered]
    alive = [state for state in states if state.answered]
    return (
        _servos(settings, setups),
        _latency(settings),
        _check(
            "servo models",
            [
                f"{s.joint.name} is model {s.model_number}, not {int(s.joint.model)}"
                for s in there
                if s.model_number != s.joint.model
            ],
            "all as in the joint table",
            "a servo of another kind was built in; put the right one at its place",
        ),
        _check(
            "servo configuration",
            [f"{s.joint.name}: {', '.join(s.differing)}" for s in there if s.differing],
            _rewritten(there),
            "switch torque off first (ember park), then open again: it is written then",
        ),
        _check(
            "hardware errors",
            [
                f"{s.joint.name}: {_errors(s.error_bits)}"
                for s in alive
                if s.error_bits & SHUTDOWN_MASK or s.error_bits & HardwareError.ENCODER
            ],
            "none that stops a servo",
            "let it cool and free what blocks it; if it comes back, change the servo",
        ),
        _check(
            "supply",
            [
                f"{s.joint.name}: {s.voltage_dv * 0.1:.1f} V"
                for s in alive
                if s.voltage_dv * 0.1 < settings.voltage_low_v
            ],
            " to ".join(
                f"{f([s.voltage_dv for s in alive], default=0) * 0.1:.1f} V" for f in (min, max)
            ),
            "charge the battery or check the supply",
        ),
        _check(
            "temperature",
            [
                f"{s.joint.name}: {s.temperature_c} C"
                for s in alive
                if s.temperature_c >= TEMPERATURE_LIMIT_C - WARM_MARGIN_C
            ],
            f"warmest {max((s.temperature_c for s in alive), default=0)} C",
            "let the robot cool down with torque off",
        ),
        _check(
            "pose",
            [f"{s.joint.name} at {s.position_raw}" for s in alive if _outside(s)],
            "within the joints' limits",
            "move the joint by hand to where it belongs, with torque off",
        ),
        *(
            Check(
                "sensor",
                passed=False,
                found=problem,
                remedy="see what it says, or leave the sensor out of the configuration",
                required=False,
            )
            for problem in sensor_problems
            if problem
        ),
    )


def _servos(settings: ServoSettings, setups: Sequence[ServoSetup]) -> Check:
    missing = [
        f"{setup.joint.name} (id {setup.joint.servo_id})" for setup in setups if not setup.answered
    ]
    return _check(
        "servos answer",
        [f"silent: {', '.join(missing)}"] if missing else [],
        f"{len(setups)} on {settings.port}",
        "check the cable to it and its id",
    )


def _latency(settings: ServoSettings) -> Check:
    timer_ms = latency_timer_ms(settings.port)
    return Check(
        "USB latency timer",
        passed=timer_ms is None or timer_ms <= LATENCY_LIMIT_MS,
        found="none on this port" if timer_ms is None else f"{timer_ms} ms",
        remedy="ember service install writes a udev rule that sets it to 1 ms",
        required=False,
    )


def _check(name: str, wrong: list[str], good: str, remedy: str) -> Check:
    return Check(name, passed=not wrong, found="; ".join(wrong) or good, remedy=remedy)


def _rewritten(setups: Sequence[ServoSetup]) -> str:
    names = [setup.joint.name for setup in setups if setup.written]
    return f"as it should be; rewritten now: {', '.join(names)}" if names else "as it should be"


def _errors(bits: int) -> str:
    return ", ".join(bit.name.lower() for bit in HardwareError if bit & bits and bit.name)


def _outside(state: ServoState) -> bool:
    joint = state.joint
    position = state.position_raw
    return not joint.min_raw - POSE_MARGIN_RAW <= position <= joint.max_raw + POSE_MARGIN_RAW
