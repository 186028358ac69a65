"""The benchmark of the body says what it claims; how fast this machine is, it does not ask."""

from __future__ import annotations

import pytest

from ember_embodied.bench import body

TIMES = ("median", "p99")


def test_what_is_not_a_time_holds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(body, "POSES_A_SEED", 200)
    monkeypatch.setattr(body, "TICKS_A_SEED", 200)
    monkeypatch.setattr(body, "CALLS_A_SEED", 2_000)
    monkeypatch.setattr(body, "PACED_S", 1)
    claims = {claim.name: claim for claim in body.run(range(3, 5))}
    exact = {name: claim for name, claim in claims.items() if not name.endswith(TIMES)}
    assert len(exact) == 6
    assert all(claim.holds for name, claim in exact.items() if "drift" not in name), exact
    assert claims["kinematics round trip, worst"].n == 400
    assert claims["gate, targets not finite or out of limits"].n == 4_000
    assert claims["relative sleeps beside it, drift"].value > 50_000
