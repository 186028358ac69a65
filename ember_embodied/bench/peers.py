"""The same network step as others would run it: in torch, and with a core of ncps modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import ncps.torch
import onnxruntime as ort
import torch
from torch import Tensor, nn

from ember_embodied.bench.interleaved import Call
from ember_embodied.cells.cfc import DT_UNIT_S, LECUN_SCALE, LECUN_SLOPE, CfcCell
from ember_embodied.errors import UserError
from ember_embodied.network import Ember
from ember_embodied.runtime import Array, open_session
from ember_embodied.training.graph import save_onnx


class NcpsCell(nn.Module):
    """ncps's own CfC cell with the weights of ours: the same numbers, their code."""

    def __init__(self, cell: CfcCell) -> None:
        super().__init__()
        backbone, inputs = cell.from_input.shape
        neurons = cell.from_hidden.shape[1]
        self.cell = ncps.torch.CfCCell(
            inputs, neurons, backbone_activation="lecun_tanh", backbone_units=backbone
        )
        heads = (self.cell.ff1, self.cell.ff2, self.cell.time_a, self.cell.time_b)
        whole = torch.cat((cell.from_input, cell.from_hidden), dim=1)
        with torch.no_grad():
            self.cell.backbone[0].weight.copy_(whole / LECUN_SLOPE)
            self.cell.backbone[0].bias.copy_(cell.bias / LECUN_SLOPE)
            for i, head in enumerate(heads):
                rows = slice(i * neurons, (i + 1) * neurons)
                head.weight.copy_(cell.heads.weight[rows] / LECUN_SCALE)
                head.bias.copy_(cell.heads.bias[rows])

    def forward(self, x: Tensor, dt: Tensor, hidden: Tensor) -> Tensor:
        """One step, as ``CfcCell.forward``."""
        return self.step(*self.prepare(x, dt), hidden)

    def prepare(self, x: Tensor, dt: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As ``CfcCell.prepare``: here almost nothing can be done before the step."""
        return x, dt / DT_UNIT_S, dt

    def step(self, x: Tensor, units: Tensor, dt: Tensor, hidden: Tensor) -> Tensor:  # noqa: ARG002
        """As ``CfcCell.step``."""
        moved: Tensor = self.cell(x, hidden, units)[0]
        return moved


def with_ncps_core(network: Ember) -> Ember:
    """A copy of ``network`` whose CfC cell is ncps's; it computes the same."""
    exchanged = deepcopy(network)
    exchanged.core.register_module("cell", NcpsCell(cfc_cell(network)))
    return exchanged


def cfc_cell(network: Ember) -> CfcCell:
    """The CfC cell of a network. Raises ``UserError`` for a core without one."""
    cell = getattr(network.core, "cell", None)
    if not isinstance(cell, CfcCell):
        raise UserError(f"ncps has no core {network.config.core!r} to set beside ours")
    return cell


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread without gradients, as before afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(threads)


def step_call(network: Ember, senses: Array, mask: Array, dt_s: float) -> Call:
    """One step of ``network`` in torch, batch 1."""
    values = (
        torch.from_numpy(senses)[None],
        torch.from_numpy(mask)[None],
        torch.tensor([[dt_s]]),
        network.eval().initial_state(1),
    )
    return lambda: network(*values)


def core_call(core: NcpsCell) -> Call:
    """One step of a core alone in torch, batch 1."""
    values = core_values(core.cell.input_size, core.cell.hidden_size)
    return lambda: core(*values)


def core_session(core: CfcCell, folder: Path) -> ort.InferenceSession:
    """Our core alone in ONNX Runtime, exported as the whole network is."""
    path = folder / "core.onnx"
    values = core_values(core.from_input.shape[1], core.from_hidden.shape[1])
    save_onnx(core, values, ("x", "dt", "hidden"), ("next_hidden",), path)
    return open_session(path)


def core_values(inputs: int, neurons: int) -> tuple[Tensor, Tensor, Tensor]:
    """x, dt and hidden state for a core alone."""
    return torch.zeros(1, inputs), torch.full((1, 1), 0.1), torch.zeros(1, neurons)
