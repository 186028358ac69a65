"""The network on the robot: ONNX Runtime, one thread, state in and state out, no torch.

``Runtime.step`` is a pure function of its arguments: what it keeps is weights and buffers that
every step overwrites, so a log can put any recorded state back and get the same bits. One
intra-op and one inter-op thread and sequential execution keep the order of every sum fixed.
All inputs lie in one block of memory and all outputs in another, bound once: a step copies in
what it is given, calls, and copies the outputs whole. The graph takes and gives each part of the
state by itself; here they are one array, side by side. `ember bench runtime` sets that beside a
call by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
FLOAT_BYTES: Final = 4
_CACHE_LINE: Final = 64
"""Blocks start at a line of the cache, in every process: no sum depends on where memory lies."""


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
        self._binding = self.session.io_binding()
        self._input, taken = _bound(self._binding.bind_input, inputs)
        self._output, given = _bound(self._binding.bind_output, outputs)
        # Assigning to a memoryview is the fastest copy, and refuses another type or length.
        memory = self._input.data.cast("B").cast("f")
        self._senses, self._mask, self._dt = (memory[taken[n]] for n in ("senses", "mask", "dt"))
        self._state = memory[taken["dt"].stop :]
        self._command, self._prediction = given["command"], given["prediction"]
        self._variance = given.get("variance", slice(0))
        self._confidence = given["confidence"].start
        first = given[f"next_{bundle.manifest.state[0].name}"].start
        self._gates = slice(given["confidence"].stop, first)
        self._next_state = (np.newaxis, slice(first, None))

    def initial_state(self) -> State:
        """The state at the start of a life: zeros [1, W], its parts side by side."""
        return (np.zeros((1, len(self._state)), dtype=np.float32),)

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:
        """One tick: senses float32[S], mask float32[M], true seconds since the last step.

        Raises ``TypeError`` when an array is not float32 or has another length.
        """
        try:
            self._senses[:] = senses.data
            self._mask[:] = mask.data
            (whole,) = state
            self._state[:] = whole[0].data
        except ValueError as error:
            raise TypeError(self._mismatch(senses, mask, state)) from error
        self._dt[0] = dt_s
        self.session.run_with_iobinding(self._binding)
        output = self._output.copy()
        return Step(
            command=output[self._command],
            prediction=output[self._prediction],
            confidence=output.item(self._confidence),
            gates=output[self._gates],
            state=(output[self._next_state],),
            variance=output[self._variance],
        )

    def _mismatch(self, senses: Array, mask: Array, state: State) -> str:
        wanted = [(len(self._senses),), (len(self._mask),), (1, len(self._state))]
        given = [(array.dtype.name, array.shape) for array in (senses, mask, *state)]
        return f"the network takes float32 {wanted} as senses, mask and state, got {given}"


def _bound(bind: Callable[..., None], rows: Sequence[TensorRow]) -> tuple[Array, dict[str, slice]]:
    """One block of memory for all ``rows``, each bound to its part of it."""
    ends = np.cumsum([row.width for row in rows]).tolist()
    spare = np.zeros(ends[-1] + _CACHE_LINE // FLOAT_BYTES, dtype=np.float32)
    first = -spare.ctypes.data % _CACHE_LINE // FLOAT_BYTES
    block = spare[first : first + ends[-1]]
    parts = {}
    for row, end in zip(rows, ends, strict=True):
        parts[row.name] = slice(end - row.width, end)
        address = block[parts[row.name]].ctypes.data
        bind(row.name, "cpu", 0, np.float32, (1, row.width), address)
    return block, parts


def open_session(model_path: Path) -> ort.InferenceSession:
    """A graph on one thread of the CPU, every sum in a fixed order."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.enable_mem_reuse = False  # a few hundred KiB more, and a step is 5 % faster
    return ort.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])


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
