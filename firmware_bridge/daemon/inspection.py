"""The pre-arm checks of a robot behind the vendor's daemon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from firmware_bridge.body import Check
from firmware_bridge.daemon.link import DaemonLink
from firmware_bridge.joints import JOINTS

RUNNING: Final = "running"


def inspect(
    link: DaemonLink, silent: bool, faulty: Sequence[str], camera_problem: str | None
) -> tuple[Check, ...]:
    """All checks, the most basic first; ``faulty`` names joints whose registers tell a fault."""
    state = link.status.state if link.status else RUNNING
    told = sum(1 for servo in link.servos if servo.t_ns)
    checks = (
        Check(
            "daemon",
            passed=link.problem is None and state == RUNNING,
            found=link.problem or state,
            remedy="systemctl restart reachy-mini-daemon",
        ),
        Check(
            "joint positions",
            passed=not silent,
            found="none arrive" if silent else "arriving",
            remedy="restart the daemon: it does not recover from a silent bus by itself",
        ),
        Check(
            "servo registers",
            passed=told == len(JOINTS),
            found="a packet never came back; the daemon hangs on it"
            if link.wedged
            else f"{told} of {len(JOINTS)} servos have told currents and errors",
            remedy="restart the daemon; telemetry_hz = 0 under [daemon] goes on without them"
            if link.wedged
            else "only a daemon with real servos tells them; it goes on without",
            required=False,
        ),
        Check(
            "servo faults",
            passed=not faulty,
            found=", ".join(faulty) or "none",
            remedy="let it cool and free what blocks it, then restart the daemon",
        ),
    )
    if camera_problem is None:
        return checks
    remedy = "see what it says, or leave the model under [faces] out"
    return (
        *checks,
        Check("sensor", passed=False, found=camera_problem, remedy=remedy, required=False),
    )
