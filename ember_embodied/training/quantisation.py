"""Eight-bit weights: the bundle again, a quarter of its size, with the error that this costs.

Weights are rounded per output channel, activations are scaled at each step (dynamic quantisation:
``onnxruntime.quantization``). Whether that is faster is for ``ember bench runtime`` to say; what
it costs is measured here over lives in simulation, both networks running free, and stands in the
manifest. A bundle that errs by more than ``COMMAND_ERROR_BOUND_RAD`` is refused, here and at load.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from ember_embodied import bundle as bundles
from ember_embodied.bundle import Bundle, Quantisation
from ember_embodied.runtime import Runtime
from ember_embodied.training.lives import Life

BITS: Final = 8
SMALLEST_WEIGHT: Final = 16_384
"""Elements below which a matrix stays float: scaling its input would cost more than it saves."""
_PRODUCTS: Final = ("Gemm", "MatMul")


def quantise(bundle: Bundle, path: Path, lives: Sequence[Life]) -> Bundle:
    """Write ``bundle`` with eight-bit weights to the folder ``path`` and load it back.

    Raises ``BundleError`` where its commands stray too far over ``lives``.
    """
    unproven = round_weights(bundle, path)
    error = command_error_rad(bundle, unproven, lives)
    stated = Quantisation(BITS, sum(len(life.senses) for life in lives), error)
    proven = msgspec.structs.replace(unproven.manifest, quantisation=stated)
    bundles.save_manifest(path, proven)
    return bundles.load(path)


def round_weights(bundle: Bundle, path: Path) -> Bundle:
    """Write the model with eight-bit weights to the folder ``path``; nothing is known of it yet."""
    path.mkdir(parents=True, exist_ok=True)
    model = onnx.load(str(bundle.model_path))
    for number, node in enumerate(model.graph.node):  # the quantiser is told nodes by their names
        node.name = node.name or f"node_{number}"
    with _quiet():
        quantize_dynamic(
            model,
            path / bundles.MODEL_FILE,
            op_types_to_quantize=list(_PRODUCTS),
            nodes_to_quantize=_large_products(model.graph),
            per_channel=True,
            weight_type=QuantType.QInt8,
        )
    digest = bundles.sha256((path / bundles.MODEL_FILE).read_bytes())
    return Bundle(path, msgspec.structs.replace(bundle.manifest, model_sha256=digest), digest)


def command_error_rad(exact: Bundle, rounded: Bundle, lives: Sequence[Life]) -> float:
    """Largest difference of any command over ``lives``, each network on its own state."""
    worst = 0.0
    for life in lives:
        runtimes = [Runtime(bundle) for bundle in (exact, rounded)]
        states = [runtime.initial_state() for runtime in runtimes]
        for senses, mask, dt in zip(life.senses, life.mask, life.dt.ravel().tolist(), strict=True):
            steps = [r.step(senses, mask, dt, s) for r, s in zip(runtimes, states, strict=True)]
            states = [step.state for step in steps]
            worst = max(worst, float(np.abs(steps[0].command - steps[1].command).max()))
    return worst


def _large_products(graph: onnx.GraphProto) -> list[str]:
    """Names of the products worth it; the quantiser first makes a MatMul of each Gemm."""
    large = {w.name for w in graph.initializer if np.prod(w.dims) >= SMALLEST_WEIGHT}
    return [
        node.name if node.op_type == "MatMul" else f"{node.name}_MatMul"
        for node in graph.node
        if node.op_type in _PRODUCTS and large & set(node.input)
    ]


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantiser advises steps that this graph does not need."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
