from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import radians

import pytest

from ember_embodied.loop import Mind
from ember_embodied.relive import compare, relive, world_of_log
from hippocampus.reader import Log
from hippocampus.tick_record import TickRecord

PERIOD_NS = 100_000_000


def nobody(_: int) -> None:
    return None


def test_a_world_that_was_not_recorded_is_guessed_from_the_senses(
    recorded_life: Callable[..., Log], mind: Mind
) -> None:
    log = recorded_life(ticks=150, scenario="default")
    logged = list(log.ticks())
    guessed = world_of_log([], logged)
    kinds = {change.kind for change in guessed}
    assert {"person", "speech", "leave"} <= kinds
    assert [c.t_mono_ns for c in guessed] == sorted(c.t_mono_ns for c in guessed)
    relived = relive(guessed, None, 0, 150, mind, 5, nobody)
    heard = {row.measure: (row.logged, row.relived) for row in compare(logged, relived)}
    assert heard["speech heard"][1] == pytest.approx(heard["speech heard"][0], abs=0.25)


def test_a_recorded_world_is_taken_as_it_was(recorded_life: Callable[..., Log]) -> None:
    log = recorded_life(ticks=20)
    changes = world_of_log(log.world(), log.ticks())
    assert [(c.kind, c.who) for c in changes] == [(w.kind, w.who) for w in log.world()]
    assert changes


def test_the_comparison_tells_two_lives_apart(recorded_life: Callable[..., Log]) -> None:
    logged = list(recorded_life(ticks=20).ticks())

    def turned(record: TickRecord) -> TickRecord:
        head = replace(record.sense.head, yaw_rad=record.sense.head.yaw_rad + radians(10.0))
        return replace(record, sense=replace(record.sense, head=head))

    rows = {row.measure: row for row in compare(logged, [turned(r) for r in logged])}
    assert rows["head yaw apart, rms"].relived == pytest.approx(10.0)
    assert rows["head pitch apart, rms"].relived == 0.0
