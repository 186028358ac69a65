"""What can be set of the cerebellum."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec


@dataclass(frozen=True, slots=True)
class CerebellumSettings:
    """What adapts while the robot moves."""

    enabled: bool = True
    """False: nothing is corrected, felt or learned."""
    frozen: bool = False
    """True: corrects with what it knows, and learns nothing."""
    folder: Path = Path("state")
    """Where a robot keeps what it has learned. A simulated one starts anew, but for --state."""
    save_s: Annotated[float, msgspec.Meta(ge=1.0, le=3600.0)] = 300.0
    """Time between two saves; the last one is when the robot stops."""
    hearing: bool = True
    """Correct directions of sound by the yaw table."""
    turning: bool = True
    """Correct the body's yaw by the reach table."""
    torque_fault: bool = True
    """A motor that gives no torque although told to is a fault, so that the robot holds still and
    then rests. False: it is only logged."""
    randomisation: Annotated[float, msgspec.Meta(ge=0.05, le=0.5)] = 0.05
    """Share of choices among the ways to correct that are drawn by chance, to learn from the log
    what the others would have been worth."""
    probes: bool = False
    """Alter a movement a little now and then, to be sure whose it is."""
    probe_every_s: Annotated[float, msgspec.Meta(ge=1.0, le=3600.0)] = 30.0
    """Mean time between two probes, beyond the least."""
