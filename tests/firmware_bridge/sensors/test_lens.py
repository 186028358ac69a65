"""The lens model: both directions, every picture size, and where it ends."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.sensors.camera_settings import LensSettings
from firmware_bridge.sensors.face_track import bearing_of, direction_of
from firmware_bridge.sensors.lens import Lens

SIZES = [(3840, 2592), (3840, 2160), (1920, 1080), (1280, 720), (640, 480)]


@pytest.mark.parametrize("size", SIZES)
@settings(deadline=None, max_examples=60)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_pixel_to_direction_and_back(size: tuple[int, int], x: float, y: float) -> None:
    lens = Lens(LensSettings(), *size)
    pixel = (x * size[0], y * size[1])
    direction = lens.direction(*pixel)
    if direction is None:
        assert math.dist(pixel, (size[0] / 2, size[1] / 2)) > 0.5 * size[1], "only in the corners"
        return
    assert lens.pixel(direction) == pytest.approx(pixel, abs=0.3)


def test_the_same_place_in_every_size_is_the_same_direction() -> None:
    """A quarter of the width left of the middle and an eighth of it up."""
    bearings = []
    for width, height in SIZES:
        direction = Lens(LensSettings(), width, height).direction(width / 4, height / 2 - width / 8)
        assert direction is not None
        bearings.append(bearing_of(direction))
    for bearing in bearings[1:]:
        assert bearing == pytest.approx(bearings[0], abs=1e-3)
    assert bearings[0][0] > 0.4, "left is positive"
    assert bearings[0][1] < -0.1, "up is negative"


def test_a_crop_factor_narrows_the_view() -> None:
    wide = Lens(LensSettings(), 1920, 1080).direction(0.0, 540.0)
    narrow = Lens(LensSettings(crop=1.115), 1920, 1080).direction(0.0, 540.0)
    assert wide is not None
    assert narrow is not None
    assert math.degrees(bearing_of(wide)[0]) == pytest.approx(43.8, abs=1.0)
    assert math.tan(bearing_of(wide)[0]) / math.tan(bearing_of(narrow)[0]) == pytest.approx(
        1.115, rel=0.03
    )


def test_nothing_is_seen_behind() -> None:
    lens = Lens(LensSettings(), 1280, 720)
    assert lens.pixel(direction_of(math.pi, 0.0)) is None
    assert lens.pixel(direction_of(1.2, 0.0)) is None
    assert lens.direction(-3000.0, 360.0) is None
