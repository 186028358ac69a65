"""Watts from joules, jerk from positions, and no jerk from a hand or from trembling."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np
import pytest

from ember_embodied.trials.motion import judge_motion
from ember_embodied.trials.trace import Onset

HZ = 0.5


def _jerk(motion: Any) -> float:
    return sqrt(motion.jerk_sum / motion.jerk_ticks)


def test_power_is_energy_over_the_time_after_the_rise(made: Any) -> None:
    energy = np.where(made.t_s < 5.0, 100.0 * made.t_s, 500.0 + 0.3 * (made.t_s - 5.0))
    motion = judge_motion(made.life(energy_j=energy))
    assert motion.energy_j / motion.seconds == pytest.approx(0.3)


def test_jerk_is_the_third_derivative_and_knows_all_four_angles(made: Any) -> None:
    swing = 0.5 * np.sin(2.0 * pi * HZ * made.t_s)
    expected = 0.5 * (2.0 * pi * HZ) ** 3 / sqrt(2.0)
    for field in ("head_rad", "antennas_rad"):
        for column in (0, 1):
            angles = np.zeros((len(swing), 2))
            angles[:, column] = swing
            assert _jerk(judge_motion(made.life(**{field: angles}))) == pytest.approx(
                expected, rel=0.05
            )


def test_trembling_and_hands_are_no_jerk(made: Any) -> None:
    trembling = 1e-4 * np.random.default_rng(0).standard_normal((len(made.t_s), 2))
    assert _jerk(judge_motion(made.life(head_rad=trembling))) < 0.5
    pushed = made.yaw(made.turned(12.0, 30.0, 13.0))
    hand = Onset(11.9, 13.1, "head", "push")
    assert _jerk(judge_motion(made.life(head_rad=pushed))) > 50.0
    assert _jerk(judge_motion(made.life(head_rad=pushed, hands=(hand,)))) == 0.0
