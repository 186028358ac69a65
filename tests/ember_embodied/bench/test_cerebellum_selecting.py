"""The measuring of the selector: worlds that change as they say, and steps that do the same."""

from __future__ import annotations

import numpy as np
import pytest

from cerebellum.selector import SynapticSelector
from cerebellum.selector_state import TEXTBOOK
from ember_embodied.bench.cerebellum import selecting, selecting_regret, selecting_times
from ember_embodied.bench.cerebellum.progress import silent
from ember_embodied.bench.cerebellum.selecting_regret import KINDS, World


def test_worlds_change_as_they_say() -> None:
    before, after = (np.array(m) for m in World(3, 8, KINDS[0], "swap", 100).means)
    assert after[before.argmax()] == before.min()
    assert sorted(after) == sorted(before)
    before, after = (np.array(m) for m in World(3, 8, KINDS[0], "rise", 100).means)
    assert (after >= before).all()
    assert after.argmax() == before.argmin()
    fallen = World(3, 8, KINDS[1], "fall", 100)
    before, after = (np.array(m) for m in fallen.means)
    assert (after != before).sum() == 1
    assert fallen.switch == 50


def test_a_policy_that_knows_has_no_regret(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(1, 5, KINDS[0], None, 300)
    best = int(np.argmax(world.means[0]))
    selector = SynapticSelector(5, np.random.default_rng(0), TEXTBOOK)
    monkeypatch.setattr(SynapticSelector, "select", lambda _: best)
    assert selecting_regret._live(selector, world, 300) == (0.0, 0.0)


def test_identity_counts_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "CHOICES", 700)
    assert [one.value for one in selecting._identity(range(1))] == [0.0, 0.0]
    monkeypatch.setattr(selecting, "UCB1", 1.0)
    assert all(one.value > 0.0 for one in selecting._identity(range(1)))


def test_shortcuts_make_the_same_choices() -> None:
    past = selecting_times._past(0, 600)
    plain = selecting_times._shortcuts(selecting_times.World(0, 1), past, means=True)
    short = selecting_times._shortcuts(
        selecting_times.World(0, 1), past, means=True, check=False, rolling=True, lazy=True
    )
    assert [plain() for _ in range(300)] == [short() for _ in range(300)]


def test_times_beside_the_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("river")
    pytest.importorskip("mabwiser")
    monkeypatch.setattr(selecting_times, "PASTS", (300,))
    monkeypatch.setattr(selecting_times, "SCATTER_PASTS", (260,))
    monkeypatch.setattr(selecting_times, "ROUNDS", 3)
    found = list(selecting_times.claims(0, silent))
    assert all(one.value > 0.0 for one in found)
    assert any(one.name.endswith("river / UCB1 alone") for one in found)
