from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ember_embodied import bundle as bundles
from ember_embodied.bundle import BundleError
from ember_embodied.runtime import Runtime


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the live bundle that a test may spoil."""
    return Path(shutil.copytree(bundles.find(), tmp_path / "copy"))


def _edit(folder: Path, field: str, value: Any) -> None:
    path = folder / bundles.MANIFEST_FILE
    manifest = json.loads(path.read_text())
    manifest[field] = value
    path.write_text(json.dumps(manifest))


def test_live_is_a_shipped_bundle_that_loads() -> None:
    live = bundles.load("live")
    assert live.manifest.name in bundles.shipped()
    assert bundles.load(live.manifest.name).digest == live.digest
    assert bundles.load(live.path).digest == live.digest


def test_the_digest_follows_the_manifest(folder: Path) -> None:
    before = bundles.load(folder).digest
    _edit(folder, "command", "another")
    assert bundles.load(folder).digest != before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 99),
        ("schema_hash", "0" * 64),
        ("model_sha256", "0" * 64),
        ("rate_hz", 0.0),
        ("streams", ["joints"]),
        ("predicted", []),
        ("commands", ["head_yaw"]),
        ("inputs", []),
        ("nonsense", 1),
        ("state", "hidden"),
    ],
)
def test_a_manifest_that_differs_is_refused_by_field(folder: Path, field: str, value: Any) -> None:
    _edit(folder, field, value)
    with pytest.raises(BundleError, match=field):
        bundles.load(folder)


def test_an_input_with_another_scale_is_refused_by_its_name(folder: Path) -> None:
    rows = json.loads((folder / bundles.MANIFEST_FILE).read_text())["inputs"]
    rows[30]["scale"] *= 2.0
    _edit(folder, "inputs", rows)
    with pytest.raises(BundleError, match=rows[30]["name"].replace(".", r"\.")):
        bundles.load(folder)


def test_a_changed_model_is_refused(folder: Path) -> None:
    model = folder / bundles.MODEL_FILE
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    with pytest.raises(BundleError, match="model_sha256"):
        bundles.load(folder)


def test_a_missing_model_and_an_unknown_name_get_one_clear_line(folder: Path) -> None:
    (folder / bundles.MODEL_FILE).unlink()
    with pytest.raises(BundleError, match=r"model\.onnx: No such file"):
        bundles.load(folder)
    with pytest.raises(BundleError, match=r"shipped ones: .*ember"):
        bundles.load("no-such-bundle")


@pytest.mark.parametrize(
    ("field", "rows"),
    [
        ("state", lambda rows: [{**rows[0], "width": rows[0]["width"] + 1}, *rows[1:]]),
        ("state", lambda rows: rows[:-1]),
        ("gates", lambda rows: [{**rows[0], "name": "other"}, *rows[1:]]),
    ],
)
def test_a_graph_that_is_not_the_manifests_is_refused(folder: Path, field: str, rows: Any) -> None:
    manifest = json.loads((folder / bundles.MANIFEST_FILE).read_text())
    _edit(folder, field, rows(manifest[field]))
    with pytest.raises(BundleError, match=r"model\.onnx"):
        Runtime(bundles.load(folder))
