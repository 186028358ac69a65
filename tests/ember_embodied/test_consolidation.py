"""Tables that live their day again: better ones are taken, others leave everything as it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cerebellum import snapshot
from cerebellum.plasticity import wrapped
from cerebellum.reach_table import ReachTable, ReachTableState
from cerebellum.yaw_table import YawTable, YawTableState
from ember_embodied.consolidation import consolidate
from hippocampus.night.collaborators import Consolidated, Experience
from hippocampus.night.moments import HeardLook, MadeReach


def look(number: int, heard: float, seen: float, verdict: str = "LEARNT") -> HeardLook:
    return HeardLook("s", number, number, heard, 0.0, seen, verdict, 0, 1.0)


def looks(count: int, bias_rad: float, seed: int, **more: str) -> tuple[HeardLook, ...]:
    """Voices that are heard off by the same angle, with a scatter of three degrees."""
    rng = np.random.default_rng(seed)
    seen = rng.uniform(-1.2, 1.2, count)
    heard = seen + bias_rad + rng.normal(0.0, math.radians(3.0), count)
    pairs = zip(heard.tolist(), seen.tolist(), strict=True)
    return tuple(look(n, h, s, **more) for n, (h, s) in enumerate(pairs))


@pytest.fixture
def state(tmp_path):
    """Tables that know nothing yet."""
    for found in (YawTable().state(), ReachTable().state()):
        snapshot.save(tmp_path / f"{found.KIND}.snapshot", found)
    return tmp_path


def yaw_of(made: Consolidated) -> YawTable | None:
    for file in made.files:
        if file.name == f"{YawTableState.KIND}.snapshot":
            return YawTable.from_state(snapshot.from_bytes(file.data, YawTableState))
    return None


def test_a_day_that_has_more_to_teach_is_taken(state):
    day = looks(80, math.radians(12.0), seed=1)
    made = consolidate(state, Experience(day, (), (), ()))
    table = yaw_of(made)
    assert table is not None
    unseen = looks(40, math.radians(12.0), seed=2)
    errors = [abs(wrapped(table.correct(one.heard_rad, 0.0) - one.seen_rad)) for one in unseen]
    assert math.degrees(float(np.mean(errors))) < 5.0
    assert "80 trials lived again" in made.told[0]
    names = {file.name for file in made.files}
    assert names == {"yaw_table.snapshot", "yaw_table.snapshot.previous"}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_mere_scatter_changes_nothing(state, seed):
    rng = np.random.default_rng(seed)
    places = rng.uniform(-1.0, 1.0, (80, 2))
    day = tuple(look(n, float(heard), float(seen)) for n, (heard, seen) in enumerate(places))
    made = consolidate(state, Experience(day, (), (), ()))
    assert (made.files, made.told[0].startswith("yaw table: left as it is")) == ((), True)


def test_one_day_does_not_push_out_the_others(state):
    older = looks(200, math.radians(10.0), seed=5)
    table = YawTable()
    snapshot.save(state / "yaw_table.snapshot", table.state())
    taught = consolidate(state, Experience(older, (), (), ()))
    (new, _) = taught.files
    (state / new.name).write_bytes(new.data)
    strange = looks(40, math.radians(-25.0), seed=6)
    made = consolidate(state, Experience(strange, (), older, ()))
    after = yaw_of(made)
    if after is not None:
        rooms = after.by_room()
        held = older[::4]
        errors = [
            min(abs(wrapped(r.correct(o.heard_rad, 0.0) - o.seen_rad)) for r in rooms) for o in held
        ]
        assert math.degrees(float(np.mean(errors))) < 4.0


def test_refused_looks_and_too_few_prove_nothing(state):
    refused = looks(100, 0.2, seed=1, verdict="AMBIGUOUS")
    for day in (refused, looks(20, 0.2, seed=1)):
        made = consolidate(state, Experience(day, (), (), ()))
        assert made.files == ()
        assert "are needed for a proof" in made.told[0]


def test_reaches_are_lived_again_too(state):
    rng = np.random.default_rng(3)
    goals = rng.uniform(-1.5, 1.5, 60)
    reaches = tuple(
        MadeReach("s", n, n, float(goal - 0.5), float(goal), float(goal - 0.07), "LEARNT")
        for n, goal in enumerate(goals)
    )
    made = consolidate(state, Experience((), reaches, (), ()))
    (new, _) = made.files
    table = ReachTable.from_state(snapshot.from_bytes(new.data, ReachTableState))
    assert table.shortfall_rad(0.3, 0) == pytest.approx(0.07, abs=0.02)


def test_a_damaged_table_is_told_and_left(state):
    path = state / "yaw_table.snapshot"
    path.write_bytes(path.read_bytes()[:-3])
    made = consolidate(state, Experience(looks(80, 0.2, seed=1), (), (), ()))
    assert made.files == ()
    assert "there is no previous one" in made.told[0]
