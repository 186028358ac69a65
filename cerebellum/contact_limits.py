"""What an untouched, dancing robot exceeds about once in an hour: made by a tool, not by hand.

Written by ``python tools/fit_contact_limits.py``; ``contact`` says what each evidence is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """For one period of the loop, in deviations of the forward model's noise."""

    period_s: float
    body: float
    legs: float
    antenna: float
    sway: float
    spin: float
    shake: float
    heave: float


LIMITS: Final = (
    Limits(0.1, 16.0, 16.0, 9.0, 6.0, 10.0, 6.0, 5.5),
    Limits(0.02, 14.0, 18.0, 12.0, 7.0, 10.0, 7.0, 6.0),
)
