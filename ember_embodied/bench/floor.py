"""What no implementation of a network step can beat: read its weights once, and be called.

The floor is a matrix-vector product over as many bytes as the network has parameters, at the
speed that the core reads them, plus a call of an ONNX graph that has the same inputs and outputs
and computes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ember_embodied.bench.interleaved import Call
from ember_embodied.bundle import MODEL_FILE, Bundle, TensorRow, graph_inputs, graph_outputs

OPSET: Final = 18
IR_VERSION: Final = 10
READ_COLUMNS: Final = 512
"""Columns of the matrix that is read; the widths from 96 to 512 differ by a tenth, this is best."""


def read_call(parameters: int) -> Call:
    """Read ``parameters`` float32 values as a matrix-vector product does (BLAS, one thread).

    The caller limits the threads of the BLAS.
    """
    rows = max(1, round(parameters / READ_COLUMNS))
    matrix = np.random.default_rng(0).standard_normal((rows, READ_COLUMNS), dtype=np.float32)
    x, y = np.ones(rows, dtype=np.float32), np.empty(READ_COLUMNS, dtype=np.float32)
    return lambda: np.dot(x, matrix, out=y)


def empty_bundle(bundle: Bundle, folder: Path) -> Bundle:
    """A bundle of the same signature whose graph only hands on constants and state."""
    inputs, outputs = graph_inputs(bundle.manifest), graph_outputs(bundle.manifest)
    state = {f"next_{row.name}": row.name for row in bundle.manifest.state}
    constants = [row for row in outputs if row.name not in state]
    nodes = [
        helper.make_node("Identity", [state.get(row.name, f"{row.name}_constant")], [row.name])
        for row in outputs
    ]
    zeros = [
        numpy_helper.from_array(np.zeros((1, row.width), np.float32), f"{row.name}_constant")
        for row in constants
    ]
    graph = helper.make_graph(nodes, "empty", _infos(inputs), _infos(outputs), zeros)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    onnx.checker.check_model(model, full_check=True)
    (folder / MODEL_FILE).write_bytes(model.SerializeToString())
    return Bundle(folder, bundle.manifest, bundle.digest)


def _infos(rows: tuple[TensorRow, ...]) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(row.name, TensorProto.FLOAT, [1, row.width]) for row in rows
    ]
