"""Hand-made lives: thirty seconds in which a robot looks ahead and ada stands 60 degrees left."""

from __future__ import annotations

from dataclasses import replace
from math import radians

import numpy as np
import pytest

from ember_embodied.trials.trace import Onset, Trace

TICKS = 300
T_S = np.arange(TICKS) * 0.1


class HandMade:
    """Makes traces; all angles in degrees."""

    t_s = T_S
    ada = Onset(10.0, 14.0, "ada", "voice")

    def life(self, **changes: object) -> Trace:
        """The life, with these fields changed."""
        trace = Trace(
            t_s=T_S,
            head_rad=np.zeros((TICKS, 2)),
            antennas_rad=np.zeros((TICKS, 2)),
            command_rad=np.tile([0.0, 0.0, 0.17, -0.17, 0.0], (TICKS, 1)),
            base_yaw_rad=np.zeros(TICKS),
            energy_j=np.zeros(TICKS),
            stepped=np.ones(TICKS, dtype=np.bool_),
            speech=(),
            hands=(),
            intents=(),
            **self.people(ada=60.0),
        )
        return replace(trace, **changes)  # type: ignore[arg-type]

    def people(self, **yaws: np.ndarray | float) -> dict[str, object]:
        """The fields of a life in which these people are there, each at a yaw."""
        faces = [self.yaw(yaw) for yaw in yaws.values()]
        return {
            "names": tuple(yaws),
            "people_rad": np.stack(faces, axis=1) if faces else np.zeros((TICKS, 0, 2)),
            "present": np.ones((TICKS, len(yaws)), dtype=np.bool_),
        }

    def yaw(self, yaw: np.ndarray | float) -> np.ndarray:
        """[T, 2], level."""
        return np.column_stack((np.broadcast_to(np.radians(yaw), TICKS), np.zeros(TICKS)))

    def looking(self, yaw: np.ndarray | float) -> dict[str, object]:
        """Head and command at these yaws: a head that goes there by itself."""
        command = self.life().command_rad.copy()
        command[:, 0] = np.radians(yaw)
        return {"head_rad": self.yaw(yaw), "command_rad": command}

    def turned(self, at_s: float, to: float, until_s: float = 30.0) -> np.ndarray:
        """Ahead, but for a look to one side."""
        return np.where((at_s <= T_S) & (until_s > T_S), to, 0.0)

    def pulse(self, *columns: int, at_s: float, size_rad: float = 0.6) -> np.ndarray:
        """Calm commands with one outward pulse of a second on some columns."""
        command = self.life().command_rad.copy()
        during = (at_s <= T_S) & (at_s + 1.0 > T_S)
        for column in columns:
            command[during, column] += size_rad if column == 2 else -size_rad
        return command

    def base_turned(self, degrees: float) -> tuple[np.ndarray, Onset]:
        """A turn of the base from 12 s to 14 s: its yaw [T], rad, and the hand."""
        share = np.clip((T_S - 12.0) / 2.0, 0.0, 1.0)
        return radians(degrees) * share, Onset(12.0, 14.0, "foot", "turn")


@pytest.fixture
def made() -> HandMade:
    """Makes lives by hand."""
    return HandMade()
