"""The hearing benchmark says what is in an atlas, and hears the same through the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from ember_embodied.bench.hearing import atlas_claims, run
from firmware_bridge.simulation.atlas import MOVED, SPEECH, Atlas


def atlas() -> Atlas:
    """Two rooms of one place; errors of 5 deg in the dry one and 40 in the other."""
    shape = (2, 1, 2, 1, 6)
    error = np.zeros(shape, dtype="i2")
    error[0], error[1] = -50, 400
    flags = np.full(shape, SPEECH | MOVED, dtype="u1")
    flags[..., 3] = 0
    none = np.zeros((2, 2, 4), dtype="i2")
    return Atlas(
        about={},
        rt60_s=np.array([0.15, 0.7], dtype="f4"),
        size_m=np.ones((2, 3), dtype="f4"),
        motors=np.array([False, True]),
        snr_db=np.array([30.0, 3.0], dtype="f4"),
        angle_rad=np.array([[1.5], [0.2]], dtype="f4"),
        ahead=np.array([[0.9], [0.1]], dtype="f4"),
        distance_m=np.ones((2, 1), dtype="f4"),
        gain_db=np.zeros((2, 1), dtype="f4"),
        speech_error=error,
        speech_level=np.zeros(shape, dtype="i1"),
        speech_flags=flags,
        tail=np.array(2),
        sound_error=error[..., :3],
        sound_level=np.zeros((*shape[:4], 3), dtype="i1"),
        sound_flags=np.zeros((*shape[:4], 3), dtype="u1"),
        quiet_angle=none,
        quiet_level=none.astype("i1"),
        quiet_flags=np.array([[[0] * 4, [SPEECH] * 4]] * 2, dtype="u1"),
    )


def test_an_atlas_is_told_by_band() -> None:
    found = {claim.name: claim.value for claim in atlas_claims("own", atlas())}
    assert found["own, RT60 0-0.25 s: median error"] == pytest.approx(5.0)
    assert found["own, RT60 from 0.65 s: rms error"] == pytest.approx(40.0)
    assert found["own, 60-90 deg off the axis: beyond 30 deg"] == 0.0
    assert found["own, 0-30 deg off the axis: beyond 30 deg"] == 1.0
    assert found["own, RT60 0-0.25 s: flagged"] == 0.75
    assert found["own, 30 dB over noise: median error"] == pytest.approx(22.5)
    assert found["own, 3 dB over motors alone: like speech"] == 1.0
    assert "own, RT60 0.25-0.45 s: median error" not in found


def test_the_simulator_hears_what_ships() -> None:
    claims = run(range(200, 202))
    found = {claim.name: claim.value for claim in claims}
    assert len(found) == len(claims)
    for name in ("training", "standard"):
        dry, hall = (
            found[f"simulated, {name}, {band}: rms error"]
            for band in ("RT60 0-0.25 s", "RT60 from 0.65 s")
        )
        assert 1.0 < dry < hall < 45.0
        assert found[f"simulated, {name}, nobody, still: flagged"] < 0.02
        assert found[f"simulated, {name}, nobody, turning: flagged"] > 0.02
