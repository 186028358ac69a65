"""A bare call of an ONNX Runtime session, with nothing of ours around it."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort

from ember_embodied.bench.interleaved import Call


def bound_call(session: ort.InferenceSession) -> Call:
    """A bare call with every input and output bound, as cheap as the Python API has it."""
    binding, kept = session.io_binding(), []
    for nodes, bind in (
        (session.get_inputs(), binding.bind_ortvalue_input),
        (session.get_outputs(), binding.bind_ortvalue_output),
    ):
        for node in nodes:
            kept.append(ort.OrtValue.ortvalue_from_numpy(np.zeros(node.shape, dtype=np.float32)))
            bind(node.name, kept[-1])
    return lambda: (session.run_with_iobinding(binding), kept)


def named_call(session: ort.InferenceSession) -> Call:
    """The same by ``InferenceSession.run``, inputs given by name."""
    feed = {node.name: np.zeros(node.shape, dtype=np.float32) for node in session.get_inputs()}
    return lambda: session.run(None, feed)
