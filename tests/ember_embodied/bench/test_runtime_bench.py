"""The benchmark of the runtime runs small, says what it claims, and how it does without extras."""

from __future__ import annotations

import sys
from math import isfinite

import pytest

from ember_embodied import bench
from ember_embodied.bench import runtime
from ember_embodied.bench.claims import Claim
from ember_embodied.errors import UserError
from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.training.export import Provenance, write_bundle


def _run(notes: list[str], bundle: str = "live") -> dict[str, Claim]:
    claims = runtime.run(
        range(3, 4), bundle, note=notes.append, warm_rounds=3, cold_rounds=2, starts=1
    )
    found = {claim.name: claim for claim in claims}
    assert len(found) == len(claims)
    assert all(isfinite(claim.value) and claim.value >= 0.0 for claim in claims)
    return found


@pytest.mark.slow
def test_everything_is_measured_where_everything_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "LIFE_S", 2.0)
    made = Provenance("fresh", trained=False, rate_hz=10.0, command="", data_sha256="")
    network = Ember(NetworkConfig(neurons=128, backbone=128))
    path = write_bundle(network, tmp_path / "fresh", made, parity_steps=2).path
    notes: list[str] = []
    claims = _run(notes, str(path))
    assert notes == []
    for heat in ("warm", "cold"):
        for name, *_ in runtime._RATIOS:
            assert claims[f"{name}, {heat}"].value > 0.0
    assert claims["network step over its floor, warm"].bound == "<= 2"
    assert claims["peak memory: torch over ours"].value > 1.0
    assert claims["processes that loaded torch"].value == 0.0
    assert claims["int8 weights: worst error of a command"].n == 20


def test_without_extras_the_step_is_measured_and_one_line_says_what_is_not(monkeypatch):
    for name in ("threadpoolctl", "ncps", "ncps.torch", "ember_embodied.training.quantisation"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "ember_embodied.bench.peers", raising=False)
    monkeypatch.delattr(bench, "peers", raising=False)
    notes: list[str] = []
    claims = _run(notes)
    assert [note.split(":")[0] for note in notes] == ["no floor", "no peers", "no int8"]
    assert all("pip install 'ember-embodied[" in note for note in notes)
    assert claims["network step, warm, p50"].n == 3
    assert not any("floor" in name or "torch inference" in name for name in claims)


def test_an_unknown_bundle_is_a_mistake_of_one_line():
    with pytest.raises(UserError, match="no bundle 'nobody'"):
        _run([], "nobody")
