"""Eight-bit weights: smaller, their error measured and stated, refused where it is too large."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest

from ember_embodied import bundle as bundles
from ember_embodied.bundle import Bundle, BundleError, Quantisation
from ember_embodied.runtime import Runtime
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
from ember_embodied.training.lives import Life
from ember_embodied.training.quantisation import command_error_rad, quantise, round_weights

TICKS = 40
ASTRAY_RAD = 5.0
"""Senses that are noise send the two networks to different places: from stop to stop at most."""


@pytest.fixture(scope="module")
def exact() -> Bundle:
    return bundles.load()


@pytest.fixture(scope="module")
def life() -> Life:
    rng = np.random.default_rng(0)
    senses = rng.uniform(-1.0, 1.0, (TICKS, SENSE_COUNT)).astype(np.float32)
    mask = np.ones((TICKS, MASK_COUNT), dtype=np.float32)
    dt = np.full((TICKS, 1), 0.1, dtype=np.float32)
    nothing = np.zeros((TICKS, 1), dtype=np.float32)
    return Life(senses, mask, dt, nothing, nothing, nothing, nothing)


def test_large_weights_become_bytes_and_the_signature_stays(
    exact: Bundle, life: Life, tmp_path: Path
) -> None:
    rounded = round_weights(exact, tmp_path / "int8")
    graph = onnx.load(str(rounded.model_path)).graph
    whole = onnx.load(str(exact.model_path)).graph
    kinds = {node.op_type for node in graph.node}
    assert "MatMulInteger" in kinds
    factors = {x for node in whole.node if node.op_type in ("Gemm", "MatMul") for x in node.input}
    large = {w.name for w in whole.initializer if np.prod(w.dims) >= 16_384} & factors
    exact_still = {w.name for w in graph.initializer if w.data_type == onnx.TensorProto.FLOAT}
    assert large
    assert not large & exact_still
    bytes_of = [sum(len(w.SerializeToString()) for w in g.initializer) for g in (graph, whole)]
    assert bytes_of[0] < 0.7 * bytes_of[1]
    assert command_error_rad(exact, exact, [life]) == 0.0
    assert 0.0 < command_error_rad(exact, rounded, [life]) < ASTRAY_RAD
    step = Runtime(rounded).step(life.senses[0], life.mask[0], 0.1, Runtime(exact).initial_state())
    assert np.isfinite(step.command).all()


def test_the_error_stands_in_the_manifest_and_one_too_large_is_refused(
    exact: Bundle, life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "COMMAND_ERROR_BOUND_RAD", ASTRAY_RAD)
    written = quantise(exact, tmp_path / "int8", [life, life])
    stated = written.manifest.quantisation
    assert stated is not None
    assert stated.ticks == 2 * TICKS
    assert stated.command_error_rad == command_error_rad(exact, written, [life])
    monkeypatch.setattr(bundles, "COMMAND_ERROR_BOUND_RAD", stated.command_error_rad * 0.99)
    for refused in (
        lambda: quantise(exact, tmp_path / "again", [life]),
        lambda: bundles.load(tmp_path / "int8"),
    ):
        with pytest.raises(BundleError, match=r"quantisation\.command_error_rad .* float32"):
            refused()


@pytest.mark.parametrize("error", [bundles.COMMAND_ERROR_BOUND_RAD * 1.01, 1e30])
def test_a_manifest_that_admits_too_much_is_refused(
    exact: Bundle, tmp_path: Path, error: float
) -> None:
    (tmp_path / bundles.MODEL_FILE).write_bytes(exact.model_path.read_bytes())
    stated = Quantisation(8, 100, error)
    manifest = msgspec.structs.replace(exact.manifest, quantisation=stated)
    bundles.save_manifest(tmp_path, manifest)
    with pytest.raises(BundleError, match="command_error_rad"):
        bundles.load(tmp_path)
