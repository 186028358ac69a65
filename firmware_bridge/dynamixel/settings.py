"""What can be set about the servos, with the defaults of a Reachy Mini."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmware_bridge.dynamixel import registers as reg

WATCHDOG_UNIT_MS: Final = 20


@dataclass(frozen=True, slots=True)
class ServoSettings:
    """The servo port: how to reach the nine servos and what they shall hold."""

    port: str = "/dev/ttyAMA3"
    """Serial device; a link is followed anew at every opening."""
    baud_rate: int = 1_000_000
    answer_timeout_s: float = 0.004
    """How long an answer may be late, beyond its time on the wire."""
    watchdog_s: float = 0.5
    """The servos stop by themselves when the bus is quiet for so long; 0.1 to 2.54 s."""
    current_limit_ma: int = 1200
    """Largest motor current, mA; the robot at rest needs about 100."""
    voltage_low_v: float = 4.5
    """A supply under this is a fault, V."""
    silent_after_s: float = 0.25
    """A servo that says nothing for so long is a fault."""
    retry_s: float = 0.25
    """Time between attempts to open a lost port again."""
    park_s: float = 2.5
    """Longest ramp to the rest pose."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` naming the field that is out of range."""
        ranges = {
            "answer_timeout_s": (0.001, 0.1),
            "watchdog_s": (0.1, 2.54),
            "current_limit_ma": (100, reg.CURRENT_LIMIT.upper),
            "voltage_low_v": (3.0, 7.0),
            "silent_after_s": (0.02, 2.0),
            "retry_s": (0.05, 1.0),
            "park_s": (0.5, 10.0),
        }
        for name, (lower, upper) in ranges.items():
            if not lower <= getattr(self, name) <= upper:
                raise ValueError(
                    f"{name} must be {lower:g} to {upper:g}, not {getattr(self, name)}"
                )
        if self.baud_rate not in reg.BAUD_RATES:
            raise ValueError(f"baud_rate must be one of {reg.BAUD_RATES}, not {self.baud_rate}")

    @property
    def watchdog_periods(self) -> int:
        """Register 98."""
        return max(1, round(self.watchdog_s * 1000 / WATCHDOG_UNIT_MS))

    @property
    def answer_slack_ns(self) -> int:
        """``answer_timeout_s`` in ns."""
        return round(self.answer_timeout_s * 1e9)
