from __future__ import annotations

import numpy as np
import pytest

from ember_embodied.change_detector import thin
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT
from ember_embodied.training.distraction import look_elsewhere, wander
from ember_embodied.training.lanes import Lanes
from ember_embodied.training.lives import Life, LifeError

CHUNK = 20


def _counted(ticks: int, number: float) -> Life:
    """A life in which dt counts the ticks, the first command names the life, and voices come."""
    rng = np.random.default_rng(int(number))
    senses = np.zeros((ticks, SENSE_COUNT), dtype=np.float32)
    senses[:, INDEX["doa.energy"]] = np.arange(ticks) / ticks
    senses[:, INDEX["doa.speech"]] = rng.random(ticks) < 0.1
    two = np.zeros((ticks, 2), dtype=np.float32)
    return Life(
        senses,
        np.ones((ticks, MASK_COUNT), dtype=np.float32),
        np.full((ticks, 1), 0.1, dtype=np.float32),
        np.full((ticks, 5), number, dtype=np.float32),
        two,
        two,
        two,
    )


def _lanes(lives: list[Life], odds: list[float] | None = None, thinned: float = 0.0) -> Lanes:
    return Lanes(lives, odds, 4, CHUNK, (0.0, thinned), np.random.default_rng(3))


def test_a_lane_goes_on_where_it_was_and_says_when_a_life_begins() -> None:
    lanes, ticks = _lanes([_counted(101, 0)]), 101
    before: np.ndarray | None = None
    for _ in range(12):
        chunk, goes_on = lanes.draw()
        at = (chunk["senses"][..., INDEX["doa.energy"]] * ticks).round().int().numpy()
        assert (np.diff(at, axis=0) == 1).all()
        felt = (chunk["next_senses"][..., INDEX["doa.energy"]] * ticks).round().int().numpy()
        assert (felt == at + 1).all()
        fresh = goes_on[:, 0].numpy() == 0.0
        if before is not None:
            assert (at[0][~fresh] == before[~fresh] + 1).all()
            assert (at[0][fresh] == 0).all()
        before = at[-1]


def test_a_thinned_life_has_the_ticks_of_the_detector_and_the_time_between_them() -> None:
    life = _counted(400, 0)
    keep, since_s = thin(life.senses, life.mask, life.dt)
    chunk, _ = _lanes([life], thinned=1.0).draw()
    at = (chunk["senses"][..., INDEX["doa.energy"]] * 400).round().int().numpy()
    assert keep[at].all()
    assert not keep.all()
    np.testing.assert_allclose(chunk["dt"][..., 0].numpy(), since_s[at][..., 0])
    felt = (chunk["next_senses"][..., INDEX["doa.energy"]] * 400).round().int().numpy()
    assert (felt == at + 1).all()


def test_odds_decide_what_is_learned_from() -> None:
    lanes = _lanes([_counted(61, 0), _counted(61, 1)], odds=[0.0, 1.0])
    for _ in range(6):
        assert (lanes.draw()[0]["command"] == 1.0).all()


def test_lives_that_are_too_short_are_refused() -> None:
    with pytest.raises(LifeError, match="more than 20 ticks"):
        _lanes([_counted(CHUNK, 0)])
    assert (_lanes([_counted(CHUNK, 0), _counted(50, 1)]).draw()[0]["command"] == 1.0).all()


def test_a_distracted_robot_is_now_right_and_now_elsewhere() -> None:
    right = np.array([0.5, 0.1, 0.17, -0.17, 0.4], dtype=np.float32)
    astray = look_elsewhere(np.random.default_rng(1))
    sent = np.stack([astray(0.1 * tick, right) for tick in range(600)])
    share = (np.abs(sent - right).max(axis=1) == 0.0).mean()
    assert 0.2 < share < 0.6
    assert np.abs(sent[:, 0] - right[0]).max() > 1.0
    assert np.abs(np.diff(sent[:, 0])).max() < 3.0
    noisy = wander(np.random.default_rng(1))
    drift = np.stack([noisy(0.1 * tick, right) for tick in range(600)]) - right
    assert 0.05 < np.abs(drift[:, 0]).max() < 0.9
    assert (drift[:, 2:4] == 0.0).all()
