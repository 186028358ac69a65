"""From torch to a bundle: one ONNX graph, its parity, its manifest and its card."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from ember_embodied import bundle as bundles
from ember_embodied.bundle import Bundle, Manifest, Parity, Score, TensorRow
from ember_embodied.cells.pointing import PLACES
from ember_embodied.command_space import COMMANDS, PLACES_TOUCHED
from ember_embodied.network import Ember, NetworkConfig, state_shapes
from ember_embodied.runtime import Runtime
from ember_embodied.sense_vector import (
    MASK_COUNT,
    PREDICTED,
    SENSE_COUNT,
    STREAM_OF_SENSE,
    STREAMS,
    schema_hash,
)
from ember_embodied.training.graph import save_onnx
from ember_embodied.training.weights import WEIGHTS_FILE, save_weights

_ROOT: Final = Path(bundles.__file__).parent
CODE_FILES: Final = (
    "network.py",
    "command_space.py",
    "sense_vector.py",
    *sorted(str(p.relative_to(_ROOT)) for p in (_ROOT / "cells").rglob("*.py")),
)
PARITY_SEED: Final = 7
PARITY_BOUND: Final = 1e-5
STATE_BOUND: Final = 1e-4
"""A trained neuron may turn the rounding of a large sum into more than the outputs show; a state
that drifts would be far beyond this after 10,000 steps."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a network comes from: what the manifest tells beside the graph."""

    name: str
    trained: bool
    rate_hz: float
    command: str
    data_sha256: str
    training: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)


class FlatStep(nn.Module):
    """The network with its outputs as plain tensors: what a graph can give."""

    def __init__(self, network: Ember) -> None:
        super().__init__()
        self.network = network

    def forward(self, senses: Tensor, mask: Tensor, dt: Tensor, *state: Tensor) -> list[Tensor]:
        """One step, inputs and outputs in the order of ``bundle.graph_inputs`` and outputs."""
        given, nothing = iter(state), dt[:, :0]
        widths = self.network.state_shapes.values()
        parts = tuple(next(given) if width else nothing for width in widths)
        output, after = self.network.step(senses, mask, dt, parts)
        return [*output, *(part for part in after if part.shape[-1])]


def gate_rows(config: NetworkConfig) -> tuple[TensorRow, ...]:
    """The gates that the graph shows."""
    return (
        TensorRow("lif_gate", config.neurons),
        TensorRow("gaze_gate", len(PLACES)),
        TensorRow("answer_gate", len(PLACES_TOUCHED)),
    )


def state_rows(config: NetworkConfig) -> tuple[TensorRow, ...]:
    """The parts of the state, each of which the graph takes and gives by itself."""
    return tuple(TensorRow(name, width) for name, width in state_shapes(config).items() if width)


def write_graph(network: Ember, path: Path) -> None:
    """Write ``network`` as one float32 ONNX graph without a trace of the machine it was made on."""
    config = network.config
    state = state_rows(config)
    example = (
        torch.zeros(1, SENSE_COUNT),
        torch.zeros(1, MASK_COUNT),
        torch.full((1, 1), 0.1),
        *(torch.zeros(1, row.width) for row in state),
    )
    outputs = ["command", "prediction", "variance", "confidence"]
    outputs += [row.name for row in gate_rows(config)]
    names = ("senses", "mask", "dt", *(row.name for row in state))
    outputs += [f"next_{row.name}" for row in state]
    save_onnx(FlatStep(network), example, names, outputs, path)


def measure_parity(network: Ember, bundle: Bundle, steps: int) -> Parity:
    """Run torch and ONNX Runtime side by side, each on its own state, on one drawn life.

    Every input is a bounded random walk with dropped streams and uneven dt, so that the state
    is far from rest; the errors are the largest of any output and of any state at any step.
    """
    rng = np.random.default_rng(PARITY_SEED)
    runtime = Runtime(bundle)
    ours, theirs = network.initial_state(1), runtime.initial_state()
    walk, worst, astray = np.zeros(SENSE_COUNT), 0.0, 0.0
    network.eval()
    with torch.inference_mode():
        for _ in range(steps):
            walk = np.clip(0.95 * walk + 0.3 * rng.standard_normal(SENSE_COUNT), -4.0, 4.0)
            mask = (rng.random(MASK_COUNT) > 0.1).astype(np.float32)
            senses = (walk * mask[STREAM_OF_SENSE]).astype(np.float32)
            dt = float(np.float32(rng.uniform(0.02, 0.3)))
            out, ours = network(
                torch.from_numpy(senses)[None],
                torch.from_numpy(mask)[None],
                torch.tensor([[dt]]),
                ours,
            )
            step = runtime.step(senses, mask, dt, theirs)
            theirs = step.state
            pairs = [
                (out.command[0], step.command),
                (out.prediction[0], step.prediction),
                (out.variance[0], step.variance),
                (out.confidence[0], np.array([step.confidence], dtype=np.float32)),
                (torch.cat((out.lif_gate, out.gaze_gate, out.answer_gate), dim=1)[0], step.gates),
            ]
            worst = max(worst, *(float(np.abs(a.numpy() - b).max()) for a, b in pairs))
            astray = max(astray, float(np.abs(ours.numpy() - theirs[0]).max()))
    return Parity(steps, worst, astray)


def write_bundle(
    network: Ember,
    path: Path,
    provenance: Provenance,
    *,
    parity_steps: int = 10_000,
    scores: tuple[Score, ...] = (),
    card: str = "",
) -> Bundle:
    """Write the whole folder and load it back, so that what is shipped has passed every check."""
    path.mkdir(parents=True, exist_ok=True)
    write_graph(network, path / bundles.MODEL_FILE)
    save_weights(network, path / WEIGHTS_FILE)
    manifest = Manifest(
        format=bundles.FORMAT,
        name=provenance.name,
        trained=provenance.trained,
        rate_hz=provenance.rate_hz,
        schema_hash=schema_hash(),
        inputs=bundles.input_rows(),
        streams=STREAMS,
        predicted=PREDICTED,
        commands=COMMANDS,
        variance=True,
        gates=gate_rows(network.config),
        state=state_rows(network.config),
        network=asdict(network.config),
        parameters=sum(p.numel() for p in network.parameters()),
        model_sha256=bundles.sha256((path / bundles.MODEL_FILE).read_bytes()),
        weights_sha256=bundles.sha256((path / WEIGHTS_FILE).read_bytes()),
        code_sha256=code_sha256(),
        data_sha256=provenance.data_sha256,
        training=provenance.training,
        seeds=provenance.seeds,
        parity=Parity(0, 0.0),
        scores=scores,
        command=provenance.command,
    )
    bundles.save_manifest(path, manifest)
    parity = measure_parity(network, bundles.load(path), parity_steps)
    bundles.save_manifest(path, msgspec.structs.replace(manifest, parity=parity))
    (path / bundles.CARD_FILE).write_text(card, encoding="utf-8")
    return bundles.load(path)


def code_sha256() -> str:
    """Digest of the code that defines what the graph computes."""
    return bundles.sha256(b"".join((_ROOT / name).read_bytes() for name in CODE_FILES))
