"""The floor has the network's signature and weight, and computes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ember_embodied import bundle as bundles
from ember_embodied.bench.floor import READ_COLUMNS, empty_bundle, read_call
from ember_embodied.bundle import Bundle, BundleError
from ember_embodied.runtime import Runtime
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT


@pytest.fixture
def live() -> Bundle:
    return bundles.load()


def test_an_empty_graph_has_the_signature_and_hands_the_state_on(live: Bundle, tmp_path: Path):
    real, empty = Runtime(live), Runtime(empty_bundle(live, tmp_path))
    for side in ("get_inputs", "get_outputs"):
        theirs, ours = (getattr(r.session, side)() for r in (empty, real))
        assert [(n.name, n.shape, n.type) for n in theirs] == [
            (n.name, n.shape, n.type) for n in ours
        ]
    rng = np.random.default_rng(0)
    state = tuple(rng.random(part.shape, dtype=np.float32) for part in real.initial_state())
    senses, mask = np.ones(SENSE_COUNT, np.float32), np.ones(MASK_COUNT, np.float32)
    step = empty.step(senses, mask, 0.1, state)
    assert all((new == old).all() for new, old in zip(step.state, state, strict=True))
    assert not step.command.any()


def test_another_signature_is_refused(live: Bundle, tmp_path: Path):
    import onnx

    empty = empty_bundle(live, tmp_path)
    model = onnx.load(str(empty.model_path))
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value += 1
    onnx.save(model, str(empty.model_path))
    with pytest.raises(BundleError, match="input senses"):
        Runtime(empty)


def test_as_many_numbers_are_read_as_the_network_has_parameters():
    for parameters in (READ_COLUMNS, 73_500, 1_540_000):
        read = read_call(parameters)
        matrix = next(
            cell.cell_contents
            for cell in read.__closure__
            if getattr(cell.cell_contents, "ndim", 0) == 2
        )
        assert matrix.dtype == np.float32
        assert abs(matrix.size - parameters) <= READ_COLUMNS / 2
        assert np.allclose(read(), matrix.sum(axis=0), rtol=1e-3, atol=1e-2)
