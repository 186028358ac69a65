"""A motion made by a person, through kinematics, gate and a real servo body on the virtual bus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ember_embodied.bench.moves import lag_ticks, play, read_motion, run
from ember_embodied.errors import UserError


@pytest.mark.shared_data
def test_the_body_follows_a_recorded_motion(shared_data: Path, servo_bus: Any) -> None:
    port = Path(servo_bus.start())
    motion = read_motion(shared_data / "recorded_moves" / "yes1.json")[:200]
    played = play(motion, port)
    assert np.ptp(played.asked[:, 1]) > np.radians(10.0), "the motion nods"
    for axis in range(4):
        asked, measured = played.asked[:, axis], played.measured[:, axis]
        lag = lag_ticks(asked, measured)
        off = asked[: len(asked) - lag] - measured[lag:]
        assert np.degrees(np.sqrt(np.mean(off**2))) < 5.0
        assert lag <= 15


def test_the_lag_of_a_delayed_track_is_found() -> None:
    asked = np.sin(np.linspace(0.0, 12.0, 300))
    assert lag_ticks(asked, np.roll(asked, 7)) == 7
    assert lag_ticks(np.zeros(300), np.zeros(300)) == 0


def test_no_recordings_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder of motions"):
        run(range(1), tmp_path)
