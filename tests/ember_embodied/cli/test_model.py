from __future__ import annotations

import json
from pathlib import Path

import pytest

from ember_embodied import bundle as bundles
from ember_embodied.cli import model
from ember_embodied.errors import UserError
from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.training.export import Provenance, write_bundle


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


def test_an_unknown_bundle_gets_one_clear_line() -> None:
    with pytest.raises(UserError, match="no bundle 'ember-spin'; did you mean 'ember-spine'"):
        model.info("ember-spin")
