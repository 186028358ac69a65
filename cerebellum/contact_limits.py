"""What an untouched, dancing robot should seldom exceed, in deviations of its own noise.

Set by hand, on few robots: a dance still exceeds them about twenty times an hour (``ember bench
cerebellum --part touching`` counts it). At 10 Hz from a Gumbel distribution of the maxima of 15 s
in 0.6 h of untouched time of about sixteen simulated robots, two of them dancing throughout, the
others between hands. At 50 Hz there was less of it, and body, legs and antenna were rounded up;
sway, spin and shake are estimates at both rates. ``contact`` says what each evidence is.
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
    Limits(0.1, 33.0, 28.0, 12.5, 6.7, 41.0, 7.6, 5.0),
    Limits(0.02, 20.0, 26.0, 20.0, 7.0, 30.0, 8.0, 5.0),
)
