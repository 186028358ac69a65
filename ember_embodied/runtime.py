"""The network on the robot: ONNX Runtime, one thread, state in and state out, no torch.

``Runtime.step`` is a pure function of its arguments: what it keeps is weights and buffers that
every step overwrites, so a log can put any recorded state back and get the same bits. One
intra-op and one inter-op thread and sequential execution keep the order of every sum fixed.
Inputs and outputs are bound once; `ember bench runtime` sets that beside a call by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ember_embodied.bundle import Bundle, BundleError, TensorRow, graph_inputs, graph_outputs

Array = NDArray[np.float32]
State = tuple[Array, ...]
_NOTHING: Final = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Step:
    """One tick of the network.

    ``command`` is float32[5] in rad in the order of ``MotorCommand``; ``prediction`` foretells the
    inputs in ``sense_vector.PREDICTED`` one tick ahead, normalised; ``confidence`` and ``gates``
    are 0 to 1. ``state`` goes into the next step. ``stepped`` False: the network did not step
    and its last command stands (``event_driven``); then nothing is foretold and no gate is told.
    ``variance`` is that of each number foretold, empty where the network does not say.
    """

    command: Array
    prediction: Array
    confidence: float
    gates: Array
    state: State
    stepped: bool = True
    variance: Array = field(default_factory=lambda: _NOTHING)


class Policy(Protocol):
    """What the loop asks of whoever decides: a network, or what it is measured against."""

    def initial_state(self) -> State:
        """The state at the start of a life."""
        ...

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:
        """One tick, a pure function of its arguments."""
        ...


class Runtime:
    """One bundle, ready to run."""

    def __init__(self, bundle: Bundle) -> None:
        """Open the session. Raises ``BundleError`` when the graph is not what the manifest says."""
        self.bundle = bundle
        self.session = open_session(bundle.model_path)
        inputs, outputs = graph_inputs(bundle.manifest), graph_outputs(bundle.manifest)
        _refuse_signature(bundle, "input", self.session.get_inputs(), inputs)
        _refuse_signature(bundle, "output", self.session.get_outputs(), outputs)
        self._inputs = [_buffer(row.width) for row in inputs]
        buffers = [_buffer(row.width) for row in outputs]
        self._outputs = [buffer.numpy() for buffer in buffers]
        self._binding = self.session.io_binding()
        for row, buffer in zip(inputs, self._inputs, strict=True):
            self._binding.bind_ortvalue_input(row.name, buffer)
        for row, buffer in zip(outputs, buffers, strict=True):
            self._binding.bind_ortvalue_output(row.name, buffer)
        self._state_widths = tuple(row.width for row in bundle.manifest.state)
        self._varied = int(bundle.manifest.variance)
        self._gates = slice(3 + self._varied, 3 + self._varied + len(bundle.manifest.gates))

    def initial_state(self) -> State:
        """The state at the start of a life: zeros, each [1, width]."""
        return tuple(np.zeros((1, width), dtype=np.float32) for width in self._state_widths)

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:
        """One tick: senses float32[S], mask float32[M], true seconds since the last step."""
        dt = np.array([[dt_s]], dtype=np.float32)
        values = (senses[np.newaxis], mask[np.newaxis], dt, *state)
        for buffer, value in zip(self._inputs, values, strict=True):
            if value.dtype != np.float32:  # update_inplace would take its bytes as they are
                raise TypeError(f"the network takes float32, got {value.dtype}")
            buffer.update_inplace(value)
        self.session.run_with_iobinding(self._binding)
        outputs, gates = self._outputs, self._gates
        return Step(
            command=outputs[0][0].copy(),
            prediction=outputs[1][0].copy(),
            confidence=float(outputs[gates.start - 1][0, 0]),
            gates=np.concatenate(outputs[gates], axis=1)[0],
            state=tuple(part.copy() for part in outputs[gates.stop :]),
            variance=outputs[2][0].copy() if self._varied else _NOTHING,
        )


def open_session(model_path: Path) -> ort.InferenceSession:
    """A graph on one thread of the CPU, every sum in a fixed order."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.enable_mem_reuse = False  # a few hundred KiB more, and a step is 5 % faster
    return ort.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])


def _buffer(width: int) -> ort.OrtValue:
    return ort.OrtValue.ortvalue_from_numpy(np.zeros((1, width), dtype=np.float32))


def _refuse_signature(
    bundle: Bundle, side: str, found: list[ort.NodeArg], expected: tuple[TensorRow, ...]
) -> None:
    theirs = [(node.name, list(node.shape), node.type) for node in found]
    ours = [(row.name, [1, row.width], "tensor(float)") for row in expected]
    for graph, manifest in zip(theirs, ours, strict=False):
        if graph != manifest:
            raise BundleError(
                f"{bundle.model_path}: {side} {graph[0]} is {graph[1:]}, manifest: {manifest}"
            )
    if len(theirs) != len(ours):
        raise BundleError(
            f"{bundle.model_path}: {len(theirs)} {side}s, the manifest needs {len(ours)}"
        )
