from __future__ import annotations

import pytest
import torch

from ember_embodied.cells.pointing import PLACES, Pointer, Ring, centres_rad

BINS = 36


def _ring(*peaks: tuple[float, float], last: float = -90.0) -> float:
    """Where a ring with peaks (direction deg, height) points after a command there, deg."""
    centres = torch.tensor(centres_rad(BINS)).rad2deg()
    logits = torch.full((1, BINS), -3.0)
    for place, height in peaks:
        off = torch.remainder(centres - place + 180.0, 360.0) - 180.0
        logits = torch.maximum(logits, height - 3.0 - (off / 15.0) ** 2)
    return float(Ring(BINS)(logits, torch.tensor([[last]]).deg2rad())[0, 0].rad2deg())


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
    place = Ring(BINS)(logits, torch.tensor([[0.0]]))[0, 0]
    assert float(place) == pytest.approx(centres_rad(BINS)[11], abs=0.01)


@pytest.mark.parametrize(("height", "goes"), [(6.5, False), (8.0, True)])
def test_the_gaze_stays_unless_elsewhere_is_clearly_likelier(height: float, *, goes: bool) -> None:
    found = _ring((30.0, 6.0), (150.0, height), last=30.0)
    assert found == pytest.approx(150.0 if goes else 30.0, abs=3.0)
    assert _ring((30.0, 6.0), (150.0, height), last=-90.0) == pytest.approx(150.0, abs=3.0)


@pytest.mark.parametrize(("more", "goes"), [(0.5, False), (2.0, True)])
def test_so_with_places(more: float, *, goes: bool) -> None:
    measured = torch.tensor([[0.0, 0.0, 1.0, -0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    logits = torch.zeros(1, len(PLACES))
    logits[0, PLACES.index("face")] = 3.0
    logits[0, PLACES.index("believed")] = 3.0 + more
    place, weights, _ = Pointer()(
        logits, torch.zeros(1, 6), measured, *(torch.tensor([[a]]) for a in (-2.0, 0.0, 1.0))
    )
    assert float(place[0, 0]) == pytest.approx(-2.0 if goes else 1.0)
    assert int(weights.argmax()) == PLACES.index("believed")  # the chances are as they are


def test_one_place_wins_within_reach() -> None:
    measured = torch.tensor([[0.0, 0.0, 3.1, -0.2, 0.5, 0.0, 2.0, 0.0, 0.0, 0.0]])
    there, yaw, pitch = torch.zeros(1, 6), torch.tensor([[1.0]]), torch.tensor([[0.1]])
    for name, yaw_pitch in (("face", [2.7, -0.2]), ("sound_front", [0.5, 0.1])):
        logits = torch.zeros(1, 6)
        logits[0, PLACES.index(name)] = 1.1
        place, weights, _ = Pointer()(logits, there, measured, yaw, pitch, torch.zeros(1, 1))
        torch.testing.assert_close(place, torch.tensor([yaw_pitch]))
        assert float(weights.sum()) == pytest.approx(1.0)
