from __future__ import annotations

import numpy as np
import torch

from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT, SENSES
from ember_embodied.training import lives as files
from ember_embodied.training.cloning import CloningConfig, Curve, belief_loss, clone, place_loss
from ember_embodied.training.lives import Life

SMALL = NetworkConfig(token=16, backbone=24, neurons=24)


def _follow_the_face(seed: int) -> Life:
    """A life in which the right answer is to look where the face is, and nothing else matters."""
    rng = np.random.default_rng(seed)
    ticks = 120
    senses = (0.1 * rng.standard_normal((ticks, SENSE_COUNT))).astype(np.float32)
    yaw = np.repeat(rng.uniform(-1.0, 1.0, ticks // 30), 30).astype(np.float32)
    senses[:, INDEX["camera.yaw"]] = yaw
    senses[:, INDEX["camera.pitch"]] = 0.0
    senses[:, INDEX["camera.confidence"]] = 1.0
    first = INDEX["command.head_yaw"]
    lesson = np.zeros((ticks, 5), dtype=np.float32)
    senses[:, first] = np.concatenate(([0.0], yaw[:-1])) / SENSES[first].scale
    lesson[:, 0] = yaw
    return Life(
        senses,
        np.ones((ticks, MASK_COUNT), dtype=np.float32),
        np.full((ticks, 1), 0.1, dtype=np.float32),
        lesson,
        np.stack((yaw, np.zeros_like(yaw)), axis=1),
        np.stack((yaw, np.zeros_like(yaw)), axis=1),
        np.zeros((ticks, 2), dtype=np.float32),
    )


def _train(steps: int) -> tuple[Ember, list[Curve]]:
    torch.manual_seed(0)
    network, curves = Ember(SMALL), []
    config = CloningConfig(steps=steps, batch=6, chunk=30)
    lives = [_follow_the_face(seed) for seed in range(6)]
    clone(network, lives, config, np.random.default_rng(0), curves.append)
    return network, curves


def test_cloning_learns_to_look_at_the_face() -> None:
    network, curves = _train(120)
    assert curves[-1].gaze < 0.5 * curves[0].gaze
    fresh = _follow_the_face(99)
    arrays = {name: torch.from_numpy(getattr(fresh, name))[:, None] for name in files.WIDTHS}
    with torch.inference_mode():
        path = network.unroll(
            arrays["senses"], arrays["mask"], arrays["dt"], network.initial_state(1)
        ).gaze
    settled = np.arange(120) % 30 >= 15
    error = (path - arrays["gaze"])[:, 0, 0].abs().numpy()[settled]
    assert error.mean() < 0.5 * np.abs(fresh.gaze[settled, 0]).mean()


def test_the_same_seed_trains_the_same_network() -> None:
    first, again = (_train(6)[0] for _ in range(2))
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_ring_is_told_where_people_are_and_nothing_of_nobody() -> None:
    around = torch.full((1, 1, 36), -12.0)
    around[..., 27] = 0.0  # believed: 95 degrees to the left
    counts = torch.ones(1, 1)

    def loss(degrees: float) -> float:
        yaw = torch.tensor([[degrees]]).deg2rad()
        return float(belief_loss(around, yaw, counts).detach())

    assert loss(95.0) < 0.01
    assert loss(104.0) < 0.01
    assert loss(120.0) > 3.0
    assert loss(0.0) == 0.0
    assert float(belief_loss(around, torch.ones(1, 1), 0.0 * counts).detach()) == 0.0


def test_of_two_hypotheses_the_middle_is_worth_nothing() -> None:
    goal = torch.tensor([[0.4, 0.0]])
    front, behind, middle = ((yaw, 0.0) for yaw in (0.4, 2.7, 1.55))

    def loss(*places: tuple[float, float], share: float) -> float:
        weights = torch.tensor([[share, 1.0 - share, 0.0, 0.0, 0.0, 0.0]])
        spots = torch.tensor([[*places, *[(0.0, 0.0)] * 4]])
        return float(place_loss(weights, spots, goal))

    assert loss(front, behind, share=0.9) < loss(front, behind, share=0.5)
    assert loss(front, behind, share=0.5) < loss(middle, behind, share=0.9) - 2.0
