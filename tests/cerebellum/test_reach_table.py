from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cerebellum import snapshot
from cerebellum.reach_table import (
    LOWER_RAD,
    UPPER_RAD,
    Movement,
    ReachTable,
    ReachTableState,
    ReachVerdict,
)

GOOD = Movement(0.0, 0.6, 0.52, 0.0, disturbed=False)
SHORT_LEFT, SHORT_RIGHT = math.radians(7.0), math.radians(3.0)


def stop(commanded: float, start: float) -> float:
    return commanded - SHORT_LEFT if commanded > start else commanded + SHORT_RIGHT


def live(table: ReachTable, moves: int, seed: int) -> float:
    """Turn about; the largest error of the last third, deg."""
    draw = np.random.default_rng(seed)
    pose, errors = 0.0, []
    for _ in range(moves):
        wanted = float(draw.uniform(-1.8, 1.8))
        commanded = table.command(wanted, pose)
        start, pose = pose, stop(commanded, pose) + float(draw.normal(0.0, 0.003))
        table.learn(Movement(start, commanded, pose, 0.0, disturbed=False))
        if abs(wanted - start) > 0.2:
            errors.append(abs(wanted - pose))
    return math.degrees(max(errors[-moves // 3 :]))


def test_a_dozen_movements_teach_both_sides() -> None:
    table = ReachTable()
    assert live(table, 12, seed=1) < 1.0
    assert table.command(0.5, -0.5) == pytest.approx(0.5 + SHORT_LEFT, abs=0.015)
    assert table.command(0.5, 1.5) == pytest.approx(0.5 - SHORT_RIGHT, abs=0.015)


def test_commands_stay_within_the_joint_and_short_ways_stay_as_wanted() -> None:
    table = ReachTable()
    live(table, 20, seed=2)
    assert table.command(3.0, 0.0) == UPPER_RAD
    assert table.command(-3.0, 0.0) == LOWER_RAD
    assert table.command(0.52, 0.5) == 0.52
    assert math.isnan(table.command(math.nan, 0.0))
    assert table.command(0.5, math.nan) == 0.5


@pytest.mark.parametrize(
    ("movement", "verdict"),
    [
        (replace(GOOD, measured_rad=math.nan), ReachVerdict.NOT_FINITE),
        (replace(GOOD, velocity_rad_s=math.inf), ReachVerdict.NOT_FINITE),
        (replace(GOOD, start_rad=9.0), ReachVerdict.OUT_OF_RANGE),
        (replace(GOOD, commanded_rad=0.03, measured_rad=0.0), ReachVerdict.TOO_SMALL),
        (replace(GOOD, velocity_rad_s=0.3), ReachVerdict.MOVING),
        (replace(GOOD, disturbed=True), ReachVerdict.DISTURBED),
        (replace(GOOD, measured_rad=0.1), ReachVerdict.HELD),
    ],
)
def test_what_may_not_be_believed_changes_nothing(
    movement: Movement, verdict: ReachVerdict
) -> None:
    table = ReachTable()
    before = snapshot.to_bytes(table.state())
    assert table.learn(movement) is verdict
    assert snapshot.to_bytes(table.state()) == before
    assert table.learn(GOOD) is ReachVerdict.LEARNT


def test_restored_it_goes_on_exactly_as_it_would_have() -> None:
    table = ReachTable()
    live(table, 10, seed=3)
    stored = snapshot.to_bytes(table.state())
    again = ReachTable.from_state(snapshot.from_bytes(stored, ReachTableState))
    assert live(table, 10, seed=4) == live(again, 10, seed=4)
    assert snapshot.to_bytes(again.state()) == snapshot.to_bytes(table.state())
