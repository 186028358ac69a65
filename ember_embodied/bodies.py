"""From a name and the settings to a body: the one place where the four kinds are told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ember_embodied.config import Config
from ember_embodied.errors import UserError
from ember_embodied.life import WorldSource
from firmware_bridge.body import Body
from firmware_bridge.clock import SystemClock
from hippocampus.tick_record import WorldRecord


@dataclass(frozen=True, slots=True)
class Embodiment:
    """A body and what goes with its kind."""

    body: Body
    hardware: bool = False
    """True: it moves something real, or something that answers in real time."""
    scenario_toml: str = ""
    world: WorldSource = tuple
    """What the outer world did since the last call; only a simulation knows."""
    exhausted: Callable[[], bool] = lambda: False
    """True when there is nothing left to sense: the end of a replayed log."""
