"""The bench of the tables: its lives are fair, and it can fail."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from ember_embodied.bench import cerebellum
from ember_embodied.bench.cerebellum.yaw_baselines import Nothing, RecursiveLeastSquares
from ember_embodied.bench.cerebellum.yaw_lives import Hearer, Phase, TableHearer, live
from ember_embodied.bench.cerebellum.yaw_rooms import REACH_RAD, draw_body, draw_hearing
from ember_embodied.errors import UserError

SHORT = (Phase(0, 30, (0, 30)),)


def test_a_room_is_biased_as_drawn_and_its_scatter_has_no_mean() -> None:
    draw = np.random.default_rng(5)
    room = draw_hearing(draw, 0.05, 12.0)
    ways = np.linspace(-REACH_RAD, REACH_RAD, 221)
    assert np.degrees(np.abs(room.bias(ways)).max()) == pytest.approx(12.0, abs=0.2)
    np.testing.assert_allclose(room.perfect(ways + room.bias(ways)), ways, atol=0.01)
    scatter = np.degrees(room.scatter(draw.uniform(-1.3, 1.3, 1500), draw))
    assert 3.0 < scatter.std() < 20.0
    assert abs(scatter.mean()) < 1.5


def test_a_body_stops_on_the_side_that_it_comes_from() -> None:
    body = draw_body(np.random.default_rng(1))
    goals, start = np.array([1.0, -1.0, 0.001]), np.zeros(3)
    short = np.degrees((goals - body.reached(goals, start)) * np.sign(goals))
    assert ((short[:2] >= 2.0) & (short[:2] <= 8.0)).all()
    assert body.reached(goals, start)[2] == 0.0


def test_all_live_the_same_life_and_the_table_is_the_better_for_it() -> None:
    table, other = TableHearer(), Hearer(RecursiveLeastSquares())
    lived = live(3, {"table": table, "rls": other, "nothing": Hearer(Nothing())}, SHORT)
    alone = live(3, {"nothing": Hearer(Nothing())}, SHORT)
    for at in ((0, 0), (0, 30)):
        np.testing.assert_array_equal(
            lived.learners["nothing"][at].single, alone.learners["nothing"][at].single
        )
    found = {who: float(np.median(of[0, 30].bias_left)) for who, of in lived.learners.items()}
    assert found["table"] < 0.6 * found["nothing"]
    assert found["rls"] < found["nothing"]
    assert lived.perfect[0].single.mean() <= lived.learners["table"][0, 30].single.mean() * 1.02


def test_every_part_is_a_module_that_measures() -> None:
    for part in cerebellum.PARTS:
        assert callable(importlib.import_module(f"{cerebellum.__name__}.{part}").measure)
    with pytest.raises(UserError, match="unknown part 'yow'; did you mean 'yaw'"):
        cerebellum.measure("yow", range(1))
