from __future__ import annotations

import pytest
import torch

from ember_embodied.cells.pointing import PLACES, Pointer, Ring, centres_rad

BINS = 36


def _ring(*peaks: tuple[float, float]) -> float:
    """Where a ring with peaks (direction deg, height) is strongest, deg."""
    centres = torch.tensor(centres_rad(BINS)).rad2deg()
    logits = torch.full((1, BINS), -3.0)
    for place, height in peaks:
        off = torch.remainder(centres - place + 180.0, 360.0) - 180.0
        logits = torch.maximum(logits, height - 3.0 - (off / 15.0) ** 2)
    return float(Ring(BINS)(logits)[0, 0].rad2deg())


@pytest.mark.parametrize("place", [-120.0, 0.0, 33.0, 87.5])
def test_the_ring_points_between_its_bins(place: float) -> None:
    assert _ring((place, 6.0)) == pytest.approx(place, abs=1.5)


def test_of_two_peaks_the_higher_one_wins_whole() -> None:
    assert _ring((30.0, 6.0), (150.0, 5.8)) == pytest.approx(30.0, abs=1.5)


def test_a_peak_right_behind_is_not_averaged_to_the_front() -> None:
    assert abs(_ring((179.0, 6.0))) == pytest.approx(179.0, abs=2.0)


def test_one_place_wins_within_reach() -> None:
    measured = torch.tensor([[0.0, 0.0, 3.1, -0.2, 0.5, 0.0, 2.0, 0.0, 0.0, 0.0]])
    there, yaw, pitch = torch.zeros(1, 6), torch.tensor([[1.0]]), torch.tensor([[0.1]])
    for name, yaw_pitch in (("face", [2.7, -0.2]), ("sound_front", [0.5, 0.1])):
        logits = torch.zeros(1, 6)
        logits[0, PLACES.index(name)] = 0.1
        place, weights, _ = Pointer()(logits, there, measured, yaw, pitch)
        torch.testing.assert_close(place, torch.tensor([yaw_pitch]))
        assert float(weights.sum()) == pytest.approx(1.0)
