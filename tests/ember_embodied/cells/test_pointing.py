from __future__ import annotations

from math import cos, degrees, radians, sin

import pytest
import torch
from torch import Tensor

from ember_embodied.cells.pointing import NEAR_BINS, PLACES, Pointer, Ring, centres_rad
from ember_embodied.command_space import COMMAND_LIMIT_RAD

BINS = 36
LIMIT = torch.tensor(COMMAND_LIMIT_RAD[:2])


def _points(logits: Tensor, last_deg: float) -> float:
    """Where a ring with these logits [1, BINS] points after a command there, rad."""
    ring = Ring(BINS)
    last = radians(last_deg)
    near = ring(logits[:, ring.line], torch.tensor([[0.0, 0.0, 0.0, sin(last), cos(last)]]))
    return float(near[0] @ torch.tensor(centres_rad(BINS, NEAR_BINS)))


def _believed(yaw: float) -> Tensor:
    """Chances along the ring's line whose mean direction is ``yaw``, rad."""
    theta = torch.tensor(centres_rad(BINS, NEAR_BINS))
    near = torch.zeros(1, len(theta))
    right = int((theta > yaw).nonzero()[0])
    share = (yaw - theta[right - 1]) / (theta[right] - theta[right - 1])
    near[0, right - 1 : right + 1] = torch.tensor([1.0 - share, share])
    return near


def _ring(*peaks: tuple[float, float], last: float = -90.0) -> float:
    """Where a ring with peaks (direction deg, height) points after a command there, deg."""
    centres = torch.tensor(centres_rad(BINS)).rad2deg()
    logits = torch.full((1, BINS), -3.0)
    for place, height in peaks:
        off = torch.remainder(centres - place + 180.0, 360.0) - 180.0
        logits = torch.maximum(logits, height - 3.0 - (off / 15.0) ** 2)
    return degrees(_points(logits, last))


@pytest.mark.parametrize("place", [-120.0, 0.0, 33.0, 87.5])
def test_the_ring_points_between_its_bins(place: float) -> None:
    assert _ring((place, 6.0)) == pytest.approx(place, abs=1.5)


def test_of_two_peaks_the_higher_one_wins_whole() -> None:
    assert _ring((30.0, 6.0), (150.0, 5.8)) == pytest.approx(30.0, abs=1.5)


def test_a_peak_right_behind_is_not_averaged_to_the_front() -> None:
    assert abs(_ring((179.0, 6.0))) == pytest.approx(179.0, abs=2.0)


def test_much_chance_in_one_region_beats_a_tall_peak() -> None:
    logits = torch.full((1, BINS), -9.0)
    logits[0, 10:13] = 0.5
    logits[0, 25] = 1.0
    assert _points(logits, 0.0) == pytest.approx(centres_rad(BINS)[11], abs=0.01)


@pytest.mark.parametrize(("height", "goes"), [(6.5, False), (8.0, True)])
def test_the_gaze_stays_unless_elsewhere_is_clearly_likelier(height: float, *, goes: bool) -> None:
    found = _ring((30.0, 6.0), (150.0, height), last=30.0)
    assert found == pytest.approx(150.0 if goes else 30.0, abs=3.0)
    assert _ring((30.0, 6.0), (150.0, height), last=-90.0) == pytest.approx(150.0, abs=3.0)


@pytest.mark.parametrize(("more", "goes"), [(0.5, False), (2.0, True)])
def test_so_with_places(more: float, *, goes: bool) -> None:
    measured = torch.tensor([[0.0, 0.0, 1.0, -0.2, *[0.0] * 8]]) / LIMIT.repeat(6)
    logits = torch.zeros(1, len(PLACES))
    logits[0, PLACES.index("face")] = 3.0
    logits[0, PLACES.index("believed")] = 3.0 + more
    pointer = Pointer(BINS)
    wins, weights, _ = pointer(
        logits, torch.zeros(1, 6), measured, _believed(-2.0), torch.zeros(1, 1), torch.ones(1, 6)
    )
    assert float((wins @ pointer.pairs)[0, 0]) == pytest.approx(-2.0 if goes else 1.0)
    assert int(weights.argmax()) == PLACES.index("believed")  # the chances are as they are


def test_one_place_wins_within_reach() -> None:
    measured = torch.tensor([[0.0, 0.0, 3.1, -0.2, 0.5, 0.0, 2.0, *[0.0] * 5]]) / LIMIT.repeat(6)
    there, pitch, pointer = torch.zeros(1, 6), torch.tensor([[0.1]]), Pointer(BINS)
    for name, yaw_pitch in (("face", [2.7, -0.2]), ("sound_front", [0.5, 0.1])):
        logits = torch.zeros(1, 6)
        logits[0, PLACES.index(name)] = 1.1
        wins, weights, _ = pointer(
            logits, there, measured, _believed(1.0), pitch, torch.zeros(1, 6)
        )
        torch.testing.assert_close(wins @ pointer.pairs, torch.tensor([yaw_pitch]))
        assert float(weights.sum()) == pytest.approx(1.0)
