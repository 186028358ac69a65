from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from ember_embodied import bundle as bundles
from ember_embodied.cli import model
from ember_embodied.errors import UserError
from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
from ember_embodied.training import rollouts
from ember_embodied.training.export import Provenance, write_bundle
from ember_embodied.training.lives import Life


def test_info_prints_the_manifest_and_its_digest(capsys: pytest.CaptureFixture[str]) -> None:
    live = bundles.load()
    model.info("live", as_json=True)
    facts = json.loads(capsys.readouterr().out)
    assert facts["digest"] == live.digest
    assert facts["model_sha256"] == live.manifest.model_sha256
    model.info("live", as_json=False)
    printed = capsys.readouterr().out
    assert live.digest in printed
    assert live.manifest.command in printed


def test_the_live_bundle_is_listed_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    model.list_bundles(as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows if row["live"]] == [bundles.load().manifest.name]


def test_the_card_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    model.card("live")
    path = bundles.load().path / bundles.CARD_FILE
    assert capsys.readouterr().out == path.read_text("utf-8")


def test_parity_prints_a_claim_that_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = Ember(NetworkConfig(token=8, backbone=12, neurons=12))
    provenance = Provenance("tiny", False, 10.0, "none", "0" * 64)
    bundle = write_bundle(small, tmp_path / "tiny", provenance, parity_steps=1)
    model.parity(str(bundle.path), steps=50, as_json=True)
    claims = json.loads(capsys.readouterr().out)["claims"]
    assert [claim["holds"] for claim in claims] == [True, True]
    assert all(claim["n"] == 50 for claim in claims)


@pytest.mark.timeout(200)
def test_a_bundle_is_exported_again_from_its_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = Ember(NetworkConfig(token=8, backbone=12, neurons=12))
    provenance = Provenance("tiny", False, 10.0, "none", "0" * 64, seeds={"exam": "1:2"})
    bundle = write_bundle(small, tmp_path / "tiny", provenance, parity_steps=1, card="tiny")
    model.export(tmp_path / "again", str(bundle.path))
    assert "10,000 steps" in capsys.readouterr().out
    again = bundles.load(tmp_path / "again")
    assert again.manifest.name == "again"
    assert again.manifest.seeds == bundle.manifest.seeds
    assert again.manifest.weights_sha256 == bundle.manifest.weights_sha256
    assert (again.path / bundles.CARD_FILE).read_text("utf-8") == "tiny"
    with pytest.raises(UserError, match="is the bundle itself"):
        model.export(bundle.path, str(bundle.path))


def test_an_unknown_bundle_gets_one_clear_line() -> None:
    with pytest.raises(UserError, match="no bundle 'embre'; did you mean 'ember'"):
        model.info("embre")


def test_rounded_weights_are_written_and_what_they_cost_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    ticks = 20
    nothing = np.zeros((ticks, 1), dtype=np.float32)
    life = Life(
        rng.uniform(-1.0, 1.0, (ticks, SENSE_COUNT)).astype(np.float32),
        np.ones((ticks, MASK_COUNT), dtype=np.float32),
        nothing + np.float32(0.1),
        *[nothing] * (len(fields(Life)) - 3),
    )
    seeds: list[int] = []
    monkeypatch.setattr(rollouts, "live", lambda seed, *_: (seeds.append(seed), (life, None))[1])
    monkeypatch.setattr(bundles, "COMMAND_ERROR_BOUND_RAD", 5.0)  # noise goes from stop to stop
    model.quantise(tmp_path / "int8", bundle="live", seeds="5:7")
    assert seeds == [5, 6]
    stated = bundles.load(tmp_path / "int8").manifest.quantisation
    assert stated is not None
    assert f"{stated.command_error_rad:.2g} rad over 40 ticks" in capsys.readouterr().out
    model.info(str(tmp_path / "int8"))
    assert "weights     int8" in capsys.readouterr().out
