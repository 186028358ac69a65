"""From a torch module to one ONNX file, without a trace of the machine that it was made on."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import onnx
import torch
from torch import Tensor, nn

from ember_embodied.training.rewriting import fewer_nodes

OPSET: Final = 18


def save_onnx(
    module: nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    path: Path,
) -> None:
    """Write ``module`` as one float32 graph with inputs and outputs of these names, batch 1."""
    model = fewer_nodes(_exported(module, example, inputs, outputs))
    _forget_origin(model)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _exported(
    module: nn.Module, example: tuple[Tensor, ...], inputs: Sequence[str], outputs: Sequence[str]
) -> onnx.ModelProto:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of packages not needed
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`isinstance\(treespec", FutureWarning)
        program = torch.onnx.export(
            module.eval(),
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
        )
    assert program is not None
    return program.model_proto


def _forget_origin(model: onnx.ModelProto) -> None:
    """Remove stack traces and file names that the exporter leaves in the graph."""
    graph = model.graph
    del graph.value_info[:]
    # Any: each of these messages has the two fields, but no common type says so.
    parts: list[Any] = [model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer]
    for part in parts:
        part.doc_string = ""
        del part.metadata_props[:]
